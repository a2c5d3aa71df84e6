//! `service_facts`: which services there are, and whether they run.

use std::path::Path;

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Command, Existence, Host, Look, Node, NodeKind, Scope};
use crate::modules::Module;
use crate::stop::Result;

/// Lists the services of the host, in facts.
#[derive(Args, Debug)]
#[module(name = "service_facts")]
pub(crate) struct ServiceFacts {}

/// Where scripts of SysV init are.
const SCRIPTS: &str = "/etc/init.d";

/// What systemd says of a unit that can't run.
const BAD: &[&str] = &["not-found", "masked", "failed"];

impl Module for ServiceFacts {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let mut services = Map::new();
        let systemd = host.program("systemctl")?.is_some();
        let mut units = if systemd { units(host)? } else { Vec::new() };
        for name in host.planned_units() {
            plan(&name, host, &mut units)?;
        }
        for name in scripts(host)? {
            let running = units
                .iter()
                .any(|unit| unit.0.strip_suffix(".service") == Some(&name) && unit.1 == "running");
            let state = if running { "running" } else { "stopped" };
            services.insert(name.clone(), of(&name, state, "sysv", None));
        }
        for (name, state, status) in units {
            services.insert(name.clone(), of(&name, &state, "systemd", Some(&status)));
        }
        let facts = Map::from_iter([("services".to_owned(), Data::Map(services))]);
        changes.set("ansible_facts", Data::Map(facts));
        Ok(())
    }
}

fn of(name: &str, state: &str, source: &str, status: Option<&str>) -> Data {
    let mut facts = Map::from_iter([
        ("name".to_owned(), Data::from(name)),
        ("state".to_owned(), state.into()),
        ("source".to_owned(), source.into()),
    ]);
    if let Some(status) = status {
        facts.insert("status".into(), status.into());
    }
    Data::Map(facts)
}

type Service = (String, String, String);

/// Name, state and status of every unit of a service.
fn units(host: &dyn Host) -> Result<Vec<Service>> {
    let systemctl = |words: &[&str]| {
        let fixed = ["systemctl", "--no-pager", "--no-legend", "--plain", "--type", "service"];
        let command = Command::new(fixed.into_iter().chain(words.iter().copied()));
        Ok(host.observe(&command)?.text())
    };
    let mut services: Vec<Service> = Vec::new();
    for line in systemctl(&["--all", "list-units"])?.lines() {
        let fields: Vec<_> = line.split_whitespace().filter(|field| *field != "●").collect();
        let [name, load, active, sub, ..] = fields[..] else { continue };
        let bad = BAD.iter().find(|bad| load == **bad || active == **bad || sub == **bad);
        let state = if sub == "running" { "running" } else { "stopped" };
        let status = bad.copied().unwrap_or("unknown");
        services.push((name.to_owned(), state.to_owned(), status.to_owned()));
    }
    let mut more = Vec::new();
    for line in systemctl(&["list-unit-files"])?.lines() {
        let mut fields = line.split_whitespace();
        let (Some(name), Some(status)) = (fields.next(), fields.next()) else { continue };
        match services.iter_mut().find(|service| service.0 == name) {
            // What can't run keeps that as its status.
            Some((_, _, known)) if known == "unknown" => status.clone_into(known),
            Some(_) => {}
            None => more.push((name.to_owned(), "inactive".to_owned(), status.to_owned())),
        }
    }
    for service in &mut more {
        if service.0.contains("@.") {
            service.1 = "unknown".into();
        }
    }
    services.extend(more);
    Ok(services)
}

/// What is planned of a unit, over what is listed of it.
fn plan(name: &str, host: &dyn Host, units: &mut Vec<Service>) -> Result<()> {
    let unit = host.unit(name, Scope::System)?;
    if !name.ends_with(".service") || unit.exists == Existence::No {
        return Ok(());
    }
    let state = if unit.active { "running" } else { "stopped" };
    match units.iter_mut().find(|known| known.0 == name) {
        Some(known) => {
            state.clone_into(&mut known.1);
            known.2 = unit.file_state;
        }
        None => units.push((name.to_owned(), state.to_owned(), unit.file_state)),
    }
    Ok(())
}

/// The scripts of SysV init.
fn scripts(host: &dyn Host) -> Result<Vec<String>> {
    if !matches!(host.resolve(Path::new(SCRIPTS))?.1, Look::Is(_)) {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for name in host.list(Path::new(SCRIPTS))? {
        let path = Path::new(SCRIPTS).join(&name);
        if let Look::Is(Node { kind: NodeKind::File, mode, .. }) = host.resolve(&path)?.1
            && mode & 0o111 != 0
        {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use crate::data::Map;
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;

    const FIXED: &str = "systemctl --no-pager --no-legend --plain --type service";

    fn services(desk: &mut Desk) -> Map {
        let done = crate::modules::scenario::done(desk.ask("service_facts", &[]));
        done.results["ansible_facts"].as_map().unwrap()["services"].as_map().unwrap().clone()
    }

    #[test]
    fn services_are_listed_as_they_are_planned() {
        let loaded =
            "cron.service loaded active running Cron\nnone.service not-found inactive dead none\n";
        let files =
            "cron.service enabled enabled\nx@.service static -\ny.service disabled enabled\n";
        let memory = Memory::new()
            .with_file("/etc/init.d/cron", "", 0o755, "root")
            .with_file("/etc/init.d/README", "", 0o644, "root")
            .with_unit("y.service", false, false)
            .with_output("systemctl", 0, "")
            .with_output(&format!("{FIXED} --all list-units"), 0, loaded)
            .with_output(&format!("{FIXED} list-unit-files"), 0, files);
        let mut desk = Desk::new(memory);
        let found = services(&mut desk);
        let get = |found: &Map, name: &str, key: &str| {
            found[name]
                .as_map()
                .unwrap()
                .get(key)
                .and_then(|data| data.as_str())
                .unwrap_or("-")
                .to_owned()
        };
        assert_eq!(get(&found, "cron", "state"), "running");
        assert_eq!(get(&found, "cron", "status"), "-");
        assert_eq!(get(&found, "cron.service", "status"), "enabled");
        assert_eq!(get(&found, "none.service", "status"), "not-found");
        assert_eq!(get(&found, "x@.service", "state"), "unknown");
        assert_eq!(get(&found, "y.service", "state"), "inactive");
        desk.ask(
            "service",
            &[("name", "y".into()), ("state", "started".into()), ("enabled", true.into())],
        );
        let found = services(&mut desk);
        assert_eq!(get(&found, "y.service", "state"), "running");
        assert_eq!(get(&found, "y.service", "status"), "enabled");
    }
}
