//! Tests: one file a family, each with a table of its names.

mod address;
mod compare;
mod files;
mod kinds;
mod members;
mod regex;
mod results;
mod version;

use crate::template::registry::TestFn;

/// All tests by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, TestFn)> {
    [
        address::ALL,
        compare::ALL,
        files::ALL,
        kinds::ALL,
        members::ALL,
        regex::ALL,
        results::ALL,
        version::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
