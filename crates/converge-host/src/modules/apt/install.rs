//! Packages that shall be installed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::change::manager::failed;
use crate::change::{Changes, PackageAction, PackagesChange};
use crate::fnmatch::matches;
use crate::host::{Command, Host, Installed, Manager, Output};
use crate::modules::apt::simulate::{self, Refusal, Simulated};
use crate::modules::apt::wanted::{Wanted, missing};
use crate::modules::apt::{Apt, State, cache, policy};
use crate::stop::{Result, Stop, Why};

/// dpkg's database, which tells what installed packages provide.
const STATUS: &str = "/var/lib/dpkg/status";

/// A package that is not as it is wanted, and how apt-get is told.
struct Need {
    wanted: Wanted,
    argument: String,
}

/// Asks for what makes the named packages installed. `refreshed` says that the lists are refreshed before.
pub(super) fn plan(
    apt: &Apt,
    names: &[String],
    refreshed: bool,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let installed = host.installed(Manager::Apt)?;
    let refresh = || Why("the package lists, which are refreshed first".into());
    let mut doubt = if refreshed { Some(refresh()) } else { host.offers(Manager::Apt) };
    // A host whose lists were never fetched knows of no package but those that are installed.
    let bare = doubt.is_none() && !cache::any_lists(host)?;
    let wanted = expand(names, bare || doubt.is_some(), host)?;
    let mut needs = needs(apt, wanted, &installed, bare || doubt.is_some(), host)?;
    if needs.is_empty() && apt.state != State::Fixed {
        return Ok(());
    }
    // What only something planned may offer, and is left to when it is done.
    let mut later: Vec<Wanted> = Vec::new();
    let (actions, command) = loop {
        let command = command(apt, &needs);
        if needs.is_empty() && apt.state != State::Fixed {
            break (Vec::new(), command);
        }
        let (refusals, output) = match simulate::run(host, &command)? {
            Simulated::Done(actions, _) => break (actions, command),
            Simulated::Refused(refusals, output) => (refusals, output),
        };
        let provided = provided(&refusals, host)?;
        if provided.is_empty() && doubt.is_none() && bare {
            cache::push(apt, changes);
            doubt = Some(refresh());
        }
        if provided.is_empty() && doubt.is_none() {
            return Err(refused(&refusals, &needs, &command, &output));
        }
        let refused: BTreeSet<_> = refusals.iter().map(Refusal::name).collect();
        let before = needs.len();
        needs.retain(|need| {
            let out = refused.contains(need.wanted.name.as_str());
            if out && !provided.contains(&need.wanted.name) {
                later.push(need.wanted.clone());
            }
            !out
        });
        if needs.len() == before {
            // apt-get refuses for another reason, which may be gone then as well.
            later.extend(needs.drain(..).map(|need| need.wanted));
        }
    };
    let mut actions = simulate::beside(actions, &installed);
    for action in &mut actions {
        action.asked = needs.iter().any(|need| is_named(&need.wanted, &action.name));
    }
    let unknown = |wanted: &Wanted| {
        PackageAction::asked(
            &wanted.name,
            wanted.installed(&installed).map(|found| found.1),
            Some(""),
        )
    };
    actions.extend(later.iter().map(unknown));
    actions.sort_by_key(|action| !action.asked);
    if actions.is_empty() {
        return Ok(());
    }
    let command = if later.is_empty() {
        command
    } else {
        let late = later.into_iter().map(|wanted| Need { argument: wanted.argument(None), wanted });
        needs.extend(late);
        self::command(apt, &needs)
    };
    apt.push(
        PackagesChange {
            manager: Manager::Apt,
            actions,
            commands: vec![command],
            unknown: doubt,
            ..PackagesChange::default()
        },
        changes,
    );
    Ok(())
}

/// The names with patterns replaced by what they match.
/// With `doubtful`, a pattern that matches nothing may match something by then, and stays.
pub(super) fn expand(names: &[String], doubtful: bool, host: &dyn Host) -> Result<Vec<Wanted>> {
    let wanted = names.iter().map(|name| Wanted::read(name)).collect::<Result<Vec<_>>>()?;
    if !wanted.iter().any(Wanted::is_pattern) {
        return Ok(wanted);
    }
    let known = policy::names(host)?;
    let mut expanded = Vec::new();
    for one in wanted {
        if !one.is_pattern() {
            expanded.push(one);
            continue;
        }
        let before = expanded.len();
        let fitting = known.iter().filter(|name| matches(&one.name, name));
        expanded.extend(fitting.map(|name| one.named(name)));
        if expanded.len() == before && doubtful {
            expanded.push(one);
        } else if expanded.len() == before {
            return Err(Stop::failed(format!("No package(s) matching '{}' available", one.name)));
        }
    }
    Ok(expanded)
}

