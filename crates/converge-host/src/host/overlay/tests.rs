use std::path::Path;

use super::{Overlay, assume};
use crate::blob::Blob;
use crate::change::{ActChange, Before, Change, FileChange, FileKind, FileState, RunChange, Sign};
use crate::host::expected::Expected;
use crate::host::memory::Memory;
use crate::host::{Command, Existence, Host, Look, NodeKind, Principal, Scope, User};
use crate::modules::known;
use crate::stop::{Result, Stop, Why};

fn memory() -> Memory {
    Memory::new()
        .with_file("/etc/app/conf", "old", 0o644, "root")
        .with_file("/etc/app/sub/deep", "deep", 0o644, "root")
        .with_link("/etc/alias", "app")
        .with_user("ada", 1000)
        .with_group("wheel", 10, &["ada"])
}

fn state(kind: FileKind) -> FileState {
    FileState { mode: Some(0o600), ..FileState::of(kind) }
}

fn file(text: &str) -> Option<FileState> {
    Some(state(FileKind::File(Blob::new(text.as_bytes()))))
}

fn dir() -> Option<FileState> {
    Some(state(FileKind::Dir))
}

fn was(kind: FileKind) -> Before {
    Before::Is(state(kind))
}

fn change(path: &str, before: Before, after: Option<FileState>) -> Change {
    Change::File(FileChange::new(path, before, after))
}

fn run(shown: &str, creates: Option<&str>, removes: Option<&str>) -> Change {
    Change::Run(RunChange {
        command: Command::new(["true"]),
        shown: shown.into(),
        creates: creates.map(Into::into),
        removes: removes.map(Into::into),
        script: None,
        strip: true,
    })
}

struct Plan {
    memory: Memory,
    expected: Expected,
}

/// What is planned, step by step; a package stands for itself by its name.
fn plan(steps: &[Result<Change, &str>]) -> Plan {
    let (memory, mut expected) = (memory(), Expected::default());
    for step in steps {
        match step {
            Ok(change) => assume(&memory, &mut expected, std::slice::from_ref(change)).unwrap(),
            Err(package) => expected.package_pending(package),
        }
    }
    Plan { memory, expected }
}

impl Plan {
    fn host(&self) -> Overlay<'_> {
        Overlay { base: &self.memory, expected: &self.expected }
    }

    /// What stands at a path, in a word.
    #[track_caller]
    fn check(&self, path: &str, want: &str) {
        let host = self.host();
        let got = match host.look(Path::new(path)).unwrap() {
            Look::Absent => "absent".to_owned(),
            Look::Unknown(why) => format!("? {why}"),
            Look::Is(node) => match node.kind {
                NodeKind::File => host.content(Path::new(path)).unwrap().text().unwrap().to_owned(),
                NodeKind::Dir => host.list(Path::new(path)).unwrap().join(" "),
                NodeKind::Link(target) => format!("-> {}", target.display()),
                NodeKind::Special(_) => "special".into(),
            },
        };
        assert_eq!(got, want, "{path}");
    }
}

#[test]
fn planned_files_are_seen() {
    let plan = plan(&[
        Ok(change("/etc/app/conf", was(FileKind::Untouched), file("new"))),
        Ok(change("/etc/app/more", Before::Absent, file("more"))),
        Ok(change("/opt/a", Before::Absent, dir())),
        Ok(change("/opt/a/f", Before::Absent, file("x"))),
        Ok(change("/opt/l", Before::Absent, Some(state(FileKind::Link("a".into()))))),
        Ok(change("/opt/l/g", Before::Absent, file("through the link"))),
        Ok(change("/opt/h", Before::Absent, Some(state(FileKind::Hard("/etc/app/conf".into()))))),
    ]);
    plan.check("/etc/app/conf", "new");
    plan.check("/etc/alias/conf", "new");
    plan.check("/etc/app/../app/conf", "new");
    plan.check("/etc/app", "conf more sub");
    plan.check("/etc/alias/sub/deep", "deep");
    plan.check("/opt/a", "f g");
    plan.check("/opt/a/g", "through the link");
    plan.check("/opt/l", "-> a");
    plan.check("/opt/h", "new");
    plan.check("/opt/a/f/below", "absent");
}

#[test]
fn what_is_removed_hides_what_is_below() {
    let removed = change("/etc/app", was(FileKind::Dir), None);
    let made = change("/etc/app", Before::Absent, dir());
    let gone = plan(&[Ok(removed.clone())]);
    gone.check("/etc/app", "absent");
    gone.check("/etc/app/sub/deep", "absent");
    gone.check("/etc/alias/conf", "absent");
    gone.check("/etc", "alias");
    let again =
        plan(&[Ok(removed), Ok(made), Ok(change("/etc/app/new", Before::Absent, file("n")))]);
    again.check("/etc/app", "new");
    again.check("/etc/app/conf", "absent");
    let chmod = plan(&[Ok(change("/etc/app", was(FileKind::Dir), dir()))]);
    chmod.check("/etc/app", "conf sub");
    let replaced = plan(&[Ok(change("/etc/app", was(FileKind::Dir), file("now a file")))]);
    replaced.check("/etc/app/conf", "absent");
}

