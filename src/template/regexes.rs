//! Compiled regular expressions, kept by their text: the same few patterns are used for every host.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use converge_host::python_re::{self, Flags, Regex};

use crate::value::Stop;

/// How many are kept.
const KEPT: usize = 500;

static COMPILED: LazyLock<RwLock<HashMap<(String, Flags), Regex>>> = LazyLock::new(RwLock::default);

/// A compiled pattern.
pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Regex, Stop> {
    let key = (pattern.to_owned(), flags);
    if let Some(regex) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(regex.clone());
    }
    let regex = python_re::compile(pattern, flags).map_err(failed)?;
    let mut compiled = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() >= KEPT {
        compiled.clear();
    }
    compiled.insert(key, regex.clone());
    Ok(regex)
}

/// The mistake that a pattern is.
pub(crate) fn failed(error: python_re::Error) -> Stop {
    Stop::value(error.to_string())
}
