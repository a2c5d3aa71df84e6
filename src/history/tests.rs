//! The history on real files.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::Connection;

use crate::drift::testing::item;
use crate::drift::{Class, Report};
use crate::event::{Counts, Recap};
use crate::git::Revision;
use crate::history::{FILE, History, HistoryError, Mode, Where};
use crate::record::testing::{changed, edited, failed, play, story, task};
use crate::record::{Head, Lost, Reader, Record, Story};

fn at(folder: &Path) -> Where {
    Where { folder: Some(folder.into()), server: None }
}

fn records() -> Vec<Record> {
    let lost = Lost {
        host: "db".into(),
        message: "refused".into(),
        help: vec!["start it".into()],
        ..Lost::default()
    };
    vec![
        play("web", &["web1", "db"]),
        task(1, "motd", "copy"),
        Record::Step(1, changed("web1", vec![edited("/etc/motd", "a", "b")])),
        Record::Lost(lost),
        task(2, "fails", "command"),
        Record::Step(2, failed("web1", "no")),
        Record::Warning("old".into()),
    ]
}

fn recap() -> Recap {
    let web = Counts { ok: 1, changed: 1, failed: 1, ..Counts::default() };
    Recap::from([
        ("web1".into(), web),
        ("db".into(), Counts { unreachable: 1, ..Counts::default() }),
    ])
}

fn head() -> Head {
    Head { project: "/srv/infra".into(), inventory: vec!["staging".into()], ..Head::default() }
}

fn keep(history: &History, seconds: u64) -> String {
    let started = UNIX_EPOCH + Duration::from_secs(seconds);
    let writer = history.begin(&head(), Mode::Apply, started).unwrap();
    records().iter().for_each(|record| writer.read(record));
    writer.finish("failed", 3, &recap(), started + Duration::from_millis(1500)).unwrap();
    writer.id().to_owned()
}

#[test]
fn runs_of_the_same_second_have_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let begin = |_| history.begin(&head(), Mode::Check, UNIX_EPOCH).unwrap().id().to_owned();
    let names: BTreeSet<String> = (0..200).map(begin).collect();
    assert_eq!(names.len(), 200, "by chance alone, two of so many would have the same");
}

#[test]
fn a_run_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let id = keep(&history, 1_795_223_679);
    let run = history.run(&id).unwrap();
    assert_eq!(run.story, Story { hosts: recap(), ..story(records()) });
    assert_eq!(run.summary.head, head());
    assert_eq!((run.summary.mode, run.summary.exit_code), (Mode::Apply, Some(3)));
    assert_eq!(run.summary.outcome.as_deref(), Some("failed"));
    assert_eq!(run.summary.ended_ms, Some(1_795_223_680_500));
    assert_eq!(
        (run.summary.hosts, run.summary.counts.changed, run.summary.counts.unreachable),
        (2, 1, 1)
    );
}

#[test]
fn runs_are_listed_from_the_newest_and_found_by_the_beginning_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    assert!(History::existing(&at(folder.path())).unwrap().is_none());
    let history = History::open(&at(folder.path())).unwrap();
    let ids: Vec<String> =
        [1_000_000, 2_000_000, 3_000_000].map(|time| keep(&history, time)).into();
    let history = History::existing(&at(folder.path())).unwrap().unwrap();
    let listed: Vec<String> = history.runs(2).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(listed, [ids[2].clone(), ids[1].clone()]);
    assert_eq!(history.run("last").unwrap().summary.id, ids[2]);
    assert_eq!(history.run(&ids[0][..8]).unwrap().summary.id, ids[0]);
    let ambiguous = history.run("0").unwrap_err();
    assert!(matches!(&ambiguous, HistoryError::Ambiguous { matches, .. } if matches.len() == 3));
    assert_eq!(history.run("zzz").unwrap_err().to_string(), "there is no run `zzz`");
    assert!(history.run("%").is_err(), "no pattern");
}

#[test]
fn a_story_that_was_collected_before_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let writer = history.begin(&head(), Mode::Plan, UNIX_EPOCH).unwrap();
    let told = story(records());
    writer.tell(&told);
    writer.finish("pending", 2, &Recap::new(), UNIX_EPOCH).unwrap();
    assert_eq!(history.run(writer.id()).unwrap().story, told);
}

#[test]
fn a_killed_run_leaves_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let writer = history.begin(&head(), Mode::Apply, UNIX_EPOCH).unwrap();
    records().iter().take(3).for_each(|record| writer.read(record));
    let run = History::open(&at(folder.path())).unwrap().run(writer.id()).unwrap();
    assert_eq!((run.summary.ended_ms, run.summary.outcome), (None, None));
    assert_eq!(run.story.plays[0].tasks[0].steps.len(), 1);
}

