//! `authorized_key`: keys that may sign in as a user.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::args::{Args, Choice, Mode};
use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind};
use crate::host::{Host, Principal, User};
use crate::modules::Module;
use crate::modules::files::{Attributes, Subject, absolute, make_folders};
use crate::stop::{Result, Stop};

/// Keeps the file of keys by which others may sign in as a user over SSH.
#[derive(Args)]
#[module(name = "authorized_key", collection = "ansible.posix")]
pub(crate) struct AuthorizedKey {
    /// The user.
    user: String,
    /// One key or several, a line each; or the URL of some.
    key: String,
    /// Whether the keys are there.
    #[arg(default = "present")]
    state: State,
    /// The file, if it is not the one in the user's home.
    #[arg(path)]
    path: Option<PathBuf>,
    /// Make the folder of the file, and set owner and mode of both.
    #[arg(default = "yes")]
    manage_dir: bool,
    /// What a key may do, as in sshd(8).
    key_options: Option<String>,
    /// No other keys are there.
    #[arg(default = "no")]
    exclusive: bool,
    /// What stands beside the key instead of its own comment.
    comment: Option<String>,
    /// Write what the file points to where it is a link.
    #[arg(default = "no")]
    follow: bool,
    /// Check the certificate of the server that a URL leads to.
    #[arg(default = "yes")]
    validate_certs: bool,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

/// A line with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    options: Option<String>,
    sort: String,
    digits: String,
    comment: String,
}

