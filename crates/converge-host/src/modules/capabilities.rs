//! `capabilities`: what a program may do without being root.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{ask, need, value};
use crate::stop::{Result, Stop};

/// Gives a program a capability, or takes it, see capabilities(7).
#[derive(Args, Debug)]
#[module(name = "capabilities", collection = "community.general")]
pub(crate) struct Capabilities {
    /// The program.
    #[arg(alias = "key", path)]
    path: String,
    /// The capability, with its sets: `cap_net_bind_service+ep`.
    #[arg(alias = "cap")]
    capability: String,
    /// Whether it shall have it.
    #[arg(default = "present")]
    state: State,
}

/// Whether a program shall have a capability.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// A capability: its name, `+`, `=` or `-`, and its sets.
type Cap = (String, char, String);

impl Module for Capabilities {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        need(host, "getcap", "`capabilities`")?;
        if !host.exists(Path::new(&self.path))? {
            return Err(Stop::failed(format!("there is no file `{}`", self.path)));
        }
        let label = format!("capabilities {}", self.path);
        let look = Command::new(["getcap", &self.path]);
        let now = value(host, &label, || {
            let told = ask(host, &look)?.text();
            let rest = told.trim().strip_prefix(&self.path).unwrap_or_default();
            Ok(Some(rest.trim_start_matches([' ', '=']).trim().to_owned()))
        })?
        .unwrap_or_default();
        let caps = all(&now);
        let wanted = one(&self.capability.to_lowercase()).ok_or_else(|| {
            Stop::failed(format!("`{}` is no capability such as `cap_chown+ep`", self.capability))
        });
        let wanted = match (wanted, self.state) {
            (Ok(wanted), _) => wanted,
            (Err(_), State::Absent) => (self.capability.to_lowercase(), '+', String::new()),
            (Err(stop), State::Present) => return Err(stop),
        };
        let same = |cap: &&Cap| cap.0 == wanted.0 && letters(&cap.2) == letters(&wanted.2);
        let mut kept: Vec<Cap> = caps.iter().filter(|cap| cap.0 != wanted.0).cloned().collect();
        match self.state {
            State::Present if caps.iter().any(|cap| same(&cap)) => return Ok(()),
            State::Present => kept.push(wanted),
            State::Absent if kept.len() == caps.len() => return Ok(()),
            State::Absent => {}
        }
        let words = |caps: &[Cap]| {
            let word = |(name, sign, sets): &Cap| format!("{name}{sign}{sets}");
            caps.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        let set = |caps: &str| match caps {
            "" => Command::new(["setcap", "-r", &self.path]),
            caps => Command::new(["setcap", caps, &self.path]),
        };
        let after = words(&kept);
        changes.set("msg", format!("capabilities of `{}`", self.path));
        changes.set("stdout", Data::from(""));
        let shown = |caps: &str| if caps.is_empty() { "none".to_owned() } else { caps.to_owned() };
        changes.push(Change::Act(
            ActChange::new(Sign::Modify, format!("capabilities of {}", self.path))
                .fact(format!("{} → {}", shown(&now), shown(&after)))
                .does(set(&after))
                .undone_by(set(&words(&caps)))
                .sets(label, Some(now), Some(after)),
        ));
        Ok(())
    }
}

fn one(text: &str) -> Option<Cap> {
    let at = text.find(['+', '=', '-'])?;
    let sign = text[at..].chars().next()?;
    let sets = text[at + 1..].to_owned();
    let known = text.starts_with("cap_") && sets.chars().all(|set| "eip".contains(set));
    known.then(|| (text[..at].to_owned(), sign, sets))
}

/// The capabilities that `getcap` tells: several names may share their sets.
fn all(text: &str) -> Vec<Cap> {
    let mut caps = Vec::new();
    for word in text.split_whitespace() {
        let Some(at) = word.find(['+', '=', '-']) else { continue };
        caps.extend(
            word[..at].split(',').filter_map(|name| one(&format!("{name}{}", &word[at..]))),
        );
    }
    caps
}

fn letters(sets: &str) -> Vec<char> {
    let mut letters: Vec<char> = sets.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_capability_is_given_and_taken() {
        let memory = Memory::new().with_file("/bin/ping", "", 0o755, "root").with_output(
            "getcap /bin/ping",
            0,
            "/bin/ping cap_net_admin,cap_net_raw=ep\n",
        );
        let mut desk = Desk::new(memory);
        let args = |cap: &str, state: &str| {
            [("path", "/bin/ping".into()), ("capability", cap.into()), ("state", state.into())]
        };
        assert!(!desk.run("capabilities", &args("cap_net_raw+ep", "present")).changed);
        let done = desk.run("capabilities", &args("cap_chown+ep", "present"));
        assert_eq!(
            commands(&done.changes[0]),
            ["setcap 'cap_net_admin=ep cap_net_raw=ep cap_chown+ep' /bin/ping"]
        );
        let done = desk.run("capabilities", &args("cap_net_raw+ep", "absent"));
        assert_eq!(
            commands(&done.changes[0]),
            ["setcap 'cap_net_admin=ep cap_chown+ep' /bin/ping"]
        );
        desk.fails(
            "capabilities",
            &args("raw", "present"),
            "`raw` is no capability such as `cap_chown+ep`",
        );
    }
}
