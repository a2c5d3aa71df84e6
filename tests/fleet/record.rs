//! What is shown and kept of a run: the commit, the history, and never a secret.

use crate::hosts::debian;
use crate::project::Project;

#[test]
#[ignore = "needs hosts"]
fn the_commit_and_what_is_not_committed_are_shown_and_kept() {
    let host = debian();
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x}");
    let commit = project.git(&["rev-parse", "HEAD"]);
    let ran = project.check(&[]).exits(2).says(&commit[..7]);
    assert!(!ran.out.contains("uncommitted") && !ran.out.contains("dirty"), "{ran}");
    assert_eq!(project.plan(2)["revision"]["commit"], commit.as_str());
    project.write("playbooks/site.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {dest: /etc/app.conf, content: y}\n");
    let dirty = project.plan(2);
    assert_eq!(dirty["revision"]["dirty"][0]["path"], "playbooks/site.yml", "{dirty:#}");
    let shown = project.check(&[]).exits(2);
    assert!(shown.out.contains(&commit[..7]) && shown.out != ran.out, "{shown}");
}

#[test]
#[ignore = "needs hosts"]
fn runs_are_kept_and_shown_again() {
    let host = debian();
    let project =
        Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x}\n- debug: msg=done");
    project.apply(&[]).exits(0);
    project.apply(&[]).exits(0);
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  tasks: [{fail: {msg: no more}}]\n",
    );
    project.apply(&[]).exits(1);
    let history = project.converge(&["history", "--json"]).run().exits(0).json();
    let runs = history.as_array().or_else(|| history["runs"].as_array()).unwrap();
    let outcomes: Vec<&str> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "unchanged", "applied"], "{history:#}");
    let id = runs[2]["id"].as_str().unwrap();
    let shown = project.converge(&["show", id]).run().exits(0);
    let commit = project.git(&["rev-parse", "HEAD"]);
    for text in ["/etc/app.conf", &commit[..7], &host.name] {
        assert!(shown.out.contains(text), "{text}: {shown}");
    }
    project.converge(&["show", "last"]).run().exits(0).says("no more");
    project.converge(&["history"]).run().exits(0).says(id).says("applied");
    let database = project.home().join(".local/state/converge");
    let mode = std::fs::metadata(&database).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o700);
}

#[test]
#[ignore = "needs hosts"]
fn secrets_are_nowhere_but_in_their_files_on_the_host() {
    const SECRETS: [&str; 5] = [
        "hidden-marlin",
        "looped-barracuda",
        "from-the-host-eel",
        "deploy-secret",
        "failing-moray",
    ];
    let host = debian();
    host.run("echo from-the-host-eel > /root/found; chmod 600 /root/found");
    let project = Project::tasks(
        &[&host],
        "
        - copy: {dest: /etc/app.hidden, content: 'key=hidden-marlin', mode: '0600'}
          no_log: true
        - copy: {dest: '/etc/app.{{ item.name }}', content: '{{ item.key }}', mode: '0600'}
          loop: [{name: loop, key: looped-barracuda}]
          no_log: true
        - command: cat /root/found
          register: found
          changed_when: false
          become: true
          no_log: true
        - command: sh -c 'echo failing-moray >&2; exit 1'
          ignore_errors: true
          no_log: true
        - fail: {msg: 'found {{ found.stdout }}'}
          no_log: true
        ",
    );
    let vars = "ansible_user=deploy ansible_become=true ansible_become_password=deploy-secret";
    project.write("inventory/test", format!("{} ansible_host={} {vars}\n", host.name, host.ipv4));
    let mut heard = String::new();
    for args in [&["--diff", "-vvv"] as &[&str], &["--format", "json"]] {
        heard += &project.check(args).exits(1).to_string();
        heard += &project.apply(args).exits(1).to_string();
        heard += &project.converge(&["show", "--json"]).run().exits(0).to_string();
    }
    for secret in SECRETS {
        assert!(!heard.contains(secret), "{secret}: {heard}");
    }
    assert!(heard.contains("hidden by no_log"), "{heard}");
    assert_eq!(host.text("/etc/app.hidden"), "key=hidden-marlin");
    assert_eq!(host.text("/etc/app.loop"), "looped-barracuda");
    for entry in std::fs::read_dir(project.home().join(".local/state/converge")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "the history keeps a secret");
    }
    let secrets = SECRETS.join("|");
    let left = host.run(&format!(
        "grep -rlE '{secrets}' /root/.cache /home /tmp /var/tmp /var/log /run 2>/dev/null || true"
    ));
    assert_eq!(left, "", "traces on the host");
}
