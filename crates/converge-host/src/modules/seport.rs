//! `seport`: which ports SELinux allows for what.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{ask, need, value};
use crate::modules::seboolean::enabled;
use crate::stop::{Result, Stop};

/// Gives ports a type of SELinux, by semanage-port(8).
#[derive(Args, Debug)]
#[module(name = "seport", collection = "community.general")]
pub(crate) struct Seport {
    /// The ports, and ranges of ports: `10000-10100`.
    ports: Vec<String>,
    /// The protocol.
    #[arg(kind = crate::args::Kind::Choice(&["tcp", "udp"]))]
    proto: String,
    /// The type.
    setype: String,
    /// Whether they shall have it.
    #[arg(default = "present")]
    state: State,
    /// Have the policy loaded after a change.
    #[arg(default = "yes")]
    reload: bool,
    /// Go on where SELinux is off.
    #[arg(default = "no")]
    ignore_selinux_state: bool,
    /// Look at, and remove, only what was set on this host.
    #[arg(default = "no")]
    local: bool,
}

/// Whether ports shall have a type.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They shall not.
    Absent,
    /// They shall.
    Present,
}

/// A type, a protocol and their ports.
type Line = (String, String, Vec<String>);

impl Module for Seport {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        ready(host, self.ignore_selinux_state)?;
        let ports: Vec<String> = self
            .ports
            .iter()
            .map(|port| port.trim().to_owned())
            .filter(|p| !p.is_empty())
            .collect();
        changes.set("ports", Data::from(ports.clone()));
        changes.set("proto", self.proto.as_str());
        changes.set("setype", self.setype.as_str());
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        let mut list = Command::new(["semanage", "port", "--list", "-n"]);
        if self.local {
            list.argv.push("-C".into());
        }
        let lines = read(&ask(host, &list)?.text());
        let semanage = |verb: &str, setype: &str, port: &str| {
            let quiet = (!self.reload).then_some("-N");
            let words = ["port", verb, "-t", setype, "-p", &self.proto, port];
            Command::new(
                ["semanage"]
                    .into_iter()
                    .chain(words[..1].iter().copied())
                    .chain(quiet)
                    .chain(words[1..].iter().copied()),
            )
        };
        for port in &ports {
            let label = format!("seport {} {port}", self.proto);
            let of =
                |line: &&Line| line.1 == self.proto && line.2.iter().any(|known| known == port);
            let now = value(host, &label, || {
                let own = lines.iter().find(|line| of(line) && line.0 == self.setype);
                Ok(own.or(lines.iter().find(of)).map(|line| line.0.clone()))
            })?;
            let title = format!("SELinux type of port {port}/{}", self.proto);
            let setype = &self.setype;
            let act = match (self.state, &now) {
                (State::Present, Some(now)) if now == setype => continue,
                (State::Present, Some(now)) => ActChange::new(Sign::Modify, title)
                    .fact(format!("{now} → {setype}"))
                    .does(semanage("-m", setype, port)),
                (State::Present, None) => ActChange::new(Sign::Create, title)
                    .fact(setype.clone())
                    .does(semanage("-a", setype, port))
                    .undone_by(semanage("-d", setype, port)),
                (State::Absent, Some(now)) if now == setype => {
                    ActChange::new(Sign::Remove, title).does(semanage("-d", setype, port))
                }
                (State::Absent, _) => continue,
            };
            let after = (self.state == State::Present).then(|| setype.clone());
            changes.push(Change::Act(act.sets(label, now, after)));
        }
        Ok(())
    }
}

/// Fails where SELinux is off, or its tools are missing.
pub(crate) fn ready(host: &dyn Host, anyway: bool) -> Result<()> {
    need(host, "semanage", "this module")?;
    if !anyway && !enabled(host)? {
        return Err(Stop::failed(
            "SELinux is off on this host; `ignore_selinux_state: true` goes on nevertheless",
        ));
    }
    Ok(())
}

fn read(text: &str) -> Vec<Line> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (setype, protocol) = (words.next()?.to_owned(), words.next()?.to_owned());
        let ports = words.map(|word| word.trim_end_matches(',').to_owned()).collect();
        Some((setype, protocol, ports))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    #[test]
    fn ports_get_types() {
        let told = "http_port_t   tcp   80, 443, 8008\nssh_port_t    tcp   22\n";
        let memory = Memory::new()
            .with_file("/sys/fs/selinux/enforce", "1", 0o644, "root")
            .with_output("semanage port --list -n", 0, told);
        let mut desk = Desk::new(memory);
        let args = |ports: &str, setype: &str, state: &str| {
            [
                ("ports", ports.into()),
                ("proto", "tcp".into()),
                ("setype", setype.into()),
                ("state", state.into()),
            ]
        };
        assert!(!desk.run("seport", &args("80,443", "http_port_t", "present")).changed);
        let done = desk.run("seport", &args("22,3000-3100", "http_port_t", "present"));
        assert_eq!(
            words(&done.changes)[0],
            "SELinux type of port 22/tcp; ssh_port_t → http_port_t"
        );
        assert_eq!(
            commands(&done.changes[1]),
            ["semanage port -a -t http_port_t -p tcp 3000-3100"]
        );
        let done = desk.run("seport", &args("443", "http_port_t", "absent"));
        assert_eq!(commands(&done.changes[0]), ["semanage port -d -t http_port_t -p tcp 443"]);
        desk = Desk::new(Memory::new().with_output("semanage port --list -n", 0, told));
        desk.fails(
            "seport",
            &args("80", "x_t", "present"),
            "SELinux is off on this host; `ignore_selinux_state: true` goes on nevertheless",
        );
    }
}
