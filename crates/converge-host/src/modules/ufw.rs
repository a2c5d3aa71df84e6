//! `ufw`: the uncomplicated firewall.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::known::{ask, need, value};
use crate::stop::{Result, Stop};

/// Sets rules, policies and the state of ufw(8).
#[derive(Args, Debug)]
#[module(
    name = "ufw",
    collection = "community.general",
    one_of("state", "default", "rule", "logging"),
    exclusive("name", "proto", "logging")
)]
pub(crate) struct Ufw {
    /// Whether it works, or what is done to it as a whole.
    state: Option<State>,
    /// What happens to packets that no rule is about.
    #[arg(alias = "policy", kind = crate::args::Kind::Choice(&["allow", "deny", "reject"]))]
    default: Option<String>,
    /// Which packets are meant.
    direction: Option<Direction>,
    /// How much is written to the log.
    #[arg(kind = crate::args::Kind::Choice(&["on", "off", "low", "medium", "high", "full"]))]
    logging: Option<String>,
    /// Before which rule a new one comes.
    insert: Option<i64>,
    /// What `insert` counts from.
    #[arg(default = "zero")]
    insert_relative_to: Relative,
    /// What happens to packets.
    #[arg(kind = crate::args::Kind::Choice(&["allow", "deny", "limit", "reject"]))]
    rule: Option<String>,
    /// Whether what the rule is about is written to the log.
    #[arg(default = "no")]
    log: bool,
    /// Where packets come from.
    #[arg(alias = "from", alias = "src", default = "any")]
    from_ip: String,
    /// The port that they come from.
    from_port: Option<String>,
    /// Where they go to.
    #[arg(alias = "dest", alias = "to", default = "any")]
    to_ip: String,
    /// The port that they go to.
    #[arg(alias = "port")]
    to_port: Option<String>,
    /// The protocol.
    #[arg(alias = "protocol")]
    proto: Option<String>,
    /// An application that ufw knows.
    #[arg(alias = "app")]
    name: Option<String>,
    /// Remove the rule.
    #[arg(default = "no")]
    delete: bool,
    /// The network interface.
    #[arg(alias = "if")]
    interface: Option<String>,
    /// The interface that forwarded packets come in by.
    #[arg(alias = "if_in")]
    interface_in: Option<String>,
    /// The interface that forwarded packets go out by.
    #[arg(alias = "if_out")]
    interface_out: Option<String>,
    /// Whether the rule is about packets that are forwarded.
    #[arg(default = "no")]
    route: bool,
    /// A comment on the rule.
    comment: Option<String>,
}

/// What is done to the whole.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It does not work, and does not start with the host.
    Disabled,
    /// It works, and starts with the host.
    Enabled,
    /// It reads its rules again.
    Reloaded,
    /// It does not work, and forgets its rules.
    Reset,
}

/// Which packets are meant.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// Those that come in.
    #[choice(alias = "incoming")]
    In,
    /// Those that go out.
    #[choice(alias = "outgoing")]
    Out,
    /// Those that are forwarded.
    Routed,
}

/// What `insert` counts from.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Relative {
    /// The first rule for IPv4.
    #[choice("first-ipv4")]
    FirstIpv4,
    /// The first rule for IPv6.
    #[choice("first-ipv6")]
    FirstIpv6,
    /// The last rule for IPv4.
    #[choice("last-ipv4")]
    LastIpv4,
    /// The last rule for IPv6.
    #[choice("last-ipv6")]
    LastIpv6,
    /// Nothing: rules are counted from 1.
    Zero,
}

/// Whether it works with the host's start, and how much it logs.
const CONF: &str = "/etc/ufw/ufw.conf";

/// Its policies.
const DEFAULTS: &str = "/etc/default/ufw";

