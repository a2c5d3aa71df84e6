//! `history` and `show` on a history written by the library.

use std::time::{Duration, UNIX_EPOCH};

use converge::event::{Counts, Recap};
use converge::history::{History, Mode, Where};
use converge::record::{Head, PlayRecord, Reader as _, Record, StepRecord, TaskRecord, Verdict};

use crate::support::{Project, code, stderr, stdout};

fn at(project: &Project) -> Where {
    Where { folder: project.history().parent().map(Into::into), server: None }
}

/// A project with one run in its history, and the name of the run.
fn project() -> (Project, String) {
    let project = Project::new(&[]);
    let history = History::open(&at(&project)).unwrap();
    let head = Head {
        project: "/srv/infra".into(),
        inventory: vec!["staging".into()],
        playbooks: vec!["playbooks/site.yml".into()],
        ..Head::default()
    };
    let started = UNIX_EPOCH + Duration::from_secs(1_795_223_679);
    let writer = history.begin(&head, Mode::Apply, started).unwrap();
    writer.read(&Record::Play(PlayRecord {
        name: "web".into(),
        hosts: vec!["web1".into()],
        tasks: Vec::new(),
    }));
    writer.read(&Record::Task(TaskRecord {
        number: 1,
        name: "nginx : Check".into(),
        module: "command".into(),
        place: "roles/nginx/tasks/main.yml:1:3".into(),
        ..TaskRecord::default()
    }));
    let failed =
        Verdict::Failed { message: "non-zero return code".into(), ignored: false, rescued: false };
    writer.read(&Record::Step(
        1,
        StepRecord {
            host: "web1".into(),
            delegated: None,
            item: None,
            verdict: failed,
            changes: Vec::new(),
            hidden: false,
            results: None,
            warnings: Vec::new(),
            planned: false,
            probed: false,
            took_ms: 3,
        },
    ));
    let recap = Recap::from([("web1".into(), Counts { failed: 1, ..Counts::default() })]);
    writer.finish("failed", 1, &recap, started + Duration::from_secs(2)).unwrap();
    let id = writer.id().to_owned();
    (project, id)
}

#[test]
fn nothing_was_run() {
    let project = Project::new(&[]);
    insta::assert_snapshot!(project.told(&project.converge("history")), @r"
    exit code 0
    --- stderr
    Nothing was run so far.
    ");
    insta::assert_snapshot!(project.told(&project.converge("show")), @r"
    exit code 1
    --- stderr
    error: there is no run `last`
      help: `converge history` lists the runs
    ");
    assert!(!project.history().exists(), "looking makes no history");
}

#[test]
fn runs_are_listed_and_shown() {
    let (project, id) = project();
    let told = |line: &str| project.told(&project.converge(line)).replace(&id, "[ID]");
    insta::assert_snapshot!(told("history"), @r"
    exit code 0
    --- stdout
    [ID]  2026-11-21 01:14  apply  failed  0 changed  1 host  staging  /srv/infra
    ");
    insta::assert_snapshot!(told("show"), @r"
    exit code 0
    --- stdout
    Run        [ID] 2026-11-21 01:14:39 +00:00, took 2.0 s: apply failed
    Project    /srv/infra (not in git)
    Inventory  staging
    Playbook   playbooks/site.yml
    Hosts      web1

    nginx : Check  (roles/nginx/tasks/main.yml:1:3)
      web1
        × failed: non-zero return code

    web1                       : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0
    ");
    assert_eq!(told("show"), told(&format!("show {id}")));
    insta::assert_snapshot!(told("show zzz"), @r"
    exit code 1
    --- stderr
    error: there is no run `zzz`
      help: `converge history` lists the runs
    ");
}

#[test]
fn programs_get_json() {
    let (project, id) = project();
    let list: serde_json::Value =
        serde_json::from_str(&stdout(&project.converge("history --json"))).unwrap();
    assert_eq!(list[0]["id"], id.as_str());
    assert_eq!(list[0]["counts"]["failed"], 1);
    let run: serde_json::Value =
        serde_json::from_str(&stdout(&project.converge("show last --json"))).unwrap();
    assert_eq!(run["plays"][0]["tasks"][0]["steps"][0]["verdict"], "failed");
    assert_eq!(run["exit_code"], 1);
}

#[test]
fn colours_on_demand() {
    let (project, _) = project();
    assert!(!stdout(&project.converge("show")).contains('\x1b'));
    assert!(stdout(&project.converge("show --color always")).contains("\x1b[31m"));
}

#[test]
fn a_damaged_history_is_said_to_be_damaged() {
    let (project, _) = project();
    std::fs::write(
        project.history(),
        "no database at all, and long enough to be read as one".repeat(50),
    )
    .unwrap();
    let output = project.converge("history");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("is damaged"), "{}", stderr(&output));
    assert!(stderr(&output).contains("out of the way"), "{}", stderr(&output));
}

#[test]
fn runs_are_compared_exported_and_forgotten() {
    let (project, id) = project();
    let told = stdout(&project.converge(&format!("diff {id} last")));
    assert!(told.ends_with("Both did the same.\n"), "{told}");
    let exported = stdout(&project.converge("history --export"));
    let line: serde_json::Value = serde_json::from_str(exported.trim()).unwrap();
    assert_eq!((&line["id"], &line["plays"][0]["name"]), (&id.as_str().into(), &"web".into()));
    let output = project.converge("history --forget soon");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("an age is a number of days or weeks"), "{}", stderr(&output));
    // It is of 2026-11-21: old enough for a day, and a run that failed is nobody's last.
    assert_eq!(stdout(&project.converge("history --forget 1d")), "1 run forgotten.\n");
    assert_eq!(stdout(&project.converge("history --export")), "");
}
