//! `'{0:>8} {name!r}'.format(…)`, as Python does it.

use std::sync::Arc;

use crate::template::eval::access::{get, get_str};
use crate::template::numfmt::{Align, float, integer, pad, whole};
use crate::value::{Number, Stop, Value, int_from_text, repr, text};

/// Puts arguments into a format.
pub(crate) fn format(
    format: &str,
    positional: &[Value],
    named: &[(Arc<str>, Value)],
) -> Result<String, Stop> {
    let mut fields = Fields { positional, named, next: 0 };
    fields.format(format, 2)
}

/// One value by a format specification, as `format(value, spec)` does it.
pub(crate) fn format_value(value: &Value, spec: &str) -> Result<String, Stop> {
    Spec::read(spec)?.print(value)
}

struct Fields<'a> {
    positional: &'a [Value],
    named: &'a [(Arc<str>, Value)],
    next: usize,
}

impl Fields<'_> {
    fn format(&mut self, format: &str, depth: usize) -> Result<String, Stop> {
        let mut out = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" || depth == 0 {
                return Err(Stop::value(
                    "a `}` in the format closes nothing; a brace itself is written twice",
                ));
            }
            let end =
                closing(rest).ok_or_else(|| Stop::value("a `{` in the format is not closed"))?;
            out.push_str(&self.field(&rest[..end], depth)?);
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, field: &str, depth: usize) -> Result<String, Stop> {
        let (reference, spec) = match field.find([':', '!']) {
            Some(at) if field[at..].starts_with('!') => {
                let (conversion, spec) =
                    field[at + 1..].split_once(':').unwrap_or((&field[at + 1..], ""));
                let value = self.lookup(&field[..at])?;
                let spec = self.format(spec, depth - 1)?;
                let value = match conversion {
                    "r" | "a" => Value::from(repr(&value)?),
                    "s" => Value::from(text(&value)?),
                    other => return Err(Stop::value(format!("there is no conversion `!{other}`"))),
                };
                return format_value(&value, &spec);
            }
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, ""),
        };
        let value = self.lookup(reference)?;
        let spec = self.format(spec, depth - 1)?;
        format_value(&value, &spec)
    }

    fn lookup(&mut self, reference: &str) -> Result<Value, Stop> {
        let end = reference.find(['.', '[']).unwrap_or(reference.len());
        let (name, mut rest) = reference.split_at(end);
        let mut value = if name.is_empty() {
            self.next += 1;
            self.at(self.next - 1)?
        } else if let Ok(index) = name.parse::<usize>() {
            self.at(index)?
        } else {
            let found = self.named.iter().find(|(other, _)| &**other == name);
            found
                .ok_or_else(|| {
                    Stop::value(format!("the format needs `{name}`, which was not given"))
                })?
                .1
                .clone()
        };
        while !rest.is_empty() {
            let (key, after) = if let Some(inner) = rest.strip_prefix('[') {
                inner
                    .split_once(']')
                    .ok_or_else(|| Stop::value("a `[` in the format is not closed"))?
            } else {
                let inner = &rest[1..];
                inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()))
            };
            let item = match int_from_text(key, 10).filter(|_| !key.starts_with(['-', '+'])) {
                Some(index) => get(&value, &index)?,
                None => get_str(&value, key).transpose()?,
            };
            value = item.ok_or_else(|| {
                Stop::value(format!("the format needs `{key}`, which is not there"))
            })?;
            rest = after;
        }
        Ok(value)
    }

    fn at(&self, index: usize) -> Result<Value, Stop> {
        let value = self.positional.get(index).cloned();
        value.ok_or_else(|| {
            Stop::value(format!("the format needs value number {}, which was not given", index + 1))
        })
    }
}

