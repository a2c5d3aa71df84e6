//! The module `mount`.

mod fstab;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, FileChange, Sign};
use crate::host::expected::Reach;
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::{Attributes, Page, Subject, make_folders};
use crate::modules::known::value;
use crate::modules::mount::fstab::{Entry, edited, unescaped};
use crate::stop::{Result, Stop};

/// Keeps a line of fstab(5), and what is mounted.
#[derive(Args, Debug)]
#[module(
    name = "mount",
    collection = "ansible.posix",
    required_if("state", "mounted", "src", "fstype"),
    required_if("state", "present", "src", "fstype"),
    required_if("state", "ephemeral", "src", "fstype")
)]
pub(crate) struct Mount {
    /// Where it is mounted.
    #[arg(alias = "name")]
    path: PathBuf,
    /// What is mounted: a device, `UUID=…`, `host:/folder`, or the folder of a bind mount.
    #[arg(path)]
    src: Option<String>,
    /// The kind of file system.
    fstype: Option<String>,
    /// Options, separated by commas.
    opts: Option<String>,
    /// Whether dump(8) saves it.
    #[arg(default = "0")]
    dump: String,
    /// When fsck(8) checks it.
    #[arg(default = "0")]
    passno: String,
    /// What shall be of it.
    state: State,
    /// The file; `/etc/fstab` where it is not given.
    #[arg(path)]
    fstab: Option<String>,
    /// Mount it at boot; `noauto` is added to the options where it shall not be.
    #[arg(default = "yes")]
    boot: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Leave the options out of what is returned.
    #[arg(default = "no")]
    opts_no_log: bool,
}

/// What shall be of a mount.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Neither in the file nor mounted, and its empty folder goes too.
    Absent,
    /// Not in the file.
    AbsentFromFstab,
    /// In the file and mounted.
    Mounted,
    /// In the file.
    Present,
    /// Not mounted.
    Unmounted,
    /// Mounted anew.
    Remounted,
    /// Mounted, and not in the file.
    Ephemeral,
}

impl Module for Mount {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = self.path.display().to_string();
        if path.is_empty() {
            return Err(Stop::failed("`path` can't be empty"));
        }
        let entry = self.entry();
        for (key, value) in [
            ("name", Some(&entry.path)),
            ("src", self.src.as_ref()),
            ("fstype", self.fstype.as_ref()),
            ("dump", Some(&entry.dump)),
            ("passno", Some(&entry.passno)),
        ] {
            if let Some(value) = value {
                changes.set(key, value.as_str());
            }
        }
        changes.set("opts", if self.opts_no_log { "" } else { &entry.opts });
        changes.set("fstab", self.fstab());
        changes.set("boot", if self.boot { "yes" } else { "no" });
        let mounted = match self.state {
            State::Present | State::AbsentFromFstab => None,
            _ => self.mounted(host)?,
        };
        match self.state {
            State::Present => self.write(&entry, true, host, changes).map(drop),
            State::AbsentFromFstab => self.write(&entry, false, host, changes).map(drop),
            State::Absent => {
                self.write(&entry, false, host, changes)?;
                match mounted {
                    Some(_) => {
                        let mut act = self.unmount(mounted);
                        act.paths.push((self.path.clone(), false));
                        changes.push(Change::Act(act.does(Command::new(["rmdir", "--", &path]))));
                        Ok(())
                    }
                    None => self.remove_folder(host, changes),
                }
            }
            State::Unmounted => {
                if mounted.is_some() {
                    changes.push(Change::Act(self.unmount(mounted)));
                }
                Ok(())
            }
            State::Mounted => {
                make_folders(
                    &self.path,
                    &Attributes::default(),
                    &mut BTreeSet::new(),
                    host,
                    changes,
                )?;
                let written = self.write(&entry, true, host, changes)?;
                match mounted {
                    None => changes.push(Change::Act(self.mount(&entry, None))),
                    Some(src) if written => changes.push(Change::Act(self.again(&entry, src))),
                    Some(_) => {}
                }
                Ok(())
            }
            State::Ephemeral => {
                match mounted {
                    Some(src) if same_source(&src, &entry.src, host)? => return Ok(()),
                    Some(src) => {
                        return Err(Stop::failed(format!(
                            "`{path}` is mounted already, from `{src}`; unmount it first"
                        )));
                    }
                    None => {}
                }
                make_folders(
                    &self.path,
                    &Attributes::default(),
                    &mut BTreeSet::new(),
                    host,
                    changes,
                )?;
                let words =
                    ["mount", "-t", &entry.fstype, "-o", &entry.opts, "--", &entry.src, &path];
                changes.push(Change::Act(self.mount(&entry, Some(Command::new(words)))));
                Ok(())
            }
            State::Remounted => {
                let Some(src) = mounted else {
                    return Err(Stop::failed(format!(
                        "`{path}` is not mounted, so it can't be remounted"
                    )));
                };
                let entry = Entry { src, ..entry };
                let mut words = vec!["mount".to_owned(), "-o".into(), "remount".into()];
                if let Some(opts) = &self.opts {
                    words[2] = format!("remount,{opts}");
                }
                words.extend(["--".into(), path.clone()]);
                changes.push(Change::Act(
                    ActChange::new(Sign::Act, format!("remount {path}"))
                        .fact(format!("from {}", entry.src))
                        .does(Command::new(words)),
                ));
                Ok(())
            }
        }
    }
}

