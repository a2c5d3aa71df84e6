//! An account that is changed.

use std::collections::BTreeSet;
use std::path::Path;

use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState, UserChange};
use crate::host::{Command, Host, User};
use crate::modules::user::add::contents;
use crate::modules::user::defaults::Defaults;
use crate::modules::user::shadow::Shadow;
use crate::modules::user::{UserModule, key};
use crate::stop::{Result, Stop};

/// Asks for what makes the account as it is wanted.
pub(super) fn plan(
    user: &UserModule,
    now: &User,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let mut change = UserChange { before: Some(now.clone()), ..UserChange::default() };
    let shadow =
        if user.minds_shadow() { Shadow::of(&user.name, host)? } else { Shadow::default() };
    let mut then = now.clone();
    let mut argv = vec!["usermod".to_owned()];

    if let Some(uid) = user.number()?.filter(|uid| Some(*uid) != now.uid) {
        user.free(Some(uid), host)?;
        argv.extend(["-u".into(), uid.to_string()]);
        if user.non_unique {
            argv.push("-o".into());
        }
        let before = now.uid.map_or_else(|| "?".into(), |uid| uid.to_string());
        change.facts.push(format!("uid {before} → {uid}"));
        then.uid = Some(uid);
    }
    if let Some(group) = user.primary(host)?.filter(|group| group.principal() != now.group) {
        argv.extend(["-g".into(), group.name.clone()]);
        change.facts.push(format!("group {} → {}", now.group.name, group.name));
        then.group = group.principal();
    }
    groups(user, now, &then, host, &mut argv, &mut change)?;
    let texts = [
        ("-c", "comment", &user.comment, &now.comment, &mut then.comment),
        ("-s", "shell", &user.shell, &now.shell, &mut then.shell),
    ];
    for (flag, what, wanted, current, then) in texts {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != current) {
            argv.extend([flag.to_owned(), wanted.clone()]);
            change.facts.push(format!("{what} `{current}` → `{wanted}`"));
            then.clone_from(wanted);
        }
    }
    home(user, now, &mut then, host, &mut argv, &mut change);
    if let Some(day) = user.expiry(&shadow) {
        change.facts.push(if day.is_empty() {
            "never expires".into()
        } else {
            format!("expires {day}")
        });
        argv.extend(["-e".into(), day]);
    }
    if argv.len() > 1 {
        argv.extend(["--".into(), user.name.clone()]);
        change.commands.push(Command::new(argv));
    }
    for (commands, facts) in [user.password(&shadow, false), user.aging(&shadow)] {
        change.commands.extend(commands);
        change.facts.extend(facts);
    }
    change.after = Some(then.clone());
    if user.generate_ssh_key {
        key::plan(user, &then.home, host, &mut change)?;
    }
    let moved = change.home;
    if !change.commands.is_empty() {
        changes.push(Change::User(change));
    }
    if user.create_home && !moved { missing_home(user, &then, host, changes) } else { Ok(()) }
}

/// Makes the home of an account that has none yet, as a copy of the skeleton.
fn missing_home(
    user: &UserModule,
    account: &User,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let home = Path::new(&account.home);
    match host.exists(home) {
        // What is known of the account is told, and whether there is a home then is seen when the task runs.
        Err(Stop::Unknown(_)) if !changes.list.is_empty() => return Ok(()),
        Err(stop) => return Err(stop),
        Ok(true) => return Ok(()),
        Ok(false) => {}
    }
    let ancestors = home.ancestors().skip(1).take_while(|path| host.exists(path) == Ok(false));
    let mut folders: Vec<_> = ancestors.map(Path::to_path_buf).collect();
    folders.reverse();
    let plain = |folder| (folder, FileState { mode: Some(0o755), ..FileState::of(FileKind::Dir) });
    let copied = contents(user, account, &Defaults::of(host)?, host);
    for (path, state) in folders.into_iter().map(plain).chain(copied) {
        changes.push(Change::File(FileChange::new(path, Before::Absent, Some(state))));
    }
    Ok(())
}

fn groups(
    user: &UserModule,
    now: &User,
    then: &User,
    host: &dyn Host,
    argv: &mut Vec<String>,
    change: &mut UserChange,
) -> Result<()> {
    let Some(wanted) = user.supplementary(host)? else { return Ok(()) };
    let primary = |name: &String| *name == then.group.name;
    let wanted: BTreeSet<_> = wanted.into_iter().filter(|name| !primary(name)).collect();
    let member = |members: &[String]| members.contains(&now.name);
    let current = host.groups()?.into_iter().filter(|group| member(&group.members));
    let current: BTreeSet<_> =
        current.map(|group| group.name).filter(|name| *name != now.group.name).collect();
    let added: Vec<_> = wanted.difference(&current).cloned().collect();
    let gone: Vec<_> =
        if user.append { Vec::new() } else { current.difference(&wanted).cloned().collect() };
    if added.is_empty() && gone.is_empty() {
        return Ok(());
    }
    if user.append {
        argv.extend(["-a".into(), "-G".into(), added.join(",")]);
    } else {
        let all: Vec<_> = wanted.iter().cloned().collect();
        argv.extend(["-G".into(), all.join(",")]);
    }
    if !added.is_empty() {
        change.facts.push(format!("joins {}", added.join(", ")));
    }
    if !gone.is_empty() {
        change.facts.push(format!("leaves {}", gone.join(", ")));
    }
    change.former_groups = Some(current.iter().cloned().collect());
    let then = if user.append {
        current.union(&wanted).cloned().collect()
    } else {
        wanted.into_iter().collect()
    };
    change.groups = Some(then);
    Ok(())
}

fn home(
    user: &UserModule,
    now: &User,
    then: &mut User,
    host: &dyn Host,
    argv: &mut Vec<String>,
    change: &mut UserChange,
) {
    let Some(home) = user.home.as_ref().filter(|home| **home != now.home) else { return };
    argv.extend(["-d".into(), home.clone()]);
    // usermod moves only into a place that is free.
    let moved = user.move_home && matches!(host.exists(Path::new(&now.home)), Ok(true));
    if moved {
        argv.push("-m".into());
    }
    let how = if moved { " (moved)" } else { "" };
    change.facts.push(format!("home {} → {home}{how}", now.home));
    change.home = moved;
    then.home.clone_from(home);
}
