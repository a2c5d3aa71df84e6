//! Values that only applying can tell.

use std::fmt;
use std::sync::Arc;

/// A value that is not known before a change is made, with all its reasons. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    reasons: Arc<[Why]>,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    reason: Arc<str>,
}

impl Why {
    /// A reason in words that end the sentence "depends on …": `the output of task “x”`.
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// The words.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Unknown {
    /// With one reason.
    pub fn new(why: impl Into<Arc<str>>) -> Self {
        Self { reasons: Arc::new([Why::new(why)]) }
    }

    /// With several reasons.
    pub fn from_reasons(reasons: impl IntoIterator<Item = Why>) -> Self {
        Self { reasons: reasons.into_iter().collect() }
    }

    /// All reasons.
    pub fn reasons(&self) -> &[Why] {
        &self.reasons
    }

    /// Both sets of reasons, each reason once.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let new: Vec<Why> =
            other.reasons.iter().filter(|why| !self.reasons.contains(why)).cloned().collect();
        if new.is_empty() {
            return self.clone();
        }
        Self { reasons: self.reasons.iter().cloned().chain(new).collect() }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl fmt::Display for Unknown {
    /// The mark that stands for it in a rendered file.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("«unknown: ")?;
        for (index, why) in self.reasons.iter().enumerate() {
            if index > 0 {
                formatter.write_str(", ")?;
            }
            formatter.write_str(&why.reason)?;
        }
        formatter.write_str("»")
    }
}

#[cfg(test)]
mod tests {
    use super::Unknown;

    #[test]
    fn reasons_are_told_once() {
        let one = Unknown::new("a");
        let two = one.and(&Unknown::new("b")).and(&Unknown::new("a"));
        assert_eq!(two.to_string(), "«unknown: a, b»");
    }
}
