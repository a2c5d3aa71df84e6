//! What goes into an archive.

use std::path::{Component, Path, PathBuf};

use crate::fnmatch::matches;
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::archive::Archive;
use crate::modules::files::absolute;
use crate::modules::known::ask;
use crate::stop::{Result, Stop};

/// The paths that are meant.
pub(super) struct Chosen {
    /// All of them, patterns replaced by what they match.
    pub(super) expanded: Vec<PathBuf>,
    /// Those that are left out.
    pub(super) excluded: Vec<PathBuf>,
    /// Those that are packed: they are there.
    pub(super) targets: Vec<PathBuf>,
    /// Folders among them.
    pub(super) folders: Vec<PathBuf>,
    /// Those that are not there.
    pub(super) missing: Vec<PathBuf>,
    /// The folder that names in the archive are relative to.
    pub(super) root: PathBuf,
    /// Several were meant, or a pattern was given.
    pub(super) several: bool,
}

/// What is in an archive, or goes into it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// Relative to the root; a folder without a slash.
    pub(super) name: String,
    /// `f`, `d`, `l`, …, as find(1) has it.
    pub(super) sort: char,
    /// In bytes.
    pub(super) size: u64,
    /// When it was changed, in the host's own time: `20261126.101800`.
    pub(super) time: String,
}

impl Chosen {
    pub(super) fn new(archive: &Archive, host: &dyn Host) -> Result<Self> {
        let all = |paths: &[PathBuf]| -> Result<Vec<PathBuf>> {
            let mut found = Vec::new();
            for path in paths {
                found.extend(expand(&absolute(path, host), host)?);
            }
            Ok(found)
        };
        let expanded = all(&archive.path)?;
        let excluded = all(archive.exclude_path.as_deref().unwrap_or_default())?;
        let patterns = archive.path.iter().any(|path| is_pattern(&path.display().to_string()));
        let root = common(&expanded);
        let mut chosen = Self {
            several: patterns || archive.path.len() > 1,
            targets: Vec::new(),
            folders: Vec::new(),
            missing: Vec::new(),
            root,
            excluded,
            expanded,
        };
        for path in &chosen.expanded {
            if chosen.excluded.contains(path) {
                continue;
            }
            match host.look(path)? {
                Look::Absent => chosen.missing.push(path.clone()),
                Look::Unknown(why) => return Err(Stop::Unknown(why)),
                Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                    chosen.folders.push(path.clone());
                    chosen.targets.push(path.clone());
                }
                Look::Is(_) => chosen.targets.push(path.clone()),
            }
        }
        Ok(chosen)
    }

    /// What is packed: the files, and all that is in the folders.
    pub(super) fn members(
        &self,
        archive: &Archive,
        dest: &Path,
        host: &dyn Host,
    ) -> Result<Vec<Member>> {
        let mut words: Vec<String> = vec!["find".into(), "-P".into()];
        words.extend(
            self.targets
                .iter()
                .map(|path| path.display().to_string().trim_end_matches('/').to_owned()),
        );
        words.extend(["-printf", "%y\\t%s\\t%TY%Tm%Td.%TH%TM%TS\\t%p\\0"].map(str::to_owned));
        let listed = ask(host, &Command::new(words))?;
        let mut members = Vec::new();
        let patterns = archive.exclusion_patterns.as_deref().unwrap_or_default();
        for line in listed.text().split('\0').filter(|line| !line.is_empty()) {
            let mut fields = line.splitn(4, '\t');
            let mut field = || fields.next().unwrap_or_default();
            let (sort, size, time, path) = (field(), field(), field(), field());
            let at = Path::new(path);
            let folder = self.folders.iter().any(|folder| same(folder, at));
            if folder || at == dest || patterns.iter().any(|pattern| matches(pattern, path)) {
                continue;
            }
            let Ok(name) = at.strip_prefix(&self.root) else { continue };
            members.push(Member {
                name: name.display().to_string(),
                sort: sort.chars().next().unwrap_or('f'),
                size: size.parse().unwrap_or_default(),
                time: time.split('.').take(2).collect::<Vec<_>>().join("."),
            });
        }
        members.sort_by(|one, other| one.name.cmp(&other.name));
        members.dedup_by(|one, other| one.name == other.name);
        Ok(members)
    }
}

fn same(one: &Path, other: &Path) -> bool {
    one.components().eq(other.components())
}

/// The folder that all paths are in. A folder that is written with a slash is itself one that its contents are in.
fn common(paths: &[PathBuf]) -> PathBuf {
    let mut folders = paths.iter().map(|path| {
        let slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if slash { path.clone() } else { path.parent().unwrap_or(Path::new("/")).to_path_buf() }
    });
    let Some(first) = folders.next() else { return PathBuf::from("/") };
    folders.fold(first.components().collect(), |common: PathBuf, folder| {
        common
            .components()
            .zip(folder.components())
            .take_while(|(one, other)| one == other)
            .map(|(one, _)| one)
            .collect()
    })
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The paths that a pattern matches, or a path itself.
fn expand(path: &Path, host: &dyn Host) -> Result<Vec<PathBuf>> {
    if !is_pattern(&path.display().to_string()) {
        return Ok(vec![path.to_path_buf()]);
    }
    let parts: Vec<String> = path
        .components()
        .filter(|part| !matches!(part, Component::RootDir))
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let mut found = vec![PathBuf::from("/")];
    for (at, part) in parts.iter().enumerate() {
        let mut next = Vec::new();
        for folder in found {
            if !is_pattern(part) {
                next.push(folder.join(part));
                continue;
            }
            if !matches!(host.resolve(&folder)?.1, Look::Is(Node { kind: NodeKind::Dir, .. })) {
                continue;
            }
            for name in host.list(&folder)? {
                let hidden = name.starts_with('.') && !part.starts_with('.');
                if !hidden && matches(part, &name) {
                    next.push(folder.join(name));
                }
            }
        }
        found = next;
        // What a pattern led to need not go on as the path does.
        if at + 1 == parts.len() && !is_pattern(part) {
            let mut there = Vec::new();
            for path in found {
                if host.look(&path)? != Look::Absent {
                    there.push(path);
                }
            }
            found = there;
        }
    }
    Ok(found)
}
