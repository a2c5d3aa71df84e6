//! YAML text as PyYAML's dumper writes it, through libyaml's emitter as it does.

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};

use crate::template::eval::access::{entries, plain};
use crate::value::{Key, Live, Stop, Value, float_text, text};
use crate::yaml::{self, Kind};

/// How YAML is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Columns per level.
    pub(crate) indent: i32,
    /// Where lines are folded; below 0 for never.
    pub(crate) width: i32,
    /// Lists and mappings on one line: always, never, or if they hold scalars only.
    pub(crate) flow: Option<bool>,
    /// Keys in alphabetical order.
    pub(crate) sort_keys: bool,
    /// Begins with `---`.
    pub(crate) explicit_start: bool,
    /// Ends with `...`.
    pub(crate) explicit_end: bool,
    /// Characters beyond ASCII as they are.
    pub(crate) unicode: bool,
    /// The quotes or block mark of all scalars.
    pub(crate) style: Option<char>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            indent: 2,
            width: 80,
            flow: Some(false),
            sort_keys: true,
            explicit_start: false,
            explicit_end: false,
            unicode: true,
            style: None,
        }
    }
}

/// A value as one document.
pub(crate) fn write(value: &Value, layout: &Layout) -> Result<String, Stop> {
    let value = plain(value)?;
    let mut bytes = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut bytes);
    emitter.set_unicode(layout.unicode);
    emitter.set_indent(layout.indent);
    emitter.set_width(layout.width);
    let mut writer = Writer { emitter, layout };
    writer.emit(Event::stream_start(Encoding::Utf8))?;
    writer.emit(Event::document_start(None, &[], !layout.explicit_start))?;
    writer.value(&value)?;
    writer.emit(Event::document_end(!layout.explicit_end))?;
    writer.emit(Event::stream_end())?;
    drop(writer);
    let text = String::from_utf8(bytes).map_err(|_| Stop::value("the YAML is not UTF-8"))?;
    let text = if text.contains(MARKS[0]) {
        text.replace(MARKS[0], "\\U").replace(MARKS[1], "")
    } else {
        text
    };
    // libyaml marks the end of a document that is one bare scalar; Ansible does not show that.
    Ok(match text.strip_suffix("...\n") {
        Some(body) if !layout.explicit_end => body.to_owned(),
        _ => text,
    })
}

struct Writer<'w> {
    emitter: Emitter<'w>,
    layout: &'w Layout,
}

impl Writer<'_> {
    fn emit(&mut self, event: Event) -> Result<(), Stop> {
        self.emitter
            .emit(event)
            .map_err(|error| Stop::value(format!("the YAML cannot be written: {error}")))
    }

    fn value(&mut self, value: &Value) -> Result<(), Stop> {
        match value {
            Value::Null => self.scalar("null", "tag:yaml.org,2002:null", false),
            Value::Bool(truth) => {
                self.scalar(if *truth { "true" } else { "false" }, "tag:yaml.org,2002:bool", false)
            }
            Value::Int(_) | Value::BigInt(_) => {
                self.scalar(&text(value)?, "tag:yaml.org,2002:int", false)
            }
            Value::Float(number) => self.scalar(&float(*number), "tag:yaml.org,2002:float", false),
            Value::Str(text) => self.text(text),
            Value::Bytes(bytes) => self.text(&String::from_utf8_lossy(bytes)),
            Value::List(items) | Value::Live(Live::Tuple(items)) => self.list(items),
            Value::Map(_) => self.map(entries(value)?.unwrap_or_default()),
            other => Err(Stop::value(format!("a {} has no form in YAML", other.type_name()))),
        }
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Stop> {
        let flow = self.flows(items.iter().all(is_scalar));
        let style = if flow { SequenceStyle::Flow } else { SequenceStyle::Block };
        self.emit(Event::sequence_start(None, Some("tag:yaml.org,2002:seq"), true, style))?;
        for item in items {
            self.value(item)?;
        }
        self.emit(Event::sequence_end())
    }

    fn map(&mut self, mut entries: Vec<(Key, Value)>) -> Result<(), Stop> {
        if self.layout.sort_keys {
            sort(&mut entries);
        }
        let flow = self.flows(entries.iter().all(|(_, value)| is_scalar(value)));
        let style = if flow { MappingStyle::Flow } else { MappingStyle::Block };
        self.emit(Event::mapping_start(None, Some("tag:yaml.org,2002:map"), true, style))?;
        for (key, value) in entries {
            self.value(&key.to_value())?;
            self.value(&value)?;
        }
        self.emit(Event::mapping_end())
    }

    fn flows(&self, scalars_only: bool) -> bool {
        self.layout.flow.unwrap_or(scalars_only)
    }

    fn text(&mut self, text: &str) -> Result<(), Stop> {
        // libyaml knows no characters beyond the first plane and escapes them; its port here does not.
        if text.chars().any(|character| character > '\u{ffff}') {
            let marked = marked(text);
            let event = Event::scalar(
                None,
                Some("tag:yaml.org,2002:str"),
                &marked,
                false,
                true,
                ScalarStyle::DoubleQuoted,
            );
            return self.emit(event);
        }
        self.scalar(text, "tag:yaml.org,2002:str", !reads_as_text(text))
    }

    /// A scalar of a type; `ambiguous` if it would read as another type without quotes.
    fn scalar(&mut self, text: &str, tag: &str, ambiguous: bool) -> Result<(), Stop> {
        let style = match self.layout.style {
            Some('\'') => ScalarStyle::SingleQuoted,
            Some('"') => ScalarStyle::DoubleQuoted,
            Some('|') => ScalarStyle::Literal,
            Some('>') => ScalarStyle::Folded,
            _ => ScalarStyle::Any,
        };
        let is_text = tag == "tag:yaml.org,2002:str";
        self.emit(Event::scalar(None, Some(tag), text, !ambiguous, is_text, style))
    }
}

