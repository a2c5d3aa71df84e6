//! The template engine: parsed templates, kept by their text.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::diagnostic::Diagnostic;
use crate::template::ast::{Expr, Template, Unknown};
use crate::template::context::Shared;
use crate::template::error::TemplateError;
use crate::template::evaluate::Context;
use crate::template::origin::Origin;
use crate::template::parser;
use crate::template::registry;
use crate::template::scope::{LookupContext, Scope};
use crate::template::syntax::Syntax;
use crate::value::{Fault, FaultKind};
use crate::yaml::{Kind, Node, Tag};

/// How templates are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Refuse conditions whose result is not a boolean, as ansible-core does from 2.19 on. Otherwise the result's truth
    /// value counts, with a warning.
    pub strict_conditions: bool,
}

/// The template engine. Cheap to clone, for use by many threads; parsed templates are shared.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    options: Options,
    /// Filters and tests that are not known here, but brought by the project for Ansible.
    foreign: Arc<BTreeSet<String>>,
    string: Syntax,
    strings: Cache<Arc<str>, Template>,
    expressions: Cache<Arc<str>, Expr>,
    files: Cache<(Syntax, Arc<str>), Template>,
    warnings: Mutex<Warnings>,
}

/// What evaluation warned of. Each place is told once, for however many hosts and items it is evaluated.
#[derive(Default)]
struct Warnings {
    all: Vec<Diagnostic>,
    taken: usize,
}

/// Parsed templates by their text.
struct Cache<K, T>(RwLock<HashMap<K, Arc<T>>>);

impl Engine {
    /// An engine.
    pub fn new(options: Options) -> Self {
        Self::excusing(options, Arc::default())
    }

    /// An engine whose checks say nothing of these filters and tests, which are not known here but to Ansible. To use one is a
    /// mistake all the same.
    pub fn excusing(options: Options, foreign: Arc<BTreeSet<String>>) -> Self {
        Self(Arc::new(Inner {
            options,
            foreign,
            string: Syntax::string(),
            strings: Cache::default(),
            expressions: Cache::default(),
            files: Cache::default(),
            warnings: Mutex::default(),
        }))
    }

    /// How templates are evaluated.
    pub fn options(&self) -> Options {
        self.0.options
    }

    /// The warnings that evaluations gave since this was last asked for.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let new = warnings.all.iter().skip(warnings.taken).cloned().collect();
        warnings.taken = warnings.all.len();
        new
    }

    pub(crate) fn warn(&self, warning: Diagnostic) {
        let mut warnings = self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.all.contains(&warning) {
            warnings.all.push(warning);
        }
    }

    /// Begins an evaluation: variables are rendered at most once in it.
    pub fn context(&self, scope: Arc<dyn Scope>, lookups: Arc<dyn LookupContext>) -> Context {
        Context::new(Shared::new(self, scope, lookups))
    }

    /// What can be told of templates in a node of YAML before any variable is known: syntax errors, and filters and tests
    /// that do not exist.
    pub fn check(&self, node: &Node) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        self.check_into(node, &mut found);
        found
    }

    /// The same for a bare expression, as in `when`.
    pub fn check_condition(&self, node: &Node) -> Vec<Diagnostic> {
        let Kind::Str(text, _) = &node.kind else { return Vec::new() };
        let origin = Origin::Node(node.clone());
        match parser::expression(text, &condition_syntax(&self.0.string)) {
            Ok((_, unknown)) => self.unknown_names(&unknown, &origin),
            Err(fault) => vec![TemplateError::new(fault, &origin).into_diagnostic()],
        }
    }

    /// The mistake that a name is which nobody knows here.
    pub(crate) fn unknown_name(&self, what: Unknown, name: &str) -> Fault {
        if self.0.foreign.contains(name) {
            let what = kind_of(what);
            let message = format!(
                "`{name}` is a {what} in Python that the project brings: converge does not run such {what}s"
            );
            return Fault::new(FaultKind::NotFound, message);
        }
        unknown_name(what, name)
    }

    pub(crate) fn string_syntax(&self) -> &Syntax {
        &self.0.string
    }

    pub(crate) fn string(&self, text: &Arc<str>) -> Result<Arc<Template>, Fault> {
        self.0.strings.get(text, || parser::template(text, &self.0.string))
    }

    pub(crate) fn expression(&self, text: &Arc<str>) -> Result<Arc<Expr>, Fault> {
        self.0.expressions.get(text, || {
            let (expr, _) = parser::expression(text, &condition_syntax(&self.0.string))?;
            Ok(expr)
        })
    }

    pub(crate) fn file(&self, text: &str, syntax: &Syntax) -> Result<Arc<Template>, Fault> {
        self.0.files.get(&(syntax.clone(), text.into()), || parser::template(text, syntax))
    }

    fn check_into(&self, node: &Node, found: &mut Vec<Diagnostic>) {
        match &node.kind {
            Kind::Str(text, _) if node.tag == Tag::None && self.0.string.concerns(text) => {
                let origin = Origin::Node(node.clone());
                match self.string(text) {
                    Ok(template) => found.extend(self.unknown_names(&template.unknown, &origin)),
                    Err(fault) => found.push(TemplateError::new(fault, &origin).into_diagnostic()),
                }
            }
            Kind::Seq(items) => items.iter().for_each(|item| self.check_into(item, found)),
            Kind::Map(entries) => {
                entries.iter().for_each(|(_, value)| self.check_into(value, found));
            }
            _ => {}
        }
    }

    fn unknown_names(
        &self,
        unknown: &[(Unknown, String, std::ops::Range<usize>)],
        origin: &Origin,
    ) -> Vec<Diagnostic> {
        unknown
            .iter()
            .filter(|(_, name, _)| !self.0.foreign.contains(name))
            .map(|(what, name, at)| {
                let mut fault = unknown_name(*what, name);
                fault.at = Some(at.clone());
                TemplateError::new(fault, origin).into_diagnostic()
            })
            .collect()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl<K: Eq + Hash + Clone, T> Cache<K, T> {
    fn get(&self, key: &K, parse: impl FnOnce() -> Result<T, Fault>) -> Result<Arc<T>, Fault> {
        if let Some(parsed) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(Arc::clone(parsed));
        }
        let parsed = Arc::new(parse()?);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(all.entry(key.clone()).or_insert(parsed)))
    }
}

impl<K, T> Default for Cache<K, T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// In bare expressions escapes in strings mean what they mean in Python.
fn condition_syntax(string: &Syntax) -> Syntax {
    Syntax { plain_backslashes: false, ..string.clone() }
}

fn kind_of(what: Unknown) -> &'static str {
    match what {
        Unknown::Filter => "filter",
        Unknown::Test => "test",
    }
}

/// The mistake that a name is which nobody knows.
fn unknown_name(what: Unknown, name: &str) -> Fault {
    let near = match what {
        Unknown::Filter => registry::near_filters(name),
        Unknown::Test => registry::near_tests(name),
    };
    let message = format!("there is no {} `{name}`", kind_of(what));
    let mut fault = Fault::new(FaultKind::NotFound, message);
    if let Some(near) = near.first() {
        fault.help.push(format!("did you mean `{near}`?"));
    }
    fault
}
