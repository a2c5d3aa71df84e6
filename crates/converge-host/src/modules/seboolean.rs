//! `seboolean`: switches of the policy of SELinux.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Sets a switch of the policy of SELinux.
#[derive(Args, Debug)]
#[module(name = "seboolean", collection = "ansible.posix")]
pub(crate) struct Seboolean {
    /// The switch.
    name: String,
    /// Whether it shall be on.
    state: bool,
    /// Keep it for the next start.
    #[arg(default = "no")]
    persistent: bool,
    /// Go on where SELinux is off.
    #[arg(default = "no")]
    ignore_selinux_state: bool,
}

/// Where the kernel shows SELinux.
pub(crate) const ROOT: &str = "/sys/fs/selinux";

impl Module for Seboolean {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("name", self.name.as_str());
        changes.set("persistent", self.persistent);
        changes.set("state", self.state);
        let on = enabled(host)?;
        if !on && !self.ignore_selinux_state {
            return Err(Stop::failed("SELinux is off on this host, so it has no switches"));
        }
        let word = |on: bool| if on { "on" } else { "off" };
        let wanted = word(self.state);
        let (kernel, kept) =
            (format!("seboolean {}", self.name), format!("seboolean kept {}", self.name));
        let now =
            value(host, &kernel, || if on { self.running(host).map(Some) } else { Ok(None) })?;
        let stored = match self.persistent {
            true => value(host, &kept, || self.stored(host))?,
            false => Some(wanted.to_owned()),
        };
        let right = |state: &Option<String>| state.as_deref() == Some(wanted);
        if (right(&now) || !on) && right(&stored) {
            return Ok(());
        }
        let set = |wanted: &str| {
            let keep = self.persistent.then_some("-P");
            // Without a running policy only what is stored can be changed.
            let store = (!on).then_some("-N");
            Command::new(
                ["setsebool"]
                    .into_iter()
                    .chain(keep)
                    .chain(store)
                    .chain([self.name.as_str(), wanted]),
            )
        };
        let from = now.clone().unwrap_or_else(|| word(!self.state).to_owned());
        let mut act = ActChange::new(Sign::Modify, format!("SELinux switch {}", self.name))
            .fact(format!("{from} → {wanted}"))
            .sets(kernel, now, Some(wanted.into()))
            .does(set(wanted))
            .undone_by(set(&from));
        if self.persistent {
            act = act.fact("kept").sets(kept, stored, Some(wanted.into()));
        }
        changes.push(Change::Act(act));
        Ok(())
    }
}

impl Seboolean {
    fn running(&self, host: &dyn Host) -> Result<String> {
        let path = PathBuf::from(format!("{ROOT}/booleans/{}", self.name));
        match host.resolve(&path)?.1 {
            Look::Is(_) => {
                let blob = host.content(&path)?;
                let text = blob.text().unwrap_or_default();
                let on = text.split_whitespace().next() == Some("1");
                Ok(if on { "on" } else { "off" }.to_owned())
            }
            Look::Unknown(why) => Err(Stop::Unknown(why)),
            Look::Absent => {
                Err(Stop::failed(format!("SELinux has no switch `{}` on this host", self.name)))
            }
        }
    }

    /// What is kept for the next start; the policy's own where nothing is.
    fn stored(&self, host: &dyn Host) -> Result<Option<String>> {
        let look = Command::new(["semanage", "boolean", "--list", "-n"]);
        if host.program("semanage")?.is_none() {
            return Ok(None);
        }
        let told = crate::modules::known::ask(host, &look)?.text();
        let of = |line: &str| {
            let (name, rest) = line.split_once('(')?;
            let stored = rest.split(')').next()?.split(',').nth(1)?.trim().to_owned();
            (name.trim() == self.name).then_some(stored)
        };
        Ok(told.lines().find_map(of))
    }
}

/// Whether the kernel runs with SELinux.
pub(crate) fn enabled(host: &dyn Host) -> Result<bool> {
    host.exists(Path::new(&format!("{ROOT}/enforce")))
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_switch_is_set_and_kept() {
        let memory = Memory::new()
            .with_file("/sys/fs/selinux/enforce", "1", 0o644, "root")
            .with_file("/sys/fs/selinux/booleans/httpd_x", "0 0", 0o644, "root")
            .with_output("semanage boolean --list -n", 0, "httpd_x   (off  ,  off)  Allow\n");
        let mut desk = Desk::new(memory);
        let args =
            [("name", "httpd_x".into()), ("state", true.into()), ("persistent", true.into())];
        let done = desk.run("seboolean", &args);
        assert_eq!(commands(&done.changes[0]), ["setsebool -P httpd_x on"]);
        let off = [("name", "httpd_x".into()), ("state", false.into())];
        assert!(desk.run("seboolean", &off).changed);
        let none = [("name", "no".into()), ("state", false.into())];
        desk.fails("seboolean", &none, "SELinux has no switch `no` on this host");
        desk = Desk::new(Memory::new());
        desk.fails("seboolean", &off, "SELinux is off on this host, so it has no switches");
    }
}
