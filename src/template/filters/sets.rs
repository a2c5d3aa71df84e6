//! Filters on two lists: `union`, `intersect`, `difference`, `symmetric_difference`.

use crate::template::args::Given;
use crate::template::eval::access::{items, plain};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    (
        "union",
        FilterFn::new(|_, given| combine(given, |a, b| a.iter().chain(b).cloned().collect())),
    ),
    (
        "intersect",
        FilterFn::new(|_, given| combine(given, |a, b| only(a, |item| b.contains(item)))),
    ),
    (
        "difference",
        FilterFn::new(|_, given| combine(given, |a, b| only(a, |item| !b.contains(item)))),
    ),
    (
        "symmetric_difference",
        FilterFn::new(|_, given| {
            combine(given, |a, b| {
                let mut kept = only(a, |item| !b.contains(item));
                kept.extend(only(b, |item| !a.contains(item)));
                kept
            })
        }),
    ),
];

/// Joins two lists; what comes again is dropped.
fn combine(mut given: Given, join: fn(&[Value], &[Value]) -> Vec<Value>) -> Result<Value, Stop> {
    let a = plain_items(&given.value("a")?)?;
    let b = plain_items(&given.value("b")?)?;
    given.finish()?;
    let mut kept: Vec<Value> = Vec::new();
    for item in join(&a, &b) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

fn only(items: &[Value], holds: impl Fn(&Value) -> bool) -> Vec<Value> {
    items.iter().filter(|item| holds(item)).cloned().collect()
}

fn plain_items(value: &Value) -> Result<Vec<Value>, Stop> {
    items(value)?.iter().map(plain).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::ALL;
    use crate::template::args::Given;
    use crate::template::context::Shared;
    use crate::template::eval::Machine;
    use crate::template::origin::Origin;
    use crate::template::{Engine, NoLookups, NoVars};
    use crate::value::{Value, repr};

    fn check(filter: &str, a: &[&str], b: &[&str], want: &str) {
        let list = |items: &[&str]| Value::list(items.iter().map(|item| Value::from(*item)));
        let context = Shared::new(
            &Engine::default(),
            std::sync::Arc::new(NoVars),
            std::sync::Arc::new(NoLookups),
        );
        let mut machine =
            Machine::new(context, Origin::Source(crate::source::Source::new("test", "")));
        let (_, run) = ALL.iter().find(|(name, _)| *name == filter).unwrap();
        let given = Given::new(vec![list(a), list(b)], Vec::new());
        assert_eq!(repr(&(run.run)(&mut machine, given).unwrap()).unwrap(), want);
    }

    #[test]
    fn lists_keep_their_order() {
        check("union", &["z", "a"], &["m", "a", "b"], "['z', 'a', 'm', 'b']");
        check("intersect", &["z", "a", "m"], &["m", "z"], "['z', 'm']");
        check("difference", &["z", "a", "m"], &["a"], "['z', 'm']");
        check("symmetric_difference", &["z", "a"], &["a", "b"], "['z', 'b']");
    }
}
