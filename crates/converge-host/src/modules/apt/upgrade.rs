//! All packages upgraded.

use crate::change::manager::failed;
use crate::change::{Changes, PackagesChange};
use crate::data::Data;
use crate::host::{Host, Manager};
use crate::modules::apt::simulate::{self, Simulated};
use crate::modules::apt::{Apt, Upgrade};
use crate::stop::{Result, Why};

/// Asks for what upgrades everything.
pub(super) fn plan(apt: &Apt, mode: Upgrade, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let verb: &[&str] =
        if mode == Upgrade::Dist { &["dist-upgrade"] } else { &["--with-new-pkgs", "upgrade"] };
    let mut command = apt.install(verb, &[]);
    command.argv.retain(|word| word != "--");
    let (actions, output) = match simulate::run(host, &command)? {
        Simulated::Done(actions, output) => (actions, output),
        Simulated::Refused(_, output) => return Err(failed(&command, &output)),
    };
    let installed = host.installed(Manager::Apt)?;
    let actions = simulate::beside(actions, &installed);
    changes.results.clear();
    changes.set("msg", Data::Null);
    if actions.is_empty() {
        for (name, text) in [("stdout", output.text()), ("stderr", output.error_text())] {
            changes.set(name, text);
        }
        return Ok(());
    }
    let refreshed = !changes.list.is_empty();
    let unknown = refreshed.then(|| Why("the package lists, which are refreshed first".into()));
    let change = PackagesChange {
        actions,
        commands: vec![command],
        unknown: unknown.or_else(|| host.offers(Manager::Apt)),
        ..PackagesChange::default()
    };
    apt.push(change, changes);
    Ok(())
}
