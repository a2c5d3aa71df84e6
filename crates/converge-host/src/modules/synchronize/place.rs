//! What is missing on the side that is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::Mode;
use crate::blob::{Blob, Stamp, Tree, TreeEntry, TreeKind};
use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState};
use crate::host::{Host, Look, Node, NodeKind, Principal};
use crate::modules::file::remove;
use crate::modules::files::{Attributes, Subject, absolute, bits, make_folders};
use crate::modules::synchronize::options::Options;
use crate::stop::{Result, Stop};

/// Where a tree goes.
pub(super) struct Placing<'p> {
    pub(super) host: &'p dyn Host,
    pub(super) options: &'p Options,
    pub(super) dest: &'p Path,
    /// What is told of each path, in the letters of rsync(1).
    pub(super) told: Vec<String>,
    /// `<` for what is sent, `>` for what is received.
    pub(super) sign: char,
    made: BTreeSet<PathBuf>,
}

impl<'p> Placing<'p> {
    pub(super) fn new(
        host: &'p dyn Host,
        options: &'p Options,
        dest: &'p Path,
        sign: char,
    ) -> Self {
        Self { host, options, dest, told: Vec::new(), sign, made: BTreeSet::new() }
    }

    pub(super) fn plan(&mut self, tree: &Tree, changes: &mut Changes) -> Result<()> {
        let Some(first) = tree.entries.first() else { return Ok(()) };
        let dest = absolute(self.dest, self.host);
        let dest = self.host.resolve(&dest)?.0;
        let slash = self.dest.as_os_str().as_encoded_bytes().ends_with(b"/");
        let folder = first.kind == TreeKind::Dir;
        let there = matches!(self.host.look(&dest)?, Look::Is(Node { kind: NodeKind::Dir, .. }));
        let into = folder && !tree.contents_only || !folder && (slash || there);
        self.parent(&dest, into, changes)?;
        let root = if into { dest.join(&tree.name) } else { dest };
        let shown = |path: &Path| {
            let base = if tree.contents_only || !folder {
                PathBuf::new()
            } else {
                PathBuf::from(&tree.name)
            };
            // No slash at the end of the root.
            if path.as_os_str().is_empty() { base } else { base.join(path) }.display().to_string()
        };
        for entry in &tree.entries {
            let name = if folder { shown(&entry.path) } else { tree.name.clone() };
            self.entry(&place(&root, &entry.path)?, &name, entry, changes)?;
        }
        if self.options.delete && folder {
            let known: BTreeSet<PathBuf> =
                tree.entries.iter().map(|entry| root.join(&entry.path)).collect();
            for entry in tree.entries.iter().filter(|entry| entry.kind == TreeKind::Dir) {
                self.extra(&root.join(&entry.path), &shown(&entry.path), &known, changes)?;
            }
        }
        Ok(())
    }

    /// The folder that the root goes into, of which rsync makes the last one.
    fn parent(&mut self, dest: &Path, into: bool, changes: &mut Changes) -> Result<()> {
        let folder = if into { dest } else { dest.parent().unwrap_or(Path::new("/")) };
        if self.options.existing {
            return Ok(());
        }
        let above = folder.parent().unwrap_or(Path::new("/"));
        let missing = |at: &Path| -> Result<bool> { Ok(self.host.resolve(at)?.1 == Look::Absent) };
        if missing(folder)? && (!into || missing(above)?) && !self.options.mkpath {
            return Err(Stop::failed(format!(
                "can't write `{}`: there is no directory `{}`; make it first, or give `--mkpath` in `rsync_opts`",
                dest.display(),
                if into { above } else { folder }.display()
            )));
        }
        make_folders(folder, &Attributes::default(), &mut self.made, self.host, changes)
    }

    fn entry(
        &mut self,
        place: &Path,
        name: &str,
        entry: &TreeEntry,
        changes: &mut Changes,
    ) -> Result<()> {
        let mut subject = Subject::at(place, self.host)?;
        if entry.path.as_os_str().is_empty() && entry.kind == TreeKind::Dir {
            subject = Subject::followed(place, self.host)?;
        }
        // What is asked for in the same task is not seen by the host yet.
        if self.made.contains(place) {
            return Ok(());
        }
        match &subject.look {
            Look::Absent if self.options.existing => return Ok(()),
            Look::Is(_) if self.options.ignore_existing && entry.kind != TreeKind::Dir => {
                return Ok(());
            }
            Look::Is(node) if self.newer(node, entry) => return Ok(()),
            _ => {}
        }
        let same_sort = match (subject.kind(), &entry.kind) {
            (Some(NodeKind::Dir), TreeKind::Dir) | (Some(NodeKind::File), TreeKind::File(_)) => {
                true
            }
            (Some(NodeKind::Link(_)), TreeKind::Link(_)) | (None, _) => true,
            (Some(NodeKind::Dir), _) => {
                self.make_room(place, &subject, changes)?;
                subject.look = Look::Absent;
                true
            }
            _ => false,
        };
        let now = if same_sort { subject.node().cloned() } else { None };
        let content = match (&entry.kind, &now) {
            (TreeKind::File(blob), Some(node)) => !self.same(place, blob, node, entry)?,
            (TreeKind::Link(target), Some(node)) => node.kind != NodeKind::Link(target.clone()),
            (_, now) => now.is_none(),
        };
        let kind = match &entry.kind {
            TreeKind::File(_) if !content => FileKind::Untouched,
            TreeKind::File(blob) => FileKind::File(blob.clone()),
            TreeKind::Dir => FileKind::Dir,
            TreeKind::Link(target) => FileKind::Link(target.clone()),
        };
        let before = if content { subject.before_with_content()? } else { subject.before() };
        let mut after = match now {
            Some(_) => subject.after(kind)?,
            None => subject.fresh(kind)?,
        };
        self.attributes(place, entry, now.as_ref(), content, &mut after)?;
        if before != Before::Is(after.clone()) {
            self.told.push(self.itemize(name, entry, now.as_ref(), &after, content));
            changes.push(Change::File(FileChange::new(&subject.path, before, Some(after))));
        }
        Ok(())
    }

