//! The module `iptables`.

mod rule;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{need, value};
use crate::stop::{Result, Stop};

/// Keeps a rule of the kernel's packet filter, by iptables(8). Nothing of it outlives a restart of the host.
#[derive(Args, Debug)]
#[module(
    name = "iptables",
    exclusive("set_dscp_mark", "set_dscp_mark_class"),
    exclusive("flush", "policy")
)]
pub(crate) struct Iptables {
    /// The table.
    #[arg(default = "filter", kind = crate::args::Kind::Choice(&["filter", "nat", "mangle", "raw", "security"]))]
    table: String,
    /// Whether the rule shall be there.
    #[arg(default = "present")]
    state: State,
    /// Whether a new rule comes last or first.
    #[arg(default = "append")]
    action: Action,
    /// The number that a rule is inserted at.
    rule_num: Option<String>,
    /// For IPv4, for IPv6, or for both.
    #[arg(default = "ipv4")]
    ip_version: Version,
    /// The chain.
    chain: Option<String>,
    /// Make the chain where it is missing; remove it where the rule shall not be there and no rule is given.
    #[arg(default = "no")]
    chain_management: bool,
    /// The protocol.
    protocol: Option<String>,
    /// Where packets come from.
    source: Option<String>,
    /// Where packets go to.
    destination: Option<String>,
    /// Flags of TCP: `flags` that are looked at, and `flags_set`.
    tcp_flags: Option<Map>,
    /// Modules that match packets.
    #[arg(name = "match")]
    matches: Option<Vec<String>>,
    /// What happens to packets.
    jump: Option<String>,
    /// The host that copies of packets are sent to.
    gateway: Option<String>,
    /// The level of messages in the log.
    log_level: Option<String>,
    /// What messages in the log begin with.
    log_prefix: Option<String>,
    /// The chain in which it goes on.
    goto: Option<String>,
    /// The interface that packets come in by.
    in_interface: Option<String>,
    /// The interface that packets go out by.
    out_interface: Option<String>,
    /// Whether the rule is about further parts of packets.
    fragment: Option<String>,
    /// The counters that the rule begins with.
    set_counters: Option<String>,
    /// The port that packets come from.
    source_port: Option<String>,
    /// The port that packets go to.
    destination_port: Option<String>,
    /// Several ports that packets go to.
    destination_ports: Option<Vec<String>>,
    /// The ports that packets are led to.
    to_ports: Option<String>,
    /// The address that packets are led to.
    to_destination: Option<String>,
    /// The address that packets seem to come from.
    to_source: Option<String>,
    /// Whether the rule is about packets that begin a connection.
    #[arg(default = "ignore", kind = crate::args::Kind::Choice(&["ignore", "match", "negate"]))]
    syn: String,
    /// The number of the mark that packets get.
    set_dscp_mark: Option<String>,
    /// The class of the mark that packets get.
    set_dscp_mark_class: Option<String>,
    /// A comment on the rule.
    comment: Option<String>,
    /// The states of connections.
    ctstate: Option<Vec<String>>,
    /// A range of addresses that packets come from.
    src_range: Option<String>,
    /// A range of addresses that packets go to.
    dst_range: Option<String>,
    /// A set of addresses.
    match_set: Option<String>,
    /// Which addresses of packets are looked up in the set.
    match_set_flags: Option<String>,
    /// How many packets the rule is about in a time.
    limit: Option<String>,
    /// How many packets at first.
    limit_burst: Option<String>,
    /// The user whose packets they are.
    uid_owner: Option<String>,
    /// The group whose packets they are.
    gid_owner: Option<String>,
    /// What those hear whose packets are refused.
    reject_with: Option<String>,
    /// The kind of ICMP message.
    icmp_type: Option<String>,
    /// Remove all rules of the chain, or of the table.
    #[arg(default = "no")]
    flush: bool,
    /// What happens to packets that no rule of the chain is about.
    policy: Option<String>,
    /// How many seconds to wait for another process that changes rules.
    wait: Option<String>,
    /// Taken and not used: names are never looked up.
    #[arg(name = "numeric", default = "no")]
    _numeric: bool,
}

