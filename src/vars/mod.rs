//! Variables in layers: which value a name has, and where it came from.
//!
//! A [`Vars`] is a stack of [`Layer`]s, the lowest precedence first. It is cheap to copy and to put another layer on; values
//! that are templates stay text until somebody asks for them.

mod layer;
mod trace;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use layer::{Layer, Origin};
pub use trace::{Read, Trace};

use crate::template::{Context, Engine, Found, LookupContext, NoLookups, Scope};
use crate::value::Value;
use crate::yaml::Node;

/// The value of a variable.
#[derive(Clone)]
pub enum Var {
    /// Text of the project: may be or hold templates.
    Text(Node),
    /// Data: never a template.
    Data(Value),
    /// Data that is made when somebody asks for it first: a result that a host has yet to send.
    Lazy(Arc<dyn Fn() -> Value + Send + Sync>),
}

/// The variables that a task sees.
#[derive(Clone)]
pub struct Vars {
    stack: Stack,
    /// What lookups reach beside variables.
    lookups: Arc<dyn LookupContext>,
    /// What was rendered already; shared by copies, not by those with another layer.
    context: Arc<OnceLock<Arc<Context>>>,
}

#[derive(Clone, Default)]
struct Stack {
    layers: Arc<[Arc<Layer>]>,
    /// Layers put on since; few.
    above: Vec<Arc<Layer>>,
    /// Where is noted what is read.
    trace: Option<Arc<Trace>>,
}

impl Vars {
    /// Of layers, the lowest precedence first.
    pub fn new(layers: Vec<Arc<Layer>>) -> Self {
        let layers = layers.into_iter().filter(|layer| !layer.is_empty()).collect();
        Self::of(Stack { layers, ..Stack::default() }, Arc::new(NoLookups))
    }

    /// With what lookups reach beside variables.
    #[must_use]
    pub fn with_lookups(&self, lookups: Arc<dyn LookupContext>) -> Self {
        Self::of(self.stack.clone(), lookups)
    }

    /// With a note of each variable that is read.
    #[must_use]
    pub fn traced(&self, trace: &Arc<Trace>) -> Self {
        let stack = Stack { trace: Some(Arc::clone(trace)), ..self.stack.clone() };
        Self::of(stack, Arc::clone(&self.lookups))
    }

    /// With another layer on top.
    #[must_use]
    pub fn with(&self, layer: Arc<Layer>) -> Self {
        let mut stack = self.stack.clone();
        stack.above.push(layer);
        Self::of(stack, Arc::clone(&self.lookups))
    }

    /// With some values on top.
    #[must_use]
    pub fn with_values(&self, values: impl IntoIterator<Item = (String, Value)>) -> Self {
        self.with(Arc::new(Layer::of_values(Origin::Magic, values)))
    }

    /// A variable, and the layer that says so.
    pub fn find(&self, name: &str) -> Option<(&Var, &Origin)> {
        self.stack.find(name)
    }

    /// The evaluation in which each of these variables is rendered at most once.
    pub fn context(&self, engine: &Engine) -> Arc<Context> {
        let make =
            || Arc::new(engine.context(Arc::new(self.stack.clone()), Arc::clone(&self.lookups)));
        Arc::clone(self.context.get_or_init(make))
    }

    /// Whether there is a variable of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The names of all variables, the lowest layer's first.
    pub fn names(&self) -> Vec<Arc<str>> {
        Scope::names(&self.stack)
    }

    fn of(stack: Stack, lookups: Arc<dyn LookupContext>) -> Self {
        Self { stack, lookups, context: Arc::default() }
    }
}

impl Stack {
    fn find(&self, name: &str) -> Option<(&Var, &Origin)> {
        let mut layers = self.above.iter().rev().chain(self.layers.iter().rev());
        layers.find_map(|layer| Some((layer.get(name)?, layer.origin())))
    }
}

impl Default for Vars {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Scope for Stack {
    fn lookup(&self, name: &str) -> Option<Found> {
        let (var, origin) = self.find(name)?;
        if let Some(trace) = &self.trace {
            trace.note(name, var, origin);
        }
        Some(var.found())
    }

    fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for layer in self.layers.iter().chain(&self.above) {
            names.extend(layer.names().filter(|name| seen.insert(Arc::clone(name))).cloned());
        }
        names
    }
}

impl Var {
    /// As the template engine takes it.
    pub fn found(&self) -> Found {
        match self {
            Self::Text(node) => Found::Template(node.clone()),
            Self::Data(value) => Found::Data(value.clone()),
            Self::Lazy(make) => Found::Data(make()),
        }
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(node) => formatter.debug_tuple("Text").field(&node.span).finish(),
            Self::Data(_) => formatter.write_str("Data"),
            Self::Lazy(_) => formatter.write_str("Lazy"),
        }
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.stack.layers.iter().chain(&self.stack.above)).finish()
    }
}
