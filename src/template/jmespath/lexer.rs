//! A query as tokens.

use crate::template::filters::parse_json;
use crate::value::{Stop, Value};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name without quotes.
    Name(String),
    /// A name in double quotes.
    Quoted(String),
    /// A value between backticks, or text in single quotes.
    Literal(Value),
    Number(i64),
    Op(&'static str),
}

/// The longer before those they begin with.
const OPERATORS: &[&str] = &[
    "[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "[", "]", "(", ")", "{", "}",
    ".", ",", ":", "*", "|", "@", "&",
];

/// Splits a query.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, Stop> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' => {
                let end =
                    quoted_end(rest, '"').ok_or_else(|| bad(query, "a name is not closed"))?;
                match parse_json(&rest[..=end])? {
                    Value::Str(name) => (Token::Quoted(name.to_string()), end + 1),
                    _ => return Err(bad(query, "a name is expected in the quotes")),
                }
            }
            '\'' => {
                let end =
                    quoted_end(rest, '\'').ok_or_else(|| bad(query, "a text is not closed"))?;
                (Token::Literal(rest[1..end].replace("\\'", "'").into()), end + 1)
            }
            '`' => {
                let end =
                    quoted_end(rest, '`').ok_or_else(|| bad(query, "a literal is not closed"))?;
                let inner = rest[1..end].replace("\\`", "`");
                let inner = inner.trim_start();
                // Text without quotes is allowed, as older versions of the language had it.
                let literal = parse_json(inner).unwrap_or_else(|_| inner.trim_end().into());
                (Token::Literal(literal), end + 1)
            }
            digit
                if digit.is_ascii_digit()
                    || (digit == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) =>
            {
                let end =
                    rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |at| at + 1);
                let number =
                    rest[..end].parse().map_err(|_| bad(query, "a number is too large"))?;
                (Token::Number(number), end)
            }
            letter if letter == '_' || letter.is_ascii_alphabetic() => {
                let end = rest
                    .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
                    .unwrap_or(rest.len());
                (Token::Name(rest[..end].to_owned()), end)
            }
            other => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                Some(operator) => (Token::Op(operator), operator.len()),
                None => return Err(bad(query, &format!("`{other}` means nothing here"))),
            },
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Where the closing quote of a text that begins with one stands.
fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, character)| {
        let closes = character == quote && !escaped;
        escaped = character == '\\' && !escaped;
        closes.then_some(at)
    })
}

pub(super) fn bad(query: &str, why: &str) -> Stop {
    Stop::value(format!("`{query}` is no query: {why}"))
}
