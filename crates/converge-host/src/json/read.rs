//! Reading JSON, in as many lines as facts are worth: RFC 8259.

use std::str::Chars;

use crate::data::{Data, Map};

/// More brackets in brackets than this are refused.
const DEPTH: usize = 64;

/// The value of a whole text; none where it is no JSON.
pub(crate) fn parse(text: &str) -> Option<Data> {
    let mut parser = Parser { rest: text, depth: 0 };
    let value = parser.value()?;
    parser.rest.trim().is_empty().then_some(value)
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Option<Data> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => self.nested(Self::object),
            '[' => self.nested(Self::array),
            '"' => self.string().map(Data::Str),
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Data>) -> Option<Data> {
        self.depth += 1;
        let value = if self.depth > DEPTH { None } else { read(self) };
        self.depth -= 1;
        value
    }

    /// Whether a sign comes next, which is then behind.
    fn take(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(sign);
        self.rest = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn object(&mut self) -> Option<Data> {
        let mut map = Map::new();
        self.take('{');
        if self.take('}') {
            return Some(Data::Map(map));
        }
        loop {
            self.rest = self.rest.trim_start();
            let key = self.string()?;
            self.take(':').then_some(())?;
            let value = self.value()?;
            map.insert(key, value);
            if self.take('}') {
                return Some(Data::Map(map));
            }
            self.take(',').then_some(())?;
        }
    }

    fn array(&mut self) -> Option<Data> {
        let mut items = Vec::new();
        self.take('[');
        if self.take(']') {
            return Some(Data::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.take(']') {
                return Some(Data::List(items));
            }
            self.take(',').then_some(())?;
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut letters = self.rest.strip_prefix('"')?.chars();
        let mut text = String::new();
        loop {
            text.push(match letters.next()? {
                '"' => break,
                '\\' => match letters.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => unicode(&mut letters)?,
                    other @ ('"' | '\\' | '/') => other,
                    _ => return None,
                },
                letter => letter,
            });
        }
        self.rest = letters.as_str();
        Some(text)
    }

    fn word(&mut self) -> Option<Data> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "null" => Some(Data::Null),
            "true" => Some(Data::Bool(true)),
            "false" => Some(Data::Bool(false)),
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                number.parse().map(Data::Int).or_else(|_| number.parse().map(Data::Float)).ok()
            }
            _ => None,
        }
    }
}

/// A letter by its number; the first half of a pair has to be followed by the second.
fn unicode(letters: &mut Chars<'_>) -> Option<char> {
    let first = unit(letters)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    (letters.next()? == '\\' && letters.next()? == 'u').then_some(())?;
    let second = unit(letters)?.checked_sub(0xdc00).filter(|second| *second < 0x400)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
}

fn unit(letters: &mut Chars<'_>) -> Option<u32> {
    let digits: String = letters.by_ref().take(4).collect();
    u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::data::{Data, Map};

    fn map(entries: &[(&str, Data)]) -> Data {
        Data::Map(entries.iter().map(|(key, data)| ((*key).into(), data.clone())).collect::<Map>())
    }

    #[test]
    fn json_is_read() {
        let text =
            r#" {"a": [1, -2.5, true, null], "b": {"c": "x\ny \u00e9 \ud83d\ude00"}, "d": {}} "#;
        let list = Data::List(vec![1_i64.into(), (-2.5).into(), true.into(), Data::Null]);
        let want = map(&[("a", list), ("b", map(&[("c", "x\ny é 😀".into())])), ("d", map(&[]))]);
        assert_eq!(parse(text), Some(want));
        assert_eq!(parse("[]"), Some(Data::List(Vec::new())));
        assert_eq!(parse("1e3"), Some(Data::Float(1000.0)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "{\"a\": }", "{\"a\": 1", "[1,]", "\"\\ud83d\"", "1 2", &"[".repeat(100)] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
