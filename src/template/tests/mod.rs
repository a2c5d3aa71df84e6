//! Tests: one file a family, each with a table of its names.

mod kinds;

use crate::template::registry::TestFn;

/// All tests by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, TestFn)> {
    [kinds::ALL].into_iter().flatten().copied()
}
