//! Text to trees.
//!
//! libyaml's grammar (by libyaml-safer) gives events with byte positions; this module makes nodes of them as PyYAML's safe loader
//! does, with the tags of Ansible. Errors of the grammar end the reading and keep libyaml's words, which Ansible's users know;
//! other mistakes are collected.

use std::collections::HashMap;
use std::sync::Arc;

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::yaml::guard::tag_before_comma;
use crate::yaml::mapping::mapping;
use crate::yaml::problem::{from_libyaml, unreadable};
use crate::yaml::tag::{self, Meaning};
use crate::yaml::{Kind, Node, Style, Tag, scalar};

/// Collections may stand in each other this deep. Deeper text is an attack or an accident, and would exhaust the stack.
const MAX_DEPTH: usize = 200;
/// Nodes in a document, those behind aliases counted each time they appear: what "billion laughs" documents run into.
const MAX_NODES: usize = 10_000_000;

type Read<T> = Result<T, Box<Diagnostic>>;

/// Reads the one document of `source`.
///
/// The tree is missing only if the text is not YAML; with other errors it is what could be understood. Empty text is `null`.
pub fn parse(source: &Arc<Source>) -> (Option<Node>, Vec<Diagnostic>) {
    let mut composer = Composer::new(source);
    let node = composer.one();
    composer.finish(node)
}

/// Reads every document of `source`, as `from_yaml_all` does.
pub fn parse_all(source: &Arc<Source>) -> (Option<Vec<Node>>, Vec<Diagnostic>) {
    let mut composer = Composer::new(source);
    let nodes = composer.all();
    composer.finish(nodes)
}

struct Composer<'s> {
    source: &'s Arc<Source>,
    parser: Parser<std::io::Cursor<Vec<u8>>>,
    /// Where the parser's input begins in the source: after a byte order mark.
    base: usize,
    anchors: HashMap<String, Anchor>,
    nodes: usize,
    diagnostics: Vec<Diagnostic>,
}

struct Anchor {
    at: Span,
    /// Nothing while the node is still being read.
    node: Option<Node>,
    nodes: usize,
}

