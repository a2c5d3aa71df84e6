//! What the rest of converge asks of templates.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::template::args::Given;
use crate::template::context::Shared;
use crate::template::error::{TemplateError, undefined_fault};
use crate::template::eval::access::{entries, sequence};
use crate::template::eval::{Machine, Truth};
use crate::template::files::FileOptions;
use crate::template::functions::run_lookup;
use crate::template::origin::Origin;
use crate::value::{Fault, FaultKind, Live, Map, Stop, Unknown, Value, Why};
use crate::yaml::{Kind, Node, Tag};

/// One evaluation context: the variables of one task on one host. Each variable is rendered at most once in it.
pub struct Context(Arc<Shared>);

/// The value of something written in the project.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated {
    /// Known in all its parts. `omit` by itself is [`Value::Omit`]; inside lists and mappings it is gone.
    Known(Value),
    /// A list or mapping some parts of which only applying can tell; these are [`Value::Unknown`]. With all reasons.
    Partly(Value, Vec<Why>),
    /// Only applying can tell.
    Unknown(Vec<Why>),
}

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Only applying can tell.
    Unknown(Vec<Why>),
}

/// A rendered template file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text. Parts that only applying can tell are marks: `«unknown: reason»`.
    pub text: String,
    /// Why parts are unknown; empty if none are.
    pub unknown: Vec<Why>,
}

impl Evaluated {
    /// The value, in which parts or all may be [`Value::Unknown`].
    pub fn into_value(self) -> Value {
        match self {
            Self::Known(value) | Self::Partly(value, _) => value,
            Self::Unknown(reasons) => Value::Unknown(Unknown::from_reasons(reasons)),
        }
    }

    /// Why it, or parts of it, are unknown.
    pub fn reasons(&self) -> &[Why] {
        match self {
            Self::Known(_) => &[],
            Self::Partly(_, reasons) | Self::Unknown(reasons) => reasons,
        }
    }
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The value of a node of YAML: strings are rendered, in all depths.
    pub fn value(&self, node: &Node) -> Result<Evaluated, TemplateError> {
        let origin = Origin::Node(node.clone());
        self.finish(self.0.node(node, "value"), &origin)
    }

    /// The value of a variable, rendered in all depths; nothing if there is none of that name.
    pub fn variable(&self, name: &str) -> Option<Result<Evaluated, TemplateError>> {
        let origin = Origin::Source(Source::new(format!("variable {name}"), ""));
        match self.0.variable(name) {
            Ok(None) => None,
            Ok(Some(value)) => Some(self.finish(Ok(value), &origin)),
            Err(stop) => Some(self.finish(Err(stop), &origin)),
        }
    }

    /// The value of a bare expression, as `debug: var=…`, `until` or `loop` without marks have it.
    pub fn expression(&self, node: &Node) -> Result<Evaluated, TemplateError> {
        let origin = Origin::Node(node.clone());
        let value = self.evaluate(node, &origin);
        self.finish(value, &origin)
    }

    /// Whether a condition holds: `when`, `changed_when`, `failed_when`, `until`, `that`. A condition is a boolean or a
    /// bare expression; one that is wrapped in `{{ }}` is read as what is inside.
    pub fn condition(&self, node: &Node) -> Result<Condition, TemplateError> {
        let origin = Origin::Node(node.clone());
        match self.truth(node, &origin) {
            Err(Stop::Unknown(unknown)) => Ok(Condition::Unknown(unknown.reasons().to_vec())),
            other => other.map_err(|stop| self.error(stop, &origin)),
        }
    }

    /// Renders a template file.
    pub fn file(
        &self,
        source: &Arc<Source>,
        options: &FileOptions,
    ) -> Result<Rendered, TemplateError> {
        let origin = Origin::Source(Arc::clone(source));
        self.render(source, options).map_err(|stop| self.error(stop, &origin))
    }

    /// The results of a lookup by name, as `with_NAME: terms` asks for them. Terms are rendered in all depths first.
    pub fn lookup(&self, name: &str, terms: &Node) -> Result<Evaluated, TemplateError> {
        let origin = Origin::Node(terms.clone());
        let value = self.look_up(name, terms, &origin);
        self.finish(value, &origin)
    }

