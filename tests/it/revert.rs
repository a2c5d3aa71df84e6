//! `converge revert`: what a run did to files is taken back, as far as nobody changed it since.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: A file
      copy: {dest: '{{ top }}/known', content: \"new\\n\", mode: '0600'}
    - name: Twice
      lineinfile: {path: '{{ top }}/known', line: more}
    - name: A folder
      file: {path: '{{ top }}/folder', state: directory}
    - name: A file in it
      copy: {dest: '{{ top }}/folder/made', content: x}
    - name: A link
      file: {path: '{{ top }}/link', src: known, state: link}
    - name: A file that goes
      file: {path: '{{ top }}/gone', state: absent}
    - name: A secret
      copy: {dest: '{{ top }}/secret', content: changed}
      no_log: true
    - name: A command
      command: touch {{ top }}/touched
";

/// A project and a folder with the files that its tasks change.
fn project() -> (Project, PathBuf) {
    let project = Project::new(&[("ansible.cfg", "[defaults]\n"), ("playbooks/site.yml", SITE)]);
    let top = project.home().join("top");
    let inventory = format!("here ansible_connection=local top={}\n", top.display());
    project.write("inventory/local", &inventory);
    fs::create_dir_all(&top).unwrap();
    for (name, text, mode) in [("known", "old\n", 0o640), ("gone", "there\n", 0o604)] {
        fs::write(top.join(name), text).unwrap();
        fs::set_permissions(top.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::write(top.join("secret"), "hunter22").unwrap();
    (project, top)
}

fn read(path: &Path) -> (String, u32) {
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    (fs::read_to_string(path).unwrap(), mode)
}

#[test]
fn a_run_is_taken_back() {
    let (project, top) = project();
    let applied = project.converge("--yes");
    assert_eq!(code(&applied), 0, "{}{}", stdout(&applied), stderr(&applied));
    assert_eq!(read(&top.join("known")), ("new\nmore\n".into(), 0o600));
    let id = stdout(&project.converge("history")).split(' ').next().unwrap().to_owned();

    let check = project.converge(&format!("revert {id} --check"));
    assert_eq!(code(&check), 2, "{}{}", stdout(&check), stderr(&check));
    let text = stdout(&check);
    assert!(text.contains("Not taken back\n") && text.contains("run `touch "), "{text}");
    assert!(text.contains("take back A file that goes") && text.contains("+there"), "{text}");
    assert!(!text.contains("hunter22"), "{text}");
    assert!(!top.join("gone").exists(), "a check changes nothing");

    let reverted = project.converge(&format!("revert {id} --yes"));
    assert_eq!(code(&reverted), 0, "{}{}", stdout(&reverted), stderr(&reverted));
    assert_eq!(read(&top.join("known")), ("old\n".into(), 0o640));
    assert_eq!(read(&top.join("gone")), ("there\n".into(), 0o604));
    assert!(!top.join("folder").exists() && fs::symlink_metadata(top.join("link")).is_err());
    assert_eq!(read(&top.join("secret")).0, "changed", "what is hidden is not kept");
    assert!(top.join("touched").exists(), "nobody knows what a command did");

    let again = project.converge(&format!("revert {id} --check"));
    assert!(!stdout(&again).contains("Plan:"), "it is back already: {}", stdout(&again));
    let kept = fs::read(project.history()).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("hunter22"));
    assert_eq!(fs::metadata(project.history()).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn what_was_changed_since_is_left() {
    let (project, top) = project();
    assert_eq!(code(&project.converge("--yes")), 0);
    fs::write(top.join("known"), "by hand\n").unwrap();
    let reverted = project.converge("revert last --yes");
    let text = format!("{}{}", stdout(&reverted), stderr(&reverted));
    assert_ne!(code(&reverted), 0, "{text}");
    assert!(text.contains("is no longer as that run left it"), "{text}");
    assert_eq!(read(&top.join("known")).0, "by hand\n");
}

#[test]
fn a_plan_has_nothing_to_take_back() {
    let (project, _) = project();
    assert_eq!(code(&project.converge("--check")), 2);
    let reverted = project.converge("revert last");
    assert_eq!(code(&reverted), 1);
    assert!(stderr(&reverted).contains("applied nothing"), "{}", stderr(&reverted));
    assert_eq!(code(&project.converge("revert nosuchrun")), 1);
}
