//! What template text becomes: statements and expressions, each with its place in the text.

use std::ops::Range;
use std::sync::Arc;

use crate::template::registry::{FilterFn, TestFn};
use crate::value::Value;

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    /// The statements in order.
    pub(crate) body: Vec<Stmt>,
    /// Names of filters and tests that nobody knows, where they are used unconditionally.
    pub(crate) unknown: Vec<(Unknown, String, Range<usize>)>,
}

/// What an unknown name would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    Filter,
    Test,
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Stmt {
    /// Text that stays as it is.
    Text(Arc<str>),
    /// `{{ … }}`
    Output(Expr),
    /// `{% for … %}`
    For(Arc<For>),
    /// `{% if … %}` with its branches and what follows `else`.
    If(Vec<(Expr, Vec<Self>)>, Vec<Self>),
    /// `{% set a = … %}`
    Set(Target, Expr),
    /// `{% set a | filter %}…{% endset %}`; the filters apply to [`ExprKind::Captured`].
    SetBlock(Target, Vec<Self>, Option<Expr>),
    /// `{% with a = … %}`
    With(Vec<(Target, Expr)>, Vec<Self>),
    /// `{% filter … %}`
    FilterBlock(Vec<Self>, Expr),
    /// `{% macro … %}`
    Macro(Arc<Macro>),
    /// `{% call … %}`: the call and the body that `caller()` runs.
    CallBlock(Expr, Arc<Macro>),
    /// `{% block … %}`
    Block(Arc<Block>),
    /// `{% extends … %}`
    Extends(Expr),
    /// `{% include … %}`
    Include(Include),
    /// `{% import … as name %}`
    Import(Expr, Arc<str>, bool),
    /// `{% from … import a as b %}`
    FromImport(Expr, Vec<(Arc<str>, Arc<str>)>, bool),
    /// `{% do … %}`
    Do(Expr),
    /// `{% break %}`
    Break,
    /// `{% continue %}`
    Continue,
    /// A body with a scope of its own.
    Scope(Vec<Self>),
}

/// `{% for target in iter if condition %}`
#[derive(Debug)]
pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) iter: Expr,
    pub(crate) condition: Option<Expr>,
    pub(crate) recursive: bool,
    pub(crate) body: Vec<Stmt>,
    pub(crate) otherwise: Vec<Stmt>,
}

/// `{% macro name(parameters) %}`
#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) name: Arc<str>,
    pub(crate) parameters: Vec<(Arc<str>, Option<Expr>)>,
    pub(crate) body: Vec<Stmt>,
    /// Whether the body uses `varargs` and `kwargs`, which is what lets it take them.
    pub(crate) takes_rest: (bool, bool),
}

/// `{% block name %}`
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: Arc<str>,
    pub(crate) body: Vec<Stmt>,
}

/// `{% include template ignore missing without context %}`
#[derive(Debug)]
pub(crate) struct Include {
    pub(crate) template: Expr,
    pub(crate) ignore_missing: bool,
    pub(crate) with_context: bool,
}

/// What is assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    /// A variable.
    Name(Arc<str>),
    /// An attribute of a namespace.
    Attr(Arc<str>, Arc<str>),
    /// Several, from a sequence.
    Tuple(Vec<Self>),
}

/// An expression and its place.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) at: Range<usize>,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum ExprKind {
    Const(Value),
    Name(Arc<str>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Attr(Box<Expr>, Arc<str>),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Call(Box<Expr>, Box<Args>),
    Filter(Box<Expr>, Named<FilterFn>, Box<Args>),
    Test(Box<Expr>, Named<TestFn>, Box<Args>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Plus(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Concat(Vec<Expr>),
    Compare(Box<Expr>, Vec<(Compare, Expr)>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<[Expr; 2]>, Option<Box<Expr>>),
    /// A string inside a condition that is a template itself.
    Embedded(Arc<Template>),
    /// The text that a block with filters made.
    Captured,
}

/// A filter or test, looked up when the template was parsed.
#[derive(Debug)]
pub(crate) struct Named<F> {
    pub(crate) name: Arc<str>,
    pub(crate) run: Option<F>,
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Expr>,
    pub(crate) named: Vec<(Arc<str>, Expr)>,
    pub(crate) rest: Option<Expr>,
    pub(crate) named_rest: Option<Expr>,
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

/// Comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, at: Range<usize>) -> Self {
        Self { kind, at }
    }
}

impl Binary {
    /// The operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "**",
        }
    }
}

impl Compare {
    /// The operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}
