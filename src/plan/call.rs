//! A task's arguments for one host.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use converge_host::args::{Bound, Invalid, Kind, Spec};
use converge_host::blob::{Blob, Tree, TreeEntry, TreeKind};
use converge_host::data::{Data, Map};
use converge_host::stop::Why;
use converge_host::wire::Call;

use crate::diagnostic::{Diagnostic, nearest};
use crate::plan::eval::Eval;
use crate::plan::files::Files;
use crate::plan::halt::Halt;
use crate::plan::synced::{self, Origin};
use crate::playbook::Task;
use crate::source::Spanned;
use crate::target::Blobs;
use crate::template::FileOptions;
use crate::value::Value;
use crate::vars::Vars;
use crate::yaml::Node;

/// What binding a task's arguments needs.
pub(crate) struct Binder<'a> {
    /// Evaluates templates.
    pub(crate) eval: &'a Eval,
    /// The task's variables on the host.
    pub(crate) vars: &'a Vars,
    /// The task.
    pub(crate) task: &'a Task,
    /// Finds the project's files.
    pub(crate) files: &'a Files,
    /// Takes contents that hosts may ask for.
    pub(crate) blobs: &'a Blobs,
}

/// A call, and what of its contents can't be known.
pub(crate) struct BoundCall {
    /// The call.
    pub(crate) call: Call,
    /// Why parts of a rendered file can't be known.
    pub(crate) partly: Option<Why>,
}

/// Arguments of `template` that say how it is rendered; hosts never see them.
const RENDERING: [&str; 11] = [
    "newline_sequence",
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "trim_blocks",
    "lstrip_blocks",
    "output_encoding",
    "decrypt",
];