impl Module for AuthorizedKey {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let wanted = self.wanted(host)?;
        let user = match host.user(&self.user) {
            Ok(Some(user)) => user,
            Ok(None) => {
                return Err(Stop::failed(format!("there is no user `{}`", self.user)));
            }
            Err(stop) => return Err(stop),
        };
        let home = PathBuf::from(&user.home);
        let path = match &self.path {
            Some(path) => absolute(path, host),
            None => home.join(".ssh/authorized_keys"),
        };
        changes.set("keyfile", path.display().to_string());
        changes.set("user", self.user.as_str());
        let subject =
            if self.follow { Subject::followed(&path, host)? } else { Subject::at(&path, host)? };
        let before = subject.before_with_content()?;
        let text = match before.kind() {
            Some(FileKind::File(_)) => {
                let bytes = host.fetch(&host.content(&subject.path)?)?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Some(_) => return Err(Stop::failed(format!("`{}` is no file", path.display()))),
            None => String::new(),
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        match self.state {
            State::Present => self.add(&wanted, &mut lines),
            State::Absent => {
                let gone = |line: &String| {
                    read(line).is_some_and(|key| wanted.iter().any(|one| one.digits == key.digits))
                };
                lines.retain(|line| !gone(line));
            }
        }
        let mut after = lines.join("\n");
        if !after.is_empty() {
            after.push('\n');
        }
        // Only lines count: a line end that is missing at the end of the file is none.
        if after.trim_end() == text.trim_end() {
            after.clone_from(&text);
        }
        if self.state == State::Absent && after == text {
            return Ok(());
        }
        if self.manage_dir {
            self.folder(&subject, &user, host, changes)?;
        } else if before == Before::Absent {
            subject.need_folder()?;
        }
        let mut state = subject.after(FileKind::File(Blob::new(after.into_bytes())))?;
        if self.manage_dir {
            state.mode = Some(0o600);
            state.owner = Some(user.principal());
            state.group = Some(user.group.clone());
        }
        if before != Before::Is(state.clone()) {
            changes.push(Change::File(FileChange::new(&subject.path, before, Some(state))));
        }
        Ok(())
    }
}

impl AuthorizedKey {
    /// The keys that are asked for.
    fn wanted(&self, host: &dyn Host) -> Result<Vec<Key>> {
        let text = if self.key.starts_with("http://") || self.key.starts_with("https://") {
            self.downloaded(host)?
        } else {
            self.key.clone()
        };
        let mut keys: Vec<Key> = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut key =
                read(line).ok_or_else(|| Stop::failed(format!("invalid key specified: {line}")))?;
            if self.key_options.is_some() {
                key.options.clone_from(&self.key_options);
            }
            if let Some(comment) = &self.comment {
                key.comment.clone_from(comment);
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn downloaded(&self, host: &dyn Host) -> Result<String> {
        let how = crate::modules::http::Requesting::plain(self.validate_certs);
        let request = crate::modules::http::Request {
            url: &self.key,
            method: "GET",
            how: &how,
            headers: Vec::new(),
            body: crate::modules::http::Body::None,
            follow: true,
            timeout: 30,
            unix_socket: None,
        };
        let answer = request.ask(None, host)?;
        if answer.status != 200 {
            let told = answer.error();
            return Err(Stop::failed(format!("can't have keys of `{}`: {told}", self.key)));
        }
        Ok(String::from_utf8_lossy(&answer.body.unwrap_or_default()).into_owned())
    }

    fn add(&self, wanted: &[Key], lines: &mut Vec<String>) {
        for key in wanted {
            let there = lines
                .iter()
                .position(|line| read(line).is_some_and(|other| other.digits == key.digits));
            match there {
                Some(at) => {
                    if let Some(other) = read(&lines[at])
                        && other != *key
                    {
                        // What is not said about a key stays, but for its comment.
                        lines[at] = written(key);
                    }
                    let mut number = 0;
                    lines.retain(|line| {
                        number += 1;
                        number - 1 <= at || read(line).is_none_or(|one| one.digits != key.digits)
                    });
                }
                None => lines.push(written(key)),
            }
        }
        if self.exclusive {
            let asked = |line: &String| {
                read(line).is_none_or(|key| wanted.iter().any(|one| one.digits == key.digits))
            };
            lines.retain(asked);
        }
    }

    /// The folder of the file belongs to the user and to nobody else.
    fn folder(
        &self,
        subject: &Subject<'_>,
        user: &User,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let folder = subject.path.parent().unwrap_or(Path::new("/"));
        let digits = |one: &Principal| one.id.map_or(one.name.clone(), |id| id.to_string());
        let attributes = Attributes {
            mode: Some(Mode("0700".into())),
            owner: Some(digits(&user.principal())),
            group: Some(digits(&user.group)),
            ..Attributes::default()
        };
        let there = Subject::followed(folder, host)?;
        match there.node() {
            Some(_) => there.give(&attributes, changes),
            None => make_folders(folder, &attributes, &mut BTreeSet::new(), host, changes),
        }
    }
}

/// A key out of a line; none where there is none in it.
fn read(line: &str) -> Option<Key> {
    let words = words(line);
    let is_sort = |word: &String| {
        word.starts_with("ssh-")
            || word.starts_with("ecdsa-sha2-")
            || word.starts_with("sk-ssh-")
            || word.starts_with("sk-ecdsa-")
    };
    let at = words.iter().position(is_sort).filter(|at| *at <= 1)?;
    let digits = words.get(at + 1)?.clone();
    Some(Key {
        options: (at == 1).then(|| words[0].clone()),
        sort: words[at].clone(),
        digits,
        comment: words[at + 2..].join(" "),
    })
}

/// Words of a line; blanks between quotation marks separate none.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut last) = (String::new(), false, ' ');
    for letter in line.trim().chars() {
        if letter == '"' && last != '\\' {
            quoted = !quoted;
        }
        if letter.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
        }
        last = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn written(key: &Key) -> String {
    let parts = [key.options.as_deref().unwrap_or_default(), &key.sort, &key.digits, &key.comment];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::Host;
    use crate::host::real::Real;
    use crate::modules::scenario::Scenario;

    #[track_caller]
    fn check(before: Option<&str>, more: &[(&str, Data)], want: &str) {
        let entries: Vec<String> = before
            .map(|text| vec!["d/!0700".into(), format!("d/k={text}!0600")])
            .unwrap_or_default();
        let scenario = Scenario::new(&entries.iter().map(String::as_str).collect::<Vec<_>>());
        let user = Real::new().identity().name.clone();
        let mut args = vec![("user", Data::from(user)), ("path", "$T/d/k".into())];
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        scenario.run("authorized_key", &args);
        assert_eq!(scenario.text("d/k"), want);
        let shape = scenario.real_shape();
        assert!(shape["d"].starts_with("0700") && shape["d/k"].starts_with("0600"), "{shape:?}");
    }

    #[test]
    fn keys_come_and_go() {
        let key = |text: &str| ("key", Data::from(text));
        check(None, &[key("ssh-rsa AAA me@x")], "ssh-rsa AAA me@x\n");
        check(Some("# c\nssh-rsa BBB\n"), &[key("ssh-rsa AAA")], "# c\nssh-rsa BBB\nssh-rsa AAA\n");
        check(Some("ssh-rsa AAA me\n"), &[key("ssh-rsa AAA me")], "ssh-rsa AAA me\n");
        check(
            Some("ssh-rsa AAA me\n"),
            &[key("ssh-rsa AAA me"), ("key_options", "no-pty,command=\"a b\"".into())],
            "no-pty,command=\"a b\" ssh-rsa AAA me\n",
        );
        check(
            Some("ssh-rsa AAA me\nssh-ed25519 BBB\n"),
            &[key("ssh-rsa AAA"), ("state", "absent".into())],
            "ssh-ed25519 BBB\n",
        );
        check(
            Some("ssh-rsa AAA me\nssh-ed25519 BBB\n"),
            &[key("ssh-ed25519 CCC\nssh-rsa AAA me"), ("exclusive", true.into())],
            "ssh-rsa AAA me\nssh-ed25519 CCC\n",
        );
        Scenario::new(&[]).fails(
            "authorized_key",
            &[("user", "root".into()), ("key", "nonsense".into())],
            "invalid key specified: nonsense",
        );
    }
}
