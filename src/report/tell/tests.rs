//! What is told of recorded runs. The strict lines were compared with what ansible-core 2.19 prints for the same.

use std::sync::Arc;

use converge_host::change::Sign;

use crate::event::{Counts, Recap};
use crate::record::testing::{change, changed, edited, failed, handler, play, results, step, task};
use crate::record::{HIDDEN, Kind, Lost, Reader, Record, StepRecord, Verdict};
use crate::report::screen::Kept;
use crate::report::tell::{Manner, Teller};

fn told(records: &[Record], manner: Manner) -> String {
    let screen = Arc::new(Kept::default());
    let teller = Teller::new(screen.clone(), manner);
    for record in records {
        teller.read(record);
    }
    teller.recap(&Recap::from([("a".into(), Counts { ok: 1, ..Counts::default() })]));
    screen.text()
}

fn strict() -> Manner {
    Manner { strict: true, ..Manner::default() }
}

fn item(label: &str, step: StepRecord) -> Record {
    Record::Step(1, StepRecord { item: Some(label.into()), ..step })
}

fn skipped(host: &str) -> StepRecord {
    step(host, Verdict::Skipped { condition: Some("x == 1".into()) })
}

fn with(json: &str, step: StepRecord) -> StepRecord {
    StepRecord { results: results(json), planned: false, ..step }
}

