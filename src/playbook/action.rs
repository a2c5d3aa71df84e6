//! Which module a task calls, and with what.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::fields::Fields;
use crate::playbook::keyword::{self, Level};
use crate::playbook::model::{Action, ActionArgs};
use crate::playbook::modules::{COMMAND_ARGUMENTS, FreeForm, ModuleInfo, short};
use crate::playbook::reading::{Reading, is_template, text_node};
use crate::playbook::scope::{Scope, Var};
use crate::playbook::split::{Line, split};
use crate::source::{Span, Spanned};
use crate::yaml::{Kind, Node};

/// Names that are part of the language, whether or not they are modules too.
pub(super) const CONSTRUCTS: [&str; 6] =
    ["import_tasks", "include_tasks", "import_role", "include_role", "include", "import_playbook"];

/// What a task calls: a key that names a module, or `action`.
struct Call<'n> {
    key: &'n Node,
    value: &'n Node,
}

impl Reading<'_> {
    /// The action of a task, and whether it is a `local_action`. `with_…` keys are not its business.
    pub(super) fn action(
        &mut self,
        fields: &Fields<'_>,
        scope: &Scope,
        at: &Span,
    ) -> Option<(Action, bool)> {
        let collections = collections(fields, scope);
        let mut calls = Vec::new();
        let mut unknown = Vec::new();
        for name in ["action", "local_action"] {
            calls.extend(fields.entry(name).map(|(key, value)| Call { key, value }));
        }
        for (key, value) in &fields.rest {
            let name = key.as_str().unwrap_or_default();
            if name.starts_with("with_") {
                continue;
            }
            match self.module(name, &collections) {
                Some(_) => calls.push(Call { key, value }),
                None => unknown.push(*key),
            }
        }
        match &calls[..] {
            [] if unknown.is_empty() => {
                self.tell(Diagnostic::error("this task calls no module").at(at, ""));
                None
            }
            [call] => {
                for key in &unknown {
                    self.tell(self.unknown_key(key));
                }
                self.call(call, &collections, fields.get("args"))
            }
            [first, second, ..] => {
                let names = |call: &Call<'_>| call.key.as_str().unwrap_or_default().to_owned();
                let problem = Diagnostic::error(format!(
                    "a task calls one module, and this one calls `{}` and `{}`",
                    names(first),
                    names(second)
                ));
                self.tell(problem.at(&second.key.span, "").at(&first.key.span, "the first one"));
                None
            }
            [] => {
                let alone = unknown.len() == 1;
                for key in unknown {
                    let name = key.as_str().unwrap_or_default();
                    let keyword = nearest(name, keyword::names(Level::Handler)).is_some();
                    self.tell(if keyword && !alone {
                        self.unknown_key(key)
                    } else {
                        self.unknown_module(name, &key.span)
                    });
                }
                None
            }
        }
    }

    fn call(
        &mut self,
        call: &Call<'_>,
        collections: &[&str],
        args: Option<&Node>,
    ) -> Option<(Action, bool)> {
        let written = call.key.as_str().unwrap_or_default();
        let mut action = match (written, &call.value.kind) {
            ("action" | "local_action", Kind::Str(..)) => {
                self.action_line(call.value, collections)?
            }
            ("action" | "local_action", Kind::Map(entries)) => {
                self.action_mapping(entries, call.value, collections)?
            }
            ("action" | "local_action", _) => {
                let found = call.value.describe();
                self.refuse(
                    &call.value.span,
                    format!("`{written}` must be a string or a mapping, not {found}"),
                );
                return None;
            }
            _ => {
                let module = self.module(written, collections)?;
                let args = self.arguments(&module, call.value)?;
                let name = Spanned::new(Arc::from(written), call.key.span.clone());
                Action { name, module: Some(module.name), args }
            }
        };
        if let Some(args) = args {
            self.more_arguments(&mut action.args, args);
        }
        Some((action, written == "local_action"))
    }

    /// `action: copy src=a dest=b`
    fn action_line(&mut self, node: &Node, collections: &[&str]) -> Option<Action> {
        let text = node.as_str().unwrap_or_default();
        let start = text.len() - text.trim_start().len();
        let end = name_end(text, start);
        let name = &text[start..end];
        let name: Spanned<Arc<str>> = Spanned::new(Arc::from(name), node.part(start..end));
        if name.value.is_empty() {
            self.refuse(&node.span, "this names no module");
            return None;
        }
        if is_template(&name.value) {
            let module = ModuleInfo { name: Arc::clone(&name.value), free_form: FreeForm::Text };
            let args = self.line(&module, node, end..text.len())?;
            return Some(Action { name, module: None, args });
        }
        let Some(module) = self.module(&name.value, collections) else {
            self.tell(self.unknown_module(&name.value, &name.span));
            return None;
        };
        let args = self.line(&module, node, end..text.len())?;
        Some(Action { name, module: Some(module.name), args })
    }

    /// `action: {module: copy, src: a}`
    fn action_mapping(
        &mut self,
        entries: &[(Node, Node)],
        node: &Node,
        collections: &[&str],
    ) -> Option<Action> {
        let Some(line) = node.get("module").filter(|line| line.as_str().is_some()) else {
            self.refuse(&node.span, "this names no module: the key `module` is missing");
            return None;
        };
        let mut action = self.action_line(line, collections)?;
        for (key, value) in entries {
            match key.as_str() {
                Some("module") => {}
                Some("args") if value.as_map().is_some() => {
                    self.more_arguments(&mut action.args, value);
                }
                Some(name) => set(&mut action.args.named, Var::new(name, &key.span, value.clone())),
                None => self.refuse(&key.span, "the name of an argument must be a string"),
            }
        }
        Some(action)
    }

    fn arguments(&mut self, module: &ModuleInfo, value: &Node) -> Option<ActionArgs> {
        match &value.kind {
            Kind::Null => Some(ActionArgs::default()),
            Kind::Str(text, _) => self.line(module, value, 0..text.len()),
            Kind::Map(entries) => {
                let mut args = ActionArgs::default();
                for (key, value) in entries.iter() {
                    match key.as_str() {
                        Some("_raw_params") => args.free = Some(value.clone()),
                        Some(name) => {
                            set(&mut args.named, Var::new(name, &key.span, value.clone()));
                        }
                        None => {
                            let found = key.describe();
                            self.refuse(
                                &key.span,
                                format!("the name of an argument must be a string, not {found}"),
                            );
                        }
                    }
                }
                Some(args)
            }
            _ => {
                let found = value.describe();
                let problem = format!(
                    "the arguments of `{}` must be a mapping or a string, not {found}",
                    module.name
                );
                let problem = Diagnostic::error(problem).at(&value.span, "");
                let template = value.span.text().starts_with("{{");
                self.tell(if template { problem.help("quote the template") } else { problem });
                None
            }
        }
    }

    /// Arguments in one line, the part `range` of a string.
    fn line(
        &mut self,
        module: &ModuleInfo,
        node: &Node,
        range: Range<usize>,
    ) -> Option<ActionArgs> {
        let text = &node.as_str().unwrap_or_default()[range.clone()];
        let base = range.start;
        let place = |at: &Range<usize>| node.part(base + at.start..base + at.end);
        let is_named =
            |name: &str| module.free_form != FreeForm::Command || COMMAND_ARGUMENTS.contains(&name);
        let Line { named, free } = match split(text, is_named) {
            Ok(line) => line,
            Err(open) => {
                self.refuse(&node.part(base + open.0..base + open.0 + 1), open.1);
                return None;
            }
        };
        let mut args = ActionArgs::default();
        for pair in named {
            let value = Node { tag: node.tag, ..text_node(&pair.value, &place(&pair.value_at)) };
            let name = Spanned::new(Arc::from(pair.name.as_str()), place(&pair.name_at));
            if &*name.value == "_raw_params" {
                args.free = Some(value);
            } else {
                set(&mut args.named, Var { name, value });
            }
        }
        let Some(free) = free else { return Some(args) };
        let span = place(&free.at);
        let free = Node { tag: node.tag, ..text_node(&free.text, &span) };
        if module.free_form != FreeForm::None {
            args.free = Some(free);
        } else if free.as_str().is_some_and(is_template) {
            args.whole = Some(free);
        } else {
            let text = free.as_str().unwrap_or_default().trim().to_owned();
            let problem =
                format!("`{}` takes only `name=value`, and `{text}` is not that", module.name);
            self.tell(
                Diagnostic::error(problem)
                    .at(&span, "")
                    .help("quote a value that has spaces in it: `name=\"a b\"`"),
            );
        }
        Some(args)
    }

    /// The keyword `args`: what the action itself says wins.
    fn more_arguments(&mut self, args: &mut ActionArgs, more: &Node) {
        match &more.kind {
            Kind::Null => {}
            Kind::Map(entries) => {
                for (key, value) in entries.iter() {
                    match key.as_str() {
                        Some("_raw_params") => drop(args.free.get_or_insert_with(|| value.clone())),
                        Some(name) if args.get(name).is_none() => {
                            args.named.push(Var::new(name, &key.span, value.clone()));
                        }
                        Some(_) => {}
                        None => self.refuse(&key.span, "the name of an argument must be a string"),
                    }
                }
            }
            Kind::Str(text, _) if is_template(text) => args.whole = Some(more.clone()),
            _ => self
                .refuse(&more.span, format!("`args` must be a mapping, not {}", more.describe())),
        }
    }

    /// The module called `name`, in one of `collections` if it is there.
    fn module(&self, name: &str, collections: &[&str]) -> Option<ModuleInfo> {
        if CONSTRUCTS.contains(&short(name)) {
            return Some(ModuleInfo { name: Arc::from(short(name)), free_form: FreeForm::Text });
        }
        let modules = self.reader.modules();
        let named = collections.iter().filter(|_| !name.contains('.'));
        named
            .filter_map(|collection| modules.find(&format!("{collection}.{name}")))
            .next()
            .or_else(|| modules.find(name))
            .or_else(|| self.own_module(name, collections))
    }

    /// A module that the project brings in Python, which a host may never reach.
    fn own_module(&self, name: &str, collections: &[&str]) -> Option<ModuleInfo> {
        let own = &self.reader.own(&self.folder).modules;
        let named = collections.iter().map(|collection| format!("{collection}.{name}"));
        let found = named.chain([name.to_owned()]).find(|name| own.contains(name))?;
        Some(ModuleInfo { name: found.into(), free_form: FreeForm::Text })
    }

    fn unknown_key(&self, key: &Node) -> Diagnostic {
        let name = key.as_str().unwrap_or_default();
        if let Some(keyword) = keyword::find(name) {
            let problem =
                Diagnostic::error(format!("`{name}` can't stand in a task")).at(&key.span, "");
            return problem.note(format!("it is for {}", keyword.places()));
        }
        let problem =
            Diagnostic::error(format!("unknown keyword `{name}` in a task")).at(&key.span, "");
        match nearest(name, keyword::names(Level::Task)) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem.note("it is neither a keyword nor a module"),
        }
    }

    fn unknown_module(&self, name: &str, at: &Span) -> Diagnostic {
        let problem = Diagnostic::error(format!("unknown module `{name}`")).at(at, "");
        let mut candidates = self.reader.modules().names();
        for name in CONSTRUCTS.into_iter().chain(keyword::names(Level::Task)) {
            candidates.push(name);
        }
        match nearest(name, candidates) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        }
    }
}

fn set(named: &mut Vec<Var>, argument: Var) {
    match named.iter_mut().find(|known| known.name.value == argument.name.value) {
        Some(known) => *known = argument,
        None => named.push(argument),
    }
}

/// Where the module's name ends: at the first space that is not inside of a template.
fn name_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(letter) = text[at..].chars().next() {
        if text[at..].starts_with("{{") {
            at = text[at..].find("}}").map_or(text.len(), |end| at + end + 2);
        } else if letter.is_whitespace() {
            return at;
        } else {
            at += letter.len_utf8();
        }
    }
    at
}

/// The collections to look a short name up in: those the task names, else those around it.
fn collections<'n>(fields: &'n Fields<'_>, scope: &'n Scope) -> Vec<&'n str> {
    let named =
        fields.directives.collections.as_ref().or_else(|| scope.nearest(|own| &own.collections));
    named.and_then(Node::as_seq).unwrap_or(&[]).iter().filter_map(Node::as_str).collect()
}
