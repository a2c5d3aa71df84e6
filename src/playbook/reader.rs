//! Reading playbooks, and later what their includes bring.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::diagnostic::Diagnostic;
use crate::playbook::model::{Include, Playbook, RoleRun, TaskItem};
use crate::playbook::modules::Modules;
use crate::playbook::own::Own;
use crate::playbook::play::Around;
use crate::playbook::reading::{Place, Reading};
use crate::playbook::role::{From, RoleUse};
use crate::playbook::scope::Directives;
use crate::project::Loader;
use crate::source::Spanned;
use crate::yaml::Node;

/// Reads playbooks of one project. May be shared between threads.
pub struct Reader {
    loader: Arc<Loader>,
    modules: Arc<dyn Modules>,
    roles_path: Vec<PathBuf>,
    /// `--extra-vars`, which names of imported playbooks may be made of.
    extra: Vec<(Spanned<String>, Node)>,
    /// What the project brings of its own, once somebody asked.
    own: OnceLock<Own>,
}

/// What an `include_role` asks for, rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleNames {
    /// The role.
    pub name: String,
    /// The file of tasks, in place of `main`.
    pub tasks_from: Option<String>,
    /// The file of variables, in place of `main`.
    pub vars_from: Option<String>,
    /// The file of defaults, in place of `main`.
    pub defaults_from: Option<String>,
    /// The file of handlers, in place of `main`.
    pub handlers_from: Option<String>,
    /// Whether it runs where it ran before.
    pub allow_duplicates: bool,
    /// Whether its variables are the play's from then on.
    pub public: bool,
    /// Whether its arguments are checked.
    pub validate: bool,
}

impl Reader {
    /// Makes a reader. `roles_path` is what `ansible.cfg` says, and replaces the folders of roles outside of the project.
    pub fn new(loader: Arc<Loader>, modules: Arc<dyn Modules>, roles_path: Vec<PathBuf>) -> Self {
        Self { loader, modules, roles_path, extra: Vec::new(), own: OnceLock::new() }
    }

    /// Gives it `--extra-vars`, which names of imported playbooks may be made of.
    #[must_use]
    pub fn with_extra(mut self, extra: Vec<(Spanned<String>, Node)>) -> Self {
        self.extra = extra;
        self
    }

    /// `--extra-vars`.
    pub(super) fn extra(&self) -> &[(Spanned<String>, Node)] {
        &self.extra
    }

    /// What it reads files with.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// What the project brings of its own in Python, as seen from the folder of a playbook.
    pub fn own(&self, folder: &Path) -> &Own {
        self.own.get_or_init(|| {
            let bases = [folder.to_path_buf(), self.loader.root().to_path_buf()];
            Own::find(&bases, &self.role_folders(folder, None), &self.collection_folders(folder))
        })
    }

    /// The modules that it knows.
    pub(super) fn modules(&self) -> &dyn Modules {
        &*self.modules
    }

    /// Reads a playbook with all that it imports, and tells every mistake that can be known before it runs.
    pub fn read(&self, path: &Path) -> (Playbook, Vec<Diagnostic>) {
        let mut reading = self.reading(path.parent().unwrap_or(Path::new("")).into());
        let plays = reading.playbook(path, None, &Around::default());
        (Playbook { path: path.to_path_buf(), plays }, reading.diagnostics)
    }

    /// The tasks of the file that an `include_tasks` turned out to name.
    pub fn include_tasks(&self, include: &Include, file: &str) -> (Vec<TaskItem>, Vec<Diagnostic>) {
        let (mut reading, place) = self.inside(include);
        let items = match reading.find_tasks(file, &place, false) {
            Ok(path) => reading.task_file(&path, &include.task.at, &place),
            Err(problem) => {
                reading.tell(problem.at(&include.task.at, ""));
                Vec::new()
            }
        };
        (items, reading.diagnostics)
    }