fn ordinary() -> Vec<Record> {
    vec![
        play("First play", &["a", "bb"]),
        task(1, "nginx : ping", "ping"),
        Record::Step(1, with(r#"{"ping": "pong"}"#, step("a", Verdict::Ok))),
        Record::Step(1, step("bb", Verdict::Ok)),
        task(2, "debug var", "debug"),
        Record::Step(
            2,
            with(r#"{"dct": {"b": 1, "a": ["x"]}, "changed": false}"#, step("a", Verdict::Ok)),
        ),
        task(3, "loop", "command"),
        item("1", changed("a", Vec::new())),
        item("2", skipped("a")),
        Record::Step(3, changed("a", Vec::new())),
        item("1", skipped("bb")),
        Record::Step(3, skipped("bb")),
        task(4, "delegated", "command"),
        Record::Step(4, StepRecord { delegated: Some("bb".into()), ..changed("a", Vec::new()) }),
        handler(5, "nginx : reload", "service"),
        Record::Step(5, changed("a", Vec::new())),
        play("nobody", &[]),
    ]
}

#[test]
fn ordinary_tasks() {
    insta::assert_snapshot!(told(&ordinary(), strict()), @r#"
    PLAY [First play] **************************************************************

    TASK [nginx : ping] ************************************************************
    ok: [a]
    ok: [bb]

    TASK [debug var] ***************************************************************
    ok: [a] => {
        "dct": {
            "a": [
                "x"
            ],
            "b": 1
        }
    }

    TASK [loop] ********************************************************************
    changed: [a] => (item=1)
    skipping: [a] => (item=2) 
    skipping: [bb] => (item=1) 
    skipping: [bb]

    TASK [delegated] ***************************************************************
    changed: [a -> bb]

    RUNNING HANDLER [nginx : reload] ***********************************************
    changed: [a]

    PLAY [nobody] ******************************************************************
    skipping: no hosts matched

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
}

#[test]
fn brief_leaves_out_what_is_fine() {
    insta::assert_snapshot!(told(&ordinary(), Manner { brief: true, ..Manner::default() }), @r#"
    TASK [debug var] ***************************************************************
    ok: [a] => {
        "dct": {
            "a": [
                "x"
            ],
            "b": 1
        }
    }

    TASK [loop] ********************************************************************
    changed: [a] => (item=1)

    TASK [delegated] ***************************************************************
    changed: [a -> bb]

    RUNNING HANDLER [nginx : reload] ***********************************************
    changed: [a]

    PLAY [nobody] ******************************************************************
    skipping: no hosts matched

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
}

#[test]
fn results_are_shown_with_v() {
    insta::assert_snapshot!(told(&ordinary()[..4], Manner { verbosity: 2, ..strict() }), @r#"
    PLAY [First play] **************************************************************

    TASK [nginx : ping] ************************************************************
    task path: roles/nginx/tasks/main.yml:1:3
    ok: [a] => {"changed": false, "ping": "pong"}
    ok: [bb] => {"changed": false}

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
    let skipping = [play("p", &["a"]), task(1, "t", "debug"), Record::Step(1, skipped("a"))];
    let text = told(&skipping, Manner { verbosity: 1, ..strict() });
    assert!(
        text.contains(
            r#"skipping: [a] => {"changed": false, "false_condition": "x == 1", "skip_reason": "Conditional result was False"}"#
        ),
        "{text}"
    );
}

fn failures() -> Vec<Record> {
    let shell = r#"{"changed": true, "cmd": "make", "msg": "non-zero return code", "rc": 3, "stderr": "err1\nerr2", "stderr_lines": ["err1", "err2"], "stdout": "", "stdout_lines": []}"#;
    let ignored = || {
        let message = "non-zero return code".into();
        step("a", Verdict::Failed { message, ignored: true, rescued: false })
    };
    vec![
        play("p", &["a", "b"]),
        task(1, "make", "shell"),
        Record::Step(1, with(shell, ignored())),
        task(2, "in a loop", "shell"),
        item("1", with(r#"{"rc": 1}"#, ignored())),
        Record::Step(2, ignored()),
        task(3, "hidden", "shell"),
        Record::Step(3, StepRecord { hidden: true, item: Some(HIDDEN.into()), ..failed("a", "x") }),
        task(4, "broken", "template"),
        Record::Step(4, with("{}", failed("a", "`port` is undefined"))),
        Record::Lost(Lost {
            host: "b".into(),
            message: "connection refused".into(),
            help: vec!["is sshd running?".into()],
            ..Lost::default()
        }),
        Record::Warning("the disk is nearly full".into()),
    ]
}

#[test]
fn failures_as_ansible_shows_them() {
    insta::assert_snapshot!(told(&failures(), strict()), @r#"
    PLAY [p] ***********************************************************************

    TASK [make] ********************************************************************
    err| [ERROR]: non-zero return code
    err| Origin: roles/nginx/tasks/main.yml:1:3
    fatal: [a]: FAILED! => {"changed": true, "cmd": "make", "msg": "non-zero return code", "rc": 3, "stderr": "err1\nerr2", "stderr_lines": ["err1", "err2"], "stdout": "", "stdout_lines": []}
    ...ignoring

    TASK [in a loop] ***************************************************************
    err| [ERROR]: non-zero return code
    err| Origin: roles/nginx/tasks/main.yml:2:3
    failed: [a] (item=1) => {"changed": false, "msg": "non-zero return code", "rc": 1}
    ...ignoring

    TASK [hidden] ******************************************************************
    err| [ERROR]: x
    err| Origin: roles/nginx/tasks/main.yml:3:3
    failed: [a] (item=(hidden by no_log)) => {"censored": "(hidden by no_log)", "changed": false}

    TASK [broken] ******************************************************************
    err| [ERROR]: `port` is undefined
    err| Origin: roles/nginx/tasks/main.yml:4:3
    fatal: [a]: FAILED! => {"changed": false, "msg": "`port` is undefined"}
    fatal: [b]: UNREACHABLE! => {"changed": false, "msg": "connection refused", "unreachable": true}
    err| [WARNING]: the disk is nearly full

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
}

#[test]
fn failures_that_are_easier_to_read() {
    insta::assert_snapshot!(told(&failures(), Manner::default()), @r#"
    PLAY [p] ***********************************************************************

    TASK [make] ********************************************************************
    fatal: [a]: FAILED! => {"changed": true, "cmd": "make", "msg": "non-zero return code", "rc": 3}
      stderr:
        err1
        err2
      at roles/nginx/tasks/main.yml:1:3
    ...ignoring

    TASK [in a loop] ***************************************************************
    failed: [a] (item=1) => {"changed": false, "msg": "non-zero return code", "rc": 1}
      at roles/nginx/tasks/main.yml:2:3
    ...ignoring

    TASK [hidden] ******************************************************************
    failed: [a] (item=(hidden by no_log)) => {"censored": "(hidden by no_log)", "changed": false}
      at roles/nginx/tasks/main.yml:3:3

    TASK [broken] ******************************************************************
    fatal: [a]: FAILED! => {"changed": false, "msg": "`port` is undefined"}
      at roles/nginx/tasks/main.yml:4:3
    fatal: [b]: UNREACHABLE! => {"changed": false, "msg": "connection refused", "unreachable": true}
      help: is sshd running?
    err| [WARNING]: the disk is nearly full

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
}

#[test]
fn diffs_stand_before_the_line_of_their_step() {
    let changes =
        vec![edited("/etc/motd", "a", "b"), change(Kind::Packages, Sign::Create, "package nginx")];
    let records = [play("p", &["a"]), task(1, "t", "copy"), Record::Step(1, changed("a", changes))];
    insta::assert_snapshot!(told(&records, Manner { diff: true, ..strict() }), @r"
    PLAY [p] ***********************************************************************

    TASK [t] ***********************************************************************
    --- before: /etc/motd
    +++ after: /etc/motd
    @@ -1 +1 @@
    -a
    +b

    + package nginx

    changed: [a]

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    ");
    assert!(!told(&records, strict()).contains("--- before"));
}

#[test]
fn what_cannot_be_told_is_said_so() {
    let unknown = step("a", Verdict::Unknown { why: "depends on `make`".into() });
    let warned = StepRecord { warnings: vec!["old".into()], ..step("a", Verdict::Ok) };
    let records = [
        play("p", &["a"]),
        task(1, "t", "file"),
        Record::Step(1, unknown),
        task(2, "warned", "file"),
        Record::Step(2, warned),
    ];
    insta::assert_snapshot!(told(&records, Manner { brief: true, ..Manner::default() }), @r#"
    TASK [t] ***********************************************************************
    unknown: [a] => {"msg": "may change: depends on `make`"}

    TASK [warned] ******************************************************************
    err| [WARNING]: old

    PLAY RECAP *********************************************************************
    a                          : ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
    "#);
}