/// Whether a rule shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// Where a new rule comes.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Last.
    Append,
    /// First, or at a number.
    Insert,
}

/// Which protocol of the internet.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// The old one.
    Ipv4,
    /// The new one.
    Ipv6,
    /// Both.
    Both,
}

impl Module for Iptables {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let rule = self.rule();
        changes.set("table", self.table.as_str());
        changes.set("chain", self.chain.clone().map_or(Data::Null, Data::from));
        changes.set("flush", self.flush);
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        changes.set("rule", rule.join(" "));
        let programs: &[&str] = match self.ip_version {
            Version::Ipv4 => &["iptables"],
            Version::Ipv6 => &["ip6tables"],
            Version::Both => &["iptables", "ip6tables"],
        };
        for program in programs {
            need(host, program, "`iptables`")?;
            if self.flush {
                self.plan_flush(program, host, changes)?;
                continue;
            }
            let Some(chain) = &self.chain else {
                return Err(Stop::failed("`chain` must be given, unless all is flushed"));
            };
            if let Some(policy) = &self.policy {
                self.plan_policy(program, chain, policy, host, changes)?;
            } else {
                self.plan_rule(program, chain, &rule, host, changes)?;
            }
        }
        Ok(())
    }
}

impl Iptables {
    fn command(&self, program: &str, words: &[&str], rule: &[String]) -> Command {
        let mut argv = vec![program.to_owned()];
        if let Some(wait) = &self.wait {
            argv.extend(["-w".into(), wait.clone()]);
        }
        argv.extend(["-t".into(), self.table.clone()]);
        argv.extend(words.iter().map(ToString::to_string));
        argv.extend(rule.iter().cloned());
        Command::new(argv)
    }

    fn plan_rule(
        &self,
        program: &str,
        chain: &str,
        rule: &[String],
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let present = self.state == State::Present;
        let chain_label = format!("{program} {} chain {chain}", self.table);
        let there = |words: &[&str], rule: &[String]| {
            Ok(host.observe(&self.command(program, words, rule))?.ok().then(|| "there".to_owned()))
        };
        if self.chain_management {
            let now = value(host, &chain_label, || there(&["-n", "-L", chain], &[]))?;
            let title = format!("{program}: chain {chain} of table {}", self.table);
            let (make, remove) = (
                self.command(program, &["-N", chain], &[]),
                self.command(program, &["-X", chain], &[]),
            );
            if present && now.is_none() {
                let act = ActChange::new(Sign::Create, title).sets(
                    chain_label,
                    now,
                    Some("there".into()),
                );
                changes.push(Change::Act(act.does(make).undone_by(remove)));
            } else if !present && rule.is_empty() {
                if now.is_some() {
                    let act = ActChange::new(Sign::Remove, title).sets(chain_label, now, None);
                    changes.push(Change::Act(act.does(remove).undone_by(make)));
                }
                return Ok(());
            }
        }
        if rule.is_empty() && self.chain_management {
            return Ok(());
        }
        let shown = Command::new(rule.to_vec()).shown();
        let label = format!("{program} {} {chain} {shown}", self.table);
        let now = value(host, &label, || there(&["-C", chain], rule))?;
        if now.is_some() == present {
            return Ok(());
        }
        let title = format!("{program}: {chain} {shown}");
        let add = match (self.action, &self.rule_num) {
            (Action::Append, _) => self.command(program, &["-A", chain], rule),
            (Action::Insert, Some(number)) => self.command(program, &["-I", chain, number], rule),
            (Action::Insert, None) => self.command(program, &["-I", chain], rule),
        };
        let delete = self.command(program, &["-D", chain], rule);
        let act = match present {
            true => ActChange::new(Sign::Create, title).does(add).undone_by(delete),
            false => ActChange::new(Sign::Remove, title).does(delete).undone_by(add),
        };
        changes.push(Change::Act(act.sets(label, now, present.then(|| "there".to_owned()))));
        Ok(())
    }

