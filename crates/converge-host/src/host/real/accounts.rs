//! Accounts and groups.
//!
//! A static program has no name service switch, so the files are read here, and `getent` is asked for what they lack where
//! nsswitch.conf(5) names other sources.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::host::{Group, Principal, User};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// The accounts of the machine, read again whenever their files change.
#[derive(Default)]
pub(crate) struct Accounts {
    users: Table<User>,
    groups: Table<Group>,
    named: Option<Named>,
    asked_users: HashMap<u32, Option<String>>,
    asked_groups: HashMap<u32, Option<String>>,
}

/// The users with the names of their groups, and the rows that they were made of.
struct Named {
    rows: Arc<Vec<User>>,
    groups: Arc<Vec<Group>>,
    users: Arc<Vec<User>>,
}

struct Table<T> {
    stamp: Option<(u64, u64, i64, i64)>,
    rows: Arc<Vec<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { stamp: None, rows: Arc::default() }
    }
}

impl Accounts {
    /// The account that this process runs as; made up from numbers where there is none.
    pub(crate) fn own(&mut self) -> User {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let group = self.owning_group(gid);
        let mut user = self.user_by_id(uid).unwrap_or_else(|| User {
            name: uid.to_string(),
            uid: Some(uid),
            group: group.clone(),
            comment: String::new(),
            home: "/".into(),
            shell: "/bin/sh".into(),
        });
        user.group = group;
        user
    }

    pub(crate) fn user(&mut self, name: &str) -> Option<User> {
        let known = self.users().iter().find(|user| user.name == name).cloned();
        known.or_else(|| self.ask_user(name).filter(|user| user.name == name))
    }

    pub(crate) fn user_by_id(&mut self, id: u32) -> Option<User> {
        let known = self.users().iter().find(|user| user.uid == Some(id)).cloned();
        known.or_else(|| self.ask_user(&id.to_string()).filter(|user| user.uid == Some(id)))
    }

    pub(crate) fn group(&mut self, name: &str) -> Option<Group> {
        let known = self.groups_in_file().iter().find(|group| group.name == name).cloned();
        known.or_else(|| ask_group(name).filter(|group| group.name == name))
    }

    pub(crate) fn group_by_id(&mut self, id: u32) -> Option<Group> {
        let known = self.groups_in_file().iter().find(|group| group.gid == Some(id)).cloned();
        known.or_else(|| ask_group(&id.to_string()).filter(|group| group.gid == Some(id)))
    }

    pub(crate) fn groups(&mut self) -> Vec<Group> {
        if !elsewhere("group") {
            return self.groups_in_file().to_vec();
        }
        let mut groups = self.groups_in_file().to_vec();
        for group in getent(&["group"]).iter().flat_map(|text| text.lines()).filter_map(read_group)
        {
            if !groups.iter().any(|known| known.name == group.name) {
                groups.push(group);
            }
        }
        groups
    }

    /// A user number as the owner of a file.
    pub(crate) fn owner(&mut self, id: u32) -> Principal {
        let known = self.users().iter().find(|user| user.uid == Some(id)).map(User::principal);
        known.unwrap_or_else(|| {
            let ask = || ask_passwd(&id.to_string()).map(|user| user.name);
            let name = self.asked_users.entry(id).or_insert_with(ask).clone();
            Principal { name: name.unwrap_or_else(|| id.to_string()), id: Some(id) }
        })
    }

    /// A group number as the group of a file.
    pub(crate) fn owning_group(&mut self, id: u32) -> Principal {
        let groups = self.groups_in_file();
        let known = groups.iter().find(|group| group.gid == Some(id)).map(Group::principal);
        known.unwrap_or_else(|| {
            let ask = || ask_group(&id.to_string()).map(|group| group.name);
            let name = self.asked_groups.entry(id).or_insert_with(ask).clone();
            Principal { name: name.unwrap_or_else(|| id.to_string()), id: Some(id) }
        })
    }

    fn users(&mut self) -> Arc<Vec<User>> {
        let groups = self.groups_in_file();
        let rows = self.users.rows(PASSWD, read_user);
        if let Some(named) = &self.named
            && Arc::ptr_eq(&named.rows, &rows)
            && Arc::ptr_eq(&named.groups, &groups)
        {
            return Arc::clone(&named.users);
        }
        let by_number: HashMap<_, _> =
            groups.iter().rev().map(|group| (group.gid, group)).collect();
        let of = |user: &User| {
            let group = by_number.get(&user.group.id).map(|group| group.principal());
            User { group: group.unwrap_or_else(|| user.group.clone()), ..user.clone() }
        };
        let users = Arc::new(rows.iter().map(of).collect());
        self.named = Some(Named { rows, groups, users: Arc::clone(&users) });
        users
    }

