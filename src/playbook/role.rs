//! Roles: where they are, what they bring, what they depend on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::argument_specs;
use crate::playbook::fields::items_of;
use crate::playbook::include::display;
use crate::playbook::keyword::Level;
use crate::playbook::model::{RoleRun, TaskItem};
use crate::playbook::reading::{Place, Reading};
use crate::playbook::scope::{Directives, Scope, Var};
use crate::project::var_files;
use crate::source::{Span, Spanned};
use crate::yaml::{Kind, Node};

/// A role at one place where it is used: the files are shared, parameters and dependants are not.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, as written where it is used.
    pub name: Arc<str>,
    /// Its folder.
    pub folder: Arc<Path>,
    /// Its `defaults/`: the weakest variables there are.
    pub defaults: Vec<Var>,
    /// Its `vars/`.
    pub vars: Vec<Var>,
    /// What its user gives it beside keywords.
    pub params: Vec<Var>,
    /// The roles because of which it runs, the outermost first: it sees their variables too.
    pub parents: Vec<Arc<Self>>,
    /// Its `meta/`.
    pub meta: Meta,
    /// What makes two runs the same run, of which the second is left out: folder, files, parameters, conditions, tags, variables.
    pub identity: String,
    /// Where it is used.
    pub at: Span,
}

/// What `meta/main.yml` says that matters here.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// Whether it runs every time it is named.
    pub allow_duplicates: bool,
    /// The specification of its parameters: `argument_specs`.
    pub argument_specs: Option<Node>,
}

/// Files in place of `main`.
#[derive(Clone, Debug, Default)]
pub struct From {
    /// For `tasks/`.
    pub tasks: Option<Spanned<Arc<str>>>,
    /// For `vars/`.
    pub vars: Option<Spanned<Arc<str>>>,
    /// For `defaults/`.
    pub defaults: Option<Spanned<Arc<str>>>,
    /// For `handlers/`.
    pub handlers: Option<Spanned<Arc<str>>>,
}

/// How a role is used somewhere.
pub(super) struct RoleUse {
    pub(super) name: Spanned<Arc<str>>,
    pub(super) own: Directives,
    pub(super) params: Vec<Var>,
    pub(super) from: From,
    /// Nothing where the role's own `meta/` decides.
    pub(super) allow_duplicates: Option<bool>,
    pub(super) public: bool,
    /// Whether its arguments are checked before its first task.
    pub(super) validate: bool,
    pub(super) at: Span,
}

