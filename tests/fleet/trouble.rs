//! When something goes wrong in the middle: a file is old or new, never half, and nothing is left lying about.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use xtask::relay;

use crate::hosts::{Lent, centos, debian};
use crate::project::Project;

/// Large enough that copying it through a slow relay takes a while.
const SIZE: usize = 8 * 1024 * 1024;

fn big(project: &Project, letter: u8) {
    // Not to be compressed on its way: a plain sequence that repeats late.
    let mut state = u64::from(letter) | 1;
    let bytes: Vec<u8> = (0..SIZE)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    project.write("playbooks/files/big", bytes);
}

fn digest(host: &Lent) -> String {
    host.run("sha256sum < /opt/big").split(' ').next().unwrap().to_owned()
}

fn local_digest(project: &Project) -> String {
    let file = project.folder().join("playbooks/files/big").display().to_string();
    let sum = xtask::process::Run::new("sha256sum").arg(file).output().unwrap();
    sum.split(' ').next().unwrap().to_owned()
}

/// A project that copies a big file over an older one, through a relay that can be cut.
fn copying(host: &Lent) -> (Project, relay::Relay, String) {
    let project = Project::tasks(&[host], "- copy: {src: big, dest: /opt/big, mode: '0644'}");
    big(&project, 1);
    let relay = relay::start(
        "127.0.0.1:0".parse().unwrap(),
        SocketAddr::from((host.ipv4, 22)),
        Duration::from_millis(1),
    );
    let relay = relay.unwrap();
    project.ssh_config(host, &format!("HostKeyAlias {}", host.name));
    let port = relay.address().port();
    project.write(
        "inventory/test",
        format!("{} ansible_host=127.0.0.1 ansible_port={port}\n", host.name),
    );
    project.apply(&[]).exits(0);
    let old = digest(host);
    assert_eq!(old, local_digest(&project));
    big(&project, 2);
    relay.reset();
    (project, relay, old)
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(300), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// It goes with the connection. In brackets, or the shell that asks would find itself.
#[track_caller]
pub(crate) fn the_helper_leaves(host: &Lent) {
    wait_until("the helper's end", || !host.succeeds("pgrep -f '[.]cache/converge'"));
}

#[track_caller]
fn old_or_new(host: &Lent, project: &Project, old: &str) {
    let now = digest(host);
    assert!(now == old || now == local_digest(project), "the file is half of something");
    the_helper_leaves(host);
    assert_eq!(host.run("ls -A /opt"), "big\n", "nothing is left beside it");
}

#[test]
#[ignore = "needs hosts"]
fn a_controller_killed_in_the_middle_of_a_copy() {
    let host = debian();
    let (project, relay, old) = copying(&host);
    for part in [0.2, 0.6, 0.95] {
        let sent = relay.counts().sent;
        let mut child = project.converge(&["-i", "test", "--yes"]).start();
        let target = sent + (SIZE as f64 * part) as u64;
        wait_until("the copy", || {
            relay.counts().sent > target || child.try_wait().unwrap().is_some()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        old_or_new(&host, &project, &old);
    }
    project.apply(&[]).exits(0);
    assert_eq!(digest(&host), local_digest(&project));
}

#[test]
#[ignore = "needs hosts"]
fn a_connection_cut_in_the_middle_of_a_copy() {
    let host = centos();
    let (project, relay, old) = copying(&host);
    let address = relay.address();
    let call = project.converge(&["-i", "test", "--yes"]);
    let run = std::thread::spawn(move || call.run());
    wait_until("the copy", || relay.counts().sent > SIZE as u64 / 2);
    drop(relay);
    let ran = run.join().unwrap().exits(3);
    assert!(ran.recap(&host.name).contains("unreachable=1"), "{ran}");
    old_or_new(&host, &project, &old);
    let _relay = relay::start(address, SocketAddr::from((host.ipv4, 22)), Duration::ZERO).unwrap();
    project.apply(&[]).exits(0);
    assert_eq!(digest(&host), local_digest(&project));
}

#[test]
#[ignore = "needs hosts"]
fn a_full_disk_leaves_the_old_file() {
    let host = debian();
    host.run("mkdir /srv/small && mount -t tmpfs -o size=256k none /srv/small && echo old > /srv/small/file");
    let project = Project::tasks(
        &[&host],
        "
        - copy: {dest: /srv/before, content: x}
        - copy: {src: large, dest: /srv/small/file}
        - copy: {dest: /srv/after, content: x}
        ",
    );
    project.write("playbooks/files/large", vec![b'x'; 1024 * 1024]);
    let ran = project.apply(&[]).exits(1).says("/srv/small/file").says("space");
    assert!(ran.recap(&host.name).starts_with("ok=1 changed=1 unreachable=0 failed=1"), "{ran}");
    assert_eq!(host.run("cat /srv/small/file; ls -A /srv/small"), "old\nfile\n");
    assert!(host.has("/srv/before") && !host.has("/srv/after"));
}

#[test]
#[ignore = "needs hosts"]
fn a_home_from_which_nothing_can_be_run() {
    let host = debian();
    host.run("mount -t tmpfs -o noexec,mode=700 none /root/.cache 2>/dev/null || (mkdir -p /root/.cache && mount -t tmpfs -o noexec,mode=700 none /root/.cache)");
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x}");
    project.converges();
    assert_eq!(host.text("/etc/app.conf"), "x");
    host.run("rm /etc/app.conf; umount /root/.cache; mount -t tmpfs -o ro none /root/.cache");
    project.converges();
    assert_eq!(host.text("/etc/app.conf"), "x");
}

#[test]
#[ignore = "needs hosts"]
fn the_helper_is_sent_once_and_needs_nothing_of_the_host() {
    let host = debian();
    let project = Project::tasks(&[&host], "- ping:");
    let relay = relay::start(
        "127.0.0.1:0".parse().unwrap(),
        SocketAddr::from((host.ipv4, 22)),
        Duration::ZERO,
    )
    .unwrap();
    project.ssh_config(&host, &format!("HostKeyAlias {}", host.name));
    project.write(
        "inventory/test",
        format!("{} ansible_host=127.0.0.1 ansible_port={}\n", host.name, relay.address().port()),
    );
    project.apply(&[]).exits(0);
    let first = relay.counts();
    relay.reset();
    project.apply(&[]).exits(0);
    let second = relay.counts();
    assert!(first.sent > 200_000 && second.sent < 60_000, "{first:?} {second:?}");
    let helper = host.run("find /root/.cache/converge -type f -perm -100");
    let helper = helper.trim();
    assert_eq!(helper.lines().count(), 1, "{helper}");
    assert_eq!(host.access("/root/.cache/converge"), "0700 root:root");
    let bytes = std::fs::read(host.root.join(helper.trim_start_matches('/'))).unwrap();
    assert_eq!(interpreter(&bytes), None, "the helper is static");
    assert!(!host.succeeds("command -v python3 python"));
    the_helper_leaves(&host);
}

/// The program that an ELF executable of 64 bits asks to be loaded by, see elf(5).
fn interpreter(elf: &[u8]) -> Option<String> {
    assert_eq!(&elf[..5], b"\x7fELF\x02");
    let number = |at: usize, size: usize| {
        elf[at..at + size].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let headers = (0..count).map(|index| table + index * size);
    let mut interpreters = headers.filter(|header| number(*header, 4) == 3);
    interpreters.next().map(|header| {
        let (at, size) = (number(header + 8, 8), number(header + 32, 8));
        String::from_utf8_lossy(&elf[at..at + size]).into_owned()
    })
}
