//! What is wrong with arguments.

use std::fmt;

/// One mistake in a module's arguments. `key` is the name as it was written, so that the caller can find its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// An argument that the module does not have.
    Unknown {
        /// As written.
        key: String,
        /// Every argument that it has.
        known: Vec<&'static str>,
    },
    /// An argument that must be given is not.
    Missing {
        /// Its name.
        key: &'static str,
    },
    /// A value of the wrong type.
    Type {
        /// As written.
        key: String,
        /// What it takes.
        want: String,
        /// What was given.
        got: String,
    },
    /// Two names of the same argument were given.
    Twice {
        /// One name.
        first: String,
        /// The other.
        second: String,
    },
    /// Arguments that exclude each other.
    Exclusive {
        /// Those that were given.
        keys: Vec<&'static str>,
    },
    /// None of several was given.
    NoneOf {
        /// Those of which one is needed.
        keys: Vec<&'static str>,
    },
    /// Some but not all of several were given.
    NotTogether {
        /// Those that belong together.
        keys: Vec<&'static str>,
    },
    /// A value that makes another argument necessary.
    RequiredBy {
        /// The argument that asks.
        key: &'static str,
        /// Its value.
        value: &'static str,
        /// Those that are missing.
        missing: Vec<&'static str>,
    },
}

impl Invalid {
    /// The argument as it was written, where the mistake is about one that was.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Unknown { key, .. } | Self::Type { key, .. } => Some(key),
            Self::Twice { second, .. } => Some(second),
            Self::Exclusive { keys } => keys.last().copied(),
            Self::RequiredBy { key, .. } => Some(key),
            Self::Missing { .. } | Self::NoneOf { .. } | Self::NotTogether { .. } => None,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |keys: &[&str]| {
            keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Unknown { key, .. } => write!(formatter, "unknown argument `{key}`"),
            Self::Missing { key } => write!(formatter, "missing required argument `{key}`"),
            Self::Type { key, want, got } => {
                write!(formatter, "argument `{key}` takes {want}, not {got}")
            }
            Self::Twice { first, second } => {
                write!(formatter, "`{first}` and `{second}` are the same argument")
            }
            Self::Exclusive { keys } => write!(formatter, "{} exclude each other", list(keys)),
            Self::NoneOf { keys } => write!(formatter, "one of {} must be given", list(keys)),
            Self::NotTogether { keys } => {
                write!(formatter, "{} must be given together", list(keys))
            }
            Self::RequiredBy { key, value, missing } => {
                write!(formatter, "`{key}` is `{value}`, so {} must be given", list(missing))
            }
        }
    }
}

impl std::error::Error for Invalid {}
