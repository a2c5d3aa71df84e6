//! Plays, and the playbooks that a playbook imports.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::fields::{Fields, is_identifier, items_of};
use crate::playbook::keyword::Level;
use crate::playbook::model::{Action, ActionArgs, Play, Prompt, RoleTarget, Task, TaskItem};
use crate::playbook::reading::{Place, Reading, is_template};
use crate::playbook::scope::{Directives, Scope, Var};
use crate::source::{Span, Spanned};
use crate::template::{Engine, Options, TemplateError};
use crate::value;
use crate::vars::{Layer, Origin, Vars};
use crate::yaml::{Kind, Node};

/// What an import of a playbook adds to its plays.
#[derive(Clone, Default)]
pub(super) struct Around {
    scope: Option<Arc<Scope>>,
    vars: Vec<Var>,
}

impl Reading<'_> {
    /// The plays of a playbook, those of imported ones in their place.
    pub(super) fn playbook(
        &mut self,
        path: &Path,
        at: Option<&Span>,
        around: &Around,
    ) -> Vec<Play> {
        let Some(node) = self.reader.loader().yaml(path, &mut self.diagnostics) else {
            return Vec::new();
        };
        let at = at.cloned().unwrap_or_else(|| node.span.clone());
        let read = self.importing(path, &at, |reading| {
            let before = std::mem::replace(
                &mut reading.folder,
                Arc::from(path.parent().unwrap_or(Path::new(""))),
            );
            let plays = reading.entries(&node, path, around);
            reading.folder = before;
            plays
        });
        read.unwrap_or_default()
    }

    fn entries(&mut self, node: &Node, path: &Path, around: &Around) -> Vec<Play> {
        let name = self.reader.loader().name(path);
        let entries = match &node.kind {
            Kind::Seq(entries) if !entries.is_empty() => entries,
            Kind::Seq(_) | Kind::Null => {
                self.refuse(&node.span, format!("`{}` has no plays", name.display()));
                return Vec::new();
            }
            _ => {
                self.refuse(
                    &node.span,
                    format!("a playbook must be a list of plays, not {}", node.describe()),
                );
                return Vec::new();
            }
        };
        let mut plays = Vec::new();
        for entry in entries.iter() {
            let Some(keys) = entry.as_map() else {
                self.refuse(
                    &entry.span,
                    format!("a play must be a mapping, not {}", entry.describe()),
                );
                continue;
            };
            match import_key(entry) {
                Some((key, file)) => {
                    plays.extend(self.import_playbook(keys, key, file, path, around));
                }
                None => plays.extend(self.play(keys, entry, path, around)),
            }
        }
        plays
    }

    fn import_playbook(
        &mut self,
        keys: &[(Node, Node)],
        key: &Node,
        file: &Node,
        from: &Path,
        around: &Around,
    ) -> Vec<Play> {
        let fields = self.fields(keys, Level::Import);
        self.refuse_unknown("an import of a playbook", Level::Import, &fields.rest);
        if key.as_str() == Some("include") {
            let problem = Diagnostic::warning("`include` is an old name").at(&key.span, "");
            self.tell(problem.help("write `import_playbook`"));
        }
        let Some(name) = file.as_str() else {
            self.refuse(&file.span, format!("the file must be a string, not {}", file.describe()));
            return Vec::new();
        };
        let mut own = fields.directives;
        let mut vars = std::mem::take(&mut own.vars);
        vars.extend(around.vars.iter().cloned());
        let name = match self.early(file, &Scope::default()) {
            Some(name) => name,
            None if !is_template(name) => name.to_owned(),
            None => match self.rendered(file, &vars) {
                Ok(name) => name,
                Err(problem) => {
                    self.tell(problem.note(
                        "the name is read before there are hosts: it sees `vars` of the import and --extra-vars",
                    ));
                    return Vec::new();
                }
            },
        };
        let path = from.parent().unwrap_or(Path::new("")).join(&name);
        if !self.reader.loader().is_file(&path) {
            self.tell(self.unknown_playbook(&name, &path, &file.span));
            return Vec::new();
        }
        let scope = Scope { own, parent: around.scope.clone(), ..Scope::default() };
        self.playbook(&path, Some(&file.span), &Around { scope: Some(Arc::new(scope)), vars })
    }

    /// A name that is a template, made of the variables of the import and of the command line.
    fn rendered(&self, name: &Node, vars: &[Var]) -> Result<String, Diagnostic> {
        let own = vars.iter().map(|var| (&*var.name.value, &var.value));
        let extra = self.reader.extra().iter().map(|(name, node)| (name.value.as_str(), node));
        let layers = vec![
            Arc::new(Layer::of_nodes(Origin::Play, own)),
            Arc::new(Layer::of_nodes(Origin::Extra, extra)),
        ];
        let engine = Engine::new(Options::default());
        let value = Vars::new(layers).context(&engine).value(name);
        let value = value.map_err(TemplateError::into_diagnostic)?.into_value();
        value::text(&value).map_err(|stop| Diagnostic::error(stop.to_string()).at(&name.span, ""))
    }

    fn unknown_playbook(&self, name: &str, path: &Path, at: &Span) -> Diagnostic {
        let beside = path.parent().unwrap_or(Path::new(""));
        let files = self.reader.loader().list(beside);
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or(name);
        let problem = Diagnostic::error(format!("unknown playbook `{name}`")).at(at, "");
        match crate::diagnostic::nearest(file, files.iter().map(String::as_str)) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        }
    }

    fn play(
        &mut self,
        keys: &[(Node, Node)],
        node: &Node,
        path: &Path,
        around: &Around,
    ) -> Option<Play> {
        let mut fields = self.fields(keys, Level::Play);
        self.refuse_unknown("a play", Level::Play, &fields.rest);
        let at = keys.first().map_or_else(|| node.span.clone(), |(key, _)| key.span.clone());
        let hosts = self.hosts(&fields, &at);
        let mut own = std::mem::take(&mut fields.directives);
        // Variables of an import win over those of the play itself.
        own.vars.extend(around.vars.iter().cloned());
        let scope = Arc::new(Scope { own, parent: around.scope.clone(), ..Scope::default() });
        let place = Place { scope: Arc::clone(&scope), file: Arc::from(path), handler: false };
        let mut tasks = |name: &str| {
            fields.get(name).map(|tasks| self.items(name, tasks, &place)).unwrap_or_default()
        };
        let (pre_tasks, main, post_tasks) =
            (tasks("pre_tasks"), tasks("tasks"), tasks("post_tasks"));
        let roles = fields.get("roles").map(|roles| self.roles(roles, &place)).unwrap_or_default();
        let handlers = fields.get("handlers").map(|handlers| {
            self.items("handlers", handlers, &Place { handler: true, ..place.clone() })
        });
        let mut play = Play {
            name: fields.node("name"),
            hosts: hosts?,
            folder: Arc::clone(&self.folder),
            vars_files: fields
                .get("vars_files")
                .map(|files| self.vars_files(files))
                .unwrap_or_default(),
            vars_prompt: fields
                .get("vars_prompt")
                .map(|prompts| self.prompts(prompts))
                .unwrap_or_default(),
            gather_facts: fields.node("gather_facts"),
            gather_subset: fields.node("gather_subset"),
            gather_timeout: fields.node("gather_timeout"),
            fact_path: fields.node("fact_path"),
            serial: fields
                .node("serial")
                .map(|serial| items_of(&serial).to_vec())
                .unwrap_or_default(),
            strategy: fields.node("strategy"),
            order: fields.node("order"),
            max_fail_percentage: fields.node("max_fail_percentage"),
            force_handlers: fields.node("force_handlers"),
            handlers: Vec::new(),
            scope,
            pre_tasks,
            roles,
            tasks: main,
            post_tasks,
            at,
        };
        play.handlers = play.role_handlers();
        play.handlers.extend(handlers.unwrap_or_default());
        self.check_notifications(&play);
        Some(play)
    }

    fn hosts(&mut self, fields: &Fields<'_>, at: &Span) -> Option<Node> {
        let Some(hosts) = fields.get("hosts") else {
            let problem = Diagnostic::error("a play needs `hosts`").at(at, "");
            self.tell(problem);
            return None;
        };
        let empty = match &hosts.kind {
            Kind::Null => true,
            Kind::Str(text, _) => text.trim().is_empty(),
            Kind::Seq(items) => items.is_empty(),
            _ => false,
        };
        if empty {
            self.refuse(&hosts.span, "`hosts` names no host");
            return None;
        }
        if let Some(item) = items_of(hosts).iter().find(|item| item.as_str().is_none()) {
            self.refuse(
                &item.span,
                format!("`hosts` must be a string or a list of them, not {}", item.describe()),
            );
            return None;
        }
        Some(hosts.clone())
    }

    fn roles(&mut self, node: &Node, place: &Place) -> Vec<TaskItem> {
        let Kind::Seq(entries) = &node.kind else {
            if node.kind != Kind::Null {
                self.refuse(&node.span, format!("`roles` must be a list, not {}", node.describe()));
            }
            return Vec::new();
        };
        let mut roles = Vec::new();
        for entry in entries.iter().filter(|entry| entry.kind != Kind::Null) {
            let Some(usage) = self.role_entry(entry) else { continue };
            if is_template(&usage.name.value) {
                roles.push(self.late_role(&usage.name, usage.own, usage.params, place));
            } else {
                roles.extend(self.role(usage, place, &[]).map(TaskItem::Role));
            }
        }
        roles
    }

    /// A role whose name is a template becomes an include that inherits as a role does.
    fn late_role(
        &mut self,
        name: &Spanned<Arc<str>>,
        mut own: Directives,
        params: Vec<Var>,
        place: &Place,
    ) -> TaskItem {
        own.vars.extend(params);
        let written = crate::playbook::reading::text_node(&name.value, &name.span);
        let module: Arc<str> = Arc::from("include_role");
        let action = Action {
            name: Spanned::new(Arc::clone(&module), name.span.clone()),
            module: Some(module),
            args: ActionArgs::default(),
        };
        let target = RoleTarget {
            name: written,
            tasks_from: None,
            vars_from: None,
            defaults_from: None,
            handlers_from: None,
            allow_duplicates: None,
            public: None,
            validate: None,
        };
        let task = Task {
            name: None,
            action,
            scope: Arc::new(Scope::inside(&place.scope, own)),
            register: None,
            r#loop: None,
            changed_when: None,
            failed_when: None,
            until: Vec::new(),
            retries: None,
            delay: None,
            r#async: None,
            poll: None,
            listen: Vec::new(),
            handler: false,
            file: Arc::clone(&place.file),
            at: name.span.clone(),
        };
        self.include_role(task, target, place, true)
    }

    fn vars_files(&mut self, node: &Node) -> Vec<Node> {
        let mut files = Vec::new();
        for item in items_of(node).iter().filter(|item| item.kind != Kind::Null) {
            match items_of(item).iter().find(|name| name.as_str().is_none()) {
                Some(wrong) => self.refuse(
                    &wrong.span,
                    format!("the file must be a string, not {}", wrong.describe()),
                ),
                None => files.push(item.clone()),
            }
        }
        files
    }

    fn prompts(&mut self, node: &Node) -> Vec<Prompt> {
        let mut prompts = Vec::new();
        for item in items_of(node).iter().filter(|item| item.kind != Kind::Null) {
            let name = item.get("name").filter(|name| name.as_str().is_some_and(is_identifier));
            let Some(name) = name else {
                self.refuse(&item.span, "an item of `vars_prompt` needs the `name` of a variable");
                continue;
            };
            let known = [
                "name",
                "prompt",
                "default",
                "private",
                "confirm",
                "encrypt",
                "salt",
                "salt_size",
                "unsafe",
            ];
            for (key, _) in item.as_map().unwrap_or(&[]) {
                if !key.as_str().is_some_and(|key| known.contains(&key)) {
                    self.refuse(
                        &key.span,
                        format!("unknown key `{}` in `vars_prompt`", key.span.text()),
                    );
                }
            }
            let field =
                |name: &str| item.get(name).filter(|value| value.kind != Kind::Null).cloned();
            prompts.push(Prompt {
                name: Spanned::new(Arc::from(name.as_str().unwrap_or_default()), name.span.clone()),
                prompt: field("prompt"),
                default: field("default"),
                private: field("private"),
                confirm: field("confirm"),
                encrypt: field("encrypt"),
                salt: field("salt"),
                salt_size: field("salt_size"),
                r#unsafe: field("unsafe"),
            });
        }
        prompts
    }
}

/// The key and value of an entry that imports a playbook.
fn import_key(entry: &Node) -> Option<(&Node, &Node)> {
    let imports =
        ["import_playbook", "ansible.builtin.import_playbook", "ansible.legacy.import_playbook"];
    imports
        .iter()
        .find_map(|name| entry.entry(name))
        .or_else(|| entry.entry("include").filter(|_| entry.get("hosts").is_none()))
}
