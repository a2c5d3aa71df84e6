//! The module `user`.

mod add;
mod defaults;
mod key;
mod modify;
mod remove;
mod shadow;

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Group, Host, User};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Manages accounts.
///
/// Passwords are given as hashes, as crypt(5) has them, and never appear among the words of a command.
#[derive(Args, Debug)]
#[module(name = "user")]
pub(crate) struct UserModule {
    /// The login name.
    #[arg(alias = "user")]
    name: String,
    /// Whether it shall exist.
    #[arg(default = "present")]
    state: State,
    /// Its number; the next free one where it is not given.
    uid: Option<i64>,
    /// Let it have a number that another account has.
    #[arg(default = "no")]
    non_unique: bool,
    /// Take the number of a new account from those of the system.
    #[arg(default = "no")]
    system: bool,
    /// The primary group, by name or number.
    group: Option<String>,
    /// The supplementary groups.
    groups: Option<Vec<String>>,
    /// Add `groups` to those it is in, rather than let it be in no others.
    #[arg(default = "no")]
    append: bool,
    /// The comment field.
    comment: Option<String>,
    /// The home directory.
    #[arg(path)]
    home: Option<String>,
    /// Make the home directory of a new account.
    #[arg(alias = "createhome", default = "yes")]
    create_home: bool,
    /// Move the home directory along where `home` changes.
    #[arg(default = "no")]
    move_home: bool,
    /// The folder that a new home directory is a copy of.
    skeleton: Option<String>,
    /// The login shell.
    #[arg(path)]
    shell: Option<String>,
    /// The hash of the password.
    password: Option<String>,
    /// When the password is set: always, or only as the account is made.
    #[arg(default = "always")]
    update_password: UpdatePassword,
    /// Whether the password is locked.
    password_lock: Option<bool>,
    /// How many days a password is valid.
    password_expire_max: Option<i64>,
    /// How many days lie between two changes of the password.
    password_expire_min: Option<i64>,
    /// How many days before its end the user is warned.
    password_expire_warn: Option<i64>,
    /// How many days after its end the account is disabled.
    password_expire_account_disable: Option<i64>,
    /// When the account expires, in seconds since 1970; a negative number for never.
    expires: Option<f64>,
    /// Make an SSH key for it.
    #[arg(default = "no")]
    generate_ssh_key: bool,
    /// The file of the key, relative to the home directory; `.ssh/id_TYPE` where it is not given.
    #[arg(path)]
    ssh_key_file: Option<String>,
    /// The type of the key.
    #[arg(default = "rsa")]
    ssh_key_type: String,
    /// How many bits the key has.
    ssh_key_bits: Option<i64>,
    /// The comment of the key; `ansible-generated on` the name of the host where it is not given.
    ssh_key_comment: Option<String>,
    /// The passphrase of the key.
    ssh_key_passphrase: Option<String>,
    /// Remove the home directory with the account.
    #[arg(default = "no")]
    remove: bool,
    /// Remove even an account that is in use, and replace a key that is there.
    #[arg(default = "no")]
    force: bool,
    /// Look only at the password file of the host, not at a directory service.
    #[arg(default = "no")]
    local: bool,
    /// The SELinux user.
    seuser: Option<String>,
    /// The mask of permission bits that a new home directory doesn't get.
    umask: Option<String>,
    /// The least number that a new account may get.
    uid_min: Option<i64>,
    /// The greatest number that a new account may get.
    uid_max: Option<i64>,
    /// Of BSD systems; not used.
    #[arg(name = "login_class")]
    _login_class: Option<String>,
    /// Of macOS; not used.
    #[arg(name = "hidden")]
    _hidden: Option<bool>,
    /// Of illumos; not used.
    #[arg(name = "profile")]
    _profile: Option<String>,
    /// Of illumos; not used.
    #[arg(name = "authorization")]
    _authorization: Option<String>,
    /// Of illumos; not used.
    #[arg(name = "role")]
    _role: Option<String>,
}

/// Whether an account shall exist.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It shall.
    Present,
    /// It shall not.
    Absent,
}

/// When a password is set.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdatePassword {
    /// Whenever it is another one.
    Always,
    /// Only as the account is made.
    OnCreate,
}

