//! What apt-get would do, as `apt-get -s` tells. It reads only, and needs no lock.

use crate::change::PackageAction;
use crate::host::{Command, Host, Installed, Output};
use crate::modules::apt::command::simulated;
use crate::stop::Result;

/// What a simulation came to.
pub(crate) enum Simulated {
    /// This would be done.
    Done(Vec<PackageAction>, Output),
    /// apt-get refuses; these names it has nothing to install for.
    Refused(Vec<Refusal>, Output),
}

/// One name that apt-get can't install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such package.
    Missing(String),
    /// Only a name that other packages provide.
    Virtual(String),
    /// A version or release that is not there.
    Version(String),
}

/// Lets apt-get say what it would do.
pub(crate) fn run(host: &dyn Host, command: &Command) -> Result<Simulated> {
    let output = host.observe(&simulated(command))?;
    Ok(if output.ok() {
        let actions = output.text().lines().filter_map(action).collect();
        Simulated::Done(actions, output)
    } else {
        let refusals = output.error_text().lines().filter_map(refusal).collect();
        Simulated::Refused(refusals, output)
    })
}

/// Leaves out what is planned already, and tells from which version the rest starts then.
pub(crate) fn beside(actions: Vec<PackageAction>, installed: &Installed) -> Vec<PackageAction> {
    let mut left = Vec::new();
    for mut action in actions {
        action.from = installed.get(&action.name).cloned();
        let planned = match (&action.from, &action.to) {
            (None, None) => true,
            // What is planned without a version is planned in the newest.
            (Some(from), Some(to)) => from == to || from.is_empty(),
            _ => false,
        };
        if !planned {
            left.push(action);
        }
    }
    left
}

/// A line of the simulation: `Inst name [old] (new Source [arch])`, `Remv name [old]`, `Purg name [old]`.
fn action(line: &str) -> Option<PackageAction> {
    let (verb, rest) = line.split_once(' ')?;
    let name = rest.split(' ').next()?;
    let to = match verb {
        "Inst" => Some(rest.split_once('(')?.1.split([' ', ')']).next()?.to_owned()),
        "Remv" | "Purg" => None,
        _ => return None,
    };
    let from = rest.split_once('[').filter(|(before, _)| !before.contains('('));
    let from = from.and_then(|(_, old)| Some(old.split(']').next()?.to_owned()));
    Some(PackageAction { name: name.into(), from, to, asked: false })
}

fn refusal(line: &str) -> Option<Refusal> {
    let line = line.strip_prefix("E: ")?;
    if let Some(name) = line.strip_prefix("Unable to locate package ") {
        return Some(Refusal::Missing(name.trim().into()));
    }
    let mut quoted = line.split('\'').skip(1).step_by(2);
    if line.starts_with("Package '") && line.ends_with("has no installation candidate") {
        return quoted.next().map(|name| Refusal::Virtual(name.into()));
    }
    if (line.starts_with("Version '") || line.starts_with("Release '"))
        && line.ends_with("was not found")
    {
        return quoted.nth(1).map(|name| Refusal::Version(name.into()));
    }
    None
}

impl Refusal {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Missing(name) | Self::Virtual(name) | Self::Version(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, action, beside, refusal};
    use crate::change::PackageAction;
    use crate::host::Installed;

    const SIMULATION: &str = include_str!("testdata/simulation");

    fn shown(actions: &[PackageAction]) -> Vec<String> {
        let side = |version: &Option<String>| version.clone().unwrap_or_else(|| "-".into());
        let line = |action: &PackageAction| {
            format!("{} {} {}", action.name, side(&action.from), side(&action.to))
        };
        actions.iter().map(line).collect()
    }

    #[test]
    fn what_apt_get_would_do_is_read() {
        let actions: Vec<_> = SIMULATION.lines().filter_map(action).collect();
        assert_eq!(
            shown(&actions),
            [
                "libonig5 - 6.9.8-1",
                "libssl3 3.0.15-1~deb12u1 3.0.17-1~deb12u2",
                "libc6:i386 2.36-9 2.36-9+deb12u10",
                "jq - 1.6-2.1",
                "nano 7.2-1 -",
                "figlet 2.2.5-3+b1 -",
            ]
        );
    }

    #[test]
    fn what_is_planned_already_is_left_out() {
        let actions: Vec<_> = SIMULATION.lines().filter_map(action).collect();
        let installed = Installed::from([
            ("libonig5".into(), "6.9.8-1".into()),
            ("libssl3".into(), "3.0.16".into()),
            ("jq".into(), String::new()),
            ("nano".into(), "7.2-1".into()),
        ]);
        assert_eq!(
            shown(&beside(actions, &installed)),
            ["libssl3 3.0.16 3.0.17-1~deb12u2", "libc6:i386 - 2.36-9+deb12u10", "nano 7.2-1 -"]
        );
    }

    #[test]
    fn refusals_name_the_package() {
        assert_eq!(
            refusal("E: Unable to locate package nosuch"),
            Some(Refusal::Missing("nosuch".into()))
        );
        assert_eq!(
            refusal("E: Package 'awk' has no installation candidate"),
            Some(Refusal::Virtual("awk".into()))
        );
        assert_eq!(
            refusal("E: Version '99' for 'jq' was not found"),
            Some(Refusal::Version("jq".into()))
        );
        assert_eq!(refusal("E: You must put some 'deb-src' URIs in your sources.list"), None);
    }
}
