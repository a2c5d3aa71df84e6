//! Regular expressions as Python writes them.

use fancy_regex::Regex;

use crate::stop::{Result, Stop};

/// A pattern ready for matching.
pub(crate) fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern)
        .map_err(|error| Stop::failed(format!("`{pattern}` is no regular expression: {error}")))
}

/// What went wrong while matching: nearly always that a pattern needs too many attempts.
pub(crate) fn gave_up(pattern: &str, error: &fancy_regex::Error) -> Stop {
    Stop::failed(format!("can't match the regular expression `{pattern}`: {error}"))
}
