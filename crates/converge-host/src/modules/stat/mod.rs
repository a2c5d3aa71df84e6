//! `stat`: what stands at a path.

mod content;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::Args;
use crate::change::Changes;
use crate::checksum::Algorithm;
use crate::data::{Data, Map};
use crate::host::flags;
use crate::host::{Host, Look, Node, NodeKind, Special};
use crate::modules::Module;
use crate::modules::files::absolute;
use crate::stop::{Result, Stop};

/// Tells what stands at a path.
///
/// It changes nothing. What is not there is told as `stat.exists: false`.
#[derive(Args)]
#[module(name = "stat")]
pub(crate) struct Stat {
    /// The path.
    #[arg(alias = "dest", alias = "name")]
    path: PathBuf,
    /// Where the path is a link, tell what it points to.
    #[arg(default = "no")]
    follow: bool,
    /// Tell the checksum of a file.
    #[arg(default = "yes")]
    get_checksum: bool,
    /// How the checksum is made.
    #[arg(alias = "checksum", alias = "checksum_algo", default = "sha1")]
    checksum_algorithm: Algorithm,
    /// Tell what sort of content a file has, by file(1).
    #[arg(alias = "mime", alias = "mime_type", alias = "mime-type", default = "yes")]
    get_mime: bool,
    /// Tell the flags of chattr(1).
    #[arg(alias = "attr", alias = "attributes", default = "yes")]
    get_attributes: bool,
    /// Tell the SELinux context.
    #[arg(default = "no")]
    get_selinux_context: bool,
}

impl Module for Stat {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = absolute(&self.path, host);
        let (at, look) =
            if self.follow { host.resolve(&path)? } else { (path.clone(), host.look(&path)?) };
        let mut stat = Map::new();
        match look {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Absent => {
                stat.insert("exists".into(), false.into());
            }
            Look::Is(node) => self.tell(&path, &at, &node, host, &mut stat)?,
        }
        changes.set("stat", stat);
        Ok(())
    }
}

impl Stat {
    fn tell(
        &self,
        path: &Path,
        at: &Path,
        node: &Node,
        host: &dyn Host,
        stat: &mut Map,
    ) -> Result<()> {
        let access = Access::of(node, host)?;
        let mut set = |name: &str, value: Data| stat.insert(name.to_owned(), value);
        set("exists", true.into());
        set("path", self.path.display().to_string().into());
        set("mode", format!("{:04o}", node.mode).into());
        kinds(&node.kind, &mut set);
        bits(node.mode, &mut set);
        let whole = |number: u64| Data::Int(i64::try_from(number).unwrap_or(i64::MAX));
        set("uid", node.owner.id.map_or(Data::Null, Data::from));
        set("gid", node.group.id.map_or(Data::Null, Data::from));
        // A number that no account has has no name either.
        let named = |name: &str| {
            (!name.bytes().all(|digit| digit.is_ascii_digit())).then(|| name.to_owned())
        };
        if let Some(name) = named(&node.owner.name) {
            set("pw_name", name.into());
        }
        if let Some(name) = named(&node.group.name) {
            set("gr_name", name.into());
        }
        set("size", whole(node.size));
        set("inode", whole(node.inode));
        set("dev", whole(node.device));
        set("nlink", whole(node.links));
        set("blocks", whole(node.blocks));
        set("block_size", whole(node.block_size));
        set("device_type", whole(node.stands_for));
        set("atime", seconds(node.accessed));
        set("mtime", seconds(node.modified));
        set("ctime", seconds(node.changed));
        // Access is that to what a link points to.
        let access = match &node.kind {
            NodeKind::Link(_) => match host.resolve(at)?.1 {
                Look::Is(target) => Access::of(&target, host)?,
                _ => Access::default(),
            },
            _ => access,
        };
        set("readable", access.read.into());
        set("writeable", access.write.into());
        set("executable", access.execute.into());
        if let NodeKind::Link(target) = &node.kind {
            set("lnk_target", target.display().to_string().into());
            set("lnk_source", host.resolve(at)?.0.display().to_string().into());
        }
        if let (true, Some(context)) = (self.get_selinux_context, &node.selinux) {
            set("selinux_context", context.split(':').map(Data::from).collect::<Vec<_>>().into());
        }
        if self.get_checksum && node.kind == NodeKind::File && access.read {
            set("checksum", host.checksum(at, self.checksum_algorithm)?.into());
        }
        if self.get_mime {
            let (mimetype, charset) = content::sort(path, at, node, host)?;
            set("mimetype", mimetype.into());
            set("charset", charset.into());
        }
        if self.get_attributes {
            let flags = host.flags(at)?.unwrap_or(0);
            set("attr_flags", flags::letters(flags).into());
            set("attributes", flags::names(flags).into());
        }
        Ok(())
    }
}

