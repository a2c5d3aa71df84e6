//! Saved plans: made, shown, applied once, and refused where anything moved. On this machine itself, and over a real sshd.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::schema;
use crate::sshd::{Sshd, keygen};
use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Folder
      file: {path: '{{ top }}/etc', state: directory, mode: '0750'}
      notify: say it
    - name: A line
      lineinfile: {path: '{{ top }}/motd', line: hello}
    - name: Copied
      copy: {src: page, dest: '{{ top }}/page', mode: '0644'}
  handlers:
    - name: say it
      debug: {msg: said}
";

/// A project whose tasks work below `top`, where there is a file `motd`.
fn project(site: &str) -> (Project, PathBuf) {
    let project = Project::new(&[
        ("ansible.cfg", "[defaults]\n"),
        ("playbooks/site.yml", site),
        ("playbooks/files/page", "one page\n"),
    ]);
    let top = project.home().join("top");
    fs::create_dir_all(&top).unwrap();
    fs::write(top.join("motd"), "old\n").unwrap();
    project.write("inventory/local", &line("here", &top));
    (project, top)
}

fn line(name: &str, top: &Path) -> String {
    format!("{name} ansible_connection=local top={}\n", top.display())
}

/// Saves a plan and expects that something would change.
#[track_caller]
fn saved(project: &Project, options: &str) {
    let plan = project.converge(&format!("plan -o a.plan {options}"));
    assert_eq!(code(&plan), 2, "{}{}", stdout(&plan), stderr(&plan));
    assert!(stdout(&plan).contains("Saved. `converge apply a.plan`"), "{}", stdout(&plan));
}

/// Applies the plan and expects that it is refused with these words.
#[track_caller]
fn refused(project: &Project, words: &[&str]) {
    let output = project.converge("apply a.plan");
    let told = stderr(&output);
    assert_eq!(code(&output), 4, "{}{told}", stdout(&output));
    for word in words {
        assert!(told.contains(word), "`{word}` is not in:\n{told}");
    }
}

#[test]
fn a_saved_plan_is_shown_again_and_applied_once() {
    let (project, top) = project(SITE);
    saved(&project, "");
    assert!(!top.join("etc").exists(), "planning changes nothing");
    let file = project.root().join("a.plan");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = stdout(&project.converge("show a.plan"));
    assert!(shown.contains(": not applied\n") && shown.contains("+hello"), "{shown}");
    assert!(shown.ends_with("Plan: 3 changes on 1 host; 4 of 4 tasks seen through.\n"), "{shown}");
    assert_eq!(code(&project.converge("plan -o a.plan")), 1, "nothing is overwritten");

    let applied = project.converge("apply a.plan");
    assert_eq!(code(&applied), 0, "{}", stderr(&applied));
    assert!(stdout(&applied).contains("RUNNING HANDLER [say it]"), "{}", stdout(&applied));
    assert_eq!(fs::read_to_string(top.join("motd")).unwrap(), "old\nhello\n");
    assert_eq!(fs::read_to_string(top.join("page")).unwrap(), "one page\n");
    assert!(stdout(&project.converge("history -n 1")).contains("apply  applied"));
    assert!(stdout(&project.converge("show last")).contains("Options    plan "));
    assert_eq!(code(&project.converge("--check")), 0, "what was planned was done");
    refused(
        &project,
        &["was applied already", "converge plan playbooks/site.yml -i inventory/local"],
    );

    // The host is as it was when the plan was made, and still the plan is spent.
    fs::remove_dir_all(&top).unwrap();
    fs::create_dir_all(&top).unwrap();
    fs::write(top.join("motd"), "old\n").unwrap();
    refused(&project, &["was applied already"]);
    assert!(!top.join("etc").exists());
    assert!(stdout(&project.converge("show a.plan")).contains(": applied 20"));
}

