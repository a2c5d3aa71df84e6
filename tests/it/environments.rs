//! `converge.toml`: what a commit must have passed before it is applied where that is asked for.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::repository::{
    ENVIRONMENTS, commit, expect, git, git_in, has, path, project, project_of, run,
};
use crate::support::{Project, code, stderr, stdout};

const NOTES: &str = "refs/notes/converge";

/// Applies to staging and expects a record.
#[track_caller]
fn pass(project: &Project) {
    let told = run(project, "-i staging --yes", 0);
    assert!(told.contains("staging has passed "), "{told}");
}

/// Applies to production and expects that it is refused with these words.
#[track_caller]
fn refused(project: &Project, words: &[&str]) {
    let told = run(project, "-i prod --yes", 4);
    for word in words {
        assert!(told.contains(word), "`{word}` is not in:\n{told}");
    }
    assert!(!path(project, "p1", "page").exists(), "nothing was applied");
}

/// The record about the last commit.
fn record(project: &Project) -> Value {
    let text = git(project, &["notes", "--ref", NOTES, "show", "HEAD"]);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Writes another record about the last commit.
fn forge(project: &Project, text: &str) {
    git(project, &["notes", "--ref", NOTES, "add", "-f", "-m", text, "HEAD"]);
}

#[test]
fn what_passed_staging_goes_to_production_and_nothing_else_does() {
    let project = project();
    refused(
        &project,
        &[
            "`prod` is protected, and nothing was applied: `staging` has not passed ",
            "there is no record that it did",
            "let it pass: `converge -i staging`",
            "git fetch origin refs/notes/converge:refs/notes/converge",
            "--override",
        ],
    );
    let plan = run(&project, "-i prod --check", 2);
    assert!(plan.contains("Env        prod, protected\n"), "{plan}");
    assert!(plan.contains("missing: `staging` has not passed"), "{plan}");
    pass(&project);
    let told = record(&project);
    assert_eq!(told["environment"], "staging");
    assert_eq!(told["commit"], git(&project, &["rev-parse", "HEAD"]).as_str());
    assert_eq!(
        (&told["hosts"][0], &told["playbooks"][0]),
        (&"s1".into(), &"playbooks/site.yml".into())
    );
    let history: Value =
        serde_json::from_str(&stdout(&project.converge("history --json"))).unwrap();
    assert_eq!(history[0]["id"], told["run"], "the run that applied it, not the plan after it");

    let plan = run(&project, "-i prod --check", 2);
    assert!(plan.contains("staging passed on 20"), "{plan}");
    assert!(plan.contains("Nothing in this plan that staging did not have."), "{plan}");
    let told = run(&project, "-i prod --yes", 0);
    assert!(told.contains("prod has passed "), "{told}");
    assert_eq!(has(&project, "p1", "page").unwrap(), "page one\n");

    // The next commit has to pass as well, and what leads to it is told.
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "page: two of them");
    let plan = run(&project, "-i prod --check", 2);
    assert!(plan.contains("Since      1 commit since "), "{plan}");
    assert!(plan.contains("page: two of them (Ann)"), "{plan}");
    let told = run(&project, "-i prod --yes", 4);
    assert!(told.contains("has not passed"), "{told}");
    assert_eq!(has(&project, "p1", "page").unwrap(), "page one\n");
    pass(&project);
    run(&project, "-i prod --yes", 0);
    assert_eq!(has(&project, "p1", "page").unwrap(), "page two\n");
}