/// What the user may do, by the permission bits.
#[derive(Clone, Copy, Default)]
struct Access {
    read: bool,
    write: bool,
    execute: bool,
}

impl Access {
    fn of(node: &Node, host: &dyn Host) -> Result<Self> {
        let user = host.identity();
        if user.uid == Some(0) {
            let execute = node.kind == NodeKind::Dir || node.mode & 0o111 != 0;
            return Ok(Self { read: true, write: true, execute });
        }
        let shift = if node.owner == user.principal() {
            6
        } else if node.group == user.group || member(&user.name, node, host)? {
            3
        } else {
            0
        };
        let bits = node.mode >> shift;
        Ok(Self { read: bits & 4 != 0, write: bits & 2 != 0, execute: bits & 1 != 0 })
    }
}

fn member(user: &str, node: &Node, host: &dyn Host) -> Result<bool> {
    let groups = host.groups()?;
    Ok(groups.iter().any(|group| {
        group.principal() == node.group && group.members.iter().any(|member| member == user)
    }))
}

fn kinds(kind: &NodeKind, set: &mut dyn FnMut(&str, Data) -> Option<Data>) {
    let special = |wanted: Special| Data::Bool(*kind == NodeKind::Special(wanted));
    set("isdir", (*kind == NodeKind::Dir).into());
    set("ischr", special(Special::CharDevice));
    set("isblk", special(Special::BlockDevice));
    set("isreg", (*kind == NodeKind::File).into());
    set("isfifo", special(Special::Fifo));
    set("islnk", matches!(kind, NodeKind::Link(_)).into());
    set("issock", special(Special::Socket));
}

fn bits(mode: u32, set: &mut dyn FnMut(&str, Data) -> Option<Data>) {
    for (at, name) in
        ["xoth", "woth", "roth", "xgrp", "wgrp", "rgrp", "xusr", "wusr", "rusr"].iter().enumerate()
    {
        set(name, (mode >> at & 1 == 1).into());
    }
    set("isgid", (mode & 0o2000 != 0).into());
    set("isuid", (mode & 0o4000 != 0).into());
}

fn seconds(time: SystemTime) -> Data {
    Data::Float(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use crate::data::{Data, Map};
    use crate::host::real::Real;
    use crate::modules::scenario::Scenario;

    fn stat(entries: &[&str], args: &[(&str, Data)]) -> Map {
        let scenario = Scenario::new(entries);
        scenario.run("stat", args).results["stat"].as_map().unwrap().clone()
    }

    #[test]
    fn what_stands_there_is_told() {
        let told = stat(&["f=x!4755"], &[("path", "$T/f".into())]);
        let mut keys: Vec<_> = told.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys.join(" "),
            "atime attr_flags attributes block_size blocks charset checksum ctime dev device_type \
             executable exists gid gr_name inode isblk ischr isdir isfifo isgid islnk isreg issock \
             isuid mimetype mode mtime nlink path pw_name readable rgrp roth rusr size uid wgrp woth \
             writeable wusr xgrp xoth xusr"
        );
        let own = Real::new().identity;
        assert_eq!(told["pw_name"], Data::from(own.name));
        assert_eq!(told["mode"], Data::from("4755"));
        assert_eq!(told["checksum"], Data::from("11f6ad8ec52a2984abaafd7c3b516503785c2072"));
        for (key, want) in
            [("isuid", true), ("isgid", false), ("xoth", true), ("woth", false), ("isreg", true)]
        {
            assert_eq!(told[key], Data::from(want), "{key}");
        }
    }

    #[test]
    fn links_are_followed_where_that_is_asked_for() {
        let told = stat(&["f=x", "l->f"], &[("path", "$T/l".into())]);
        assert_eq!((&told["islnk"], &told["lnk_target"]), (&true.into(), &"f".into()));
        assert!(!told.contains_key("checksum"));
        assert_eq!(told["mimetype"], Data::from("inode/symlink"));
        let follow =
            [("path", "$T/l".into()), ("follow", true.into()), ("checksum_algo", "md5".into())];
        let told = stat(&["f=x", "l->f"], &follow);
        assert_eq!((&told["isreg"], &told["nlink"]), (&true.into(), &Data::Int(1)));
        assert_eq!(told["checksum"], Data::from("9dd4e461268c8034f5c8564e155c67a6"));
        let told = stat(&["l->no"], &follow);
        assert_eq!(told.len(), 1);
        assert_eq!(told["exists"], Data::from(false));
    }

    #[test]
    fn what_is_not_asked_for_is_not_told() {
        let told = stat(
            &["d/"],
            &[
                ("path", "$T/d".into()),
                ("get_mime", false.into()),
                ("get_attributes", false.into()),
            ],
        );
        assert_eq!((&told["isdir"], &told["executable"]), (&true.into(), &true.into()));
        assert!(!told.contains_key("mimetype") && !told.contains_key("attr_flags"));
    }
}