impl Module for Ufw {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        need(host, "ufw", "`ufw`")?;
        if self.insert.is_some() && self.rule.is_none() {
            return Err(Stop::failed("`insert` is about a rule, and none is given"));
        }
        if (self.interface_in.is_some() || self.interface_out.is_some()) && !self.route {
            return Err(Stop::failed(
                "`interface_in` and `interface_out` are for rules with `route: true`",
            ));
        }
        if let Some(state) = self.state {
            plan_state(state, host, changes)?;
        }
        if let Some(level) = &self.logging {
            plan_logging(level, host, changes)?;
        }
        if let Some(policy) = &self.default {
            self.plan_default(policy, host, changes)?;
        }
        if let Some(rule) = &self.rule {
            self.plan_rule(rule, host, changes)?;
        }
        let commands = changes.list.iter().filter_map(|change| match change {
            Change::Act(act) => Some(act.commands.iter().map(Command::shown)),
            _ => None,
        });
        let commands: Vec<String> = commands.flatten().collect();
        changes.set("commands", Data::from(commands));
        Ok(())
    }
}

fn plan_state(state: State, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let active = value(host, "ufw state", || {
        let told = ask(host, &Command::new(["ufw", "status"]))?.text();
        Ok(told.lines().any(|line| line.trim() == "Status: active").then(|| "active".to_owned()))
    })?;
    let ufw = |verb: &str| Command::new(["ufw", "--force", verb]);
    let set = |after: Option<&str>, sign: Sign, what: &str| {
        ActChange::new(sign, what).sets("ufw state", active.clone(), after.map(ToOwned::to_owned))
    };
    let act = match (state, active.is_some()) {
        (State::Enabled, false) => set(Some("active"), Sign::Act, "enable the firewall ufw")
            .does(ufw("enable"))
            .undone_by(ufw("disable")),
        (State::Disabled, true) => set(None, Sign::Act, "disable the firewall ufw")
            .does(ufw("disable"))
            .undone_by(ufw("enable")),
        (State::Reloaded, _) => {
            let act = set(active.as_deref(), Sign::Act, "reload the firewall ufw");
            ActChange { quiet: active.is_none(), ..act }.does(ufw("reload"))
        }
        (State::Reset, _) => set(None, Sign::Act, "reset the firewall ufw").does(ufw("reset")),
        _ => return Ok(()),
    };
    changes.push(Change::Act(act));
    Ok(())
}

fn plan_logging(level: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let now =
        value(host, "ufw logging", || setting(host, CONF, "LOGLEVEL"))?.unwrap_or("off".into());
    let wanted = if level == "on" { "low" } else { level };
    // To turn it on leaves a level that it has.
    if now == wanted || (level == "on" && now != "off") {
        return Ok(());
    }
    let set = |level: &str| Command::new(["ufw", "logging", level]);
    changes.push(Change::Act(
        ActChange::new(Sign::Modify, "logging of the firewall ufw")
            .fact(format!("{now} → {wanted}"))
            .does(set(level))
            .undone_by(set(&now))
            .sets("ufw logging", Some(now), Some(wanted.to_owned())),
    ));
    Ok(())
}

/// A setting in a file of shell variables.
fn setting(host: &dyn Host, path: &str, key: &str) -> Result<Option<String>> {
    if !matches!(host.resolve(Path::new(path))?.1, Look::Is(_)) {
        return Ok(None);
    }
    let blob = host.content(Path::new(path))?;
    let of = |line: &str| {
        let value = line.trim().strip_prefix(key)?.strip_prefix('=')?;
        Some(value.trim_matches('"').to_owned())
    };
    Ok(blob.text().unwrap_or_default().lines().find_map(of))
}

