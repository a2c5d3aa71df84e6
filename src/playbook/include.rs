//! Imports, which are read in place, and includes, which are read when they are reached.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::keyword::Level;
use crate::playbook::model::{ActionArgs, Include, RoleTarget, Target, Task, TaskItem};
use crate::playbook::reading::{Place, Reading, is_template};
use crate::playbook::role::{From, RoleUse};
use crate::playbook::scope::{Directives, Scope, Var};
use crate::source::{Span, Spanned};
use crate::yaml::{Kind, Node};

/// Arguments of `include_role` and `import_role`.
const ROLE_ARGUMENTS: [&str; 10] = [
    "name",
    "role",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "apply",
    "allow_duplicates",
    "public",
    "rolespec_validate",
];

impl Reading<'_> {
    /// What a task that is one of the language's own constructs stands for.
    pub(super) fn construct(
        &mut self,
        construct: &str,
        task: Task,
        place: &Place,
    ) -> Vec<TaskItem> {
        let old = construct == "include";
        if old {
            let problem =
                Diagnostic::warning("`include` is an old name").at(&task.action.name.span, "");
            self.tell(
                problem
                    .help("write `import_tasks`, or `include_tasks` for a file that is known late"),
            );
        }
        match construct {
            "import_tasks" => self.import_tasks(task, place),
            "include_tasks" => self.include_tasks(task, place, false).into_iter().collect(),
            "import_role" | "include_role" => {
                self.role_task(task, place, construct == "import_role")
            }
            "include" => {
                let late = task.r#loop.is_some() || file_of(&task.action.args).is_some_and(is_late);
                if late {
                    self.include_tasks(task, place, true).into_iter().collect()
                } else {
                    self.import_tasks(task, place)
                }
            }
            _ => {
                let problem = Diagnostic::error(format!(
                    "`{construct}` stands in the list of plays, not of tasks"
                ));
                self.tell(
                    problem
                        .at(&task.action.name.span, "")
                        .help("to import tasks, use `import_tasks`"),
                );
                Vec::new()
            }
        }
    }

    /// Reads a file of tasks into the scope of `place`.
    pub(super) fn task_file(&mut self, path: &Path, at: &Span, place: &Place) -> Vec<TaskItem> {
        let read = self.importing(path, at, |reading| {
            let node = reading.reader.loader().yaml(path, &mut reading.diagnostics)?;
            let place = Place { file: Arc::from(path), ..place.clone() };
            let name = reading.reader.loader().name(path);
            Some(reading.items(&name.display().to_string(), &node, &place))
        });
        read.flatten().unwrap_or_default()
    }

    fn import_tasks(&mut self, task: Task, place: &Place) -> Vec<TaskItem> {
        if let Some(found) = &task.r#loop {
            let problem = Diagnostic::error("an import can't have a loop").at(&found.at, "");
            self.tell(problem.help("use `include_tasks`"));
        }
        let Some(file) = self.file(&task) else { return Vec::new() };
        let Some(name) = self.early(&file, &task.scope) else {
            // What is not known yet is read late, and inherits all the same as an import does.
            return self.include_tasks(task, place, true).into_iter().collect();
        };
        match self.find_tasks(&name, place, true) {
            Ok(path) => {
                let inner = self.with_arguments(&task, &task.scope);
                self.task_file(&path, &file.span, &place.with(inner))
            }
            Err(problem) => {
                self.tell(problem.at(&file.span, ""));
                Vec::new()
            }
        }
    }

    fn include_tasks(&mut self, task: Task, place: &Place, inherits: bool) -> Option<TaskItem> {
        let file = self.file(&task)?;
        if let Some(name) = file.as_str().filter(|name| !is_template(name) && task.r#loop.is_none())
        {
            // A file that can't be there is told before anything runs.
            if let Err(problem) = self.find_tasks(name, place, false) {
                self.tell(problem.at(&file.span, ""));
                return None;
            }
        }
        let inner = self.inner(&task, place, inherits);
        Some(TaskItem::Include(Arc::new(Include {
            task: Arc::new(task),
            target: Target::Tasks(file),
            inner,
            folder: Arc::clone(&self.folder),
        })))
    }

    /// The file that an import or include names.
    fn file(&mut self, task: &Task) -> Option<Node> {
        let args = &task.action.args;
        let old = &*task.action.name.value == "include";
        for argument in args.named.iter().filter(|_| !old) {
            if !matches!(&*argument.name.value, "file" | "apply") {
                let name = &argument.name.value;
                let problem = Diagnostic::error(format!(
                    "`{}` has no argument `{name}`",
                    task.action.name.value
                ));
                self.tell(problem.at(&argument.name.span, "").help("give variables with `vars`"));
            }
        }
        match file_of(args) {
            Some(file) if matches!(file.kind, Kind::Str(..)) => Some(file.clone()),
            Some(file) => {
                self.refuse(
                    &file.span,
                    format!("the file must be a string, not {}", file.describe()),
                );
                None
            }
            None => {
                self.refuse(
                    &task.action.name.span,
                    format!("`{}` names no file", task.action.name.value),
                );
                None
            }
        }
    }

    /// The scope of what is included: around the include, not of it, but for its variables and `apply`.
    fn inner(&mut self, task: &Task, place: &Place, inherits: bool) -> Arc<Scope> {
        if inherits {
            return self.with_arguments(task, &task.scope);
        }
        let own = match task.action.args.get("apply").map(|apply| (apply, apply.as_map())) {
            Some((_, Some(entries))) => {
                let fields = self.fields(entries, Level::Block);
                self.refuse_unknown("`apply`", Level::Block, &fields.rest);
                fields.directives
            }
            Some((apply, None)) => {
                self.refuse(
                    &apply.span,
                    format!("`apply` must be a mapping, not {}", apply.describe()),
                );
                Directives::default()
            }
            None => Directives::default(),
        };
        let applied = Arc::new(Scope::inside(&place.scope, own));
        let vars = task.scope.own.vars.clone();
        if vars.is_empty() {
            return applied;
        }
        let own = Directives { vars, ..Directives::default() };
        Arc::new(Scope { params: true, ..Scope::inside(&applied, own) })
    }

    /// The old `include: file.yml a=b` gives variables in its line.
    fn with_arguments(&self, task: &Task, scope: &Arc<Scope>) -> Arc<Scope> {
        let old = &*task.action.name.value == "include";
        let vars: Vec<Var> = task.action.args.named.iter().filter(|_| old).cloned().collect();
        if vars.is_empty() {
            return Arc::clone(scope);
        }
        Arc::new(Scope::inside(scope, Directives { vars, ..Directives::default() }))
    }

    fn role_task(&mut self, task: Task, place: &Place, import: bool) -> Vec<TaskItem> {
        let Some(target) = self.role_target(&task) else { return Vec::new() };
        if !import {
            if let Some(name) =
                target.name.as_str().filter(|name| !is_template(name) && task.r#loop.is_none())
                && let Err(problem) =
                    self.find_role(name, place.scope.role().map(|role| &*role.folder))
            {
                self.tell(problem.at(&target.name.span, ""));
                return Vec::new();
            }
            return vec![self.include_role(task, target, place, false)];
        }
        if let Some(found) = &task.r#loop {
            let problem = Diagnostic::error("an import can't have a loop").at(&found.at, "");
            self.tell(problem.help("use `include_role`"));
        }
        let Some(name) = self.early(&target.name, &task.scope) else {
            return vec![self.include_role(task, target, place, true)];
        };
        let Ok(from) = self.early_from(&target, &task.scope) else {
            return vec![self.include_role(task, target, place, true)];
        };
        let usage = RoleUse {
            name: Spanned::new(Arc::from(name.as_str()), target.name.span.clone()),
            own: Directives::default(),
            params: Vec::new(),
            from,
            allow_duplicates: Some(!says_no(target.allow_duplicates.as_ref())),
            public: true,
            validate: !says_no(target.validate.as_ref()),
            at: task.at.clone(),
        };
        let parents: Vec<_> = place.scope.role().cloned().into_iter().collect();
        let run = self.role(usage, &place.with(Arc::clone(&task.scope)), &parents);
        run.map(TaskItem::Role).into_iter().collect()
    }

    /// A role whose name is known late.
    pub(super) fn include_role(
        &mut self,
        task: Task,
        target: RoleTarget,
        place: &Place,
        inherits: bool,
    ) -> TaskItem {
        let inner = self.inner(&task, place, inherits);
        TaskItem::Include(Arc::new(Include {
            task: Arc::new(task),
            target: Target::Role(Box::new(target)),
            inner,
            folder: Arc::clone(&self.folder),
        }))
    }

    fn role_target(&mut self, task: &Task) -> Option<RoleTarget> {
        let args = &task.action.args;
        for argument in &args.named {
            let name = &*argument.name.value;
            if !ROLE_ARGUMENTS.contains(&name) {
                let problem = Diagnostic::error(format!(
                    "`{}` has no argument `{name}`",
                    task.action.name.value
                ));
                let problem = problem.at(&argument.name.span, "");
                self.tell(match nearest(name, ROLE_ARGUMENTS) {
                    Some(known) => problem.help(format!("did you mean `{known}`?")),
                    None => problem.help("give variables with `vars`"),
                });
            }
        }
        let Some(name) =
            args.get("name").or_else(|| args.get("role")).filter(|name| name.as_str().is_some())
        else {
            let problem = Diagnostic::error(format!("`{}` names no role", task.action.name.value));
            self.tell(problem.at(&task.action.name.span, "").help("give it as `name`"));
            return None;
        };
        let argument =
            |name: &str| args.get(name).filter(|value| value.kind != Kind::Null).cloned();
        Some(RoleTarget {
            name: name.clone(),
            tasks_from: argument("tasks_from"),
            vars_from: argument("vars_from"),
            defaults_from: argument("defaults_from"),
            handlers_from: argument("handlers_from"),
            allow_duplicates: argument("allow_duplicates"),
            public: argument("public"),
            validate: argument("rolespec_validate"),
        })
    }

    /// The file names of an import, if all are known.
    fn early_from(&self, target: &RoleTarget, scope: &Scope) -> Result<From, ()> {
        let known = |node: &Option<Node>| match node {
            None => Ok(None),
            Some(node) => {
                let name = self.early(node, scope).ok_or(())?;
                Ok(Some(Spanned::new(Arc::from(name.as_str()), node.span.clone())))
            }
        };
        Ok(From {
            tasks: known(&target.tasks_from)?,
            vars: known(&target.vars_from)?,
            defaults: known(&target.defaults_from)?,
            handlers: known(&target.handlers_from)?,
        })
    }

    /// A text that is known while reading: no template, or one of the folders that are known by then.
    pub(super) fn early(&self, node: &Node, scope: &Scope) -> Option<String> {
        let mut text = node.as_str()?.to_owned();
        let role = scope.role();
        let known = [
            ("playbook_dir", Some(self.folder.display().to_string())),
            ("role_path", role.map(|role| role.folder.display().to_string())),
            ("role_name", role.map(|role| role.name.to_string())),
        ];
        for (name, value) in known {
            let Some(value) = value else { continue };
            for written in [format!("{{{{ {name} }}}}"), format!("{{{{{name}}}}}")] {
                text = text.replace(&written, &value);
            }
        }
        (!is_template(&text)).then_some(text)
    }

    /// Where the file of tasks called `name` is.
    ///
    /// An import looks beside its own file first, an include in its role's `tasks/`, as ansible-core does.
    pub(super) fn find_tasks(
        &self,
        name: &str,
        place: &Place,
        import: bool,
    ) -> Result<PathBuf, Diagnostic> {
        let beside = place.file.parent().unwrap_or(Path::new("")).to_path_buf();
        let kind = if place.handler { "handlers" } else { "tasks" };
        let in_role = place.scope.role().map(|role| role.folder.join(kind));
        let mut folders = vec![beside];
        folders.extend(in_role);
        if !import && folders.len() == 2 {
            folders.swap(0, 1);
        }
        folders.extend(place.scope.role().map(|role| role.folder.to_path_buf()));
        folders.push(self.folder.to_path_buf());
        let loader = self.reader.loader();
        if let Some(path) =
            folders.iter().map(|folder| folder.join(name)).find(|path| loader.is_file(path))
        {
            return Ok(path);
        }
        let problem = Diagnostic::error(format!("unknown file `{name}`"));
        let sub = Path::new(name).parent().unwrap_or(Path::new(""));
        let mut near = Vec::new();
        for folder in &folders {
            for file in
                loader.list(&folder.join(sub)).into_iter().filter(|file| file.ends_with("ml"))
            {
                near.push(sub.join(file).display().to_string());
            }
        }
        folders.dedup();
        let looked: Vec<String> =
            folders.iter().map(|folder| display(&loader.name(folder))).collect();
        let problem = problem.note(format!("looked in {}", looked.join(", ")));
        Err(match nearest(name, near.iter().map(String::as_str)) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        })
    }
}

/// What a folder is called in a message: the project's own has no name of its own.
pub(super) fn display(folder: &Path) -> String {
    if folder.as_os_str().is_empty() {
        "the project's folder".to_owned()
    } else {
        format!("`{}`", folder.display())
    }
}

fn file_of(args: &ActionArgs) -> Option<&Node> {
    args.free.as_ref().or_else(|| args.get("file"))
}

fn is_late(file: &Node) -> bool {
    file.as_str().is_some_and(is_template)
}

fn says_no(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.kind == Kind::Bool(false))
}
