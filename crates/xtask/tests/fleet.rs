//! The fleet itself on this machine: each test boots hosts of its own, so all of them may run side by side.
//!
//! They need root and some minutes of the network, so they are ignored unless asked for, as `cargo xtask test` does.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::fleet::guard::Guard;
use xtask::fleet::host::{Host, Kind, Process};
use xtask::fleet::place::Place;
use xtask::fleet::registry::Registry;
use xtask::fleet::upper::{Entry, Noise, contents, upper_diff};
use xtask::fleet::{Fleet, Spec};
use xtask::process::Run;
use xtask::relay;

/// Names the test that runs again in a process of its own, to be killed.
const VICTIM: &str = "CONVERGE_FLEET_VICTIM";

fn boot(prefix: &str, debian: usize, centos: usize) -> Fleet {
    Fleet::up(&Spec { prefix: prefix.to_owned(), debian, centos, python: 0 }).unwrap()
}

fn page(address: IpAddr) -> String {
    Run::new("curl")
        .args(["-sf", "--max-time", "20", &format!("http://{}/", SocketAddr::new(address, 80))])
        .output()
        .unwrap()
}

fn ssh(host: &Host, options: &[&str], command: &str) -> Run {
    Run::new("ssh").arg("-F").arg(&host.ssh_config).args(options).args(["--", &host.name, command])
}

/// What of this machine belongs to a host.
#[derive(Debug, PartialEq, Eq)]
struct Traces {
    paths: Vec<PathBuf>,
    mounted: bool,
    /// Its end of the cable, by a number that the kernel does not use again.
    link: Option<String>,
    running: bool,
}

const NONE: Traces = Traces { paths: Vec::new(), mounted: false, link: None, running: false };

fn link_number(host: &Host) -> String {
    let [_, network, ..] = host.ipv4.octets();
    fs::read_to_string(format!("/sys/class/net/cvg{}h{}/ifindex", network - 77, host.index))
        .unwrap()
}

fn traces(host: &Host, link: &str) -> Traces {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let links = fs::read_dir("/sys/class/net").unwrap().flatten();
    let mut links = links.filter_map(|entry| fs::read_to_string(entry.path().join("ifindex")).ok());
    let namespaces =
        fs::read_dir("/run/netns").into_iter().flatten().flatten().map(|entry| entry.path());
    let namespaces =
        namespaces.filter(|path| path.to_str().unwrap().ends_with(&format!("-{}", host.name)));
    let folders =
        host.cgroups.iter().chain([&host.upper, &host.root]).filter(|path| path.exists()).cloned();
    Traces {
        paths: namespaces.chain(folders).collect(),
        mounted: mounts.contains(host.root.to_str().unwrap()),
        link: links.find(|number| number == link),
        running: host.process.is_some_and(Process::alive),
    }
}

#[test]
#[ignore = "boots hosts"]
fn debian_hosts_install_serve_and_come_back_fresh() {
    let mut fleet = boot("self-apt-", 1, 0);
    let host = fleet.of(Kind::Debian).next().unwrap().clone();
    assert_eq!(
        contents(&host, &Noise::default()).unwrap(),
        BTreeMap::new(),
        "a booted host is untouched"
    );
    assert!(!host.ssh("command -v python3 python").unwrap().status.success());
    for (user, command) in
        [("admin", "sudo -n id -un"), ("deploy", "echo deploy-secret | sudo -S -p '' id -un")]
    {
        assert_eq!(ssh(&host, &["-l", user], command).output().unwrap(), "root\n", "{user}");
    }
    assert!(!ssh(&host, &["-l", "deploy"], "sudo -k -n true").succeeds());
    assert_eq!(
        Run::new("ssh")
            .arg("-F")
            .arg(&host.ssh_config)
            .args(["--", &format!("{}-v6", host.name), "hostname"])
            .output()
            .unwrap(),
        format!("{}\n", host.name)
    );

    host.ssh_ok(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y nginx",
    )
    .unwrap();
    assert!(page(host.ipv4.into()).contains("Welcome to nginx"));
    assert!(page(host.ipv6.into()).contains("Welcome to nginx"));
    let done = contents(&host, &Noise::default()).unwrap();
    assert!(matches!(done[Path::new("etc/nginx/nginx.conf")], Entry::File { .. }));

    fleet.fresh(&host.name).unwrap();
    let renewed = fleet.host(&host.name).unwrap().clone();
    assert_eq!((renewed.ipv4, renewed.ipv6), (host.ipv4, host.ipv6));
    assert!(!renewed.ssh("test -e /etc/nginx").unwrap().status.success());
    let link = link_number(&renewed);
    let up = traces(&renewed, &link);
    assert!(up.mounted && up.running && up.link.is_some() && up.paths.len() >= 4, "{up:?}");
    fleet.down().unwrap();
    assert_eq!(traces(&renewed, &link), NONE);
}