#[test]
fn a_plan_says_what_the_environment_before_did_not_have() {
    let project = project();
    pass(&project);
    fs::write(path(&project, "p1", "other"), "by hand\n").unwrap();
    fs::write(path(&project, "p1", "page"), "page one\n").unwrap();
    fs::write(path(&project, "s1", "other"), "by hand\n").unwrap();
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "two");
    fs::write(path(&project, "s1", "other"), "x\n").unwrap();
    pass(&project);
    run(&project, "-i prod --yes", 0);
    // Somebody changes something on production only: staging's plan had nothing of the kind.
    fs::write(path(&project, "p1", "other"), "by hand\n").unwrap();
    project.write("playbooks/templates/page.j2", "page three\n");
    commit(&project, "three");
    pass(&project);
    let plan = run(&project, "-i prod --check", 2);
    let (_, rest) = plan.split_once("Not in what staging was given\n").unwrap();
    assert!(rest.starts_with("  Other  "), "{plan}");
    assert!(rest.contains("/p1/other  (p1)") && !rest.contains("/page"), "{plan}");
    let document = project.converge("-i prod --check --format json");
    let document: Value = serde_json::from_str(&stdout(&document)).unwrap();
    let new = &document["environments"][0]["new"];
    assert_eq!(
        (new.as_array().unwrap().len(), &new[0]["task"]),
        (1, &"Other".into()),
        "{document}"
    );
    assert_eq!(document["environments"][0]["commits"][0]["subject"], "three");
}

#[test]
fn a_tree_that_is_not_clean_is_not_applied() {
    let project = project();
    pass(&project);
    project.write("playbooks/templates/page.j2", "page dirty\n");
    refused(&project, &["the working tree is not clean: playbooks/templates/page.j2", "--at HEAD"]);
    let told = run(&project, "-i staging --yes", 0);
    assert!(
        told.contains("staging has not passed with this: the working tree was not clean"),
        "{told}"
    );
    assert_eq!(has(&project, "s1", "page").unwrap(), "page dirty\n");
    // The commit itself has passed, and can be applied beside the working tree.
    run(&project, "-i prod --yes --at HEAD", 0);
    assert_eq!(has(&project, "p1", "page").unwrap(), "page one\n");
}

#[test]
fn what_git_is_told_to_overlook_is_seen_all_the_same() {
    let project = project();
    pass(&project);
    git(&project, &["update-index", "--assume-unchanged", "playbooks/site.yml"]);
    let site = fs::read_to_string(project.root().join("playbooks/site.yml")).unwrap();
    project.write("playbooks/site.yml", &site.replace("Other", "Another"));
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
    refused(&project, &["`playbooks/site.yml` is not in the commit, and not what passed"]);
}

#[test]
fn roles_that_are_not_in_git_must_be_those_that_passed() {
    let project = project();
    project
        .write("roles/outside/tasks/main.yml", "- copy: {content: '1', dest: '{{ top }}/role'}\n");
    project
        .write("playbooks/site.yml", "- hosts: all\n  gather_facts: false\n  roles: [outside]\n");
    commit(&project, "a role of elsewhere");
    pass(&project);
    project
        .write("roles/outside/tasks/main.yml", "- copy: {content: '2', dest: '{{ top }}/role'}\n");
    refused(
        &project,
        &["`roles/outside/tasks/main.yml` is not in the commit, and not what passed"],
    );
    project
        .write("roles/outside/tasks/main.yml", "- copy: {content: '1', dest: '{{ top }}/role'}\n");
    run(&project, "-i prod --yes", 0);
    assert_eq!(has(&project, "p1", "role").unwrap(), "1");
}

#[test]
fn a_record_that_was_changed_or_is_of_something_else_is_refused() {
    let project = project();
    pass(&project);
    let good = record(&project);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed.to_string()
    };
    for (text, words) in [
        (with("digest", "0".repeat(64).into()), "its record is not as it was written"),
        (with("hosts", Value::Array(Vec::new())), "its record is not as it was written"),
        (with("seal", "0".repeat(64).into()), "its record is not as it was written"),
        (with("key", "another".into()), "its record was sealed with another key (`another`)"),
        (with("converge_pass", 2.into()), "it has the form 2; this converge reads the form 1"),
        ("hello".to_owned(), "its record can't be read"),
    ] {
        forge(&project, &text);
        refused(&project, &[words]);
    }
    // The record of one commit under the name of another.
    commit(&project, "nothing");
    forge(&project, &good.to_string());
    refused(&project, &["its record is about another commit"]);
}

#[test]
fn records_of_everybody_count_where_that_is_said_but_not_for_another_tree() {
    let project = project_of(&format!("{ENVIRONMENTS}records = \"anyone\"\n"), &["s1"], &["p1"]);
    pass(&project);
    let mut other = record(&project);
    other["key"] = "another".into();
    other["digest"] = "0".repeat(64).into();
    forge(&project, &other.to_string());
    refused(&project, &["something else than what the commit holds"]);
    other["digest"] = record_digest(&project);
    forge(&project, &other.to_string());
    run(&project, "-i prod --yes", 0);
}

