//! Reaching hosts: keys, passwords, the agent, host keys, IPv6, jumps, and those that can't be reached.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;
use xtask::fleet::seed::keygen;
use xtask::relay;

use crate::hosts::{Lent, debian, lend};
use crate::project::Project;

const TASK: &str =
    "- copy: {dest: /var/tmp/reached, content: 'by {{ ansible_user | default(\"key\") }}'}";

#[track_caller]
fn reaches(project: &Project, host: &Lent, args: &[&str]) {
    project.apply(args).exits(0);
    assert!(host.has("/var/tmp/reached"));
    host.run("rm /var/tmp/reached");
}

fn inventory(host: &Lent, vars: &str) -> String {
    format!("{} ansible_host={} {vars}\n", host.name, host.ipv4)
}

#[test]
#[ignore = "needs hosts"]
fn by_password() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    project.ssh_config(&host, "PubkeyAuthentication no");
    project.write("inventory/test", inventory(&host, "ansible_user=deploy"));
    let file = project.keep("password", "deploy-secret\n").display().to_string();
    reaches(&project, &host, &["--connection-password-file", &file]);
    let call = project.converge(&["-i", "test", "-k", "--yes"]);
    call.typing_unseen("password", "deploy-secret").run().exits(0).never_says("deploy-secret");
    assert!(host.has("/var/tmp/reached"));
    host.run("rm /var/tmp/reached");
    project.write(
        "inventory/test",
        inventory(&host, "ansible_user=deploy ansible_password=deploy-secret"),
    );
    reaches(&project, &host, &[]);
    project.write(
        "inventory/test",
        inventory(&host, "ansible_user=deploy ansible_password=wrong-guess"),
    );
    let ran = project.apply(&[]).exits(3).never_says("wrong-guess").says("deploy");
    assert!(ran.recap(&host.name).contains("unreachable=1"), "{ran}");
    assert!(!host.has("/var/tmp/reached"));
}

#[test]
#[ignore = "needs hosts"]
fn by_keys_of_every_kind() {
    let host = debian();
    for (kind, login) in [("ed25519", "root"), ("rsa", "admin"), ("ecdsa", "deploy")] {
        let project = Project::tasks(&[&host], TASK);
        let key = project.home().join(".ssh/own");
        keygen(kind, "own", &key).unwrap();
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        let home = if login == "root" { "/root".to_owned() } else { format!("/home/{login}") };
        host.run(&format!("echo '{}' > {home}/.ssh/authorized_keys.new && cat {home}/.ssh/authorized_keys.new >> {home}/.ssh/authorized_keys", public.trim()));
        let (key, known) = (key.display().to_string(), host.known_hosts.display().to_string());
        project.keep(".ssh/config", format!("Host *\n  UserKnownHostsFile {known}\n"));
        project.write("inventory/test", inventory(&host, &format!("ansible_user={login}")));
        let ran = project.apply(&[]).exits(3);
        assert!(!host.has("/var/tmp/reached"), "without the key: {ran}");
        reaches(&project, &host, &["--private-key", &key]);
        project.write(
            "inventory/test",
            inventory(&host, &format!("ansible_user={login} ansible_ssh_private_key_file={key}")),
        );
        reaches(&project, &host, &[]);
    }
}