    fn render(&self, source: &Arc<Source>, options: &FileOptions) -> Result<Rendered, Stop> {
        let mut options = options.clone();
        let (body, skipped) = options.with_header(source.text())?;
        let template = self
            .0
            .engine
            .file(body, &options.syntax)
            .map_err(|fault| moved(fault.into(), skipped))?;
        let mut machine = Machine::new(self.0.this(), Origin::Source(Arc::clone(source)));
        machine.set_syntax(&options.syntax);
        let (mut text, unknown) =
            machine.text(&template, body).map_err(|stop| moved(stop, skipped))?;
        if options.newline != "\n" {
            text = text.replace('\n', &options.newline);
        }
        let mut reasons: Vec<Why> = Vec::new();
        for why in unknown.iter().flat_map(Unknown::reasons) {
            if !reasons.contains(why) {
                reasons.push(why.clone());
            }
        }
        Ok(Rendered { text, unknown: reasons })
    }

    fn look_up(&self, name: &str, terms: &Node, origin: &Origin) -> Result<Value, Stop> {
        let value = self.0.node(terms, "terms")?;
        if let Value::Unknown(_) = value {
            return Ok(value);
        }
        let terms = match &value {
            Value::Live(Live::Undefined(undefined)) => {
                return Err(Stop::Undefined(Arc::clone(undefined)));
            }
            value => sequence(value)?.unwrap_or_else(|| vec![value.clone()]),
        };
        let mut machine = Machine::new(self.0.this(), origin.clone());
        run_lookup(&mut machine, name, Given::new(terms, Vec::new())).map(Value::from)
    }

    fn evaluate(&self, node: &Node, origin: &Origin) -> Result<Value, Stop> {
        let Kind::Str(text, _) = &node.kind else { return self.0.node(node, "expression") };
        if node.tag != Tag::None {
            return self.0.node(node, "expression");
        }
        if wrapped(text) {
            return self.0.string(node);
        }
        let expr = self.0.engine.expression(text)?;
        let mut machine = Machine::new(self.0.this(), origin.clone());
        machine.eval(&expr)
    }

    fn truth(&self, node: &Node, origin: &Origin) -> Result<Condition, Stop> {
        let text = match &node.kind {
            Kind::Bool(truth) => return Ok(Truth::from(*truth).into()),
            Kind::Str(text, _) if !text.trim().is_empty() => text,
            Kind::Null | Kind::Str(..) => {
                let mut fault = Fault::new(FaultKind::Syntax, "this condition is empty");
                fault.labels.push((node.span.clone(), String::new()));
                return Err(fault.into());
            }
            _ => {
                let value = self.0.node(node, "condition")?;
                return self.judged(&value, node);
            }
        };
        if wrapped(text) {
            self.0.warn(
                Diagnostic::warning("a condition needs no `{{ }}`: it is an expression already")
                    .at(&node.span, ""),
            );
            // What is inside may be the text of another condition.
            let value = self.0.string(node)?;
            if let Value::Str(text) = &value
                && let Ok(expr) = self.0.engine.expression(text)
                && self.trusted(node)
            {
                return self.run(&expr, node, origin);
            }
            return self.judged(&value, node);
        }
        let expr = self.0.engine.expression(text)?;
        self.run(&expr, node, origin)
    }

    /// Whether all that a wrapped condition can yield is text of the project.
    fn trusted(&self, node: &Node) -> bool {
        let Kind::Str(text, _) = &node.kind else { return false };
        let inner = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
        matches!(self.0.scope.lookup(inner), Some(crate::template::scope::Found::Template(_)))
    }

    fn run(
        &self,
        expr: &crate::template::ast::Expr,
        node: &Node,
        origin: &Origin,
    ) -> Result<Condition, Stop> {
        use crate::template::ast::ExprKind;
        let mut machine = Machine::new(self.0.this(), origin.clone());
        // `and`, `or` and `not` are judged part by part, so that an unknown part matters only where it decides.
        if let ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Not(_) = expr.kind
            && !self.0.engine.options().strict_conditions
        {
            return machine.truth(expr).map(Condition::from);
        }
        let value = machine.eval(expr)?;
        self.judged(&value, node)
    }

    /// The truth of a condition's value. Only a boolean is quite right.
    fn judged(&self, value: &Value, node: &Node) -> Result<Condition, Stop> {
        if value.is_omit() {
            return Err(Stop::fault(FaultKind::Omitted, "a condition cannot be `omit`"));
        }
        let truth = crate::template::eval::truth_of(value)?;
        if matches!(value, Value::Bool(_) | Value::Unknown(_)) {
            return Ok(truth.into());
        }
        let held = if truth == Truth::Yes { "true" } else { "false" };
        let message =
            format!("this condition gives a {} instead of true or false", value.type_name());
        let help =
            "write a comparison or a test, such as `x | length > 0`, `x is defined`, `x | bool`";
        if self.0.engine.options().strict_conditions {
            let mut fault = Fault::new(FaultKind::Value, message);
            fault.labels.push((node.span.clone(), String::new()));
            fault.help.push(help.to_owned());
            return Err(fault.into());
        }
        let message = format!("{message}, and counts as {held}");
        self.0.warn(Diagnostic::warning(message).at(&node.span, "").help(help));
        Ok(truth.into())
    }

