//! Accounts and groups taken back.

use std::path::Path;

use crate::change::{GroupChange, UserChange};
use crate::host::{Group, Host, User};
use crate::stop::{Result, Stop};

/// What takes an account back; nothing where it is back already.
pub(super) fn user(mut change: UserChange, host: &dyn Host) -> Result<Option<UserChange>> {
    let now = host.user(change.name())?;
    if same(now.as_ref(), change.after.as_ref()) && same_groups(&change, host)? {
        return Ok(None);
    }
    if !same(now.as_ref(), change.before.as_ref()) {
        return moved("user", change.name(), "it is another");
    }
    if let (None, Some(before)) = (&change.after, &change.before)
        && change.home
    {
        let home = Path::new(&before.home);
        let skeleton = Path::new("/etc/skel");
        let list = |path: &Path| if host.exists(path)? { host.list(path) } else { Ok(Vec::new()) };
        let usual = list(skeleton)?;
        // A key that was made with the account goes with it.
        let more = list(home)?.into_iter().find(|name| !usual.contains(name) && name != ".ssh");
        if let Some(name) = more {
            let how = format!("`{name}` is in its home `{}`", home.display());
            return moved("user", change.name(), &how);
        }
    }
    change.before = now;
    Ok(Some(change))
}

/// What takes a group back; nothing where it is back already.
pub(super) fn group(mut change: GroupChange, host: &dyn Host) -> Result<Option<GroupChange>> {
    let now = host.group(change.name())?;
    let number = |group: Option<&Group>| group.map(|group| group.gid);
    let unlike = |left: Option<&Group>| match (number(now.as_ref()), number(left)) {
        // Which number it would get was not known when it was planned.
        (Some(_), Some(None)) => false,
        (is, was) => is != was,
    };
    if !unlike(change.after.as_ref()) {
        return Ok(None);
    }
    if unlike(change.before.as_ref()) {
        return moved("group", change.name(), "it is another");
    }
    change.before = now;
    Ok(Some(change))
}

/// Whether an account is as it was left. Numbers that were not known when it was planned may be any.
fn same(now: Option<&User>, left: Option<&User>) -> bool {
    match (now, left) {
        (None, None) => true,
        (Some(now), Some(left)) => {
            let number = |is: Option<u32>, was: Option<u32>| was.is_none() || is == was;
            number(now.uid, left.uid)
                && now.group.name == left.group.name
                && number(now.group.id, left.group.id)
                && (&now.comment, &now.home, &now.shell) == (&left.comment, &left.home, &left.shell)
        }
        _ => false,
    }
}

/// Whether an account is in the groups that it shall be in again, where these are among what is taken back.
fn same_groups(change: &UserChange, host: &dyn Host) -> Result<bool> {
    let (Some(groups), Some(after)) = (&change.groups, &change.after) else { return Ok(true) };
    let all = host.groups()?;
    let own = all.iter().filter(|group| group.members.contains(&after.name));
    let own = own.map(|group| &group.name).filter(|name| **name != after.group.name);
    let mut own: Vec<_> = own.cloned().collect();
    let mut groups = groups.clone();
    own.sort();
    groups.sort();
    Ok(own == groups)
}

fn moved<T>(what: &str, name: &str, how: &str) -> Result<T> {
    Err(Stop::failed(format!(
        "{what} `{name}` is no longer as that run left it: {how}; it stays as it is"
    )))
}

#[cfg(test)]
mod tests {
    use crate::change::{Change, Effect as _, GroupChange, UserChange};
    use crate::host::memory::Memory;
    use crate::host::{Command, Group, Host as _, User};
    use crate::modules::revert::accounts;

    fn inverse(change: &UserChange) -> UserChange {
        match change.invert() {
            Some(Change::User(inverse)) => inverse,
            other => panic!("{other:?}"),
        }
    }

    fn shell(user: &User, shell: &str) -> User {
        User { shell: shell.into(), ..user.clone() }
    }

    #[test]
    fn an_account_is_taken_back_unless_it_became_another() {
        let memory = Memory::new().with_user("ada", 1000).with_group("wheel", 10, &["ada"]);
        let ada = memory.user("ada").unwrap().unwrap();
        let change = UserChange {
            before: Some(shell(&ada, "/bin/old")),
            after: Some(ada.clone()),
            commands: vec![Command::new(["usermod", "-s", &ada.shell, "--", "ada"])],
            ..UserChange::default()
        };
        let back = accounts::user(inverse(&change), &memory).unwrap().unwrap();
        assert_eq!(back.before, Some(ada.clone()));
        assert_eq!(back.commands[0].argv, ["usermod", "-s", "/bin/old", "--", "ada"]);
        let since = UserChange { after: Some(shell(&ada, "/bin/other")), ..change.clone() };
        assert!(accounts::user(inverse(&since), &memory).is_err());
        let already = UserChange {
            before: change.after.clone(),
            after: Some(shell(&ada, "/bin/other")),
            ..change
        };
        assert_eq!(accounts::user(inverse(&already), &memory).unwrap(), None);
    }

    #[test]
    fn an_account_that_was_made_goes_unless_something_was_put_in_its_home() {
        let made = |memory: &Memory| {
            let ada = memory.user("ada").unwrap().unwrap();
            // The number was not known when it was planned.
            let after = User { uid: None, ..ada };
            let change = UserChange { after: Some(after), home: true, ..UserChange::default() };
            accounts::user(inverse(&change), memory)
        };
        let memory = Memory::new().with_user("ada", 1000).with_dir("/home/ada", 0o700, "ada");
        assert_eq!(made(&memory).unwrap().unwrap().before.unwrap().uid, Some(1000));
        let memory = memory.with_file("/home/ada/letter", "x", 0o600, "ada");
        let told = made(&memory).unwrap_err().to_string();
        assert!(told.contains("`letter` is in its home `/home/ada`"), "{told}");
    }

    #[test]
    fn a_group_is_taken_back_unless_it_became_another() {
        let memory = Memory::new().with_group("ops", 900, &[]);
        let ops = |gid| Some(Group { name: "ops".into(), gid, members: Vec::new() });
        let back = |before, after| {
            let change = GroupChange { before, after, ..GroupChange::default() };
            match change.invert() {
                Some(Change::Group(inverse)) => accounts::group(inverse, &memory),
                other => panic!("{other:?}"),
            }
        };
        assert!(back(None, ops(None)).unwrap().is_some());
        assert!(back(ops(Some(901)), ops(Some(900))).unwrap().is_some());
        assert!(back(ops(Some(900)), ops(Some(902))).unwrap().is_none(), "it is back already");
        assert!(back(ops(Some(901)), ops(Some(902))).is_err());
    }
}
