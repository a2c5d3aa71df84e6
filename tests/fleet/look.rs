//! A user who may look at everything on a host and change nothing: what `converge drift --sudoers` prints, on real hosts.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use converge_host::data::{Data, Map};
use converge_host::wire::{
    self, Ask, BecomeMethod, Call, Decoder, FromHelper, MARKER, Open, OpenError, Reply, Request,
    ToHelper,
};
use serde_json::Value;
use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::project::{Project, play};

const TASKS: &str = "
- copy: {dest: /etc/secret.conf, content: \"one\\ntwo\\nthree\\n\", owner: root, group: root, mode: '0600'}
- file: {path: /srv/hidden, state: directory, owner: root, mode: '0700'}
- copy: {dest: /srv/hidden/inner, content: x, mode: '0400'}
- user: {name: app, shell: /bin/sh}
- copy: {dest: /home/app/own, content: mine, mode: '0600'}
  become_user: app
- package: {name: sudo, state: present}
- service: {name: \"{{ ssh }}\", state: started}
- stat: {path: /etc/secret.conf}
  register: seen
- assert: {that: [seen.stat.size == 14]}
- name: What the project says that it only asks
  command: id -un
  register: who
  changed_when: false
  check_mode: false
- copy: {dest: /etc/who, content: \"{{ who.stdout }}\"}
- command: id -un
  become_user: app
  changed_when: false
  check_mode: false
";

/// Logs in as the user who may only look.
const AS_DRIFT: [&str; 5] = ["-e", "ansible_user=drift", "--become", "--format", "json"];

/// The lines for a user `drift` of the host, who is there from now on.
fn meet(project: &Project, host: &Lent) -> String {
    host.run(
        "useradd --create-home --shell /bin/sh drift && install -d -o drift -m 0700 /home/drift/.ssh \
         && install -o drift -m 0600 /root/.ssh/authorized_keys /home/drift/.ssh/authorized_keys",
    );
    project.converge(&["drift", "--sudoers", "--user", "drift"]).run().exits(0).out.clone()
}

/// Does what the printed lines say.
fn allow(host: &Lent, lines: &str) {
    let steps = lines.lines().filter_map(|line| line.strip_prefix("#   install "));
    let arch = std::env::consts::ARCH;
    let own = steps.filter(|step| step.ends_with(arch)).collect::<Vec<_>>();
    assert_eq!(own.len(), 1, "{lines}");
    host.run(&format!("install {}", own[0]));
    std::fs::write(host.root.join("etc/sudoers.d/converge-drift"), lines).unwrap();
    host.run(
        "chmod 0440 /etc/sudoers.d/converge-drift && visudo -cf /etc/sudoers.d/converge-drift",
    );
    host.run("visudo -c");
}

/// `class resource attribute` of each item, sorted.
fn items(report: &Value) -> Vec<String> {
    let item = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        [text("class"), text("resource"), text("attribute")].join(" ")
    };
    let mut all: Vec<String> = report["items"].as_array().unwrap().iter().map(item).collect();
    all.sort();
    all
}

#[test]
#[ignore = "needs hosts"]
fn who_may_only_look_finds_drift_that_root_alone_can_see_and_applies_nothing() {
    for host in lend([Kind::Debian, Kind::Centos]) {
        let ssh = if host.kind == Kind::Debian { "ssh" } else { "sshd" };
        let project = Project::new(
            &[&host],
            &[
                ("playbooks/site.yml", &play(TASKS)),
                ("inventory/group_vars/all.yml", &format!("ssh: {ssh}\n")),
            ],
        );
        project.apply(&["--become"]).exits(0);
        let lines = meet(&project, &host);
        let look = |code| {
            let call = project.converge(&["drift", "-i", "test"]).args(&AS_DRIFT);
            call.run().exits(code).json()
        };
        // Without any right, it is said what to do.
        let refused = look(1);
        assert!(refused.to_string().contains("converge drift --sudoers"), "{refused:#}");

        allow(&host, &lines);
        let clean = look(3);
        // What is unknown is the command of the project and what follows from it.
        assert_eq!(clean["counts"]["drifted"], 0, "{clean:#}");
        let unknown = items(&clean);
        assert!(unknown.iter().all(|item| item.starts_with("unknown ")), "{clean:#}");
        assert!(clean.to_string().contains("which a helper that only looks does not run"));

        // Who is root asks as before.
        let call = project.converge(&["drift", "-i", "test", "--become", "--format", "json"]);
        assert!(items(&call.run().exits(0).json()).is_empty());

        host.run("sed -i s/two/zwei/ /etc/secret.conf; chmod 0600 /srv/hidden/inner; echo x > /home/app/own");
        let before = host.done();
        let found = look(2);
        assert_eq!(host.done(), before, "looking writes nothing");
        let drifted: Vec<_> =
            items(&found).into_iter().filter(|item| item.starts_with("drift ")).collect();
        let expected = [
            "drift /etc/secret.conf content",
            "drift /home/app/own content",
            "drift /srv/hidden/inner mode",
        ];
        assert_eq!(drifted, expected, "{found:#}");
        let secret = found["items"].as_array().unwrap().iter();
        let secret = secret.clone().find(|item| item["resource"] == "/etc/secret.conf").unwrap();
        assert_eq!(secret["line"], 2);

        // The same line is no way to apply.
        let call =
            project.converge(&["-i", "test", "--yes", "-e", "ansible_user=drift", "--become"]);
        let applied = call.run().exits(1);
        assert!(applied.recap(&host.name).contains("changed=0"), "{applied}");
        assert!(applied.out.contains("a password is needed to become `root`"), "{applied}");
        assert_eq!(host.done(), before, "nothing was applied");
        the_line_allows_nothing_else(&host);
        a_request_to_do_something_is_refused(&host);
        assert_eq!(host.done(), before, "nothing was done");
    }
}

/// sudo starts the program by these words alone, and no other program in its place.
fn the_line_allows_nothing_else(host: &Lent) {
    let place = host.run("ls -d /usr/local/lib/converge/*").trim().to_owned();
    let sudo =
        |words: &str| host.succeeds(&format!("runuser -u drift -- sudo -n {words} </dev/null"));
    assert!(host.run("runuser -u drift -- sudo -n -l").contains("--look"));
    for words in [
        "true",
        "/bin/sh -c id",
        &place,
        &format!("{place} --look root"),
        &format!("{place} --on-terminal --look"),
        &format!("-u app -- {place} --look"),
        &format!("PATH=/tmp {place} --look"),
        &format!("-E -- {place} --look"),
    ] {
        assert!(!sudo(words), "sudo must refuse `{words}`");
    }
    host.run(&format!("cp {place} /tmp/kept && echo >> {place}"));
    assert!(!sudo(&format!("-- {place} --look")), "it is another program now");
    host.run(&format!("mv /tmp/kept {place}"));
}

/// Somebody who speaks to the program by hand.
struct Talk {
    child: Child,
    decoder: Decoder,
    number: u64,
}

impl Talk {
    fn start(host: &Lent) -> Self {
        let place = host.run("ls -d /usr/local/lib/converge/*").trim().to_owned();
        let mut child = Command::new("ssh")
            .arg("-F")
            .arg(&host.ssh_config)
            .args(["-l", "drift", "--", &host.name, &format!("sudo -n -u root -- {place} --look")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.as_mut().unwrap().write_all(b"root\n").unwrap();
        let mut marker = [0; MARKER.len()];
        child.stdout.as_mut().unwrap().read_exact(&mut marker).unwrap();
        assert_eq!(&marker, MARKER);
        Self { child, decoder: Decoder::default(), number: 0 }
    }

    fn hear(&mut self) -> FromHelper {
        loop {
            if let Some(message) = self.decoder.next().unwrap() {
                return message;
            }
            let mut buffer = [0; 4096];
            let count = self.child.stdout.as_mut().unwrap().read(&mut buffer).unwrap();
            assert!(count > 0, "it ended");
            self.decoder.feed(&buffer[..count]);
        }
    }

    fn say(&mut self, message: &ToHelper) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(&wire::encode(message).unwrap()).unwrap();
    }

    fn ask(&mut self, ask: Ask, module: &str, args: &[(&str, &str)]) -> Reply {
        self.number += 1;
        let args: Map =
            args.iter().map(|(key, value)| ((*key).to_owned(), Data::from(*value))).collect();
        let call = Call { module: module.into(), args, env: Vec::new() };
        let request = Request { id: self.number, helper: 0, after: Vec::new(), ask, call };
        self.say(&ToHelper::Request(request));
        match self.hear() {
            FromHelper::Reply(id, reply) if id == self.number => reply,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn a_request_to_do_something_is_refused(host: &Lent) {
    let mut talk = Talk::start(host);
    let FromHelper::Hello(hello) = talk.hear() else { panic!("no greeting") };
    assert!(hello.looks && hello.user.name == "root");
    // The kernel says what is left of root: nobody's number, and the right to read.
    let status = host.run(&format!("cat /proc/{}/status", hello.pid));
    let drift = host.run("id -u drift").trim().to_owned();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("Uid:"), [&drift; 4].map(String::clone), "{status}");
    assert_eq!(of("Groups:"), Vec::<String>::new(), "{status}");
    for key in ["CapEff:", "CapPrm:"] {
        assert_eq!(of(key), ["0000000000000004"], "CAP_DAC_READ_SEARCH alone: {status}");
    }
    assert_eq!((of("CapInh:"), of("CapAmb:")), (vec!["0".repeat(16)], vec!["0".repeat(16)]));
    assert_eq!(of("NoNewPrivs:"), ["1"]);

    let perform = || Ask::Perform { gate: false, reviewed: None };
    let gated = Ask::Perform { gate: true, reviewed: None };
    let make = [("dest", "/etc/evil"), ("content", "x")];
    for reply in [
        talk.ask(perform(), "copy", &make),
        talk.ask(gated, "copy", &make),
        talk.ask(perform(), "command", &[("cmd", "touch /tmp/evil")]),
        talk.ask(perform(), "ping", &[]),
    ] {
        let Reply::Failed(failure, changes) = reply else { panic!("{reply:?}") };
        assert!(failure.msg.contains("this helper only looks"), "{failure:?}");
        assert!(changes.is_empty());
    }
    let probed = talk.ask(Ask::Probe, "command", &[("cmd", "touch /tmp/evil")]);
    assert!(matches!(probed, Reply::Unknown(_)), "{probed:?}");
    // A program that a module asks is the user's own, whatever it is made to be, and can't do what the user can't.
    let evil = "PATH=/usr/bin:/bin; id -u > /tmp/evil-id; cat /etc/shadow > /tmp/evil-shadow; touch /etc/evil";
    host.run(&format!("printf '#!/bin/sh\\n{evil}\\n' > /tmp/getent && chmod 0755 /tmp/getent"));
    let call = Call {
        module: "getent".into(),
        args: Map::from([("database".to_owned(), Data::from("passwd"))]),
        env: vec![("PATH".into(), "/tmp".into())],
    };
    let request = Request { id: 99, helper: 0, after: Vec::new(), ask: Ask::Plan, call };
    talk.say(&ToHelper::Request(request));
    talk.hear();
    assert_eq!(host.run("cat /tmp/evil-id").trim(), drift);
    assert_eq!(host.run("cat /tmp/evil-shadow"), "");
    host.run("rm /tmp/getent /tmp/evil-id /tmp/evil-shadow");

    let open = Open {
        helper: 1,
        user: "root".into(),
        method: BecomeMethod::Sudo,
        flags: Vec::new(),
        password: None,
        looks: false,
    };
    talk.say(&ToHelper::Open(open));
    let FromHelper::Opened(1, Err(OpenError::Failed(why))) = talk.hear() else { panic!("opened") };
    assert!(why.contains("only looks"), "{why}");
    // What the documents say that it is good for, and must not be given to anybody for.
    let read = talk.ask(Ask::Plan, "slurp", &[("src", "/etc/shadow")]);
    assert!(matches!(read, Reply::Done(_)), "{read:?}");
    assert!(!host.has("/etc/evil") && !host.succeeds("test -e /tmp/evil"));
}