#[test]
fn packages_may_bring_what_is_not_there() {
    let plan = plan(&[Ok(change("/opt/own", Before::Absent, dir())), Err("nginx")]);
    plan.check("/etc/nginx/nginx.conf", "? package nginx");
    plan.check("/etc/app/conf", "old");
    plan.check("/usr/sbin/nginx", "? package nginx");
    for path in
        ["/home/x", "/root/x", "/tmp/x", "/srv/x", "/usr/local/bin/x", "/run/x", "/var/tmp/x"]
    {
        plan.check(path, "absent");
    }
    plan.check("/opt/own/x", "absent");
    let host = plan.host();
    assert_eq!(host.program("nginx"), Err(Stop::unknown("package nginx")));
    assert_eq!(host.user("www-data"), Err(Stop::unknown("package nginx")));
    assert_eq!(host.group("www-data"), Err(Stop::unknown("package nginx")));
    assert_eq!(host.user("ada").unwrap().unwrap().uid, Some(1000));
    let unit = host.unit("nginx.service", Scope::System).unwrap();
    assert!(matches!(unit.exists, Existence::Unknown(_)));
    assert!(host.unsettled().is_some());
}

#[test]
fn what_is_called_alike_is_the_likeliest_to_bring_it() {
    let plan = plan(&[Err("curl"), Err("postgresql-17")]);
    plan.check("/etc/postgresql/17/main", "? package postgresql-17");
    plan.check("/etc/app/new", "? package curl");
    plan.check("/etc/other/new", "? a package that is planned");
}

#[test]
fn what_is_settled_later_is_settled() {
    let unknown = || Before::Unknown(crate::stop::Why("package nginx".into()));
    let later = plan(&[
        Err("nginx"),
        Ok(change("/etc/nginx", unknown(), dir())),
        Ok(change("/etc/nginx/own", unknown(), file("x"))),
        Ok(change("/etc/nginx/default", unknown(), None)),
    ]);
    later.check("/etc/nginx/own", "x");
    later.check("/etc/nginx/default", "absent");
    later.check("/etc/nginx/other", "? package nginx");
    let before = plan(&[Ok(change("/etc/app/conf", was(FileKind::Untouched), None)), Err("app")]);
    before.check("/etc/app/conf", "? package app");
}

#[test]
fn commands_may_bring_anything() {
    let plan = plan(&[
        Ok(change("/opt/own", Before::Absent, dir())),
        Ok(run("make", Some("/opt/own/made"), Some("/etc/app/conf"))),
        Ok(change("/opt/own/after", Before::Absent, file("mine"))),
    ]);
    plan.check("/home/x", "? command `make`");
    plan.check("/opt/own/x", "? command `make`");
    plan.check("/opt/own/after", "mine");
    plan.check("/etc/app/conf", "? command `make`");
    let host = plan.host();
    assert_eq!(host.exists(Path::new("/opt/own/made")), Ok(true));
    assert!(matches!(host.exists(Path::new("/etc/app/conf")), Err(Stop::Unknown(_))));
}

#[test]
fn units_have_the_files_that_are_planned() {
    let path = "/etc/systemd/system/own.service";
    let plan = plan(&[Ok(change(path, Before::Absent, file("[Service]")))]);
    let unit = plan.host().unit("own.service", Scope::System).unwrap();
    assert_eq!((unit.exists, unit.active), (Existence::Yes, false));
}

#[test]
fn accounts_are_those_that_are_planned() {
    let Plan { memory, mut expected } = plan(&[]);
    let group = Principal { name: "bob".into(), id: None };
    let bob = User { name: "bob".into(), uid: None, group, ..memory.user("ada").unwrap().unwrap() };
    expected.users.insert("bob".into(), Some(bob));
    expected.users.insert("ada".into(), None);
    expected.memberships.insert("bob".into(), vec!["wheel".into()]);
    let host = Overlay { base: &memory, expected: &expected };
    assert_eq!(host.user("bob").unwrap().unwrap().uid, None);
    assert_eq!(host.user("ada").unwrap(), None);
    assert_eq!(host.user_by_id(1000).unwrap(), None);
    assert_eq!(host.group("bob").unwrap().unwrap().gid, None);
    assert_eq!(host.group("wheel").unwrap().unwrap().members, ["bob"]);
}

#[test]
fn a_value_that_may_be_set_is_in_doubt_until_it_is_set() {
    let act = |value: &str| {
        let act = ActChange::new(Sign::Modify, "sysctl x");
        Change::Act(act.sets("sysctl x", None, Some(value.into())))
    };
    let (memory, mut expected) = (memory(), Expected::default());
    let mut then = expected.clone();
    assume(&memory, &mut then, &[act("1")]).unwrap();
    expected.may_become(&then, &Why("a condition".into()));
    let read = |expected: &Expected| {
        let host = Overlay { base: &memory, expected };
        known::value(&host, "sysctl x", || Ok(Some("0".into())))
    };
    assert_eq!(read(&expected), Err(Stop::unknown("a condition")));
    assume(&memory, &mut expected, &[act("2")]).unwrap();
    assert_eq!(read(&expected), Ok(Some("2".into())));
}

#[test]
fn circles_of_links_are_named() {
    let link = |target: &str| Some(state(FileKind::Link(target.into())));
    let plan = plan(&[
        Ok(change("/opt/a", Before::Absent, link("b"))),
        Ok(change("/opt/b", Before::Absent, link("a"))),
    ]);
    let failed = plan.host().look(Path::new("/opt/a/x")).unwrap_err().to_string();
    assert_eq!(failed, "too many levels of symbolic links at `/opt/a/x`");
}
