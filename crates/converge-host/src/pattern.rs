//! Regular expressions in arguments: Python's, with failures that a task can end in.

use crate::python_re::{self, Error, Flags, Match, Regex, Replacement};
use crate::stop::{Result, Stop};

/// A pattern with the words that it was written in.
pub(crate) struct Pattern {
    regex: Regex,
    written: String,
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn new(written: &str, flags: Flags) -> Result<Self> {
        match python_re::compile(written, flags) {
            Ok(regex) => Ok(Self { regex, written: written.to_owned() }),
            Err(error) => Err(Stop::failed(format!("can't use the pattern `{written}`: {error}"))),
        }
    }

    /// The first match in a text.
    pub(crate) fn search(&self, text: &str) -> Result<Option<Match>> {
        self.regex.search(text, 0).map_err(|error| self.gave_up(&error))
    }

    /// Whether it matches anywhere in a text.
    pub(crate) fn is_match(&self, text: &str) -> Result<bool> {
        self.regex.is_match(text).map_err(|error| self.gave_up(&error))
    }

    /// A text with every match replaced, and how many there were.
    pub(crate) fn replace(&self, text: &str, with: &str) -> Result<(String, usize)> {
        let with = Self::replacement(with)?;
        self.regex.replace(text, &with, None).map_err(|error| self.gave_up(&error))
    }

    /// What a replacement becomes for one match: `match.expand(template)`.
    pub(crate) fn expand(&self, text: &str, found: &Match, template: &str) -> Result<String> {
        let mut out = String::new();
        Self::replacement(template)?
            .write(&mut out, text, found, &self.regex)
            .map_err(|error| self.gave_up(&error))?;
        Ok(out)
    }

    /// The pattern at hand.
    pub(crate) fn regex(&self) -> &Regex {
        &self.regex
    }

    fn replacement(text: &str) -> Result<Replacement> {
        Replacement::parse(text)
            .map_err(|error| Stop::failed(format!("can't use the replacement `{text}`: {error}")))
    }

    fn gave_up(&self, error: &Error) -> Stop {
        Stop::failed(format!("can't use the pattern `{}`: {error}", self.written))
    }
}
