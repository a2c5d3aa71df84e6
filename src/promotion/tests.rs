//! Records that count and records that do not.

use std::time::Duration;

use jiff::Timestamp;

use crate::environment::{Environment, Records, Settings};
use crate::promotion::{FORM, Lack, Pass, Seal, Wanted, items, judge, read};
use crate::record::testing::{changed, edited, play, story, task};
use crate::record::{Record, StepRecord};
use crate::saved::PlanKey;
use crate::source::Source;

const COMMIT: &str = "1111111111111111111111111111111111111111";

/// When the commit of the tests was made.
const MADE: i64 = 1_800_000_000;

fn key() -> (tempfile::TempDir, PlanKey) {
    let folder = tempfile::tempdir().unwrap();
    let key = PlanKey::open(Some(folder.path()), None).unwrap();
    (folder, key)
}

fn prod(more: &str) -> Environment {
    let text = format!("[environments.prod]\nafter = 'staging'\n{more}\n[environments.staging]\n");
    let (settings, problems) =
        Settings::read(&Source::new("converge.toml", text), std::path::Path::new("/p"));
    assert!(problems.is_empty(), "{problems:?}");
    settings.get("prod").unwrap().clone()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(MADE + seconds).unwrap()
}

fn pass() -> Pass {
    Pass {
        converge_pass: FORM,
        environment: "staging".into(),
        commit: COMMIT.into(),
        digest: "d".into(),
        run: "1ng1w3zab".into(),
        by: "ann@desk".into(),
        at: at(600),
        converge: "0.1.0".into(),
        playbooks: vec!["playbooks/site.yml".into()],
        hosts: vec!["s1".into()],
        vars: Vec::new(),
        outside: Vec::new(),
        changes: Vec::new(),
    }
}

/// What is said of this line, an hour after the commit was made.
fn told(environment: &Environment, line: &str, key: &PlanKey) -> Result<(), Lack> {
    told_at(environment, line, key, 3600)
}

fn told_at(environment: &Environment, line: &str, key: &PlanKey, now: i64) -> Result<(), Lack> {
    let playbooks = ["playbooks/site.yml".to_owned()];
    let outside = [("galaxy/role.yml".to_owned(), "o".to_owned())];
    let wanted = Wanted {
        environment,
        commit: COMMIT,
        made: MADE,
        digest: "d",
        playbooks: &playbooks,
        vars: &[],
        outside: if line.contains("\"outside\"") { &outside } else { &[] },
        now: at(now),
    };
    judge(&wanted, "staging", &[line.to_owned()], Some(key)).map(|_| ())
}

#[test]
fn a_record_counts_for_what_it_is_about_and_nothing_else() {
    let (_folder, key) = key();
    let prod = prod("");
    let check = |pass: Pass| told(&prod, &pass.line(&key), &key);
    assert_eq!(check(pass()), Ok(()));
    assert_eq!(check(Pass { environment: "dev".into(), ..pass() }), Err(Lack::None));
    assert_eq!(check(Pass { digest: "e".into(), ..pass() }), Err(Lack::OtherTree));
    let other = "2222222222222222222222222222222222222222".to_owned();
    assert_eq!(check(Pass { commit: other.clone(), ..pass() }), Err(Lack::OtherCommit(other)));
    let playbooks = vec!["playbooks/db.yml".to_owned()];
    let wrong = Pass { playbooks: playbooks.clone(), ..pass() };
    assert_eq!(check(wrong), Err(Lack::OtherPlaybooks(playbooks)));
    assert_eq!(check(Pass { vars: vec!["v".into()], ..pass() }), Err(Lack::OtherVars));
    let outside = |digest: &str| Pass { outside: vec![digest.into()], ..pass() };
    assert_eq!(check(outside("o")), Ok(()));
    assert_eq!(check(outside("p")), Err(Lack::OtherFiles(vec!["galaxy/role.yml".into()])));
}