#[test]
#[ignore = "needs hosts"]
fn by_an_encrypted_key_and_by_the_agent() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    let key = project.home().join(".ssh/own");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "open-sesame", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    host.run(&format!("echo '{}' >> /root/.ssh/authorized_keys", public.trim()));
    let key = key.display().to_string();
    // Not the fleet's own key, which would open the host as well.
    let known = host.known_hosts.display();
    let config =
        format!("Host *\n  User root\n  IdentityFile {key}\n  UserKnownHostsFile {known}\n");
    project.keep(".ssh/config", config);
    let call =
        project.converge(&["-i", "test", "--yes"]).typing_unseen("Passphrase", "open-sesame");
    call.run().exits(0).never_says("open-sesame");
    assert!(host.has("/var/tmp/reached"));
    host.run("rm /var/tmp/reached");
    let ran = project.apply(&[]).exits(3).says("own");
    assert!(!host.has("/var/tmp/reached"), "nobody was there to be asked: {ran}");

    let socket = project.home().join("agent").display().to_string();
    let script = format!(
        "eval \"$(ssh-agent -a '{socket}')\" >&2; chmod 700 \"$HOME/.ssh/askpass\"; \
         SSH_ASKPASS=\"$HOME/.ssh/askpass\" SSH_ASKPASS_REQUIRE=force ssh-add -q '{key}' >&2 && echo $SSH_AGENT_PID"
    );
    project.keep(".ssh/askpass", "#!/bin/sh\necho open-sesame\n");
    let agent = Command::new("sh").args(["-c", &script]).env("HOME", project.home()).output();
    let agent = String::from_utf8(agent.unwrap().stdout).unwrap();
    let call = project.converge(&["-i", "test", "--yes"]).env("SSH_AUTH_SOCK", &socket);
    let ran = call.run();
    assert!(Command::new("kill").arg(agent.trim()).status().unwrap().success());
    ran.exits(0);
    assert!(host.has("/var/tmp/reached"));
}

#[test]
#[ignore = "needs hosts"]
fn unknown_and_changed_host_keys_are_refused() {
    let [host, other] = lend([Kind::Debian, Kind::Debian]);
    let project = Project::tasks(&[&host], TASK);
    let known = project.keep(".ssh/known", "").display().to_string();
    project.ssh_config(&host, &format!("UserKnownHostsFile {known}"));
    let ran = project.apply(&[]).exits(3).says("host key").says(&known);
    assert!(ran.recap(&host.name).contains("unreachable=1"), "{ran}");
    assert_eq!(std::fs::read_to_string(&known).unwrap(), "", "nothing is accepted silently");

    let all = std::fs::read_to_string(&host.known_hosts).unwrap();
    let key = all.lines().find(|line| line.starts_with(&format!("{},", other.name))).unwrap();
    let key = key.split_once(' ').unwrap().1;
    std::fs::write(&known, format!("{} {key}\n", host.ipv4)).unwrap();
    project.apply(&[]).exits(3).says("changed").says(&known);
    assert!(host.touched().is_empty(), "{:?}", host.touched());

    let own = all.lines().find(|line| line.starts_with(&format!("{},", host.name))).unwrap();
    let own = own.split_once(' ').unwrap().1;
    std::fs::write(&known, format!("@revoked * {own}\n{} {own}\n", host.ipv4)).unwrap();
    project.apply(&[]).exits(3).says("revoked");
    assert!(!host.has("/var/tmp/reached"));
    project.write(
        "inventory/test",
        inventory(&host, "ansible_ssh_common_args='-o StrictHostKeyChecking=no'"),
    );
    std::fs::write(&known, "").unwrap();
    reaches(&project, &host, &[]);
}

#[test]
#[ignore = "needs hosts"]
fn over_ipv6_by_other_ports_and_by_names_of_the_ssh_configuration() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    project.write("inventory/test", format!("{} ansible_host={}\n", host.name, host.ipv6));
    reaches(&project, &host, &[]);
    let relay = relay::start(
        "127.0.0.1:0".parse().unwrap(),
        SocketAddr::from((host.ipv6, 22)),
        Duration::ZERO,
    )
    .unwrap();
    let port = relay.address().port();
    project.ssh_config(
        &host,
        &format!("Host by-name\n  HostName 127.0.0.1\n  Port {port}\n  HostKeyAlias {}", host.name),
    );
    project.write("inventory/test", "by-name\n");
    reaches(&project, &host, &[]);
    assert_eq!(relay.counts().connections, 1, "one connection a host");
    project.ssh_config(&host, &format!("HostKeyAlias {}", host.name));
    project.write(
        "inventory/test",
        format!("[group]\nx\n[group:vars]\nansible_host=127.0.0.1\nansible_port={port}\n"),
    );
    reaches(&project, &host, &[]);
    assert_eq!(relay.counts().connections, 2);
}

