//! One change as it may be shown.

use converge_host::change::{Change, Sign, TextDiff, Touch};
use serde::{Deserialize, Serialize};

use crate::record::HIDDEN;
use crate::record::diff::unified;
use crate::redact::Redactor;

/// A change in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Which kind of effect.
    pub kind: Kind,
    /// Whether something is made, changed, removed or done.
    #[serde(with = "sign")]
    pub sign: Sign,
    /// What it is about.
    pub what: String,
    /// What changes, beside content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// The content before and after as a unified diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Why part of it can't be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Whether it makes its task "changed"; refreshing a cache or waiting does not.
    pub counts: bool,
    /// The attributes of things that it touches; none where it is hidden, or does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<TouchRecord>,
}

/// One attribute of one thing that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchRecord {
    /// The thing: a path, `package nginx`, `nginx.service`.
    pub resource: String,
    /// Which of its attributes: `existence`, `content`, `mode`, `version`, …
    pub attribute: String,
    /// What becomes of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
}

/// The kinds of effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something at a path.
    File,
    /// Packages.
    Packages,
    /// The package manager's lists.
    Cache,
    /// A systemd unit.
    Unit,
    /// An account.
    User,
    /// A group.
    Group,
    /// A command whose effect can't be told.
    Run,
    /// A command whose effect is known.
    Act,
    /// Time passing.
    Wait,
}

impl ChangeRecord {
    /// A change in words, secrets replaced. `contents` says whether the content of files may be shown.
    pub(crate) fn new(change: &Change, contents: bool, redactor: &Redactor) -> Self {
        let description = change.effect().describe();
        let text = |text: &str| redactor.redact(text).into_owned();
        let mut facts: Vec<String> = description.facts.iter().map(|fact| text(fact)).collect();
        let mut shown = None;
        match &description.diff {
            Some(diff) if contents => {
                let path = match change {
                    Change::File(file) => file.path.display().to_string(),
                    _ => description.what.clone(),
                };
                let unified = unified(&text(&path), diff, description.unknown.is_none(), redactor);
                facts.extend(unified.facts);
                shown = unified.text;
            }
            Some(_) => facts.push("content not shown (`diff: false`)".into()),
            None => {}
        }
        let (counts, touches) = (change.effect().counts(), change.effect().touches());
        Self {
            kind: Kind::of(change),
            sign: description.sign,
            what: text(&description.what),
            facts,
            diff: shown,
            unknown: description.unknown.as_ref().map(|why| text(&why.0)),
            counts,
            touches: touches.iter().filter(|_| counts).map(|one| touch(one, redactor)).collect(),
        }
    }

    /// A change that may not be shown, beside that there is one and how much content it is about.
    pub(crate) fn hidden(change: &Change) -> Self {
        let description = change.effect().describe();
        Self {
            kind: Kind::of(change),
            sign: description.sign,
            what: HIDDEN.into(),
            facts: description.diff.as_ref().and_then(TextDiff::sizes).into_iter().collect(),
            diff: None,
            unknown: None,
            counts: change.effect().counts(),
            touches: Vec::new(),
        }
    }
}

fn touch(touch: &Touch, redactor: &Redactor) -> TouchRecord {
    let text = |text: &str| redactor.redact(text).into_owned();
    TouchRecord {
        resource: text(&touch.resource),
        attribute: touch.attribute.clone(),
        fact: touch.fact.as_deref().map(text),
    }
}

impl Kind {
    fn of(change: &Change) -> Self {
        match change {
            Change::File(_) => Self::File,
            Change::Packages(_) => Self::Packages,
            Change::Cache(_) => Self::Cache,
            Change::Unit(_) => Self::Unit,
            Change::User(_) => Self::User,
            Change::Group(_) => Self::Group,
            Change::Run(_) => Self::Run,
            Change::Act(_) | Change::Tool(_) => Self::Act,
            Change::Wait(_) => Self::Wait,
        }
    }
}

/// A sign as a word.
mod sign {
    use converge_host::change::Sign;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    const WORDS: [(&str, Sign); 4] = [
        ("create", Sign::Create),
        ("modify", Sign::Modify),
        ("remove", Sign::Remove),
        ("act", Sign::Act),
    ];

    pub(super) fn serialize<S: Serializer>(sign: &Sign, serializer: S) -> Result<S::Ok, S::Error> {
        let word = WORDS.iter().find(|(_, known)| known == sign).map_or("act", |(word, _)| word);
        serializer.serialize_str(word)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Sign, D::Error> {
        let word = String::deserialize(deserializer)?;
        WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, sign)| *sign)
            .ok_or_else(|| D::Error::custom(format!("`{word}` is no sort of change")))
    }
}
