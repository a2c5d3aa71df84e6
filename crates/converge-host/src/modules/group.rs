//! The module `group`.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{Change, Changes, GroupChange};
use crate::data::Map;
use crate::host::{Command, Group, Host};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Manages groups.
#[derive(Args, Debug)]
#[module(name = "group")]
pub(crate) struct GroupModule {
    /// Its name.
    name: String,
    /// Its number; the next free one where it is not given.
    gid: Option<i64>,
    /// Whether it shall exist.
    #[arg(default = "present")]
    state: State,
    /// Take the number of a new group from those of the system.
    #[arg(default = "no")]
    system: bool,
    /// Let it have a number that another group has.
    #[arg(default = "no")]
    non_unique: bool,
    /// Look only at the group file of the host, not at a directory service.
    #[arg(default = "no")]
    local: bool,
    /// Remove it even if it is the primary group of a user.
    #[arg(default = "no")]
    force: bool,
    /// The least number that a new group may get.
    gid_min: Option<i64>,
    /// The greatest number that a new group may get.
    gid_max: Option<i64>,
}

/// Whether a group shall exist.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It shall.
    Present,
    /// It shall not.
    Absent,
}

impl Module for GroupModule {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("name", self.name.as_str());
        let (now, unknown) = match host.group(&self.name) {
            Err(Stop::Unknown(why)) => (None, Some(why).filter(|why| why.may_bring(&self.name))),
            group => (group?, None),
        };
        let now = now.filter(|group| !self.local || is_local(host, group).unwrap_or(true));
        let gid = self.number()?;
        if self.state == State::Absent {
            changes.set("state", "absent");
            if now.is_some() || unknown.is_some() {
                let mut argv = vec!["groupdel"];
                if self.force {
                    argv.push("-f");
                }
                argv.extend(["--", &self.name]);
                let before = now.or_else(|| Some(self.planned(None)));
                let commands = vec![Command::new(argv)];
                changes.push(Change::Group(GroupChange { before, after: None, commands, unknown }));
            }
            return Ok(());
        }
        changes.set("state", "present");
        changes.set("system", self.system);
        match now {
            None => {
                self.free(gid, host)?;
                let commands = vec![self.add(gid)];
                let after = Some(self.planned(gid));
                changes.push(Change::Group(GroupChange { before: None, after, commands, unknown }));
            }
            Some(now) if gid.is_some() && now.gid.is_some() && gid != now.gid => {
                self.free(gid, host)?;
                let number = gid.unwrap_or_default().to_string();
                let mut argv = vec!["groupmod", "-g", &number];
                if self.non_unique {
                    argv.push("-o");
                }
                argv.extend(["--", &self.name]);
                let after = Some(Group { gid, ..now.clone() });
                let commands = vec![Command::new(argv)];
                let before = Some(now);
                changes.push(Change::Group(GroupChange { before, after, commands, unknown }));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn report(&self, host: &dyn Host, _performed: &Map, results: &mut Map) -> Result<()> {
        if self.state == State::Present
            && let Some(gid) = host.group(&self.name)?.and_then(|group| group.gid)
        {
            results.insert("gid".into(), gid.into());
        }
        Ok(())
    }
}

impl GroupModule {
    fn number(&self) -> Result<Option<u32>> {
        let number = |gid: i64| {
            u32::try_from(gid).map_err(|_| Stop::failed(format!("{gid} is no group number")))
        };
        self.gid.map(number).transpose()
    }

    /// A number that is taken is an error before anything is done.
    fn free(&self, gid: Option<u32>, host: &dyn Host) -> Result<()> {
        let Some(gid) = gid.filter(|_| !self.non_unique) else { return Ok(()) };
        match host.group_by_id(gid)? {
            Some(other) if other.name != self.name => Err(Stop::failed(format!(
                "group `{}` can't have the number {gid}: group `{}` has it (`non_unique` allows it)",
                self.name, other.name
            ))),
            _ => Ok(()),
        }
    }

    fn planned(&self, gid: Option<u32>) -> Group {
        Group { name: self.name.clone(), gid, members: Vec::new() }
    }

    fn add(&self, gid: Option<u32>) -> Command {
        let mut argv = vec!["groupadd".to_owned()];
        if let Some(gid) = gid {
            argv.extend(["-g".into(), gid.to_string()]);
            if self.non_unique {
                argv.push("-o".into());
            }
        }
        if self.system {
            argv.push("-r".into());
        }
        for (key, value) in [("GID_MIN", self.gid_min), ("GID_MAX", self.gid_max)] {
            if let Some(value) = value {
                argv.extend(["-K".into(), format!("{key}={value}")]);
            }
        }
        argv.extend(["--".into(), self.name.clone()]);
        Command::new(argv)
    }
}

/// Whether the group file has it. A group without a number is planned, so it will.
fn is_local(host: &dyn Host, group: &Group) -> Result<bool> {
    if group.gid.is_none() {
        return Ok(true);
    }
    let file = host.content(Path::new("/etc/group"))?;
    let text = file.text().unwrap_or_default();
    Ok(text.lines().any(|line| line.split(':').next() == Some(&group.name)))
}
