//! `modprobe`: modules of the kernel.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::expected::Reach;
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Loads a module of the kernel, or unloads it; now, and at every start.
#[derive(Args, Debug)]
#[module(name = "modprobe", collection = "community.general")]
pub(crate) struct Modprobe {
    /// The module.
    name: String,
    /// Whether it shall be loaded.
    #[arg(default = "present")]
    state: State,
    /// Parameters that it is loaded with.
    #[arg(default = "")]
    params: String,
    /// Whether it shall be loaded at every start, by files in `/etc/modules-load.d` and `/etc/modprobe.d`.
    #[arg(default = "disabled")]
    persistent: Persistent,
}

/// Whether a module shall be loaded.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// What is kept for the next start.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Persistent {
    /// What is there.
    Disabled,
    /// That it is not loaded.
    Absent,
    /// That it is loaded.
    Present,
}

/// Where the names of modules to load are, see modules-load.d(5).
const LOAD: &str = "/etc/modules-load.d";

/// Where their parameters are, see modprobe.d(5).
const OPTIONS: &str = "/etc/modprobe.d";

impl Module for Modprobe {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("name", self.name.as_str());
        changes.set("params", self.params.as_str());
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        if self.name.contains(['/', ' ']) || self.name.is_empty() {
            return Err(Stop::failed(format!("`{}` is no name of a module", self.name)));
        }
        self.now(host, changes)?;
        match self.persistent {
            Persistent::Disabled => Ok(()),
            Persistent::Present => self.keep(host, changes),
            Persistent::Absent => self.forget(host, changes),
        }
    }
}

impl Modprobe {
    fn now(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let label = format!("module {}", plain(&self.name));
        let now = value(host, &label, || loaded(&self.name, host))?;
        let wanted = self.state == State::Present;
        if now.is_some() == wanted {
            return Ok(());
        }
        let load = || {
            let params = self.params.split_whitespace();
            Command::new(["modprobe", "--", &self.name].into_iter().chain(params))
        };
        let unload = || Command::new(["modprobe", "-r", "--", &self.name]);
        let title = format!("kernel module {}", self.name);
        let act = if wanted {
            let act = ActChange::new(Sign::Create, title)
                .sets(label, now, Some("loaded".into()))
                .does(load())
                .undone_by(unload());
            ActChange { brings: Some(Reach::Kernel), ..act }
        } else {
            ActChange::new(Sign::Remove, title)
                .sets(label, now, None)
                .does(unload())
                .undone_by(load())
        };
        changes.push(Change::Act(act));
        Ok(())
    }

    /// Keeps the name, and the parameters, in files of its own unless some file has them.
    fn keep(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if !pages(LOAD, host)?.iter().any(|page| page.letters().lines().any(|l| self.names(l))) {
            let path = PathBuf::from(format!("{LOAD}/{}.conf", self.name));
            Page::own(&path, host)?.write(
                &format!("{}\n", self.name),
                Some("0644"),
                false,
                changes,
            )?;
        }
        let line = format!("options {} {}", self.name, self.params);
        let params = self.params.trim();
        let pages = pages(OPTIONS, host)?;
        let kept = |page: &Page<'_>| page.letters().lines().any(|old| old.trim() == line.trim());
        if params.is_empty() || pages.iter().any(kept) {
            return Ok(());
        }
        self.without_options(&pages, changes)?;
        let path = PathBuf::from(format!("{OPTIONS}/{}.conf", self.name));
        Page::own(&path, host)?.write(&format!("{}\n", line.trim()), Some("0644"), false, changes)
    }

    /// Turns every line that names it into a comment.
    fn forget(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        for page in pages(LOAD, host)? {
            let line = |old: &str| match self.names(old) {
                true => format!("#{old}\n"),
                false => format!("{old}\n"),
            };
            let text: String = page.letters().lines().map(line).collect();
            if page.letters().lines().any(|line| self.names(line)) {
                page.write(&text, None, false, changes)?;
            }
        }
        self.without_options(&pages(OPTIONS, host)?, changes)
    }

