//! Template text as tokens, by the rules of Jinja2's lexer.

use std::ops::Range;

use crate::template::syntax::Syntax;
use crate::value::{BigInt, Fault, FaultKind, Value, int_from_text};

/// A token and the bytes it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) at: Range<usize>,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// Text outside of all marks.
    Text(String),
    /// `{{`
    VariableStart,
    /// `}}`
    VariableEnd,
    /// `{%`
    BlockStart,
    /// `%}`
    BlockEnd,
    /// A name or keyword.
    Name(String),
    /// A string literal.
    Str(String),
    /// A number.
    Number(Value),
    /// An operator or bracket.
    Op(&'static str),
}

/// The operators, the longer before those they begin with.
const OPERATORS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";",
];

/// Splits template text into tokens.
pub(crate) fn tokens(text: &str, syntax: &Syntax) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { text, syntax, at: 0, tokens: Vec::new(), line_start: true };
    lexer.run()?;
    Ok(lexer.tokens)
}

/// Splits a bare expression, as `when` has it, into tokens.
pub(crate) fn expression_tokens(text: &str, syntax: &Syntax) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { text, syntax, at: 0, tokens: Vec::new(), line_start: true };
    lexer.code(None, syntax.plain_backslashes)?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    syntax: &'a Syntax,
    at: usize,
    tokens: Vec<Token>,
    line_start: bool,
}

