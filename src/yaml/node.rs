//! The tree that YAML text becomes.

use std::sync::Arc;

use crate::source::Span;

/// One node of a YAML document. Cheap to clone: children are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// The tag that changes how Ansible treats it.
    pub tag: Tag,
    /// Where it stands. The node of an alias stands where its anchor does.
    pub span: Span,
}

/// The content of a node, its scalars resolved as PyYAML's safe loader resolves YAML 1.1.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `yes`, `no`, `true`, `off`, …
    Bool(bool),
    /// A whole number: `42`, `0644` (octal), `0x1f`, `0b1`, `1_000`, `12:30` (base 60).
    Int(i64),
    /// A whole number that does not fit 64 bits, as decimal digits.
    BigInt(Arc<str>),
    /// A number with a fraction, `.inf` or `.nan`.
    Float(f64),
    /// Text; also timestamps and binary, which stay as they were written.
    Str(Arc<str>, Style),
    /// A sequence.
    Seq(Arc<[Node]>),
    /// A mapping in the order of the file: merge keys are resolved, of a duplicate key the last value stands.
    Map(Arc<[(Node, Node)]>),
}

/// How a string was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'` or `"`.
    Quoted,
    /// As a `|` or `>` block.
    Block,
}

/// A tag that Ansible knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tag {
    /// None, or one that YAML itself resolves.
    #[default]
    None,
    /// `!unsafe`: text that is never a template.
    Unsafe,
    /// `!vault` or `!vault-encrypted`: the text is an encrypted value.
    Vault,
}

impl Node {
    /// The text of a string node.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text, _) => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_seq(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key and value of an entry of a mapping.
    pub fn entry(&self, key: &str) -> Option<(&Self, &Self)> {
        self.as_map()?
            .iter()
            .find(|(name, _)| name.as_str() == Some(key))
            .map(|(name, value)| (name, value))
    }

    /// What a message calls it: "a mapping", "a string", …
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::BigInt(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Str(..) => "a string",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}
