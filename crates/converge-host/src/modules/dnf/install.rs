//! Packages that shall be installed.

use crate::change::manager::failed;
use crate::change::{Changes, PackageAction};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Installed, Manager, Output};
use crate::modules::dnf::command::Program;
use crate::modules::dnf::spec::Spec;
use crate::modules::dnf::transaction::{self, Foreseen, Kind, Row};
use crate::modules::dnf::{Dnf, Outcome, State, file};
use crate::stop::{Failure, Result, Stop, Why};

/// Asks for what makes the named packages installed.
pub(super) fn plan(
    dnf: &Dnf,
    program: &Program,
    names: &[String],
    state: State,
    refresh: bool,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    if let Some(name) = names.iter().find(|name| name.starts_with('-')) {
        return Err(Stop::failed(format!("`{name}` is no name of a package")));
    }
    let installed = host.installed(Manager::Rpm)?;
    let everything = names.iter().any(|name| name == "*") && state == State::Latest;
    let mut needs =
        if everything { Vec::new() } else { needs(dnf, names, state, &installed, host)? };
    if needs.is_empty() && !everything {
        return Ok(());
    }
    // What is installed as wanted needs no repository, so only now they have to be asked.
    let mut doubt = host.offers(Manager::Rpm);
    if refresh {
        dnf.push_refresh(program, changes);
        doubt = Some(Why("the package lists, which are refreshed first".into()));
    }
    if let Some(outcome) = file::only_urls(&needs, &installed) {
        let command = command(dnf, program, state, everything, &needs);
        dnf.push(command, outcome, changes);
        return Ok(());
    }
    let mut later: Vec<Spec> = Vec::new();
    let rows = loop {
        if needs.is_empty() && !everything {
            break Vec::new();
        }
        let command = command(dnf, program, state, everything, &needs);
        let (missing, output) = match transaction::foresee(host, &command)? {
            Foreseen::Done(rows) => match too_old(dnf, &rows, &mut needs) {
                true => continue,
                false => break rows,
            },
            Foreseen::Refused(missing, output) => (missing, output),
        };
        if doubt.is_none() {
            return Err(refused(&missing, &command, &output));
        }
        let before = needs.len();
        let (out, left) = needs.into_iter().partition(|spec| missing.contains(&spec.argument()));
        needs = left;
        later.extend::<Vec<Spec>>(out);
        if needs.len() == before {
            later.append(&mut needs);
            break Vec::new();
        }
    };
    let mut actions = transaction::actions(&rows, &installed);
    for action in &mut actions {
        action.asked = !everything && needs.iter().any(|spec| asks_for(spec, action));
    }
    // One thing that was asked for by what it provides is the one that comes for nothing else.
    if let ([_], [only]) = (needs.as_slice(), actions.as_mut_slice()) {
        only.asked = true;
    }
    actions.extend(later.iter().map(|spec| {
        let argument = spec.argument();
        PackageAction::asked(&argument, installed.get(&argument), Some(""))
    }));
    if actions.is_empty() {
        return Ok(());
    }
    actions.sort_by_key(|action| !action.asked);
    needs.extend(later);
    let told = transaction::told(&rows, &installed);
    let command = command(dnf, program, state, everything, &needs);
    dnf.push(command, Outcome { actions, told, unknown: doubt }, changes);
    Ok(())
}

