//! Which variables were read, and where each came from.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use crate::source::Span;
use crate::vars::{Origin, Var};

/// Notes the variables that are read, in the order in which each was read first.
#[derive(Debug, Default)]
pub struct Trace {
    read: Mutex<IndexMap<Arc<str>, Read>>,
}

/// A variable that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Which layer gave it.
    pub origin: Origin,
    /// Where it is written; none of data that was not read from a file.
    pub place: Option<Span>,
}

impl Trace {
    /// What was read so far.
    pub fn read(&self) -> Vec<(Arc<str>, Read)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter().map(|(name, read)| (Arc::clone(name), read.clone())).collect()
    }

    pub(super) fn note(&self, name: &str, var: &Var, origin: &Origin) {
        let place = match var {
            Var::Text(node) => Some(node.span.clone()),
            Var::Data(_) | Var::Lazy(_) => None,
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry(Arc::from(name)).or_insert_with(|| Read { origin: origin.clone(), place });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::template::{Engine, Options};
    use crate::value::Value;
    use crate::vars::{Layer, Origin, Trace, Vars};

    #[test]
    fn what_is_read_is_noted_with_the_layer_that_wins() {
        let layer = |origin, names: &[&str]| {
            let entries = names.iter().map(|name| ((*name).to_owned(), Value::from("x")));
            Arc::new(Layer::of_values(origin, entries))
        };
        let trace = Arc::new(Trace::default());
        let vars =
            Vars::new(vec![layer(Origin::Facts, &["a", "b", "c"]), layer(Origin::Play, &["b"])]);
        let vars = vars.traced(&trace);
        let context = vars.with_values([]).context(&Engine::new(Options::default()));
        for name in ["b", "a", "b", "nowhere"] {
            drop(context.variable(name));
        }
        let read: Vec<_> =
            trace.read().into_iter().map(|(name, read)| (name.to_string(), read.origin)).collect();
        assert_eq!(read, [("b".to_owned(), Origin::Play), ("a".to_owned(), Origin::Facts)]);
    }
}
