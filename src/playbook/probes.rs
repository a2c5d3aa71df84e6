//! `converge-probes.yml`: what the project knows of commands that it can't edit, as those of a role of others.
//!
//! A list of entries. `role` and `task` say which commands are meant, by name; the rest says when such a command need not run
//! (`creates`, `removes`, `unless`, `onlyif`), or that it changes nothing (`read_only`).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::model::{Playbook, Task, TaskItem};
use crate::project::Loader;
use crate::source::Spanned;
use crate::yaml::{Kind, Node};

/// The name of the file, in the project's root.
const FILE: &str = "converge-probes.yml";

/// The keys of an entry.
const KEYS: [&str; 7] = ["role", "task", "creates", "removes", "unless", "onlyif", "read_only"];

/// The keys that become arguments of the command.
const ARGUMENTS: [&str; 4] = ["creates", "removes", "unless", "onlyif"];

/// Everything that is declared.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    entries: Vec<Probe>,
}

/// What is declared about the commands of a name.
#[derive(Clone, Debug)]
pub struct Probe {
    role: Option<Spanned<Arc<str>>>,
    task: Option<Spanned<Arc<str>>>,
    /// Arguments that the command gets: a name and a value, which may be a template.
    pub arguments: Vec<(&'static str, Node)>,
    /// Whether it changes nothing.
    pub read_only: bool,
}

impl Probes {
    /// Reads the file of a project, if it has one, and tells what is wrong with it.
    pub fn load(loader: &Loader, playbook: &Playbook) -> (Self, Vec<Diagnostic>) {
        let path = loader.root().join(FILE);
        let mut told = Vec::new();
        if !loader.is_file(&path) {
            return (Self::default(), told);
        }
        let node = loader.yaml(&path, &mut told);
        let probes = node.map(|node| Self::read(&node, &mut told)).unwrap_or_default();
        probes.check_names(&Names::of(playbook, loader), &mut told);
        (probes, told)
    }

    /// Reads entries.
    fn read(node: &Node, told: &mut Vec<Diagnostic>) -> Self {
        let items = match &node.kind {
            Kind::Null => &[],
            Kind::Seq(items) => &items[..],
            _ => {
                let wrong = format!("`{FILE}` must be a list of entries, not {}", node.describe());
                told.push(Diagnostic::error(wrong).at(&node.span, ""));
                &[]
            }
        };
        Self { entries: items.iter().filter_map(|item| entry(item, told)).collect() }
    }

    /// What is declared about a task, each entry that names it.
    pub fn of<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = &'a Probe> {
        let role = task.scope.role().map(|role| &*role.name);
        let name = task.name.as_ref().and_then(Node::as_str);
        self.entries.iter().filter(move |entry| entry.means(role, name))
    }

    fn check_names(&self, known: &Names, told: &mut Vec<Diagnostic>) {
        for entry in &self.entries {
            if let Some(role) = &entry.role
                && !known.roles.contains(&*role.value)
            {
                told.push(unknown("role", role, &known.roles));
            } else if let Some(task) = &entry.task
                && !known.tasks.contains(&*task.value)
            {
                told.push(unknown("task", task, &known.tasks));
            }
        }
    }
}

impl Probe {
    fn means(&self, role: Option<&str>, task: Option<&str>) -> bool {
        let same = |wanted: &Option<Spanned<Arc<str>>>, name: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| name == Some(&*wanted.value))
        };
        same(&self.role, role) && same(&self.task, task)
    }
}

fn entry(node: &Node, told: &mut Vec<Diagnostic>) -> Option<Probe> {
    let before = told.len();
    let Some(entries) = node.as_map() else {
        let wrong = format!("an entry must be a mapping, not {}", node.describe());
        told.push(Diagnostic::error(wrong).at(&node.span, ""));
        return None;
    };
    let mut probe = Probe { role: None, task: None, arguments: Vec::new(), read_only: false };
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        match (name, &value.kind) {
            ("role", Kind::Str(text, _)) => {
                probe.role = Some(Spanned::new(Arc::clone(text), value.span.clone()));
            }
            ("task", Kind::Str(text, _)) => {
                probe.task = Some(Spanned::new(Arc::clone(text), value.span.clone()));
            }
            ("read_only", Kind::Bool(truth)) => probe.read_only = *truth,
            ("read_only", _) => told.push(must_be("read_only", "true or false", value)),
            (name, Kind::Str(..)) if ARGUMENTS.contains(&name) => {
                let known = ARGUMENTS.into_iter().filter(|one| *one == name);
                probe.arguments.extend(known.map(|name| (name, value.clone())));
            }
            (name, _) if KEYS.contains(&name) => told.push(must_be(name, "a string", value)),
            (name, _) => {
                let problem = Diagnostic::error(format!("unknown key `{name}`")).at(&key.span, "");
                told.push(match nearest(name, KEYS) {
                    Some(known) => problem.help(format!("did you mean `{known}`?")),
                    None => problem.help(format!("there are {}", KEYS.join(", "))),
                });
            }
        }
    }
    let problem = if probe.role.is_none() && probe.task.is_none() {
        Some("an entry needs a `role`, a `task`, or both")
    } else if probe.arguments.is_empty() && !probe.read_only {
        Some(
            "an entry must say something: `creates`, `removes`, `unless`, `onlyif` or `read_only: true`",
        )
    } else {
        None
    };
    if let (Some(problem), true) = (problem, told.len() == before) {
        told.push(Diagnostic::error(problem).at(&node.span, ""));
    }
    (told.len() == before).then_some(probe)
}

