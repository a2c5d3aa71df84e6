//! Whether an archive has to be unpacked, and what comes of it.

use std::path::{Path, PathBuf};

use crate::change::{Before, Change, Changes, FileKind, FileState, Sign, ToolChange};
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::files::{Subject, absolute};
use crate::modules::unarchive::Unarchive;
use crate::modules::unarchive::compare::Member;
use crate::modules::unarchive::source::{Archive, Sort};
use crate::stop::{Result, Stop};

/// That many names are told of what is missing.
const TOLD: usize = 10;

impl Unarchive {
    pub(super) fn planned(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if let Some(path) = &self.creates
            && host.exists(&absolute(path, host))?
        {
            changes.set("msg", format!("skipped, since {} exists", path.display()));
            return Ok(());
        }
        let dest = absolute(&self.dest, host);
        match host.resolve(&dest)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {}
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            _ => {
                return Err(Stop::failed(format!(
                    "dest '{}' must be an existing dir",
                    self.dest.display()
                )));
            }
        }
        let archive = self.archive(host)?;
        self.need_program(&archive, host)?;
        let members = match archive.sort {
            Sort::Tar(compression) => self.list_tar(&archive, compression, host)?,
            Sort::Zip => self.list_zip(&archive, host)?,
        };
        let members: Vec<Member> = members
            .into_iter()
            .filter(|member| !member.path.is_empty() && member.path != ".")
            .collect();
        changes.set("dest", self.dest.display().to_string());
        changes.set("src", archive.shown.as_str());
        changes.set(
            "handler",
            match archive.sort {
                Sort::Tar("") => "TarArchive",
                Sort::Tar("--gzip") => "TgzArchive",
                Sort::Tar("--bzip2") => "TarBzipArchive",
                Sort::Tar("--xz") => "TarXzArchive",
                Sort::Tar(_) => "TarZstdArchive",
                Sort::Zip => "ZipArchive",
            },
        );
        if self.list_files {
            let files: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
            changes.set("files", files);
        }
        self.unpacked(&dest, &archive, &members, host, changes)
    }

    fn unpacked(
        &self,
        dest: &Path,
        archive: &Archive,
        members: &[Member],
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let root = host.identity().uid == Some(0);
        let ownership = root && self.attributes.owner.is_none() && self.attributes.group.is_none();
        let mut missing: Vec<&Member> = Vec::new();
        for member in members {
            if !member.is_there(&dest.join(&member.path), &archive.shown, ownership, host)? {
                missing.push(member);
            }
        }
        let mut differing = false;
        // What is planned of it can't be seen by `tar`, and was planned out of this archive.
        let planned = members.iter().any(|member| {
            let look = host.look(&dest.join(&member.path));
            matches!(look, Ok(Look::Is(node)) if node.inode == 0)
        });
        if missing.is_empty() && !self.keep_newer && !planned {
            differing = self.differs(dest, archive, host)?;
        }
        let shown = self.dest.display().to_string();
        let mut steps = Vec::new();
        let unpacks = !missing.is_empty() || differing;
        if unpacks {
            let to = dest.display().to_string();
            steps.push(archive.applying(match archive.sort {
                Sort::Tar(compression) => self.unpack_tar(compression, &to),
                Sort::Zip => self.unpack_zip(&to),
            }));
        }
        let mut makes = Vec::new();
        let mut wrong = Vec::new();
        for member in members {
            let path = dest.join(&member.path);
            let again = unpacks && (differing || missing.iter().any(|one| one.path == member.path));
            let Some((state, attributes)) = self.then(member, &path, again, archive, host)? else {
                continue;
            };
            if attributes {
                wrong.push((path.clone(), member));
            }
            if again || attributes {
                folders(&path, dest, &mut makes, host)?;
                makes.push((path, Some(state)));
            }
        }
        steps.extend(self.attribute_steps(&wrong));
        if steps.is_empty() {
            return Ok(());
        }
        let (sign, what) = if unpacks {
            (Sign::Create, format!("unpack {} into {shown}", archive.shown))
        } else {
            (Sign::Modify, format!("set the attributes of what is in {shown}"))
        };
        let mut tool = ToolChange::new(sign, what, steps);
        let names = missing.iter().take(TOLD).map(|member| member.path.clone());
        tool.facts.extend(names);
        if missing.len() > TOLD {
            tool.facts.push(format!("and {} more", missing.len() - TOLD));
        }
        if differing {
            tool.facts.push("contents or times differ".into());
        }
        tool.input = archive.input();
        tool.makes = makes;
        changes.push(Change::Tool(tool));
        Ok(())
    }

    /// What stands at a path then, and whether its attributes have to be set.
    fn then(
        &self,
        member: &Member,
        path: &Path,
        again: bool,
        archive: &Archive,
        host: &dyn Host,
    ) -> Result<Option<(FileState, bool)>> {
        let now = match Subject::at(path, host)?.before() {
            Before::Is(state) if !again => state,
            _ => match member.state(&archive.shown, host) {
                Some(state) => state,
                None => return Ok(None),
            },
        };
        let mut state = now.clone();
        self.attributes.onto(path, &mut state, host)?;
        let changed = state != now;
        Ok(Some((state, changed)))
    }

    /// Whether `tar` sees a difference in contents or times.
    fn differs(&self, dest: &Path, archive: &Archive, host: &dyn Host) -> Result<bool> {
        let Sort::Tar(compression) = archive.sort else { return Ok(false) };
        let command = archive.reading(self.diff_tar(compression, &dest.display().to_string()));
        let output = match host.probe(&command.env("LC_ALL", "C")) {
            // Something is planned in there, and what could be seen of it is right.
            Err(Stop::Unknown(_)) => return Ok(false),
            other => other?,
        };
        let told = format!("{}{}", output.text(), output.error_text());
        let mode = self.attributes.mode.is_none();
        Ok(told.lines().any(|line| {
            ["Contents differ", "Size differs", "Mod time differs", "Symlink differs"]
                .iter()
                .any(|words| line.ends_with(words))
                || mode && line.ends_with("Mode differs")
        }))
    }

    /// The commands that set owner, group and mode of paths.
    fn attribute_steps(&self, wrong: &[(PathBuf, &Member)]) -> Vec<Command> {
        if wrong.is_empty() {
            return Vec::new();
        }
        let names: Vec<u8> = wrong
            .iter()
            .flat_map(|(path, _)| path.as_os_str().as_encoded_bytes().iter().copied().chain([0]))
            .collect();
        let step = |words: &[&str]| {
            let mut command = Command::new(["xargs", "-0"].iter().chain(words).copied());
            command.stdin = Some(names.clone());
            command
        };
        let mut steps = Vec::new();
        let (owner, group) = (&self.attributes.owner, &self.attributes.group);
        if owner.is_some() || group.is_some() {
            let group = group.as_ref().map(|group| format!(":{group}")).unwrap_or_default();
            let both = format!("{}{group}", owner.as_deref().unwrap_or_default());
            steps.push(step(&["chown", "-h", "--", &both]));
        }
        if let Some(mode) = &self.attributes.mode {
            steps.push(step(&["chmod", "--", &mode.0]));
        }
        steps
    }

    /// Fails where the program is missing, and nothing planned may bring it.
    fn need_program(&self, archive: &Archive, host: &dyn Host) -> Result<()> {
        let name = match archive.sort {
            Sort::Tar(_) => "tar",
            Sort::Zip => "unzip",
        };
        let compression = match archive.sort {
            Sort::Tar("--xz") => Some("xz"),
            Sort::Tar("--bzip2") => Some("bzip2"),
            Sort::Tar("--zstd") => Some("zstd"),
            _ => None,
        };
        for name in std::iter::once(name).chain(compression) {
            match host.program(name) {
                Ok(None) => {
                    return Err(Stop::failed(format!(
                        "can't unpack `{}`: there is no program `{name}` on the host",
                        archive.shown
                    )));
                }
                Ok(Some(_)) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }
}

/// What is unpacked brings the folders that it is in, also those that are not in the archive.
fn folders(
    path: &Path,
    dest: &Path,
    makes: &mut Vec<(PathBuf, Option<FileState>)>,
    host: &dyn Host,
) -> Result<()> {
    let above = path.ancestors().skip(1).take_while(|at| *at != dest);
    let mut missing: Vec<&Path> = Vec::new();
    for at in above {
        if makes.iter().any(|(made, _)| made == at) || host.resolve(at)?.1 != Look::Absent {
            break;
        }
        missing.push(at);
    }
    for at in missing.into_iter().rev() {
        let state = Subject::at(at, host)?.fresh(FileKind::Dir)?;
        makes.push((at.to_path_buf(), Some(state)));
    }
    Ok(())
}