/// Those that are not installed as they are wanted.
fn needs(
    dnf: &Dnf,
    names: &[String],
    state: State,
    installed: &Installed,
    host: &dyn Host,
) -> Result<Vec<Spec>> {
    let mut needs = Vec::new();
    for spec in names.iter().map(|name| Spec::read(name)) {
        let found = spec.installed(installed);
        let is_there = match &spec {
            Spec::Provided(text) => provided(host, text)?,
            Spec::File(path) => file::is_there(dnf, path, installed, host)?,
            Spec::Url(url) => file::url_is_there(dnf, url, installed, host)?,
            // Only the repositories tell what else a pattern or a group means.
            Spec::Pattern(_) | Spec::Group(_) => false,
            _ => !found.is_empty(),
        };
        // What is planned without a version is planned in the newest.
        let planned = found.iter().any(|(_, version)| version.is_empty());
        let fixed = matches!(spec, Spec::File(_) | Spec::Url(_));
        let met = is_there && (planned || fixed || state == State::Present);
        let older = !dnf.allow_downgrade && spec.newer_installed(installed).is_some();
        let new = found.is_empty() && dnf.update_only && state == State::Latest;
        if !(met || older || new || needs.contains(&spec)) {
            needs.push(spec);
        }
    }
    Ok(needs)
}

/// dnf lets a version become older where it is named; Ansible does not, unless it is allowed.
fn too_old(dnf: &Dnf, rows: &[Row], needs: &mut Vec<Spec>) -> bool {
    if dnf.allow_downgrade {
        return false;
    }
    let before = needs.len();
    let older = |name: &str| rows.iter().any(|row| row.kind == Kind::Downgrade && row.name == name);
    needs.retain(|spec| match spec {
        Spec::Package(text) => {
            !older(text)
                && !rows.iter().any(|row| {
                    row.kind == Kind::Downgrade && text.starts_with(&format!("{}-", row.name))
                })
        }
        Spec::Range(name, ..) => !older(name),
        _ => true,
    });
    needs.len() < before
}

fn command(
    dnf: &Dnf,
    program: &Program,
    state: State,
    everything: bool,
    needs: &[Spec],
) -> Command {
    let names: Vec<_> = needs.iter().map(Spec::argument).collect();
    let upgrade = if program.old { "update" } else { "upgrade" };
    let verb = if everything || (state == State::Latest && dnf.update_only) {
        upgrade
    } else if program.old && dnf.allow_downgrade && !names.is_empty() && state == State::Present {
        // yum installs no older version, and downgrades nothing that is not there.
        return downgrade_or_install(dnf, program, &names);
    } else {
        "install"
    };
    dnf.run(program, &[verb], &names)
}

/// yum has a verb of its own for older versions.
fn downgrade_or_install(dnf: &Dnf, program: &Program, names: &[String]) -> Command {
    let versioned = names
        .iter()
        .all(|name| name.rsplit('-').any(|part| part.starts_with(|c: char| c.is_ascii_digit())));
    dnf.run(program, &[if versioned { "downgrade" } else { "install" }], names)
}

/// Whether an installed package provides a path or something else.
fn provided(host: &dyn Host, text: &str) -> Result<bool> {
    let command = Command::new(["rpm", "--query", "--whatprovides", text]);
    Ok(host.observe(&command)?.ok())
}

/// Whether a spec names the package.
fn asks_for(spec: &Spec, action: &PackageAction) -> bool {
    let name = action.name.as_str();
    match spec {
        Spec::Group(group) => action.name == format!("@{group}"),
        Spec::Range(wanted, ..) => wanted == name,
        spec => {
            let version = action.to.clone().unwrap_or_default();
            let then = Installed::from([(name.to_owned(), version)]);
            !spec.installed(&then).is_empty()
        }
    }
}

/// The failure, with what Ansible tells of it.
fn refused(missing: &[String], command: &Command, output: &Output) -> Stop {
    if missing.is_empty() {
        return failed(command, output);
    }
    if let Some(group) = missing[0].strip_prefix('@') {
        return Stop::failed(format!("No group {group} available."));
    }
    let failures: Vec<_> =
        missing.iter().map(|name| format!("No package {name} available.")).collect();
    let msg = format!("Failed to install some of the specified packages: {}", failures.join(" "));
    let results = Map::from_iter([
        ("failures".to_owned(), Data::from(failures)),
        ("results".to_owned(), Data::List(Vec::new())),
        ("rc".to_owned(), Data::Int(1)),
    ]);
    Stop::Failed(Failure { msg, results })
}
