//! Every module that a task can name: those of hosts, those of the controller, those that change the list of tasks, and those
//! that only others have.

use converge_host::args::{Arg, Bound, Invalid, Kind, Spec};
use converge_host::data::{Data, Map};
use converge_host::modules;

use crate::actions::{self, upstream};
use crate::playbook::{FreeForm, ModuleInfo, Modules};

/// A module that a task can name.
#[derive(Clone)]
pub(crate) enum Known {
    /// It runs on hosts.
    Host(&'static Spec),
    /// The controller does it.
    Action(&'static actions::Action),
    /// It brings other tasks: its name and arguments.
    Include(&'static str, &'static [&'static str]),
    /// Others publish it: its full name. A host that reaches it fails there.
    Upstream(String),
}

const ROLE: &[&str] = &[
    "name",
    "role",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "allow_duplicates",
    "public",
    "apply",
    "rolespec_validate",
];

const INCLUDES: &[(&str, &[&str])] = &[
    ("include", &["file", "apply"]),
    ("include_tasks", &["file", "apply"]),
    ("import_tasks", &["file"]),
    ("include_role", ROLE),
    ("import_role", ROLE),
    ("import_playbook", &["file"]),
    // The run itself asks the host about a job in the background.
    ("async_status", &["jid", "mode", "_async_dir"]),
];

/// The module of a name, short or full.
pub(crate) fn find(name: &str) -> Option<Known> {
    let short = name
        .strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name);
    if let Some((name, args)) = INCLUDES.iter().find(|(own, _)| *own == short) {
        return Some(Known::Include(name, args));
    }
    if let Some(action) = actions::find(short) {
        return Some(Known::Action(action));
    }
    let host = modules::find(name).map(|entry| Known::Host(entry.spec));
    host.or_else(|| upstream::find(name).map(Known::Upstream))
}

/// The short names of all, those that converge has first, and the full names of those that others have.
pub(crate) fn names() -> Vec<&'static str> {
    let hosts = modules::ALL.iter().map(|entry| entry.spec.name);
    let includes = INCLUDES.iter().map(|(name, _)| *name);
    let own = hosts.chain(actions::ALL.iter().map(|action| action.name)).chain(includes);
    own.chain(upstream::names()).collect()
}

impl Known {
    /// Its name: short where it is one of Ansible's own.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Host(spec) if spec.collection == "ansible.builtin" => spec.name.to_owned(),
            Self::Host(spec) => spec.full_name(),
            Self::Action(action) => action.name.to_owned(),
            Self::Include(name, _) => (*name).to_owned(),
            Self::Upstream(name) => name.clone(),
        }
    }

    /// Whether it takes text without a name, as in `command: ls /`.
    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Self::Host(spec) => spec.free_form.is_some(),
            Self::Action(action) => action.free_form.is_some(),
            Self::Include(..) | Self::Upstream(_) => true,
        }
    }

    /// Whether it has an argument of this name; and all that it has.
    pub(crate) fn takes(&self, name: &str) -> Result<(), Vec<&'static str>> {
        let known: Vec<&'static str> = match self {
            Self::Host(spec) => {
                if spec.find(name).is_some() {
                    return Ok(());
                }
                spec.all().map(|arg: &Arg| arg.name).collect()
            }
            Self::Action(action) => match action.args {
                Some(args) => args.to_vec(),
                None => return Ok(()),
            },
            Self::Include(_, args) => args.to_vec(),
            Self::Upstream(_) => return Ok(()),
        };
        if known.contains(&name) || name == "_raw_params" { Ok(()) } else { Err(known) }
    }

    /// Why an argument can't have a value that needs no host to be told.
    pub(crate) fn refuses(&self, name: &str, value: Data) -> Option<String> {
        let Self::Host(spec) = self else { return None };
        spec.find(name).filter(|arg| judged(&arg.kind))?;
        let mut given = Map::new();
        given.insert(name.to_owned(), value);
        // Alone it also breaks rules about arguments that are given beside it.
        let wrong = Bound::new(spec, given).err()?;
        let wrong = wrong.iter().find(|wrong| matches!(wrong, Invalid::Type { .. }))?;
        Some(format!("`{}`: {wrong}", self.name()))
    }
}

/// Whether a value of this kind can be judged as it is written, without what the controller makes of it.
fn judged(kind: &Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Int | Kind::Float | Kind::Choice(_) | Kind::Checked(..))
}

/// The catalogue as the reader of playbooks asks it.
#[derive(Debug, Default)]
pub struct Catalogue;

impl Modules for Catalogue {
    fn find(&self, name: &str) -> Option<ModuleInfo> {
        let known = find(name)?;
        let command = matches!(known, Known::Host(spec) if matches!(spec.name, "command" | "shell" | "raw" | "script"));
        let free_form = match (command, known.takes_text()) {
            (true, _) => FreeForm::Command,
            (false, true) => FreeForm::Text,
            (false, false) => FreeForm::None,
        };
        Some(ModuleInfo { name: known.name().into(), free_form })
    }

    fn names(&self) -> Vec<&str> {
        names()
    }
}