/// Those that are not installed as they are wanted.
fn needs(
    apt: &Apt,
    wanted: Vec<Wanted>,
    installed: &Arc<Installed>,
    doubtful: bool,
    host: &dyn Host,
) -> Result<Vec<Need>> {
    let latest = apt.state == State::Latest;
    let mut open: Vec<Wanted> = wanted
        .into_iter()
        .filter(|wanted| match wanted.installed(installed) {
            _ if apt.state == State::BuildDep => true,
            None => !apt.only_upgrade,
            // What is planned without a version is planned in the newest.
            Some((_, version)) => !version.is_empty() && (latest || !wanted.accepts(version)),
        })
        .collect();
    open.dedup();
    let (vague, exact): (Vec<_>, Vec<_>) = open.into_iter().partition(Wanted::needs_versions);
    let need =
        |wanted: Wanted, found: Option<&str>| Need { argument: wanted.argument(found), wanted };
    let mut needs: Vec<_> = exact.into_iter().map(|wanted| need(wanted, None)).collect();
    if vague.is_empty() {
        return Ok(needs);
    }
    let offers = policy::ask(host, apt.default_release.as_deref(), &vague)?;
    for wanted in vague {
        let offer = offers.get(&wanted.name).cloned().unwrap_or_default();
        let Some(best) = offer.best(&wanted) else {
            if doubtful {
                needs.push(need(wanted, None));
                continue;
            }
            return Err(no_candidate(&wanted));
        };
        let met = wanted
            .installed(installed)
            .is_some_and(|(_, now)| wanted.accepts(now) && offer.is_met_by(&wanted, now));
        if !met {
            let best = best.to_owned();
            needs.push(need(wanted, Some(&best)));
        }
    }
    Ok(needs)
}

fn command(apt: &Apt, needs: &[Need]) -> Command {
    let arguments: Vec<_> = needs.iter().map(|need| need.argument.clone()).collect();
    match apt.state {
        State::BuildDep => apt.install(&["build-dep"], &arguments),
        State::Fixed => apt.install(&["--fix-broken", "install"], &arguments),
        _ => apt.install(&["install"], &arguments),
    }
}

/// Of names that are no packages, those that an installed package provides.
fn provided(refusals: &[Refusal], host: &dyn Host) -> Result<BTreeSet<String>> {
    let virtual_names: BTreeSet<_> = refusals
        .iter()
        .filter_map(|refusal| match refusal {
            Refusal::Virtual(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    if virtual_names.is_empty() {
        return Ok(virtual_names);
    }
    let status = host.content(Path::new(STATUS))?;
    let text = String::from_utf8_lossy(status.bytes.as_deref().unwrap_or_default()).into_owned();
    Ok(virtual_names.into_iter().filter(|name| provides(&text, name)).collect())
}

fn provides(status: &str, name: &str) -> bool {
    status.split("\n\n").any(|paragraph| {
        let field = |key: &str| paragraph.lines().find_map(|line| line.strip_prefix(key));
        field("Status: ").is_some_and(|state| state.ends_with(" installed"))
            && field("Provides: ").is_some_and(|list| {
                list.split(',').any(|one| one.trim().split(' ').next() == Some(name))
            })
    })
}

/// Whether a name of apt-get's is the one that was asked for, `name:arch` being `name` on its own machine.
fn is_named(wanted: &Wanted, name: &str) -> bool {
    wanted.name == name || wanted.name.split(':').next() == Some(name)
}

fn no_candidate(wanted: &Wanted) -> Stop {
    Stop::failed(format!("no available installation candidate for {}", wanted.written))
}

fn refused(refusals: &[Refusal], needs: &[Need], command: &Command, output: &Output) -> Stop {
    let of = |name: &str| needs.iter().find(|need| need.wanted.name == name);
    for refusal in refusals {
        match refusal {
            Refusal::Missing(name) => return missing(name),
            Refusal::Version(name) => {
                if let Some(need) = of(name) {
                    return no_candidate(&need.wanted);
                }
            }
            Refusal::Virtual(_) => {}
        }
    }
    failed(command, output)
}

#[cfg(test)]
mod tests {
    use super::provides;

    #[test]
    fn installed_packages_provide_names() {
        let status = "Package: mawk\nStatus: install ok installed\nProvides: awk, pico-awk (= 1.3)\n\n\
            Package: exim4\nStatus: deinstall ok config-files\nProvides: mail-transport-agent\n";
        assert!(provides(status, "awk") && provides(status, "pico-awk"));
        assert!(!provides(status, "mail-transport-agent") && !provides(status, "aw"));
    }
}
