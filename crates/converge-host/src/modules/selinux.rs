//! `selinux`: the mode and the policy of SELinux.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Sets the mode of SELinux, in its configuration and in the kernel.
#[derive(Args, Debug)]
#[module(name = "selinux", collection = "ansible.posix")]
pub(crate) struct Selinux {
    /// The mode.
    state: State,
    /// The policy: `targeted`, `minimum`, …
    policy: Option<String>,
    /// The configuration.
    #[arg(alias = "conf", alias = "file", default = "/etc/selinux/config")]
    configfile: PathBuf,
    /// Tell the kernel at its start as well, by grubby(8).
    #[arg(default = "no")]
    update_kernel_param: bool,
}

/// A mode.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Off.
    Disabled,
    /// What the policy does not allow is refused.
    Enforcing,
    /// What the policy does not allow is only noted.
    Permissive,
}

/// Where the kernel tells whether it enforces.
const ENFORCE: &str = "/sys/fs/selinux/enforce";

/// The mode among planned values.
const LABEL: &str = "selinux mode";

impl Module for Selinux {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let page = Page::open(&self.configfile, host)?;
        if !page.exists() {
            return Err(Stop::failed(format!(
                "there is no file `{}`; install the policy of SELinux first",
                self.configfile.display()
            )));
        }
        let word = match self.state {
            State::Disabled => "disabled",
            State::Enforcing => "enforcing",
            State::Permissive => "permissive",
        };
        let in_file = |key: &str| {
            let of = |line: &str| {
                Some(line.trim().strip_prefix(key)?.strip_prefix('=')?.trim().to_owned())
            };
            page.letters().lines().find_map(of)
        };
        let policy = match (&self.policy, in_file("SELINUXTYPE")) {
            (Some(policy), _) => policy.clone(),
            (None, Some(policy)) => policy,
            (None, None) if self.state == State::Disabled => String::new(),
            (None, None) => {
                return Err(Stop::failed("`policy` must be given: the configuration names none"));
            }
        };
        let mut said = Vec::new();
        let mut text = page.letters().to_owned();
        for (key, wanted) in [("SELINUXTYPE", policy.as_str()), ("SELINUX", word)] {
            if !wanted.is_empty() && in_file(key).as_deref() != Some(wanted) {
                text = with(&text, key, wanted);
                said.push(format!("{key} in `{}` becomes `{wanted}`", self.configfile.display()));
            }
        }
        if text != page.letters() {
            page.write(&text, None, false, changes)?;
        }
        let now = value(host, LABEL, || running(host))?;
        let reboot = match (now.as_deref(), self.state) {
            (None, State::Disabled) => false,
            (None, _) => true,
            // A kernel that runs with it can't let go of it.
            (Some(now), State::Disabled) => {
                if now == "enforcing" {
                    changes.push(Change::Act(set("permissive", now)));
                }
                true
            }
            (Some(now), _) => {
                if now != word {
                    changes.push(Change::Act(set(word, now)));
                    said.push(format!("the kernel becomes {word}"));
                }
                false
            }
        };
        if self.update_kernel_param {
            self.kernel_parameter(host, changes)?;
        }
        if reboot {
            changes.warn("the mode of SELinux becomes another one with the next start of the host");
        }
        changes.set("msg", said.join(", "));
        changes.set("configfile", self.configfile.display().to_string());
        changes.set("policy", policy);
        changes.set("state", word);
        changes.set("reboot_required", reboot);
        Ok(())
    }
}

impl Selinux {
    fn kernel_parameter(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let look = Command::new(["grubby", "--info=ALL"]);
        let label = "kernel argument selinux";
        let now = value(host, label, || {
            let told = crate::modules::known::ask(host, &look)?.text();
            let off = told
                .lines()
                .filter(|line| line.starts_with("args="))
                .all(|line| line.split(['"', ' ']).any(|word| word == "selinux=0"));
            Ok(Some(if off { "0" } else { "1" }.to_owned()))
        })?;
        let wanted = if self.state == State::Disabled { "0" } else { "1" };
        if now.as_deref() == Some(wanted) {
            return Ok(());
        }
        let verb = |wanted: &str| if wanted == "0" { "--args" } else { "--remove-args" };
        let grubby = |wanted: &str| {
            Command::new(["grubby", "--update-kernel=ALL", verb(wanted), "selinux=0"])
        };
        let undo = if wanted == "0" { "1" } else { "0" };
        changes.push(Change::Act(
            ActChange::new(Sign::Modify, "kernel argument selinux")
                .sets(label, now, Some(wanted.into()))
                .does(grubby(wanted))
                .undone_by(grubby(undo)),
        ));
        Ok(())
    }
}

/// The mode of the kernel; none where it runs without.
fn running(host: &dyn Host) -> Result<Option<String>> {
    let path = Path::new(ENFORCE);
    match host.resolve(path)?.1 {
        Look::Is(_) => {
            let blob = host.content(path)?;
            let on = blob.text().unwrap_or_default().trim() == "1";
            Ok(Some(if on { "enforcing" } else { "permissive" }.to_owned()))
        }
        _ => Ok(None),
    }
}

fn set(mode: &str, now: &str) -> ActChange {
    let number = |mode: &str| if mode == "enforcing" { "1" } else { "0" };
    ActChange::new(Sign::Modify, "mode of SELinux")
        .fact(format!("{now} → {mode}"))
        .sets(LABEL, Some(now.into()), Some(mode.into()))
        .does(Command::new(["setenforce", number(mode)]))
        .undone_by(Command::new(["setenforce", number(now)]))
}

fn with(text: &str, key: &str, value: &str) -> String {
    let is = |line: &str| line.trim().strip_prefix(key).is_some_and(|rest| rest.starts_with('='));
    let mut out: String = text
        .lines()
        .map(|line| if is(line) { format!("{key}={value}\n") } else { format!("{line}\n") })
        .collect();
    if !text.lines().any(is) {
        out.push_str(&format!("{key}={value}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ENFORCE;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    const FILE: &str = "/etc/selinux/config";

    #[test]
    fn the_mode_is_kept_and_set() {
        let memory = Memory::new()
            .with_file(FILE, "# own\nSELINUX=enforcing\nSELINUXTYPE=targeted\n", 0o644, "root")
            .with_file(ENFORCE, "1", 0o644, "root");
        let mut desk = Desk::new(memory);
        let args = [("state", "permissive".into()), ("policy", "targeted".into())];
        let done = desk.run("selinux", &args);
        assert_eq!(commands(&done.changes[1]), ["setenforce 0"]);
        assert_eq!(desk.text(FILE), "# own\nSELINUX=permissive\nSELINUXTYPE=targeted\n");
        assert_eq!(done.results["reboot_required"], false.into());
        let done = desk.run("selinux", &[("state", "disabled".into())]);
        assert_eq!((done.changes.len(), &done.results["reboot_required"]), (1, &true.into()));
        assert_eq!(done.warnings.len(), 1);
    }

    #[test]
    fn a_host_without_it_is_an_error() {
        let mut desk = Desk::new(Memory::new());
        desk.fails(
            "selinux",
            &[("state", "disabled".into())],
            "there is no file `/etc/selinux/config`; install the policy of SELinux first",
        );
    }
}