/// What stands at a mark.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Variable,
    Block,
    Comment,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        let end = if self.syntax.keep_trailing_newline || !self.text.ends_with('\n') {
            self.text.len()
        } else {
            self.text.len() - 1
        };
        while self.at < end {
            let rest = &self.text[self.at..end];
            let Some((offset, mark)) = self.next_mark(rest) else {
                self.push_text(self.at..end, false, None);
                break;
            };
            let start = self.at + offset;
            let opening = match mark {
                Mark::Variable => &self.syntax.variable_start,
                Mark::Block => &self.syntax.block_start,
                Mark::Comment => &self.syntax.comment_start,
            };
            let mut inside = start + opening.len();
            let sign = self.text[inside..].chars().next().filter(|sign| matches!(sign, '-' | '+'));
            if sign.is_some() {
                inside += 1;
            }
            self.push_text(self.at..start, mark != Mark::Variable, sign);
            match mark {
                Mark::Comment => self.comment(start, inside)?,
                Mark::Block if self.raw(start, inside)? => {}
                Mark::Block => {
                    self.push(TokenKind::BlockStart, start..inside);
                    self.at = inside;
                    self.code(Some(Mark::Block), false)?;
                }
                Mark::Variable => {
                    self.push(TokenKind::VariableStart, start..inside);
                    self.at = inside;
                    self.code(Some(Mark::Variable), self.syntax.plain_backslashes)?;
                }
            }
        }
        Ok(())
    }

    /// The nearest mark; of two at the same place the longer one.
    fn next_mark(&self, rest: &str) -> Option<(usize, Mark)> {
        [
            (Mark::Variable, &self.syntax.variable_start),
            (Mark::Block, &self.syntax.block_start),
            (Mark::Comment, &self.syntax.comment_start),
        ]
        .into_iter()
        .filter_map(|(mark, start)| rest.find(start.as_str()).map(|at| (at, start.len(), mark)))
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
        .map(|(at, _, mark)| (at, mark))
    }

    /// Text before a mark, its blanks cut as the mark's sign or `lstrip_blocks` wants it.
    fn push_text(&mut self, range: Range<usize>, block_follows: bool, sign: Option<char>) {
        let mut text = &self.text[range.clone()];
        if sign == Some('-') {
            text = text.trim_end();
        } else if block_follows && self.syntax.lstrip_blocks && sign.is_none() {
            let line = text.rfind('\n').map_or(0, |at| at + 1);
            if (line > 0 || self.line_start) && text[line..].chars().all(char::is_whitespace) {
                text = &text[..line];
            }
        }
        if !text.is_empty() {
            let text = if text.contains('\r') {
                text.replace("\r\n", "\n").replace('\r', "\n")
            } else {
                text.to_owned()
            };
            self.push(TokenKind::Text(text), range);
        }
    }

    /// After the closing mark: skips what its sign or `trim_blocks` drops.
    fn close(&mut self, after: usize, sign: Option<char>, trims: bool) {
        self.at = after;
        let rest = &self.text[after..];
        if sign == Some('-') {
            self.at += rest.len() - rest.trim_start().len();
        } else if sign.is_none() && trims && self.syntax.trim_blocks {
            self.at +=
                if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        self.line_start = self.at > after && self.text[..self.at].ends_with('\n');
    }

    fn comment(&mut self, start: usize, inside: usize) -> Result<(), Fault> {
        let closing = &self.syntax.comment_end;
        let Some(offset) = self.text[inside..].find(closing.as_str()) else {
            return Err(fault("this comment is not closed", start..inside)
                .with_help(format!("it ends with `{closing}`")));
        };
        let end = inside + offset;
        let sign = self.text[inside..end].chars().last().filter(|sign| matches!(sign, '-' | '+'));
        self.close(end + closing.len(), sign, true);
        Ok(())
    }

    /// Reads `{% raw %}…{% endraw %}` if that is what stands here.
    fn raw(&mut self, start: usize, inside: usize) -> Result<bool, Fault> {
        let Some((_, body, sign)) = self.tag(inside, "raw") else { return Ok(false) };
        let body = if sign == Some('-') {
            body + (self.text[body..].len() - self.text[body..].trim_start().len())
        } else {
            body
        };
        let mut from = body;
        while let Some(offset) = self.text[from..].find(self.syntax.block_start.as_str()) {
            let mark = from + offset;
            let mut name = mark + self.syntax.block_start.len();
            let opening = self.text[name..].chars().next().filter(|sign| matches!(sign, '-' | '+'));
            if opening.is_some() {
                name += 1;
            }
            if let Some((_, after, closing)) = self.tag(name, "endraw") {
                self.push_text(body..mark, true, opening);
                self.close(after, closing, true);
                return Ok(true);
            }
            from = name;
        }
        Err(fault("this `raw` is not closed", start..body).with_help("it ends with `endraw`"))
    }

    /// Whether a block holds just `word`: where the word is, where the block ends, the sign of its end.
    fn tag(&self, inside: usize, word: &str) -> Option<(usize, usize, Option<char>)> {
        let rest = &self.text[inside..];
        let name = inside + (rest.len() - rest.trim_start().len());
        let rest = self.text[name..].strip_prefix(word)?;
        let mut end = self.text.len() - rest.trim_start().len();
        let sign = self.text[end..].chars().next().filter(|sign| matches!(sign, '-' | '+'));
        if sign.is_some() {
            end += 1;
        }
        self.text[end..]
            .starts_with(self.syntax.block_end.as_str())
            .then(|| (name, end + self.syntax.block_end.len(), sign))
    }

    /// Reads code up to the closing mark, or to the end of the text where there is none.
    fn code(&mut self, until: Option<Mark>, plain_backslashes: bool) -> Result<(), Fault> {
        let mut open: Vec<(&'static str, usize)> = Vec::new();
        let begin = self.at;
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            if let (Some(mark), true) = (until, open.is_empty())
                && let Some((length, sign)) = self.closing(rest, mark)
            {
                let kind =
                    if mark == Mark::Block { TokenKind::BlockEnd } else { TokenKind::VariableEnd };
                self.push(kind, self.at..self.at + length);
                self.close(self.at + length, sign, mark == Mark::Block);
                return Ok(());
            }
            let Some(first) = rest.chars().next() else {
                if let Some((bracket, at)) = open.pop() {
                    return Err(fault(format!("this `{bracket}` is not closed"), at..at + 1));
                }
                return match until {
                    None => Ok(()),
                    Some(mark) => Err(self.unclosed(mark, begin)),
                };
            };
            if first.is_ascii_digit() {
                self.number(rest)?;
            } else if first == '_' || first.is_alphabetic() {
                let length = rest
                    .find(|next: char| next != '_' && !next.is_alphanumeric())
                    .unwrap_or(rest.len());
                self.push(TokenKind::Name(rest[..length].to_owned()), self.at..self.at + length);
                self.at += length;
            } else if first == '\'' || first == '"' {
                self.string(rest, first, plain_backslashes)?;
            } else if let Some(operator) =
                OPERATORS.iter().copied().find(|operator| rest.starts_with(operator))
            {
                match operator {
                    "(" | "[" | "{" => open.push((operator, self.at)),
                    ")" | "]" | "}" => self.closes(&mut open, operator)?,
                    _ => {}
                }
                self.push(TokenKind::Op(operator), self.at..self.at + operator.len());
                self.at += operator.len();
            } else {
                return Err(fault(
                    format!("`{first}` means nothing here"),
                    self.at..self.at + first.len_utf8(),
                ));
            }
        }
    }

    fn closing(&self, rest: &str, mark: Mark) -> Option<(usize, Option<char>)> {
        let end =
            if mark == Mark::Block { &self.syntax.block_end } else { &self.syntax.variable_end };
        let sign = rest
            .chars()
            .next()
            .filter(|sign| *sign == '-' || (*sign == '+' && mark == Mark::Block));
        let skip = usize::from(sign.is_some());
        if rest[skip..].starts_with(end.as_str()) {
            return Some((skip + end.len(), sign));
        }
        rest.starts_with(end.as_str()).then_some((end.len(), None))
    }

    fn unclosed(&self, mark: Mark, begin: usize) -> Fault {
        let (start, end) = match mark {
            Mark::Block => (&self.syntax.block_start, &self.syntax.block_end),
            _ => (&self.syntax.variable_start, &self.syntax.variable_end),
        };
        let at = begin.saturating_sub(start.len());
        fault(format!("this `{start}` is not closed"), at..at + start.len())
            .with_help(format!("it ends with `{end}`"))
    }

    fn closes(&self, open: &mut Vec<(&'static str, usize)>, closing: &str) -> Result<(), Fault> {
        let want = |opening: &str| match opening {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        match open.pop() {
            Some((opening, _)) if want(opening) == closing => Ok(()),
            Some((opening, _)) => Err(fault(
                format!("`{closing}` stands where `{}` would close `{opening}`", want(opening)),
                self.at..self.at + closing.len(),
            )),
            None => {
                Err(fault(format!("`{closing}` closes nothing"), self.at..self.at + closing.len()))
            }
        }
    }

    fn number(&mut self, rest: &str) -> Result<(), Fault> {
        let after_dot = matches!(self.tokens.last(), Some(Token { kind: TokenKind::Op("."), at }) if at.end == self.at);
        let bytes = rest.as_bytes();
        let digits = |from: usize| {
            let mut at = from;
            while at < bytes.len()
                && (bytes[at].is_ascii_digit() || (bytes[at] == b'_' && at > from))
            {
                at += 1;
            }
            at
        };
        let whole = digits(0);
        let mut end = whole;
        let mut float = false;
        if !after_dot {
            if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1);
                float = true;
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    end = digits(end + 1 + sign);
                    float = true;
                }
            }
        }
        if float {
            let number = rest[..end].replace('_', "").parse().unwrap_or(f64::INFINITY);
            self.push(TokenKind::Number(Value::Float(number)), self.at..self.at + end);
            self.at += end;
            return Ok(());
        }
        let prefixed = bytes[0] == b'0'
            && matches!(bytes.get(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        if prefixed {
            end = rest
                .find(|next: char| next != '_' && !next.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
        }
        let range = self.at..self.at + end;
        let Some(number) = int_from_text(&rest[..end], 0) else {
            let decimal = BigInt::parse_bytes(&bytes[..end], 10).is_some();
            let fault = fault(format!("`{}` is no number", &rest[..end]), range);
            return Err(if decimal {
                fault.with_help("an octal number is written `0o17`")
            } else {
                fault
            });
        };
        self.push(TokenKind::Number(number), range);
        self.at += end;
        Ok(())
    }

    fn string(&mut self, rest: &str, quote: char, plain_backslashes: bool) -> Result<(), Fault> {
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(at, next)| {
            if escaped {
                escaped = false;
                return None;
            }
            escaped = next == '\\';
            (next == quote).then_some(at)
        });
        let Some(end) = end else {
            return Err(fault("this string is not closed", self.at..self.at + 1)
                .with_help(format!("it ends with `{quote}`")));
        };
        let range = self.at..self.at + end + 1;
        let inner = &rest[1..end];
        let text = if plain_backslashes || !inner.contains('\\') {
            inner.to_owned()
        } else {
            unescape(inner)
        };
        self.push(TokenKind::Str(text), range);
        self.at += end + 1;
        Ok(())
    }

    fn push(&mut self, kind: TokenKind, at: Range<usize>) {
        self.line_start = matches!(&kind, TokenKind::Text(text) if text.ends_with('\n'));
        self.tokens.push(Token { kind, at });
    }
}

impl Fault {
    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

fn fault(message: impl Into<String>, at: Range<usize>) -> Fault {
    let mut fault = Fault::new(FaultKind::Syntax, message);
    fault.at = Some(at);
    fault
}

/// The escapes of Python's string literals; what is none stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(next) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        let (replacement, length) = match next {
            '\n' => (None, 1),
            '\\' | '\'' | '"' => (Some(next), 1),
            'a' => (Some('\u{7}'), 1),
            'b' => (Some('\u{8}'), 1),
            'f' => (Some('\u{c}'), 1),
            'n' => (Some('\n'), 1),
            'r' => (Some('\r'), 1),
            't' => (Some('\t'), 1),
            'v' => (Some('\u{b}'), 1),
            '0'..='7' => {
                let length =
                    rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                (u32::from_str_radix(&rest[..length], 8).ok().and_then(char::from_u32), length)
            }
            'x' | 'u' | 'U' => {
                let digits = match next {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                match rest
                    .get(1..=digits)
                    .and_then(|code| u32::from_str_radix(code, 16).ok())
                    .and_then(char::from_u32)
                {
                    Some(character) => (Some(character), digits + 1),
                    None => {
                        out.push('\\');
                        (Some(next), 1)
                    }
                }
            }
            _ => {
                out.push('\\');
                (Some(next), next.len_utf8())
            }
        };
        out.extend(replacement);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{TokenKind, tokens};
    use crate::template::syntax::Syntax;

    fn check(syntax: &Syntax, text: &str, want: &str) {
        let got: Vec<String> = tokens(text, syntax)
            .unwrap()
            .into_iter()
            .map(|token| match token.kind {
                TokenKind::Text(text) => format!("{text:?}"),
                TokenKind::VariableStart => "{{".to_owned(),
                TokenKind::VariableEnd => "}}".to_owned(),
                TokenKind::BlockStart => "{%".to_owned(),
                TokenKind::BlockEnd => "%}".to_owned(),
                TokenKind::Name(name) => name,
                TokenKind::Str(text) => format!("'{text}'"),
                TokenKind::Number(number) => number.to_string(),
                TokenKind::Op(operator) => operator.to_owned(),
            })
            .collect();
        assert_eq!(got.join(" "), want, "{text:?}");
    }

    #[test]
    fn blanks_go_as_the_signs_say() {
        let string = Syntax::string();
        check(&string, "a {{- b -}} c", r#""a" {{ b }} "c""#);
        check(&string, "a\n{% if x %}\nb\n", r#""a\n" {% if x %} "b""#);
        check(&string, "{% if x +%}\nb", r#"{% if x %} "\nb""#);
        check(&string, "a {#- c -#}\n b", r#""a" "b""#);
        let strip = Syntax { lstrip_blocks: true, ..Syntax::file() };
        check(&strip, "  {% if x %}\n  {{ y }}\n", r#"{% if x %} "  " {{ y }}"#);
        check(&strip, "  {%+ if x %}", r#""  " {% if x %}"#);
        check(&strip, "a  {% if x %}", r#""a  " {% if x %}"#);
    }

    #[test]
    fn raw_text_is_not_read() {
        check(&Syntax::string(), "{% raw %}{{ x }}{% y %}{% endraw %}z", r#""{{ x }}{% y %}" "z""#);
        check(&Syntax::string(), "a {%- raw -%} {{ x {%- endraw %}\n", r#""a" "{{ x""#);
    }

    #[test]
    fn braces_may_nest() {
        check(&Syntax::string(), "{{ {'a': {'b': 1}} }}", "{{ { 'a' : { 'b' : 1 } } }}");
    }

    #[test]
    fn numbers() {
        check(
            &Syntax::string(),
            "{{ 1_000 0x1f 1.5e3 a.1.2 1. }}",
            "{{ 1000 31 1500.0 a . 1 . 2 1 . }}",
        );
        assert!(tokens("{{ 0644 }}", &Syntax::string()).is_err());
    }

    #[test]
    fn backslashes_in_files_are_escapes() {
        check(&Syntax::string(), r"{{ '\n\d' }}", r"{{ '\n\d' }}");
        check(&Syntax::file(), r"{{ '\x41\d\u00e9\101' }}", r"{{ 'A\déA' }}");
        check(&Syntax::string(), r"{% x 'a\tb' %}", "{% x 'a\tb' %}");
    }

    #[test]
    fn mistakes_have_a_place() {
        for (text, at) in [
            ("a {{ b", 2..4),
            ("{{ 'b }}", 3..4),
            ("{{ (b }}", 6..7),
            ("{{ b ] }}", 5..6),
            ("{# b", 0..2),
            ("{{ § }}", 3..5),
        ] {
            assert_eq!(tokens(text, &Syntax::string()).unwrap_err().at, Some(at), "{text}");
        }
    }
}
