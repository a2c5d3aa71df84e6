//! `hold`: who changes a host, and whom others are kept away for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::args::{Args, Choice, Mode};
use crate::blob::Blob;
use crate::change::{Change, Changes, FileChange, FileKind};
use crate::data::{Data, Map};
use crate::hold::{Hold, files};
use crate::host::{Host, Look, Node, NodeKind};
use crate::lease;
use crate::modules::Module;
use crate::modules::files::{Attributes, Subject, make_folders};
use crate::stop::{Result, Stop};
use crate::wire::Holder;

/// Where the kernel lists the locks; proc_locks(5).
const LOCKS: &str = "/proc/locks";

/// Tells who changes a host and who keeps others away from it, and does the latter.
///
/// `converge lock` writes its arguments. It returns `run` (who changes the host right now) and `hold`.
#[derive(Args, Debug)]
#[module(name = "hold", collection = "converge.core")]
pub(crate) struct HoldModule {
    /// What is wanted.
    #[arg(default = "told")]
    state: State,
    /// Who, as `ann@desk`.
    who: Option<String>,
    /// The run.
    run: Option<String>,
    /// Since when, in words.
    since: Option<String>,
    /// Why.
    reason: Option<String>,
    /// For how many seconds; until it is released where nothing is said.
    seconds: Option<i64>,
    /// Release also what somebody else holds.
    #[arg(default = "no")]
    force: bool,
}

/// What is wanted.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To know.
    Told,
    /// To keep others away.
    Held,
    /// Not to keep them away any more.
    Released,
}

impl Module for HoldModule {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let files = files(host.identity());
        let Some(own) = files.first() else { return Ok(()) };
        let mut holds = Vec::new();
        for file in &files {
            holds.extend(read(file, host)?.map(|hold| (file, hold)));
        }
        changes.set("run", running(host)?.as_ref().map_or(Data::Null, told));
        let hold = holds.first().map_or(Data::Null, |(_, (hold, left))| hold_told(hold, *left));
        changes.set("hold", hold);
        let who = self.who.as_deref().unwrap_or_default();
        let others = holds.iter().find(|(_, (hold, _))| hold.keeps_away(who) && !self.force);
        match (self.state, others) {
            (State::Told, _) => Ok(()),
            (_, Some((_, (hold, _)))) => Err(Stop::failed(refusal(hold))),
            (State::Held, None) => self.hold(own, &holds, host, changes),
            (State::Released, None) => release(&files, host, changes),
        }
    }
}

impl HoldModule {
    fn hold(
        &self,
        own: &Path,
        holds: &[(&PathBuf, (Hold, Option<Duration>))],
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let hold = Hold {
            holder: Holder { run: text(&self.run), who: text(&self.who), since: text(&self.since) },
            reason: text(&self.reason),
            lasts: self.seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        };
        if holds.iter().any(|(file, (there, _))| file.as_path() == own && *there == hold) {
            return Ok(());
        }
        let readable = |mode: &str| Attributes::default().with_mode(Some(Mode(mode.to_owned())));
        if let Some(folder) = own.parent() {
            make_folders(folder, &readable("0755"), &mut BTreeSet::new(), host, changes)?;
        }
        let file = Subject::at(own, host)?;
        let before = file.before_with_content()?;
        let content = FileKind::File(Blob::new(hold.text().as_bytes()));
        let mut after = file.after(content)?;
        after.mode = Some(0o644);
        changes.push(Change::File(FileChange::new(own, before, Some(after))));
        Ok(())
    }
}

/// Nobody is kept away any more, by whom it may be.
fn release(files: &[PathBuf], host: &dyn Host, changes: &mut Changes) -> Result<()> {
    for path in files {
        let file = Subject::at(path, host)?;
        if matches!(file.kind(), Some(NodeKind::File)) {
            let before = file.before_with_content()?;
            changes.push(Change::File(FileChange::new(path, before, None)));
        }
    }
    Ok(())
}

/// Who keeps others away by this file, and how long still.
fn read(path: &Path, host: &dyn Host) -> Result<Option<(Hold, Option<Duration>)>> {
    let Look::Is(Node { kind: NodeKind::File, modified, .. }) = host.look(path)? else {
        return Ok(None);
    };
    let bytes = host.fetch(&host.content(path)?)?;
    let hold = Hold::read(&String::from_utf8_lossy(&bytes));
    let now = SystemTime::now();
    let age = now.duration_since(modified).unwrap_or_default();
    let left = hold.lasts.map(|lasts| lasts.saturating_sub(age));
    Ok(hold.holds(modified, now).then_some((hold, left)))
}

