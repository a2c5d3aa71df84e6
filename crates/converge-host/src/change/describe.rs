//! A change in words, ready to be drawn.

use serde::{Deserialize, Serialize};

use crate::stop::Why;

/// A change in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// What sort of change it is.
    pub sign: Sign,
    /// What it is about: a path, `package nginx`, `start and enable nginx.service`.
    pub what: String,
    /// What changes, beside content: `mode 0644 → 0600`, `version 1.0 → 2.0`.
    pub facts: Vec<String>,
    /// The content before and after.
    pub diff: Option<TextDiff>,
    /// Why part of it can't be told.
    pub unknown: Option<Why>,
}

/// The sort of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sign {
    /// Something new: drawn `+`.
    Create,
    /// Something that exists is changed: drawn `~`.
    Modify,
    /// Something goes: drawn `-`.
    Remove,
    /// Something is done: drawn `!`.
    #[default]
    Act,
}

/// The content before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct TextDiff {
    /// Before.
    pub before: Text,
    /// After.
    pub after: Text,
}

/// One side of a diff.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    /// There is no file.
    Absent,
    /// Text.
    Known(String),
    /// Not text, or too large to show: its digest and size in bytes.
    Binary(String, u64),
    /// It can't be told.
    Unknown(Why),
}

impl TextDiff {
    /// How much content there is before and after, of what may not be shown. None where nothing differs.
    pub fn sizes(&self) -> Option<String> {
        let size = |text: &Text| match text {
            Text::Absent => "0".to_owned(),
            Text::Known(text) => text.len().to_string(),
            Text::Binary(_, size) => size.to_string(),
            Text::Unknown(_) => "?".to_owned(),
        };
        let told =
            || format!("secret content, {} → {} bytes", size(&self.before), size(&self.after));
        (self.before != self.after).then(told)
    }
}

impl Description {
    /// Begins a description.
    pub fn new(sign: Sign, what: impl Into<String>) -> Self {
        Self { sign, what: what.into(), facts: Vec::new(), diff: None, unknown: None }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Says why part of it can't be told.
    #[must_use]
    pub fn unknown(mut self, why: Option<Why>) -> Self {
        self.unknown = why;
        self
    }
}
