//! `locale_gen`: languages of the C library.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Makes locales, or removes them, by `/etc/locale.gen` and locale-gen(8).
#[derive(Args, Debug)]
#[module(name = "locale_gen", collection = "community.general")]
pub(crate) struct LocaleGen {
    /// The locales: `de_DE.UTF-8`.
    name: Vec<String>,
    /// Whether they shall be there.
    #[arg(default = "present")]
    state: State,
}

/// Whether locales shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They shall not.
    Absent,
    /// They shall.
    Present,
}

/// Which locales are made, see locale.gen(5).
const FILE: &str = "/etc/locale.gen";

/// Which ones there can be.
const SUPPORTED: &str = "/usr/share/i18n/SUPPORTED";

/// The folder of Ubuntu's lists.
const UBUNTU: &str = "/var/lib/locales/supported.d";

impl Module for LocaleGen {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let page = Page::open(Path::new(FILE), host)?;
        let ubuntu = match host.resolve(Path::new(UBUNTU))?.1 {
            Look::Is(_) => !page.exists(),
            _ => false,
        };
        if !page.exists() && !ubuntu {
            return Err(Stop::failed(format!(
                "there is no `{FILE}`; install the package `locales` first"
            )));
        }
        changes.set("mechanism", if ubuntu { "ubuntu_legacy" } else { "glibc" });
        let known = match host.resolve(Path::new(SUPPORTED))?.1 {
            Look::Is(_) => {
                host.content(Path::new(SUPPORTED))?.text().unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        let label = |name: &str| format!("locale {}", spelled(name));
        let have = made(host)?;
        let present = self.state == State::Present;
        let mut lines: Vec<String> = page.letters().lines().map(ToOwned::to_owned).collect();
        let mut wrong = Vec::new();
        for name in &self.name {
            let supported =
                known.lines().chain(page.letters().lines()).any(|line| names(line, name));
            if !supported {
                return Err(Stop::failed(format!(
                    "the C library of this host does not know the locale `{name}`"
                )));
            }
            let now = value(host, &label(name), || {
                Ok(have.contains(&spelled(name)).then(|| "made".to_owned()))
            })?;
            if now.is_some() != present {
                wrong.push((name, now));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        for (name, _) in &wrong {
            for line in lines.iter_mut().filter(|line| names(line, name)) {
                let bare = line.trim_start_matches(['#', ' ', '\t']);
                *line = if present { bare.to_owned() } else { format!("# {bare}") };
            }
            if present && !lines.iter().any(|line| names(line, name)) {
                let line = known.lines().find(|line| names(line, name)).unwrap_or(name);
                lines.push(line.to_owned());
            }
        }
        let sign = if present { Sign::Create } else { Sign::Remove };
        let names: Vec<_> = wrong.iter().map(|(name, _)| name.as_str()).collect();
        let plural = if names.len() == 1 { "" } else { "s" };
        let mut act = ActChange::new(sign, format!("locale{plural} {}", names.join(", ")));
        if ubuntu {
            if !present {
                return Err(Stop::failed(
                    "locales of this release of Ubuntu can't be removed one by one",
                ));
            }
            for name in &names {
                act = act.does(Command::new(["locale-gen", name]));
            }
        } else {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            if text != page.letters() {
                page.write(&text, None, false, changes)?;
            }
            act = act.does(Command::new(["locale-gen"]));
        }
        for (name, now) in wrong {
            act = act.sets(label(name), now, present.then(|| "made".to_owned()));
        }
        changes.push(Change::Act(act));
        Ok(())
    }
}

/// The locales that are made.
fn made(host: &dyn Host) -> Result<Vec<String>> {
    let told = host.observe(&Command::new(["locale", "-a"]))?.text();
    Ok(told.lines().map(spelled).collect())
}

/// The character set is written in several ways.
fn spelled(name: &str) -> String {
    let Some((language, rest)) = name.split_once('.') else { return name.to_owned() };
    let (set, modifier) = rest.split_once('@').map_or((rest, None), |(s, m)| (s, Some(m)));
    let set: String =
        set.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let modifier = modifier.map(|modifier| format!("@{modifier}")).unwrap_or_default();
    format!("{language}.{set}{modifier}")
}

/// Whether a line of a list is about a locale, a comment or not.
fn names(line: &str, name: &str) -> bool {
    let bare = line.trim_start_matches(['#', ' ', '\t']);
    bare.split_whitespace().next() == Some(name) && bare.split_whitespace().count() == 2
}

#[cfg(test)]
mod tests {
    use super::{FILE, spelled};
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    #[test]
    fn locales_are_made_and_removed() {
        let text = "# This file\n# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n";
        let memory = Memory::new().with_file(FILE, text, 0o644, "root").with_output(
            "locale -a",
            0,
            "C\nen_US.utf8\n",
        );
        let mut desk = Desk::new(memory);
        let done = desk.run("locale_gen", &[("name", vec!["de_DE.UTF-8", "en_US.UTF-8"].into())]);
        assert_eq!(words(&done.changes)[1], "locale de_DE.UTF-8");
        assert_eq!(commands(&done.changes[1]), ["locale-gen"]);
        assert_eq!(desk.text(FILE), text.replace("# de", "de"));
        let gone = [("name", "en_US.UTF-8".into()), ("state", "absent".into())];
        assert!(desk.run("locale_gen", &gone).changed);
        assert!(desk.text(FILE).contains("# en_US.UTF-8 UTF-8\n"));
        desk.fails(
            "locale_gen",
            &[("name", "xx".into())],
            "the C library of this host does not know the locale `xx`",
        );
    }

    #[test]
    fn character_sets_are_spelled_alike() {
        assert_eq!(spelled("de_DE.UTF-8@euro"), spelled("de_DE.utf8@euro"));
        assert_eq!(spelled("C"), "C");
    }
}
