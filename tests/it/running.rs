//! Plans and runs on this machine itself, with the helper that converge carries.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use converge_host::python_re::{self, Flags, Replacement};

use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Folders
      file: {path: '{{ top }}/{{ item }}', state: directory, mode: '0750'}
      loop: [a, b]
      notify: say it
    - name: An empty file
      file: {path: '{{ top }}/a/motd', state: touch, mode: '0640', modification_time: preserve, access_time: preserve}
    - name: A line
      lineinfile: {path: '{{ top }}/a/motd', line: hello}
    - debug: {msg: 'hello {{ inventory_hostname }}'}
    - name: Not here
      fail: {msg: never}
      when: false
  handlers:
    - name: say it
      debug: {msg: said}
";

/// A project whose tasks work below `top`.
fn project(site: &str) -> (Project, PathBuf) {
    let project = Project::new(&[("ansible.cfg", "[defaults]\n"), ("playbooks/site.yml", site)]);
    let top = project.home().join("top");
    project.write(
        "inventory/local",
        &format!("here ansible_connection=local top={}\n", top.display()),
    );
    (project, top)
}

/// What was told, without what differs from user to user and from run to run.
fn told(project: &Project, output: &std::process::Output) -> String {
    let mut settings = project.told(output);
    for (pattern, word) in [
        (r"owner \S+, group \S+\)", "owner [OWNER], group [GROUP])"),
        (r"Done in \d+\.\d s", "Done in [TIME]"),
        (r"converge show \w{9}", "converge show [ID]"),
    ] {
        let pattern = python_re::compile(pattern, Flags::default()).unwrap();
        settings = pattern.replace(&settings, &Replacement::literal(word), None).unwrap().0;
    }
    settings
}

