//! Plans written and read, compared and applied once.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use converge_host::blob::Blob;
use converge_host::change::{
    ActChange, Before, Change, FileChange, FileKind, FileState, Sign, UserChange,
};
use converge_host::host::Command;

use crate::record::testing::{changed, edited, play, story, task};
use crate::record::{HIDDEN, Record};
use crate::redact::{Redactor, Secret};
use crate::saved::{
    About, Bound, PlanKey, Saved, SavedError, Step, bind, differences, read, spend, spent, write,
};

fn key(folder: &Path) -> PlanKey {
    PlanKey::open(Some(folder), None).unwrap()
}

fn file(path: &str, before: &str, after: &str) -> Change {
    let state = |text: &str| FileState::of(FileKind::File(Blob::new(text.as_bytes())));
    Change::File(FileChange::new(path, Before::Is(state(before)), Some(state(after))))
}

fn user(hash: &str) -> Change {
    let command = Command {
        stdin: Some(format!("web:{hash}\n").into_bytes()),
        ..Command::new(["chpasswd", "-e"])
    };
    Change::User(UserChange { commands: vec![command], ..UserChange::default() })
}

fn step<'a>(changes: &'a [Change], hidden: bool) -> Step<'a> {
    Step { place: "a.yml:1:3", host: "web", item: None, count: 0, changes, open: None, hidden }
}

fn saved(key: &PlanKey, changes: &[Change], hidden: bool) -> Saved {
    Saved {
        made_ms: 1_795_223_679_000,
        verified: true,
        about: About { converge: "0.1.0".into(), ..About::default() },
        steps: vec![bind(&step(changes, hidden), key, &Redactor::new())],
        story: story(vec![
            play("web", &["web"]),
            task(1, "motd", "copy"),
            Record::Step(1, changed("web", vec![edited("/etc/motd", "a", "b")])),
        ]),
        ..Saved::default()
    }
}

#[test]
fn what_commands_have_in_their_environment_is_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (key, path) = (key(folder.path()), folder.path().join("a.plan"));
    let act = |password: &str| {
        let command = Command::new(["psql"]).env("PGPASSWORD", password);
        Change::Act(ActChange::new(Sign::Create, "database shop").does(command))
    };
    let (plan, other) =
        (saved(&key, &[act("s3cret-word")], false), saved(&key, &[act("another")], false));
    assert_ne!(plan.steps, other.steps, "that it is another one is seen all the same");
    write(&path, &plan, &key).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("database shop") && !text.contains("s3cret-word"), "{text}");
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (key, path) = (key(folder.path()), folder.path().join("a.plan"));
    let mut plan = saved(&key, &[file("/etc/motd", "a", "b")], false);
    plan.id = write(&path, &plan, &key).unwrap();
    assert_eq!(read(&path, Some(&key)).unwrap(), plan);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&path, None).unwrap(), Saved { verified: false, ..plan.clone() });
    let again = write(&path, &plan, &key);
    assert_eq!(again, Err(SavedError::Exists { path: path.clone() }), "nothing is overwritten");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "the key and the plan: {left:?}");
}

#[test]
fn the_same_plan_differs_in_its_name_and_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let text = |name: &str, made_ms: i64| {
        let path = folder.path().join(name);
        let plan = Saved { made_ms, ..saved(&key, &[file("/etc/motd", "a", "b")], true) };
        let id = write(&path, &plan, &key).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&id));
        text.replace(&id, "ID").replace(&made_ms.to_string(), "TIME")
    };
    assert_eq!(text("a", 1_795_223_679_000), text("b", 1_795_223_680_000));
}

#[test]
fn whatever_is_changed_by_hand_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (key, path) = (key(folder.path()), folder.path().join("a.plan"));
    let plan = saved(&key, &[file("/etc/motd", "a", "b")], false);
    write(&path, &plan, &key).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let with = |text: String| {
        fs::write(&path, text).unwrap();
        read(&path, Some(&key)).map(|_| "accepted").unwrap_err()
    };
    let tampered = SavedError::Tampered { path: path.clone() };
    for (old, new) in [("/etc/motd", "/etc/passwd"), ("\"made_ms\":17", "\"made_ms\":18")] {
        assert!(text.contains(old));
        assert_eq!(with(text.replace(old, new)), tampered);
    }
    let cut = text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(with(cut), tampered);
    let newer = with(text.replace("\"converge_plan\":1", "\"converge_plan\":2"));
    assert_eq!(newer, SavedError::Version { path: path.clone(), version: 2 });
    assert!(matches!(with("hello\nworld\n".into()), SavedError::NoPlan { .. }));
    assert!(matches!(with(String::new()), SavedError::NoPlan { .. }));
}

