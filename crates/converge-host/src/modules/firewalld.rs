//! `firewalld`: rules of the firewall of the same name.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{refused, value};
use crate::stop::{Result, Stop};

/// Opens the firewall for a service, a port, an address and so on, or closes it.
#[derive(Args, Debug)]
#[module(
    name = "firewalld",
    collection = "ansible.posix",
    exclusive(
        "icmp_block",
        "icmp_block_inversion",
        "service",
        "protocol",
        "port",
        "port_forward",
        "rich_rule",
        "interface",
        "forward",
        "masquerade",
        "source",
        "target"
    )
)]
pub(crate) struct Firewalld {
    /// A service that firewalld knows.
    service: Option<String>,
    /// A protocol.
    protocol: Option<String>,
    /// A port or a range of ports: `8080/tcp`.
    port: Option<String>,
    /// A port that leads elsewhere: `port`, `proto`, `toport` and `toaddr`.
    port_forward: Option<Vec<Map>>,
    /// A rule in the language of firewalld.richlanguage(5).
    rich_rule: Option<String>,
    /// An address, or a network, that belongs to the zone.
    source: Option<String>,
    /// A network interface that belongs to the zone.
    interface: Option<String>,
    /// A kind of ICMP message that is refused.
    icmp_block: Option<String>,
    /// Whether the kinds of ICMP messages that are named are the only ones allowed.
    icmp_block_inversion: Option<bool>,
    /// The zone; the default one where it is not given.
    zone: Option<String>,
    /// Whether it stays after a reload and a restart. Without `immediate`, only that.
    permanent: Option<bool>,
    /// Whether it holds at once; it does where `permanent` is not given.
    #[arg(default = "no")]
    immediate: bool,
    /// Whether it shall be so (`enabled`, or `present` for zones) or not.
    state: State,
    /// After how many seconds it ends.
    #[arg(default = "0")]
    timeout: i64,
    /// Whether packets are forwarded within the zone.
    forward: Option<bool>,
    /// Whether addresses are hidden behind the host's own.
    masquerade: Option<bool>,
    /// Go on where the firewall does not run.
    #[arg(default = "no")]
    offline: bool,
    /// What happens to packets that no rule is about.
    target: Option<Target>,
}

/// What shall be.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is not there.
    Absent,
    /// It is off.
    Disabled,
    /// It is on.
    Enabled,
    /// It is there.
    Present,
}

/// What happens to packets that no rule is about.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// What the zone says.
    #[choice("default")]
    Default,
    /// They pass.
    #[choice("ACCEPT")]
    Accept,
    /// They are dropped.
    #[choice("DROP")]
    Drop,
    /// They are refused.
    #[choice("%%REJECT%%")]
    Reject,
}

/// What is asked and done: the verb of firewall-cmd without `--query-`, `--add-` or `--remove-`, and its value.
struct Thing {
    verb: &'static str,
    value: Option<String>,
    shown: String,
    on: bool,
}

impl Module for Firewalld {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let tool = self.tool(host)?;
        let offline = tool == "firewall-offline-cmd";
        let permanent = self.permanent.unwrap_or(false);
        let immediate = (self.immediate || !permanent) && !offline;
        if self.timeout > 0 && permanent {
            return Err(Stop::failed(
                "`timeout` can't be given with `permanent`: it would end nothing",
            ));
        }
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => {
                let command = Command::new([tool, "--get-default-zone"]);
                said(host, &command)?.trim().to_owned()
            }
        };
        let mut said_words = Vec::new();
        let layers = [(permanent || offline, "permanent"), (immediate, "immediate")];
        if let Some(target) = self.target {
            if !permanent {
                return Err(Stop::failed(
                    "`target` needs `permanent: true`: it can't be changed at once",
                ));
            }
            return self.set_target(target, tool, &zone, host, changes);
        }
        let things = self.things()?;
        if things.is_empty() {
            return self.zone_itself(tool, &zone, host, changes);
        }
        for thing in &things {
            for (_, layer) in layers.into_iter().filter(|(asked, _)| *asked) {
                if let Some(act) = self.layer(thing, tool, &zone, layer, host)? {
                    changes.push(Change::Act(act));
                    let way = if layer == "permanent" { "Permanent" } else { "Non-permanent" };
                    said_words.push(format!("{way} operation"));
                }
            }
            if changes.any() {
                let how = if thing.on { "enabled" } else { "disabled" };
                said_words.push(format!("Changed {} to {how}", thing.shown));
            }
        }
        changes.set("msg", said_words.join(", "));
        Ok(())
    }
}