    /// The role that an `include_role` turned out to name.
    pub fn include_role(
        &self,
        include: &Include,
        names: &RoleNames,
    ) -> (Option<Arc<RoleRun>>, Vec<Diagnostic>) {
        let (mut reading, place) = self.inside(include);
        let at = &include.task.at;
        let spanned = |name: &Option<String>| {
            name.as_deref().map(|name| Spanned::new(Arc::from(name), at.clone()))
        };
        let usage = RoleUse {
            name: Spanned::new(Arc::from(names.name.as_str()), at.clone()),
            own: Directives::default(),
            params: Vec::new(),
            from: From {
                tasks: spanned(&names.tasks_from),
                vars: spanned(&names.vars_from),
                defaults: spanned(&names.defaults_from),
                handlers: spanned(&names.handlers_from),
            },
            allow_duplicates: Some(names.allow_duplicates),
            public: names.public,
            validate: names.validate,
            at: at.clone(),
        };
        // An include may lead back to its own role: it is up to its conditions to end that.
        let run = reading.role(usage, &place, &[]);
        (run, reading.diagnostics)
    }

    /// Where roles are looked for from a playbook in `folder`, or because of the role in `beside`.
    pub(super) fn role_folders(&self, folder: &Path, beside: Option<&Path>) -> Vec<PathBuf> {
        let mut folders = vec![folder.join("roles"), self.loader.root().join("roles")];
        folders.extend(self.roles_path.iter().cloned());
        if self.roles_path.is_empty() {
            folders.extend(std::env::home_dir().map(|home| home.join(".ansible/roles")));
            folders.extend(["/usr/share/ansible/roles", "/etc/ansible/roles"].map(PathBuf::from));
        }
        folders.extend(beside.and_then(Path::parent).map(Path::to_path_buf));
        let mut distinct: Vec<PathBuf> = Vec::new();
        for folder in folders {
            if !distinct.contains(&folder) {
                distinct.push(folder);
            }
        }
        distinct
    }

    /// Where collections are looked for.
    pub(super) fn collection_folders(&self, folder: &Path) -> Vec<PathBuf> {
        let mut folders = vec![folder.join("collections"), self.loader.root().join("collections")];
        folders.extend(std::env::home_dir().map(|home| home.join(".ansible/collections")));
        folders.push(PathBuf::from("/usr/share/ansible/collections"));
        folders.into_iter().map(|folder| folder.join("ansible_collections")).collect()
    }

    /// Where a file that a task names is looked for: in folders `kind` (`files`, `templates`, `vars`), of its role first.
    ///
    /// The order is ansible-core's: the role and the roles because of which it runs, then the task's own file, then the playbook; of each the
    /// folder `kind`, then the folder itself.
    pub fn search_folders(
        &self,
        task: &crate::playbook::model::Task,
        folder: &Path,
        kind: &str,
    ) -> Vec<PathBuf> {
        let mut bases: Vec<PathBuf> = Vec::new();
        if let Some(role) = task.scope.role() {
            bases.push(role.folder.to_path_buf());
            bases.extend(role.parents.iter().rev().map(|parent| parent.folder.to_path_buf()));
        }
        bases.extend(task.file.parent().map(Path::to_path_buf));
        bases.push(folder.to_path_buf());
        let mut folders: Vec<PathBuf> = Vec::new();
        for base in bases {
            for candidate in [base.join(kind), base] {
                if !folders.contains(&candidate) {
                    folders.push(candidate);
                }
            }
        }
        folders
    }

    /// The strings of a play's `hosts`, which may be templates.
    pub fn hosts_of(hosts: &Node) -> Vec<Spanned<String>> {
        let items = crate::playbook::fields::items_of(hosts);
        items
            .iter()
            .filter_map(|item| Some(Spanned::new(item.as_str()?.to_owned(), item.span.clone())))
            .collect()
    }

    fn reading(&self, folder: Arc<Path>) -> Reading<'_> {
        Reading { reader: self, folder, importing: Vec::new(), diagnostics: Vec::new() }
    }

    fn inside(&self, include: &Include) -> (Reading<'_>, Place) {
        let place = Place {
            scope: Arc::clone(&include.inner),
            file: Arc::clone(&include.task.file),
            handler: include.task.handler,
        };
        (self.reading(Arc::clone(&include.folder)), place)
    }
}
