//! From Python's pattern language to that of the regex engine.

use std::fmt::Write as _;

use crate::python_re::{Error, Flags};

/// A pattern in the engine's language, and what its named groups are.
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) names: Vec<(String, usize)>,
}

/// Translates a pattern.
pub(super) fn translate(pattern: &str, flags: Flags) -> Result<Translated, Error> {
    let mut translator = Translator {
        pattern,
        rest: pattern,
        flags,
        out: String::new(),
        names: Vec::new(),
        groups: 0,
        open: Vec::new(),
    };
    translator.leading_flags()?;
    translator.run()?;
    let mut prefix = String::new();
    let flags = translator.flags;
    for (on, letter) in [(flags.ignore_case, 'i'), (flags.dot_all, 's')] {
        if on {
            let _ = write!(prefix, "(?{letter})");
        }
    }
    Ok(Translated { pattern: prefix + &translator.out, names: translator.names })
}

struct Translator<'a> {
    pattern: &'a str,
    rest: &'a str,
    flags: Flags,
    out: String,
    names: Vec<(String, usize)>,
    groups: usize,
    /// The flags to return to behind each open bracket.
    open: Vec<Flags>,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), Error> {
        while let Some(character) = self.next() {
            match character {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    let Some(flags) = self.open.pop() else {
                        return Err(self.error("a `)` closes nothing"));
                    };
                    self.flags = flags;
                    self.out.push(')');
                }
                '$' if self.flags.multi_line => self.out.push_str("(?m:$)"),
                '$' => self.out.push_str(r"(?=\n?\z)"),
                '^' if self.flags.multi_line => self.out.push_str("(?m:^)"),
                '^' => self.out.push_str(r"\A"),
                '{' => self.braces(),
                '}' => self.out.push_str(r"\}"),
                '#' if self.flags.verbose => {
                    self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                }
                blank if self.flags.verbose && blank.is_ascii_whitespace() => {}
                other => self.literal_or_operator(other),
            }
        }
        match self.open.pop() {
            Some(_) => Err(self.error("a `(` is not closed")),
            None => Ok(()),
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn error(&self, why: &str) -> Error {
        Error::new(format!("`{}` is no regular expression: {why}", self.pattern))
    }

    fn literal_or_operator(&mut self, character: char) {
        if matches!(character, '&' | '~' | '-' | '#' | ' ') {
            self.literal(character);
        } else {
            self.out.push(character);
        }
    }

    fn literal(&mut self, character: char) {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    /// Flags for the whole pattern, which stand at its start: `(?im)`.
    fn leading_flags(&mut self) -> Result<(), Error> {
        while let Some(inner) = self.rest.strip_prefix("(?") {
            let Some(end) = inner.find(')') else { return Ok(()) };
            let letters = &inner[..end];
            if letters.is_empty() || !letters.bytes().all(|letter| b"aiLmsux".contains(&letter)) {
                return Ok(());
            }
            self.set(letters, true)?;
            self.rest = &inner[end + 1..];
        }
        Ok(())
    }

    fn set(&mut self, letters: &str, on: bool) -> Result<(), Error> {
        for letter in letters.chars() {
            match letter {
                'i' => self.flags.ignore_case = on,
                'm' => self.flags.multi_line = on,
                's' => self.flags.dot_all = on,
                'x' => self.flags.verbose = on,
                'a' => self.flags.ascii = on,
                'u' | 'L' => {}
                other => return Err(self.error(&format!("there is no flag `{other}`"))),
            }
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), Error> {
        self.open.push(self.flags);
        let Some(inner) = self.rest.strip_prefix('?') else {
            self.groups += 1;
            self.out.push('(');
            return Ok(());
        };
        if let Some(comment) = inner.strip_prefix('#') {
            let Some((_, rest)) = comment.split_once(')') else {
                return Err(self.error("a comment is not closed"));
            };
            self.open.pop();
            self.rest = rest;
            return Ok(());
        }
        if let Some(named) = inner.strip_prefix("P<") {
            let Some((name, rest)) = named.split_once('>') else {
                return Err(self.error("a group's name is not closed"));
            };
            self.check_name(name)?;
            if self.names.iter().any(|(other, _)| other == name) {
                return Err(self.error(&format!("two groups are called `{name}`")));
            }
            self.groups += 1;
            self.names.push((name.to_owned(), self.groups));
            self.out.push('(');
            self.rest = rest;
            return Ok(());
        }
        if let Some(reference) = inner.strip_prefix("P=") {
            let Some((name, rest)) = reference.split_once(')') else {
                return Err(self.error("a reference is not closed"));
            };
            let Some((_, group)) = self.names.iter().find(|(other, _)| other == name) else {
                return Err(self.error(&format!("there is no group `{name}`")));
            };
            let _ = write!(self.out, "(?:\\{group})");
            self.open.pop();
            self.rest = rest;
            return Ok(());
        }
        for opening in [":", "=", "!", "<=", "<!", ">"] {
            if let Some(rest) = inner.strip_prefix(opening) {
                self.out.push_str("(?");
                self.out.push_str(opening);
                self.rest = rest;
                return Ok(());
            }
        }
        if let Some(condition) = inner.strip_prefix('(') {
            let Some((group, rest)) = condition.split_once(')') else {
                return Err(self.error("a condition is not closed"));
            };
            let number =
                self.names.iter().find(|(name, _)| name == group).map(|(_, number)| *number);
            let Some(number) = number.or_else(|| group.parse().ok()) else {
                return Err(self.error(&format!("there is no group `{group}`")));
            };
            let _ = write!(self.out, "(?({number})");
            self.rest = rest;
            return Ok(());
        }
        self.scoped_flags(inner)
    }

    /// `(?i:…)` and `(?-i:…)`
    fn scoped_flags(&mut self, inner: &str) -> Result<(), Error> {
        let Some((letters, _)) = inner.split_once(':') else {
            return Err(self.error("an unknown kind of group"));
        };
        if letters.contains(|letter: char| !letter.is_ascii_alphabetic() && letter != '-') {
            return Err(self.error("an unknown kind of group"));
        }
        let (on, off) = letters.split_once('-').unwrap_or((letters, ""));
        self.set(on, true)?;
        self.set(off, false)?;
        let keep = |letters: &str| {
            letters.chars().filter(|letter| matches!(letter, 'i' | 's')).collect::<String>()
        };
        let (on, off) = (keep(on), keep(off));
        let minus = if off.is_empty() { "" } else { "-" };
        let _ = write!(self.out, "(?{on}{minus}{off}:");
        self.rest = &self.rest[1 + letters.len() + 1..];
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        let fine = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character == '_' || character.is_alphanumeric());
        if fine { Ok(()) } else { Err(self.error(&format!("`{name}` is no name for a group"))) }
    }

    /// A `{` is itself unless it begins a count.
    fn braces(&mut self) {
        let count = self.rest.split_once('}').filter(|(inner, _)| {
            let (from, to) = inner.split_once(',').unwrap_or((inner, "0"));
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            digits(from) && digits(to) && !inner.is_empty() && *inner != ","
        });
        let Some((inner, rest)) = count else {
            self.out.push_str(r"\{");
            return;
        };
        let zero = if inner.starts_with(',') { "0" } else { "" };
        let _ = write!(self.out, "{{{zero}{inner}}}");
        self.rest = rest;
    }

    /// Behind a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), Error> {
        let Some(character) = self.next() else { return Err(self.error("it ends in a backslash")) };
        match character {
            'A' if !in_class => self.out.push_str(r"\A"),
            'Z' if !in_class => self.out.push_str(r"\z"),
            'b' if in_class => self.out.push_str(r"\x08"),
            'b' | 'B' if !in_class => {
                self.out.push('\\');
                self.out.push(character);
            }
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => self.kind(character, in_class),
            'a' => self.out.push_str(r"\x07"),
            'f' => self.out.push_str(r"\x0C"),
            'n' => self.out.push_str(r"\n"),
            'r' => self.out.push_str(r"\r"),
            't' => self.out.push_str(r"\t"),
            'v' => self.out.push_str(r"\x0B"),
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '0'..='9' => self.digits(character, in_class)?,
            other if other.is_ascii_alphabetic() => {
                return Err(self.error(&format!("there is no escape `\\{other}`")));
            }
            other => self.literal(other),
        }
        Ok(())
    }

    fn kind(&mut self, character: char, in_class: bool) {
        if !self.flags.ascii {
            self.out.push('\\');
            self.out.push(character);
            return;
        }
        let (set, negated) = match character {
            'd' | 'D' => ("0-9", character == 'D'),
            'w' | 'W' => ("0-9A-Za-z_", character == 'W'),
            _ => (r"\t\n\x0B\x0C\r ", character == 'S'),
        };
        let _ = match (in_class, negated) {
            (true, false) => write!(self.out, "{set}"),
            (_, true) => write!(self.out, "[^{set}]"),
            (false, false) => write!(self.out, "[{set}]"),
        };
    }

    fn code(&mut self, digits: usize) -> Result<(), Error> {
        let code = self.rest.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(code) = code else {
            return Err(self.error(&format!("{digits} hexadecimal digits are expected")));
        };
        self.rest = &self.rest[digits..];
        let _ = write!(self.out, "\\x{{{code:x}}}");
        Ok(())
    }

    /// A reference to a group, or a character by its octal code.
    fn digits(&mut self, first: char, in_class: bool) -> Result<(), Error> {
        let more =
            self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        let octal = first == '0' || in_class || (more == 2 && ('0'..='3').contains(&first));
        if octal {
            let code = format!("{first}{}", &self.rest[..more]);
            self.rest = &self.rest[more..];
            let Ok(code) = u32::from_str_radix(&code, 8) else {
                return Err(self.error("an octal code is expected"));
            };
            let _ = write!(self.out, "\\x{{{code:x}}}");
            return Ok(());
        }
        let second = self.rest.bytes().take(1).take_while(u8::is_ascii_digit).count();
        let group = format!("{first}{}", &self.rest[..second]);
        self.rest = &self.rest[second..];
        let number: usize = group.parse().unwrap_or(usize::MAX);
        if number > self.groups {
            return Err(self.error(&format!("there is no group {number} yet")));
        }
        let _ = write!(self.out, "(?:\\{number})");
        Ok(())
    }

    fn class(&mut self) -> Result<(), Error> {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        let mut first = true;
        loop {
            let Some(character) = self.next() else {
                return Err(self.error("a `[` is not closed"));
            };
            match character {
                ']' if !first => break,
                '\\' => self.escape(true)?,
                '-' => {
                    // Between two characters it makes a range; anywhere else it is itself.
                    let range = !first && !self.rest.starts_with(']') && self.ends_in_character();
                    self.out.push_str(if range { "-" } else { r"\-" });
                }
                '[' | '&' | '~' | ']' | '^' | '#' | ' ' => {
                    if character != ' ' || self.flags.verbose {
                        self.out.push('\\');
                    }
                    self.out.push(character);
                }
                other => self.out.push(other),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    /// Whether the class so far ends in a character that may begin a range, rather than in `\w` or a range.
    fn ends_in_character(&self) -> bool {
        let tail = self.out.as_bytes();
        let kind = tail.len() >= 2
            && tail[tail.len() - 2] == b'\\'
            && matches!(tail[tail.len() - 1], b'd' | b'D' | b'w' | b'W' | b's' | b'S');
        let range = tail.len() >= 2
            && tail[tail.len() - 2] == b'-'
            && (tail.len() < 3 || tail[tail.len() - 3] != b'\\');
        !kind && !range
    }
}