impl Firewalld {
    /// The program: another one where the firewall does not run.
    fn tool(&self, host: &dyn Host) -> Result<&'static str> {
        if host.program("firewall-cmd")?.is_none() {
            return Err(Stop::failed(
                "this host has no `firewall-cmd`; install the package `firewalld` first",
            ));
        }
        let unit = host.unit("firewalld.service", crate::host::Scope::System)?;
        let running = || host.observe(&Command::new(["firewall-cmd", "--state"]));
        if unit.active || running()?.ok() {
            return Ok("firewall-cmd");
        }
        if self.offline && host.program("firewall-offline-cmd")?.is_some() {
            return Ok("firewall-offline-cmd");
        }
        Err(host.unsettled().map_or_else(
            || Stop::failed("firewalld does not run; start it first, or give `offline: true`"),
            Stop::Unknown,
        ))
    }

    fn things(&self) -> Result<Vec<Thing>> {
        let on = matches!(self.state, State::Enabled | State::Present);
        let mut things = Vec::new();
        let mut add = |verb: &'static str, value: Option<&str>, on: bool| {
            let shown = value.map_or(verb.to_owned(), |value| format!("{verb} {value}"));
            things.push(Thing { verb, value: value.map(ToOwned::to_owned), shown, on });
        };
        for (verb, value) in [
            ("service", &self.service),
            ("protocol", &self.protocol),
            ("source", &self.source),
            ("interface", &self.interface),
            ("icmp-block", &self.icmp_block),
            ("rich-rule", &self.rich_rule),
        ] {
            if let Some(value) = value {
                add(verb, Some(value), on);
            }
        }
        if let Some(port) = &self.port {
            let (number, protocol) = port.split_once('/').unwrap_or((port, ""));
            if number.is_empty() || !matches!(protocol, "tcp" | "udp" | "sctp" | "dccp") {
                return Err(Stop::failed(format!("`{port}` is no port such as `8080/tcp`")));
            }
            add("port", Some(port), on);
        }
        // Both of these are switches of their own, and `state` turns them too.
        for (verb, flag) in [
            ("masquerade", self.masquerade),
            ("forward", self.forward),
            ("icmp-block-inversion", self.icmp_block_inversion),
        ] {
            if let Some(flag) = flag {
                add(verb, None, flag == on);
            }
        }
        for forward in self.port_forward.iter().flatten() {
            let text = |key: &str| {
                let text = forward.get(key)?;
                text.as_str()
                    .map(ToOwned::to_owned)
                    .or_else(|| text.as_int().map(|n| n.to_string()))
            };
            let (Some(port), Some(proto), Some(to)) = (text("port"), text("proto"), text("toport"))
            else {
                return Err(Stop::failed("`port_forward` needs `port`, `proto` and `toport`"));
            };
            let address = text("toaddr").map(|to| format!(":toaddr={to}")).unwrap_or_default();
            add(
                "forward-port",
                Some(&format!("port={port}:proto={proto}:toport={to}{address}")),
                on,
            );
        }
        Ok(things)
    }

    /// The change in one of the two configurations, where it is not so there.
    fn layer(
        &self,
        thing: &Thing,
        tool: &str,
        zone: &str,
        layer: &str,
        host: &dyn Host,
    ) -> Result<Option<ActChange>> {
        let keep =
            (layer == "permanent" && tool == "firewall-cmd").then(|| "--permanent".to_owned());
        let command = |what: &str| {
            let word = match &thing.value {
                Some(value) => format!("--{what}-{}={value}", thing.verb),
                None => format!("--{what}-{}", thing.verb),
            };
            let zone = format!("--zone={zone}");
            Command::new([tool.to_owned()].into_iter().chain(keep.clone()).chain([zone, word]))
        };
        let label = format!("firewalld {layer} {zone} {}", thing.shown);
        let look = command("query");
        let now = value(host, &label, || {
            let output = host.probe(&look)?;
            match (output.rc, output.error_text().trim()) {
                (0, _) => Ok(Some("on".to_owned())),
                (1, "") => Ok(None),
                _ if output.text().trim() == "no" => Ok(None),
                _ => Err(host.unsettled().map_or_else(|| refused(&look, &output), Stop::Unknown)),
            }
        })?;
        if now.is_some() == thing.on {
            return Ok(None);
        }
        let (verb, back) = if thing.on { ("add", "remove") } else { ("remove", "add") };
        let mut doing = command(verb);
        if thing.on && self.timeout > 0 {
            doing.argv.push(format!("--timeout={}", self.timeout));
        }
        let sign = if thing.on { Sign::Create } else { Sign::Remove };
        let after = thing.on.then(|| "on".to_owned());
        Ok(Some(
            ActChange::new(sign, format!("firewall: {} in zone {zone}", thing.shown))
                .fact(if layer == "permanent" { "permanently" } else { "at once" })
                .sets(label, now, after)
                .does(doing)
                .undone_by(command(back)),
        ))
    }

    fn set_target(
        &self,
        target: Target,
        tool: &str,
        zone: &str,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let name = |target: Target| match target {
            Target::Default => "default",
            Target::Accept => "ACCEPT",
            Target::Drop => "DROP",
            Target::Reject => "%%REJECT%%",
        };
        let on = matches!(self.state, State::Enabled | State::Present);
        let wanted = if on { name(target) } else { "default" };
        let keep = (tool == "firewall-cmd").then(|| "--permanent".to_owned());
        let command = |word: String| {
            let zone = format!("--zone={zone}");
            Command::new([tool.to_owned()].into_iter().chain(keep.clone()).chain([zone, word]))
        };
        let label = format!("firewalld target {zone}");
        let now = value(host, &label, || {
            Ok(Some(said(host, &command("--get-target".into()))?.trim().to_owned()))
        })?;
        let was = now.clone().unwrap_or_default();
        if was == wanted {
            return Ok(());
        }
        changes.push(Change::Act(
            ActChange::new(Sign::Modify, format!("firewall: target of zone {zone}"))
                .fact(format!("{was} → {wanted}"))
                .does(command(format!("--set-target={wanted}")))
                .undone_by(command(format!("--set-target={was}")))
                .sets(label, now, Some(wanted.into())),
        ));
        Ok(())
    }

    /// Nothing but the zone is named: it is made, or removed.
    fn zone_itself(
        &self,
        tool: &str,
        zone: &str,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        if self.zone.is_none() || !matches!(self.state, State::Present | State::Absent) {
            return Err(Stop::failed(
                "nothing to do: name a service, a port and so on, or a zone with `state: present` or `absent`",
            ));
        }
        if self.permanent != Some(true) {
            return Err(Stop::failed("zones are made and removed with `permanent: true` only"));
        }
        let keep = (tool == "firewall-cmd").then_some("--permanent");
        let label = format!("firewalld zone {zone}");
        let look = Command::new([tool].into_iter().chain(keep).chain(["--get-zones"]));
        let now = value(host, &label, || {
            let told = said(host, &look)?;
            Ok(told.split_whitespace().any(|known| known == zone).then(|| "there".to_owned()))
        })?;
        let on = self.state == State::Present;
        if now.is_some() == on {
            return Ok(());
        }
        let command = |verb: &str| {
            let word = format!("--{verb}-zone={zone}");
            Command::new(
                [tool.to_owned()].into_iter().chain(keep.map(ToOwned::to_owned)).chain([word]),
            )
        };
        let (sign, verb, back) = match on {
            true => (Sign::Create, "new", "delete"),
            false => (Sign::Remove, "delete", "new"),
        };
        changes.push(Change::Act(
            ActChange::new(sign, format!("firewall: zone {zone}"))
                .sets(label, now, on.then(|| "there".to_owned()))
                .does(command(verb))
                .undone_by(command(back)),
        ));
        changes.set("msg", Data::from(if on { "Added zone" } else { "Removed zone" }));
        Ok(())
    }
}