fn record_digest(project: &Project) -> Value {
    run(project, "-i staging --yes", 0);
    let text = git(project, &["notes", "--ref", NOTES, "show", "HEAD"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().find(|line| line["key"] != "another").unwrap()["digest"].clone()
}

#[test]
fn a_pass_gets_too_old_and_clocks_may_be_an_hour_apart() {
    let project = project_of(
        &format!("{ENVIRONMENTS}valid = \"2h\"\nrecords = \"anyone\"\n"),
        &["s1"],
        &["p1"],
    );
    // A commit that is old enough to have passed long ago.
    git(&project, &["commit", "-q", "--amend", "--no-edit", "--date", "2026-01-01T00:00:00Z"]);
    pass(&project);
    let mut told = record(&project);
    told["key"] = "another".into();
    let now = jiff::Timestamp::now();
    let mut at = |minutes: i64| {
        let span = jiff::SignedDuration::from_mins(minutes);
        told["at"] = now.checked_add(span).unwrap().to_string().into();
        forge(&project, &told.to_string());
    };
    at(63);
    refused(
        &project,
        &["its record is of the future", "one of the two clocks is wrong by more than an hour"],
    );
    at(-63);
    refused(&project, &["its record is older"]);
    at(59);
    run(&project, "-i prod --yes", 0);
}

#[test]
fn a_run_that_does_not_prove_everything_is_no_pass() {
    let project = project();
    let told = run(&project, "-i staging --yes --limit s1", 0);
    assert!(
        told.contains("staging has not passed with this: only a part of it was applied"),
        "{told}"
    );
    refused(&project, &["there is no record"]);
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - name: Again\n      command: 'true'\n",
    );
    commit(&project, "never the same");
    let told = run(&project, "-i staging --yes", 0);
    assert!(told.contains("a second plan is not empty") && told.contains("Again"), "{told}");
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: 'false'\n",
    );
    commit(&project, "fails");
    let told = run(&project, "-i staging --yes", 1);
    assert!(!told.contains("has passed"), "{told}");
    run(&project, "-i staging --check", 2);
    refused(&project, &["there is no record"]);
}

#[test]
fn what_changes_nothing_passes_by_its_empty_plan() {
    let project = project();
    pass(&project);
    project.write("README.md", "more\n");
    commit(&project, "words");
    let told = run(&project, "-i staging", 0);
    assert!(told.contains("staging has passed "), "{told}");
    run(&project, "-i prod --yes", 0);
    let none = run(&project, "-i staging --check", 0);
    assert!(!none.contains("has passed"), "{none}");
}

#[test]
fn no_other_name_leads_around_it() {
    let project = project();
    let root = project.root().display().to_string();
    for inventory in [
        "inventory/prod".to_owned(),
        "inventory/prod/hosts".to_owned(),
        "inventory".to_owned(),
        format!("{root}/playbooks/../inventory/prod/hosts"),
        "p1,".to_owned(),
    ] {
        let line = format!("-i {inventory} -c local --yes -e top={root}/nowhere");
        let told = run(&project, &line, 4);
        assert!(told.contains("`prod` is protected"), "{inventory}: {told}");
    }
    project.write("copy", "p1 ansible_connection=local\n");
    assert!(run(&project, "-i copy --yes", 4).contains("`prod` is protected"));
    let told = expect(&project.ansible_playbook("playbooks/site.yml -i inventory/prod"), "", 1);
    assert!(told.contains("`prod` is protected"), "{told}");
    run(&project, "plan -i prod -o a.secret", 2);
    let told = run(&project, "apply a.secret", 4);
    assert!(told.contains("`prod` is protected"), "{told}");
    fs::remove_file(project.root().join("copy")).unwrap();
    pass(&project);
    run(&project, "apply a.secret", 0);
    let told = run(&project, "revert last --yes", 4);
    assert!(told.contains("what a run did is taken back, which is in no commit"), "{told}");
    assert!(path(&project, "p1", "page").exists());
}

