//! The names of filters, tests and lookups, and what runs for each.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::{filters, lookups, tests};
use crate::value::{Stop, Value};

/// What runs for a filter: the value it is applied to is the first argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterFn {
    pub(crate) run: fn(&mut Machine, Given) -> Result<Value, Stop>,
    /// Whether it takes undefined and unknown arguments as they are; for others these go straight through.
    pub(crate) takes_missing: bool,
}

/// What runs for a test: the value that is tested is the first argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestFn {
    pub(crate) run: fn(&mut Machine, Given) -> Result<bool, Stop>,
    /// Whether it takes undefined and unknown arguments as they are.
    pub(crate) takes_missing: bool,
}

/// What runs for a lookup: the terms are the positional arguments; the results are a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookupFn {
    pub(crate) run: fn(&mut Machine, Given) -> Result<Vec<Value>, Stop>,
}

impl FilterFn {
    /// An ordinary filter.
    pub(crate) const fn new(run: fn(&mut Machine, Given) -> Result<Value, Stop>) -> Self {
        Self { run, takes_missing: false }
    }

    /// A filter that says itself what becomes of undefined and unknown values.
    pub(crate) const fn taking_missing(
        run: fn(&mut Machine, Given) -> Result<Value, Stop>,
    ) -> Self {
        Self { run, takes_missing: true }
    }
}

impl TestFn {
    /// An ordinary test.
    pub(crate) const fn new(run: fn(&mut Machine, Given) -> Result<bool, Stop>) -> Self {
        Self { run, takes_missing: false }
    }

    /// A test that says itself what becomes of undefined and unknown values.
    pub(crate) const fn taking_missing(run: fn(&mut Machine, Given) -> Result<bool, Stop>) -> Self {
        Self { run, takes_missing: true }
    }
}

static FILTERS: LazyLock<HashMap<&str, FilterFn>> = LazyLock::new(|| filters::all().collect());
static TESTS: LazyLock<HashMap<&str, TestFn>> = LazyLock::new(|| tests::all().collect());
static LOOKUPS: LazyLock<HashMap<&str, LookupFn>> = LazyLock::new(|| lookups::all().collect());

/// The filter of a name, short or fully qualified.
pub(crate) fn filter(name: &str) -> Option<FilterFn> {
    find(&FILTERS, name)
}

/// The test of a name, short or fully qualified.
pub(crate) fn test(name: &str) -> Option<TestFn> {
    find(&TESTS, name)
}

/// The lookup of a name, short or fully qualified.
pub(crate) fn lookup(name: &str) -> Option<LookupFn> {
    find(&LOOKUPS, name)
}

/// The names that look like one that nobody knows, the nearest first.
pub(crate) fn near_filters(name: &str) -> Vec<&'static str> {
    crate::template::suggest::nearest(name, FILTERS.keys().copied())
}

/// The names that look like one that nobody knows, the nearest first.
pub(crate) fn near_tests(name: &str) -> Vec<&'static str> {
    crate::template::suggest::nearest(name, TESTS.keys().copied())
}

/// The names that look like one that nobody knows, the nearest first.
pub(crate) fn near_lookups(name: &str) -> Vec<&'static str> {
    crate::template::suggest::nearest(name, LOOKUPS.keys().copied())
}

/// Collections whose plugins older content calls by their short names.
const FORMER_CORE: [&str; 2] = ["ansible.utils.", "community.general."];

/// Ansible's own plugins are listed under their short name, those of collections under their full one.
fn find<T: Copy>(known: &HashMap<&str, T>, name: &str) -> Option<T> {
    if let Some(found) = known.get(name) {
        return Some(*found);
    }
    match name.rsplit_once('.') {
        None => FORMER_CORE
            .iter()
            .find_map(|collection| known.get(format!("{collection}{name}").as_str()).copied()),
        Some(("ansible.builtin" | "ansible.legacy", short)) if !short.contains('.') => {
            known.get(short).copied()
        }
        Some(("ansible.netcommon", short)) => {
            known.get(format!("ansible.utils.{short}").as_str()).copied()
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests_of_names {
    use super::{filter, lookup, near_filters, test};

    #[test]
    fn names_may_be_qualified() {
        assert!(filter("default").is_some());
        assert!(filter("ansible.builtin.default").is_some());
        assert!(test("ansible.builtin.defined").is_some());
        assert!(lookup("ansible.builtin.env").is_some());
        assert!(filter("nosuch.collection.default").is_none());
    }

    #[test]
    fn a_wrong_name_finds_the_right_one() {
        assert_eq!(near_filters("terary").first(), Some(&"ternary"));
        assert!(near_filters("completely_different").is_empty());
    }
}