#[test]
#[ignore = "needs hosts"]
fn through_another_host() {
    let [jump, host] = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(&[&host], TASK);
    let first = format!("Host behind\n  HostName {}\n  ProxyJump admin@{}\n", host.ipv4, jump.ipv4);
    project.ssh_config(&host, &first);
    project.write("inventory/test", "behind\n");
    project.apply(&[]).exits(0);
    assert!(host.has("/var/tmp/reached"));
    let from = host.run("journalctl --unit ssh --unit sshd --output cat | grep -c \"Accepted publickey for root from $JUMP\" || true".replace("$JUMP", &jump.ipv4.to_string()).as_str());
    assert_ne!(from.trim(), "0", "the host saw the jump, not us");
    host.run("rm /var/tmp/reached");
    project.ssh_config(&host, "");
    let args = format!("-o ProxyJump=admin@{}", jump.ipv4);
    project.write("inventory/test", inventory(&host, ""));
    reaches(&project, &host, &["--ssh-common-args", &args]);
    project.ssh_config(
        &host,
        &format!("Host behind\n  HostName {}\n  ProxyJump nowhere@127.0.0.1:1\n", host.ipv4),
    );
    project.write("inventory/test", "behind\n");
    project.apply(&[]).exits(3).says("127.0.0.1");
}

#[test]
#[ignore = "needs hosts"]
fn a_host_that_is_away_does_not_stop_the_others() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    // The kernel takes connections for it, and nobody ever speaks.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    project.write(
        "inventory/test",
        format!("refused ansible_host=127.0.0.1 ansible_port=1\nsilent ansible_host=127.0.0.1 ansible_port={silent}\nunnamed ansible_host=no-such-host.invalid\n{}", inventory(&host, "")),
    );
    let begin = Instant::now();
    let ran = project.apply(&["--timeout", "3"]).exits(3);
    assert!(begin.elapsed() < Duration::from_secs(20), "{ran}");
    assert!(host.has("/var/tmp/reached"), "{ran}");
    assert_eq!(
        ran.recap(&host.name),
        "ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0"
    );
    for away in ["refused", "silent", "unnamed"] {
        assert!(ran.recap(away).starts_with("ok=0 changed=0 unreachable=1 failed=0"), "{ran}");
    }
    for why in ["127.0.0.1:1:", &format!("127.0.0.1:{silent}"), "no-such-host.invalid"] {
        assert!(ran.out.contains(why) || ran.err.contains(why), "{why}: {ran}");
    }
}

#[test]
#[ignore = "needs hosts"]
fn this_machine_itself() {
    let project = Project::new(
        &[],
        &[
            ("inventory/test", "here ansible_connection=local\n"),
            (
                "playbooks/site.yml",
                "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {dest: \"{{ folder }}/made\", content: here}\n",
            ),
            (
                "playbooks/implicit.yml",
                "- hosts: localhost\n  gather_facts: false\n  connection: local\n  tasks:\n    - copy: {dest: \"{{ folder }}/also\", content: here}\n",
            ),
        ],
    );
    let folder = project.home().display().to_string();
    let set = format!("folder={folder}");
    project.check(&["-e", &set]).exits(2);
    assert!(!project.home().join("made").exists());
    project.apply(&["-e", &set]).exits(0);
    project.apply(&["-e", &set, "implicit"]).exits(0);
    for name in ["made", "also"] {
        assert_eq!(std::fs::read_to_string(project.home().join(name)).unwrap(), "here");
    }
    project.check(&["-e", &set]).exits(0);
}

#[test]
#[ignore = "needs hosts"]
fn a_whole_run_takes_few_exchanges() {
    let host = debian();
    let tasks: String = (0..20)
        .map(|n| format!("- copy: {{dest: /var/tmp/file{n}, content: 'text {n}'}}\n"))
        .collect();
    let project = Project::tasks(&[&host], &tasks);
    let relay = relay::start(
        "127.0.0.1:0".parse().unwrap(),
        SocketAddr::from((host.ipv4, 22)),
        Duration::from_millis(5),
    )
    .unwrap();
    project.ssh_config(&host, &format!("HostKeyAlias {}", host.name));
    project.write(
        "inventory/test",
        format!("x ansible_host=127.0.0.1 ansible_port={}\n", relay.address().port()),
    );
    project.apply(&[]).exits(0);
    relay.reset();
    project.apply(&[]).exits(0).says("nothing changed");
    let counts = relay.counts();
    assert!(counts.exchanges <= 14, "{counts:?}");
    assert_eq!(counts.connections, 1);
}
