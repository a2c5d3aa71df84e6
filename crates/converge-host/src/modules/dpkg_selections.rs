//! `dpkg_selections`: what dpkg is told to do with a package.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{need, value};
use crate::stop::{Result, Stop};

/// Sets the selection of a package: `hold` keeps it as it is.
#[derive(Args, Debug)]
#[module(name = "dpkg_selections")]
pub(crate) struct DpkgSelections {
    /// The package.
    name: String,
    /// The selection.
    selection: Selection,
}

/// What dpkg is told to do.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    /// Install it.
    Install,
    /// Leave it as it is.
    Hold,
    /// Remove it.
    Deinstall,
    /// Remove it and its configuration.
    Purge,
}

impl Module for DpkgSelections {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        need(host, "dpkg", "`dpkg_selections`")?;
        let wanted = format!("{:?}", self.selection).to_lowercase();
        let label = format!("selection {}", self.name);
        let look = Command::new(["dpkg", "--get-selections", "--", &self.name]);
        let now = value(host, &label, || {
            let told = host.observe(&look)?.text();
            let told = told.split_whitespace().nth(1).map(ToOwned::to_owned);
            // A package that is planned is installed then.
            let planned = || {
                Ok::<_, Stop>(host.installed(crate::host::Manager::Apt)?.contains_key(&self.name))
            };
            Ok(match told {
                None if planned()? => Some("install".into()),
                told => told,
            })
        })?;
        changes.set("before", now.clone().map_or(Data::from("not present"), Data::from));
        changes.set("after", wanted.as_str());
        if now.as_deref() == Some(&wanted) {
            return Ok(());
        }
        let set = |selection: &str| {
            let mut command = Command::new(["dpkg", "--set-selections"]);
            command.stdin = Some(format!("{} {selection}\n", self.name).into_bytes());
            command
        };
        let from = now.clone().unwrap_or_else(|| "none".into());
        let mut act = ActChange::new(Sign::Modify, format!("selection of package {}", self.name))
            .fact(format!("{from} → {wanted}"))
            .does(set(&wanted));
        if let Some(now) = &now {
            act = act.undone_by(set(now));
        }
        changes.push(Change::Act(act.sets(label, now, Some(wanted))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, words};

    #[test]
    fn a_package_is_held() {
        let memory = Memory::new()
            .with_output("dpkg --get-selections -- bash", 0, "bash\t\tinstall\n")
            .with_output("dpkg --get-selections -- no", 0, "");
        let mut desk = Desk::new(memory);
        let args = |name: &str| [("name", name.into()), ("selection", "hold".into())];
        let done = desk.run("dpkg_selections", &args("bash"));
        assert_eq!(words(&done.changes), ["selection of package bash; install → hold"]);
        let done = desk.run("dpkg_selections", &args("no"));
        assert_eq!(done.results["before"], Data::from("not present"));
    }
}
