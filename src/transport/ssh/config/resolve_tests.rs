//! Endpoints from settings and configuration texts, all in memory.
#![allow(clippy::unwrap_used)]

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::transport::ssh::config::file::Files;
use crate::transport::ssh::config::file::tests::Memory;
use crate::transport::ssh::config::resolve::endpoint;
use crate::transport::ssh::config::system::{System, User};
use crate::transport::ssh::config::{Family, HostKeyPolicy, SshEndpoint, SshSettings, Via};

struct Machine {
    files: Memory,
    /// What `ssh -G` prints; without it there is no `ssh`.
    ssh: Option<&'static str>,
}

impl Files for Machine {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.read(path)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        self.files.list(folder)
    }
}

impl System for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "OTHER_SOCK").then(|| "/run/other".to_owned())
    }

    fn ssh(&self, arguments: &[String]) -> Result<Option<String>, String> {
        assert_eq!(arguments.last().map(String::as_str), Some("web"));
        Ok(self.ssh.map(str::to_owned))
    }
}

fn settings(name: &str) -> SshSettings {
    SshSettings { name: name.to_owned(), ..SshSettings::default() }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn resolve(settings: &SshSettings, config: &str) -> Result<SshEndpoint, String> {
    let files =
        Memory::new(&[("/home/joe/.ssh/config", config), ("cfg", "Host *\n  User from-cfg\n")]);
    on(&Machine { files, ssh: None }, settings)
}

fn on(machine: &Machine, settings: &SshSettings) -> Result<SshEndpoint, String> {
    let user = User {
        name: "joe".to_owned(),
        uid: 1000,
        home: "/home/joe".into(),
        agent: Some("/run/agent".into()),
        machine: "desk".to_owned(),
    };
    endpoint(settings, &user, machine).map_err(|error| error.to_string())
}

#[test]
fn without_any_setting_there_are_defaults() {
    let found = resolve(&settings("web"), "").unwrap();
    assert_eq!(found.address(), "joe@web:22");
    assert_eq!(found.key_name(), "web");
    assert_eq!(found.identities.files[0], PathBuf::from("/home/joe/.ssh/id_ed25519"));
    assert!(!found.identities.named);
    assert_eq!(found.identities.agent, Some("/run/agent".into()));
    assert_eq!(found.host_key.policy, HostKeyPolicy::Strict);
    assert_eq!(found.host_key.user_files[0], PathBuf::from("/home/joe/.ssh/known_hosts"));
    assert_eq!(found.connect_timeout, Duration::from_secs(10));
    assert!(
        !found.methods.password && !found.methods.keyboard_interactive && found.methods.public_key
    );
    assert!(matches!(found.via, Via::Direct));
}

#[test]
fn variables_stand_before_the_configuration() {
    let mut given = settings("web");
    given.port = Some(2222);
    given.user = Some("ann".to_owned());
    given.private_key = Some("/keys/100%/id".into());
    given.host_keys = Some(HostKeyPolicy::Off);
    given.timeout = Some(Duration::from_secs(3));
    given.password = Some("pw".into());
    given.options =
        words("-o Port=1 -o ConnectTimeout=99 -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes");
    let config = "Host web\n  HostName %h.example.org\n  User config\n  Port 9\n  IdentityFile ~/.ssh/%r_key\n";
    let found = resolve(&given, config).unwrap();
    assert_eq!(found.address(), "ann@web.example.org:2222");
    assert_eq!(found.key_name(), "[web.example.org]:2222");
    let keys: Vec<PathBuf> = vec!["/keys/100%/id".into(), "/home/joe/.ssh/ann_key".into()];
    assert_eq!(found.identities.files, keys);
    assert!(found.identities.named && found.identities.only);
    assert_eq!(found.host_key.policy, HostKeyPolicy::Off);
    assert_eq!(found.connect_timeout, Duration::from_secs(3));
    assert!(found.methods.password && found.methods.keyboard_interactive);
}

#[test]
fn ansible_host_is_what_blocks_match() {
    let mut given = settings("web");
    given.host = Some("10.1.2.3".to_owned());
    let found = resolve(
        &given,
        "Host web\n  User by-name\nHost 10.1.*\n  User by-address\n  HostKeyAlias Alias",
    )
    .unwrap();
    assert_eq!(found.address(), "by-address@10.1.2.3:22");
    assert_eq!(found.key_name(), "alias");
    assert_eq!(found.name, "web");
}

#[test]
fn other_files_and_values() {
    let mut given = settings("web");
    given.options = words(
        "-F cfg -6 -o ServerAliveInterval=1m30s -o UserKnownHostsFile=/dev/null -o IdentityAgent=$OTHER_SOCK \
         -o GlobalKnownHostsFile=none -o PreferredAuthentications=publickey",
    );
    given.password = Some("pw".into());
    let found = resolve(&given, "User ignored").unwrap();
    assert_eq!(resolve(&settings("web"), "ServerAliveInterval 0").unwrap().keepalive, None);
    assert_eq!(found.user, "from-cfg");
    assert_eq!(found.family, Family::Inet6);
    assert_eq!(found.keepalive, Some(Duration::from_secs(90)));
    assert_eq!(found.host_key.user_files, [PathBuf::from("/dev/null")]);
    assert!(found.host_key.global_files.is_empty());
    assert_eq!(found.identities.agent, Some("/run/other".into()));
    assert!(!found.methods.password && found.methods.public_key);
}

#[test]
fn jumps_are_resolved_hop_by_hop() {
    let config = "Host web\n  ProxyJump ann@one:2201,two\nHost one\n  HostName one.example.org\n  ProxyJump zero\nHost two\n  User bob\n  ProxyJump never\nHost zero\n  ProxyCommand nc %h %p\n";
    let found = resolve(&settings("web"), config).unwrap();
    let Via::Jumps(hops) = &found.via else { panic!("{:?}", found.via) };
    let addresses: Vec<String> = hops.iter().map(SshEndpoint::address).collect();
    assert_eq!(addresses, ["joe@zero:22", "ann@one.example.org:2201", "bob@two:22"]);
    assert!(matches!(&hops[0].via, Via::Command(command) if command == "nc zero 22"));
    assert!(matches!(hops[2].via, Via::Direct));
}

#[test]
fn jumps_keep_the_files_and_the_policy() {
    let mut given = settings("web");
    given.options = words("-F cfg -J [fd77::1]:22,ssh://ann@b:3");
    given.host_keys = Some(HostKeyPolicy::AcceptNew);
    let found = resolve(&given, "").unwrap();
    let Via::Jumps(hops) = &found.via else { panic!("{:?}", found.via) };
    let addresses: Vec<String> = hops.iter().map(SshEndpoint::address).collect();
    assert_eq!(addresses, ["from-cfg@[fd77::1]:22", "ann@b:3"]);
    assert!(hops.iter().all(|hop| hop.host_key.policy == HostKeyPolicy::AcceptNew));
}

#[test]
fn a_jump_in_a_circle_is_an_error() {
    let message = resolve(&settings("web"), "Host *\n  ProxyJump bastion").unwrap_err();
    assert_eq!(
        message,
        "cannot tell how to reach `web`: `ProxyJump bastion` goes round in a circle via `bastion`"
    );
    let found =
        resolve(&settings("web"), "Host bastion\n  ProxyJump none\nHost *\n  ProxyJump bastion")
            .unwrap();
    assert!(matches!(found.via, Via::Jumps(hops) if hops.len() == 1));
}

#[test]
fn a_match_asks_openssh() {
    let files = || Memory::new(&[("/home/joe/.ssh/config", "Match host web\n  User matched")]);
    let message = on(&Machine { files: files(), ssh: None }, &settings("web")).unwrap_err();
    assert!(
        message.contains(
            "/home/joe/.ssh/config:1: `Match host web` can only be understood by OpenSSH"
        ),
        "{message}"
    );
    let output = "user matched\nhostname web.example.org\nport 22\nidentityfile ~/.ssh/id_rsa\nidentityfile /my keys/id\n\
                  connecttimeout none\nciphers a,b\nuserknownhostsfile /a /b\nstricthostkeychecking accept-new\n\
                  pubkeyauthentication true\nserveraliveinterval 0\ncanonicalizehostname false\nidentitiesonly no\n";
    let found = on(&Machine { files: files(), ssh: Some(output) }, &settings("web")).unwrap();
    assert_eq!(found.address(), "matched@web.example.org:22");
    assert_eq!(found.identities.files, [PathBuf::from("/my keys/id")]);
    assert_eq!(found.host_key.user_files, [PathBuf::from("/a"), PathBuf::from("/b")]);
    assert_eq!(found.host_key.policy, HostKeyPolicy::AcceptNew);
    assert_eq!((found.algorithms.ciphers, found.keepalive), (None, Some(Duration::from_secs(15))));
}

#[test]
fn a_final_match_comes_last() {
    let found =
        resolve(&settings("web"), "Match final all\n  User last\n  Port 5\nHost web\n  User first")
            .unwrap();
    assert_eq!(found.address(), "first@web:5");
}

#[test]
fn mistakes_say_what_and_where() {
    for (args, config, message) in [
        ("", "Port abc", "`abc` is not a port"),
        ("", "Host \"x", "/home/joe/.ssh/config:1: a quote is not closed"),
        ("-o Port=0", "", "`0` is not a port"),
        ("-F nowhere", "", "cannot read `nowhere`: entity not found"),
        ("--jump x", "", "`--jump` is not an option of ssh"),
        (
            "",
            "StrictHostKeyChecking maybe",
            "`StrictHostKeyChecking maybe`: expected `yes`, `accept-new`, `no` or `ask`",
        ),
        (
            "",
            "ConnectTimeout soon",
            "`connecttimeout soon`: expected a time such as `10` or `1m30s`",
        ),
        ("", "IdentityFile ~/%Q", "`%Q` in `~/%Q` is not known here"),
        ("-J a:port", "", "`ProxyJump a:port`: `port` is not a port"),
    ] {
        let mut given = settings("web");
        given.options = words(args);
        let found = resolve(&given, config).unwrap_err();
        assert!(found.contains(message), "{args} {config}: {found}");
    }
    for name in ["-oProxyCommand=x", "a b", ""] {
        assert!(
            resolve(&settings(name), "").unwrap_err().ends_with("is not a host name"),
            "{name}"
        );
    }
}