/// The place of the `}` that closes a field, inner ones passed over.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<Align>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    fn read(spec: &str) -> Result<Self, Stop> {
        let align = |character: char| match character {
            '<' => Some(Align::Left),
            '>' => Some(Align::Right),
            '^' => Some(Align::Center),
            '=' => Some(Align::AfterSign),
            _ => None,
        };
        let mut read = Self::default();
        let mut rest: Vec<char> = spec.chars().collect();
        rest.reverse();
        if let [.., second, first] = rest[..]
            && align(second).is_some()
        {
            read.fill = Some(first);
            read.align = align(second);
            rest.truncate(rest.len() - 2);
        } else if let Some(found) = rest.last().and_then(|first| align(*first)) {
            read.align = Some(found);
            rest.pop();
        }
        read.sign = rest.pop_if(|next| matches!(next, '+' | '-' | ' '));
        read.alternate = rest.pop_if(|next| *next == '#').is_some();
        read.zero = rest.pop_if(|next| *next == '0').is_some();
        read.width = digits(&mut rest).unwrap_or(0);
        read.grouping = rest.pop_if(|next| matches!(next, ',' | '_'));
        if rest.pop_if(|next| *next == '.').is_some() {
            read.precision = Some(
                digits(&mut rest).ok_or_else(|| Stop::value("the format lacks its precision"))?,
            );
        }
        read.kind = rest.pop();
        if rest.is_empty() { Ok(read) } else { Err(Stop::value(format!("`{spec}` is no format"))) }
    }

    fn print(&self, value: &Value) -> Result<String, Stop> {
        let number =
            Number::of(value).filter(|_| !matches!(value, Value::Bool(_)) || self.kind.is_some());
        match (number, self.kind) {
            (None | Some(_), Some('s')) | (None, None) => {
                let shown = text(value)?;
                let shown = match self.precision {
                    Some(precision) => shown.chars().take(precision).collect(),
                    None => shown,
                };
                Ok(pad(
                    "",
                    &shown,
                    self.width,
                    self.fill.unwrap_or(' '),
                    self.align.unwrap_or(Align::Left),
                ))
            }
            (Some(Number::Float(number)), kind) => self.float(number, kind),
            (Some(number), Some(kind @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%'))) => {
                self.float(number.to_f64(), Some(kind))
            }
            (Some(_), kind @ (None | Some('d' | 'n' | 'x' | 'X' | 'o' | 'b'))) => {
                let (radix, prefix) = match kind {
                    Some('x') => (16, "0x"),
                    Some('X') => (16, "0X"),
                    Some('o') => (8, "0o"),
                    Some('b') => (2, "0b"),
                    _ => (10, ""),
                };
                let (negative, digits) = integer(&whole(value)?, radix, kind == Some('X'));
                let prefix = if self.alternate { prefix } else { "" };
                Ok(self.signed(
                    negative,
                    prefix,
                    &self.grouped(&digits, if radix == 10 { 3 } else { 4 }),
                ))
            }
            (_, Some(kind)) => {
                Err(Stop::value(format!("a {} has no format `{kind}`", value.type_name())))
            }
        }
    }

    fn float(&self, number: f64, kind: Option<char>) -> Result<String, Stop> {
        let digits = match (kind, self.precision) {
            (None, None) => crate::value::float_text(number.abs()),
            (None, Some(precision)) => float(number, 'g', precision, false),
            (Some('n'), precision) => float(number, 'g', precision.unwrap_or(6), self.alternate),
            (Some(kind @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')), precision) => {
                float(number, kind, precision.unwrap_or(6), self.alternate)
            }
            (Some(kind), _) => return Err(Stop::value(format!("a float has no format `{kind}`"))),
        };
        let (whole, fraction) = match digits.find(|c: char| !c.is_ascii_digit()) {
            Some(at) => digits.split_at(at),
            None => (digits.as_str(), ""),
        };
        Ok(self.signed(
            number.is_sign_negative(),
            "",
            &format!("{}{fraction}", self.grouped(whole, 3)),
        ))
    }

    fn grouped(&self, digits: &str, size: usize) -> String {
        let Some(separator) = self.grouping else { return digits.to_owned() };
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(size) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    fn signed(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (_, Some('+')) => "+",
            (_, Some(' ')) => " ",
            _ => "",
        };
        let fill = self.fill.unwrap_or(if self.zero { '0' } else { ' ' });
        let align = self.align.unwrap_or(if self.zero { Align::AfterSign } else { Align::Right });
        pad(&format!("{sign}{prefix}"), digits, self.width, fill, align)
    }
}

fn digits(rest: &mut Vec<char>) -> Option<usize> {
    let mut found = None;
    while let Some(digit) = rest.last().and_then(|next| next.to_digit(10)) {
        rest.pop();
        found = Some(found.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit as usize));
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::format;
    use crate::value::Value;

    #[test]
    fn formats_as_python() {
        let named = [
            ("a".into(), Value::from("x")),
            ("m".into(), Value::map([("k", Value::list([Value::Int(7)]))])),
        ];
        let positional = [Value::Int(42), Value::from("hi"), Value::Float(3.14159)];
        for (template, want) in [
            ("{} {} {}", "42 hi 3.14159"),
            ("{1} {0}", "hi 42"),
            ("{a} {m[k][0]}", "x 7"),
            ("{0:05d}|{0:>6}|{0:<6}|{0:^6}|{0:+}", "00042|    42|42    |  42  |+42"),
            ("{1:>5}|{1:*^6}|{1:.1}", "   hi|**hi**|h"),
            ("{2:.2f} {2:8.1f}|{2:e}", "3.14      3.1|3.141590e+00"),
            ("{0:x} {0:#x} {0:b} {0:o}", "2a 0x2a 101010 52"),
            ("{{}} {1!r}", "{} 'hi'"),
            ("{0:{1}}", "    42"),
        ] {
            let width = [
                Value::Int(42),
                if template == "{0:{1}}" { Value::Int(6) } else { positional[1].clone() },
                positional[2].clone(),
            ];
            assert_eq!(format(template, &width, &named).unwrap(), want, "{template}");
        }
        assert_eq!(format("{:,}", &[Value::Int(1_234_567)], &[]).unwrap(), "1,234,567");
    }

    #[test]
    fn wrong_formats_are_mistakes() {
        assert!(format("{", &[], &[]).is_err());
        assert!(format("{}", &[], &[]).is_err());
        assert!(format("{x}", &[], &[]).is_err());
        assert!(format("{:d}", &[Value::from("x")], &[]).is_err());
    }
}
