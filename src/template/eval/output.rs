//! What a template puts out: values that keep their type as long as there is only one.

use crate::template::evaluate::finished;
use crate::value::{Live, Stop, Value, text};

/// Pieces of output in order.
#[derive(Default)]
pub(crate) struct Output {
    pieces: Vec<Value>,
}

/// The result of a template.
pub(crate) struct Joined(pub(crate) Value);

impl Output {
    /// Adds a piece. `None` prints as nothing and does not count.
    pub(crate) fn push(&mut self, value: Value) {
        if !value.is_null() {
            self.pieces.push(value);
        }
    }

    /// One piece as it is, several as text, none as `None`.
    pub(crate) fn finish(mut self) -> Result<Joined, Stop> {
        if self.pieces.len() <= 1 {
            return Ok(Joined(self.pieces.pop().unwrap_or_default()));
        }
        let mut joined = String::new();
        let mut unknown: Option<crate::value::Unknown> = None;
        for piece in &self.pieces {
            match piece {
                Value::Str(text) => joined.push_str(text),
                Value::Omit | Value::Live(Live::Undefined(_)) => {}
                // Tuples print as lists, and what is omitted inside is gone.
                other => {
                    match finished(other).and_then(|done| text(done.as_ref().unwrap_or(other))) {
                        Ok(text) => joined.push_str(&text),
                        Err(Stop::Unknown(why)) => {
                            unknown = Some(
                                unknown.map_or_else(|| why.clone(), |unknown| unknown.and(&why)),
                            );
                        }
                        Err(stop) => return Err(stop),
                    }
                }
            }
        }
        Ok(Joined(unknown.map_or_else(|| joined.into(), Value::Unknown)))
    }
}

impl Joined {
    /// Gives text as many newlines at its end as the template has there: Jinja takes the last one away.
    pub(crate) fn with_newlines_of(self, template: &str) -> Value {
        let count = |text: &str| text.len() - text.trim_end_matches('\n').len();
        match &self.0 {
            Value::Str(text) => {
                let missing = count(template).saturating_sub(count(text));
                if missing == 0 {
                    self.0
                } else {
                    Value::from(format!("{text}{}", "\n".repeat(missing)))
                }
            }
            _ => self.0,
        }
    }
}