impl Ufw {
    fn plan_default(&self, policy: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let (direction, key) = match self.direction {
            Some(Direction::Out) => ("outgoing", "DEFAULT_OUTPUT_POLICY"),
            Some(Direction::Routed) => ("routed", "DEFAULT_FORWARD_POLICY"),
            Some(Direction::In) | None => ("incoming", "DEFAULT_INPUT_POLICY"),
        };
        let label = format!("ufw {key}");
        let now = value(host, &label, || setting(host, DEFAULTS, key))?;
        let word = |target: &str| match target {
            "ACCEPT" => "allow",
            "REJECT" => "reject",
            _ => "deny",
        };
        let was = now.as_deref().map_or("deny", word).to_owned();
        if was == policy {
            return Ok(());
        }
        let target = match policy {
            "allow" => "ACCEPT",
            "reject" => "REJECT",
            _ => "DROP",
        };
        let set = |policy: &str| Command::new(["ufw", "default", policy, direction]);
        changes.push(Change::Act(
            ActChange::new(
                Sign::Modify,
                format!("policy of the firewall ufw for {direction} packets"),
            )
            .fact(format!("{was} → {policy}"))
            .does(set(policy))
            .undone_by(set(&was))
            .sets(label, now, Some(target.to_owned())),
        ));
        Ok(())
    }

    fn plan_rule(&self, rule: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let words = self.words(rule);
        let label = format!("ufw rule {}", Command::new(words.clone()).shown());
        let verb = |dry: bool, delete: bool, insert: Option<String>| {
            let mut argv = vec!["ufw".to_owned()];
            argv.extend(dry.then(|| "--dry-run".to_owned()));
            argv.extend(self.route.then(|| "route".to_owned()));
            argv.extend(delete.then(|| "delete".to_owned()));
            argv.extend(insert.into_iter().flat_map(|at| ["insert".to_owned(), at]));
            argv.extend(words.iter().cloned());
            Command::new(argv)
        };
        // What would be added tells whether it is there; what would be removed does not.
        let mut look = verb(true, false, None);
        if self.delete && self.comment.is_some() {
            look.argv.truncate(look.argv.len() - 2);
        }
        let now = value(host, &label, || {
            let output = ask(host, &look)?;
            let told = output.text() + &output.error_text();
            Ok(told.contains("Skipping adding existing rule").then(|| "there".to_owned()))
        })?;
        if now.is_some() != self.delete {
            return Ok(());
        }
        let insert = if self.delete { None } else { self.position(host)? };
        let shown = Command::new(words.clone()).shown();
        let sign = if self.delete { Sign::Remove } else { Sign::Create };
        let mut doing = verb(false, self.delete, insert);
        if self.delete {
            // It would ask; for what is added ufw does not know the option.
            doing.argv.insert(1, "--force".into());
        }
        let back = verb(false, !self.delete, None);
        changes.push(Change::Act(
            ActChange::new(sign, format!("firewall rule: {shown}"))
                .sets(label, now, (!self.delete).then(|| "there".to_owned()))
                .does(doing)
                .undone_by(back),
        ));
        Ok(())
    }

    /// The rule in the words of ufw.
    fn words(&self, rule: &str) -> Vec<String> {
        let mut words = vec![rule.to_owned()];
        let mut add = |some: &[&str]| words.extend(some.iter().map(|word| (*word).to_owned()));
        match self.direction {
            Some(Direction::In) => add(&["in"]),
            Some(Direction::Out) => add(&["out"]),
            _ => {}
        }
        for (before, interface) in [
            (&["on"][..], &self.interface),
            (&["in", "on"], &self.interface_in),
            (&["out", "on"], &self.interface_out),
        ] {
            if let Some(interface) = interface {
                add(before);
                add(&[interface]);
            }
        }
        if self.log {
            add(&["log"]);
        }
        add(&["from", &self.from_ip]);
        if let Some(port) = &self.from_port {
            add(&["port", port]);
        }
        add(&["to", &self.to_ip]);
        if let Some(port) = &self.to_port {
            add(&["port", port]);
        }
        if let Some(protocol) = &self.proto {
            add(&["proto", protocol]);
        }
        if let Some(name) = &self.name {
            add(&["app", name]);
        }
        if let Some(comment) = &self.comment {
            add(&["comment", comment]);
        }
        words
    }