    fn finish(
        &self,
        value: Result<Value, Stop>,
        origin: &Origin,
    ) -> Result<Evaluated, TemplateError> {
        let value =
            value.and_then(|value| finished(&value).map(|finished| finished.unwrap_or(value)));
        match value {
            Ok(Value::Unknown(unknown)) | Err(Stop::Unknown(unknown)) => {
                Ok(Evaluated::Unknown(unknown.reasons().to_vec()))
            }
            Ok(value) => {
                let reasons = value.unknowns();
                Ok(if reasons.is_empty() {
                    Evaluated::Known(value)
                } else {
                    Evaluated::Partly(value, reasons)
                })
            }
            Err(stop) => Err(self.error(stop, origin)),
        }
    }

    fn error(&self, stop: Stop, origin: &Origin) -> TemplateError {
        let fault = match stop {
            Stop::Fault(fault) => *fault,
            Stop::Undefined(undefined) => undefined_fault(&undefined, &|| self.0.scope.names()),
            Stop::Unknown(unknown) => {
                Fault::new(FaultKind::Value, format!("the value is not known: {unknown}"))
            }
        };
        TemplateError::new(fault, origin)
    }
}

impl From<Truth> for Condition {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::Yes => Self::Yes,
            Truth::No => Self::No,
            Truth::Unknown(unknown) => Self::Unknown(unknown.reasons().to_vec()),
        }
    }
}

/// Whether an expression is written as a template though it need not be.
fn wrapped(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with("{{") && text.ends_with("}}")) || text.starts_with("{%")
}

/// Moves places behind a first line that was not part of the template.
fn moved(mut stop: Stop, by: usize) -> Stop {
    match &mut stop {
        Stop::Fault(fault) => {
            if let Some(range) = &mut fault.at {
                *range = range.start + by..range.end + by;
            }
        }
        Stop::Undefined(undefined) => {
            if let Some(range) = &undefined.at {
                let mut moved = (**undefined).clone();
                moved.at = Some(range.start + by..range.end + by);
                *undefined = Arc::new(moved);
            }
        }
        Stop::Unknown(_) => {}
    }
    stop
}

/// The value with nothing live left in it: lists and mappings rendered, tuples as lists, `omit` gone. Nothing if it is so
/// already.
pub(crate) fn finished(value: &Value) -> Result<Option<Value>, Stop> {
    Ok(match value {
        Value::List(items) => {
            if items.iter().all(is_finished) {
                return Ok(None);
            }
            Some(finished_list(items)?)
        }
        Value::Map(map) => {
            if map.values().all(is_finished) {
                return Ok(None);
            }
            Some(finished_map(
                map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            )?)
        }
        Value::Live(Live::List(_) | Live::Tuple(_)) => {
            Some(finished_list(&sequence(value)?.unwrap_or_default())?)
        }
        Value::Live(Live::Map(_) | Live::Mapping(_)) => {
            Some(finished_map(entries(value)?.unwrap_or_default())?)
        }
        Value::Live(Live::Lazy(lazy)) => {
            let value = lazy.force()?;
            Some(finished(&value)?.unwrap_or(value))
        }
        Value::Live(Live::Undefined(undefined)) => {
            return Err(Stop::Undefined(Arc::clone(undefined)));
        }
        Value::Live(Live::Object(object)) => match object.text() {
            Some(text) => Some(text.into()),
            None => {
                return Err(Stop::value(format!(
                    "the value is a {}, which is no data",
                    object.type_name()
                )));
            }
        },
        _ => None,
    })
}

fn finished_list(items: &[Value]) -> Result<Value, Stop> {
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        if !item.is_omit() {
            list.push(finished(item)?.unwrap_or_else(|| item.clone()));
        }
    }
    Ok(list.into())
}

fn finished_map(entries: Vec<(crate::value::Key, Value)>) -> Result<Value, Stop> {
    let mut map = Map::with_capacity(entries.len());
    for (key, value) in entries {
        if !value.is_omit() {
            let value = finished(&value)?.unwrap_or(value);
            map.insert(key, value);
        }
    }
    Ok(map.into())
}

fn is_finished(value: &Value) -> bool {
    match value {
        Value::Live(_) | Value::Omit => false,
        Value::List(items) => items.iter().all(is_finished),
        Value::Map(map) => map.values().all(is_finished),
        _ => true,
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