#[test]
fn a_plan_of_what_moved_is_refused_before_anything_is_done() {
    let (project, top) = project(SITE);
    saved(&project, "");
    fs::write(top.join("motd"), "by hand\n").unwrap();
    refused(
        &project,
        &[
            "has moved",
            "here: ",
            "/motd (playbooks/site.yml:8:7)",
            "planned: ~ ",
            "now:     ~ ",
            "-o FILE",
        ],
    );
    fs::write(top.join("motd"), "old\n").unwrap();
    fs::write(top.join("page"), "in the way\n").unwrap();
    refused(&project, &["/page (playbooks/site.yml:10:7)", "planned: + ", "now:     ~ "]);
    assert!(!top.join("etc").exists(), "nothing of it was done");
    fs::remove_file(top.join("page")).unwrap();

    for (path, text) in [
        ("playbooks/files/page", "two pages\n"),
        ("playbooks/site.yml", "- hosts: all\n"),
        ("inventory/local", "other ansible_connection=local\n"),
    ] {
        let old = fs::read_to_string(project.root().join(path)).unwrap();
        project.write(path, text);
        refused(&project, &["what the plan was made of has moved", path, "its content is another"]);
        project.write(path, &old);
    }
    project.write("inventory/group_vars/all.yml", "unused: 1\n");
    refused(&project, &["inventory/group_vars/all.yml: it is read now, and was not then"]);
    fs::remove_dir_all(project.root().join("inventory/group_vars")).unwrap();

    let applied = project.converge("apply a.plan");
    assert_eq!(code(&applied), 0, "a refused plan is not spent: {}", stderr(&applied));
}

#[test]
fn a_plan_that_was_changed_or_is_anothers_is_refused() {
    let (one, top) = project(SITE);
    saved(&one, "");
    let file = one.root().join("a.plan");
    let text = fs::read_to_string(&file).unwrap();
    let mut bytes = text.clone().into_bytes();
    for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 3] {
        bytes[at] ^= 1;
        fs::write(&file, &bytes).unwrap();
        refused(&one, &["a.plan"]);
        bytes[at] ^= 1;
    }
    fs::write(&file, text.replace("/motd", "/wtmp")).unwrap();
    refused(&one, &["is not as it was written"]);
    assert_eq!(code(&one.converge("show a.plan")), 4);
    fs::write(&file, text.replace("\"converge_plan\":1", "\"converge_plan\":9")).unwrap();
    refused(&one, &["has the form 9; this converge reads the form 1"]);
    fs::write(&file, "hello\n").unwrap();
    refused(&one, &["is no saved plan"]);

    let (other, _) = project(SITE);
    other.write("a.plan", &text);
    refused(&other, &["was sealed with another key", "CONVERGE_PLAN_KEY_FILE"]);
    let shown = other.converge("show a.plan");
    assert_eq!(code(&shown), 0);
    assert!(stderr(&shown).contains("nobody can tell whether"), "{}", stderr(&shown));
    // With the same key it is still another project.
    let key = |project: &Project| project.history().with_file_name("plan.key");
    fs::create_dir_all(key(&other).parent().unwrap()).unwrap();
    fs::copy(key(&one), key(&other)).unwrap();
    refused(&other, &["was made in another project"]);
    assert!(!top.join("etc").exists());
    assert_eq!(code(&one.converge("apply nowhere.plan")), 1);
}

#[test]
fn a_plan_of_another_commit_is_refused() {
    let (project, _) = project(SITE);
    let repository = git2::Repository::init(project.root()).unwrap();
    let who = git2::Signature::now("t", "t@example.org").unwrap();
    let commit = |message: &str| {
        let mut index = repository.index().unwrap();
        index
            .add_all(["ansible.cfg", "playbooks", "inventory"], git2::IndexAddOption::DEFAULT, None)
            .unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit> = parent.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap().to_string()
    };
    let first = commit("one");
    saved(&project, "");
    let second = commit("two");
    refused(
        &project,
        &[&format!("at commit {}, and the plan was made at {}", &second[..10], &first[..10])],
    );
}

const SECRET: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Write the key
      copy: {content: '{{ key }}', dest: '{{ top }}/key'}
      no_log: true
    - name: Items
      lineinfile: {path: '{{ top }}/keys', line: '{{ item }}', create: true}
      loop: ['a {{ key }}']
      no_log: true
";

