//! `archive`: files and folders of the host packed into one file.

mod compare;
mod members;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{Before, Change, Changes, FileChange, FileKind, Maker};
use crate::data::Map;
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::file::remove;
use crate::modules::files::{Attributes, Subject, absolute, file_results};
use crate::modules::known::need;
use crate::stop::{Result, Stop, Why};

use members::Chosen;

/// Packs files and folders of the host, or compresses a single file.
///
/// `tar`, `gzip`, `bzip2`, `xz` and `zip` of the host do it. What is in an archive that is there is compared with the files, so it is
/// packed again only where it differs.
#[derive(Args)]
#[module(name = "archive", collection = "community.general")]
pub(crate) struct Archive {
    /// What is packed: paths and patterns.
    path: Vec<PathBuf>,
    /// How it is packed; `gz`, `bz2` and `xz` of several files or of a folder are archives of tar.
    #[arg(default = "gz")]
    format: Format,
    /// The file that it is packed into; needed for all but a single file.
    dest: Option<PathBuf>,
    /// Paths and patterns that are left out of those that are packed.
    exclude_path: Option<Vec<PathBuf>>,
    /// Patterns of whole paths that are left out, also of what is in folders.
    exclusion_patterns: Option<Vec<String>>,
    /// Make an archive of a single file, too.
    #[arg(default = "no")]
    force_archive: bool,
    /// Remove what was packed.
    #[arg(default = "no")]
    remove: bool,
    /// Owner, group and mode of the archive.
    #[arg(shared)]
    attributes: Attributes,
}

/// How files are packed.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// bzip2(1).
    Bz2,
    /// gzip(1).
    Gz,
    /// tar(1), not compressed.
    Tar,
    /// xz(1).
    Xz,
    /// zip(1).
    Zip,
}

/// Ends of names by which archives are told from files that are only compressed.
const ARCHIVES: &[&str] =
    &[".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".tbz", ".txz", ".zip"];

impl Module for Archive {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let chosen = Chosen::new(self, host)?;
        let dest = self.destination(&chosen, host)?;
        self.tell(&chosen, &dest, changes);
        let there = match host.resolve(&dest)?.1 {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                return Err(Stop::failed(format!(
                    "`{}` is a directory, and an archive is to be written there",
                    dest.display()
                )));
            }
            look => matches!(look, Look::Is(_)),
        };
        if chosen.targets.is_empty() {
            changes.set("archived", Vec::<String>::new());
            let name = dest.display().to_string();
            let archive = ARCHIVES.iter().any(|end| name.ends_with(end));
            let state = if archive { "archive" } else { "compress" };
            changes.set("dest_state", if there { state } else { "absent" });
            return if there {
                Subject::followed(&dest, host)?.give(&self.attributes, changes)
            } else {
                Ok(())
            };
        }
        self.need_programs(&chosen, host)?;
        let alone = self.alone(&chosen);
        let members = if alone { Vec::new() } else { chosen.members(self, &dest, host)? };
        let archived: Vec<String> = match alone {
            true => chosen.targets.iter().map(|path| path.display().to_string()).collect(),
            false => members
                .iter()
                .map(|member| chosen.root.join(&member.name).display().to_string())
                .collect(),
        };
        changes.set("archived", archived);
        let complete = chosen.missing.is_empty();
        changes.set(
            "dest_state",
            if alone {
                "compress"
            } else if complete {
                "archive"
            } else {
                "incomplete"
            },
        );
        let same = there
            && match (alone, self.format) {
                (true, format) => compare::content(format, &dest, &chosen.targets[0], host)?,
                (false, Format::Zip) => compare::zip(&dest, &members, host)?,
                (false, format) => {
                    compare::tar(compression(format), &dest, &chosen.root, &members, host)?
                }
            };
        if same {
            Subject::followed(&dest, host)?.give(&self.attributes, changes)?;
        } else {
            self.pack(&dest, &chosen, &members, alone, host, changes)?;
        }
        if self.remove {
            for path in &chosen.targets {
                remove(&Subject::at(path, host)?, host, changes)?;
            }
        }
        Ok(())
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        for name in ["rc", "stdout", "stderr", "same"] {
            results.shift_remove(name);
        }
        match results.get("dest").and_then(|dest| dest.as_str()).map(PathBuf::from) {
            Some(dest) if host.exists(&dest)? => file_results("dest", &dest, host, results),
            _ => Ok(()),
        }
    }
}

