//! Reads Python's pattern language.

use std::sync::Arc;

use crate::python_re::node::{At, Fold, Node, One, Repeat};
use crate::python_re::width::width;
use crate::python_re::{Error, Flags};

/// Brackets may be as deep as this; each level costs a little of the stack.
const DEEPEST: usize = 100;

/// A pattern, read.
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Parsed, Error> {
    let mut reader = Reader {
        pattern,
        rest: pattern,
        flags,
        names: Vec::new(),
        groups: 0,
        open: Vec::new(),
        conditions: 0,
        depth: 0,
    };
    reader.leading_flags()?;
    let node = reader.either()?;
    if reader.conditions > reader.groups {
        return Err(reader.error(&format!("there is no group {}", reader.conditions)));
    }
    match reader.rest.is_empty() {
        true => Ok(Parsed { node, groups: reader.groups, names: reader.names }),
        false => Err(reader.error("a `)` closes nothing")),
    }
}

pub(super) struct Reader<'a> {
    pattern: &'a str,
    pub(super) rest: &'a str,
    pub(super) flags: Flags,
    names: Vec<(String, usize)>,
    groups: usize,
    /// The groups that are not closed yet.
    open: Vec<usize>,
    /// The last group that a condition names: it may come later.
    conditions: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    /// Takes a text, if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(super) fn error(&self, why: &str) -> Error {
        Error::new(format!("`{}` is no regular expression: {why}", self.pattern))
    }

    /// Up to the end of a group or of the pattern.
    fn either(&mut self) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("its brackets are too deep"));
        }
        let mut choices = vec![self.row()?];
        while self.take("|") {
            choices.push(self.row()?);
        }
        self.depth -= 1;
        Ok(if choices.len() == 1 { choices.remove(0) } else { Node::Either(choices) })
    }

    fn row(&mut self) -> Result<Node, Error> {
        let mut row = Vec::new();
        let mut repeated = false;
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            if let Some((least, most, rest)) = self.count() {
                let node = match row.pop() {
                    None | Some(Node::At(_)) => {
                        return Err(self.error("there is nothing to repeat"));
                    }
                    Some(_) if repeated => return Err(self.error("it repeats a repetition")),
                    Some(node) => Arc::new(node),
                };
                if most.is_some_and(|most| most < least) {
                    return Err(self.error("a repetition has a most that is below its least"));
                }
                self.rest = rest;
                let greedy = !self.take("?");
                let only = greedy && self.take("+");
                let repeat = Node::Repeat(Repeat { node, least, most, greedy });
                row.push(if only { Node::Atomic(Arc::new(repeat)) } else { repeat });
                repeated = true;
            } else if let Some(node) = self.item()? {
                row.push(node);
                repeated = false;
            }
        }
        Ok(if row.len() == 1 { row.remove(0) } else { Node::Row(row) })
    }

    /// How often the part before is repeated, and what follows; none where no count comes next. A `{` is itself unless it
    /// begins one.
    fn count(&self) -> Option<(usize, Option<usize>, &'a str)> {
        let first = self.rest.chars().next()?;
        let rest = &self.rest[first.len_utf8()..];
        match first {
            '*' => Some((0, None, rest)),
            '+' => Some((1, None, rest)),
            '?' => Some((0, Some(1), rest)),
            '{' => {
                let (inner, rest) = rest.split_once('}')?;
                let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
                let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                if inner.is_empty() || !digits(least) || !digits(most) {
                    return None;
                }
                let most = if most.is_empty() { None } else { Some(most.parse().ok()?) };
                Some((if least.is_empty() { 0 } else { least.parse().ok()? }, most, rest))
            }
            _ => None,
        }
    }

    /// The next part; none where it stands for nothing, as a comment does.
    fn item(&mut self) -> Result<Option<Node>, Error> {
        let Some(character) = self.next() else { return Ok(None) };
        let lines = self.flags.multi_line;
        Ok(Some(match character {
            '\\' => self.escape()?,
            '[' => self.set()?,
            '(' => return self.group(),
            '.' => Node::One(if self.flags.dot_all { One::Any } else { One::InLine }),
            '^' => Node::At(if lines { At::LineStart } else { At::Start }),
            '$' => Node::At(if lines { At::LineEnd } else { At::Last }),
            '#' if self.flags.verbose => {
                self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                return Ok(None);
            }
            ' ' | '\t'..='\r' if self.flags.verbose => return Ok(None),
            other => self.one(other),
        }))
    }

    pub(super) fn one(&self, character: char) -> Node {
        Node::One(One::Is(character, self.fold()))
    }

    pub(super) fn fold(&self) -> Fold {
        match (self.flags.ignore_case, self.flags.ascii) {
            (false, _) => Fold::No,
            (true, true) => Fold::Ascii,
            (true, false) => Fold::Full,
        }
    }

    /// Flags for the whole pattern, which stand at its start: `(?im)`.
    fn leading_flags(&mut self) -> Result<(), Error> {
        while let Some(inner) = self.rest.strip_prefix("(?") {
            let Some((letters, rest)) = inner.split_once(')') else { return Ok(()) };
            if letters.is_empty() || !letters.bytes().all(|letter| b"aiLmsux".contains(&letter)) {
                return Ok(());
            }
            self.set_flags(letters, true)?;
            self.rest = rest;
        }
        Ok(())
    }

    fn set_flags(&mut self, letters: &str, on: bool) -> Result<(), Error> {
        for letter in letters.chars() {
            match letter {
                'i' => self.flags.ignore_case = on,
                'm' => self.flags.multi_line = on,
                's' => self.flags.dot_all = on,
                'x' => self.flags.verbose = on,
                'a' => self.flags.ascii = on,
                'u' => self.flags.ascii = false,
                'L' => {}
                other => return Err(self.error(&format!("there is no flag `{other}`"))),
            }
        }
        Ok(())
    }

    /// Behind an opening bracket.
    fn group(&mut self) -> Result<Option<Node>, Error> {
        if !self.take("?") {
            return self.kept().map(Some);
        }
        if self.take("#") {
            self.until(')', "a comment")?;
            return Ok(None);
        }
        if self.take("P<") {
            let name = self.until('>', "a group's name")?;
            self.check_name(name)?;
            self.names.push((name.to_owned(), self.groups + 1));
            return self.kept().map(Some);
        }
        if self.take("P=") {
            let name = self.until(')', "a reference")?;
            let group = self.named(name)?;
            return self.reference(group).map(Some);
        }
        if self.take("(") {
            return self.condition().map(Some);
        }
        let before = self.flags;
        let node = if self.take(":") {
            self.inside()?
        } else if self.take("=") {
            Node::Look { node: Arc::new(self.inside()?), behind: None, wanted: true }
        } else if self.take("!") {
            Node::Look { node: Arc::new(self.inside()?), behind: None, wanted: false }
        } else if self.take("<=") {
            self.behind(true)?
        } else if self.take("<!") {
            self.behind(false)?
        } else if self.take(">") {
            Node::Atomic(Arc::new(self.inside()?))
        } else {
            let rest = self.rest;
            let letters = self.until(':', "a group's kind").unwrap_or("?");
            let (on, off) = letters.split_once('-').unwrap_or((letters, ""));
            if letters.contains(|letter: char| !letter.is_ascii_alphabetic() && letter != '-') {
                self.rest = rest;
                return Err(self.error("there is no such kind of group"));
            }
            self.set_flags(on, true)?;
            self.set_flags(off, false)?;
            self.inside()?
        };
        self.flags = before;
        // What repeats it repeats the whole.
        Ok(Some(match node {
            Node::Repeat(_) | Node::At(_) => Node::Row(vec![node]),
            other => other,
        }))
    }

    /// A group that is kept.
    fn kept(&mut self) -> Result<Node, Error> {
        self.groups += 1;
        let (group, before) = (self.groups, self.flags);
        self.open.push(group);
        let inner = self.inside()?;
        self.open.pop();
        self.flags = before;
        Ok(Node::Group(group, Arc::new(inner)))
    }

    fn inside(&mut self) -> Result<Node, Error> {
        let node = self.either()?;
        if self.take(")") { Ok(node) } else { Err(self.error("a `(` is not closed")) }
    }

    fn behind(&mut self, wanted: bool) -> Result<Node, Error> {
        let node = self.inside()?;
        let Some(characters) = width(&node) else {
            return Err(self.error("what stands behind must have one length"));
        };
        Ok(Node::Look { node: Arc::new(node), behind: Some(characters), wanted })
    }

    fn condition(&mut self) -> Result<Node, Error> {
        let name = self.until(')', "a condition")?;
        let group = match name.parse() {
            Ok(group) if group > 0 => group,
            _ => self.named(name)?,
        };
        self.conditions = self.conditions.max(group);
        let then = Arc::new(self.row()?);
        let otherwise = Arc::new(if self.take("|") { self.row()? } else { Node::Row(Vec::new()) });
        match self.take(")") {
            true => Ok(Node::If { group, then, otherwise }),
            false => Err(self.error("a condition has more than two sides, or is not closed")),
        }
    }

    /// A reference to what a group found.
    pub(super) fn reference(&self, group: usize) -> Result<Node, Error> {
        if group > self.groups {
            return Err(self.error(&format!("there is no group {group} yet")));
        }
        if self.open.contains(&group) {
            return Err(self.error(&format!("group {group} is not closed yet")));
        }
        Ok(Node::Back { group, fold: self.fold() })
    }

    fn named(&self, name: &str) -> Result<usize, Error> {
        let known = self.names.iter().find(|(known, _)| known == name);
        known
            .map(|(_, group)| *group)
            .ok_or_else(|| self.error(&format!("there is no group `{name}`")))
    }

    fn until(&mut self, end: char, what: &str) -> Result<&'a str, Error> {
        let Some((inner, rest)) = self.rest.split_once(end) else {
            return Err(self.error(&format!("{what} is not closed")));
        };
        self.rest = rest;
        Ok(inner)
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        let fine = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character == '_' || character.is_alphanumeric());
        if !fine {
            return Err(self.error(&format!("`{name}` is no name for a group")));
        }
        match self.names.iter().any(|(other, _)| other == name) {
            true => Err(self.error(&format!("two groups are called `{name}`"))),
            false => Ok(()),
        }
    }
}