#[test]
fn no_secret_is_in_the_file() {
    let (project, top) = project(SECRET);
    saved(&project, "-e key=hunter22");
    let text = fs::read_to_string(project.root().join("a.plan")).unwrap();
    let digest = converge_host::blob::Digest::of(b"hunter22").hex();
    assert!(!text.contains("hunter2") && !text.contains(&digest[..12]), "{text}");
    assert!(!text.contains("104,117,110,116"), "nor as numbers: {text}");
    refused(&project, &["`--extra-vars key=…` was given then"]);
    let wrong = project.converge("apply a.plan -e key=hunter23");
    assert_eq!(code(&wrong), 4);
    assert!(stderr(&wrong).contains("`--extra-vars key=…` is not what it was then"));
    let applied = project.converge("apply a.plan -e key=hunter22");
    assert_eq!(code(&applied), 0, "{}", stderr(&applied));
    assert_eq!(fs::read_to_string(top.join("key")).unwrap(), "hunter22");
    assert!(!fs::read_to_string(project.root().join("a.plan")).unwrap().contains("hunter2"));
}

#[test]
fn the_same_plan_twice_differs_in_its_name_and_time() {
    let (project, _) = project(SITE);
    let text = |name: &str| {
        assert_eq!(code(&project.converge(&format!("plan -o {name}"))), 2);
        let text = fs::read_to_string(project.root().join(name)).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let mut first: Value = serde_json::from_str(first).unwrap();
        let id = first["id"].as_str().unwrap().to_owned();
        first["id"] = Value::Null;
        first["made_ms"] = Value::Null;
        (id, first, rest.to_owned())
    };
    let (one, other) = (text("one.plan"), text("other.plan"));
    assert_ne!(one.0, other.0);
    assert_eq!((one.1, one.2), (other.1, other.2));
}

const LEAVES: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Something else
      command: '{{ doing }}'
    - block:
        - name: Known
          copy: {content: new, dest: '{{ top }}/motd'}
          ignore_errors: true
        - name: Never on a host that has left the plan
          file: {path: '{{ top }}/later', state: directory}
      rescue:
        - name: No rescue either
          file: {path: '{{ top }}/rescued', state: directory}
";

#[test]
fn a_host_where_reality_leaves_the_plan_stops_and_the_others_go_on() {
    let (project, top) = project(LEAVES);
    let other = project.home().join("other");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("motd"), "old\n").unwrap();
    let host = |name: &str, top: &Path, action: &str| {
        format!("{} doing='{action}'\n", line(name, top).trim_end())
    };
    let touched = format!("cp /etc/hostname {}", top.join("motd").display());
    project.write(
        "inventory/local",
        &format!("{}{}", host("here", &top, &touched), host("there", &other, "true")),
    );
    saved(&project, "");
    let applied = project.converge("apply a.plan");
    let text = stdout(&applied);
    assert_eq!(code(&applied), 1, "{text}{}", stderr(&applied));
    assert!(text.contains("reality has left the plan"), "{text}");
    assert!(text.contains("planned: ~ ") && text.contains("now:     ~ "), "{text}");
    assert!(stderr(&applied).contains("The plan is spent. What is left is planned by"));
    assert!(!top.join("later").exists() && !top.join("rescued").exists(), "it went on: {text}");
    assert_ne!(fs::read_to_string(top.join("motd")).unwrap(), "new");
    assert_eq!(fs::read_to_string(other.join("motd")).unwrap(), "new");
    assert!(other.join("later").exists());
}

const UNKNOWN: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Ask
      command: echo yes
      register: answer
    - name: Only then
      file: {path: '{{ top }}/{{ item }}', state: directory}
      loop: '{{ answer.stdout_lines }}'
      notify: afterwards
    - include_tasks: more.yml
      when: answer.stdout == 'yes'
  handlers:
    - name: afterwards
      file: {path: '{{ top }}/handled', state: directory}
    - name: included
      file: {path: '{{ top }}/included-handled', state: directory}
";

#[test]
fn what_was_unknown_may_come_out() {
    let (project, top) = project(UNKNOWN);
    project.write(
        "playbooks/more.yml",
        "- file: {path: '{{ top }}/more', state: directory}\n  notify: included\n",
    );
    saved(&project, "");
    let applied = project.converge("apply a.plan");
    assert_eq!(code(&applied), 0, "{}{}", stdout(&applied), stderr(&applied));
    for name in ["yes", "handled", "more", "included-handled"] {
        assert!(top.join(name).is_dir(), "{name}: {}", stdout(&applied));
    }
}