fn must_be(name: &str, wanted: &str, value: &Node) -> Diagnostic {
    let wrong = format!("`{name}` must be {wanted}, not {}", value.describe());
    Diagnostic::error(wrong).at(&value.span, "")
}

fn unknown(what: &str, name: &Spanned<Arc<str>>, known: &BTreeSet<String>) -> Diagnostic {
    let problem = Diagnostic::warning(format!("no {what} is called `{}`", name.value));
    let problem = problem.at(&name.span, "");
    match nearest(&name.value, known.iter().map(String::as_str)) {
        Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
        None => problem,
    }
}

/// The names of a project's roles and tasks.
struct Names {
    roles: BTreeSet<String>,
    tasks: BTreeSet<String>,
}

impl Names {
    /// Those of a playbook and of every role beside it; what is included when it is reached is in their folders.
    fn of(playbook: &Playbook, loader: &Loader) -> Self {
        let mut names = Self { roles: BTreeSet::new(), tasks: BTreeSet::new() };
        for play in &playbook.plays {
            let parts =
                [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks, &play.handlers];
            parts.iter().for_each(|part| names.items(part));
            names.files(loader, &play.folder.join("tasks"));
            names.folder(loader, &play.folder.join("roles"));
        }
        names.folder(loader, &loader.root().join("roles"));
        names.files(loader, &loader.root().join("tasks"));
        names
    }

    fn items(&mut self, items: &[TaskItem]) {
        for item in items {
            match item {
                TaskItem::Task(task) => self.task(task.name.as_ref()),
                TaskItem::Include(include) => self.task(include.task.name.as_ref()),
                TaskItem::Block(block) => {
                    [&block.block, &block.rescue, &block.always]
                        .iter()
                        .for_each(|part| self.items(part));
                }
                TaskItem::Role(run) => {
                    self.roles.insert(run.role.name.to_string());
                    let dependencies = run.dependencies.iter().cloned().map(TaskItem::Role);
                    self.items(&dependencies.collect::<Vec<_>>());
                    self.items(&run.items);
                    self.items(&run.handlers);
                }
            }
        }
    }

    fn task(&mut self, name: Option<&Node>) {
        self.tasks.extend(name.and_then(Node::as_str).map(str::to_owned));
    }

    /// The roles of a folder and the tasks in their files.
    fn folder(&mut self, loader: &Loader, folder: &Path) {
        for role in loader.list(folder) {
            for part in ["tasks", "handlers"] {
                self.files(loader, &folder.join(&role).join(part));
            }
            self.roles.insert(role);
        }
    }

    /// What stands under `name` in the files of a folder. What is wrong with them is told when they are included.
    fn files(&mut self, loader: &Loader, folder: &Path) {
        for file in loader.list(folder) {
            let path = folder.join(&file);
            if file.ends_with(".yml") || file.ends_with(".yaml") {
                let text = loader.text(&path).ok();
                self.named(text.and_then(|source| crate::yaml::parse(&source).0).as_ref());
            }
        }
    }

    fn named(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        self.task(node.get("name"));
        let below = node.as_map().unwrap_or_default().iter().map(|(_, value)| value);
        for part in node.as_seq().unwrap_or_default().iter().chain(below) {
            self.named(Some(part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Probes;
    use crate::source::Source;
    use crate::yaml::parse;

    #[track_caller]
    fn check(text: &str, told: &[&str]) -> Probes {
        let (node, problems) = parse(&Source::new("p.yml", text));
        assert!(problems.is_empty(), "{problems:?}");
        let mut problems = Vec::new();
        let probes = node.map(|node| Probes::read(&node, &mut problems)).unwrap_or_default();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, told, "{text}");
        probes
    }

    #[test]
    fn entries_are_read() {
        let probes = check(
            "- {role: pg, task: Init, creates: /var/lib/pg/PG_VERSION}\n- {task: Look, read_only: true}\n",
            &[],
        );
        let meant = |role, task| probes.entries.iter().filter(|one| one.means(role, task)).count();
        assert_eq!(meant(Some("pg"), Some("Init")), 1);
        assert_eq!(meant(Some("other"), Some("Init")), 0);
        assert_eq!(meant(None, Some("Look")), 1);
        assert_eq!(meant(Some("pg"), None), 0);
        assert_eq!(check("", &[]).entries.len(), 0);
    }

    #[test]
    fn mistakes_are_told_where_they_are() {
        check(
            "a: b\n",
            &["p.yml:1:1: `converge-probes.yml` must be a list of entries, not a mapping"],
        );
        check(
            "- x\n- {role: a, craetes: /x}\n- {creates: /x}\n- {task: b}\n- {task: b, read_only: 3}\n- {task: [c], unless: x}\n",
            &[
                "p.yml:1:3: an entry must be a mapping, not a string",
                "p.yml:2:13: unknown key `craetes`",
                "p.yml:3:3: an entry needs a `role`, a `task`, or both",
                "p.yml:4:3: an entry must say something: `creates`, `removes`, `unless`, `onlyif` or `read_only: true`",
                "p.yml:5:24: `read_only` must be true or false, not a whole number",
                "p.yml:6:10: `task` must be a string, not a list",
            ],
        );
    }
}
