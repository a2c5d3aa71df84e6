//! Truth values, of which there are three: a condition may depend on what only applying can tell.

use crate::template::ast::{Expr, ExprKind};
use crate::template::eval::Machine;
use crate::value::{Live, Stop, Unknown, Value};

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown(Unknown),
}

/// The truth value of a value. An undefined one has none and stops the evaluation.
pub(crate) fn truth_of(value: &Value) -> Result<Truth, Stop> {
    match value {
        Value::Live(Live::Undefined(undefined)) => Err(Stop::Undefined(undefined.clone())),
        Value::Live(Live::Lazy(lazy)) => truth_of(&lazy.force()?),
        Value::Unknown(unknown) => Ok(Truth::Unknown(unknown.clone())),
        other => Ok(other.is_true().into()),
    }
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

impl Machine {
    /// Whether an expression holds. A part that is unknown does not matter where the other parts decide.
    pub(crate) fn truth(&mut self, expr: &Expr) -> Result<Truth, Stop> {
        match &expr.kind {
            ExprKind::Not(inner) => Ok(match self.truth(inner)? {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                unknown @ Truth::Unknown(_) => unknown,
            }),
            ExprKind::And(left, right) => self.either(left, right, &Truth::No),
            ExprKind::Or(left, right) => self.either(left, right, &Truth::Yes),
            _ => {
                let value = self.eval(expr)?;
                truth_of(&value).map_err(|stop| stop.at(&expr.at))
            }
        }
    }

    /// `and` and `or`: `decides` is the truth of one side that makes the other irrelevant.
    fn either(&mut self, left: &Expr, right: &Expr, decides: &Truth) -> Result<Truth, Stop> {
        match self.truth(left)? {
            first if first == *decides => Ok(first),
            Truth::Unknown(unknown) => Ok(match self.truth(right) {
                Ok(second) if second == *decides => second,
                Ok(Truth::Unknown(other)) => Truth::Unknown(unknown.and(&other)),
                // The left side may be there to keep the right side from being evaluated: its mistakes do not count.
                Ok(_) | Err(_) => Truth::Unknown(unknown),
            }),
            _ => self.truth(right),
        }
    }
}
