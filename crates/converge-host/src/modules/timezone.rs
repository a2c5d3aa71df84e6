//! `timezone`: the zone of the host's clock.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{Change, Changes, FileChange, FileKind};
use crate::data::{Data, Map};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::{Page, Subject};
use crate::stop::{Result, Stop};

/// Sets the time zone, and whether the hardware clock has the local time.
#[derive(Args, Debug)]
#[module(name = "timezone", collection = "community.general", one_of("name", "hwclock"))]
pub(crate) struct Timezone {
    /// The zone: `Europe/Berlin`, `UTC`, …
    name: Option<String>,
    /// What the hardware clock has.
    #[arg(alias = "rtc")]
    hwclock: Option<Clock>,
}

/// What a hardware clock has.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// The local time.
    Local,
    /// Universal time.
    #[choice("UTC")]
    Utc,
}

/// The link that names the zone, see localtime(5).
const LINK: &str = "/etc/localtime";

/// Where the zones are.
const ZONES: &str = "/usr/share/zoneinfo";

/// Where Debian keeps the name beside.
const NAME: &str = "/etc/timezone";

/// What hwclock(8) keeps of the hardware clock.
const ADJTIME: &str = "/etc/adjtime";

impl Module for Timezone {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let (mut before, mut after) = (Map::new(), Map::new());
        if let Some(zone) = &self.name {
            let now = set_zone(zone, host, changes)?;
            before.insert("name".into(), now.into());
            after.insert("name".into(), zone.as_str().into());
        }
        if let Some(clock) = self.hwclock {
            let now = set_clock(clock, host, changes)?;
            before.insert("hwclock".into(), now.into());
            let word = if clock == Clock::Utc { "UTC" } else { "local" };
            after.insert("hwclock".into(), word.into());
        }
        let diff = [("before".to_owned(), Data::Map(before)), ("after".to_owned(), after.into())];
        changes.set("diff", Data::Map(diff.into_iter().collect()));
        Ok(())
    }
}

/// Asks for the link, and for Debian's file where there is one. Returns the zone now.
fn set_zone(zone: &str, host: &dyn Host, changes: &mut Changes) -> Result<String> {
    let file = Path::new(ZONES).join(zone);
    match host.resolve(&file)?.1 {
        Look::Is(Node { kind: NodeKind::File, .. }) => {}
        Look::Unknown(_) => {}
        _ => {
            return Err(Stop::failed(format!(
                "there is no time zone `{zone}` (no file `{}`); the package `tzdata` brings them",
                file.display()
            )));
        }
    }
    let subject = Subject::at(Path::new(LINK), host)?;
    let now = match subject.kind() {
        Some(NodeKind::Link(target)) => {
            let full = Path::new("/etc").join(target);
            let text = full.display().to_string();
            text.split_once("zoneinfo/").map(|(_, zone)| zone.to_owned()).unwrap_or_default()
        }
        Some(_) => String::new(),
        None => "UTC".to_owned(),
    };
    if now != zone || !matches!(subject.kind(), Some(NodeKind::Link(_))) {
        let target = PathBuf::from("..").join(file.strip_prefix("/").unwrap_or(&file));
        let after = subject.after(FileKind::Link(target))?;
        let before = subject.before_with_content()?;
        changes.push(Change::File(FileChange::new(&subject.path, before, Some(after))));
    }
    let page = Page::own(Path::new(NAME), host)?;
    if page.exists() && page.letters().trim() != zone {
        page.write(&format!("{zone}\n"), None, false, changes)?;
    }
    Ok(now)
}

/// Asks for the third line of the file. Returns what the hardware clock has now.
fn set_clock(clock: Clock, host: &dyn Host, changes: &mut Changes) -> Result<String> {
    let page = Page::own(Path::new(ADJTIME), host)?;
    let mut lines: Vec<String> = page.letters().lines().map(ToOwned::to_owned).collect();
    let now = lines.get(2).map_or("UTC", |line| line.trim()).to_owned();
    let wanted = if clock == Clock::Utc { "UTC" } else { "LOCAL" };
    if now != wanted {
        for missing in ["0.0 0 0.0", "0", "UTC"].iter().skip(lines.len()) {
            lines.push((*missing).to_owned());
        }
        wanted.clone_into(&mut lines[2]);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        page.write(&text, None, false, changes)?;
    }
    Ok(if now == "LOCAL" { "local".into() } else { now })
}

#[cfg(test)]
mod tests {
    use super::{ADJTIME, LINK, NAME};
    use crate::host::memory::Memory;
    use crate::host::{Host, Look, NodeKind};
    use crate::modules::desk::Desk;

    #[test]
    fn a_zone_is_a_link() {
        let memory = Memory::new()
            .with_file("/usr/share/zoneinfo/Europe/Berlin", "TZif", 0o644, "root")
            .with_link(LINK, "/usr/share/zoneinfo/Etc/UTC")
            .with_file(NAME, "Etc/UTC\n", 0o644, "root");
        let mut desk = Desk::new(memory);
        let done =
            desk.run("timezone", &[("name", "Europe/Berlin".into()), ("hwclock", "local".into())]);
        assert_eq!(desk.text(NAME), "Europe/Berlin\n");
        assert_eq!(desk.text(ADJTIME), "0.0 0 0.0\n0\nLOCAL\n");
        let Look::Is(node) = desk.answerer.machine.look(LINK.as_ref()).unwrap() else { panic!() };
        assert_eq!(node.kind, NodeKind::Link("../usr/share/zoneinfo/Europe/Berlin".into()));
        let diff = done.results["diff"].as_map().unwrap();
        assert_eq!(diff["before"].as_map().unwrap()["name"], "Etc/UTC".into());
        desk.fails("timezone", &[("name", "Mars".into())], "there is no time zone `Mars` (no file `/usr/share/zoneinfo/Mars`); the package `tzdata` brings them");
    }
}