/// Marks for characters that are to be escaped, as long as their escapes are.
const MARKS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for character in text.chars() {
        if character > '\u{ffff}' {
            marked.push_str(&format!("{}{:08X}{}", MARKS[0], u32::from(character), MARKS[1]));
        } else {
            marked.push(character);
        }
    }
    marked
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_) | Value::Live(_))
}

/// Whether text without quotes would be read back as text.
fn reads_as_text(text: &str) -> bool {
    matches!(yaml::scalar(text), Kind::Str(..)) && !matches!(text, "=" | "<<") && !is_date(text)
}

/// Whether PyYAML would read a date or time: `2001-01-01`, `2001-1-1T1:00:00Z`.
fn is_date(text: &str) -> bool {
    let digits = |text: &str, most: usize| {
        let count = text.bytes().take_while(u8::is_ascii_digit).count();
        (1..=most).contains(&count).then_some(count)
    };
    let Some((year, rest)) = text.split_once('-') else { return false };
    if year.len() != 4 || digits(year, 4) != Some(4) {
        return false;
    }
    let Some((month, rest)) = rest.split_once('-') else { return false };
    if digits(month, 2) != Some(month.len()) {
        return false;
    }
    let Some(day) = digits(rest, 2) else { return false };
    let time = &rest[day..];
    if time.is_empty() {
        return month.len() == 2 && day == 2;
    }
    let time = match time.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => {
            let trimmed = time.trim_start_matches([' ', '\t']);
            if trimmed.len() == time.len() {
                return false;
            }
            trimmed
        }
    };
    let mut parts = time.splitn(3, ':');
    let (Some(hour), Some(minute), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let two = |text: &str| text.len() == 2 && digits(text, 2) == Some(2);
    if digits(hour, 2) != Some(hour.len()) || !two(minute) || rest.len() < 2 || !two(&rest[..2]) {
        return false;
    }
    let rest = &rest[2..];
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let zone = rest.trim_start_matches([' ', '\t']);
    let offset = zone.strip_prefix(['+', '-']);
    zone.is_empty() && rest.is_empty()
        || zone == "Z"
        || offset.is_some_and(|offset| {
            let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
            digits(hours, 2) == Some(hours.len()) && two(minutes)
        })
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = float_text(number);
    // YAML 1.1 has no floats without a dot.
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}

/// Sorts by key; keys that cannot be compared leave the order as it is.
fn sort(entries: &mut [(Key, Value)]) {
    let comparable = entries
        .windows(2)
        .all(|pair| pair[0].0.to_value().order(&pair[1].0.to_value(), "<").is_ok());
    if comparable {
        entries.sort_by(|(a, _), (b, _)| {
            a.to_value()
                .order(&b.to_value(), "<")
                .ok()
                .flatten()
                .unwrap_or(std::cmp::Ordering::Equal)
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Layout, is_date, write};
    use crate::value::{Key, Value};

    #[test]
    fn yaml_is_laid_out_as_pyyaml_does() {
        let value = Value::map([
            (Key::from("b"), Value::list([Value::Int(1), Value::map([("x", Value::from("y"))])])),
            (Key::from("a"), Value::from("yes")),
            (Key::from("c"), Value::from("one\ntwo\n")),
        ]);
        assert_eq!(
            write(&value, &Layout::default()).unwrap(),
            "a: 'yes'\nb:\n- 1\n- x: y\nc: 'one\n\n  two\n\n  '\n"
        );
        let nice = Layout { indent: 4, ..Layout::default() };
        assert_eq!(
            write(&value, &nice).unwrap(),
            "a: 'yes'\nb:\n- 1\n-   x: y\nc: 'one\n\n    two\n\n    '\n"
        );
        let inner = Layout { flow: None, ..Layout::default() };
        assert_eq!(
            write(&value, &inner).unwrap(),
            "a: 'yes'\nb:\n- 1\n- {x: y}\nc: 'one\n\n  two\n\n  '\n"
        );
        assert_eq!(write(&Value::from("x"), &Layout::default()).unwrap(), "x\n");
    }

    #[test]
    fn dates_are_recognised() {
        for text in [
            "2001-01-01",
            "2001-1-1 1:00:00",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-15 2:59:43.10",
            "2001-12-14 21:59:43.10 -5",
        ] {
            assert!(is_date(text), "{text}");
        }
        for text in ["2001-1-1", "2001-01", "1.2.3", "2001-01-01x", "20010-01-01"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