impl Binder<'_> {
    /// The call of the module that `spec` declares.
    pub(crate) fn call(&self, spec: &'static Spec) -> Result<BoundCall, Halt> {
        let mut given = self.defaults(spec)?;
        let mut keys: Vec<Spanned<String>> = Vec::new();
        for (key, value) in self.written(spec)? {
            let name = spec.find(&key.value).map_or(key.value.as_str(), |arg| arg.name);
            given.retain(|(other, _)| {
                spec.find(other).map_or(other.as_str(), |arg| arg.name) != name
            });
            given.push((key.value.clone(), value));
            keys.push(key);
        }
        let mut rendering = Vec::new();
        if spec.all().any(|arg| matches!(arg.kind, Kind::Rendered)) {
            let (options, rest) =
                given.into_iter().partition(|(key, _)| RENDERING.contains(&key.as_str()));
            (rendering, given) = (options, rest);
        }
        let remote = self.is_remote(spec, &given);
        let decrypt = given
            .iter()
            .all(|(key, value)| key != "decrypt" || self.eval.boolean(value).unwrap_or(true));
        let mut partly = None;
        let mut args = Map::new();
        for (key, value) in given {
            let data = match spec.find(&key).map(|arg| arg.kind) {
                Some(Kind::Upload) if !remote && !value.is_null() => {
                    self.upload(&value, decrypt)?
                }
                Some(Kind::Script) if !value.is_null() => self.script(&value, decrypt)?,
                Some(Kind::Rendered) if !value.is_null() => {
                    let (tree, why) = self.rendered(&value, &rendering)?;
                    partly = why;
                    Data::Tree(tree)
                }
                Some(Kind::Str) if matches!(value, Value::Map(_) | Value::List(_)) => {
                    Data::Str(self.eval.json(&value)?)
                }
                _ => self.eval.data(&value)?,
            };
            args.insert(key, data);
        }
        Bound::new(spec, args.clone()).map_err(|wrong| self.invalid(spec, &wrong, &keys))?;
        if spec.all().any(|arg| matches!(arg.kind, Kind::Synced)) {
            self.synced(&mut args)?;
        }
        let env = self.environment()?;
        Ok(BoundCall { call: Call { module: spec.name.to_owned(), args, env }, partly })
    }

    /// The call as far as it can be told: arguments that can't be had, and contents, are left out.
    pub(crate) fn known_part(&self, spec: &'static Spec) -> Call {
        let mut args = Map::new();
        let mut take = |name: &str, node: &Node| {
            let sent = |kind| matches!(kind, Kind::Upload | Kind::Synced | Kind::Rendered);
            if spec.find(name).is_some_and(|arg| sent(arg.kind)) {
                return;
            }
            let value = self.eval.value(node, self.vars);
            if let Ok(data) = value.and_then(|value| self.eval.data(&value)) {
                args.insert(name.to_owned(), data);
            }
        };
        let written = &self.task.action.args;
        for argument in &written.named {
            take(&argument.name.value, &argument.value);
        }
        if let Some(node) = &written.free {
            take(spec.free_form.unwrap_or("_raw_params"), node);
        }
        Call { module: spec.name.to_owned(), args, env: Vec::new() }
    }

    /// The arguments as the task gives them.
    fn written(&self, spec: &Spec) -> Result<Vec<(Spanned<String>, Value)>, Halt> {
        let action = &self.task.action;
        let mut written = Vec::new();
        if let Some(node) = &action.args.whole {
            let value = self.eval.value(node, self.vars)?;
            let Some(map) = value.as_map() else {
                return Err(Halt::new(format!(
                    "the arguments must be a mapping, not {}",
                    value.type_name()
                )));
            };
            for (key, value) in map {
                written.push((Spanned::new(key.to_string(), node.span.clone()), value.clone()));
            }
        }
        for argument in &action.args.named {
            let name = argument.name.clone().map(|name| name.to_string());
            written.push((name, self.eval.value(&argument.value, self.vars)?));
        }
        if let Some(node) = &action.args.free {
            let key = spec.free_form.unwrap_or("_raw_params");
            written.push((
                Spanned::new(key.to_owned(), node.span.clone()),
                self.eval.value(node, self.vars)?,
            ));
        }
        written.retain(|(_, value)| !value.is_omit());
        Ok(written)
    }

    /// What `module_defaults` say, the outermost level first.
    fn defaults(&self, spec: &Spec) -> Result<Vec<(String, Value)>, Halt> {
        let mut merged: Vec<(String, Value)> = Vec::new();
        for node in self.task.scope.every(|own| &own.module_defaults) {
            for (module, args) in node.as_map().unwrap_or_default() {
                if !module.as_str().is_some_and(|name| spec.answers_to(name)) {
                    continue;
                }
                let value = self.eval.value(args, self.vars)?;
                for (key, value) in value.as_map().into_iter().flatten() {
                    let key = key.to_string();
                    merged.retain(|(other, _)| *other != key);
                    merged.push((key, value.clone()));
                }
            }
        }
        Ok(merged)
    }

    /// `environment` of the task and around it; inner levels win.
    pub(crate) fn environment(&self) -> Result<Vec<(String, String)>, Halt> {
        let mut merged: Vec<(String, String)> = Vec::new();
        for node in self.task.scope.every(|own| &own.environment) {
            let value = self.eval.value(node, self.vars)?;
            let maps = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
            for map in maps {
                for (key, value) in map.as_map().into_iter().flatten() {
                    let key = key.to_string();
                    merged.retain(|(other, _)| *other != key);
                    merged.push((key, self.eval.shown(value)?));
                }
            }
        }
        Ok(merged)
    }

    /// Whether `src` is a path of the host.
    fn is_remote(&self, spec: &Spec, given: &[(String, Value)]) -> bool {
        let flag = |name: &str| {
            let value = given.iter().find(|(key, _)| key == name).map(|(_, value)| value)?;
            self.eval.boolean(value).ok()
        };
        // Older content says it the other way round.
        let copied = || spec.find("copy").and_then(|_| flag("copy")).map(|copy| !copy);
        let default = || {
            let declared = spec.find("remote_src").and_then(|arg| arg.default);
            declared == Some("yes")
        };
        flag("remote_src").or_else(copied).unwrap_or_else(default)
    }

    /// A script and the arguments that follow it in the line.
    fn script(&self, value: &Value, decrypt: bool) -> Result<Data, Halt> {
        let line = self.eval.shown(value)?;
        let line = line.trim();
        let (name, arguments) = match line.chars().next() {
            Some(quote @ ('"' | '\'')) => line[1..].split_once(quote).unwrap_or((line, "")),
            _ => line.split_once(char::is_whitespace).unwrap_or((line, "")),
        };
        let script = self.upload(&Value::from(name), decrypt)?;
        Ok(Data::List(vec![script, arguments.trim().into()]))
    }

    fn upload(&self, value: &Value, decrypt: bool) -> Result<Data, Halt> {
        let name = self.eval.shown(value)?;
        let path = self.files.find(self.task, "files", Path::new(&name))?;
        let Tree { name: last, contents_only, mut entries } =
            self.files.tree(&path, &name, decrypt)?;
        for entry in &mut entries {
            if let TreeKind::File(blob) = &mut entry.kind {
                *blob = self.blobs.keep(blob);
            }
        }
        Ok(Data::Tree(Tree { name: last, contents_only, entries }))
    }

    /// What is synchronized from the controller goes along with the call; where it is from somewhere else, the call stays as it is.
    fn synced(&self, args: &mut Map) -> Result<(), Halt> {
        if synced::origin(self.task, self.vars, self.eval)? == Origin::Host {
            args.insert(synced::ON_HOST.into(), true.into());
            return Ok(());
        }
        let find = |name: &str| self.files.find(self.task, "files", Path::new(name));
        synced::inline(args, &find)?;
        match synced::pulls(args) {
            true => Ok(()),
            false => synced::send(args, &find, self.files, self.blobs),
        }
    }

    fn rendered(
        &self,
        value: &Value,
        options: &[(String, Value)],
    ) -> Result<(Tree, Option<Why>), Halt> {
        let name = self.eval.shown(value)?;
        let path = self.files.find(self.task, "templates", Path::new(&name))?;
        let source = self.files.source(&path)?;
        let mut how = FileOptions::default();
        let syntax = &mut how.syntax;
        for (key, value) in options {
            match key.as_str() {
                "trim_blocks" => syntax.trim_blocks = self.eval.boolean(value)?,
                "lstrip_blocks" => syntax.lstrip_blocks = self.eval.boolean(value)?,
                "newline_sequence" => {
                    how.newline = self.eval.shown(value)?.replace("\\r", "\r").replace("\\n", "\n");
                }
                "block_start_string" => syntax.block_start = self.eval.shown(value)?,
                "block_end_string" => syntax.block_end = self.eval.shown(value)?,
                "variable_start_string" => syntax.variable_start = self.eval.shown(value)?,
                "variable_end_string" => syntax.variable_end = self.eval.shown(value)?,
                "comment_start_string" => syntax.comment_start = self.eval.shown(value)?,
                "comment_end_string" => syntax.comment_end = self.eval.shown(value)?,
                _ => {}
            }
        }
        let vars = self.vars.with_values(about(&path, &name)?);
        let (text, why) = self.eval.file(&source, &how, &vars)?;
        if source.is_secret() {
            self.files.vault().learn(&text);
        }
        let blob = self.blobs.keep(&Blob::new(text.into_bytes()));
        let last =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let entry = TreeEntry {
            path: PathBuf::new(),
            mode: 0o644,
            kind: TreeKind::File(blob),
            stamp: None,
        };
        Ok((Tree { name: last, contents_only: false, entries: vec![entry] }, why))
    }

    /// Mistakes in arguments, told at their places.
    fn invalid(&self, spec: &Spec, wrong: &[Invalid], keys: &[Spanned<String>]) -> Halt {
        let mut diagnostic = Diagnostic::error("");
        let mut messages = Vec::new();
        for invalid in wrong {
            messages.push(format!("`{}`: {invalid}", spec.name));
            let key =
                invalid.key().and_then(|key| keys.iter().find(|written| written.value == key));
            let span = key.map_or(&self.task.action.name.span, |key| &key.span);
            diagnostic = diagnostic.at(span, "");
            if let Invalid::Unknown { key, known } = invalid {
                diagnostic = match nearest(key, known.iter().copied()) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("`{}` takes {}", spec.name, known.join(", "))),
                };
            }
        }
        diagnostic.message = messages.join("; ");
        diagnostic.into()
    }
}

/// What a template may say of itself. When it was changed is not among it: a file must not differ from run to run.
fn about(path: &Path, name: &str) -> Result<[(String, Value); 4], Halt> {
    let owner = std::fs::metadata(path)
        .map_err(|error| Halt::new(format!("cannot read `{}`: {error}", path.display())))?
        .uid();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok([
        ("template_path".into(), name.into()),
        ("template_fullpath".into(), path.display().to_string().into()),
        ("template_host".into(), host.into()),
        ("template_uid".into(), account(owner).into()),
    ])
}

/// The name of a user of the controller, or the number where there is none.
fn account(number: u32) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| number.to_string())
}
