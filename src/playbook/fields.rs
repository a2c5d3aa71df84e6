//! The keys of a play, block, task or role sorted into what they mean.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::keyword::{self, Level};
use crate::playbook::reading::Reading;
use crate::playbook::scope::{Directives, Var};
use crate::source::Spanned;
use crate::yaml::{Kind, Node};

/// The keys of one mapping.
pub(super) struct Fields<'n> {
    /// What is inherited.
    pub(super) directives: Directives,
    /// Other keywords of the level, with key and value.
    own: Vec<(&'static str, &'n Node, &'n Node)>,
    /// Keys that are no keywords of the level.
    pub(super) rest: Vec<(&'n Node, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of a keyword.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|(_, value)| value)
    }

    /// The key and value of a keyword.
    pub(super) fn entry(&self, name: &str) -> Option<(&'n Node, &'n Node)> {
        self.own.iter().find(|(known, ..)| *known == name).map(|(_, key, value)| (*key, *value))
    }

    /// The value of a keyword, to keep; nothing written is no value.
    pub(super) fn node(&self, name: &str) -> Option<Node> {
        self.get(name).filter(|value| value.kind != Kind::Null).cloned()
    }
}

impl Reading<'_> {
    /// Sorts the keys of a mapping. Those that are no keyword at `level` are left in [`Fields::rest`] and not told here.
    pub(super) fn fields<'n>(&mut self, entries: &'n [(Node, Node)], level: Level) -> Fields<'n> {
        let mut fields =
            Fields { directives: Directives::default(), own: Vec::new(), rest: Vec::new() };
        for (key, value) in entries {
            let Some(name) = key.as_str() else {
                self.refuse(
                    &key.span,
                    format!("a keyword must be a string, not {}", key.describe()),
                );
                continue;
            };
            let Some(mut keyword) = keyword::find(name).filter(|keyword| keyword.is_at(level))
            else {
                fields.rest.push((key, value));
                continue;
            };
            if let Some(new) = keyword.renamed() {
                let problem =
                    Diagnostic::warning(format!("`{name}` is an old name")).at(&key.span, "");
                self.tell(problem.help(format!("write `{}`", new.name)));
                keyword = new;
            }
            if let Some(wanted) = keyword.refuses(value) {
                self.refuse(
                    &value.span,
                    format!("`{name}` must be {wanted}, not {}", value.describe()),
                );
                continue;
            }
            match keyword.slot {
                Some(slot) if value.kind != Kind::Null => {
                    *slot(&mut fields.directives) = Some(value.clone());
                }
                Some(_) => {}
                None => self.own_field(keyword.name, key, value, &mut fields),
            }
        }
        fields
    }

    fn own_field<'n>(
        &mut self,
        name: &'static str,
        key: &'n Node,
        value: &'n Node,
        fields: &mut Fields<'n>,
    ) {
        match name {
            "vars" => fields.directives.vars = self.vars(value),
            "when" => fields.directives.when = self.conditions("when", value),
            "tags" => fields.directives.tags = self.tags(value),
            "notify" => fields.directives.notify = self.strings("notify", value),
            _ => fields.own.push((name, key, value)),
        }
    }

    /// Tells keys that are nothing at `level`.
    pub(super) fn refuse_unknown(&mut self, what: &str, level: Level, rest: &[(&Node, &Node)]) {
        for (key, _) in rest {
            let name = key.as_str().unwrap_or_default();
            let problem = match keyword::find(name) {
                Some(keyword) => {
                    let places = keyword.places();
                    Diagnostic::error(format!("`{name}` can't stand in {what}"))
                        .note(format!("it is for {places}"))
                }
                None => {
                    let problem = Diagnostic::error(format!("unknown keyword `{name}` in {what}"));
                    match nearest(name, keyword::names(level)) {
                        Some(known) => problem.help(format!("did you mean `{known}`?")),
                        None => problem,
                    }
                }
            };
            self.tell(problem.at(&key.span, ""));
        }
    }

    /// The variables of a mapping; a list of mappings is an old form of one.
    pub(super) fn vars(&mut self, node: &Node) -> Vec<Var> {
        let mut vars = Vec::new();
        for (key, value) in node.as_map().unwrap_or(&[]) {
            match key.as_str() {
                Some(name) if is_identifier(name) => {
                    vars.push(Var::new(name, &key.span, value.clone()));
                }
                Some(name) => {
                    let problem =
                        Diagnostic::error(format!("`{name}` can't be the name of a variable"))
                            .at(&key.span, "");
                    self.tell(
                        problem.help(
                            "names have letters, digits and `_`, and do not begin with a digit",
                        ),
                    );
                }
                None => {
                    self.refuse(
                        &key.span,
                        format!("the name of a variable must be a string, not {}", key.describe()),
                    );
                }
            }
        }
        vars
    }

    /// A condition or a list of them.
    pub(super) fn conditions(&mut self, name: &str, node: &Node) -> Vec<Node> {
        let mut conditions = Vec::new();
        for item in items_of(node) {
            match item.kind {
                Kind::Null => {}
                Kind::Seq(_) | Kind::Map(_) => {
                    let found = item.describe();
                    let problem = Diagnostic::error(format!(
                        "`{name}` must be a condition or a list of them, not {found}"
                    ));
                    self.tell(match item.span.text().starts_with("{{") {
                        true => problem
                            .at(&item.span, "")
                            .help("leave the braces out: a condition is a template already"),
                        false => problem.at(&item.span, ""),
                    });
                }
                _ => conditions.push(item.clone()),
            }
        }
        conditions
    }

    /// A string or a list of them.
    pub(super) fn strings(&mut self, name: &str, node: &Node) -> Vec<Node> {
        let mut strings = Vec::new();
        for item in items_of(node) {
            match item.kind {
                Kind::Null => {}
                Kind::Str(..) => strings.push(item.clone()),
                _ => self.refuse(
                    &item.span,
                    format!("`{name}` must be a string or a list of them, not {}", item.describe()),
                ),
            }
        }
        strings
    }

    /// Tags: a string with commas, or a list of strings and numbers.
    fn tags(&mut self, node: &Node) -> Vec<Spanned<Arc<str>>> {
        let mut tags = Vec::new();
        for item in items_of(node) {
            match &item.kind {
                Kind::Null => {}
                // A template may have commas of its own.
                Kind::Str(text, _) if text.contains("{{") => {
                    tags.push(Spanned::new(Arc::clone(text), item.span.clone()));
                }
                Kind::Str(text, _) => {
                    let mut start = 0;
                    for part in text.split(',') {
                        let name = part.trim();
                        let at = start + part.len() - part.trim_start().len();
                        start += part.len() + 1;
                        if !name.is_empty() {
                            tags.push(Spanned::new(
                                Arc::from(name),
                                item.part(at..at + name.len()),
                            ));
                        }
                    }
                }
                Kind::Seq(_) | Kind::Map(_) => {
                    self.refuse(
                        &item.span,
                        format!("a tag must be a string, not {}", item.describe()),
                    );
                }
                _ => tags.push(Spanned::new(Arc::from(item.span.text()), item.span.clone())),
            }
        }
        tags
    }
}

/// The items of a list, or what stands in its place.
pub(super) fn items_of(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::Seq(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// Whether a variable may be called `name`.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}
