//! Values of INI inventories: Python literals where they are ones, text otherwise.
//!
//! Ansible passes every value of an INI inventory through Python's `ast.literal_eval`
//! (<https://docs.python.org/3/library/ast.html#ast.literal_eval>), so `1`, `True`, `[80, 443]` and `80,443` have types, and `yes`,
//! `0644` and `10.0.0.1` are text.

use std::iter::Peekable;
use std::str::CharIndices;
use std::sync::Arc;

use crate::source::Span;
use crate::yaml::{Kind, Node, Style, Tag, scalar};

/// Brackets may stand in each other this deep.
const MAX_DEPTH: usize = 50;

/// The value of `text`, which stands at `span`.
pub(super) fn value(text: &str, span: &Span) -> Node {
    let kind = literal(text, span).unwrap_or_else(|| Kind::Str(Arc::from(text), Style::Plain));
    node(kind, span)
}

fn literal(text: &str, span: &Span) -> Option<Kind> {
    let text = text.trim_matches([' ', '\t']);
    let mut reader = Reader { text, letters: text.char_indices().peekable(), span };
    let value = reader.items(None, 0)?;
    reader.skip_space();
    reader.letters.peek().is_none().then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    letters: Peekable<CharIndices<'a>>,
    span: &'a Span,
}