impl Archive {
    /// Whether a single file is compressed, and no archive is made.
    fn alone(&self, chosen: &Chosen) -> bool {
        !self.force_archive
            && !chosen.several
            && chosen.targets.len() == 1
            && chosen.folders.is_empty()
            && !matches!(self.format, Format::Tar | Format::Zip)
    }

    fn destination(&self, chosen: &Chosen, host: &dyn Host) -> Result<PathBuf> {
        match (&self.dest, self.path.as_slice()) {
            (Some(dest), _) => Ok(absolute(dest, host)),
            (None, [path])
                if !self.force_archive && !chosen.several && chosen.folders.is_empty() =>
            {
                let mut name = absolute(path, host).into_os_string();
                name.push(match self.format {
                    Format::Bz2 => ".bz2",
                    Format::Gz => ".gz",
                    Format::Tar => ".tar",
                    Format::Xz => ".xz",
                    Format::Zip => ".zip",
                });
                Ok(PathBuf::from(name))
            }
            _ => {
                Err(Stop::failed("`dest` must be given where several files or a folder are packed"))
            }
        }
    }

    fn tell(&self, chosen: &Chosen, dest: &Path, changes: &mut Changes) {
        let shown = |paths: &[PathBuf]| {
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        changes.set("dest", dest.display().to_string());
        changes.set("arcroot", format!("{}/", chosen.root.display()).replace("//", "/"));
        changes.set("missing", shown(&chosen.missing));
        changes.set("expanded_paths", shown(&chosen.expanded));
        changes.set("expanded_exclude_paths", shown(&chosen.excluded));
    }

    fn need_programs(&self, chosen: &Chosen, host: &dyn Host) -> Result<()> {
        let packer = match self.format {
            Format::Zip => Some("zip"),
            _ if self.alone(chosen) => None,
            _ => Some("tar"),
        };
        let others = match self.format {
            Format::Zip => Some("unzip"),
            Format::Tar => None,
            format => Some(program(format)),
        };
        packer.into_iter().chain(others).try_for_each(|name| need(host, name, "`archive`"))
    }

    fn pack(
        &self,
        dest: &Path,
        chosen: &Chosen,
        members: &[members::Member],
        alone: bool,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let subject = Subject::followed(dest, host)?;
        subject.need_folder()?;
        let mut command = match (alone, self.format) {
            (true, format) => {
                let path = chosen.targets[0].display().to_string();
                // The name and the time in it would make each another file.
                let mut words = vec![program(format), "-c"];
                if format == Format::Gz {
                    words.push("-n");
                }
                words.extend(["--", &path]);
                Command::new(words)
            }
            (false, Format::Zip) => Command::new(["zip", "-q", "-", "-@"]),
            (false, format) => {
                let root = chosen.root.display().to_string();
                let mut words = vec!["tar", "--create", "--directory", &root, "--file", "%s"];
                words.extend(Some(compression(format)).filter(|flag| !flag.is_empty()));
                words.extend(["--no-recursion", "--null", "--files-from=-"]);
                Command::new(words)
            }
        };
        if !alone {
            let end = if self.format == Format::Zip { "\n" } else { "\0" };
            let names: String =
                members.iter().map(|member| format!("{}{end}", member.name)).collect();
            command.stdin = Some(names.into_bytes());
            command.cwd = Some(chosen.root.clone());
        }
        let what = match (alone, members.len()) {
            (true, _) => format!("compress {}", chosen.targets[0].display()),
            (false, 1) => "pack 1 file".to_owned(),
            (false, count) => format!("pack {count} files and folders"),
        };
        let maker = Maker { command, shown: what, ..Maker::default() };
        let mut before = subject.before();
        if let Before::Is(state) = &mut before
            && state.kind == FileKind::Untouched
        {
            state.kind = FileKind::File(host.fingerprint(&subject.path)?.for_the_wire());
        }
        let mut after = subject.after(FileKind::Open(Why("what is packed".into())))?;
        self.attributes.onto(&subject.path, &mut after, host)?;
        changes.push(Change::File(FileChange {
            unsafe_writes: self.attributes.unsafe_writes,
            maker: Some(Box::new(maker)),
            ..FileChange::new(&subject.path, before, Some(after))
        }));
        Ok(())
    }
}

/// The option of tar for a format.
fn compression(format: Format) -> &'static str {
    match format {
        Format::Bz2 => "--bzip2",
        Format::Gz => "--gzip",
        Format::Xz => "--xz",
        Format::Tar | Format::Zip => "",
    }
}

/// The program that compresses.
fn program(format: Format) -> &'static str {
    match format {
        Format::Bz2 => "bzip2",
        Format::Xz => "xz",
        _ => "gzip",
    }
}
