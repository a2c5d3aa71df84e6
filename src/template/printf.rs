//! `'%s: %05d' % (a, b)`, as Python does it.

use crate::template::eval::access::{get_str, is_mapping};
use crate::template::numfmt::{Align, float, integer, pad, whole};
use crate::value::{Live, Number, Stop, Value, repr, text};

/// Puts arguments into a format. They are a tuple, a mapping for `%(name)s`, or a single value.
pub(crate) fn format(format: &str, arguments: &Value) -> Result<String, Stop> {
    let tuple = match arguments {
        Value::Live(Live::Tuple(items)) => Some(items.to_vec()),
        _ => None,
    };
    let single = tuple.is_none();
    let mut arguments_left = tuple.unwrap_or_else(|| vec![arguments.clone()]).into_iter();
    let mut next = || {
        arguments_left
            .next()
            .ok_or_else(|| Stop::value("there are not enough values for the format"))
    };
    let mut used_names = false;
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut spec = Spec::default();
        let mut named = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let Some(end) = inner.find(')') else {
                return Err(Stop::value("a `%(` in the format is not closed"));
            };
            let name = &inner[..end];
            rest = &inner[end + 1..];
            used_names = true;
            if !is_mapping(arguments) {
                return Err(Stop::value("the format needs a mapping"));
            }
            named = Some(match get_str(arguments, name) {
                Some(value) => value?,
                None => {
                    return Err(Stop::value(format!(
                        "the mapping has no `{name}`, which the format needs"
                    )));
                }
            });
        }
        rest = spec.read(rest, &mut next)?;
        let Some(kind) = rest.chars().next() else {
            return Err(Stop::value("the format ends in the middle of a `%`"));
        };
        rest = &rest[kind.len_utf8()..];
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match named {
            Some(value) => value,
            None => next()?,
        };
        out.push_str(&spec.print(kind, &value)?);
    }
    out.push_str(rest);
    if arguments_left.next().is_some() && !used_names && !(single && is_mapping(arguments)) {
        return Err(Stop::value("not all values are used by the format"));
    }
    Ok(out)
}

#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

impl Spec {
    fn read<'a>(
        &mut self,
        mut rest: &'a str,
        next: &mut impl FnMut() -> Result<Value, Stop>,
    ) -> Result<&'a str, Stop> {
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => self.left = true,
                '0' => self.zero = true,
                '+' => self.plus = true,
                ' ' => self.blank = true,
                '#' => self.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        let (width, after) = number(rest, next)?;
        self.width = width.unwrap_or(0);
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after, next)?;
            self.precision = Some(precision.unwrap_or(0));
            rest = after;
        }
        Ok(rest.strip_prefix(['h', 'l', 'L']).unwrap_or(rest))
    }

    fn print(&self, kind: char, value: &Value) -> Result<String, Stop> {
        match kind {
            's' | 'r' | 'a' => {
                let shown = if kind == 's' { text(value)? } else { repr(value)? };
                let shown = match self.precision {
                    Some(precision) => shown.chars().take(precision).collect(),
                    None => shown,
                };
                Ok(pad("", &shown, self.width, ' ', self.align(false)))
            }
            'c' => {
                let shown = match value {
                    Value::Str(text) if text.chars().count() == 1 => text.to_string(),
                    Value::Int(code) => u32::try_from(*code)
                        .ok()
                        .and_then(char::from_u32)
                        .map(String::from)
                        .ok_or_else(|| Stop::value("`%c` needs a character"))?,
                    _ => return Err(Stop::value("`%c` needs a character")),
                };
                Ok(pad("", &shown, self.width, ' ', self.align(false)))
            }
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                if matches!((kind, value), ('x' | 'X' | 'o', Value::Float(_))) {
                    return Err(Stop::value(format!("`%{kind}` needs a whole number")));
                }
                let (radix, prefix) = match kind {
                    'x' => (16, "0x"),
                    'X' => (16, "0X"),
                    'o' => (8, "0o"),
                    _ => (10, ""),
                };
                let (negative, digits) = integer(&whole(value)?, radix, kind == 'X');
                let digits = pad("", &digits, self.precision.unwrap_or(0), '0', Align::Right);
                let prefix = if self.alternate { prefix } else { "" };
                Ok(self.signed(negative, prefix, &digits))
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let Some(number) = Number::of(value) else {
                    return Err(Stop::value(format!(
                        "`%{kind}` needs a number, not {}",
                        value.type_name()
                    )));
                };
                let number = number.to_f64();
                let digits = float(number, kind, self.precision.unwrap_or(6), self.alternate);
                Ok(self.signed(number.is_sign_negative(), "", &digits))
            }
            other => Err(Stop::value(format!("there is no format `%{other}`"))),
        }
    }

    fn signed(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let sign = match (negative, self.plus, self.blank) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let fill = if self.zero && !self.left { '0' } else { ' ' };
        pad(&format!("{sign}{prefix}"), digits, self.width, fill, self.align(true))
    }

    fn align(&self, number: bool) -> Align {
        match (self.left, self.zero && number) {
            (true, _) => Align::Left,
            (_, true) => Align::AfterSign,
            _ => Align::Right,
        }
    }
}

fn number<'a>(
    rest: &'a str,
    next: &mut impl FnMut() -> Result<Value, Stop>,
) -> Result<(Option<usize>, &'a str), Stop> {
    if let Some(after) = rest.strip_prefix('*') {
        let number = crate::template::args::int("*", &next()?)?;
        return Ok((usize::try_from(number).ok(), after));
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Ok((rest[..end].parse().ok(), &rest[end..]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::format;
    use crate::value::Value;

    #[test]
    fn formats_as_python() {
        let values = |items: Vec<Value>| Value::tuple(items);
        for (template, arguments, want) in [
            ("%s", Value::Int(3), "3"),
            ("a %s b %s", values(vec!["x".into(), Value::Null]), "a x b None"),
            (
                "%05d|%-5d|%+d",
                values(vec![Value::Int(42), Value::Int(42), Value::Int(42)]),
                "00042|42   |+42",
            ),
            ("%x %X %#x %o", values(vec![Value::Int(255); 4]), "ff FF 0xff 377"),
            ("%.2f %8.3f|%e", values(vec![Value::Float(3.14159); 3]), "3.14    3.142|3.141590e+00"),
            ("%(a)s-%(b)03d", Value::map([("a", Value::from("x")), ("b", Value::Int(7))]), "x-007"),
            ("100%%", values(vec![]), "100%"),
            ("%r", Value::from("it's"), "\"it's\""),
            ("%*d", values(vec![Value::Int(4), Value::Int(1)]), "   1"),
            ("%.3s", Value::from("abcdef"), "abc"),
            ("%d", Value::Float(3.99), "3"),
            ("%s", Value::list([Value::Int(1)]), "[1]"),
        ] {
            assert_eq!(format(template, &arguments).unwrap(), want, "{template}");
        }
    }

    #[test]
    fn wrong_counts_are_mistakes() {
        assert!(format("%s %s", &Value::Int(1)).is_err());
        assert!(format("x", &Value::Int(1)).is_err());
        assert!(format("%d", &Value::from("x")).is_err());
        assert!(format("%(a)s", &Value::Int(1)).is_err());
        assert!(format("x", &Value::map([("a", Value::Null)])).is_ok());
    }
}