#[test]
fn the_history_of_a_newer_converge_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(History::open(&at(folder.path())).unwrap());
    let connection = Connection::open(folder.path().join(FILE)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = History::open(&at(folder.path())).err().unwrap();
    assert!(matches!(error, HistoryError::Newer { version: 99, known: 4, .. }), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(FILE),
        "this is no database, however long it may be".repeat(99),
    )
    .unwrap();
    let error = History::open(&at(folder.path())).err().unwrap();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
    assert!(error.help().unwrap().contains("out of the way"));
}

#[test]
fn a_folder_that_cannot_be_made_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = History::open(&at(&file.join("converge"))).err().unwrap();
    assert!(matches!(error, HistoryError::Unwritable { .. }), "{error}");
}

#[test]
fn a_locked_history_ends_the_writing_and_not_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let writer = history.begin(&head(), Mode::Apply, UNIX_EPOCH).unwrap();
    let other = Connection::open(folder.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    history.ask(|database| database.batch("PRAGMA busy_timeout = 0")).unwrap();
    records().iter().for_each(|record| writer.read(record));
    let error = writer.finish("applied", 0, &recap(), UNIX_EPOCH).unwrap_err();
    assert!(matches!(error, HistoryError::Busy { .. }), "{error}");
}

#[test]
fn what_was_applied_last_is_the_newest_whole_run_that_went_well() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let apply = |seconds: u64, commit: &str, options: &[&str], failed: usize| {
        let revision = Revision { commit: Some(commit.into()), ..Revision::default() };
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let about = Head { revision: Some(revision), options, ..head() };
        let started = UNIX_EPOCH + Duration::from_secs(seconds);
        let writer = history.begin(&about, Mode::Apply, started).unwrap();
        let counts = Counts { ok: 1, failed, ..Counts::default() };
        let recap = Recap::from([("web1".into(), counts)]);
        writer.finish("applied", 0, &recap, started).unwrap();
    };
    let commit = |about: &Head| {
        let applied = history.applied(about).unwrap();
        applied.get("web1").and_then(|applied| applied.commit.clone())
    };
    assert_eq!(commit(&head()), None);
    apply(1, "a", &["--limit web1"], 0);
    apply(2, "b", &["--tags nginx"], 0);
    apply(3, "c", &[], 1);
    assert_eq!(commit(&head()).as_deref(), Some("a"));
    apply(4, "d", &["--limit web1"], 0);
    assert_eq!(commit(&head()).as_deref(), Some("d"));
    assert_eq!(commit(&Head { inventory: vec!["prod".into()], ..head() }), None);
    assert_eq!(commit(&Head { playbooks: vec!["reboot.yml".into()], ..head() }), None);
}

#[test]
fn reports_of_drift_are_kept_to_be_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let report = |taken_ms| Report {
        taken_ms,
        inventory: vec!["prod".into()],
        items: vec![item(Class::Drift, "web1", "/etc/motd", "content")],
        ..Report::default()
    };
    assert_eq!(history.last_report(&report(9), false).unwrap(), None);
    history.keep_report(&report(1), true).unwrap();
    history.keep_report(&report(2), false).unwrap();
    let last = |told| history.last_report(&report(9), told).unwrap().unwrap().taken_ms;
    assert_eq!((last(false), last(true)), (2, 1));
    let other = Report { inventory: vec!["staging".into()], ..report(9) };
    assert_eq!(history.last_report(&other, false).unwrap(), None);
    let past = history.past_reports(&report(9), 10).unwrap();
    assert_eq!(past.iter().map(|one| one.taken_ms).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(past[0].counts.drifted, 1);
}

#[test]
fn what_was_applied_last_is_never_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&at(folder.path())).unwrap();
    let apply = |seconds: u64| {
        let started = UNIX_EPOCH + Duration::from_secs(seconds);
        let writer = history.begin(&head(), Mode::Apply, started).unwrap();
        records().iter().for_each(|record| writer.read(record));
        let recap = Recap::from([("web1".into(), Counts { ok: 1, ..Counts::default() })]);
        writer.finish("applied", 0, &recap, started).unwrap();
        writer.id().to_owned()
    };
    let (first, second) = (apply(1), apply(2));
    assert_eq!(history.forget(10_000).unwrap(), 1);
    assert!(matches!(history.run(&first), Err(HistoryError::NoSuchRun { .. })));
    assert_eq!(history.run(&second).unwrap().story.plays.len(), 1);
    assert_eq!(history.applied(&head()).unwrap()["web1"].run, second);
}
