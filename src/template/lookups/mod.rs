//! Lookups: one file each, or one for those that belong together.

mod csvfile;
mod env;
mod files;
mod first_found;
mod ini;
mod inventory;
mod lists;
mod options;
mod password;
mod programs;
mod sequence;
mod template;
mod vars;

use crate::template::registry::LookupFn;

/// All lookups by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, LookupFn)> {
    [
        csvfile::ALL,
        env::ALL,
        files::ALL,
        first_found::ALL,
        ini::ALL,
        inventory::ALL,
        lists::ALL,
        password::ALL,
        programs::ALL,
        sequence::ALL,
        template::ALL,
        vars::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
