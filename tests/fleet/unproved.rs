//! What must not get to production, what a killed controller leaves, and a history or a disk that takes nothing: in each case it is
//! said, nothing is applied that was not proved, and nothing is recorded that did not happen.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use xtask::fleet::host::{Host, Kind};

use crate::hosts::{Lent, debian, lend};
use crate::project::{Project, play};
use crate::trouble::{the_helper_leaves, wait_until};

const SITE: &str = "- copy: {src: page, dest: /etc/page, mode: '0644'}";

/// Records of others count; a pass does for two hours.
const TRUSTING: &str = "\
[environments.staging]

[environments.prod]
after = 'staging'
valid = '2h'
records = 'anyone'
";

const NOTES: &str = "refs/notes/converge";

fn line(host: &Host) -> String {
    format!("{} ansible_host={}\n", host.name, host.ipv4)
}

/// A project with two environments, committed long ago.
fn project(stage: &Host, prod: &[&Host], environments: &str) -> Project {
    let project = Project::new(&[], &[]);
    project.ssh_config(stage, "");
    project.write("inventory/staging", line(stage));
    project.write("inventory/prod", prod.iter().map(|host| line(host)).collect::<String>());
    project.write("converge.toml", environments);
    project.write("playbooks/site.yml", play(SITE));
    project.write("playbooks/files/page", "1");
    commit(&project);
    project
}

fn commit(project: &Project) {
    project.commit();
    let date = "2026-01-01T00:00:00Z";
    project.git(&["commit", "--quiet", "--amend", "--no-edit", "--date", date]);
}

/// The records about the commit.
fn records(project: &Project) -> Vec<Value> {
    let text = project.git(&["notes", "--ref", NOTES, "show", "HEAD"]);
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Puts something in the place of the records about the commit.
fn forge(project: &Project, text: &str) {
    project.git(&["notes", "--ref", NOTES, "add", "--force", "--message", text]);
}

#[test]
#[ignore = "needs hosts"]
fn what_did_not_pass_does_not_get_to_production() {
    let [stage, prod] = lend([Kind::Centos, Kind::Debian]);
    let project = project(&stage, &[&prod], TRUSTING);
    let apply = |environment: &str| project.converge(&["-i", environment, "--yes"]).run();
    let refused = |words: &str| {
        apply("prod").exits(4).says(words);
        assert!(!prod.has("/etc/page"), "{words}");
    };
    refused("there is no record");
    apply("staging").exits(0).says("staging has passed");
    let good = records(&project).remove(0);
    let with = |changes: &[(&str, Value)]| {
        let mut record = good.clone();
        // It is another machine's, whose key nobody has here.
        record["key"] = "another".into();
        changes.iter().for_each(|(name, value)| record[*name] = value.clone());
        record.to_string()
    };
    let at = |minutes: i64| {
        let span = jiff::SignedDuration::from_mins(minutes);
        let time = jiff::Timestamp::now().checked_add(span).unwrap();
        with(&[("at", time.to_string().into())])
    };
    forge(&project, &with(&[("digest", "0".repeat(64).into())]));
    refused("something else than what the commit holds");
    forge(&project, &at(-121));
    refused("its record is older");
    forge(&project, &at(62));
    refused("one of the two clocks is wrong by more than an hour");

    // Only what this machine sealed counts from now on.
    project.write("converge.toml", TRUSTING.replace("records = 'anyone'\n", ""));
    commit(&project);
    forge(&project, &with(&[]));
    refused("its record was sealed with another key (`another`)");
    apply("staging").exits(0).says("staging has passed");
    let mut record = records(&project).into_iter().find(|one| one["key"] != "another").unwrap();
    let sealed = record.to_string();
    record["hosts"] = Value::Array(Vec::new());
    forge(&project, &record.to_string());
    refused("its record is not as it was written");
    project.write("README.md", "another tree\n");
    commit(&project);
    forge(&project, &sealed);
    refused("its record is about another commit");
    apply("staging").exits(0).says("staging has passed");

    project.write("playbooks/files/page", "by hand");
    refused("the working tree is not clean: playbooks/files/page");
    project.write("playbooks/files/page", "1");
    project.converge(&["-i", "prdo", "--yes"]).run().exits(1).says("did you mean");
    a_shallow_clone_is_told_what_it_lacks(&project, &prod);

    stage.run("echo 2 >> /etc/page");
    let promote = || project.converge(&["promote", "staging", "prod", "--yes"]).run();
    promote().exits(4).says("`staging` is not as this commit left it");
    assert!(!prod.has("/etc/page"));
    let of_prod = || records(&project).iter().filter(|one| one["environment"] == "prod").count();
    assert_eq!(of_prod(), 0, "nothing is recorded that did not happen");

    // An hour between two clocks is none of this.
    apply("staging").exits(0);
    promote().exits(0).says("prod has passed");
    assert_eq!((prod.text("/etc/page"), of_prod()), ("1".into(), 1));
}

fn a_shallow_clone_is_told_what_it_lacks(project: &Project, prod: &Lent) {
    let clone = project.home().join("clone");
    let url = format!("file://{}", project.folder().display());
    project.git(&["clone", "--quiet", "--depth", "1", &url, &clone.display().to_string()]);
    let apply = || project.converge(&["-i", "prod", "--yes"]).at(&clone).run();
    let refused = apply().exits(4).says("this is a shallow clone");
    refused.says("git fetch origin refs/notes/converge:refs/notes/converge");
    assert!(!prod.has("/etc/page"));
    fs::remove_dir_all(&clone).unwrap();
}

/// Each host is at it until it may go on.
const SLOW: &str = "
- copy: {src: page, dest: /etc/page, mode: '0644'}
- shell: while [ ! -e /tmp/go-on ]; do sleep 0.1; done; touch /etc/through
  args: {creates: /etc/through}
";

#[test]
#[ignore = "needs hosts"]
fn a_controller_that_is_killed_in_batch_two_leaves_the_rest_alone_and_a_rollout_to_resume() {
    let [stage, one, two, three] = lend([Kind::Debian, Kind::Centos, Kind::Debian, Kind::Debian]);
    let prod = [&*one, &*two, &*three];
    let environments = "[environments.staging]\n[environments.prod]\nafter = 'staging'\n\
                        [environments.prod.rollout]\ncanary = 1\nbatches = 1\n";
    let project = project(&stage, &prod, environments);
    project.write("playbooks/site.yml", play(SLOW));
    commit(&project);
    for host in [&stage, &one] {
        host.run("touch /tmp/go-on");
    }
    let patient = Duration::from_secs(200);
    let converge = |words: &[&str]| project.converge(words).within(patient).run();
    converge(&["-i", "staging", "--yes"]).exits(0).says("staging has passed");
    let mut running = project.converge(&["promote", "staging", "prod", "--yes"]).start();
    wait_until("the second batch", || two.has("/etc/page"));
    running.kill().unwrap();
    running.wait().unwrap();
    let status = converge(&["rollout", "status"]).exits(0);
    assert!(status.out.contains("interrupted: nobody runs it any more"), "{status}");
    assert!(status.out.contains(&format!("  done       {}\n", one.name)), "{status}");
    assert!(!three.has("/etc/page"), "the rest is untouched");
    let of_prod = || records(&project).iter().filter(|one| one["environment"] == "prod").count();
    assert_eq!(of_prod(), 0, "nothing is recorded that did not happen");
    two.run("touch /tmp/go-on");
    three.run("touch /tmp/go-on");
    the_helper_leaves(&two);
    converge(&["rollout", "resume", "--yes"]).exits(0).says("prod has passed");
    assert!(two.has("/etc/through") && three.has("/etc/through"));
    assert_eq!(of_prod(), 1);
}

fn history(project: &Project) -> PathBuf {
    project.home().join(".local/state/converge/history.sqlite")
}

#[test]
#[ignore = "needs hosts"]
fn a_history_that_takes_nothing_stops_no_run_and_lies_to_no_check() {
    let host = debian();
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/page, content: one}");
    let apply = || project.apply(&[]).exits(0);
    let drift = |code| project.converge(&["drift", "-i", "test"]).run().exits(code);
    apply().never_says("not kept");
    drift(0);
    let again = || host.run("rm /etc/page");

    // Another process writes for longer than anybody waits.
    let kept = history(&project);
    let held = rusqlite::Connection::open(&kept).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    again();
    let told = apply();
    assert!(told.out.contains("changed=1"), "{told}");
    told.says("this run is not kept");
    drift(0).says("this check is not kept");
    held.execute_batch("ROLLBACK").unwrap();
    let runs = project.converge(&["history", "--json"]).run().exits(0).json();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs:#}");

    // A newer converge wrote it; then something else did.
    held.pragma_update(None, "user_version", 99).unwrap();
    drop(held);
    again();
    apply().says("this run is not kept").says("written by a newer converge");
    drift(1).says("it can't be told what was applied").says("newer converge");
    let text = "no database at all, and long enough to be read as one ".repeat(200);
    for name in ["history.sqlite-wal", "history.sqlite-shm"] {
        drop(fs::remove_file(kept.with_file_name(name)));
    }
    fs::write(&kept, &text).unwrap();
    again();
    apply().says("this run is not kept");
    drift(1).says("it can't be told what was applied").says("is damaged");
    assert_eq!(fs::read_to_string(&kept).unwrap(), text, "it is left as it is");
    // Whoever knows what was applied can still check.
    project.converge(&["drift", "-i", "test", "--applied", "HEAD"]).run().exits(1);
}