impl Reading<'_> {
    /// An entry of `roles:` or of `dependencies:`.
    pub(super) fn role_entry(&mut self, node: &Node) -> Option<RoleUse> {
        let usage = |name: &Node, own, params| RoleUse {
            name: Spanned::new(
                Arc::from(name.as_str().unwrap_or_default().trim()),
                name.span.clone(),
            ),
            own,
            params,
            from: From::default(),
            allow_duplicates: None,
            public: true,
            validate: true,
            at: name.span.clone(),
        };
        match &node.kind {
            Kind::Str(..) => Some(usage(node, Directives::default(), Vec::new())),
            Kind::Map(entries) => {
                let fields = self.fields(entries, Level::Role);
                let names = ["role", "name", "src"].into_iter().filter_map(|key| fields.get(key));
                let Some(name) = names.into_iter().find(|name| name.as_str().is_some()) else {
                    let problem = Diagnostic::error("this names no role").at(&node.span, "");
                    self.tell(problem.help("give it as `role`"));
                    return None;
                };
                let mut params = Vec::new();
                for (key, value) in &fields.rest {
                    params.extend(
                        key.as_str().map(|name| Var::new(name, &key.span, (*value).clone())),
                    );
                }
                Some(usage(name, fields.directives.clone(), params))
            }
            _ => {
                self.refuse(
                    &node.span,
                    format!("a role must be a string or a mapping, not {}", node.describe()),
                );
                None
            }
        }
    }

    /// Reads a role and those it depends on. `parents` are the roles because of which it runs.
    pub(super) fn role(
        &mut self,
        usage: RoleUse,
        place: &Place,
        parents: &[Arc<Role>],
    ) -> Option<Arc<RoleRun>> {
        let beside = parents.last().map(|parent| &*parent.folder);
        let folder = match self.find_role(&usage.name.value, beside) {
            Ok(folder) => folder,
            Err(problem) => {
                self.tell(problem.at(&usage.name.span, ""));
                return None;
            }
        };
        let repeated = parents.iter().filter(|parent| *parent.folder == folder).count();
        if repeated > 0 {
            let name = &usage.name.value;
            let problem =
                Diagnostic::error(format!("role `{name}` needs itself")).at(&usage.name.span, "");
            self.tell(match parents.iter().find(|parent| *parent.folder == folder) {
                Some(first) => problem.at(&first.at, "it is used here"),
                None => problem,
            });
            return None;
        }
        let (meta, dependencies) = self.meta(&folder);
        let allow_duplicates = usage.allow_duplicates.unwrap_or(meta.allow_duplicates);
        let role = Arc::new(Role {
            identity: identity(&folder, &usage),
            defaults: self.role_vars(&folder, "defaults", usage.from.defaults.as_ref()),
            vars: self.role_vars(&folder, "vars", usage.from.vars.as_ref()),
            name: Arc::clone(&usage.name.value),
            folder: Arc::from(folder),
            params: usage.params,
            parents: parents.to_vec(),
            meta,
            at: usage.at.clone(),
        });
        let scope = Arc::new(Scope {
            own: usage.own,
            parent: Some(Arc::clone(&place.scope)),
            role: Some(Arc::clone(&role)),
            params: false,
        });
        let inner = place.with(Arc::clone(&scope));
        let mut chain = parents.to_vec();
        chain.push(Arc::clone(&role));
        let dependencies = self.dependencies(&dependencies, &inner, &chain);
        let mut items = self.role_tasks(&role, "tasks", usage.from.tasks.as_ref(), &inner);
        if usage.validate {
            let entry = usage.from.tasks.as_ref().map(|from| &*from.value);
            items.splice(0..0, argument_specs::check(&role, entry, &inner));
        }
        let handlers = self.role_tasks(&role, "handlers", usage.from.handlers.as_ref(), &inner);
        let public = usage.public;
        Some(Arc::new(RoleRun {
            role,
            scope,
            dependencies,
            items,
            handlers,
            allow_duplicates,
            public,
            at: usage.at,
        }))
    }

    fn dependencies(
        &mut self,
        entries: &[Node],
        place: &Place,
        chain: &[Arc<Role>],
    ) -> Vec<Arc<RoleRun>> {
        let mut runs = Vec::new();
        for entry in entries {
            if let Some(usage) = self.role_entry(entry) {
                runs.extend(self.role(usage, place, chain));
            }
        }
        runs
    }

    fn role_tasks(
        &mut self,
        role: &Role,
        kind: &str,
        from: Option<&Spanned<Arc<str>>>,
        place: &Place,
    ) -> Vec<TaskItem> {
        let folder = role.folder.join(kind);
        let name = from.map_or("main", |from| &from.value);
        let loader = self.reader.loader();
        let endings = [".yml", ".yaml", ".json", ""];
        let found = endings
            .iter()
            .map(|ending| folder.join(format!("{name}{ending}")))
            .find(|path| loader.is_file(path));
        match (found, from) {
            (Some(path), _) => {
                let place = Place { handler: kind == "handlers", ..place.clone() };
                self.task_file(&path, &role.at, &place)
            }
            (None, Some(from)) => {
                self.tell(self.unknown_in_role(role, kind, from));
                Vec::new()
            }
            (None, None) => Vec::new(),
        }
    }

    fn unknown_in_role(&self, role: &Role, kind: &str, from: &Spanned<Arc<str>>) -> Diagnostic {
        let files = self.reader.loader().list(&role.folder.join(kind));
        let problem =
            Diagnostic::error(format!("role `{}` has no file `{kind}/{}`", role.name, from.value));
        let problem = problem.at(&from.span, "");
        match nearest(&from.value, files.iter().map(|file| file.split('.').next().unwrap_or(file)))
        {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        }
    }

    fn role_vars(
        &mut self,
        folder: &Path,
        kind: &str,
        from: Option<&Spanned<Arc<str>>>,
    ) -> Vec<Var> {
        let name = from.map_or("main", |from| &from.value);
        let files = var_files(self.reader.loader(), &folder.join(kind), name);
        if let (true, Some(from)) = (files.is_empty(), from) {
            self.refuse(&from.span, format!("the role has no file `{kind}/{name}`"));
        }
        let mut vars = Vec::new();
        for file in files {
            let Some(node) = self.reader.loader().yaml(&file, &mut self.diagnostics) else {
                continue;
            };
            match node.kind {
                Kind::Null => {}
                Kind::Map(_) => vars.extend(self.vars(&node)),
                _ => self.refuse(
                    &node.span,
                    format!("a file of variables must hold a mapping, not {}", node.describe()),
                ),
            }
        }
        vars
    }

    /// What `meta/` says, and the dependencies.
    fn meta(&mut self, folder: &Path) -> (Meta, Vec<Node>) {
        let loader = self.reader.loader();
        let mut read = |name: &str| {
            let file = var_files(loader, &folder.join("meta"), name).into_iter().next()?;
            loader.yaml(&file, &mut self.diagnostics).filter(|node| node.kind != Kind::Null)
        };
        let (main, specs) = (read("main"), read("argument_specs"));
        let argument_specs = specs.as_ref().and_then(|node| node.get("argument_specs")).cloned();
        let Some(main) = main else {
            return (Meta { allow_duplicates: false, argument_specs }, Vec::new());
        };
        if main.as_map().is_none() {
            self.refuse(
                &main.span,
                format!("the metadata of a role must be a mapping, not {}", main.describe()),
            );
        }
        let meta = Meta {
            allow_duplicates: main
                .get("allow_duplicates")
                .is_some_and(|value| value.kind == Kind::Bool(true)),
            argument_specs: argument_specs.or_else(|| main.get("argument_specs").cloned()),
        };
        let dependencies = main.get("dependencies").filter(|node| node.kind != Kind::Null);
        let dependencies = dependencies.map(|node| items_of(node).to_vec()).unwrap_or_default();
        (meta, dependencies)
    }

    /// The folder of the role called `name`. `beside` is the folder of a role that needs it.
    pub(super) fn find_role(
        &self,
        name: &str,
        beside: Option<&Path>,
    ) -> Result<PathBuf, Diagnostic> {
        let loader = self.reader.loader();
        let folders = self.reader.role_folders(&self.folder, beside);
        let mut candidates: Vec<PathBuf> = Vec::new();
        if let [namespace, collection, role] = name.split('.').collect::<Vec<_>>()[..] {
            let collections = self.reader.collection_folders(&self.folder);
            candidates.extend(
                collections
                    .iter()
                    .map(|folder| folder.join(namespace).join(collection).join("roles").join(role)),
            );
        }
        candidates.extend(folders.iter().map(|folder| folder.join(name)));
        candidates.push(self.folder.join(name));
        if let Some(folder) = candidates.into_iter().find(|folder| loader.is_folder(folder)) {
            return Ok(folder);
        }
        let known: Vec<String> = folders.iter().flat_map(|folder| loader.list(folder)).collect();
        let looked: Vec<String> = folders
            .iter()
            .filter(|folder| loader.is_folder(folder) || folder.starts_with(loader.root()))
            .map(|folder| display(&loader.name(folder)))
            .collect();
        let problem = Diagnostic::error(format!("unknown role `{name}`"))
            .note(format!("looked in {}", looked.join(", ")));
        Err(match nearest(name, known.iter().map(String::as_str)) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        })
    }
}

/// Two uses with the same text are the same, as in Ansible, whatever else is written beside them (`become`, `environment`).
fn identity(folder: &Path, usage: &RoleUse) -> String {
    let mut text = folder.display().to_string();
    let mut add = |name: &str, value: &str| text.push_str(&format!("\n{name}={value}"));
    let from = &usage.from;
    for (name, from) in [
        ("tasks", &from.tasks),
        ("vars", &from.vars),
        ("defaults", &from.defaults),
        ("handlers", &from.handlers),
    ] {
        add(name, from.as_ref().map_or("", |from| &from.value));
    }
    for var in usage.params.iter().chain(&usage.own.vars) {
        add(&var.name.value, var.value.span.text());
    }
    for condition in &usage.own.when {
        add("when", condition.span.text());
    }
    for tag in &usage.own.tags {
        add("tag", &tag.value);
    }
    text
}
