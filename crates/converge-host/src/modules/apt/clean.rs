//! Downloaded packages removed.

use std::path::Path;

use crate::change::manager::failed;
use crate::change::{Changes, PackagesChange};
use crate::host::Host;
use crate::modules::apt::Apt;
use crate::modules::apt::command::simulated;
use crate::stop::Result;

/// Where apt-get keeps what it downloaded.
const ARCHIVES: &str = "/var/cache/apt/archives";

/// Asks for the removal of all downloaded packages, if there are any.
pub(super) fn everything(apt: &Apt, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let folder = Path::new(ARCHIVES);
    let any = host.exists(folder)? && host.list(folder)?.iter().any(|name| name.ends_with(".deb"));
    let alone = apt.name.is_none() && apt.upgrade.is_none() && apt.deb.is_none();
    if alone {
        for name in ["msg", "stdout", "stderr"] {
            changes.set(name, "");
        }
    }
    if any {
        let commands = vec![apt.apt_get(&["clean"])];
        apt.push(PackagesChange { commands, ..PackagesChange::default() }, changes);
    }
    Ok(())
}

/// Asks for the removal of downloaded packages that are offered no more, if there are any.
pub(super) fn outdated(apt: &Apt, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let command = apt.apt_get(&["autoclean"]);
    let simulation = simulated(&command);
    let output = host.observe(&simulation)?;
    if !output.ok() {
        return Err(failed(&simulation, &output));
    }
    changes.results.clear();
    if output.text().lines().any(|line| line.starts_with("Del ")) {
        let commands = vec![command];
        apt.push(PackagesChange { commands, ..PackagesChange::default() }, changes);
    } else {
        changes.set("stdout", output.text());
        changes.set("stderr", output.error_text());
    }
    Ok(())
}
