//! Rollouts: canaries, batches, checks, what stops them, and what becomes of one that stopped. All hosts are this machine.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::repository::{commit, has, path, project_of, run};
use crate::support::{Project, code, stderr, stdout};

const HOSTS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];

/// One canary, then two at a time; a host with a file `ill` is ill.
const ROLLOUT: &str = "\
[environments.staging]

[environments.prod]
after = \"staging\"

[environments.prod.rollout]
canary = 1
batches = 2
checks = [{ command = [\"test\", \"!\", \"-e\", \"{{ top }}/ill\"], within = \"1s\" }]
";

fn project(more: &str) -> Project {
    let (head, checks) = ROLLOUT.rsplit_once("checks = ").unwrap();
    let project = project_of(&format!("{head}{more}\nchecks = {checks}"), &["s1"], &HOSTS);
    run(&project, "-i staging --yes", 0);
    project
}

/// The hosts that have the page.
fn done(project: &Project) -> String {
    let has = |host: &&&str| has(project, host, "page").is_some();
    HOSTS.iter().filter(has).copied().collect::<Vec<_>>().join(" ")
}

fn ill(project: &Project, host: &str) {
    fs::write(path(project, host, "ill"), "").unwrap();
}

fn well(project: &Project, host: &str) {
    fs::remove_file(path(project, host, "ill")).unwrap();
}

#[test]
fn the_whole_way() {
    let project = project("soak = \"1s\"");
    let began = Instant::now();
    let told = run(&project, "promote staging prod --yes", 0);
    assert!(began.elapsed() > Duration::from_secs(2), "it soaked twice");
    assert_eq!(done(&project), HOSTS.join(" "), "{told}");
    for words in [
        "Batch 1 of 3: p1\n",
        "Batch 2 of 3: p2, p3 (2 hosts)\n",
        "Batch 3 of 3: p4, p5 (2 hosts)\n",
        "Soaking for 1 second",
        "1 check holds on p1\n",
        "prod has passed ",
    ] {
        assert!(told.contains(words), "`{words}` is not in:\n{told}");
    }
    assert_eq!(told.matches("Soaking").count(), 2, "not after the last one:\n{told}");
    assert!(run(&project, "rollout status", 0).contains("No rollout is stopped or under way."));
    let told = run(&project, "promote staging prod", 0);
    assert!(told.contains("prod has passed "), "there is nothing to ask about: {told}");
}

#[test]
fn a_check_that_fails_stops_it_and_the_fix_resumes() {
    let project = project("");
    ill(&project, "p3");
    let told = run(&project, "promote staging prod --yes", 1);
    assert!(told.contains("the rollout of prod stopped in batch 2 of 3: 1 of 2 hosts"), "{told}");
    assert!(told.contains("p3: command test ! -e "), "{told}");
    assert!(told.contains("Untouched: p4, p5"), "{told}");
    let recap = told.rsplit_once("PLAY RECAP").unwrap().1;
    assert!(recap.contains("p3 ") && !recap.contains("p1 "), "only of the batch: {recap}");
    let plan = run(&project, "-i prod --check", 2);
    assert!(!plan.contains("Since "), "it was not applied to the environment: {plan}");
    assert!(!told.contains("prod has passed"), "{told}");
    assert_eq!(done(&project), "p1 p2 p3");
    let status = run(&project, "rollout status", 0);
    assert!(status.contains(": stopped\n  prod at "), "{status}");
    assert!(status.contains("  done       p1, p2 (2 hosts)\n"), "{status}");
    assert!(status.contains("  failed     p3\n"), "{status}");
    assert!(status.contains("  waiting    p4, p5 (2 hosts)\n"), "{status}");
    let json: Value = serde_json::from_str(&run(&project, "rollout status --json", 0)).unwrap();
    assert_eq!(json[0]["stage"], "stopped");

    // It is still ill, and the working tree has moved on: what is resumed is the commit.
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "two");
    let told = run(&project, "rollout resume --yes", 1);
    assert!(told.contains("Batch 1 of 2: p2, p3"), "{told}");
    well(&project, "p3");
    let told = run(&project, "rollout resume", 2);
    assert!(told.contains("there is no terminal to ask on"), "{told}");
    let told = run(&project, "rollout resume --yes", 0);
    assert_eq!(done(&project), HOSTS.join(" "));
    assert_eq!(has(&project, "p5", "page").unwrap(), "page one\n", "{told}");
    assert!(told.contains("prod has passed "), "{told}");
    assert!(run(&project, "rollout resume", 1).contains("no rollout is stopped or under way"));
}

#[test]
fn what_was_done_is_taken_back_where_that_is_said() {
    let project = project("on_stop = \"revert\"");
    run(&project, "-i prod --yes", 0);
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "two");
    run(&project, "-i staging --yes", 0);
    ill(&project, "p2");
    let told = run(&project, "-i prod --yes", 1);
    assert!(told.contains("Taking back "), "{told}");
    let page = |host: &str| has(&project, host, "page").unwrap();
    assert_eq!(page("p1"), "page two\n", "the canary went well: {told}");
    assert_eq!((page("p2"), page("p3")), ("page one\n".into(), "page one\n".into()), "{told}");
    well(&project, "p2");
    run(&project, "rollout resume --yes", 0);
    assert_eq!(page("p2"), "page two\n");
}

#[test]
fn so_many_may_fail() {
    let project = project("max_failures = 2\nmax_failures_per_batch = 1\non_stop = \"hold\"");
    ill(&project, "p1");
    ill(&project, "p3");
    let told = run(&project, "-i prod --yes", 1);
    assert_eq!(done(&project), HOSTS.join(" "), "two may: {told}");
    assert!(!told.contains("prod has passed"), "{told}");
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "two");
    run(&project, "-i staging --yes", 0);
    ill(&project, "p2");
    let told = run(&project, "-i prod --yes", 1);
    assert!(told.contains("2 of 2 hosts of the batch failed, and 1 may"), "{told}");
    assert_eq!(has(&project, "p4", "page").unwrap(), "page one\n");
}