    /// Whether what is there is newer, where that is to stay.
    fn newer(&self, node: &Node, entry: &TreeEntry) -> bool {
        self.options.update
            && node.kind == NodeKind::File
            && stamp(entry).is_some_and(|stamp| seconds(node.modified) > seconds(stamp.modified))
    }

    /// Whether a file needs no other content: as rsync, by size and time where both are the same, else by what is in it.
    fn same(&self, place: &Path, blob: &Blob, node: &Node, entry: &TreeEntry) -> Result<bool> {
        if node.size != blob.size {
            return Ok(false);
        }
        let known =
            stamp(entry).is_some_and(|stamp| seconds(stamp.modified) == seconds(node.modified));
        if self.options.size_only || known && !self.options.checksum {
            return Ok(true);
        }
        Ok(self.host.fingerprint(place)? == *blob)
    }

    fn attributes(
        &self,
        place: &Path,
        entry: &TreeEntry,
        now: Option<&Node>,
        content: bool,
        after: &mut FileState,
    ) -> Result<()> {
        let options = self.options;
        let folder = entry.kind == TreeKind::Dir;
        let link = matches!(entry.kind, TreeKind::Link(_));
        if !link && (options.perms || now.is_none()) {
            let mut mode = entry.mode;
            for item in &options.chmod {
                mode = changed_mode(item, mode, folder, self.host.umask())?;
            }
            after.mode = Some(if options.perms { mode } else { mode & 0o777 & !self.host.umask() });
        }
        let root = self.host.identity().uid == Some(0);
        let (owner, group) = &options.chown;
        let asked = Attributes {
            owner: owner.clone().filter(|_| options.owner && root),
            group: group.clone().filter(|_| options.group),
            ..Attributes::default()
        };
        if let Some(stamp) = stamp(entry) {
            if options.owner && root && owner.is_none() {
                after.owner = Some(self.principal(&stamp.owner, true)?);
            }
            if options.group && group.is_none() {
                let wanted = self.principal(&stamp.group, false)?;
                if root || self.member(&wanted)? {
                    after.group = Some(wanted);
                }
            }
            let same = now.is_some_and(|node| seconds(node.modified) == seconds(stamp.modified));
            // The time of a folder changes with what is put into it, and that of a link means nothing.
            if options.times && !folder && !link && (content || !same) {
                after.times = Some((stamp.modified, stamp.modified));
            }
        }
        asked.onto(place, after, self.host)
    }

    /// An owner or group of the other side: by its name, where there is one of that name here.
    fn principal(&self, one: &Principal, user: bool) -> Result<Principal> {
        let by_name = if one.id == Some(0) || self.options.numeric_ids {
            None
        } else if user {
            self.host.user(&one.name)?.map(|user| user.principal())
        } else {
            self.host.group(&one.name)?.map(|group| group.principal())
        };
        let Some(id) = one.id.filter(|_| by_name.is_none()) else {
            return Ok(by_name.unwrap_or_else(|| one.clone()));
        };
        let name = if user {
            self.host.user_by_id(id)?.map(|user| user.name)
        } else {
            self.host.group_by_id(id)?.map(|group| group.name)
        };
        Ok(Principal { name: name.unwrap_or_else(|| id.to_string()), id: Some(id) })
    }

    /// Whether the user may give files to a group.
    fn member(&self, group: &Principal) -> Result<bool> {
        let user = self.host.identity();
        if user.group == *group {
            return Ok(true);
        }
        let groups = self.host.groups()?;
        Ok(groups.iter().any(|one| one.principal() == *group && one.members.contains(&user.name)))
    }