    fn groups_in_file(&mut self) -> Arc<Vec<Group>> {
        self.groups.rows(GROUP, read_group)
    }

    fn ask_user(&mut self, key: &str) -> Option<User> {
        let mut user = ask_passwd(key)?;
        if let Some(id) = user.group.id {
            user.group = self.owning_group(id);
        }
        Some(user)
    }
}

impl<T> Table<T> {
    fn rows(&mut self, path: &str, read: fn(&str) -> Option<T>) -> Arc<Vec<T>> {
        let stamp = fs::metadata(path)
            .ok()
            .map(|meta| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()));
        if stamp.is_none() || stamp != self.stamp {
            let text = fs::read(path).unwrap_or_default();
            let rows = String::from_utf8_lossy(&text).lines().filter_map(read).collect();
            (self.stamp, self.rows) = (stamp, Arc::new(rows));
        }
        Arc::clone(&self.rows)
    }
}

/// A line of passwd(5).
pub(crate) fn read_user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let (name, _password) = (fields.next()?, fields.next()?);
    let uid = fields.next()?.parse().ok()?;
    let gid: u32 = fields.next()?.parse().ok()?;
    Some(User {
        name: name.into(),
        uid: Some(uid),
        group: Principal { name: gid.to_string(), id: Some(gid) },
        comment: fields.next()?.into(),
        home: fields.next()?.into(),
        shell: fields.next().unwrap_or_default().into(),
    })
}

/// A line of group(5).
pub(crate) fn read_group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let (name, _password) = (fields.next()?, fields.next()?);
    let gid = fields.next()?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',').filter(|member| !member.is_empty());
    Some(Group { name: name.into(), gid: Some(gid), members: members.map(Into::into).collect() })
}

fn ask_passwd(key: &str) -> Option<User> {
    if !elsewhere("passwd") {
        return None;
    }
    getent(&["passwd", "--", key])?.lines().next().and_then(read_user)
}

fn ask_group(key: &str) -> Option<Group> {
    if !elsewhere("group") {
        return None;
    }
    getent(&["group", "--", key])?.lines().next().and_then(read_group)
}

/// Whether nsswitch.conf(5) names sources of a database beside the files.
fn elsewhere(database: &str) -> bool {
    let text = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    sources(&text, database).any(|source| !matches!(source, "files" | "compat"))
}

fn sources<'t>(text: &'t str, database: &'t str) -> impl Iterator<Item = &'t str> {
    text.lines()
        .filter_map(|line| line.split('#').next()?.split_once(':'))
        .filter(move |(name, _)| name.trim() == database)
        .flat_map(|(_, sources)| sources.split_whitespace())
        .filter(|source| !source.starts_with('['))
}

fn getent(arguments: &[&str]) -> Option<String> {
    let output = Command::new("getent").args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Accounts, read_group, read_user, sources};

    #[test]
    fn lines_are_read() {
        let user = read_user("www-data:x:33:34:The web:/var/www:/usr/sbin/nologin").unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.group.id), ("www-data", Some(33), Some(34)));
        assert_eq!((user.home.as_str(), user.shell.as_str()), ("/var/www", "/usr/sbin/nologin"));
        assert_eq!(read_user("+::::::"), None);
        let group = read_group("adm:x:4:syslog,ada").unwrap();
        assert_eq!((group.gid, group.members.len()), (Some(4), 2));
        assert_eq!(read_group("empty:x:5:").unwrap().members, Vec::<String>::new());
    }

    #[test]
    fn sources_are_read() {
        let text = "# c\npasswd:  files [NOTFOUND=return] sss # no\ngroup: files\n";
        assert_eq!(sources(text, "passwd").collect::<Vec<_>>(), ["files", "sss"]);
        assert_eq!(sources(text, "group").collect::<Vec<_>>(), ["files"]);
    }

    #[test]
    fn root_is_everywhere() {
        let mut accounts = Accounts::default();
        let root = accounts.user("root").unwrap();
        assert_eq!((root.uid, root.group.name.as_str()), (Some(0), "root"));
        assert_eq!(accounts.owner(0).name, "root");
        assert_eq!(accounts.owner(3_999_999).name, "3999999");
        assert_eq!(accounts.user("no-such-user-here"), None);
    }
}
