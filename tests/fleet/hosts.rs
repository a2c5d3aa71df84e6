//! The hosts that the tests were given, and running things on them and about them.

use std::env;
use std::process::{Command, Output};

/// A host, as the fleet tells about it.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: String,
    ssh_config: String,
}

/// Every Debian and CentOS-like host. Those for ansible-core are left out.
pub(crate) fn hosts() -> Vec<Host> {
    let text =
        env::var("CONVERGE_FLEET_HOSTS").expect("`cargo xtask test` tells which hosts there are");
    let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let text =
        |host: &serde_json::Value, key: &str| host[key].as_str().unwrap_or_default().to_owned();
    let hosts = all.iter().filter(|host| !text(host, "name").contains("python"));
    hosts
        .map(|host| Host {
            name: text(host, "name"),
            address: text(host, "ipv4"),
            ssh_config: text(host, "ssh_config"),
        })
        .collect()
}

impl Host {
    /// What a command prints on the host, by OpenSSH.
    pub(crate) fn ssh(&self, command: &str) -> String {
        let output = Command::new("ssh")
            .args(["-F", &self.ssh_config, &self.name, "--", command])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The page that the host serves.
    pub(crate) fn page(&self) -> String {
        let url = format!("http://{}/", self.address);
        let output = Command::new("curl")
            .args(["-sS", "--fail", "--max-time", "20", "--", &url])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Runs converge on the shipped playbook and these hosts.
pub(crate) fn converge(hosts: &[Host], options: &[&str]) -> Output {
    let state = env::temp_dir().join(format!("converge-fleet-{}", std::process::id()));
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    Command::new(env!("CARGO_BIN_EXE_converge"))
        .args(["playbooks/site.yml", "-i", &env::var("CONVERGE_FLEET_INVENTORY").unwrap()])
        .args(if names.is_empty() { vec![] } else { vec!["--limit".to_owned(), names.join(",")] })
        .args(options)
        .env("XDG_STATE_HOME", state)
        .output()
        .unwrap()
}
