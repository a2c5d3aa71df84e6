//! A host that is asked from afar, one question at a time.
//!
//! Modules that few playbooks use would make the helper large for everybody. They are planned beside the controller instead: their
//! [`Host`] is an [`Asked`], whose questions a helper answers over what it has planned so far, and the changes that they name go to the
//! helper as they are. Neither they nor the helper know any difference.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::clock::Clock;
use crate::host::{Command, Group, Host, Installed, Look, Manager, Output, Scope, Unit, User};
use crate::stop::{Result, Stop, Why};

/// What a host is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// What does not change while a task is planned.
    Own,
    /// See [`Host::look`].
    Look(PathBuf),
    /// See [`Host::resolve`].
    Resolve(PathBuf),
    /// See [`Host::content`].
    Content(PathBuf),
    /// See [`Host::list`].
    List(PathBuf),
    /// See [`Host::probe`].
    Probe(Command),
    /// See [`Host::program`].
    Program(String),
    /// See [`Host::user`].
    User(String),
    /// See [`Host::user_by_id`].
    UserById(u32),
    /// See [`Host::group`].
    Group(String),
    /// See [`Host::group_by_id`].
    GroupById(u32),
    /// See [`Host::groups`].
    Groups,
    /// See [`Host::flags`].
    Flags(PathBuf),
    /// See [`Host::unsettled`].
    Unsettled,
    /// See [`Host::planned`].
    Planned(String),
}

/// What it answers, one for each [`Question`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Question::Own`].
    Own(Own),
    /// To [`Question::Look`] and [`Question::Resolve`].
    Look(PathBuf, Look),
    /// To [`Question::Content`].
    Content(Blob),
    /// To [`Question::List`].
    Names(Vec<String>),
    /// To [`Question::Probe`].
    Output(Output),
    /// To [`Question::Program`].
    Program(Option<PathBuf>),
    /// To [`Question::User`] and [`Question::UserById`].
    User(Option<User>),
    /// To [`Question::Group`] and [`Question::GroupById`].
    Group(Option<Group>),
    /// To [`Question::Groups`].
    Groups(Vec<Group>),
    /// To [`Question::Flags`].
    Flags(Option<u32>),
    /// To [`Question::Unsettled`].
    Why(Option<Why>),
    /// To [`Question::Planned`].
    Planned(Option<Option<String>>),
}

/// What does not change while a task is planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Whom planning happens as.
    pub identity: User,
    /// The mask of new files.
    pub umask: u32,
    /// How far local time is ahead of UTC, in seconds.
    pub offset: i64,
    /// The environment that commands get.
    pub variables: Vec<(String, String)>,
}

/// Answers a question.
pub fn answer(host: &dyn Host, question: &Question) -> Result<Answer> {
    Ok(match question {
        Question::Own => Answer::Own(Own {
            identity: host.identity().clone(),
            umask: host.umask(),
            offset: host.clock().offset,
            variables: host.variables(),
        }),
        Question::Look(path) => Answer::Look(path.clone(), host.look(path)?),
        Question::Resolve(path) => {
            let (at, look) = host.resolve(path)?;
            Answer::Look(at, look)
        }
        Question::Content(path) => {
            let mut blob = host.content(path)?;
            blob.bytes = Some(host.fetch(&blob)?);
            Answer::Content(blob)
        }
        Question::List(path) => Answer::Names(host.list(path)?),
        Question::Probe(command) => Answer::Output(host.probe(command)?),
        Question::Program(name) => Answer::Program(host.program(name)?),
        Question::User(name) => Answer::User(host.user(name)?),
        Question::UserById(id) => Answer::User(host.user_by_id(*id)?),
        Question::Group(name) => Answer::Group(host.group(name)?),
        Question::GroupById(id) => Answer::Group(host.group_by_id(*id)?),
        Question::Groups => Answer::Groups(host.groups()?),
        Question::Flags(path) => Answer::Flags(host.flags(path)?),
        Question::Unsettled => Answer::Why(host.unsettled()),
        Question::Planned(name) => Answer::Planned(host.planned(name)?),
    })
}

/// A host that somebody else asks.
pub struct Asked<'a> {
    ask: &'a dyn Fn(Question) -> Result<Answer>,
    own: Own,
}

impl<'a> Asked<'a> {
    /// Asks at once for what does not change.
    pub fn new(ask: &'a dyn Fn(Question) -> Result<Answer>) -> Result<Self> {
        match ask(Question::Own)? {
            Answer::Own(own) => Ok(Self { ask, own }),
            other => Err(odd(&other)),
        }
    }
}

/// An answer to another question. A helper is built from the same sources, so this does not happen.
fn odd(answer: &Answer) -> Stop {
    Stop::failed(format!("the helper answered another question: {answer:?}"))
}

