//! What binding asks of templates: values, conditions, files, with Ansible's words for truth.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use converge_host::data::Data;
use converge_host::python_re::{self, Flags};
use converge_host::stop::Why;

use crate::diagnostic::Diagnostic;
use crate::plan::halt::Halt;
use crate::project::Inputs;
use crate::source::Source;
use crate::template::{Condition, Context, Engine, FileKind, FileOptions, LookupContext};
use crate::value::{self, Value};
use crate::vars::Vars;
use crate::vault::{Vault, is_encrypted};
use crate::yaml::Node;

/// Evaluates what tasks say.
pub(crate) struct Eval {
    engine: Engine,
    verbosity: u8,
}

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Only applying can tell.
    Unknown(Why),
}

impl Eval {
    /// With an engine; `verbosity` is how often `-v` was given.
    pub(crate) fn new(engine: Engine, verbosity: u8) -> Self {
        Self { engine, verbosity }
    }

    /// How often `-v` was given.
    pub(crate) fn verbosity(&self) -> i64 {
        self.verbosity.into()
    }

    /// What evaluations warned of since this was last asked for, each in one line.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.engine.take_warnings().iter().map(Diagnostic::sentence).collect()
    }

    /// The value of something written in the project. Parts of it may be unknown.
    pub(crate) fn value(&self, node: &Node, vars: &Vars) -> Result<Value, Halt> {
        Ok(self.context(vars).value(node)?.into_value())
    }

    /// The value of a bare expression.
    pub(crate) fn expression(&self, node: &Node, vars: &Vars) -> Result<Value, Halt> {
        Ok(self.context(vars).expression(node)?.into_value())
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str, vars: &Vars) -> Result<Value, Halt> {
        match self.context(vars).variable(name) {
            Some(value) => Ok(value?.into_value()),
            None => Err(Halt::new(format!("`{name}` is undefined"))),
        }
    }

    /// The value of something written, as text.
    pub(crate) fn text(&self, node: &Node, vars: &Vars) -> Result<String, Halt> {
        self.shown(&self.value(node, vars)?)
    }

    /// The items of `with_NAME`.
    pub(crate) fn with_lookup(
        &self,
        name: &str,
        terms: &Node,
        vars: &Vars,
    ) -> Result<Vec<Value>, Halt> {
        match self.context(vars).lookup(name, terms)?.into_value() {
            Value::List(items) => Ok(items.to_vec()),
            Value::Unknown(unknown) => Err(Halt::Unknown(reasons(unknown.reasons()))),
            other => Ok(vec![other]),
        }
    }

    /// Whether a condition holds.
    pub(crate) fn condition(&self, node: &Node, vars: &Vars) -> Result<Truth, Halt> {
        Ok(match self.context(vars).condition(node)? {
            Condition::Yes => Truth::Yes,
            Condition::No => Truth::No,
            Condition::Unknown(whys) => Truth::Unknown(reasons(&whys)),
        })
    }

    /// Whether all of some conditions hold.
    pub(crate) fn all(&self, nodes: &[Node], vars: &Vars) -> Result<Truth, Halt> {
        for node in nodes {
            match self.condition(node, vars)? {
                Truth::Yes => {}
                other => return Ok(other),
            }
        }
        Ok(Truth::Yes)
    }

    /// A keyword that takes a truth value.
    pub(crate) fn flag(&self, node: &Node, vars: &Vars) -> Result<bool, Halt> {
        self.boolean(&self.value(node, vars)?).map_err(|halt| halt.at(&node.span))
    }

    /// Renders a template file; also why parts of it can't be known.
    pub(crate) fn file(
        &self,
        source: &Arc<Source>,
        options: &FileOptions,
        vars: &Vars,
    ) -> Result<(String, Option<Why>), Halt> {
        let rendered = self.context(vars).file(source, options)?;
        let why = (!rendered.unknown.is_empty()).then(|| reasons(&rendered.unknown));
        Ok((rendered.text, why))
    }

    /// A value as text, as templates print it.
    pub(crate) fn shown(&self, value: &Value) -> Result<String, Halt> {
        if let Some(why) = unknown(value) {
            return Err(Halt::Unknown(why));
        }
        value::text(value).map_err(|stop| Halt::new(stop.to_string()))
    }

    /// A value as JSON text.
    pub(crate) fn json(&self, value: &Value) -> Result<String, Halt> {
        if let Some(why) = unknown(value) {
            return Err(Halt::Unknown(why));
        }
        Ok(value.to_json().map_err(|stop| Halt::new(stop.to_string()))?.to_string())
    }

    /// A value as a truth value, in Ansible's words.
    pub(crate) fn boolean(&self, value: &Value) -> Result<bool, Halt> {
        match value {
            Value::Bool(truth) => Ok(*truth),
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            Value::Null => Ok(false),
            Value::Str(text) => match text.trim().to_lowercase().as_str() {
                "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Ok(true),
                "n" | "no" | "off" | "0" | "false" | "f" | "0.0" | "" => Ok(false),
                _ => Err(Halt::new(format!("`{text}` is neither true nor false"))),
            },
            Value::Unknown(unknown) => Err(Halt::Unknown(reasons(unknown.reasons()))),
            other => Err(Halt::new(format!("a {} is neither true nor false", other.type_name()))),
        }
    }

    /// A value as a whole number.
    pub(crate) fn integer(&self, value: &Value) -> Result<i64, Halt> {
        match value {
            Value::Int(number) => Ok(*number),
            Value::Bool(truth) => Ok((*truth).into()),
            Value::Float(number) => Ok(*number as i64),
            Value::Str(text) => {
                text.trim().parse().map_err(|_| Halt::new(format!("`{text}` is no whole number")))
            }
            Value::Unknown(unknown) => Err(Halt::Unknown(reasons(unknown.reasons()))),
            other => Err(Halt::new(format!("a {} is no whole number", other.type_name()))),
        }
    }

    /// A value as data for a host.
    pub(crate) fn data(&self, value: &Value) -> Result<Data, Halt> {
        if let Some(why) = unknown(value) {
            return Err(Halt::Unknown(why));
        }
        value.to_data().map_err(|stop| Halt::new(stop.to_string()))
    }

    /// Whether a name is found by a regular expression as Python has it.
    pub(crate) fn finder(&self, pattern: &str) -> Result<impl Fn(&str) -> bool + use<>, Halt> {
        let regex = python_re::compile(pattern, Flags::default())
            .map_err(|error| Halt::new(error.to_string()))?;
        Ok(move |text: &str| regex.is_match(text).unwrap_or(false))
    }

    fn context(&self, vars: &Vars) -> Arc<Context> {
        vars.context(&self.engine)
    }
}

