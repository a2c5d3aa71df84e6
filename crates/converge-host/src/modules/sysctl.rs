//! `sysctl`: parameters of the kernel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop};

/// Keeps a parameter of the kernel in a file of sysctl.conf(5), and in the kernel itself.
#[derive(Args, Debug)]
#[module(name = "sysctl", collection = "ansible.posix")]
pub(crate) struct Sysctl {
    /// The parameter: `net.ipv4.ip_forward`.
    #[arg(alias = "key")]
    name: String,
    /// What it shall be.
    #[arg(alias = "val")]
    value: Option<String>,
    /// Whether it shall be in the file.
    #[arg(default = "present")]
    state: State,
    /// The file.
    #[arg(default = "/etc/sysctl.conf")]
    sysctl_file: PathBuf,
    /// Set it in the kernel too, whatever is in the file.
    #[arg(default = "no")]
    sysctl_set: bool,
    /// Have the kernel take up the whole file where it becomes another.
    #[arg(default = "yes")]
    reload: bool,
    /// Ignore parameters that the kernel does not know.
    #[arg(default = "no")]
    ignoreerrors: bool,
}

/// Whether a parameter shall be in the file.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall.
    Present,
    /// It shall not.
    Absent,
}

impl Module for Sysctl {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(Stop::failed("`name` can't be empty"));
        }
        let wanted = match (self.state, self.value.as_deref().map(str::trim)) {
            (State::Absent, _) => None,
            (State::Present, None | Some("")) => {
                return Err(Stop::failed("`value` must be given for a parameter that is set"));
            }
            (State::Present, Some(value)) => Some(spelled(value)),
        };
        // `/etc/sysctl.conf` belongs to a package; what is below `sysctl.d` mostly does not.
        let page = match self.sysctl_file == Path::new("/etc/sysctl.conf") {
            true => Page::open(&self.sysctl_file, host)?,
            false => Page::own(&self.sysctl_file, host)?,
        };
        let entries = entries(page.letters());
        let mut in_file = entries.iter().filter(|(key, _)| key == name);
        let stale = match &wanted {
            Some(wanted) => in_file.next_back().is_none_or(|(_, value)| value != wanted),
            None => in_file.next().is_some(),
        };
        let text = stale.then(|| edited(page.letters(), name, wanted.as_deref()));
        if let Some(text) = &text {
            page.write(text, None, false, changes)?;
        }
        let now = self.now(host, name)?;
        let differs = match (&wanted, &now) {
            (Some(wanted), Some(now)) => !same(wanted, now),
            _ => false,
        };
        let sets = self.sysctl_set && wanted.is_some() && (differs || now.is_none());
        let loads = self.reload && (stale || differs);
        if sets && now.is_none() {
            match host.unsettled() {
                Some(why) => return Err(Stop::Unknown(why)),
                None if self.ignoreerrors => return Ok(()),
                None => {
                    return Err(Stop::failed(format!(
                        "the kernel of this host has no parameter `{name}`; a module may have to be loaded first"
                    )));
                }
            }
        }
        if sets || loads {
            let after = text.as_deref().unwrap_or(page.letters());
            changes.push(Change::Act(self.act(name, wanted, now, after, (sets, loads))));
        }
        Ok(())
    }
}

impl Sysctl {
    /// The value in the kernel; none where it does not have the parameter, or nobody may read it.
    fn now(&self, host: &dyn Host, name: &str) -> Result<Option<String>> {
        value(host, &label(name), || {
            let path = place(name);
            Ok(match host.resolve(&path)?.1 {
                Look::Is(_) => host.content(&path).ok().and_then(|blob| blob.text().map(spelled)),
                Look::Unknown(why) if self.sysctl_set => return Err(Stop::Unknown(why)),
                Look::Unknown(_) | Look::Absent => None,
            })
        })
    }

    fn act(
        &self,
        name: &str,
        wanted: Option<String>,
        now: Option<String>,
        file: &str,
        (sets, loads): (bool, bool),
    ) -> ActChange {
        let path = self.sysctl_file.display().to_string();
        let differs = matches!((&wanted, &now), (Some(wanted), Some(now)) if !same(wanted, now));
        let mut act = match &wanted {
            Some(wanted) if differs || sets => {
                let from = now.as_deref().unwrap_or("?");
                ActChange::new(Sign::Modify, format!("kernel parameter {name}"))
                    .fact(format!("{from} → {wanted}"))
            }
            // What the file does not say any more stays as it is in the kernel.
            _ => ActChange {
                quiet: true,
                ..ActChange::new(Sign::Act, format!("load kernel parameters from {path}"))
            },
        };
        let ignore = self.ignoreerrors.then_some("-e");
        if sets {
            let word = format!("{name}={}", wanted.as_deref().unwrap_or_default());
            act = act.does(Command::new(["sysctl"].into_iter().chain(ignore).chain(["-w", &word])));
        }
        if loads {
            act = act.does(Command::new(["sysctl"].into_iter().chain(ignore).chain(["-p", &path])));
            for (key, value) in entries(file).into_iter().filter(|(key, _)| key != name) {
                act = act.sets(label(&key), None, Some(value));
            }
        }
        if let Some(wanted) = wanted {
            if let Some(now) = now.as_deref().filter(|_| differs) {
                act = act.undone_by(Command::new(["sysctl", "-w", &format!("{name}={now}")]));
            }
            act = act.sets(label(name), now, Some(wanted));
        }
        act
    }
}

