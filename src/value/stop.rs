//! Why the evaluation of an expression stops without a value.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::source::Span;
use crate::value::{Unknown, Value};

/// What ends the evaluation of an expression early.
///
/// The first two are not mistakes by themselves: where a `default` stands around them, or a condition makes them
/// irrelevant, evaluation goes on.
#[derive(Clone, Debug)]
pub enum Stop {
    /// A value was needed that is not defined.
    Undefined(Arc<Undefined>),
    /// A value was needed that only applying can tell.
    Unknown(Unknown),
    /// A mistake.
    Fault(Box<Fault>),
}

/// A variable, attribute or item that is not there.
#[derive(Clone, Debug)]
pub struct Undefined {
    /// What is missing.
    pub missing: Missing,
    /// The bytes of the template text that ask for it.
    pub at: Option<Range<usize>>,
    /// The template that asks for it, where that is not the one being reported on.
    pub labels: Vec<(Span, String)>,
}

/// What an undefined value would have been.
#[derive(Clone, Debug)]
pub enum Missing {
    /// A variable.
    Variable(Arc<str>),
    /// An attribute or item of a value.
    Attribute {
        /// The type of the value, as Python names it.
        owner: &'static str,
        /// The attribute, key or index.
        name: Value,
        /// The names that are there instead, as far as they are text.
        present: Vec<Arc<str>>,
    },
    /// The value of `a if b` where `b` is false.
    Else,
    /// What a template declared undefined, with its words.
    Hint(Arc<str>),
}

/// A mistake in an expression, or found by evaluating it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What sort of mistake.
    pub kind: FaultKind,
    /// The mistake in one sentence.
    pub message: String,
    /// The bytes of the template text it concerns, until they are resolved to a label.
    pub at: Option<Range<usize>>,
    /// The places it concerns, the innermost first.
    pub labels: Vec<(Span, String)>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// What sort of mistake a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The template text cannot be read.
    Syntax,
    /// A variable or attribute is not defined.
    Undefined,
    /// Values of the wrong type or content.
    Value,
    /// An argument is missing, superfluous or wrong.
    Argument,
    /// A filter, test, lookup or template that does not exist.
    NotFound,
    /// A variable that is made from itself.
    Loop,
    /// `omit` where a value is needed.
    Omitted,
    /// A file, program or network could not be read.
    Access,
}

impl Stop {
    /// A mistake about the types or contents of values.
    pub fn value(message: impl Into<String>) -> Self {
        Self::fault(FaultKind::Value, message)
    }

    /// A mistake about arguments.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::fault(FaultKind::Argument, message)
    }

    /// A mistake.
    pub fn fault(kind: FaultKind, message: impl Into<String>) -> Self {
        Self::Fault(Box::new(Fault::new(kind, message)))
    }

    /// Adds the place, if it has none.
    #[must_use]
    pub fn at(mut self, range: &Range<usize>) -> Self {
        if let Self::Fault(fault) = &mut self
            && fault.at.is_none()
            && fault.labels.is_empty()
        {
            fault.at = Some(range.clone());
        }
        self
    }

    /// Adds what to do, to a mistake.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Fault(fault) = &mut self {
            fault.help.push(help.into());
        }
        self
    }
}

impl Fault {
    /// A mistake with its sentence.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            at: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }
}

impl Undefined {
    /// Something that is missing, at a place of the template text.
    pub fn new(missing: Missing, at: Option<Range<usize>>) -> Self {
        Self { missing, at, labels: Vec::new() }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.missing {
            Missing::Variable(name) => write!(formatter, "`{name}` is undefined"),
            Missing::Attribute { owner, name: Value::Str(name), .. } => {
                write!(formatter, "a {owner} has no `{name}`")
            }
            Missing::Attribute { owner, name, .. } => {
                write!(formatter, "a {owner} has no item {name}")
            }
            Missing::Else => {
                formatter.write_str("the condition of an `if` without `else` is false")
            }
            Missing::Hint(hint) => formatter.write_str(hint),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(undefined) => undefined.fmt(formatter),
            Self::Unknown(unknown) => unknown.fmt(formatter),
            Self::Fault(fault) => formatter.write_str(&fault.message),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}