    fn without_options(&self, pages: &[Page<'_>], changes: &mut Changes) -> Result<()> {
        let about = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some("options") && words.next() == Some(&self.name)
        };
        for page in pages.iter().filter(|page| page.letters().lines().any(about)) {
            let line = |old: &str| match about(old) {
                true => format!("#{old}\n"),
                false => format!("{old}\n"),
            };
            let text: String = page.letters().lines().map(line).collect();
            page.write(&text, None, false, changes)?;
        }
        Ok(())
    }

    fn names(&self, line: &str) -> bool {
        plain(line.trim()) == plain(&self.name)
    }
}

/// The files of a folder.
fn pages<'h>(folder: &str, host: &'h dyn Host) -> Result<Vec<Page<'h>>> {
    if !matches!(host.resolve(Path::new(folder))?.1, Look::Is(_)) {
        return Ok(Vec::new());
    }
    let names = host.list(Path::new(folder))?;
    let files = names.iter().filter(|name| name.ends_with(".conf"));
    files.map(|name| Page::open(&Path::new(folder).join(name), host)).collect()
}

/// The kernel takes hyphens for underscores.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// Whether a module is loaded, or part of the kernel.
fn loaded(name: &str, host: &dyn Host) -> Result<Option<String>> {
    let name = plain(name);
    let text = |path: &Path| -> Result<String> {
        match host.resolve(path)?.1 {
            Look::Is(_) => Ok(host.content(path)?.text().unwrap_or_default().to_owned()),
            _ => Ok(String::new()),
        }
    };
    let modules = text(Path::new("/proc/modules"))?;
    if modules.lines().any(|line| line.split(' ').next() == Some(&name)) {
        return Ok(Some("loaded".into()));
    }
    let release = text(Path::new("/proc/sys/kernel/osrelease"))?;
    let builtin = PathBuf::from(format!("/lib/modules/{}/modules.builtin", release.trim()));
    let ends = |line: &str| {
        let file = line.rsplit('/').next().unwrap_or_default();
        plain(file.split(".ko").next().unwrap_or_default()) == name
    };
    Ok(text(&builtin)?.lines().any(ends).then(|| "built in".into()))
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};
    use crate::wire::Reply;

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_file("/proc/modules", "br_netfilter 1 0 - Live 0x0\n", 0o444, "root")
            .with_file("/proc/sys/kernel/osrelease", "6.1\n", 0o444, "root")
            .with_file(
                "/lib/modules/6.1/modules.builtin",
                "kernel/fs/ext4/ext4.ko\n",
                0o644,
                "root",
            )
            .with_dir("/etc/modules-load.d", 0o755, "root")
            .with_dir("/etc/modprobe.d", 0o755, "root");
        Desk::new(memory)
    }

    #[test]
    fn modules_are_loaded_and_kept() {
        let mut desk = desk();
        assert!(!desk.run("modprobe", &[("name", "br-netfilter".into())]).changed);
        assert!(!desk.run("modprobe", &[("name", "ext4".into())]).changed);
        let args = [
            ("name", "dummy".into()),
            ("params", "numdummies=2".into()),
            ("persistent", "present".into()),
        ];
        let done = desk.run("modprobe", &args);
        assert_eq!(commands(&done.changes[0]), ["modprobe -- dummy numdummies=2"]);
        assert_eq!(desk.text("/etc/modules-load.d/dummy.conf"), "dummy\n");
        assert_eq!(desk.text("/etc/modprobe.d/dummy.conf"), "options dummy numdummies=2\n");
        let gone =
            [("name", "dummy".into()), ("state", "absent".into()), ("persistent", "absent".into())];
        assert_eq!(desk.run("modprobe", &gone).changes.len(), 3);
        assert_eq!(desk.text("/etc/modules-load.d/dummy.conf"), "#dummy\n");
    }

    #[test]
    fn parameters_of_a_planned_module_are_not_known() {
        let mut desk = desk();
        let args = [
            ("name", "net.netfilter.nf_x".into()),
            ("value", "1".into()),
            ("sysctl_set", true.into()),
            ("sysctl_file", "/etc/sysctl.d/x.conf".into()),
        ];
        desk.ask("modprobe", &[("name", "nf_x".into())]);
        assert!(matches!(desk.ask("sysctl", &args), Reply::Unknown(_)));
    }
}