#[test]
fn it_goes_on_where_that_is_said() {
    let project = project("on_stop = \"go_on\"");
    ill(&project, "p1");
    let told = run(&project, "-i prod --yes", 1);
    assert!(told.contains("it goes on all the same"), "{told}");
    assert_eq!(done(&project), HOSTS.join(" "));
}

#[test]
fn another_rollout_ends_one_that_stopped_and_one_can_be_given_up() {
    let project = project("");
    ill(&project, "p1");
    run(&project, "-i prod --yes", 1);
    let first = run(&project, "rollout status", 0);
    let first = first.split(':').next().unwrap().to_owned();
    run(&project, "-i prod --yes", 1);
    let status = run(&project, &format!("rollout status {first}"), 0);
    assert!(status.contains(": given up\n") && status.contains(" began\n"), "{status}");
    let told = run(&project, "rollout abort", 0);
    assert!(told.contains("is given up. Hosts stay as they are."), "{told}");
    assert_eq!(done(&project), "p1");
    let told = run(&project, &format!("rollout resume {first}"), 1);
    assert!(told.contains("it is over"), "{told}");
    let told = run(&project, "rollout resume nonsense", 1);
    assert!(told.contains("there is no rollout `nonsense`"), "{told}");
}

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

#[test]
fn a_controller_that_is_killed_leaves_a_rollout_that_can_be_resumed() {
    let project = project("");
    let slow = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Page
      template: {src: page.j2, dest: '{{ top }}/page', mode: '0644'}
    - name: Slow
      shell: 'while [ ! -e {{ top }}/go ]; do sleep 0.1; done; touch {{ top }}/went'
      args: {creates: '{{ top }}/went'}
";
    project.write("playbooks/site.yml", slow);
    commit(&project, "slow");
    for host in ["s1", "p1"] {
        fs::write(path(&project, host, "go"), "").unwrap();
    }
    run(&project, "-i staging --yes", 0);
    let mut running = Running(project.start("promote staging prod --yes"));
    let until = Instant::now() + Duration::from_secs(60);
    while done(&project) != "p1 p2 p3" {
        assert!(Instant::now() < until, "{}", done(&project));
        thread::sleep(Duration::from_millis(50));
    }
    let told = run(&project, "rollout resume --yes", 1);
    assert!(told.contains("it is under way"), "{told}");
    let told = run(&project, "rollout abort", 1);
    assert!(told.contains("another process runs it"), "{told}");
    let told = run(&project, "promote staging prod --yes", 1);
    assert!(told.contains("the rollout can't begin: ") && told.contains("is under way"), "{told}");
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    for host in HOSTS {
        fs::write(path(&project, host, "go"), "").unwrap();
    }
    let status = run(&project, "rollout status", 0);
    assert!(status.contains("interrupted: nobody runs it any more"), "{status}");
    assert!(status.contains("  done       p1\n"), "{status}");
    assert_eq!(done(&project), "p1 p2 p3", "the rest is untouched");
    // The helper of the killed one leaves by itself.
    let until = Instant::now() + Duration::from_secs(30);
    let told = loop {
        let output = project.converge("rollout resume --yes");
        if code(&output) == 0 || Instant::now() > until {
            break format!("{}{}", stdout(&output), stderr(&output));
        }
        thread::sleep(Duration::from_millis(500));
    };
    assert_eq!(done(&project), HOSTS.join(" "), "{told}");
    assert!(told.contains("prod has passed "), "{told}");
}