#[test]
fn a_clone_without_records_says_how_to_get_them() {
    let project = project();
    commit(&project, "second");
    pass(&project);
    let clone = project.root().join("../clone");
    let url = format!("file://{}", project.root().display());
    git(&project, &["clone", "-q", "--depth", "1", &url, &clone.display().to_string()]);
    let told = expect(&project.converge_in("../clone", "-i prod --yes"), "", 4);
    assert!(told.contains("this is a shallow clone"), "{told}");
    assert!(told.contains("git fetch origin refs/notes/converge:refs/notes/converge"), "{told}");
    git_in(&clone, &["fetch", "-q", "origin", "refs/notes/converge:refs/notes/converge"]);
    expect(&project.converge_in("../clone", "-i prod --yes"), "", 0);
    assert_eq!(has(&project, "p1", "page").unwrap(), "page one\n");
    let told = expect(&project.converge_in("../clone", "-i prod --check --at HEAD~1"), "", 1);
    assert!(told.contains("git fetch --unshallow"), "{told}");
}

#[test]
fn records_of_two_machines_are_put_together() {
    let project = project();
    pass(&project);
    let clone = project.root().join("../clone");
    git(&project, &["clone", "-q", ".", &clone.display().to_string()]);
    expect(&project.converge_in("../clone", "-i staging --yes"), "", 0);
    git_in(&clone, &["push", "-q", "origin", "refs/notes/converge:refs/notes/theirs/converge"]);
    git(
        &project,
        &[
            "notes",
            "--ref",
            NOTES,
            "merge",
            "-q",
            "-s",
            "cat_sort_uniq",
            "refs/notes/theirs/converge",
        ],
    );
    let text = git(&project, &["notes", "--ref", NOTES, "show", "HEAD"]);
    assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), 2, "{text}");
    run(&project, "-i prod --yes", 0);
}

#[test]
fn outside_of_git_nothing_is_proved() {
    let project = project();
    fs::remove_dir_all(project.root().join(".git")).unwrap();
    refused(&project, &["the project is in no git repository"]);
    run(&project, "-i staging --yes", 0);
    git(&project, &["init", "-q", "-b", "main"]);
    refused(&project, &["the project has no commit"]);
}

#[test]
fn names_that_are_not_there() {
    let project = project();
    let told = run(&project, "-i prdo --check", 1);
    assert!(
        told.contains("unknown inventory `prdo`") && told.contains("did you mean `prod`?"),
        "{told}"
    );
    project.write("converge.toml", "[environments.prod]\nafter = \"stagign\"\nprotcted = true\n");
    let told = run(&project, "-i prod --check", 1);
    assert!(told.contains("converge.toml:3:1") || told.contains("converge.toml:3"), "{told}");
    assert!(told.contains("did you mean `protected`?"), "{told}");
    assert!(told.contains("there is no environment `stagign`"), "{told}");
    project.write("converge.toml", "[environments.live]\ninventory = \"prdo\"\nprotected = true\n");
    let told = run(&project, "-i inventory/prod --yes", 1);
    assert!(
        told.contains("converge.toml:2:13") && told.contains("unknown inventory `prdo`"),
        "{told}"
    );
    project.write("converge.toml", "[environments.live]\ninventory = \"prod\"\n");
    let told = run(&project, "-i live --check", 2);
    assert!(told.contains("Env        live"), "{told}");
    let told = run(&project, "-i liev --check", 1);
    assert!(told.contains("did you mean the environment `live`?"), "{told}");
}