/// Why a value can't be told, itself or in any part.
pub(crate) fn unknown(value: &Value) -> Option<Why> {
    let found = value.unknowns();
    (!found.is_empty()).then(|| reasons(&found))
}

fn reasons(whys: &[value::Why]) -> Why {
    Why(whys.iter().map(value::Why::reason).collect::<Vec<_>>().join(", "))
}

/// The search path of lookups in a task.
pub(crate) struct TaskFiles {
    /// Folders by kind, the playbook's folder, and who knows the hosts of a pattern.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) templates: Vec<PathBuf>,
    pub(crate) vars: Vec<PathBuf>,
    pub(crate) playbook: PathBuf,
    /// Where is noted what was read.
    pub(crate) inputs: Arc<Inputs>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) hosts: Arc<dyn Fn(&str) -> Result<Vec<String>, String> + Send + Sync>,
}

impl LookupContext for TaskFiles {
    fn folders(&self, kind: FileKind) -> Vec<PathBuf> {
        match kind {
            FileKind::Files => self.files.clone(),
            FileKind::Templates => self.templates.clone(),
            FileKind::Vars => self.vars.clone(),
        }
    }

    fn base(&self) -> PathBuf {
        self.playbook.clone()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = std::fs::read(path)?;
        self.inputs.note(path, &bytes);
        match std::str::from_utf8(&bytes) {
            Ok(text) if is_encrypted(&bytes) => {
                let clear = self.vault.bytes(text);
                clear
                    .map(|clear| clear.to_vec())
                    .map_err(|error| io::Error::other(error.to_string()))
            }
            _ => Ok(bytes),
        }
    }

    fn decrypt(&self, text: &str) -> Result<String, String> {
        let secret = self.vault.value(text).map_err(|error| error.to_string())?;
        Ok(secret.expose().to_owned())
    }

    fn opened(&self, text: &str) {
        self.vault.learn(text);
    }

    fn hosts(&self, pattern: &str) -> Result<Vec<Arc<str>>, String> {
        (self.hosts)(pattern).map(|hosts| hosts.into_iter().map(Into::into).collect())
    }
}
