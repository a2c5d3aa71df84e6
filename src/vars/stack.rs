//! The layers that hold for one task on one host.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::source::Span;
use crate::template::{Found, Scope};
use crate::vars::{Layer, Level, Origin};

/// Variables in layers. Cheap to clone, so that every task may have its own.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    /// From the weakest to the strongest.
    layers: Vec<Arc<Layer>>,
}

/// One of the places that define a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The layer.
    pub origin: Origin,
    /// Where it is written, if it is.
    pub span: Option<Span>,
    /// What it holds there.
    pub found: FoundKind,
}

/// Whether a definition is text of the project or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKind {
    /// Rendered when used.
    Template,
    /// Taken as it is.
    Data,
}

impl Vars {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer: above all weaker ones, and above those of the same level that are there already.
    pub fn push(&mut self, layer: impl Into<Arc<Layer>>) {
        let layer = layer.into();
        if layer.is_empty() {
            return;
        }
        let at = self.layers.partition_point(|other| other.origin().level <= layer.origin().level);
        self.layers.insert(at, layer);
    }

    /// The same with another layer.
    #[must_use]
    pub fn with(&self, layer: impl Into<Arc<Layer>>) -> Self {
        let mut vars = self.clone();
        vars.push(layer);
        vars
    }

    /// Drops all layers of a level.
    pub fn drop_level(&mut self, level: Level) {
        self.layers.retain(|layer| layer.origin().level != level);
    }

    /// The layers, from the weakest to the strongest.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// All definitions of a variable, the one that holds first.
    pub fn explain(&self, name: &str) -> Vec<Definition> {
        self.layers
            .iter()
            .rev()
            .filter_map(|layer| {
                let found = match layer.get(name)? {
                    Found::Template(_) => FoundKind::Template,
                    Found::Data(_) => FoundKind::Data,
                };
                Some(Definition {
                    origin: layer.origin().clone(),
                    span: layer.span(name).cloned(),
                    found,
                })
            })
            .collect()
    }
}

impl Scope for Vars {
    fn lookup(&self, name: &str) -> Option<Found> {
        self.layers.iter().rev().find_map(|layer| layer.get(name))
    }

    fn names(&self) -> Vec<Arc<str>> {
        let names: IndexSet<&Arc<str>> =
            self.layers.iter().flat_map(|layer| layer.names()).collect();
        names.into_iter().cloned().collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Vars;
    use crate::template::{Found, Scope};
    use crate::value::Value;
    use crate::vars::{Layer, Level, Var};

    fn layer(level: Level, name: &str, value: i64) -> Layer {
        let mut layer = Layer::new(level, name);
        layer.set("x", Var::Data(Value::Int(value)));
        layer
    }

    fn value(vars: &Vars, name: &str) -> Option<Value> {
        match vars.lookup(name)? {
            Found::Data(value) => Some(value),
            Found::Template(_) => None,
        }
    }

    #[test]
    fn stronger_layers_win_whatever_their_order() {
        let mut vars = Vars::new();
        vars.push(layer(Level::ExtraVars, "-e", 1));
        vars.push(layer(Level::RoleDefaults, "role a", 2));
        vars.push(layer(Level::PlayVars, "play", 3));
        assert_eq!(value(&vars, "x"), Some(Value::Int(1)));
        vars.drop_level(Level::ExtraVars);
        assert_eq!(value(&vars, "x"), Some(Value::Int(3)));
        assert_eq!(value(&vars, "y"), None);
    }

    #[test]
    fn of_equal_layers_the_later_wins() {
        let vars =
            Vars::new().with(layer(Level::SetFact, "one", 1)).with(layer(Level::SetFact, "two", 2));
        assert_eq!(value(&vars, "x"), Some(Value::Int(2)));
        let origins: Vec<String> =
            vars.explain("x").iter().map(|definition| definition.origin.to_string()).collect();
        assert_eq!(origins, ["two (set_fact or register)", "one (set_fact or register)"]);
    }

    #[test]
    fn lazy_variables_are_fetched_once_and_only_if_used() {
        let fetched = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&fetched);
        let mut layer = Layer::new(Level::SetFact, "register");
        layer.set(
            "result",
            Var::Lazy(Arc::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
                Value::Int(7)
            })),
        );
        let vars = Vars::new().with(layer);
        assert_eq!(vars.names().len(), 1);
        assert_eq!(fetched.load(Ordering::SeqCst), 0);
        assert_eq!(value(&vars, "result"), Some(Value::Int(7)));
        assert_eq!(value(&vars, "result"), Some(Value::Int(7)));
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
    }
}