#[test]
fn no_secret_is_in_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let redactor = Redactor::new();
    redactor.add(&Secret::new("hunter22"));
    let sha = |text: &str| Blob::new(text.as_bytes()).digest.hex();
    let told = |changes: &[Change], hidden: bool| {
        serde_json::to_string(&bind(&step(changes, hidden), &key, &redactor)).unwrap()
    };
    // A digest of a secret is as good as the secret to whoever can guess it.
    let secret = [file("/etc/key", "old", "hunter22")];
    let text = told(&secret, false);
    assert!(text.contains("sealed") && !text.contains(&sha("hunter22")), "{text}");
    let text = told(&[file("/etc/other", "old", "new")], true);
    assert!(text.contains(HIDDEN) && !text.contains("/etc/other"), "{text}");
    assert!(!text.contains(&sha("new")), "{text}");
    let text = told(&[user("$6$salt$hash")], false);
    assert!(!text.contains(&format!("{:?}", b"web:$6$").replace(' ', "")[1..20]), "{text}");
    let item = Step { item: Some("hunter22"), ..step(&[], false) };
    assert!(!serde_json::to_string(&bind(&item, &key, &redactor)).unwrap().contains("hunter22"));
}

#[test]
fn what_moved_is_named_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let bound = |changes: &[Change], hidden: bool| -> Vec<Bound> {
        vec![bind(&step(changes, hidden), &key, &Redactor::new())]
    };
    let none = BTreeSet::new();
    let (one, other) = ([file("/etc/motd", "a", "b")], [file("/etc/motd", "c", "b")]);
    assert_eq!(differences(&bound(&one, false), &bound(&one, false), &none), []);
    assert_eq!(differences(&bound(&one, true), &bound(&one, true), &none), []);
    assert_eq!(differences(&bound(&one, true), &bound(&other, true), &none).len(), 1);
    let salts = [bound(&[user("$6$a$1")], false), bound(&[user("$6$b$2")], false)];
    assert_eq!(differences(&salts[0], &salts[1], &none), [], "a hash is made anew each time");
    let moved = differences(&bound(&one, false), &bound(&other, false), &none);
    assert_eq!((moved.len(), moved[0].object.as_str()), (1, "/etc/motd"));
    assert!(moved[0].planned != moved[0].now, "{moved:?}");
    let gone = differences(&bound(&one, false), &bound(&[], false), &none);
    assert_eq!(gone[0].now, "nothing to do");
    let unreached = differences(&bound(&one, false), &[], &none);
    assert_eq!(unreached[0].now, "not reached");
    let left_out = BTreeSet::from(["web".to_owned()]);
    assert_eq!(differences(&bound(&one, false), &[], &left_out), []);
}

#[test]
fn a_plan_is_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(spent(folder.path(), "abc").unwrap(), None);
    assert!(spend(folder.path(), "abc", "run 1").unwrap());
    assert!(!spend(folder.path(), "abc", "run 2").unwrap());
    assert_eq!(spent(folder.path(), "abc").unwrap().as_deref(), Some("run 1"));
}

#[test]
fn keys_are_made_once_and_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let made = key(folder.path());
    assert_eq!(key(folder.path()).name(), made.name());
    let file = folder.path().join("plan.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let other = folder.path().join("other");
    fs::write(&other, "x".repeat(40)).unwrap();
    assert_ne!(PlanKey::open(None, Some(&other)).unwrap().name(), made.name());
    fs::write(&other, "short").unwrap();
    assert!(matches!(PlanKey::open(None, Some(&other)), Err(SavedError::NoKey { .. })));
    let path = folder.path().join("a.plan");
    write(&path, &saved(&made, &[], false), &made).unwrap();
    fs::write(&other, "x".repeat(40)).unwrap();
    let foreign = PlanKey::open(None, Some(&other)).unwrap();
    assert!(!read(&path, Some(&foreign)).unwrap().verified);
}