#[test]
fn programs_get_what_the_schema_says() {
    let (project, _) = project(SITE);
    saved(&project, "-e unused=1");
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/plan.schema.json")).unwrap(),
    )
    .unwrap();
    let plan: Value =
        serde_json::from_str(&stdout(&project.converge("show a.plan --json"))).unwrap();
    assert_eq!(schema::problems(&schema, &plan), Vec::<String>::new());
    assert_eq!(plan["saved"]["verified"], true);
    let paths: Vec<&str> = plan["saved"]["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|input| input["path"].as_str())
        .collect();
    assert_eq!(
        paths,
        ["ansible.cfg", "inventory/local", "playbooks/files/page", "playbooks/site.yml"]
    );
    // The check itself finds what is wrong.
    let mut wrong = plan.clone();
    wrong["saved"]["inputs"][0]["digest"] = 7.into();
    wrong["plan"]["totals"].as_object_mut().unwrap().remove("changes");
    wrong["saved"]["more"] = true.into();
    assert_eq!(
        schema::problems(&schema, &wrong).len(),
        3,
        "{:?}",
        schema::problems(&schema, &wrong)
    );
}

#[test]
fn planning_alone_saves_nothing_and_a_place_that_cannot_be_written_is_told() {
    let (project, top) = project(SITE);
    let plan = project.converge("plan");
    assert_eq!(code(&plan), 2);
    assert!(!stdout(&plan).contains("Saved") && !top.join("etc").exists());
    let nowhere = project.converge("plan -o nowhere/a.plan");
    assert_eq!(code(&nowhere), 1);
    assert!(stderr(&nowhere).contains("can't be written"), "{}", stderr(&nowhere));
    let both = project.converge("plan --yes");
    assert_eq!(code(&both), 1);
    assert!(stderr(&both).contains("`converge apply FILE` applies it"), "{}", stderr(&both));
}

const CUT: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: First
      copy: {content: one, dest: '{{ top }}/first'}
    - name: The connection goes
      command: sh -c 'kill -9 $PPID'
    - name: Last
      copy: {content: two, dest: '{{ top }}/last'}
";

/// The one host is reached by this server.
fn by_ssh(project: &Project, sshd: &Sshd, top: &Path) {
    project.write(
        "inventory/local",
        &format!(
            "web ansible_host=127.0.0.1 ansible_port={} top={} ansible_ssh_private_key_file={} \
             ansible_ssh_common_args='-o UserKnownHostsFile={}'\n",
            sshd.port,
            top.display(),
            sshd.path("home/.ssh/id_ed25519").display(),
            sshd.path("home/.ssh/known_hosts").display(),
        ),
    );
}

#[test]
fn a_host_with_another_host_key_is_another_machine() {
    let mut sshd = Sshd::start();
    let (project, top) = project(SITE);
    by_ssh(&project, &sshd, &top);
    saved(&project, "");
    fs::remove_file(sshd.path("host_key")).unwrap();
    keygen(&sshd.path("host_key"), "ed25519", "");
    sshd.restart();
    // Whoever looks after the host made its new key known.
    sshd.trust("host_key");
    refused(&project, &["web: it is another machine", "its SSH host key: it was SHA256:"]);
    assert!(!top.join("etc").exists());
}

#[test]
fn over_ssh_a_cut_connection_is_told_and_the_plan_is_spent() {
    let sshd = Sshd::start();
    let (project, top) = project(CUT);
    by_ssh(&project, &sshd, &top);
    saved(&project, "");
    let applied = project.converge("apply a.plan");
    let told = format!("{}{}", stdout(&applied), stderr(&applied));
    assert_eq!(code(&applied), 3, "{told}");
    assert!(told.contains("UNREACHABLE!") && told.contains("The plan is spent."), "{told}");
    assert_eq!(fs::read_to_string(top.join("first")).unwrap(), "one", "what was done is whole");
    assert!(!top.join("last").exists());
    refused(&project, &["was applied already"]);
}

#[test]
fn a_plan_is_not_spent_where_no_host_can_be_reached() {
    let mut sshd = Sshd::start();
    let (project, top) = project(SITE);
    by_ssh(&project, &sshd, &top);
    saved(&project, "");
    sshd.stop();
    let away = project.converge("apply a.plan");
    assert_eq!(code(&away), 3, "{}", stderr(&away));
    assert!(stderr(&away).contains("no host of the plan can be reached"), "{}", stderr(&away));
    sshd.restart();
    assert_eq!(code(&project.converge("apply a.plan")), 0);
    assert!(top.join("etc").exists());
}
