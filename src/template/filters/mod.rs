//! Filters: one file a family, each with a table of its names.

mod logic;

use crate::template::registry::FilterFn;

/// All filters by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, FilterFn)> {
    [logic::ALL].into_iter().flatten().copied()
}
