//! Where a job is run: hosts behind relays, and a folder with every tool's input.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::job::{self, Task};
use crate::bench::tool::Tool;
use crate::bench::{ansible, pyinfra, shell};
use crate::fleet::host::Host;
use crate::fleet::place::workspace;
use crate::relay::{self, Counts, Relay};

/// Jobs with more tasks than this are for converge alone, and for a shell script.
const LARGE: usize = 100;

/// What is measured once for each tool in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// How many tasks.
    pub(crate) tasks: usize,
    /// How many hosts.
    pub(crate) hosts: usize,
    /// How long the relay holds bytes back, each way.
    pub(crate) delay: Duration,
}

/// A setting made real.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) setting: Setting,
    dir: PathBuf,
    relays: Vec<Relay>,
}

impl Setting {
    /// Its name, as `--setting` takes it.
    pub(crate) fn name(self) -> String {
        format!("{}x{}-{}ms", self.tasks, self.hosts, self.delay.as_millis())
    }

    /// Whether a tool is measured in it. A large job is there to see how converge grows; others would take minutes for it.
    pub(crate) fn has(self, tool: Tool) -> bool {
        self.tasks <= LARGE || tool == Tool::Ssh || tool.name() == "converge"
    }
}

impl Stage {
    /// Starts relays in front of as many of `hosts` as are wanted, and writes every tool's input.
    pub(crate) fn set(setting: Setting, hosts: &[Host]) -> Result<Self> {
        let dir = workspace().join("target/bench/work").join(setting.name());
        fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        let hosts = &hosts[..setting.hosts];
        let relays = hosts
            .iter()
            .map(|host| {
                let local = SocketAddr::from(([127, 0, 0, 1], 0));
                relay::start(local, SocketAddr::new(IpAddr::V4(host.ipv4), 22), setting.delay)
            })
            .collect::<Result<Vec<_>>>()?;
        let stage = Self { setting, dir, relays };
        stage.write(hosts)?;
        Ok(stage)
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its tasks.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        job::mixed(self.setting.tasks)
    }

    /// Counts from zero again.
    pub(crate) fn reset(&self) {
        self.relays.iter().for_each(Relay::reset);
    }

    /// What passed through all relays. The longest chain of exchanges is that of the one host that had the longest.
    pub(crate) fn counts(&self) -> Counts {
        self.relays.iter().map(Relay::counts).fold(Counts::default(), |sum, one| Counts {
            connections: sum.connections + one.connections,
            sent: sum.sent + one.sent,
            received: sum.received + one.received,
            turns: sum.turns + one.turns,
            exchanges: sum.exchanges.max(one.exchanges),
        })
    }

    fn write(&self, hosts: &[Host]) -> Result<()> {
        let tasks = self.tasks();
        ansible::write(&self.dir, &tasks)?;
        pyinfra::write(&self.dir, &tasks)?;
        let ports: Vec<(&Host, u16)> = hosts
            .iter()
            .zip(&self.relays)
            .map(|(host, relay)| (host, relay.address().port()))
            .collect();
        let known = self.dir.join("known_hosts");
        for (name, text) in [
            ("job.sh", shell::script(&tasks)),
            ("ssh.sh", ssh(&ports, &known)),
            ("inventory.yml", inventory(&ports, &known)?),
            ("inventory.py", inventory_of_pyinfra(&ports, &known)),
            ("known_hosts", known_hosts(&ports)?),
        ] {
            let path = self.dir.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(())
    }
}

/// The hosts' keys as the relays' ports have them.
fn known_hosts(ports: &[(&Host, u16)]) -> Result<String> {
    let mut text = String::new();
    for (host, port) in ports {
        let known = fs::read_to_string(&host.known_hosts)
            .with_context(|| format!("cannot read `{}`", host.known_hosts.display()))?;
        for line in known.lines() {
            let Some((names, key)) = line.split_once(' ') else { continue };
            if names.split(',').any(|name| name == host.name) {
                writeln!(text, "[127.0.0.1]:{port} {key}")?;
            }
        }
    }
    Ok(text)
}

/// The inventory of Ansible and converge. Its strings are quoted as JSON, which YAML reads alike.
fn inventory(ports: &[(&Host, u16)], known: &Path) -> Result<String> {
    let options =
        format!("-o UserKnownHostsFile=\"{}\" -o StrictHostKeyChecking=yes", known.display());
    let mut text =
        String::from("all:\n  vars:\n    ansible_user: root\n    ansible_host: 127.0.0.1\n");
    // What there is to discover about the host is said beforehand, so that nobody pays for asking.
    text.push_str("    ansible_python_interpreter: /usr/bin/python3\n");
    writeln!(text, "    ansible_ssh_common_args: {}", serde_json::to_string(&options)?)?;
    text.push_str("  hosts:\n");
    for (host, port) in ports {
        let key = serde_json::to_string(&host.ssh_key)?;
        writeln!(
            text,
            "    {}:\n      ansible_port: {port}\n      ansible_ssh_private_key_file: {key}",
            host.name
        )?;
    }
    Ok(text)
}

fn inventory_of_pyinfra(ports: &[(&Host, u16)], known: &Path) -> String {
    let host = |(host, port): &(&Host, u16)| {
        format!(
            "    (\"{}\", {{\"ssh_hostname\": \"127.0.0.1\", \"ssh_port\": {port}, \"ssh_user\": \"root\", \
             \"ssh_key\": {:?}, \"ssh_known_hosts_file\": {known:?}, \"ssh_strict_host_key_checking\": \"yes\"}}),\n",
            host.name, host.ssh_key
        )
    };
    format!("hosts = [\n{}]\n", ports.iter().map(host).collect::<String>())
}

/// The script of this machine that sends the job's script to all hosts at once.
fn ssh(ports: &[(&Host, u16)], known: &Path) -> String {
    let mut text = String::from("pids=\n");
    for (host, port) in ports {
        text.push_str(&format!(
            "ssh -F /dev/null -p {port} -i \"{}\" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
             -o UserKnownHostsFile=\"{}\" root@127.0.0.1 sh -s < job.sh &\npids=\"$pids $!\"\n",
            host.ssh_key.display(),
            known.display()
        ));
    }
    text.push_str("for pid in $pids; do wait \"$pid\" || exit 1; done\n");
    text
}