    /// The number that a new rule gets; none where it comes last.
    fn position(&self, host: &dyn Host) -> Result<Option<String>> {
        let Some(insert) = self.insert else { return Ok(None) };
        if self.insert_relative_to == Relative::Zero {
            return Ok((insert > 0).then(|| insert.to_string()));
        }
        let told = ask(host, &Command::new(["ufw", "status", "numbered"]))?.text();
        let rules: Vec<(i64, bool)> = told
            .lines()
            .filter_map(|line| {
                let (number, rest) = line.trim().strip_prefix('[')?.split_once(']')?;
                Some((number.trim().parse().ok()?, rest.contains("(v6)")))
            })
            .collect();
        let numbers = |six: bool| rules.iter().filter(move |rule| rule.1 == six).map(|rule| rule.0);
        let last = rules.last().map_or(0, |rule| rule.0);
        let last_four = numbers(false).next_back().unwrap_or(0);
        let base = match self.insert_relative_to {
            Relative::Zero => 0,
            Relative::FirstIpv4 => 1,
            Relative::LastIpv4 => last_four.max(1),
            Relative::FirstIpv6 => last_four + 1,
            Relative::LastIpv6 => numbers(true).next_back().unwrap_or(last_four + 1),
        };
        let at = base + insert;
        // Beyond the last rule there is nothing to come before.
        Ok((at >= 1 && at <= last).then(|| at.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    fn desk() -> Desk {
        let ssh = "ufw --dry-run allow from any to any port 22 proto tcp";
        let memory = Memory::new()
            .with_file(super::CONF, "ENABLED=no\nLOGLEVEL=low\n", 0o644, "root")
            .with_file(super::DEFAULTS, "DEFAULT_INPUT_POLICY=\"DROP\"\n", 0o644, "root")
            .with_output("ufw status", 0, "Status: inactive\n")
            .with_output(
                ssh,
                0,
                "Skipping adding existing rule\nSkipping adding existing rule (v6)\n",
            )
            .with_output(
                "ufw --dry-run limit in on eth0 from 10.0.0.0/8 to any port 80 comment 'a b'",
                0,
                "*filter\n",
            )
            .with_output(
                "ufw --dry-run allow from any to any app Nginx",
                0,
                "Skipping adding existing rule\n",
            );
        Desk::new(memory)
    }

    #[test]
    fn the_whole_is_set() {
        let mut desk = desk();
        let args = [
            ("state", "enabled".into()),
            ("logging", Data::from(true)),
            ("default", "allow".into()),
        ];
        let done = desk.run("ufw", &args);
        let all: Vec<_> = done.changes.iter().flat_map(commands).collect();
        assert_eq!(all, ["ufw --force enable", "ufw default allow incoming"]);
        assert!(!desk.run("ufw", &args).changed);
        assert!(desk.run("ufw", &[("logging", "full".into())]).changed);
    }

    #[test]
    fn rules_are_added_and_removed() {
        let mut desk = desk();
        let ssh = [("rule", "allow".into()), ("port", "22".into()), ("proto", "tcp".into())];
        assert!(!desk.run("ufw", &ssh).changed);
        let web = [
            ("rule", "limit".into()),
            ("port", "80".into()),
            ("direction", "in".into()),
            ("interface", "eth0".into()),
            ("from", "10.0.0.0/8".into()),
            ("comment", "a b".into()),
            ("insert", 1_i64.into()),
        ];
        let done = desk.run("ufw", &web);
        assert_eq!(
            commands(&done.changes[0]),
            ["ufw insert 1 limit in on eth0 from 10.0.0.0/8 to any port 80 comment 'a b'"]
        );
        let gone = [("rule", "allow".into()), ("name", "Nginx".into()), ("delete", true.into())];
        let done = desk.run("ufw", &gone);
        assert_eq!(
            commands(&done.changes[0]),
            ["ufw --force delete allow from any to any app Nginx"]
        );
    }
}
