//! An account that is made.

use std::path::{Path, PathBuf};

use crate::change::{Change, Changes, FileKind, FileState, UserChange};
use crate::host::{Command, Host, Principal, User};
use crate::modules::user::defaults::{Defaults, copies};
use crate::modules::user::shadow::Shadow;
use crate::modules::user::{UserModule, key};
use crate::stop::{Result, Stop, Why};

/// Asks for the account.
pub(super) fn plan(
    user: &UserModule,
    unknown: Option<Why>,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let defaults = Defaults::of(host)?;
    let uid = user.number()?;
    user.free(uid, host)?;
    let groups = user.supplementary(host)?;
    let (group, alone) = primary(user, &defaults, host)?;
    let home = user.home.clone().unwrap_or_else(|| format!("{}/{}", defaults.homes, user.name));
    let account = User {
        name: user.name.clone(),
        uid,
        group,
        comment: user.comment.clone().unwrap_or_default(),
        home: home.clone(),
        shell: user.shell.clone().unwrap_or_else(|| defaults.shell.clone()),
    };
    let there = match host.exists(Path::new(&home)) {
        Err(Stop::Unknown(_)) => None,
        there => Some(there?),
    };
    let makes_home = user.create_home && there != Some(true);

    let shadow = Shadow::default();
    let expiry = user.expiry(&shadow);
    let mut change = UserChange {
        facts: facts(user, &account, groups.as_deref(), makes_home, expiry.as_deref()),
        home: makes_home,
        brings: if makes_home && there.is_some() {
            contents(user, &account, &defaults, host)
        } else {
            Vec::new()
        },
        commands: commands(
            user,
            &home,
            makes_home,
            groups.as_deref(),
            alone,
            expiry.as_deref(),
            host,
        )?,
        after: Some(account),
        groups,
        unknown,
        ..UserChange::default()
    };
    for (commands, facts) in [user.password(&shadow, true), user.aging(&shadow)] {
        change.commands.extend(commands);
        change.facts.extend(facts);
    }
    if user.generate_ssh_key {
        key::plan(user, &home, host, &mut change)?;
    }
    changes.push(Change::User(change));
    Ok(())
}

/// The primary group, and whether useradd has to be kept from making one.
fn primary(user: &UserModule, defaults: &Defaults, host: &dyn Host) -> Result<(Principal, bool)> {
    if let Some(group) = user.primary(host)? {
        return Ok((group.principal(), false));
    }
    let taken = match host.group(&user.name) {
        Err(Stop::Unknown(_)) => None,
        group => group?,
    };
    if defaults.own_group && taken.is_none() {
        return Ok((Principal { name: user.name.clone(), id: None }, false));
    }
    let shared = host.group_by_id(defaults.group)?;
    let named = || Principal { name: defaults.group.to_string(), id: Some(defaults.group) };
    Ok((shared.map_or_else(named, |group| group.principal()), taken.is_some()))
}

fn facts(
    user: &UserModule,
    account: &User,
    groups: Option<&[String]>,
    makes_home: bool,
    expiry: Option<&str>,
) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(account.uid.map(|uid| format!("uid {uid}")));
    facts.extend(user.group.as_ref().map(|group| format!("group {group}")));
    facts.extend(
        groups.filter(|list| !list.is_empty()).map(|list| format!("groups {}", list.join(", "))),
    );
    if makes_home || user.home.is_some() {
        let made = if makes_home { "" } else { " (not made)" };
        facts.push(format!("home {}{made}", account.home));
    }
    facts.extend(user.shell.as_ref().map(|shell| format!("shell {shell}")));
    facts.extend(user.comment.as_ref().map(|comment| format!("comment `{comment}`")));
    facts.extend(expiry.filter(|day| !day.is_empty()).map(|day| format!("expires {day}")));
    facts
}

fn commands(
    user: &UserModule,
    home: &str,
    makes_home: bool,
    groups: Option<&[String]>,
    alone: bool,
    expiry: Option<&str>,
    host: &dyn Host,
) -> Result<Vec<Command>> {
    let mut argv = vec![tool(user, "useradd", host)?];
    let mut option = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            argv.extend([flag.to_owned(), value]);
        }
    };
    option("-u", user.uid.map(|uid| uid.to_string()));
    option("-Z", user.seuser.clone());
    option("-g", user.group.clone());
    option("-G", groups.filter(|list| !list.is_empty()).map(|list| list.join(",")));
    option("-c", user.comment.clone());
    option("-d", user.home.clone());
    option("-s", user.shell.clone());
    option("-e", expiry.map(ToOwned::to_owned));
    option("-k", user.skeleton.clone().filter(|_| user.create_home));
    option("-K", user.umask.clone().map(|umask| format!("UMASK={umask}")));
    option("-K", user.uid_min.map(|uid| format!("UID_MIN={uid}")));
    option("-K", user.uid_max.map(|uid| format!("UID_MAX={uid}")));
    let mut flag = |wanted: bool, flag: &str| {
        if wanted {
            argv.push(flag.to_owned());
        }
    };
    flag(user.non_unique && user.uid.is_some(), "-o");
    flag(alone, "-N");
    flag(user.create_home, "-m");
    flag(!user.create_home, "-M");
    flag(user.system, "-r");
    argv.extend(["--".to_owned(), user.name.clone()]);
    let mut commands = Vec::new();
    let parent = Path::new(home).parent().filter(|_| makes_home);
    if let Some(parent) = parent.filter(|parent| matches!(host.exists(parent), Ok(false))) {
        // Older versions of useradd make the last folder only.
        commands.push(Command::new(["mkdir", "-p", "--", &parent.display().to_string()]));
    }
    commands.push(Command::new(argv));
    Ok(commands)
}

/// An account that a directory service has can only be made locally by the tools of libuser.
fn tool(user: &UserModule, name: &str, host: &dyn Host) -> Result<String> {
    let elsewhere = user.local && matches!(host.user(&user.name), Ok(Some(_)));
    if !elsewhere {
        return Ok(name.to_owned());
    }
    match host.program(&format!("l{name}"))? {
        Some(_) => Ok(format!("l{name}")),
        None => Err(Stop::failed(format!(
            "user `{}` comes from a directory service: to make it locally too, `l{name}` of libuser is needed",
            user.name
        ))),
    }
}

/// What the home directory is filled with.
pub(super) fn contents(
    user: &UserModule,
    account: &User,
    defaults: &Defaults,
    host: &dyn Host,
) -> Vec<(PathBuf, FileState)> {
    let own = FileState {
        owner: Some(account.principal()),
        group: Some(account.group.clone()),
        ..FileState::of(FileKind::Dir)
    };
    let umask = user.umask.as_deref().and_then(|umask| u32::from_str_radix(umask, 8).ok());
    let mode = umask.map_or(defaults.home_mode, |umask| 0o777 & !umask);
    let home = PathBuf::from(&account.home);
    let skeleton = user.skeleton.as_deref().unwrap_or(&defaults.skeleton);
    let mut brings = vec![(home.clone(), FileState { mode: Some(mode), ..own.clone() })];
    brings.extend(copies(host, Path::new(skeleton), &home, &own));
    brings
}
