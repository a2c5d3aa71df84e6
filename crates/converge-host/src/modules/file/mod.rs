//! `file`: what stands at a path, and its attributes.

mod absent;
mod directory;
mod link;
mod times;
mod touch;

use std::path::PathBuf;

pub(crate) use absent::plan as remove;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::data::Map;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::{Attributes, Subject, context, file_results};
use crate::stop::{Failure, Result, Stop};

/// Makes files, directories and links, removes them, and sets their attributes.
///
/// Without `state` the attributes of what stands at the path are set, whatever it is.
#[derive(Args)]
#[module(name = "file")]
pub(crate) struct File {
    /// The path.
    #[arg(alias = "dest", alias = "name")]
    path: PathBuf,
    /// What shall stand there.
    state: Option<State>,
    /// What a link points to, as it is to be written.
    src: Option<PathBuf>,
    /// Make a link to what does not exist, or in place of a file or an empty directory.
    #[arg(default = "no")]
    force: bool,
    /// Where the path is a link, manage what it points to.
    #[arg(default = "yes")]
    follow: bool,
    /// Give everything below a directory the same attributes.
    #[arg(default = "no")]
    recurse: bool,
    /// With `touch`, the time of the last reading: `now`, `preserve`, or a time written as `access_time_format` says.
    access_time: Option<String>,
    /// How `access_time` is written, in the letters of strftime(3).
    #[arg(default = "%Y%m%d%H%M.%S")]
    access_time_format: String,
    /// With `touch`, the time of the last change: `now`, `preserve`, or a time written as `modification_time_format` says.
    modification_time: Option<String>,
    /// How `modification_time` is written, in the letters of strftime(3).
    #[arg(default = "%Y%m%d%H%M.%S")]
    modification_time_format: String,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Directory,
    File,
    Hard,
    Link,
    Touch,
}

impl Module for File {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let now = Subject::at(&self.path, host)?;
        let state = self.wanted(&now, host)?;
        if self.recurse && state != State::Directory {
            return Err(self.refuse(&now, "`recurse` is for `state: directory`"));
        }
        if self.src.is_some() && !matches!(state, State::Link | State::Hard) {
            return Err(self.refuse(&now, "`src` is for `state: link` and `state: hard`"));
        }
        let shown = self.path.display().to_string();
        match state {
            State::Absent => {
                absent::plan(&now, host, changes)?;
                changes.set("path", shown);
                changes.set("state", "absent");
                Ok(())
            }
            State::File => self.file(now, host, changes),
            State::Directory => self.directory(now, host, changes),
            State::Touch => {
                changes.set("dest", shown);
                self.touch(now, host, changes)
            }
            State::Link => {
                changes.set("dest", shown);
                self.link(&now, host, changes)
            }
            State::Hard => {
                changes.set("dest", shown);
                self.hard(now, host, changes)
            }
        }
    }

    fn report(&self, host: &dyn Host, _performed: &Map, results: &mut Map) -> Result<()> {
        let key = if results.contains_key("dest") { "dest" } else { "path" };
        let path = results.get(key).and_then(|path| path.as_str()).map(PathBuf::from);
        match path {
            Some(path) => file_results(key, &path, host, results),
            None => Ok(()),
        }
    }
}

impl File {
    /// Without a word, what stands there is meant.
    fn wanted(&self, now: &Subject<'_>, host: &dyn Host) -> Result<State> {
        if let Some(state) = self.state {
            return Ok(state);
        }
        Ok(match &now.look {
            Look::Unknown(why) => return Err(Stop::Unknown(why.clone())),
            Look::Absent if self.recurse => State::Directory,
            Look::Absent => State::File,
            Look::Is(Node { kind: NodeKind::Dir, .. }) => State::Directory,
            Look::Is(Node { kind: NodeKind::Link(_), .. }) if self.recurse => {
                match host.resolve(&now.path)?.1 {
                    Look::Is(Node { kind: NodeKind::Dir, .. }) => State::Directory,
                    _ => State::Link,
                }
            }
            Look::Is(Node { kind: NodeKind::Link(_), .. }) => State::Link,
            Look::Is(_) => State::File,
        })
    }

    /// `state: file`: attributes only, of a file that is there.
    fn file(&self, now: Subject<'_>, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let now = self.followed(now, host)?;
        changes.set("path", self.shown(&now));
        match &now.look {
            Look::Unknown(why) => Err(Stop::Unknown(why.clone())),
            Look::Absent => {
                Err(self.refuse(&now, "there is no such file, and `state: file` makes none"))
            }
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                Err(self.refuse(&now, "it is a directory, not a file"))
            }
            Look::Is(Node { kind: NodeKind::Link(_), .. }) => {
                Err(self.refuse(&now, "it is a link, not a file"))
            }
            Look::Is(_) => now.give(&self.attributes, changes),
        }
    }

    /// What the path points to, where links are to be followed.
    fn followed<'h>(&self, now: Subject<'h>, host: &'h dyn Host) -> Result<Subject<'h>> {
        match now.kind() {
            Some(NodeKind::Link(_)) if self.follow => Subject::followed(&self.path, host),
            _ => Ok(now),
        }
    }

    /// The path as it was written, or where it leads.
    fn shown(&self, now: &Subject<'_>) -> String {
        let path = if now.path.ends_with(&self.path) { &self.path } else { &now.path };
        path.display().to_string()
    }

    /// A failure that tells what stands there.
    fn refuse(&self, now: &Subject<'_>, why: &str) -> Stop {
        let shown = self.shown(now);
        let results = context(&shown, &now.look);
        Stop::Failed(Failure { msg: format!("can't manage `{shown}`: {why}"), results })
    }
}

#[cfg(test)]
mod tests;