impl Module for UserModule {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("name", self.name.as_str());
        let (now, unknown) = match host.user(&self.name) {
            Err(Stop::Unknown(why)) => (None, Some(why).filter(|why| why.may_bring(&self.name))),
            user => (user?, None),
        };
        let now = now.filter(|user| !self.local || is_local(host, user).unwrap_or(true));
        if self.state == State::Absent {
            changes.set("state", "absent");
            if now.is_some() || unknown.is_some() {
                remove::plan(self, now, unknown, changes);
            }
            return Ok(());
        }
        changes.set("state", "present");
        self.check(changes)?;
        if let Some(groups) = &self.groups {
            changes.set("groups", groups.join(","));
        }
        if self.password.is_some() {
            changes.set("password", "NOT_LOGGING_PASSWORD");
        }
        match now {
            None => {
                changes.set("create_home", self.create_home);
                changes.set("system", self.system);
                add::plan(self, unknown, host, changes)
            }
            Some(now) => {
                changes.set("append", self.append);
                changes.set("move_home", self.move_home);
                modify::plan(self, &now, host, changes)
            }
        }
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if self.state == State::Absent {
            return Ok(());
        }
        let Some(user) = host.user(&self.name)? else { return Ok(()) };
        if let Some(uid) = user.uid {
            results.insert("uid".into(), uid.into());
        }
        if let Some(gid) = user.group.id {
            results.insert("group".into(), gid.into());
        }
        for (key, value) in
            [("home", &user.home), ("shell", &user.shell), ("comment", &user.comment)]
        {
            results.insert(key.into(), value.as_str().into());
        }
        if self.generate_ssh_key {
            key::report(self, &user.home, host, results)?;
        }
        Ok(())
    }
}

impl UserModule {
    /// What can't be right is said before anything is looked at.
    fn check(&self, changes: &mut Changes) -> Result<()> {
        let Some(password) = &self.password else { return Ok(()) };
        if password.contains([':', '\n', '\r']) {
            return Err(Stop::failed(
                "`password` is no hash: it has a colon or a line break in it",
            ));
        }
        let hashed = password.starts_with('$') || password.starts_with('_') || password.len() == 13;
        let fixed = matches!(password.trim_start_matches('!'), "" | "*" | "x");
        if !hashed && !fixed && !password.starts_with("!$") {
            changes.warn("`password` does not look like a hash: it is set as it is, and nobody can log in with it");
        }
        Ok(())
    }

    fn number(&self) -> Result<Option<u32>> {
        let number = |uid: i64| {
            u32::try_from(uid).map_err(|_| Stop::failed(format!("{uid} is no user number")))
        };
        self.uid.map(number).transpose()
    }

    /// The primary group that is asked for.
    fn primary(&self, host: &dyn Host) -> Result<Option<Group>> {
        let Some(name) = &self.group else { return Ok(None) };
        existing(name, host).map(Some)
    }

    /// The supplementary groups that are asked for, by name.
    fn supplementary(&self, host: &dyn Host) -> Result<Option<Vec<String>>> {
        let Some(names) = &self.groups else { return Ok(None) };
        let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
        let names = names.map(|name| existing(name, host).map(|group| group.name));
        names.collect::<Result<_>>().map(Some)
    }

    /// Whether another account has the number that is asked for.
    fn free(&self, uid: Option<u32>, host: &dyn Host) -> Result<()> {
        let Some(uid) = uid.filter(|_| !self.non_unique) else { return Ok(()) };
        match host.user_by_id(uid)? {
            Some(other) if other.name != self.name => Err(Stop::failed(format!(
                "user `{}` can't have the number {uid}: user `{}` has it (`non_unique` allows it)",
                self.name, other.name
            ))),
            _ => Ok(()),
        }
    }
}

/// The group of a name or number. One that something planned may bring counts as there.
fn existing(name: &str, host: &dyn Host) -> Result<Group> {
    let found = match host.group(name) {
        Err(Stop::Unknown(_)) => {
            return Ok(Group { name: name.into(), gid: None, members: Vec::new() });
        }
        found => found?,
    };
    let found = match (found, name.parse()) {
        (None, Ok(id)) => host.group_by_id(id)?,
        (found, _) => found,
    };
    found.ok_or_else(|| Stop::failed(format!("Group {name} does not exist")))
}

/// Whether the password file has it. An account without a number is planned, so it will.
fn is_local(host: &dyn Host, user: &User) -> Result<bool> {
    if user.uid.is_none() {
        return Ok(true);
    }
    let file = host.content(Path::new("/etc/passwd"))?;
    let text = file.text().unwrap_or_default();
    Ok(text.lines().any(|line| line.split(':').next() == Some(&user.name)))
}

/// A result that is given only where it is known.
fn known(data: Option<impl Into<Data>>) -> Data {
    data.map_or(Data::Null, Into::into)
}