/// Who changes the host right now: the file says who, and the kernel whether they still do.
fn running(host: &dyn Host) -> Result<Option<Holder>> {
    let path = lease::file(host.identity());
    let Look::Is(Node { kind: NodeKind::File, inode, .. }) = host.look(&path)? else {
        return Ok(None);
    };
    let locks = host.fetch(&host.content(Path::new(LOCKS))?)?;
    if !is_locked(&String::from_utf8_lossy(&locks), inode) {
        return Ok(None);
    }
    let text = host.fetch(&host.content(&path)?)?;
    Ok(Some(lease::holder(&String::from_utf8_lossy(&text))))
}

/// Whether flock(2) holds a file of this inode: `1: FLOCK  ADVISORY  WRITE 812 00:17:1043 0 EOF`.
fn is_locked(locks: &str, inode: u64) -> bool {
    locks.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = fields.get(5).and_then(|field| field.rsplit(':').next());
        fields.get(1) == Some(&"FLOCK") && number == Some(&inode.to_string())
    })
}

fn told(holder: &Holder) -> Data {
    let Holder { run, who, since } = holder;
    Data::Map(Map::from([
        ("run".to_owned(), Data::from(run.as_str())),
        ("who".to_owned(), Data::from(who.as_str())),
        ("since".to_owned(), Data::from(since.as_str())),
    ]))
}

fn hold_told(hold: &Hold, left: Option<Duration>) -> Data {
    let Data::Map(mut map) = told(&hold.holder) else { return Data::Null };
    map.insert("reason".to_owned(), Data::from(hold.reason.as_str()));
    let left = left.map(|left| i64::try_from(left.as_secs()).unwrap_or(i64::MAX));
    map.insert("left".to_owned(), left.map_or(Data::Null, Data::Int));
    Data::Map(map)
}

/// What is said where somebody keeps others away.
pub(crate) fn refusal(hold: &Hold) -> String {
    let Holder { who, since, .. } = &hold.holder;
    let reason = if hold.reason.is_empty() { String::new() } else { format!(": {}", hold.reason) };
    format!(
        "{who} keeps others away from this host since {since}{reason}; nothing was done (`converge lock release` ends that)"
    )
}

#[cfg(test)]
mod tests {
    use super::is_locked;
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;

    const LOCKS: &str = "1: FLOCK  ADVISORY  WRITE 812 00:17:1044 0 EOF\n";

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_file("/proc/locks", LOCKS, 0o444, "root")
            .with_dir("/var/lib", 0o755, "root")
            .with_file("/run/converge/lease", "1ng1w3zab\nann@desk\nnow\n", 0o600, "root");
        Desk::new(memory)
    }

    fn args(state: &'static str, who: &'static str) -> [(&'static str, Data); 5] {
        [
            ("state", state.into()),
            ("who", who.into()),
            ("run", "x".into()),
            ("since", "2026-11-26 10:00 UTC".into()),
            ("reason", "a new disk".into()),
        ]
    }

    #[test]
    fn others_are_kept_away_until_they_are_not() {
        let mut desk = desk();
        let held = desk.run("converge.core.hold", &args("held", "ann@desk"));
        assert_eq!(held.changes.len(), 2, "the folder and the file");
        assert!(desk.text("/var/lib/converge/hold").ends_with("\na new disk\n"));
        let told = desk.run("converge.core.hold", &[("state", "told".into())]);
        let Data::Map(hold) = &told.results["hold"] else { panic!("{told:?}") };
        assert_eq!((&hold["who"], &hold["left"]), (&"ann@desk".into(), &Data::Null));
        assert_eq!(told.results["run"], Data::Null, "nothing holds that inode");
        let refusal = "ann@desk keeps others away from this host since 2026-11-26 10:00 UTC: a new disk; nothing was done \
                       (`converge lock release` ends that)";
        desk.fails("converge.core.hold", &args("held", "bob@desk"), refusal);
        desk.fails("converge.core.hold", &args("released", "bob@desk"), refusal);
        let mut forced = args("released", "bob@desk").to_vec();
        forced.push(("force", true.into()));
        assert_eq!(desk.run("converge.core.hold", &forced).changes.len(), 1);
        assert!(desk.run("converge.core.hold", &args("held", "bob@desk")).changed);
        assert!(desk.run("converge.core.hold", &args("released", "bob@desk")).changed);
        assert!(!desk.run("converge.core.hold", &args("released", "bob@desk")).changed);
    }

    #[test]
    fn locks_are_found_by_their_inode() {
        let locks = "1: POSIX  ADVISORY  READ 700 fe:00:1043 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 812 00:17:1044 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 813 00:17:1045 0 EOF\n";
        assert!(is_locked(locks, 1044));
        assert!(!is_locked(locks, 1043) && !is_locked(locks, 44) && !is_locked(locks, 1045));
        assert!(!is_locked("", 1));
    }
}
