//! Packages that shall not be installed.

use crate::change::manager::failed;
use crate::change::{Changes, PackageAction};
use crate::host::{Host, Manager};
use crate::modules::dnf::command::Program;
use crate::modules::dnf::spec::Spec;
use crate::modules::dnf::transaction::{self, Foreseen};
use crate::modules::dnf::{Dnf, Outcome};
use crate::stop::{Result, Stop};

/// Asks for what removes the named packages, or with `autoremove` what nobody needs.
pub(super) fn plan(
    dnf: &Dnf,
    program: &Program,
    names: &[String],
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    if let Some(name) = names.iter().find(|name| name.starts_with('-')) {
        return Err(Stop::failed(format!("`{name}` is no name of a package")));
    }
    let installed = host.installed(Manager::Rpm)?;
    let mut going: Vec<String> = Vec::new();
    let mut unmatched: Vec<String> = Vec::new();
    for name in names {
        let spec = Spec::read(name);
        let found = spec.installed(&installed);
        match &spec {
            Spec::Group(_) | Spec::Provided(_) => going.push(spec.argument()),
            _ if found.is_empty() => unmatched.push(format!("No match for argument: {name}")),
            _ => going.extend(found.iter().map(|(name, _)| (*name).to_owned())),
        }
    }
    if going.is_empty() && !names.is_empty() {
        changes.set("results", unmatched);
        return Ok(());
    }
    going.dedup();
    let verb: &[&str] = match (dnf.autoremove, program.old) {
        (true, _) => &["autoremove"],
        (false, true) => &["remove"],
        // What else could go is left alone, unless it is asked for.
        (false, false) => &["--noautoremove", "remove"],
    };
    let command = dnf.run(program, verb, &going);
    let rows = match transaction::foresee(host, &command)? {
        Foreseen::Done(rows) => rows,
        Foreseen::Refused(_, output) => {
            // What is only planned is unknown to them; it goes as it would have come.
            if host.unsettled().is_none() {
                return Err(failed(&command, &output));
            }
            Vec::new()
        }
    };
    let mut actions = transaction::actions(&rows, &installed);
    for name in &going {
        match actions.iter_mut().find(|action| action.name == *name) {
            Some(action) => action.asked = true,
            None if installed.contains_key(name) => {
                actions.push(PackageAction::asked(name, installed.get(name), None));
            }
            None => {}
        }
    }
    actions.sort_by_key(|action| !action.asked);
    if actions.is_empty() {
        changes.set("results", unmatched);
        return Ok(());
    }
    let mut told = unmatched;
    told.extend(transaction::told(&rows, &installed));
    dnf.push(command, Outcome { actions, told, unknown: None }, changes);
    Ok(())
}