    fn plan_policy(
        &self,
        program: &str,
        chain: &str,
        policy: &str,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let label = format!("{program} {} policy {chain}", self.table);
        let now = value(host, &label, || {
            let told = host.observe(&self.command(program, &["-S", chain], &[]))?.text();
            let head = format!("-P {chain} ");
            Ok(told
                .lines()
                .find_map(|line| line.strip_prefix(&head))
                .map(|rest| rest.trim().to_owned()))
        })?;
        let Some(was) = now.clone() else {
            return Err(Stop::failed(format!(
                "the chain `{chain}` has no policy: it is none of the kernel's own"
            )));
        };
        if was != policy {
            changes.push(Change::Act(
                ActChange::new(Sign::Modify, format!("{program}: policy of {chain}"))
                    .fact(format!("{was} → {policy}"))
                    .sets(label, now, Some(policy.to_owned()))
                    .does(self.command(program, &["-P", chain, policy], &[]))
                    .undone_by(self.command(program, &["-P", chain, &was], &[])),
            ));
        }
        Ok(())
    }

    /// Flushes, where there is anything to flush.
    fn plan_flush(&self, program: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let chain: Vec<&str> = self.chain.as_deref().into_iter().collect();
        let label = format!("{program} {} flushed {}", self.table, chain.join(""));
        let look = self.command(program, &[&["-S"][..], &chain].concat(), &[]);
        let now = value(host, &label, || {
            let told = host.observe(&look)?.text();
            Ok(told.lines().any(|line| line.starts_with("-A ")).then(|| "rules".to_owned()))
        })?;
        if now.is_none() {
            return Ok(());
        }
        let of = self
            .chain
            .as_ref()
            .map_or(format!("table {}", self.table), |chain| format!("chain {chain}"));
        changes.push(Change::Act(
            ActChange::new(Sign::Remove, format!("{program}: all rules of {of}"))
                .sets(label, now, None)
                .does(self.command(program, &[&["-F"][..], &chain].concat(), &[])),
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_rule_is_added_and_removed() {
        let rule = "-p tcp -m tcp --dport 80 -j ACCEPT";
        let words = "-p tcp -j ACCEPT -m conntrack --ctstate NEW,ESTABLISHED --dport 80 -m comment --comment 'web in'";
        let memory = Memory::new()
            .with_output(&format!("iptables -t filter -C INPUT {words}"), 1, "")
            .with_output(
                "iptables -t filter -S INPUT",
                0,
                &format!("-P INPUT ACCEPT\n-A INPUT {rule}\n"),
            );
        let mut desk = Desk::new(memory);
        let args = [
            ("chain", "INPUT".into()),
            ("protocol", "tcp".into()),
            ("destination_port", "80".into()),
            ("ctstate", vec!["NEW", "ESTABLISHED"].into()),
            ("jump", "ACCEPT".into()),
            ("comment", "web in".into()),
            ("action", "insert".into()),
        ];
        let done = desk.run("iptables", &args);
        assert_eq!(commands(&done.changes[0]), [format!("iptables -t filter -I INPUT {words}")]);
        let gone = [args.to_vec(), vec![("state", "absent".into())]].concat();
        let done = desk.run("iptables", &gone);
        assert_eq!(commands(&done.changes[0]), [format!("iptables -t filter -D INPUT {words}")]);
        let policy = [("chain", "INPUT".into()), ("policy", "DROP".into())];
        let done = desk.run("iptables", &policy);
        assert_eq!(commands(&done.changes[0]), ["iptables -t filter -P INPUT DROP"]);
        let flush = [("chain", "INPUT".into()), ("flush", Data::from(true))];
        assert_eq!(
            commands(&desk.run("iptables", &flush).changes[0]),
            ["iptables -t filter -F INPUT"]
        );
        desk.fails("iptables", &args[1..2], "`chain` must be given, unless all is flushed");
    }
}
