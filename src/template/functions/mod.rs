//! Global functions: `lookup`, `range`, `namespace` and the like.

mod basic;
mod lookup;

use std::sync::Arc;

use crate::template::args::Given;
use crate::template::context::Shared;
use crate::template::eval::Machine;
use crate::value::{Mapping, Stop, Value};

pub(crate) use lookup::run_lookup;

/// A function: the machine that calls it and the arguments.
type FunctionFn = fn(&mut Machine, Given) -> Result<Value, Stop>;

const ALL: &[(&str, FunctionFn)] = &[
    ("range", basic::range),
    ("dict", basic::dict),
    ("namespace", basic::namespace),
    ("cycler", basic::cycler),
    ("joiner", basic::joiner),
    ("undef", basic::undef),
    ("now", basic::now),
    ("lookup", lookup::lookup),
    ("query", lookup::query),
    ("q", lookup::query),
];

/// The function of a name.
pub(crate) fn named(name: &str) -> Option<(&'static str, FunctionFn)> {
    ALL.iter().find(|(known, _)| *known == name).copied()
}

/// `vars`: all variables by name.
pub(crate) fn all_variables(context: &Arc<Shared>) -> Value {
    Value::mapping(Arc::new(Variables(Arc::downgrade(context))))
}

struct Variables(std::sync::Weak<Shared>);

impl Mapping for Variables {
    fn get(&self, key: &str) -> Option<Result<Value, Stop>> {
        self.0.upgrade()?.variable(key).transpose()
    }

    fn keys(&self) -> Vec<Arc<str>> {
        self.0.upgrade().map(|context| context.scope.names()).unwrap_or_default()
    }
}
