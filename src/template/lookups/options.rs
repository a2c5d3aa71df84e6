//! Options of lookups that are written inside a term: `lookup('ini', 'key section=web file=app.ini')`.

use crate::template::args::Given;
use crate::value::{Stop, Value, text};

/// A term without its options, and these.
pub(super) struct Term {
    pub(super) words: Vec<String>,
    options: Vec<(String, String)>,
}

impl Term {
    /// Splits a term at its blanks; `known` are the names that options may have, other words with `=` are part of the
    /// term.
    pub(super) fn split(term: &str, known: &[&str]) -> Result<Self, Stop> {
        let Some(words) = shlex::split(term) else {
            return Err(Stop::argument(format!("the quotes in `{term}` are not closed")));
        };
        let mut split = Self { words: Vec::new(), options: Vec::new() };
        for word in words {
            match word.split_once('=') {
                Some((name, value)) if known.contains(&name) => {
                    split.options.push((name.to_owned(), value.to_owned()));
                }
                _ => split.words.push(word),
            }
        }
        Ok(split)
    }

    /// An option: what the term says, else what the arguments say.
    pub(super) fn option(&self, name: &str, given: &Options) -> Option<String> {
        let own =
            self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| given.get(name))
    }
}

/// Options that are given as arguments.
pub(super) struct Options(Vec<(String, String)>);

impl Options {
    /// Takes the arguments of these names.
    pub(super) fn take(given: &mut Given, names: &[&str]) -> Result<Self, Stop> {
        let mut options = Vec::new();
        for name in names {
            match given.by_name(name) {
                None | Some(Value::Null) => {}
                Some(value) => options.push(((*name).to_owned(), text(&value)?)),
            }
        }
        Ok(Self(options))
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// Whether an option says yes.
pub(super) fn is_yes(option: Option<&str>) -> bool {
    option.is_some_and(|text| {
        matches!(text.to_lowercase().as_str(), "yes" | "true" | "1" | "on" | "y" | "t")
    })
}
