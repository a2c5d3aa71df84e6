//! `value is version('1.2', '>=', strict, version_type)`

use std::cmp::Ordering;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::registry::TestFn;
use crate::template::versions::{self, Scheme};
use crate::value::{Stop, Value};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] =
    &[("version", TestFn::new(version)), ("version_compare", TestFn::new(version))];

fn version(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.text("value")?;
    let other = given.text("version")?;
    let operator = given.optional_text("operator")?.unwrap_or_else(|| "eq".to_owned());
    let strict = given.optional("strict")?.filter(|strict| !strict.is_null());
    let kind = given.optional("version_type")?.filter(|kind| !kind.is_null());
    given.finish()?;
    let holds: fn(Ordering) -> bool = match operator.as_str() {
        "==" | "=" | "eq" => Ordering::is_eq,
        "<" | "lt" => Ordering::is_lt,
        "<=" | "le" => Ordering::is_le,
        ">" | "gt" => Ordering::is_gt,
        ">=" | "ge" => Ordering::is_ge,
        "!=" | "<>" | "ne" => Ordering::is_ne,
        other => {
            return Err(Stop::argument(format!("there is no comparison `{other}`"))
                .help("known are ==, =, eq, <, lt, <=, le, >, gt, >=, ge, !=, <>, ne"));
        }
    };
    let scheme = match (strict, kind) {
        (Some(_), Some(_)) => {
            return Err(Stop::argument("`strict` and `version_type` cannot be given together"));
        }
        (Some(strict), None) if strict.is_true() => Scheme::Strict,
        (None, Some(Value::Str(kind))) => match &*kind {
            "loose" => Scheme::Loose,
            "strict" => Scheme::Strict,
            "semver" | "semantic" => Scheme::Semantic,
            "pep440" => Scheme::Python,
            other => {
                return Err(Stop::argument(format!("there is no kind of version `{other}`"))
                    .help("known are loose, strict, semver, semantic and pep440"));
            }
        },
        (None, Some(other)) => {
            return Err(Stop::argument(format!(
                "`version_type` is text, not {}",
                other.type_name()
            )));
        }
        _ => Scheme::Loose,
    };
    for (version, which) in [(&value, "first"), (&other, "second")] {
        if version.is_empty() {
            return Err(Stop::value(format!("the {which} version is empty")));
        }
    }
    Ok(holds(versions::compare(scheme, &value, &other)?))
}
