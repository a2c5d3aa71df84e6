//! What moved since it was applied: on this machine itself, in real repositories.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::repository::{self, commit, git};
use crate::schema;
use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Greeting
      copy: {dest: '{{ top }}/motd', content: \"welcome\\nto this host\\n\", mode: '0644'}
    - name: Folder
      file: {path: '{{ top }}/data', state: directory, mode: '0750'}
    - name: Secret
      copy: {dest: '{{ top }}/secret', content: hunter2, mode: '0600'}
      no_log: true
";

/// A project in git that was applied to this machine, and the folder that its tasks work in.
fn applied() -> (Project, PathBuf) {
    let project = Project::new(&[("ansible.cfg", "[defaults]\n"), ("playbooks/site.yml", SITE)]);
    let top = project.home().join("top");
    fs::create_dir_all(&top).unwrap();
    let line = format!("here ansible_connection=local top={}\n", top.display());
    project.write("inventory/prod", &line);
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project, "first");
    let output = project.converge("-i prod --yes");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    (project, top)
}

/// The report of a check that ends with a code.
#[track_caller]
fn report(project: &Project, options: &str, expected: i32) -> Value {
    let output = project.converge(&format!("drift -i prod --format json {options}"));
    assert_eq!(code(&output), expected, "{}{}", stdout(&output), stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Class, resource below the folder, attribute.
fn items(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let item = |item: &Value| {
        let resource = text(&item["resource"]);
        let resource = resource.rsplit('/').next().unwrap_or_default();
        format!("{} {resource} {}", text(&item["class"]), text(&item["attribute"]))
    };
    report["items"].as_array().unwrap().iter().map(item).collect()
}

#[test]
fn a_host_that_was_edited_by_hand_has_drifted_and_the_code_that_moved_is_pending() {
    let (project, top) = applied();
    assert!(items(&report(&project, "", 0)).is_empty());

    fs::write(top.join("motd"), "welcome\nto my host\n").unwrap();
    fs::set_permissions(top.join("data"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(top.join("secret"), "mine").unwrap();
    project
        .write("playbooks/site.yml", &SITE.replace("hunter2", "hunter22").replace("0750", "0700"));
    let found = report(&project, "", 2);
    assert_eq!(
        items(&found),
        [
            "drift motd content",
            "drift data mode",
            "drift task Secret state",
            "pending data mode",
            "pending task Secret state",
        ],
        "{found:#}"
    );
    let motd = &found["items"][0];
    assert_eq!((&motd["line"], &motd["host"]), (&Value::from(2), &Value::from("here")));
    let diff = motd["diff"].as_str().unwrap();
    assert!(diff.starts_with("--- on the host: ") && diff.contains("\n-to my host\n"), "{diff}");
    assert_eq!(found["items"][1]["fact"], "mode 0777 → 0750");
    let whole = found.to_string();
    assert!(!whole.contains("hunter2") && !whole.contains("mine"), "{whole}");
    let schema = include_str!("../../docs/drift.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert_eq!(schema::problems(&schema, &found), Vec::<String>::new());
    assert_eq!(fs::read_to_string(top.join("motd")).unwrap(), "welcome\nto my host\n");
}

#[test]
fn new_is_what_nobody_was_told_of() {
    let (project, top) = applied();
    let fresh = |expected| items(&report(&project, "--new", expected));
    assert!(fresh(0).is_empty());
    fs::write(top.join("motd"), "x").unwrap();
    report(&project, "", 2);
    assert_eq!(fresh(2), ["drift motd content"], "the check between told nobody");
    assert!(fresh(0).is_empty(), "it was told");
    fs::write(top.join("motd"), "welcome\nto this host\n").unwrap();
    let last = report(&project, "--new", 0);
    assert!(items(&last).is_empty());
    assert_eq!(last["recovered"].as_array().unwrap().len(), 1, "{last:#}");
}

#[test]
fn rules_let_things_pass_until_they_expire() {
    let (project, top) = applied();
    fs::write(top.join("motd"), "x").unwrap();
    let rule = |day: &str| {
        project.write(
            "drift-ignore.yml",
            &format!("- {{resource: '*/motd', reason: the landlord, expires: {day}}}\n"),
        );
    };
    rule("2999-01-01");
    assert_eq!(items(&report(&project, "", 0)), ["ignored motd content"]);
    rule("2001-01-01");
    let output = project.converge("drift -i prod");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("expired on 2001-01-01"), "{}", stderr(&output));
    project.write("drift-ignore.yml", "- {resource: x, reason: y}\n");
    let output = project.converge("drift -i prod");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("a rule needs `expires`"), "{}", stderr(&output));
}

#[test]
fn a_host_of_which_nothing_is_known_is_no_clean_host() {
    let (project, top) = applied();
    let home = project.home().display().to_string();
    let output = project.converge(&format!("drift -i here, -e top={home} -c local"));
    assert_eq!(code(&output), 3, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("nothing is known to have been applied"));
    // A machine that only checks is told what was applied.
    fs::remove_file(project.history()).unwrap();
    assert_eq!(code(&project.converge("drift -i prod")), 3);
    fs::write(top.join("motd"), "x").unwrap();
    assert_eq!(items(&report(&project, "--applied HEAD", 2)), ["drift motd content"]);
    let output = project.converge("drift -i prod --applied nothing");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("nothing"), "{}", stderr(&output));
}

#[test]
fn reports_are_written_in_every_form() {
    let (project, top) = applied();
    fs::write(top.join("motd"), "x").unwrap();
    let forms = ["text", "json", "junit", "prometheus", "html", "chat"];
    let options: Vec<String> =
        forms.iter().map(|form| format!("--report {form}=r.{form}")).collect();
    let output = project.converge(&format!("drift -i prod {}", options.join(" ")));
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    for (form, word) in forms.iter().zip([
        "motd content line 1",
        "\"attribute\": \"content\"",
        "<failure",
        "converge_drift_items{inventory=\"inventory/prod\",host=\"here\",class=\"drift\"} 1",
        "<details class=\"item drift\"",
        "here: ",
    ]) {
        let file = project.root().join(format!("r.{form}"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(word), "{form}: {text}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    }
    let output = project.converge("drift -i prod --report prometheus=-");
    assert!(stdout(&output).starts_with("# HELP converge_drift_items "), "{}", stdout(&output));
    let output = project.converge("drift -i prod --report html=no/such/folder.html");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("the report `no/such/folder.html` can't be written"));
    assert!(stdout(&output).contains("motd"), "it is shown all the same");
}

#[test]
fn without_the_history_nobody_says_that_nothing_drifted() {
    let (project, _) = applied();
    fs::write(project.history(), "this is no history at all, and long enough to be seen as none")
        .unwrap();
    let output = project.converge("drift -i prod");
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stderr(&output).contains("it can't be told what was applied"), "{}", stderr(&output));
}

#[test]
fn what_others_applied_is_known_by_the_records_in_git() {
    let project = repository::project();
    repository::run(&project, "-i staging --yes", 0);
    // Another machine, which has the repository and no history.
    fs::remove_file(project.history()).unwrap();
    repository::run(&project, "drift -i staging", 0);
    fs::write(repository::path(&project, "s1", "page"), "by hand\n").unwrap();
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "two");
    let told = repository::run(&project, "drift -i staging", 2);
    assert!(told.contains("page content line 1") && told.contains("+page one"), "{told}");
    assert!(told.contains("1 thing drifted on 1 host"), "{told}");
    assert!(told.contains("1 pending"), "{told}");
}

#[test]
fn what_a_check_needs_of_sudo_is_printed_without_a_project() {
    let project = Project::new(&[]);
    let output = project.converge("drift --sudoers --user drift");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.ends_with("\ndrift ALL = (root) NOPASSWD: NOSETENV: CONVERGE_LOOK\n"), "{told}");
    assert!(told.contains("give it to whom you would give a backup"), "{told}");
    for (user, why) in [("root", "root needs none"), ("ALL", "sudoers takes"), ("a,b", "signs")] {
        let output = project.converge(&format!("drift --sudoers --user {user}"));
        assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    assert_eq!(code(&project.converge("drift --sudoers --new")), 1);
}