/// TOML as JSON.
fn json(value: &toml::de::DeValue<'_>) -> Value {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(number) => number.as_str().parse::<i64>().unwrap().into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| {
                (
                    AsRef::<str>::as_ref(key.get_ref() as &std::borrow::Cow<'_, str>).to_owned(),
                    json(value.get_ref()),
                )
            };
            Value::Object(table.iter().map(entry).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// A file with every key that there is.
const WHOLE: &str = r#"
[environments.staging]
[environments.prod]
inventory = ["production", "extra,"]
protected = true
after = "staging"
valid = "7d"
override = ["ann"]
records = "anyone"
[environments.prod.rollout]
canary = ["web1"]
batches = [1, "25%"]
soak = "5m"
max_failures = 3
max_failures_per_batch = 1
on_stop = "revert"
checks = [
    { http = "http://{host}/", status = 204, contains = "ok", within = "5s" },
    { tcp = 22 }, { unit = "nginx" }, { command = ["true"] }, { promql = "up", server = "http://p" },
]
"#;

#[test]
fn the_schema_says_what_is_read() {
    let schema = include_str!("../../docs/converge.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let read = |text: &str| {
        let source = converge::source::Source::new("converge.toml", text);
        converge::environment::Settings::read(&source, std::path::Path::new("/p/converge.toml")).1
    };
    assert_eq!(read(WHOLE), []);
    let (table, _) = toml::de::DeTable::parse_recoverable(WHOLE);
    let whole = json(&toml::de::DeValue::Table(table.into_inner()));
    assert_eq!(crate::schema::problems(&schema, &whole), Vec::<String>::new());
    // Every key of the schema is one that is read, and the whole file above has every one of them.
    let prod = &whole["environments"]["prod"];
    for (definition, used) in [
        ("environment", vec![prod]),
        ("rollout", vec![&prod["rollout"]]),
        ("check", prod["rollout"]["checks"].as_array().unwrap().iter().collect()),
    ] {
        for key in schema["$defs"][definition]["properties"].as_object().unwrap().keys() {
            assert!(used.iter().any(|one| one.get(key).is_some()), "`{key}` is in no example");
        }
    }
    let wrong = serde_json::json!({"environments": {"prod": {"afetr": "x", "protected": "yes"}}});
    assert_eq!(crate::schema::problems(&schema, &wrong).len(), 2);
}

#[test]
fn overriding_needs_a_terminal_and_the_right() {
    let project = project_of(&format!("{ENVIRONMENTS}override = [\"ann\"]\n"), &["s1"], &["p1"]);
    let told = run(&project, "-i prod --yes --override 'the site is down'", 4);
    assert!(told.contains("may not override it"), "{told}");
    let output = project.with_env("USER", "ann", "-i prod --yes --override 'the site is down'");
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("there is no terminal to ask on"), "{}", stderr(&output));
    assert!(!path(&project, "p1", "page").exists());
    let none = project.converge("-i prod --yes --override ''");
    assert_eq!(code(&none), 1);
}

/// What stands on a terminal on which converge was called and this was typed.
fn on_a_terminal(project: &Project, words: &str, typed: &str) -> String {
    let line = format!("{} {words}", env!("CARGO_BIN_EXE_converge"));
    let mut script = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(project.root())
        .env("HOME", project.home())
        .env("USER", "ann")
        .env_remove("SUDO_USER")
        .env_remove("LOGNAME")
        .env("XDG_STATE_HOME", project.history().ancestors().nth(2).unwrap())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    stdout(&script.wait_with_output().unwrap())
}

#[test]
fn an_override_is_asked_for_twice_and_told_from_then_on() {
    let project = project();
    let line = "-i prod --yes --override 'the site is down'";
    for typed in ["n\nprod\n", "y\ny\n", "y\n\u{4}"] {
        let text = on_a_terminal(&project, line, typed);
        assert!(text.contains("Apply `prod` all the same? [y/N]"), "{text}");
        assert!(text.contains("nothing was applied: it was not confirmed"), "{text}");
        assert!(!path(&project, "p1", "page").exists());
    }
    let text = on_a_terminal(&project, line, "y\nprod\n");
    assert_eq!(has(&project, "p1", "page").as_deref(), Some("page one\n"), "{text}");
    let shown = run(&project, "show last", 0);
    assert!(shown.contains("overridden by ann@"), "{shown}");
    assert!(shown.contains(": the site is down"), "{shown}");
    let plan = run(&project, "-i prod --check", 0);
    assert!(plan.contains("as last applied: ") && plan.contains(": the site is down)"), "{plan}");
    let list = run(&project, "history -n 2", 0);
    assert!(list.contains("overridden"), "{list}");
}