#[test]
fn a_record_that_was_changed_or_made_by_hand_is_no_record() {
    let (_folder, key) = key();
    let (_other_folder, other) = self::key();
    let prod_of = prod;
    let prod = prod("");
    let line = pass().line(&key);
    assert_eq!(read(&line, Some(&key)), Ok((pass(), Seal::Good)));
    for (from, to) in [("\"d\"", "\"D\""), ("s1", "s2"), ("staging", "stagins")] {
        let changed = line.replacen(from, to, 1);
        assert_eq!(read(&changed, Some(&key)).unwrap().1, Seal::Broken, "{from}");
    }
    assert_eq!(told(&prod, &line.replacen("s1", "s2", 1), &key), Err(Lack::Forged));
    let unsealed = serde_json::to_string(&pass()).unwrap();
    assert_eq!(told(&prod, &unsealed, &key), Err(Lack::OtherKey(String::new())));
    assert_eq!(told(&prod, &line, &other), Err(Lack::OtherKey(key.name())));
    let anyone = prod_of("records = 'anyone'");
    assert_eq!(anyone.records, Records::Anyone);
    assert_eq!(told(&anyone, &line, &other), Ok(()));
    assert_eq!(told(&anyone, &line.replacen("\"d\"", "\"e\"", 1), &other), Err(Lack::OtherTree));
    assert_eq!(
        told(&anyone, &line.replacen("s1", "s2", 1), &key),
        Err(Lack::Forged),
        "whoever names the key has to have it"
    );
    for wrong in ["", "hello", "{}", "{\"converge_pass\":9}"] {
        assert!(matches!(told(&prod, wrong, &key), Err(Lack::Unreadable(_))), "{wrong}");
    }
}

#[test]
fn times_count_and_an_hour_between_two_clocks_does_not() {
    let (_folder, key) = key();
    let prod = prod("valid = '2h'");
    let line = |seconds| Pass { at: at(seconds), ..pass() }.line(&key);
    for (passed, now, expected) in [
        (600, 3600, Ok(())),
        (600, 600 + 7200, Ok(())),
        (600, 601 + 7200, Err(Lack::Expired(at(600), Duration::from_secs(7200)))),
        (600, 600 - 3600, Ok(())),
        (600, 599 - 3600, Err(Lack::Future(at(600)))),
        (-3600, 0, Ok(())),
        (-3601, 0, Err(Lack::BeforeCommit(at(-3601)))),
    ] {
        assert_eq!(told_at(&prod, &line(passed), &key, now), expected, "{passed} {now}");
    }
}

#[test]
fn the_newest_record_that_counts_is_taken_and_one_that_does_not_is_told_otherwise() {
    let (_folder, key) = key();
    let prod = prod("");
    let lines: Vec<String> = [(600, "d"), (700, "d"), (800, "e")]
        .map(|(seconds, digest)| {
            Pass { at: at(seconds), digest: digest.into(), ..pass() }.line(&key)
        })
        .to_vec();
    let playbooks = ["playbooks/site.yml".to_owned()];
    let wanted = Wanted {
        environment: &prod,
        commit: COMMIT,
        made: MADE,
        digest: "d",
        playbooks: &playbooks,
        vars: &[],
        outside: &[],
        now: at(3600),
    };
    assert_eq!(judge(&wanted, "staging", &lines, Some(&key)).unwrap().at, at(700));
    assert_eq!(judge(&wanted, "staging", &lines[2..], Some(&key)), Err(Lack::OtherTree));
    assert_eq!(judge(&wanted, "staging", &[], Some(&key)), Err(Lack::None));
    let told: Vec<String> = [
        Lack::None,
        Lack::Forged,
        Lack::OtherTree,
        Lack::Expired(at(600), Duration::from_secs(7200)),
        Lack::Future(at(600)),
        Lack::OtherFiles(vec!["a".into()]),
        Lack::OtherFiles(["a", "b", "c", "d"].map(str::to_owned).to_vec()),
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_changes_is_the_same_on_hosts_that_only_have_other_names() {
    let edit = |host: &str, path: &str| -> StepRecord {
        StepRecord { ..changed(host, vec![edited(path, "1", "2")]) }
    };
    let tell = |steps: Vec<StepRecord>| {
        let mut records = vec![play("all", &["a"]), task(1, "t", "copy")];
        records.extend(steps.into_iter().map(|step| Record::Step(1, step)));
        items(&story(records))
    };
    let staging = tell(vec![edit("s1", "/etc/s1.pem"), edit("s1", "/etc/motd")]);
    let prod =
        tell(vec![edit("p1", "/etc/p1.pem"), edit("p2", "/etc/p2.pem"), edit("p1", "/etc/x")]);
    assert_eq!(staging[0].digest, prod[0].digest);
    assert_eq!(prod[0].hosts, ["p1", "p2"]);
    assert_ne!(staging[1].digest, prod[1].digest);
    assert_eq!((prod[1].task.as_str(), prod[1].what.as_str()), ("t", "/etc/x"));
}