#[test]
#[ignore = "boots hosts"]
fn centos_hosts_install_with_yum() {
    let fleet = boot("self-yum-", 0, 1);
    let host = fleet.of(Kind::Centos).next().unwrap().clone();
    assert_eq!(
        host.ssh_ok("cat /etc/redhat-release").unwrap(),
        "CentOS Linux release 7.9.2009 (Core)\n"
    );
    assert!(!host.ssh("command -v python3 python apt-get dpkg").unwrap().status.success());
    host.ssh_ok("yum -y install nginx redis").unwrap();
    for (unit, before) in [("nginx", "disabled"), ("redis", "disabled")] {
        let enabled = host.ssh(&format!("systemctl is-enabled {unit}")).unwrap();
        assert_eq!(String::from_utf8(enabled.stdout).unwrap().trim(), before);
        host.ssh_ok(&format!("systemctl enable --now {unit}")).unwrap();
        assert_eq!(host.ssh_ok(&format!("systemctl is-active {unit}")).unwrap(), "active\n");
    }
    assert!(page(host.ipv4.into()).contains("Welcome to nginx"));
    for (command, expected) in [
        ("yum -y install hello-converge-1.0", "hello from 1.0\n"),
        ("yum -y upgrade hello-converge", "hello from 2.0\n"),
        ("yum -y downgrade hello-converge", "hello from 1.0\n"),
    ] {
        host.ssh_ok(command).unwrap();
        assert_eq!(host.ssh_ok("hello-converge").unwrap(), expected, "{command}");
    }
    host.ssh_ok("yum -y remove nginx").unwrap();
    assert!(!host.ssh("systemctl is-active nginx").unwrap().status.success());
    let link = link_number(&host);
    fleet.down().unwrap();
    assert_eq!(traces(&host, &link), NONE);
}

#[test]
#[ignore = "boots hosts"]
fn twins_differ_where_different_things_were_done() {
    let fleet = boot("self-twin-", 2, 0);
    let [one, two] = fleet.hosts() else { panic!("two hosts") };
    let diff = || upper_diff(one, two, &Noise::default()).unwrap();
    for host in [one, two] {
        host.ssh_ok("echo same > /etc/same; rm /etc/debian_version; chmod 700 /srv; useradd --uid 2000 twin").unwrap();
    }
    assert_eq!(diff(), []);
    two.ssh_ok("chmod 640 /etc/same; rm /etc/issue").unwrap();
    let found: Vec<String> = diff().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("/etc/issue: untouched | removed"), "{found:?}");
    assert!(
        found[1].starts_with("/etc/same: file 0644 0:0 ") && found[1].contains(" | file 0640 0:0 "),
        "{found:?}"
    );
}

#[test]
#[ignore = "boots hosts"]
fn a_host_can_reboot_and_be_reached_through_a_slow_relay() {
    let fleet = boot("self-boot-", 1, 0);
    let host = &fleet.hosts()[0];
    let boot_id = || {
        String::from_utf8(host.ssh("cat /proc/sys/kernel/random/boot_id").unwrap().stdout).unwrap()
    };
    let before = boot_id();
    host.ssh_ok("systemctl reboot").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while boot_id().len() != before.len() || boot_id() == before {
        assert!(Instant::now() < deadline, "the host does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }

    let delay = Duration::from_millis(25);
    let relay =
        relay::start("127.0.0.1:0".parse().unwrap(), SocketAddr::from((host.ipv4, 22)), delay)
            .unwrap();
    let port = relay.address().port().to_string();
    let alias = format!("HostKeyAlias={}", host.name);
    let start = Instant::now();
    let options = ["-o", "HostName=127.0.0.1", "-o", &alias, "-p", &port];
    assert_eq!(ssh(host, &options, "echo through").output().unwrap(), "through\n");
    let counts = relay.counts();
    assert!(
        counts.exchanges >= 4 && counts.connections == 1 && counts.received > 1000,
        "{counts:?}"
    );
    let least = 2 * delay * u32::try_from(counts.exchanges - 1).unwrap();
    assert!(start.elapsed() >= least, "{counts:?} in {:?}", start.elapsed());
}

#[test]
#[ignore = "boots hosts"]
fn hosts_of_a_killed_program_are_taken_down() {
    if std::env::var_os(VICTIM).is_some() {
        let _guard = Guard::start_program(Path::new(env!("CARGO_BIN_EXE_xtask"))).unwrap();
        let _fleet = boot("self-kill-", 1, 0);
        fs::write(std::env::var_os(VICTIM).unwrap(), "up").unwrap();
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let signal = tempfile::NamedTempFile::new().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hosts_of_a_killed_program_are_taken_down"])
        .env(VICTIM, signal.path())
        .spawn()
        .unwrap();
    let place = Place::find().unwrap();
    let running = || Registry::load(&place).unwrap().get("self-kill-debian1").cloned();
    let deadline = Instant::now() + Duration::from_secs(300);
    while fs::read_to_string(signal.path()).unwrap() != "up" {
        assert!(
            Instant::now() < deadline && victim.try_wait().unwrap().is_none(),
            "the hosts do not boot"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let host = running().unwrap();
    assert!(host.process.unwrap().alive());
    let link = link_number(&host);
    victim.kill().unwrap();
    victim.wait().unwrap();
    while running().is_some() {
        assert!(Instant::now() < deadline, "the guard does not take the hosts down");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(traces(&host, &link), NONE);
}