    /// A folder that stands where something else should be goes only where it is empty, or where what is too much is removed.
    fn make_room(&self, place: &Path, subject: &Subject<'_>, changes: &mut Changes) -> Result<()> {
        if !self.options.delete && !self.host.list(place)?.is_empty() {
            return Err(Stop::failed(format!(
                "can't write `{}`: a directory is there, and it is not empty",
                place.display()
            )));
        }
        remove(subject, self.host, changes)
    }

    /// What is in a folder here and not there goes, unless a pattern leaves it out.
    fn extra(
        &mut self,
        place: &Path,
        shown: &str,
        known: &BTreeSet<PathBuf>,
        changes: &mut Changes,
    ) -> Result<()> {
        let (at, look) = self.host.resolve(place)?;
        if !matches!(look, Look::Is(Node { kind: NodeKind::Dir, .. })) {
            return Ok(());
        }
        for name in self.host.list(&at)? {
            if !known.contains(&place.join(&name)) {
                let below = if shown.is_empty() { name.clone() } else { format!("{shown}/{name}") };
                self.discard(&at.join(name), &below, changes)?;
            }
        }
        Ok(())
    }

    fn discard(&mut self, place: &Path, shown: &str, changes: &mut Changes) -> Result<()> {
        let subject = Subject::at(place, self.host)?;
        let folder = subject.kind() == Some(&NodeKind::Dir);
        if self.kept(shown, folder) {
            return Ok(());
        }
        if folder && self.keeps_some(place, shown)? {
            for name in self.host.list(place)? {
                self.discard(&place.join(&name), &format!("{shown}/{name}"), changes)?;
            }
            return Ok(());
        }
        self.told.push(format!("*deleting   {shown}{}", if folder { "/" } else { "" }));
        remove(&subject, self.host, changes)
    }

    fn kept(&self, shown: &str, folder: bool) -> bool {
        !self.options.delete_excluded && self.options.filter.leaves(shown, folder)
    }

    /// Whether something in a folder that goes is to stay.
    fn keeps_some(&self, place: &Path, shown: &str) -> Result<bool> {
        if self.options.delete_excluded || self.options.filter.is_empty() {
            return Ok(false);
        }
        for name in self.host.list(place)? {
            let (at, below) = (place.join(&name), format!("{shown}/{name}"));
            let folder = Subject::at(&at, self.host)?.kind() == Some(&NodeKind::Dir);
            if self.kept(&below, folder) || folder && self.keeps_some(&at, &below)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A line as `rsync --itemize-changes` prints it.
    fn itemize(
        &self,
        name: &str,
        entry: &TreeEntry,
        now: Option<&Node>,
        after: &FileState,
        content: bool,
    ) -> String {
        let (letter, tail) = match &entry.kind {
            TreeKind::File(_) => ('f', String::new()),
            TreeKind::Dir => ('d', "/".into()),
            TreeKind::Link(target) => ('L', format!(" -> {}", target.display())),
        };
        let name = if name.is_empty() { "." } else { name };
        let Some(now) = now else {
            let sign = if letter == 'f' { self.sign } else { 'c' };
            return format!("{sign}{letter}+++++++++ {name}{tail}");
        };
        let sign = match (content, letter) {
            (false, _) => '.',
            (true, 'f') => self.sign,
            (true, _) => 'c',
        };
        let size = matches!(&entry.kind, TreeKind::File(blob) if blob.size != now.size);
        let checksum = content && (letter == 'L' || self.options.checksum && letter == 'f');
        let flags = [
            (checksum, 'c'),
            (size, 's'),
            (after.times.is_some(), 't'),
            (after.mode.is_some_and(|mode| mode != now.mode), 'p'),
            (after.owner.as_ref().is_some_and(|owner| *owner != now.owner), 'o'),
            (after.group.as_ref().is_some_and(|group| *group != now.group), 'g'),
        ];
        let flags: String =
            flags.iter().map(|(set, flag)| if *set { *flag } else { '.' }).collect();
        format!("{sign}{letter}{flags}... {name}{tail}")
    }
}

fn stamp(entry: &TreeEntry) -> Option<&Stamp> {
    entry.stamp.as_ref()
}

/// Other systems and file systems keep no parts of seconds.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

fn place(root: &Path, path: &Path) -> Result<PathBuf> {
    if path.is_absolute() || path.components().any(|part| part.as_os_str() == "..") {
        return Err(Stop::failed(format!(
            "`{}` leads out of the folder that it is in",
            path.display()
        )));
    }
    // No slash at the end of what has a name.
    Ok(if path.as_os_str().is_empty() { root.to_path_buf() } else { root.join(path) })
}

/// One item of `--chmod`: `D` and `F` at its beginning mean folders or files only.
fn changed_mode(item: &str, mode: u32, folder: bool, umask: u32) -> Result<u32> {
    let item = item.trim();
    let rest = match item.chars().next() {
        Some('D') if !folder => return Ok(mode),
        Some('F') if folder => return Ok(mode),
        Some('D' | 'F') => &item[1..],
        _ => item,
    };
    bits(&Mode(rest.to_owned()), mode, folder, umask)
}
