//! Lookups: one file each, or one for those that belong together.

mod env;
mod vars;

use crate::template::registry::LookupFn;

/// All lookups by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, LookupFn)> {
    [env::ALL, vars::ALL].into_iter().flatten().copied()
}