impl Mount {
    fn fstab(&self) -> &str {
        self.fstab.as_deref().filter(|path| !path.is_empty()).unwrap_or("/etc/fstab")
    }

    fn entry(&self) -> Entry {
        let mut opts =
            self.opts.clone().filter(|opts| !opts.is_empty()).unwrap_or("defaults".into());
        if !self.boot && !opts.split(',').any(|opt| opt == "noauto") {
            opts.push_str(",noauto");
        }
        Entry {
            src: self.src.clone().unwrap_or_default(),
            path: self.path.display().to_string(),
            fstype: self.fstype.clone().unwrap_or_default(),
            opts,
            dump: self.dump.clone(),
            passno: self.passno.clone(),
        }
    }

    /// Keeps the line, or its absence. Says whether that changes the file.
    fn write(
        &self,
        entry: &Entry,
        present: bool,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<bool> {
        let page = Page::open(Path::new(self.fstab()), host)?;
        let Some(text) = edited(page.letters(), entry, present) else { return Ok(false) };
        page.write(&text, None, self.backup, changes)?;
        Ok(true)
    }

    fn label(&self) -> String {
        format!("mount {}", self.path.display())
    }

    /// What is mounted at the path.
    fn mounted(&self, host: &dyn Host) -> Result<Option<String>> {
        value(host, &self.label(), || {
            let told = host.content(Path::new("/proc/self/mountinfo"))?;
            let text = told.text().unwrap_or_default().to_owned();
            let (place, _) = host.resolve(&self.path)?;
            let here = |line: &str| {
                let fields: Vec<_> = line.split(' ').collect();
                let dash = fields.iter().position(|field| *field == "-")?;
                let at = PathBuf::from(unescaped(fields.get(4)?));
                (at == place).then(|| fields.get(dash + 2).map(|source| unescaped(source)))?
            };
            Ok(text.lines().rev().find_map(here))
        })
    }

    fn mount(&self, entry: &Entry, command: Option<Command>) -> ActChange {
        let path = self.path.display().to_string();
        let command = command.unwrap_or_else(|| self.command(&["mount"]));
        let act = ActChange::new(Sign::Act, format!("mount {} at {path}", entry.src))
            .fact(format!("{} ({})", entry.fstype, self.shown(&entry.opts)))
            .sets(self.label(), None, Some(entry.src.clone()))
            .does(command)
            .undone_by(Command::new(["umount", "--", &path]));
        ActChange { brings: Some(Reach::Below(self.path.clone())), ..act }
    }

    /// What is mounted by another line than before.
    fn again(&self, entry: &Entry, now: String) -> ActChange {
        let path = self.path.display().to_string();
        let bind = entry.opts.split(',').any(|opt| matches!(opt, "bind" | "rbind"));
        let same = now == entry.src && !bind;
        let act = ActChange::new(Sign::Act, format!("remount {path}"))
            .fact(format!("{} ({})", entry.fstype, self.shown(&entry.opts)))
            .sets(self.label(), Some(now), Some(entry.src.clone()));
        if same {
            return act.does(self.command(&["mount", "-o", "remount"]));
        }
        act.does(Command::new(["umount", "--", &path])).does(self.command(&["mount"]))
    }

    fn unmount(&self, now: Option<String>) -> ActChange {
        let path = self.path.display().to_string();
        ActChange::new(Sign::Act, format!("unmount {path}"))
            .sets(self.label(), now, None)
            .does(Command::new(["umount", "--", &path]))
    }

    /// A command that reads the line of the file.
    fn command(&self, words: &[&str]) -> Command {
        let mut argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if self.fstab() != "/etc/fstab" {
            argv.extend(["-T".into(), self.fstab().to_owned()]);
        }
        argv.extend(["--".into(), self.path.display().to_string()]);
        Command::new(argv)
    }

    fn shown(&self, opts: &str) -> String {
        if self.opts_no_log { "options not shown".into() } else { opts.to_owned() }
    }

    fn remove_folder(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if let Look::Is(Node { kind: NodeKind::Dir, .. }) = host.look(&self.path)? {
            if !host.list(&self.path)?.is_empty() {
                return Err(Stop::failed(format!(
                    "`{}` is not empty, so it can't be removed",
                    self.path.display()
                )));
            }
            let before = Subject::at(&self.path, host)?.before();
            changes.push(Change::File(FileChange::new(&self.path, before, None)));
        }
        Ok(())
    }
}

/// A name of a device may be one of several.
fn same_source(now: &str, wanted: &str, host: &dyn Host) -> Result<bool> {
    if now == wanted {
        return Ok(true);
    }
    let place = |path: &str| -> Result<PathBuf> {
        let path = match path.split_once('=') {
            Some(("UUID", id)) => format!("/dev/disk/by-uuid/{id}"),
            Some(("LABEL", id)) => format!("/dev/disk/by-label/{id}"),
            _ => path.to_owned(),
        };
        if path.starts_with('/') { Ok(host.resolve(Path::new(&path))?.0) } else { Ok(path.into()) }
    };
    Ok(place(now)?.file_name() == place(wanted)?.file_name())
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};
    use crate::wire::Reply;

