//! Packages that shall not be installed.

use std::path::Path;

use crate::change::manager::failed;
use crate::change::{Changes, PackagesChange};
use crate::host::{Host, Look, Manager};
use crate::modules::apt::install::expand;
use crate::modules::apt::simulate::{self, Simulated};
use crate::modules::apt::{Apt, cache};
use crate::stop::Result;

/// dpkg's database, which also knows packages of which only configuration files are left.
const STATUS: &str = "/var/lib/dpkg/status";

/// Asks for what removes the named packages.
pub(super) fn plan(
    apt: &Apt,
    names: &[String],
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let installed = host.installed(Manager::Apt)?;
    let left = if apt.purge { left_over(host)? } else { Vec::new() };
    let mut going = Vec::new();
    let doubtful = host.offers(Manager::Apt).is_some() || !cache::any_lists(host)?;
    for wanted in expand(names, doubtful, host)? {
        match wanted.installed(&installed) {
            Some((name, version)) if wanted.accepts(version) => going.push(name.to_owned()),
            None if left.contains(&wanted.name) => going.push(wanted.name),
            _ => {}
        }
    }
    if going.is_empty() {
        return Ok(());
    }
    let mut verb = vec!["remove"];
    if apt.purge {
        verb.insert(0, "--purge");
    }
    if apt.autoremove {
        verb.insert(0, "--auto-remove");
    }
    if apt.allow_change_held_packages || apt.force {
        verb.insert(0, "--allow-change-held-packages");
    }
    if apt.force {
        verb.insert(0, "--allow-remove-essential");
    }
    let mut command = apt.apt_get(&verb);
    command.argv.push("--".into());
    command.argv.extend(going.iter().cloned());
    // A package that is only planned is unknown to apt-get; it goes as it would have come.
    let mut actions = match simulate::run(host, &command)? {
        Simulated::Done(actions, _) => actions,
        Simulated::Refused(_, output) => match host.unsettled() {
            Some(_) => Vec::new(),
            None => return Err(failed(&command, &output)),
        },
    };
    actions.retain_mut(|action| {
        action.from = installed.get(&action.name).cloned();
        action.asked = going.contains(&action.name);
        action.from.is_some() || action.asked
    });
    for name in &going {
        if !actions.iter().any(|action| action.name == *name) {
            let from = installed.get(name);
            actions.push(crate::change::PackageAction::asked(name, from, None));
        }
    }
    actions.sort_by_key(|action| !action.asked);
    let change = PackagesChange { actions, commands: vec![command], ..PackagesChange::default() };
    apt.push(change, changes);
    Ok(())
}

/// Asks for what removes packages that were installed for others and are needed no more.
pub(super) fn unneeded(apt: &Apt, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let verb: &[&str] = if apt.purge { &["--purge", "autoremove"] } else { &["autoremove"] };
    let command = apt.apt_get(verb);
    let (mut actions, output) = match simulate::run(host, &command)? {
        Simulated::Done(actions, output) => (actions, output),
        Simulated::Refused(_, output) => return Err(failed(&command, &output)),
    };
    let installed = host.installed(Manager::Apt)?;
    actions.retain(|action| installed.contains_key(&action.name) || apt.purge);
    if actions.is_empty() {
        changes.results.clear();
        changes.set("stdout", output.text());
        changes.set("stderr", output.error_text());
        return Ok(());
    }
    changes.results.clear();
    let change = PackagesChange { actions, commands: vec![command], ..PackagesChange::default() };
    apt.push(change, changes);
    Ok(())
}

/// The packages of which only configuration files are left.
fn left_over(host: &dyn Host) -> Result<Vec<String>> {
    if !matches!(host.look(Path::new(STATUS))?, Look::Is(_)) {
        return Ok(Vec::new());
    }
    let status = host.content(Path::new(STATUS))?;
    let text = String::from_utf8_lossy(status.bytes.as_deref().unwrap_or_default()).into_owned();
    Ok(names_left(&text))
}

fn names_left(status: &str) -> Vec<String> {
    let left = |paragraph: &str| {
        let field = |key: &str| paragraph.lines().find_map(|line| line.strip_prefix(key));
        let gone = field("Status: ")?.ends_with(" config-files");
        field("Package: ").filter(|_| gone).map(ToOwned::to_owned)
    };
    status.split("\n\n").filter_map(left).collect()
}

#[cfg(test)]
mod tests {
    use super::names_left;

    #[test]
    fn configuration_files_may_be_left() {
        let status = "Package: mawk\nStatus: install ok installed\n\nPackage: exim4\nStatus: deinstall ok config-files\n";
        assert_eq!(names_left(status), ["exim4"]);
    }
}
