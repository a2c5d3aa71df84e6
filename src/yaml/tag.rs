//! What tags mean: those of YAML's own types that PyYAML constructs, and those of Ansible.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::yaml::scalar::{boolean, float, integer};
use crate::yaml::{Kind, Node, Style, Tag};

/// The prefix that `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";
/// What may stand after `!!`.
const CORE_TAGS: [&str; 13] = [
    "str",
    "int",
    "float",
    "bool",
    "null",
    "seq",
    "map",
    "set",
    "omap",
    "pairs",
    "binary",
    "timestamp",
    "value",
];
/// The tags of Ansible.
const ANSIBLE_TAGS: [(&str, Tag); 3] =
    [("!unsafe", Tag::Unsafe), ("!vault", Tag::Vault), ("!vault-encrypted", Tag::Vault)];

/// A tag, understood.
pub(super) enum Meaning {
    /// No tag, or one that Ansible gives its own sense.
    Ansible(Tag),
    /// One of YAML's types, without the `!!`.
    Core(&'static str),
}

/// What kind of node a tag stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Sequence,
    Mapping,
}

impl Meaning {
    /// Whether a list of one-entry mappings becomes a list of pairs.
    pub(super) fn is_pairs(&self) -> bool {
        matches!(self, Self::Core("omap" | "pairs"))
    }

    /// Whether a mapping becomes the list of its keys.
    pub(super) fn is_set(&self) -> bool {
        matches!(self, Self::Core("set"))
    }
}

/// Looks a tag up; `!vault` and the like are written out, `!!str` has its prefix resolved.
pub(super) fn meaning(tag: Option<&str>) -> Result<Meaning, Diagnostic> {
    // A lone `!` says "no type": libyaml then tells whether the scalar may resolve.
    let Some(tag) = tag.filter(|tag| *tag != "!") else { return Ok(Meaning::Ansible(Tag::None)) };
    if let Some((_, known)) = ANSIBLE_TAGS.iter().find(|(name, _)| *name == tag) {
        return Ok(Meaning::Ansible(*known));
    }
    let core = tag.strip_prefix(CORE);
    if let Some(known) = core.and_then(|name| CORE_TAGS.iter().find(|known| **known == name)) {
        return Ok(Meaning::Core(known));
    }
    let written = core.map_or_else(|| tag.to_owned(), |name| format!("!!{name}"));
    let names: Vec<String> = ANSIBLE_TAGS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .chain(CORE_TAGS.iter().map(|name| format!("!!{name}")))
        .collect();
    let problem =
        Diagnostic::error(format!("could not determine a constructor for the tag `{written}`"))
            .note(format!("known tags are {}", names.join(", ")));
    Err(match nearest(&written, names.iter().map(String::as_str)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => {
            problem.help(format!("quote the value if it is a text that starts with `{written}`"))
        }
    })
}

/// A scalar of a YAML type that was asked for.
pub(super) fn typed(core: &str, text: &str) -> Result<Kind, String> {
    let wrong = |what: &str| format!("`{text}` is not {what}");
    match core {
        "int" => integer(text).ok_or_else(|| wrong("a whole number")),
        "float" => float(text)
            .or_else(|| match integer(text) {
                Some(Kind::Int(value)) => Some(value as f64),
                Some(Kind::BigInt(digits)) => digits.parse().ok(),
                _ => None,
            })
            .map(Kind::Float)
            .ok_or_else(|| wrong("a number")),
        "bool" => boolean(&text.to_lowercase()).map(Kind::Bool).ok_or_else(|| wrong("a boolean")),
        "null" => Ok(Kind::Null),
        "seq" | "omap" | "pairs" => Err("expected a sequence node, but found scalar".to_owned()),
        "map" | "set" => Err("expected a mapping node, but found scalar".to_owned()),
        // Not plain any more, so that `!!str <<` is no merge key.
        _ => Ok(Kind::Str(Arc::from(text), Style::Quoted)),
    }
}

/// Whether a tag may stand on a collection.
pub(super) fn fits(meaning: &Meaning, shape: Shape) -> Result<(), String> {
    let found = if shape == Shape::Mapping { "mapping" } else { "sequence" };
    match meaning {
        Meaning::Ansible(Tag::Vault) => Err("the `!vault` tag requires a string value".to_owned()),
        Meaning::Ansible(_) => Ok(()),
        Meaning::Core("seq" | "omap" | "pairs") if shape == Shape::Sequence => Ok(()),
        Meaning::Core("map" | "set") if shape == Shape::Mapping => Ok(()),
        Meaning::Core("seq" | "omap" | "pairs") => {
            Err(format!("expected a sequence node, but found {found}"))
        }
        Meaning::Core("map" | "set") => Err(format!("expected a mapping node, but found {found}")),
        Meaning::Core(_) => Err(format!("expected a scalar node, but found {found}")),
    }
}

/// An item of `!!omap` or `!!pairs`: the mapping of one entry as a list of its key and value.
pub(super) fn pair(item: Node) -> Node {
    match &item.kind {
        Kind::Map(entries) => match &entries[..] {
            [(key, value)] => {
                Node { kind: Kind::Seq(Arc::from([key.clone(), value.clone()])), ..item }
            }
            _ => item,
        },
        _ => item,
    }
}

/// Marks a collection: what is said to be unsafe is so down to its last text.
pub(super) fn apply(meaning: &Meaning, node: Node) -> Node {
    match meaning {
        Meaning::Ansible(Tag::Unsafe) => unsafe_all(&node),
        _ => node,
    }
}

fn unsafe_all(node: &Node) -> Node {
    let kind = match &node.kind {
        Kind::Seq(items) => Kind::Seq(items.iter().map(unsafe_all).collect()),
        Kind::Map(entries) => {
            Kind::Map(entries.iter().map(|(key, value)| (key.clone(), unsafe_all(value))).collect())
        }
        other => other.clone(),
    };
    let tag = if node.tag == Tag::Vault { Tag::Vault } else { Tag::Unsafe };
    Node { kind, tag, span: node.span.clone() }
}
