//! Accounts and groups as they will be.

use crate::host::overlay::Overlay;
use crate::host::{Group, Principal, User};
use crate::stop::{Result, Stop};

pub(super) fn user(overlay: &Overlay<'_>, name: &str) -> Result<Option<User>> {
    if let Some(planned) = overlay.expected.users.get(name) {
        return Ok(planned.clone());
    }
    if let Some(why) = overlay.expected.doubted.get(name) {
        return Err(Stop::Unknown(why.clone()));
    }
    // A package may bring the account that its service runs as.
    match (overlay.base.user(name)?, overlay.pending_like(name)) {
        (None, Some(why)) => Err(Stop::Unknown(why)),
        (user, _) => Ok(user),
    }
}

pub(super) fn user_by_id(overlay: &Overlay<'_>, id: u32) -> Result<Option<User>> {
    let users = &overlay.expected.users;
    if let Some(user) = users.values().flatten().find(|user| user.uid == Some(id)) {
        return Ok(Some(user.clone()));
    }
    let user = overlay.base.user_by_id(id)?;
    Ok(user.filter(|user| !users.contains_key(&user.name)))
}

pub(super) fn group(overlay: &Overlay<'_>, name: &str) -> Result<Option<Group>> {
    let doubted = overlay.expected.doubted.get(name);
    let group = match (overlay.expected.groups.get(name), doubted) {
        (Some(planned), _) => planned.clone(),
        (None, Some(why)) => return Err(Stop::Unknown(why.clone())),
        (None, None) => match (overlay.base.group(name)?, overlay.pending_like(name)) {
            (None, Some(why)) if !of_its_own(overlay, name) => return Err(Stop::Unknown(why)),
            (None, _) => own(overlay, name),
            (group, _) => group,
        },
    };
    Ok(group.map(|group| with_members(overlay, group)))
}

pub(super) fn group_by_id(overlay: &Overlay<'_>, id: u32) -> Result<Option<Group>> {
    let groups = &overlay.expected.groups;
    let planned = groups.values().flatten().find(|group| group.gid == Some(id)).cloned();
    let group = match planned {
        Some(group) => Some(group),
        None => overlay.base.group_by_id(id)?.filter(|group| !groups.contains_key(&group.name)),
    };
    Ok(group.map(|group| with_members(overlay, group)))
}

pub(super) fn groups(overlay: &Overlay<'_>) -> Result<Vec<Group>> {
    let planned = &overlay.expected.groups;
    let mut groups = overlay.base.groups()?;
    groups.retain(|group| !planned.contains_key(&group.name));
    groups.extend(planned.values().flatten().cloned());
    Ok(groups.into_iter().map(|group| with_members(overlay, group)).collect())
}

/// Whether a planned account brings a group of this name, as `useradd` makes one.
fn of_its_own(overlay: &Overlay<'_>, name: &str) -> bool {
    own(overlay, name).is_some()
}

fn own(overlay: &Overlay<'_>, name: &str) -> Option<Group> {
    let users = overlay.expected.users.values().flatten();
    let Principal { name, id } = users.map(|user| &user.group).find(|group| group.name == name)?;
    Some(Group { name: name.clone(), gid: *id, members: Vec::new() })
}

fn with_members(overlay: &Overlay<'_>, mut group: Group) -> Group {
    for (user, groups) in &overlay.expected.memberships {
        group.members.retain(|member| member != user);
        if groups.contains(&group.name) {
            group.members.push(user.clone());
        }
    }
    for (name, user) in &overlay.expected.users {
        if user.is_none() {
            group.members.retain(|member| member != name);
        }
    }
    group
}