#[test]
fn staging_must_still_be_what_passed() {
    let project = project("");
    fs::write(path(&project, "s1", "page"), "by hand\n").unwrap();
    let told = run(&project, "promote staging prod --yes", 4);
    assert!(
        told.contains("`staging` is not as this commit left it, so nothing was applied"),
        "{told}"
    );
    assert!(told.contains("Page  ") && told.contains("(s1)"), "{told}");
    assert_eq!(done(&project), "");
    run(&project, "-i staging --yes", 0);
    run(&project, "promote staging prod --yes", 0);
    let told = run(&project, "promote prod staging --yes", 1);
    assert!(told.contains("`staging` does not come after `prod`"), "{told}");
    let told = run(&project, "promote stagign prod --yes", 1);
    assert!(told.contains("there is no environment `stagign`"), "{told}");
    assert!(told.contains("did you mean `staging`?"), "{told}");
}

/// Answers every request with what the path asks for.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                    _ => break,
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let (status, body) = match request.split(' ').nth(1).unwrap_or_default() {
                path if path.contains("sick") => ("500 Internal Server Error", "sick".to_owned()),
                path if path.contains("query=up%20%3D%3D%201") => {
                    ("200 OK", metrics(r#""vector","result":[{"metric":{},"value":[1,"1"]}]"#))
                }
                path if path.contains("query=up%20%3D%3D%200") => {
                    ("200 OK", metrics(r#""vector","result":[]"#))
                }
                _ => ("200 OK", "all well".to_owned()),
            };
            let length = body.len();
            let head = "Content-Type: application/json\r\nConnection: close\r\n";
            let _ =
                write!(stream, "HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n{body}");
        }
    });
    port
}

fn metrics(data: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":{data}}}}}"#)
}

#[test]
fn every_kind_of_check_is_asked() {
    let port = server();
    let url = format!("http://127.0.0.1:{port}");
    let project = project_of("", &[], &[]);
    let mut hosts = String::new();
    for name in ["p1", "p2"] {
        let top = project.home().join(name);
        fs::create_dir_all(&top).unwrap();
        hosts.push_str(&format!(
            "{name} ansible_host=127.0.0.1 ansible_connection=local top={}\n",
            top.display()
        ));
    }
    project.write("inventory/prod/hosts", &hosts);
    let checked = |checks: &[String]| {
        let checks: Vec<String> =
            checks.iter().map(|check| format!("{{ within = '1s', {check} }}")).collect();
        let rollout = format!("canary = 1\nchecks = [{}]\n", checks.join(", "));
        project.write("converge.toml", &format!("[environments.prod.rollout]\n{rollout}"));
    };
    for (check, words) in [
        (format!("http = '{url}/sick'"), "http "),
        (format!("http = '{url}/health', contains = 'broken'"), "http "),
        ("tcp = 1".to_owned(), "tcp 1: "),
        ("command = 'false'".to_owned(), "command false"),
        ("unit = 'surely-not-there.service'".to_owned(), "unit surely-not-there.service"),
        (format!("promql = 'up == 0', server = '{url}/'"), "promql up == 0"),
    ] {
        checked(std::slice::from_ref(&check));
        let told = run(&project, "-i prod --yes", 1);
        assert!(told.contains(words), "{check}: {told}");
        assert!(!path(&project, "p2", "page").exists(), "{check}: {told}");
    }
    checked(&[
        format!("http = '{url}/health', contains = 'well'"),
        format!("http = '{url}/sick', status = 500"),
        format!("tcp = {port}"),
        "command = 'true'".to_owned(),
        format!("promql = 'up == 1', server = '{url}'"),
    ]);
    let told = run(&project, "-i prod --yes", 0);
    assert!(told.contains("5 checks hold on p2"), "{told}");
}

#[test]
fn facts_of_hosts_that_are_not_in_the_batch_are_there() {
    let project = project("");
    let page = "{% for host in groups['all'] %}{{ host }} {{ hostvars[host].ansible_facts.system | default('?') }}\n{% endfor %}";
    project.write("playbooks/templates/page.j2", page);
    let site = crate::repository::SITE.replace("gather_facts: false", "gather_facts: true");
    project.write("playbooks/site.yml", &site);
    commit(&project, "all hosts");
    run(&project, "-i staging --yes", 0);
    let told = run(&project, "promote staging prod --yes", 0);
    let expected: String = HOSTS.iter().map(|host| format!("{host} Linux\n")).collect();
    for host in ["p1", "p5"] {
        assert_eq!(has(&project, host, "page").unwrap(), expected, "{host}: {told}");
    }
}

#[test]
fn a_state_that_cannot_be_read_is_said_to_be_so() {
    let project = project("");
    ill(&project, "p1");
    run(&project, "-i prod --yes", 1);
    let folder = project.history().with_file_name("rollouts");
    fs::write(folder.join("prod-x.json"), "{ half").unwrap();
    let told = run(&project, "rollout status", 0);
    assert!(
        told.contains("warning: a rollout can't be read: ") && told.contains("prod-x.json"),
        "{told}"
    );
    assert!(told.contains(": stopped\n"), "the others are shown: {told}");
    well(&project, "p1");
    run(&project, "rollout resume --yes", 0);
}
