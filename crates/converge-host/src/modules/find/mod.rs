//! `find`: files of the host that are like this.

mod filter;
mod tell;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice, Mode};
use crate::change::Changes;
use crate::checksum::Algorithm;
use crate::data::{Data, Map};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::absolute;
use crate::modules::find::filter::Filter;
use crate::modules::find::tell::tell;
use crate::stop::{Result, Stop};

/// Returns the files, folders or links of the host that fulfil all conditions.
#[derive(Args)]
#[module(name = "find", one_of("paths"))]
pub(crate) struct Find {
    /// The folders that are searched.
    #[arg(alias = "name", alias = "path")]
    paths: Option<Vec<PathBuf>>,
    /// Patterns, one of which the name must match; everything does without any.
    #[arg(alias = "pattern", default = "")]
    patterns: Vec<String>,
    /// Patterns that the name must not match.
    #[arg(alias = "exclude")]
    excludes: Option<Vec<String>>,
    /// The patterns are regular expressions.
    #[arg(default = "no")]
    use_regex: bool,
    /// What they are.
    #[arg(default = "file")]
    file_type: FileType,
    /// Search the folders below as well.
    #[arg(default = "no")]
    recurse: bool,
    /// How deep; 1 is the folder itself.
    depth: Option<i64>,
    /// Find what begins with a dot as well.
    #[arg(default = "no")]
    hidden: bool,
    /// Follow links to folders.
    #[arg(default = "no")]
    follow: bool,
    /// At least as old, or with a minus at most: seconds, or a number with `s`, `m`, `h`, `d` or `w`.
    age: Option<String>,
    /// Which time the age is of.
    #[arg(default = "mtime")]
    age_stamp: Stamp,
    /// At least as large, or with a minus at most: bytes, or a number with `b`, `k`, `m`, `g` or `t`.
    size: Option<String>,
    /// A regular expression that a line of the file must begin with.
    contains: Option<String>,
    /// The expression is searched in the whole file.
    #[arg(default = "no")]
    read_whole_file: bool,
    /// The encoding of files for `contains`. Everything is read as UTF-8.
    #[expect(dead_code, reason = "everything is read as UTF-8")]
    encoding: Option<String>,
    /// Permission bits that it must have.
    mode: Option<Mode>,
    /// It must have these and no others.
    #[arg(default = "yes")]
    exact_mode: bool,
    /// Return checksums.
    #[arg(default = "no")]
    get_checksum: bool,
    /// Of which sort.
    #[arg(alias = "checksum", alias = "checksum_algo", default = "sha1")]
    checksum_algorithm: Algorithm,
    /// Return that many at most.
    limit: Option<i64>,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum FileType {
    Any,
    Directory,
    File,
    Link,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    Atime,
    Ctime,
    Mtime,
}

/// What was found so far.
struct Found {
    files: Vec<Data>,
    examined: i64,
    skipped: Map,
}

impl Module for Find {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let filter = Filter::new(self, host)?;
        let mut found = Found { files: Vec::new(), examined: 0, skipped: Map::new() };
        for path in self.paths.iter().flatten() {
            let folder = absolute(path, host);
            match host.resolve(&folder)?.1 {
                Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                    self.below(&folder, 1, &filter, host, &mut found)?;
                }
                Look::Unknown(why) => return Err(Stop::Unknown(why)),
                _ => {
                    let shown = path.display().to_string();
                    let why = format!("'{shown}' is not a directory");
                    found.skipped.insert(shown, why.into());
                }
            }
        }
        let matched = i64::try_from(found.files.len()).unwrap_or(i64::MAX);
        let msg = if found.skipped.is_empty() {
            "All paths examined"
        } else {
            "Not all paths examined, check warnings for details"
        };
        for (path, why) in &found.skipped {
            changes.warn(format!("skipped `{path}`: {}", why.as_str().unwrap_or_default()));
        }
        changes.set("files", Data::List(found.files));
        changes.set("matched", matched);
        changes.set("examined", found.examined);
        changes.set("skipped_paths", found.skipped);
        changes.set("msg", msg);
        Ok(())
    }
}

impl Find {
    fn below(
        &self,
        folder: &Path,
        depth: i64,
        filter: &Filter<'_>,
        host: &dyn Host,
        found: &mut Found,
    ) -> Result<()> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for name in host.list(folder)? {
            if self.limit.is_some_and(|limit| found.files.len() as i64 >= limit) {
                return Ok(());
            }
            found.examined += 1;
            let path = folder.join(&name);
            let node = match host.look(&path)? {
                Look::Is(node) => node,
                Look::Unknown(why) => return Err(Stop::Unknown(why)),
                Look::Absent => continue,
            };
            let is_dir = match &node.kind {
                NodeKind::Dir => true,
                NodeKind::Link(_) if self.follow => {
                    matches!(host.resolve(&path)?.1, Look::Is(Node { kind: NodeKind::Dir, .. }))
                }
                _ => false,
            };
            if !self.hidden && name.starts_with('.') {
                continue;
            }
            if is_dir {
                folders.push(path.clone());
            }
            if filter.takes(&path, &name, &node, host)? {
                found.files.push(tell(&path, &node, self, host)?.into());
            }
        }
        if self.recurse && self.depth.is_none_or(|most| depth < most) {
            for folder in folders {
                self.below(&folder, depth + 1, filter, host, found)?;
            }
        }
        Ok(())
    }
}