impl<'s> Composer<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        let text = source.text();
        let base = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut input = text.as_bytes()[base..].to_vec();
        if input.last().is_some_and(|&last| last != b'\n') {
            input.push(b'\n');
        }
        let mut parser = Parser::new();
        parser.set_input(std::io::Cursor::new(input));
        Self { source, parser, base, anchors: HashMap::new(), nodes: 0, diagnostics: Vec::new() }
    }

    fn finish<T>(mut self, read: Read<T>) -> (Option<T>, Vec<Diagnostic>) {
        match read {
            Ok(value) => (Some(value), self.diagnostics),
            Err(problem) => {
                self.diagnostics.push(*problem);
                (None, self.diagnostics)
            }
        }
    }

    fn one(&mut self) -> Read<Node> {
        let Some(node) = self.document()? else {
            return Ok(Node {
                kind: Kind::Null,
                tag: Tag::None,
                span: Span::new(self.source, 0, 0),
            });
        };
        match self.event()? {
            Event { data: EventData::StreamEnd, .. } => Ok(node),
            event => Err(Box::new(
                Diagnostic::error(
                    "expected a single document in the stream, but found another document",
                )
                .at(
                    &self.span(event.start_mark, event.end_mark),
                    "the second document starts here",
                ),
            )),
        }
    }

    fn all(&mut self) -> Read<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(node) = self.document()? {
            nodes.push(node);
        }
        Ok(nodes)
    }

    fn document(&mut self) -> Read<Option<Node>> {
        loop {
            match self.event()?.data {
                EventData::StreamStart { .. } => {
                    if let Some(problem) =
                        unreadable(self.source).or_else(|| self.refuse_tag_before_comma())
                    {
                        return Err(Box::new(problem));
                    }
                }
                EventData::DocumentStart { .. } => {
                    self.anchors.clear();
                    let event = self.event()?;
                    let node = self.node(event, 0)?;
                    self.event()?;
                    return Ok(Some(node));
                }
                _ => return Ok(None),
            }
        }
    }

    fn refuse_tag_before_comma(&self) -> Option<Diagnostic> {
        let start = self.base + tag_before_comma(&self.source.text()[self.base..])?;
        let span = Span::new(self.source, start, start + 1);
        Some(
            Diagnostic::error("did not find expected whitespace or line break")
                .at(&span, "while scanning a tag"),
        )
    }

    fn event(&mut self) -> Read<Event> {
        self.parser.parse().map_err(|error| Box::new(from_libyaml(&error, self.source, self.base)))
    }

    fn span(&self, start: Mark, end: Mark) -> Span {
        Span::new(self.source, self.base + start.index as usize, self.base + end.index as usize)
    }

    fn node(&mut self, event: Event, depth: usize) -> Read<Node> {
        let span = self.span(event.start_mark, event.end_mark);
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(Box::new(
                Diagnostic::error(format!(
                    "more than {MAX_DEPTH} lists and mappings inside each other"
                ))
                .at(&span, ""),
            ));
        }
        let before = self.nodes;
        let (anchor, node) = match event.data {
            EventData::Alias { anchor } => return self.alias(&anchor, &span),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                self.open(anchor.as_deref(), &span)?;
                (anchor, self.scalar(tag.as_deref(), value, plain_implicit, style, span))
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.open(anchor.as_deref(), &span)?;
                (anchor, self.sequence(tag.as_deref(), &span, depth)?)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.open(anchor.as_deref(), &span)?;
                (anchor, self.mapping(tag.as_deref(), &span, depth)?)
            }
            _ => {
                return Err(Box::new(
                    Diagnostic::error("did not find expected node content").at(&span, ""),
                ));
            }
        };
        if let Some(anchor) = anchor.and_then(|name| self.anchors.get_mut(&name)) {
            anchor.node = Some(node.clone());
            anchor.nodes = self.nodes - before + 1;
        }
        Ok(node)
    }

    fn open(&mut self, anchor: Option<&str>, at: &Span) -> Read<()> {
        let Some(name) = anchor else { return Ok(()) };
        let anchor = Anchor { at: at.clone(), node: None, nodes: 0 };
        match self.anchors.insert(name.to_owned(), anchor) {
            None => Ok(()),
            Some(first) => Err(Box::new(
                Diagnostic::error(format!("found duplicate anchor `{name}`"))
                    .at(at, "second occurrence")
                    .at(&first.at, "first occurrence"),
            )),
        }
    }

    fn alias(&mut self, name: &str, at: &Span) -> Read<Node> {
        let anchor = self.anchors.get(name);
        let problem = match anchor {
            Some(Anchor { node: Some(node), nodes, .. }) => {
                self.nodes = self.nodes.saturating_add(*nodes);
                if self.nodes <= MAX_NODES {
                    return Ok(node.clone());
                }
                Diagnostic::error(format!(
                    "aliases make this document larger than {MAX_NODES} values"
                ))
            }
            Some(_) => Diagnostic::error(format!(
                "the alias `*{name}` stands inside the value it refers to"
            )),
            None => Diagnostic::error(format!("found undefined alias `*{name}`")).help(format!(
                "define it before with `&{name}`, or quote a text that starts with `*`"
            )),
        };
        Err(Box::new(problem.at(at, "")))
    }

    fn scalar(
        &mut self,
        tag: Option<&str>,
        mut text: String,
        plain: bool,
        style: ScalarStyle,
        span: Span,
    ) -> Node {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if block && self.ends_with_added_break(&span, &text) {
            text.pop();
        }
        let style = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            _ => Style::Plain,
        };
        let meaning = self.meaning(tag, &span);
        let (kind, tag) = match meaning {
            // `! "12"` has no tag but may resolve although it is quoted: libyaml says so.
            Meaning::Ansible(Tag::None) if plain => (scalar(&text), Tag::None),
            Meaning::Ansible(Tag::Unsafe) if style == Style::Plain => (scalar(&text), Tag::Unsafe),
            Meaning::Ansible(tag) => (Kind::Str(Arc::from(text), style), tag),
            Meaning::Core(core) => match tag::typed(core, &text) {
                Ok(kind) => (kind, Tag::None),
                Err(problem) => {
                    self.diagnostics.push(Diagnostic::error(problem).at(&span, ""));
                    (Kind::Null, Tag::None)
                }
            },
        };
        Node { kind, tag, span }
    }

    /// Whether the last line break of a block scalar is the one added to the input, which is not the author's.
    fn ends_with_added_break(&self, span: &Span, value: &str) -> bool {
        let text = self.source.text();
        if text.ends_with('\n') || span.end() < text.len() || !value.ends_with('\n') {
            return false;
        }
        let last_line = text.rsplit('\n').next().unwrap_or("");
        let header = span.text().lines().next().unwrap_or("");
        // A last line of spaces is chomped away, unless it is kept or wider than the indentation.
        !last_line.trim_matches(' ').is_empty()
            || header.contains('+')
            || value.trim_end_matches('\n').ends_with(' ')
    }

    fn sequence(&mut self, tag: Option<&str>, start: &Span, depth: usize) -> Read<Node> {
        let meaning = self.meaning(tag, start);
        let mut items = Vec::new();
        let end = loop {
            match self.event()? {
                event @ Event { data: EventData::SequenceEnd, .. } => break event,
                event => items.push(self.node(event, depth + 1)?),
            }
        };
        let span = self.collection_span(start, &end, items.last());
        self.refuse_collection(&meaning, &span, tag::Shape::Sequence);
        if meaning.is_pairs() {
            items = items.into_iter().map(tag::pair).collect();
        }
        Ok(tag::apply(&meaning, Node { kind: Kind::Seq(Arc::from(items)), tag: Tag::None, span }))
    }

    fn mapping(&mut self, tag: Option<&str>, start: &Span, depth: usize) -> Read<Node> {
        let meaning = self.meaning(tag, start);
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let end = loop {
            let event = self.event()?;
            if matches!(event.data, EventData::MappingEnd) {
                break event;
            }
            let key = self.node(event, depth + 1)?;
            let event = self.event()?;
            let value = self.node(event, depth + 1)?;
            entries.push((key, value));
        };
        let span = self.collection_span(start, &end, entries.last().map(|(_, value)| value));
        self.refuse_collection(&meaning, &span, tag::Shape::Mapping);
        let entries = mapping(entries, &span, &mut self.diagnostics);
        let kind = if meaning.is_set() {
            Kind::Seq(entries.into_iter().map(|(key, _)| key).collect())
        } else {
            Kind::Map(Arc::from(entries))
        };
        Ok(tag::apply(&meaning, Node { kind, tag: Tag::None, span }))
    }

    /// From the first byte to the last of the content: the end of a block collection is only known where the next thing starts.
    fn collection_span(&self, start: &Span, end: &Event, last: Option<&Node>) -> Span {
        let end = self.span(end.start_mark, end.end_mark);
        let closes = matches!(end.text(), "]" | "}");
        let end = match last {
            Some(last) if !closes => last.span.end().max(start.end()),
            _ => end.end(),
        };
        Span::new(self.source, start.start(), end)
    }

    fn meaning(&mut self, tag: Option<&str>, span: &Span) -> Meaning {
        tag::meaning(tag).unwrap_or_else(|problem| {
            self.diagnostics.push(problem.at(span, ""));
            Meaning::Ansible(Tag::None)
        })
    }

    fn refuse_collection(&mut self, meaning: &Meaning, span: &Span, shape: tag::Shape) {
        if let Err(problem) = tag::fits(meaning, shape) {
            self.diagnostics.push(Diagnostic::error(problem).at(span, ""));
        }
    }
}