impl Reader<'_> {
    /// What stands between brackets, or the whole text where `close` is nothing: one value, or a tuple of several.
    fn items(&mut self, close: Option<char>, depth: usize) -> Option<Kind> {
        let mut items = Vec::new();
        let mut commas = 0;
        loop {
            self.skip_space();
            match self.letters.peek() {
                Some((_, letter)) if Some(*letter) != close => {}
                found if found.map(|(_, letter)| *letter) == close => break,
                _ => return None,
            }
            if items.len() > commas {
                return None;
            }
            items.push(self.value(depth)?);
            self.skip_space();
            if self.take(',') {
                commas += 1;
            }
        }
        if let Some(close) = close {
            self.take(close);
        }
        match (items.pop(), commas) {
            (Some(only), 0) => Some(only),
            // Nothing is the empty tuple between brackets, and no value at all otherwise.
            (None, _) => close.map(|_| Kind::Seq(Arc::from([]))),
            (Some(last), _) => Some(self.sequence(items, last)),
        }
    }

    fn sequence(&self, items: Vec<Kind>, last: Kind) -> Kind {
        Kind::Seq(items.into_iter().chain([last]).map(|kind| node(kind, self.span)).collect())
    }

    fn value(&mut self, depth: usize) -> Option<Kind> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (start, first) = *self.letters.peek()?;
        match first {
            '(' => {
                self.letters.next();
                self.items(Some(')'), depth + 1)
            }
            '[' => {
                self.letters.next();
                // `[1]` is a list where `(1)` is a number.
                self.list(depth + 1)
            }
            '{' => {
                self.letters.next();
                self.braces(depth + 1)
            }
            '-' | '+' => {
                self.letters.next();
                self.skip_space();
                let operand = self.letters.peek().map(|(_, letter)| *letter)?;
                if !(operand.is_ascii_digit() || matches!(operand, '.' | '(')) {
                    return None;
                }
                signed(self.value(depth + 1)?, first == '-')
            }
            '\'' | '"' => self.strings(),
            '0'..='9' | '.' => self.number(start),
            _ => self.word(start),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Kind> {
        let mut items = Vec::new();
        self.separated(']', |reader| {
            items.push(reader.value(depth)?);
            Some(())
        })?;
        Some(Kind::Seq(items.into_iter().map(|kind| node(kind, self.span)).collect()))
    }

    /// A dictionary or a set; a set becomes a list.
    fn braces(&mut self, depth: usize) -> Option<Kind> {
        let mut keys: Vec<Node> = Vec::new();
        let mut values: Vec<Node> = Vec::new();
        self.separated('}', |reader| {
            let key = node(reader.value(depth)?, reader.span);
            if matches!(key.kind, Kind::Seq(_) | Kind::Map(_)) {
                return None;
            }
            reader.skip_space();
            let value = if reader.take(':') {
                reader.skip_space();
                Some(node(reader.value(depth)?, reader.span))
            } else {
                None
            };
            let known = keys.iter().position(|known| known.kind == key.kind);
            match (known, value) {
                (Some(place), Some(value)) if place < values.len() => values[place] = value,
                (Some(_), _) => {}
                (None, value) => {
                    keys.push(key);
                    values.extend(value);
                }
            }
            (values.is_empty() || values.len() == keys.len()).then_some(())
        })?;
        if values.is_empty() && !keys.is_empty() {
            return Some(Kind::Seq(Arc::from(keys)));
        }
        Some(Kind::Map(keys.into_iter().zip(values).collect()))
    }

    /// Items with commas between them and perhaps after them, up to `close`.
    fn separated(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        loop {
            self.skip_space();
            if self.take(close) {
                return Some(());
            }
            item(self)?;
            self.skip_space();
            if !self.take(',') {
                self.skip_space();
                return self.take(close).then_some(());
            }
        }
    }

    fn number(&mut self, start: usize) -> Option<Kind> {
        let mut end = start;
        let mut before = ' ';
        while let Some(&(at, letter)) = self.letters.peek() {
            let exponent_sign = matches!(letter, '+' | '-')
                && matches!(before, 'e' | 'E')
                && !self.text[start..at].starts_with("0x")
                && !self.text[start..at].starts_with("0X");
            if !(letter.is_alphanumeric() || matches!(letter, '_' | '.') || exponent_sign) {
                break;
            }
            before = letter;
            end = at + letter.len_utf8();
            self.letters.next();
        }
        number(&self.text[start..end])
    }

    fn word(&mut self, start: usize) -> Option<Kind> {
        let rest = &self.text[start..];
        let length = rest
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let raw = matches!(word, "r" | "R");
        if (raw || matches!(word, "u" | "U")) && rest[length..].starts_with(['\'', '"']) {
            return self.strings();
        }
        for _ in 0..word.chars().count() {
            self.letters.next();
        }
        match word {
            "True" => Some(Kind::Bool(true)),
            "False" => Some(Kind::Bool(false)),
            "None" => Some(Kind::Null),
            "set" if rest[length..].starts_with("()") => {
                self.letters.next();
                self.letters.next();
                Some(Kind::Seq(Arc::from([])))
            }
            _ => None,
        }
    }

    /// One string, or several that stand side by side and are one.
    fn strings(&mut self) -> Option<Kind> {
        let mut text = String::new();
        loop {
            let prefix = match self.letters.peek() {
                Some((at, letter @ ('r' | 'R' | 'u' | 'U')))
                    if self.text[at + 1..].starts_with(['\'', '"']) =>
                {
                    Some(*letter)
                }
                Some((_, '\'' | '"')) => None,
                _ => return Some(Kind::Str(Arc::from(text), Style::Quoted)),
            };
            if prefix.is_some() {
                self.letters.next();
            }
            self.string(matches!(prefix, Some('r' | 'R')), &mut text)?;
            self.skip_space();
        }
    }

    fn string(&mut self, raw: bool, text: &mut String) -> Option<()> {
        let (at, quote) = self.letters.next()?;
        let triple = [quote; 3].iter().collect::<String>();
        let triple = self.text[at..].starts_with(&triple);
        if triple {
            self.letters.next();
            self.letters.next();
        }
        loop {
            let (at, letter) = self.letters.next()?;
            match letter {
                _ if letter == quote && !triple => return Some(()),
                _ if letter == quote
                    && self.text[at..].starts_with(&[quote; 3].iter().collect::<String>()) =>
                {
                    self.letters.next();
                    self.letters.next();
                    return Some(());
                }
                '\\' if raw => {
                    text.push('\\');
                    text.push(self.letters.next()?.1);
                }
                '\\' => self.escape(text)?,
                _ => text.push(letter),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let (_, letter) = self.letters.next()?;
        let plain = match letter {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\\' | '\'' | '"' => letter,
            'x' => self.code(16, 2, 2, 0)?,
            'u' => self.code(16, 4, 4, 0)?,
            'U' => self.code(16, 8, 8, 0)?,
            '0'..='7' => self.code(8, 0, 2, letter.to_digit(8)?)?,
            // Names of characters are not known here.
            'N' => return None,
            _ => {
                text.push('\\');
                letter
            }
        };
        text.push(plain);
        Some(())
    }

    /// The character whose number follows in `least` to `most` digits of `base`, after the digits already in `number`.
    fn code(&mut self, base: u32, least: usize, most: usize, mut number: u32) -> Option<char> {
        let mut digits = 0;
        while digits < most {
            let Some(digit) = self.letters.peek().and_then(|(_, letter)| letter.to_digit(base))
            else {
                break;
            };
            number = number.checked_mul(base)?.checked_add(digit)?;
            digits += 1;
            self.letters.next();
        }
        if digits < least { None } else { char::from_u32(number) }
    }

    fn skip_space(&mut self) {
        while let Some((_, letter)) = self.letters.peek() {
            match letter {
                ' ' | '\t' => self.letters.next(),
                '#' => {
                    while self.letters.next().is_some() {}
                    return;
                }
                _ => return,
            };
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }
}

fn signed(kind: Kind, negative: bool) -> Option<Kind> {
    match kind {
        Kind::Int(value) if negative => value.checked_neg().map(Kind::Int),
        Kind::Float(value) if negative => Some(Kind::Float(-value)),
        Kind::BigInt(digits) if negative => Some(scalar(&format!("-{digits}"))),
        Kind::Int(_) | Kind::Float(_) | Kind::BigInt(_) => Some(kind),
        _ => None,
    }
}

/// A number without sign, as Python writes it.
fn number(text: &str) -> Option<Kind> {
    let underscores_between_digits = text.bytes().enumerate().all(|(at, byte)| {
        let digit_at = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
        byte != b'_' || (at > 0 && digit_at(at - 1) && digit_at(at + 1))
    });
    if !underscores_between_digits {
        return None;
    }
    let digits = text.replace('_', "").to_ascii_lowercase();
    // Apart from octals, what Python takes for a whole number is one to YAML 1.1 too.
    let whole = |text: &str| match scalar(text) {
        kind @ (Kind::Int(_) | Kind::BigInt(_)) => Some(kind),
        _ => None,
    };
    if let Some(octal) = digits.strip_prefix("0o") {
        return octal
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| whole(&format!("0{octal}")))?;
    }
    if digits.starts_with("0x") || digits.starts_with("0b") {
        return whole(&digits);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let zero = digits.bytes().all(|byte| byte == b'0');
        return if digits.starts_with('0') && !zero { None } else { whole(&digits) };
    }
    let float = digits.bytes().all(|byte| byte.is_ascii_digit() || b".e+-".contains(&byte));
    float.then(|| digits.parse().ok().map(Kind::Float))?
}

fn node(kind: Kind, span: &Span) -> Node {
    Node { kind, tag: Tag::None, span: span.clone() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::literal;
    use crate::source::{Source, Span};
    use crate::yaml::{Kind, Node};

    fn show(kind: &Kind) -> String {
        let list = |items: &[Node]| {
            items.iter().map(|item| show(&item.kind)).collect::<Vec<_>>().join(",")
        };
        match kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::BigInt(digits) => digits.to_string(),
            Kind::Float(value) => format!("{value:?}"),
            Kind::Str(text, _) => serde_json::to_string(&**text).unwrap(),
            Kind::Seq(items) => format!("[{}]", list(items)),
            Kind::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{}:{}", show(&key.kind), show(&value.kind)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
        }
    }

    #[test]
    fn values_as_python() {
        let source = Source::new("hosts", "");
        let mut checked = 0;
        for line in include_str!("recorded/literals.txt").lines().skip(1) {
            let (text, expected) = line.split_once('\t').unwrap();
            let text = text.replace("<TAB>", "\t");
            let found =
                literal(&text, &Span::whole(&source)).map_or("text".to_owned(), |kind| show(&kind));
            let expected = match expected.strip_prefix("f:") {
                Some(float) => format!("{:?}", float.parse::<f64>().unwrap()),
                None => expected.replace("\\u00e9", "é"),
            };
            assert_eq!(found, expected, "{text}");
            checked += 1;
        }
        assert!(checked > 100, "only {checked} values");
    }

    #[test]
    fn deep_brackets_are_text() {
        let source = Source::new("hosts", "");
        assert!(
            literal(&format!("{}{}", "[".repeat(99), "]".repeat(99)), &Span::whole(&source))
                .is_none()
        );
        assert!(literal(&"(".repeat(100_000), &Span::whole(&source)).is_none());
    }
}