/// A folder on a disk of its own, unmounted in the end.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder);
        assert!(mount.status().unwrap().success());
        Self(folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
#[ignore = "needs hosts"]
fn a_disk_that_is_full_keeps_the_report_that_is_there() {
    let host = debian();
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/page, content: one}");
    project.apply(&[]).exits(0);
    let disk = Disk::mount(project.folder().join("reports"), "64k");
    let check = |code| {
        let call = project.converge(&["drift", "-i", "test", "--report", "html=reports/page.html"]);
        call.args(&["--report", "prometheus=reports/metrics.prom"]).run().exits(code)
    };
    check(0);
    let files = || {
        let mut names: Vec<String> = fs::read_dir(&disk.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(files(), ["metrics.prom", "page.html"]);
    let read = |name: &str| fs::read_to_string(disk.0.join(name)).unwrap();
    let before = [read("metrics.prom"), read("page.html")];
    // As much as fits: less than either report is left.
    let mut rest = vec![0; 128 * 1024];
    while fs::write(disk.0.join("rest"), &rest).is_err() {
        rest.truncate(rest.len() - 512);
    }
    host.run("echo by hand > /etc/page");
    let told = check(1).says("the report `reports/page.html` can't be written");
    let told = told.says("the report `reports/metrics.prom` can't be written");
    assert!(told.out.contains("-by hand"), "it is shown all the same: {told}");
    assert_eq!([read("metrics.prom"), read("page.html")], before, "what was there is whole");
    assert_eq!(files(), ["metrics.prom", "page.html", "rest"], "nothing is left lying about");
}