fn said(host: &dyn Host, command: &Command) -> Result<String> {
    Ok(crate::modules::known::ask(host, command)?.text())
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_unit("firewalld.service", true, true)
            .with_output("firewall-cmd --get-default-zone", 0, "public\n")
            .with_output("firewall-cmd --permanent --zone=public --query-service=https", 1, "no\n")
            .with_output("firewall-cmd --zone=public --query-service=https", 0, "yes\n")
            .with_output("firewall-cmd --zone=dmz --query-masquerade", 0, "yes\n")
            .with_output("firewall-cmd --permanent --get-zones", 0, "public dmz\n");
        Desk::new(memory)
    }

    #[test]
    fn only_what_is_missing_is_opened() {
        let mut desk = desk();
        let args = [
            ("service", "https".into()),
            ("state", "enabled".into()),
            ("permanent", true.into()),
            ("immediate", true.into()),
        ];
        let done = desk.run("firewalld", &args);
        assert_eq!(words(&done.changes), ["firewall: service https in zone public; permanently"]);
        assert_eq!(
            commands(&done.changes[0]),
            ["firewall-cmd --permanent --zone=public --add-service=https"]
        );
        assert_eq!(
            done.results["msg"],
            Data::from("Permanent operation, Changed service https to enabled")
        );
    }

    #[test]
    fn switches_and_zones_are_set() {
        let mut desk = desk();
        let args =
            [("masquerade", false.into()), ("zone", "dmz".into()), ("state", "enabled".into())];
        let done = desk.run("firewalld", &args);
        assert_eq!(commands(&done.changes[0]), ["firewall-cmd --zone=dmz --remove-masquerade"]);
        let zone = |name: &str| {
            [("zone", name.into()), ("state", "present".into()), ("permanent", true.into())]
        };
        assert!(!desk.run("firewalld", &zone("dmz")).changed);
        let done = desk.run("firewalld", &zone("own"));
        assert_eq!(commands(&done.changes[0]), ["firewall-cmd --permanent --new-zone=own"]);
        let port = [("port", "80".into()), ("state", "enabled".into())];
        desk.fails("firewalld", &port, "`80` is no port such as `8080/tcp`");
    }
}
