//! `hostname`: the name of the host.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Sets the name of the host, now and for its next start.
#[derive(Args, Debug)]
#[module(name = "hostname")]
pub(crate) struct Hostname {
    /// The name, with or without its domain.
    name: String,
    /// Taken and not used: how the name is kept is told by the host itself.
    #[arg(name = "use")]
    _use: Option<Use>,
}

/// How a system keeps its name.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Alpine.
    Alpine,
    /// Debian.
    Debian,
    /// FreeBSD.
    Freebsd,
    /// Any.
    Generic,
    /// macOS.
    #[choice(alias = "macosx", alias = "darwin")]
    Macos,
    /// OpenBSD.
    Openbsd,
    /// OpenRC.
    Openrc,
    /// The relatives of Red Hat.
    Redhat,
    /// SUSE.
    Sles,
    /// Solaris.
    Solaris,
    /// systemd.
    Systemd,
}

/// The file that keeps it, see hostname(5).
const FILE: &str = "/etc/hostname";

/// The name that the kernel has.
const KERNEL: &str = "/proc/sys/kernel/hostname";

/// The name of [`KERNEL`] among planned values, the same that `sysctl` gives it.
const LABEL: &str = "sysctl /proc/sys/kernel/hostname";

/// The file that keeps it where systemd does not.
const NETWORK: &str = "/etc/sysconfig/network";

impl Module for Hostname {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let name = self.name.trim_end_matches('.');
        check(name)?;
        changes.set("name", self.name.as_str());
        let page = Page::own(Path::new(FILE), host)?;
        if page.letters().trim() != name {
            page.write(&format!("{name}\n"), None, false, changes)?;
        }
        if let Look::Is(_) = host.resolve(Path::new(NETWORK))?.1 {
            let page = Page::open(Path::new(NETWORK), host)?;
            if page.letters().lines().any(|line| line.starts_with("HOSTNAME=")) {
                let line = |line: &str| match line.starts_with("HOSTNAME=") {
                    true => format!("HOSTNAME={name}\n"),
                    false => format!("{line}\n"),
                };
                let text: String = page.letters().lines().map(line).collect();
                if text != page.letters() {
                    page.write(&text, None, false, changes)?;
                }
            }
        }
        let now = value(host, LABEL, || {
            let blob = host.content(Path::new(KERNEL))?;
            Ok(blob.text().map(|text| text.trim().to_owned()))
        })?;
        let was = now.clone().unwrap_or_default();
        if was != name {
            let act = ActChange::new(Sign::Modify, "name of the running host")
                .fact(format!("{was} → {name}"))
                .sets(LABEL, now, Some(name.to_owned()))
                .does(set(host, name))
                .undone_by(set(host, &was));
            changes.push(Change::Act(act));
        }
        let (short, domain) = name.split_once('.').unwrap_or((name, ""));
        let facts = [
            ("ansible_hostname", short),
            ("ansible_nodename", name),
            ("ansible_fqdn", name),
            ("ansible_domain", domain),
        ];
        let facts: Map =
            facts.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        changes.set("ansible_facts", Data::Map(facts));
        Ok(())
    }
}

/// The command that gives the kernel a name.
fn set(host: &dyn Host, name: &str) -> Command {
    match host.program("hostname") {
        Ok(Some(_)) => Command::new(["hostname", name]),
        _ => Command::new(["hostnamectl", "--transient", "set-hostname", name]),
    }
}

/// A name is made of labels with letters, digits and hyphens (RFC 1123), and the kernel takes 64 letters.
fn check(name: &str) -> Result<()> {
    if name.len() > 64 {
        return Err(Stop::failed(format!(
            "`{name}` has {} letters, but the name of a host has 64 at most",
            name.len()
        )));
    }
    let fits = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    };
    if name.split('.').all(fits) {
        return Ok(());
    }
    Err(Stop::failed(format!(
        "`{name}` is no name of a host: letters, digits, hyphens and dots between make one"
    )))
}

#[cfg(test)]
mod tests {
    use super::{FILE, KERNEL};
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_name_is_kept_and_set() {
        let memory = Memory::new()
            .with_file(KERNEL, "old\n", 0o644, "root")
            .with_file(FILE, "old\n", 0o644, "root")
            .with_output("hostname", 0, "old\n");
        let mut desk = Desk::new(memory);
        let done = desk.run("hostname", &[("name", "web1.example.org".into())]);
        assert_eq!(commands(&done.changes[1]), ["hostname web1.example.org"]);
        assert_eq!(desk.text(FILE), "web1.example.org\n");
        let facts = done.results["ansible_facts"].as_map().unwrap();
        assert_eq!(facts["ansible_hostname"], "web1".into());
        assert_eq!(facts["ansible_domain"], "example.org".into());
        desk.fails(
            "hostname",
            &[("name", "a b".into())],
            "`a b` is no name of a host: letters, digits, hyphens and dots between make one",
        );
    }
}
