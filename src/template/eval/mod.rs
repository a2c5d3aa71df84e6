//! The machine that runs parsed templates.
//!
//! Operators and filters never see an undefined or unknown value unless they ask for it: such values pass through, up to a
//! `default` or to the end of the template. Conditions that need one stop the evaluation.

pub(crate) mod access;
mod assign;
pub(crate) mod call;
mod expr;
pub(crate) mod objects;
pub(crate) mod ops;
mod output;
mod stmt;
mod truth;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::template::ast::{Block, Template};
use crate::template::context::Shared;
use crate::template::error::stop_resolved;
use crate::template::origin::Origin;
use crate::template::syntax::Syntax;
use crate::value::{Missing, Stop, Undefined, Unknown, Value};

pub(crate) use objects::Function;
pub(crate) use output::Output;
pub(crate) use truth::{Truth, truth_of};

/// How many templates may include one another, or macros call one another.
const MAX_CALLS: usize = 60;

/// Runs templates in one context.
pub(crate) struct Machine {
    pub(crate) context: Arc<Shared>,
    origin: Origin,
    locals: Arc<Locals>,
    /// The blocks of the templates that extend one another, the innermost first.
    blocks: HashMap<Arc<str>, Vec<Arc<Block>>>,
    /// The block that runs, and which of its definitions.
    block: Option<(Arc<str>, usize)>,
    /// What a block with filters made.
    captured: Option<Value>,
    /// Reasons for what a file shows as a mark; nothing where an unknown value ends the evaluation.
    marks: Option<Vec<Unknown>>,
    calls: usize,
    syntax: Option<Syntax>,
    /// Scopes that hold macros, which hold their scopes.
    rings: Vec<Arc<Locals>>,
}

/// The variables that a template sets, in the scopes around a place.
#[derive(Default)]
pub(crate) struct Locals {
    variables: Mutex<Vec<(Arc<str>, Value)>>,
    outer: Option<Arc<Self>>,
    /// Whether the variables of the context cannot be seen from here: a template without context.
    isolated: bool,
}

/// What a search for a variable that a template set found.
struct FoundLocal {
    value: Option<Value>,
    isolated: bool,
}

/// What happens after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl Machine {
    /// A machine for a template from somewhere.
    pub(crate) fn new(context: Arc<Shared>, origin: Origin) -> Self {
        Self {
            context,
            origin,
            locals: Arc::default(),
            blocks: HashMap::new(),
            block: None,
            captured: None,
            marks: None,
            calls: 0,
            syntax: None,
            rings: Vec::new(),
        }
    }

    /// Runs a template as Ansible runs a string: what is one expression keeps its type.
    pub(crate) fn native(&mut self, template: &Template, text: &str) -> Result<Value, Stop> {
        let mut output = Output::default();
        self.template(template, &mut output)?;
        Ok(output.finish()?.with_newlines_of(text))
    }

    /// Runs a template as a file: unknown values become marks. Gives the text and why parts of it are unknown.
    pub(crate) fn text(
        &mut self,
        template: &Template,
        source: &str,
    ) -> Result<(String, Vec<Unknown>), Stop> {
        self.marks = Some(Vec::new());
        let mut output = Output::default();
        self.template(template, &mut output)?;
        let text = match output.finish()?.with_newlines_of(source) {
            Value::Null => String::new(),
            other => crate::value::text(&other)?,
        };
        Ok((text, self.marks.take().unwrap_or_default()))
    }

    /// The value of a variable: the template's own, then the context's, then a function. What is not there is undefined.
    pub(crate) fn variable(
        &mut self,
        name: &str,
        at: Option<&std::ops::Range<usize>>,
    ) -> Result<Value, Stop> {
        let found = self.locals.get(name);
        if let Some(value) = found.value {
            return Ok(value);
        }
        if !found.isolated
            && let Some(value) = self.context.variable(name)?
        {
            return Ok(value);
        }
        if let Some(function) = Function::named(name, &self.context) {
            return Ok(function);
        }
        let missing = Missing::Variable(name.into());
        Ok(Value::Live(crate::value::Live::Undefined(Arc::new(Undefined::new(
            missing,
            at.cloned(),
        )))))
    }

    /// Sets a variable in the innermost scope.
    pub(crate) fn set(&mut self, name: &Arc<str>, value: Value) {
        self.locals.set(name, value);
    }

    /// The folder of the file that runs, where that is a file.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        match &self.origin {
            Origin::Source(source) => source.path().parent(),
            Origin::Node(_) => None,
        }
    }

    /// How further templates are read.
    pub(crate) fn syntax(&self) -> &Syntax {
        self.syntax.as_ref().unwrap_or_else(|| self.context.engine.string_syntax())
    }

    /// Sets how further templates are read.
    pub(crate) fn set_syntax(&mut self, syntax: &Syntax) {
        self.syntax = Some(syntax.clone());
    }

    /// Runs in a scope of its own.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        let inner = Locals::inside(&self.locals);
        let outer = std::mem::replace(&mut self.locals, inner);
        let result = run(self);
        self.locals = outer;
        result
    }

    /// Runs something that comes from another template.
    fn elsewhere<T>(
        &mut self,
        origin: &Origin,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        if self.calls >= MAX_CALLS {
            return Err(Stop::value("templates or macros call one another without end"));
        }
        let outer = std::mem::replace(&mut self.origin, origin.clone());
        self.calls += 1;
        let result = run(self).map_err(|stop| stop_resolved(stop, origin));
        self.calls -= 1;
        self.origin = outer;
        result
    }

    /// Notes that a part of the output is unknown. Outside of files that ends the evaluation.
    fn mark(&mut self, unknown: &Unknown) -> Result<Value, Stop> {
        match &mut self.marks {
            None => Err(Stop::Unknown(unknown.clone())),
            Some(marks) => {
                if !marks.contains(unknown) {
                    marks.push(unknown.clone());
                }
                Ok(Value::from(unknown.to_string()))
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for scope in &self.rings {
            scope.clear();
        }
    }
}

impl Locals {
    /// A scope inside another.
    fn inside(outer: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { outer: Some(Arc::clone(outer)), ..Self::default() })
    }

    /// A scope that sees nothing, not even the variables of the context.
    fn isolated() -> Arc<Self> {
        Arc::new(Self { isolated: true, ..Self::default() })
    }

    fn get(&self, name: &str) -> FoundLocal {
        let mut scope = self;
        loop {
            let variables = scope.variables.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, value)) = variables.iter().find(|(other, _)| &**other == name) {
                return FoundLocal { value: Some(value.clone()), isolated: scope.isolated };
            }
            drop(variables);
            match scope.outer.as_deref() {
                Some(outer) => scope = outer,
                None => return FoundLocal { value: None, isolated: scope.isolated },
            }
        }
    }

    fn set(&self, name: &Arc<str>, value: Value) {
        let mut variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        match variables.iter_mut().find(|(other, _)| other == name) {
            Some((_, slot)) => *slot = value,
            None => variables.push((Arc::clone(name), value)),
        }
    }

    /// Puts another value in the place of a variable, in the scope that has it.
    fn replace(&self, name: &str, value: &Value) -> bool {
        let mut scope = self;
        loop {
            let mut variables = scope.variables.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, slot)) = variables.iter_mut().find(|(other, _)| &**other == name) {
                *slot = value.clone();
                return true;
            }
            drop(variables);
            let Some(outer) = scope.outer.as_deref() else { return false };
            scope = outer;
        }
    }

    /// The variables of this scope alone, in order.
    fn own(&self) -> Vec<(Arc<str>, Value)> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clear(&self) {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