fn label(name: &str) -> String {
    format!("sysctl {}", place(name).display())
}

/// The file of a parameter: the first separator tells which one stands between folders, see sysctl(8).
fn place(name: &str) -> PathBuf {
    let slashes = name.find(['.', '/']).is_some_and(|at| name[at..].starts_with('/'));
    let path = match slashes {
        true => name.to_owned(),
        false => name
            .chars()
            .map(|letter| match letter {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
    };
    Path::new("/proc/sys").join(path)
}

/// A value as the kernel spells it, but with single spaces.
fn spelled(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Truth values are numbers for the kernel.
fn same(wanted: &str, now: &str) -> bool {
    let plain = |value: &str| match value.to_lowercase().as_str() {
        "true" | "yes" | "on" => "1".to_owned(),
        "false" | "no" | "off" => "0".to_owned(),
        _ => spelled(value),
    };
    plain(wanted) == plain(now)
}

/// The parameters of a file, in its order.
fn entries(text: &str) -> Vec<(String, String)> {
    let entry = |line: &str| {
        let line = line.trim();
        let (key, value) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))?;
        Some((key.trim().to_owned(), spelled(value)))
    };
    text.lines().filter_map(entry).collect()
}

/// The text of the file with the parameter set, or without it. Of several lines about one parameter the first stays.
fn edited(text: &str, name: &str, wanted: Option<&str>) -> String {
    let mut seen = BTreeSet::new();
    let mut out = String::new();
    let mut line = |words: &str| {
        out.push_str(words);
        out.push('\n');
    };
    for old in text.lines() {
        let bare = old.trim();
        let Some((key, value)) = bare.split_once('=').filter(|_| !bare.starts_with(['#', ';']))
        else {
            line(old);
            continue;
        };
        let key = key.trim();
        if !seen.insert(key.to_owned()) {
            continue;
        }
        match wanted {
            Some(wanted) if key == name => line(&format!("{key}={wanted}")),
            None if key == name => {}
            _ => line(&format!("{key}={}", value.trim())),
        }
    }
    if let Some(wanted) = wanted.filter(|_| !seen.contains(name)) {
        line(&format!("{name}={wanted}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::place;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    #[test]
    fn a_parameter_is_set_in_its_file_and_in_the_kernel() {
        let memory = Memory::new()
            .with_file("/proc/sys/net/ipv4/ip_forward", "0\n", 0o644, "root")
            .with_file("/etc/sysctl.d/app.conf", "# own\nvm.max_map_count = 7\n", 0o644, "root");
        let mut desk = Desk::new(memory);
        let args = [
            ("name", "net.ipv4.ip_forward".into()),
            ("value", 1_i64.into()),
            ("sysctl_set", true.into()),
            ("sysctl_file", "/etc/sysctl.d/app.conf".into()),
        ];
        let done = desk.run("ansible.posix.sysctl", &args);
        assert_eq!(
            desk.text("/etc/sysctl.d/app.conf"),
            "# own\nvm.max_map_count=7\nnet.ipv4.ip_forward=1\n"
        );
        assert_eq!(
            words(&done.changes),
            ["/etc/sysctl.d/app.conf", "kernel parameter net.ipv4.ip_forward; 0 → 1"]
        );
        assert_eq!(
            commands(&done.changes[1]),
            ["sysctl -w net.ipv4.ip_forward=1", "sysctl -p /etc/sysctl.d/app.conf"]
        );
        let gone: Vec<_> = args.into_iter().chain([("state", "absent".into())]).collect();
        let done = desk.run("sysctl", &gone);
        assert!(done.changed);
        assert_eq!(desk.text("/etc/sysctl.d/app.conf"), "# own\nvm.max_map_count=7\n");
        assert!(!desk.run("sysctl", &gone).changed);
    }

    #[test]
    fn what_the_kernel_does_not_know_is_an_error_or_is_left_out() {
        let mut desk = Desk::new(Memory::new());
        let args = |ignore: bool| {
            [
                ("name", "net.no.such".into()),
                ("value", "1".into()),
                ("sysctl_set", true.into()),
                ("ignoreerrors", ignore.into()),
                ("reload", false.into()),
            ]
        };
        desk.fails(
            "sysctl",
            &args(false),
            "the kernel of this host has no parameter `net.no.such`; a module may have to be loaded first",
        );
        assert_eq!(words(&desk.run("sysctl", &args(true)).changes), ["/etc/sysctl.conf"]);
        desk.fails("sysctl", &args(true)[..1], "`value` must be given for a parameter that is set");
    }

    #[test]
    fn separators_are_read_as_sysctl_reads_them() {
        let check = |name: &str, want: &str| assert_eq!(place(name).to_str(), Some(want));
        check("net.ipv4.conf.eth0/7.rp_filter", "/proc/sys/net/ipv4/conf/eth0.7/rp_filter");
        check("net/ipv4/conf/eth0.7/rp_filter", "/proc/sys/net/ipv4/conf/eth0.7/rp_filter");
        check("vm.swappiness", "/proc/sys/vm/swappiness");
    }
}
