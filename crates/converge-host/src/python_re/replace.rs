//! What matches are replaced by: text with references to groups.

use crate::python_re::{Error, Match, Regex};

/// A replacement in Python's language: `\1`, `\g<name>`, `\n`, `\\`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
    Named(String),
}

impl Replacement {
    /// Reads a replacement.
    pub fn parse(replacement: &str) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = replacement;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(next) = rest.chars().next() else {
                return Err(bad(replacement, "it ends in a backslash"));
            };
            rest = &rest[next.len_utf8()..];
            match next {
                'g' => {
                    let reference = rest.strip_prefix('<').and_then(|inner| inner.split_once('>'));
                    let Some((name, after)) = reference else {
                        return Err(bad(replacement, "`\\g` needs `<name>`"));
                    };
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    parts.push(
                        name.parse().map_or_else(|_| Part::Named(name.to_owned()), Part::Group),
                    );
                    rest = after;
                }
                '0' => {
                    let more = rest
                        .bytes()
                        .take(2)
                        .take_while(|byte| (b'0'..=b'7').contains(byte))
                        .count();
                    let code = u32::from_str_radix(&rest[..more], 8).unwrap_or(0);
                    text.extend(char::from_u32(code));
                    rest = &rest[more..];
                }
                '1'..='9' => {
                    let octal = rest
                        .bytes()
                        .take(2)
                        .take_while(|byte| (b'0'..=b'7').contains(byte))
                        .count()
                        == 2;
                    if octal && next < '4' {
                        let code =
                            u32::from_str_radix(&format!("{next}{}", &rest[..2]), 8).unwrap_or(0);
                        text.extend(char::from_u32(code));
                        rest = &rest[2..];
                        continue;
                    }
                    let more = rest.bytes().take(1).take_while(u8::is_ascii_digit).count();
                    let group = format!("{next}{}", &rest[..more]).parse().unwrap_or(usize::MAX);
                    rest = &rest[more..];
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    parts.push(Part::Group(group));
                }
                'a' => text.push('\u{7}'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'v' => text.push('\u{b}'),
                '\\' => text.push('\\'),
                letter if letter.is_ascii_alphabetic() => {
                    return Err(bad(replacement, &format!("there is no escape `\\{letter}`")));
                }
                other => {
                    text.push('\\');
                    text.push(other);
                }
            }
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self { parts })
    }

    /// A replacement without references.
    pub fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())] }
    }

    /// The text that replaces a match.
    pub fn expand(&self, text: &str, found: &Match, regex: &Regex) -> Result<String, Error> {
        let mut out = String::new();
        self.write(&mut out, text, found, regex)?;
        Ok(out)
    }

    pub(crate) fn write(
        &self,
        out: &mut String,
        text: &str,
        found: &Match,
        regex: &Regex,
    ) -> Result<(), Error> {
        for part in &self.parts {
            let group = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Group(group) if *group <= regex.group_count() => *group,
                Part::Group(group) => {
                    return Err(Error::new(format!("the pattern has no group {group}")));
                }
                Part::Named(name) => regex
                    .group(name)
                    .ok_or_else(|| Error::new(format!("the pattern has no group `{name}`")))?,
            };
            out.push_str(found.text(text, group).unwrap_or(""));
        }
        Ok(())
    }
}

fn bad(replacement: &str, why: &str) -> Error {
    Error::new(format!("`{replacement}` is no replacement: {why}"))
}