/// Asks, and takes the answer that fits.
macro_rules! asked {
    ($self:ident, $question:expr, $answer:pat => $value:expr) => {
        match ($self.ask)($question)? {
            $answer => Ok($value),
            other => Err(odd(&other)),
        }
    };
}

impl Host for Asked<'_> {
    fn identity(&self) -> &User {
        &self.own.identity
    }

    fn clock(&self) -> Clock {
        Clock { offset: self.own.offset }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.own.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.own.variables.clone()
    }

    fn umask(&self) -> u32 {
        self.own.umask
    }

    fn look(&self, path: &Path) -> Result<Look> {
        asked!(self, Question::Look(path.to_path_buf()), Answer::Look(_, look) => look)
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, Look)> {
        asked!(self, Question::Resolve(path.to_path_buf()), Answer::Look(at, look) => (at, look))
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        asked!(self, Question::Content(path.to_path_buf()), Answer::Content(blob) => blob)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        asked!(self, Question::List(path.to_path_buf()), Answer::Names(names) => names)
    }

    fn flags(&self, path: &Path) -> Result<Option<u32>> {
        asked!(self, Question::Flags(path.to_path_buf()), Answer::Flags(flags) => flags)
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        asked!(self, Question::User(name.to_owned()), Answer::User(user) => user)
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        asked!(self, Question::UserById(id), Answer::User(user) => user)
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        asked!(self, Question::Group(name.to_owned()), Answer::Group(group) => group)
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        asked!(self, Question::GroupById(id), Answer::Group(group) => group)
    }

    fn groups(&self) -> Result<Vec<Group>> {
        asked!(self, Question::Groups, Answer::Groups(groups) => groups)
    }

    fn installed(&self, _manager: Manager) -> Result<Arc<Installed>> {
        Err(Stop::failed("a module that is planned beside the controller can't ask for packages"))
    }

    fn unit(&self, _name: &str, _scope: Scope) -> Result<Unit> {
        Err(Stop::failed("a module that is planned beside the controller can't ask for units"))
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        asked!(self, Question::Probe(command.clone()), Answer::Output(output) => output)
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        asked!(self, Question::Program(name.to_owned()), Answer::Program(path) => path)
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        blob.bytes.clone().ok_or(Stop::Need(blob.digest))
    }

    fn unsettled(&self) -> Option<Why> {
        match (self.ask)(Question::Unsettled) {
            Ok(Answer::Why(why)) => why,
            Ok(other) => Some(Why(odd(&other).to_string())),
            // Who can't be asked can't be sure of anything.
            Err(stop) => Some(Why(stop.to_string())),
        }
    }

    fn planned(&self, name: &str) -> Result<Option<Option<String>>> {
        asked!(self, Question::Planned(name.to_owned()), Answer::Planned(value) => value)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Asked, answer};
    use crate::host::real::Real;
    use crate::host::{Command, Host, Look};
    use crate::stop::Stop;

    #[test]
    fn a_host_that_is_asked_answers_as_the_host_itself() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("f"), "text").unwrap();
        std::os::unix::fs::symlink("f", root.path().join("l")).unwrap();
        let real = Real::new();
        let ask = |question| {
            // As it goes over the wire.
            let bytes = postcard::to_allocvec(&question).unwrap();
            let answer = answer(&real, &postcard::from_bytes(&bytes).unwrap())?;
            Ok(postcard::from_bytes(&postcard::to_allocvec(&answer).unwrap()).unwrap())
        };
        let asked = Asked::new(&ask).unwrap();
        assert_eq!(asked.identity(), real.identity());
        assert_eq!((asked.umask(), asked.clock()), (real.umask(), real.clock()));
        for name in ["f", "l", "none"] {
            let path = root.path().join(name);
            let kind = |look| match look {
                Look::Is(node) => Some((node.kind, node.mode, node.inode, node.modified)),
                _ => None,
            };
            assert_eq!(kind(asked.look(&path).unwrap()), kind(real.look(&path).unwrap()));
            let (at, look) = asked.resolve(&path).unwrap();
            let own = real.resolve(&path).unwrap();
            assert_eq!((at, kind(look)), (own.0, kind(own.1)));
        }
        assert_eq!(
            &*asked.fetch(&asked.content(&root.path().join("l")).unwrap()).unwrap(),
            b"text"
        );
        assert_eq!(asked.list(root.path()).unwrap(), ["f", "l"]);
        assert_eq!(asked.user("root").unwrap(), real.user("root").unwrap());
        assert_eq!(asked.groups().unwrap(), real.groups().unwrap());
        assert_eq!(asked.probe(&Command::new(["echo", "x"])).unwrap().text(), "x\n");
        assert!(asked.program("sh").unwrap().is_some() && asked.unsettled().is_none());
        assert!(matches!(asked.look(Path::new("/")).unwrap(), Look::Is(_)));
        assert!(matches!(asked.content(Path::new("/none")), Err(Stop::Failed(_))));
    }
}