#[test]
fn a_plan_changes_nothing_and_applying_makes_it_true() {
    let (project, top) = project(SITE);
    let check = project.converge("--check");
    insta::assert_snapshot!(told(&project, &check), @r"
    exit code 2
    --- stdout
    Project    [TMP]/project (not in git)
    Inventory  inventory/local
    Playbook   playbooks/site.yml
    Hosts      here

    Folders  (playbooks/site.yml:5:7)
      here
        item a
          + [TMP]/home/top (directory, mode 0750, owner [OWNER], group [GROUP])
          + [TMP]/home/top/a (directory, mode 0750, owner [OWNER], group [GROUP])
        item b
          + [TMP]/home/top/b (directory, mode 0750, owner [OWNER], group [GROUP])

    An empty file  (playbooks/site.yml:9:7)
      here
        + [TMP]/home/top/a/motd (mode 0640, owner [OWNER], group [GROUP])

    A line  (playbooks/site.yml:11:7)
      here
        ~ [TMP]/home/top/a/motd
            --- before: [TMP]/home/top/a/motd
            +++ after: [TMP]/home/top/a/motd
            @@ -0,0 +1 @@
            +hello

    Plan: 5 changes on 1 host; 6 of 6 tasks seen through.
    ");
    assert!(!top.exists(), "a plan changes nothing");

    let unasked = project.converge("");
    assert_eq!(code(&unasked), 2);
    assert!(stderr(&unasked).contains("Nothing was applied: there is no terminal to ask on."));
    assert!(!top.exists(), "nobody agreed");

    let applied = project.converge("--yes");
    assert_eq!(code(&applied), 0, "{}", stderr(&applied));
    assert!(stdout(&applied).contains("TASK [A line] ***"), "{}", stdout(&applied));
    assert_eq!(fs::read_to_string(top.join("a/motd")).unwrap(), "hello\n");

    insta::assert_snapshot!(told(&project, &project.converge("--check")), @r"
    exit code 0
    --- stdout
    Project    [TMP]/project (not in git)
    Inventory  inventory/local
    Playbook   playbooks/site.yml
    Hosts      here

    No changes. 1 host is as the project says; 5 of 5 tasks seen through.
    ");
    let history = stdout(&project.converge("history"));
    let modes: Vec<&str> =
        history.lines().filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(modes, ["check", "apply", "plan", "check"]);
}

#[test]
fn as_ansible_playbook_it_applies_at_once_in_ansibles_lines() {
    let (project, top) = project(SITE);
    let line = "playbooks/site.yml -i inventory/local --diff";
    insta::assert_snapshot!(told(&project, &project.ansible_playbook(line)), @r#"
    exit code 0
    --- stdout

    PLAY [Demo] ********************************************************************

    TASK [Folders] *****************************************************************
    + [TMP]/home/top (directory, mode 0750, owner [OWNER], group [GROUP])

    + [TMP]/home/top/a (directory, mode 0750, owner [OWNER], group [GROUP])

    changed: [here] => (item=a)
    + [TMP]/home/top/b (directory, mode 0750, owner [OWNER], group [GROUP])

    changed: [here] => (item=b)

    TASK [An empty file] ***********************************************************
    + [TMP]/home/top/a/motd (mode 0640, owner [OWNER], group [GROUP])

    changed: [here]

    TASK [A line] ******************************************************************
    --- before: [TMP]/home/top/a/motd
    +++ after: [TMP]/home/top/a/motd
    @@ -0,0 +1 @@
    +hello

    changed: [here]

    TASK [debug] *******************************************************************
    ok: [here] => {
        "msg": "hello here"
    }

    TASK [Not here] ****************************************************************
    skipping: [here]

    RUNNING HANDLER [say it] *******************************************************
    ok: [here] => {
        "msg": "said"
    }

    PLAY RECAP *********************************************************************
    here                       : ok=5    changed=3    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0
    "#);
    assert!(top.join("a/motd").exists());
    let again = project.ansible_playbook(&format!("{line} --check"));
    assert_eq!(code(&again), 0);
    assert!(
        stdout(&again).contains(
            "here                       : ok=4    changed=0    unreachable=0    failed=0"
        )
    );
}

#[test]
fn a_check_as_ansible_playbook_ends_with_0_although_something_would_change() {
    let (project, top) = project(SITE);
    let check = project.ansible_playbook("playbooks/site.yml -i inventory/local --check");
    assert_eq!(code(&check), 0);
    assert!(stdout(&check).contains("changed: [here]"), "{}", stdout(&check));
    assert!(!top.exists());
}

#[test]
fn the_question_is_asked_on_a_terminal() {
    let (project, top) = project(SITE);
    assert!(on_a_terminal(&project, "n\n").contains("Nothing was applied."));
    assert!(!top.exists());
    let text = on_a_terminal(&project, "maybe\ny\n");
    assert!(text.contains("Apply these changes to 1 host? [y/N/?]"), "{text}");
    assert!(text.contains("Please answer `y` or `n`."), "{text}");
    assert!(text.contains("Done in"), "{text}");
    assert!(top.join("a/motd").exists());
}

/// What stands on a terminal on which converge was called and this was typed.
fn on_a_terminal(project: &Project, typed: &str) -> String {
    let mut script = Command::new("script")
        .args(["-qec", env!("CARGO_BIN_EXE_converge"), "/dev/null"])
        .current_dir(project.root())
        .env("HOME", project.home())
        .env("XDG_STATE_HOME", project.home().join("state"))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    stdout(&script.wait_with_output().unwrap())
}

const TROUBLE: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Breaks
      command: sh -c 'echo out; echo one >&2; echo two >&2; exit 3'
    - name: Never reached
      debug: {msg: x}
";

#[test]
fn a_failure_ends_with_1_and_shows_what_the_command_said() {
    let (project, _) = project(TROUBLE);
    let output = project.converge("--yes");
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("  stderr:\n    one\n    two\n  at playbooks/site.yml:4:7\n"), "{text}");
    assert!(text.contains("failed=1"), "{text}");
    assert!(!text.contains("Never reached"), "{text}");
    let shown = stdout(&project.converge("show"));
    assert!(shown.contains("× failed: non-zero return code"), "{shown}");
    assert_eq!(code(&project.ansible_playbook("playbooks/site.yml -i inventory/local")), 2);
}

#[test]
fn a_host_out_of_reach_ends_with_3_and_the_others_are_done() {
    let (project, top) = project(SITE);
    let mut hosts = fs::read_to_string(project.root().join("inventory/local")).unwrap();
    hosts.push_str(&format!("gone ansible_host=127.0.0.1 ansible_port=1 top={}\n", top.display()));
    project.write("inventory/local", &hosts);
    let output = project.converge("--yes");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("fatal: [gone]: UNREACHABLE!"), "{text}");
    assert!(text.contains("1 host could not be reached"), "{text}");
    assert!(top.join("a/motd").exists());
    assert_eq!(code(&project.ansible_playbook("playbooks/site.yml -i inventory/local")), 4);
}

const SECRET: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Folder
      file: {path: '{{ top }}', state: directory}
    - name: Empty file
      file: {path: '{{ top }}/key', state: touch}
    - name: Write the key
      lineinfile: {path: '{{ top }}/key', line: 'key={{ key }}'}
      no_log: true
    - name: Fail with the key
      command: 'sh -c \"echo {{ key }} >&2; exit 1\"'
      no_log: true
      ignore_errors: true
";

#[test]
fn what_no_log_hides_is_nowhere() {
    let (project, top) = project(SECRET);
    let runs = [
        project.converge("--check -e key=hunter22"),
        project.converge("--yes -D -vvv -e key=hunter22"),
        project.converge("--check --format json -vv -e key=hunter23"),
        project.ansible_playbook("playbooks/site.yml -i inventory/local -D -vvv -e key=hunter24"),
        project.converge("show -v"),
        project.converge("show --json"),
    ];
    for output in &runs {
        let text = format!("{}{}", stdout(output), stderr(output));
        assert!(text.contains("Write the key"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(fs::read_to_string(top.join("key")).unwrap().contains("hunter24"));
    let mut kept = Vec::new();
    for file in fs::read_dir(project.history().parent().unwrap()).unwrap() {
        kept.extend(fs::read(file.unwrap().path()).unwrap());
    }
    assert!(!kept.is_empty());
    assert!(!kept.windows(7).any(|window| window == b"hunter2"), "the history holds the secret");
}

#[test]
fn programs_get_one_document() {
    let (project, _) = project(SITE);
    let document = |line: &str| -> serde_json::Value {
        serde_json::from_str(&stdout(&project.converge(line))).unwrap()
    };
    let plan = document("--check --format json");
    assert_eq!(
        (&plan["outcome"], &plan["exit_code"], &plan["run"]),
        (&"pending".into(), &2.into(), &serde_json::Value::Null)
    );
    assert_eq!(plan["plan"]["totals"]["seen_through"], plan["plan"]["totals"]["tasks"]);
    let run = document("--yes --format json");
    assert_eq!((&run["outcome"], &run["exit_code"]), (&"applied".into(), &0.into()));
    assert_eq!(run["run"]["hosts"]["here"]["changed"], 3);
    assert_eq!(run["plan"], serde_json::Value::Null, "nobody looked at a plan, so none was made");
    let change = &run["run"]["plays"][0]["tasks"][2]["steps"][0]["changes"][0];
    assert!(change["diff"].as_str().unwrap().ends_with("+hello\n"), "{change}");
    let id = run["id"].as_str().unwrap();
    assert_eq!(document(&format!("show {id} --json"))["outcome"], "applied");
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let site = "- hosts: all\n  gather_facts: false\n  tasks:\n    - file: {path: '{{ top }}', state: directory}\n    \
                - debug: {msg: \"{{ 'x' | uper }}\"}\n";
    let (project, top) = project(site);
    let output = project.converge("-i local --yes");
    assert_eq!(code(&output), 1);
    let told = stderr(&output);
    assert!(told.contains("there is no filter `uper`") && told.contains("`upper`"), "{told}");
    assert!(!top.exists());
}

#[test]
fn a_history_that_cannot_be_written_stops_nothing() {
    let (project, top) = project(SITE);
    fs::write(project.history().parent().unwrap().parent().unwrap(), "a file in the way").unwrap();
    let output = project.converge("--yes");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("warning: this run is not kept: the history"),
        "{}",
        stderr(&output)
    );
    assert!(top.join("a/motd").exists());
}

#[test]
fn a_connection_that_is_made_anew_forgets_nothing_of_a_plan() {
    let project = Project::new(&[(
        "playbooks/site.yml",
        "\
- hosts: all
  gather_facts: false
  tasks:
    - file: {path: '{{ top }}/app', state: directory}
    - meta: reset_connection
    - copy: {dest: '{{ top }}/app/conf', content: x}
",
    )]);
    let top = project.home().display().to_string();
    let output = project.converge(&format!("-i here, -c local -e top={top} --check"));
    assert_eq!(code(&output), 2, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("Plan: 2 changes on 1 host"), "{}", stdout(&output));
}

#[test]
fn addresses_of_this_machine_are_this_machine_where_no_inventory_knows_them() {
    let task = |to: &str| {
        format!(
            "    - copy: {{dest: '{{{{ top }}}}-{}', content: x}}\n      delegate_to: '{to}'\n",
            to.replace(':', ".")
        )
    };
    let site = format!(
        "- hosts: here\n  gather_facts: false\n  tasks:\n{}{}",
        task("127.0.0.1"),
        task("::1")
    );
    let (project, top) = project(&site);
    let ran = project.converge("-i local --yes");
    assert_eq!(code(&ran), 0, "{}{}", stdout(&ran), stderr(&ran));
    assert!(top.with_file_name("top-127.0.0.1").exists() && top.with_file_name("top-..1").exists());
    // Where the inventory has it, it says how it is reached.
    project.write(
        "inventory/local",
        &format!("here ansible_connection=local top={}\n127.0.0.1 ansible_port=1\n", top.display()),
    );
    let ran = project.converge("-i local --yes");
    assert_eq!(code(&ran), 3, "{}{}", stdout(&ran), stderr(&ran));
}