    fn desk() -> Desk {
        let info = "36 35 98:0 / / rw - ext4 /dev/root rw\n40 36 0:30 / /mnt/a\\040b rw shared:1 - tmpfs tmpfs rw\n";
        let memory = Memory::new()
            .with_file("/proc/self/mountinfo", info, 0o444, "root")
            .with_file("/etc/fstab", "/dev/root / ext4 defaults 0 1\n", 0o644, "root")
            .with_dir("/mnt/a b", 0o755, "root");
        Desk::new(memory)
    }

    #[test]
    fn a_mount_is_kept_in_the_file_and_mounted() {
        let mut desk = desk();
        let args = |state: &str| {
            [
                ("path", "/data".into()),
                ("src", "/dev/vdb".into()),
                ("fstype", "ext4".into()),
                ("state", state.into()),
            ]
        };
        let done = desk.run("mount", &args("mounted"));
        assert_eq!(
            words(&done.changes),
            ["/data", "/etc/fstab", "mount /dev/vdb at /data; ext4 (defaults)"]
        );
        assert_eq!(commands(&done.changes[2]), ["mount -- /data"]);
        assert_eq!(
            desk.text("/etc/fstab"),
            "/dev/root / ext4 defaults 0 1\n/dev/vdb /data ext4 defaults 0 0\n"
        );
        let done = desk.run("mount", &args("unmounted"));
        assert_eq!(words(&done.changes), ["unmount /data"]);
        assert!(desk.run("mount", &args("absent")).changed);
    }

    #[test]
    fn what_is_below_a_planned_mount_is_not_known() {
        let mut desk = desk();
        desk.ask(
            "mount",
            &[
                ("path", "/data".into()),
                ("src", "/dev/vdb".into()),
                ("fstype", "ext4".into()),
                ("state", "mounted".into()),
            ],
        );
        let args = [("path", "/data/x".into())];
        assert!(matches!(desk.ask("stat", &args), Reply::Unknown(_)));
        let args = [("path", "/srv/x".into())];
        assert!(matches!(desk.ask("stat", &args), Reply::Done(_)));
    }

    #[test]
    fn what_is_mounted_is_told_by_the_kernel() {
        let mut desk = desk();
        let args = |state: &str| [("path", "/mnt/a b".into()), ("state", state.into())];
        assert_eq!(
            commands(&desk.run("mount", &args("unmounted")).changes[0]),
            ["umount -- '/mnt/a b'"]
        );
        desk.fails(
            "mount",
            &args("remounted"),
            "`/mnt/a b` is not mounted, so it can't be remounted",
        );
    }
}
