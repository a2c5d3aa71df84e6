//! Arguments in one line: `src=a dest="b c"`, and commands with such arguments in them.
//!
//! The rules were observed on ansible-core: spaces and line breaks separate, but not inside quotes or inside `{{ }}`, `{% %}` and `{# #}`;
//! a lone `\` at the end of a line joins it with the next; in what has a `=` the escapes of Python strings mean what they mean there.

use std::ops::Range;

/// What a line holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Arguments with a name, in order.
    pub(super) named: Vec<Pair>,
    /// What is left when they are taken out.
    pub(super) free: Option<Free>,
}

/// One `name=value`, and the bytes of the line that both came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) name_at: Range<usize>,
    pub(super) value: String,
    pub(super) value_at: Range<usize>,
}

/// Free text and the bytes of the line that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Free {
    pub(super) text: String,
    pub(super) at: Range<usize>,
}

/// What never ends: the byte where it begins, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbalanced(pub(super) usize, pub(super) &'static str);

/// Takes `line` apart. `is_named` says whether a name before a `=` is an argument's; others are free text.
pub(super) fn split(line: &str, is_named: impl Fn(&str) -> bool) -> Result<Line, Unbalanced> {
    let mut found = Line::default();
    let mut free: Option<Free> = None;
    let mut taken_last = false;
    for word in words(line)? {
        taken_last = false;
        let decoded = decode(&word.letters);
        match equals(&decoded) {
            Some(at) if is_named(text_of(&decoded[..at]).trim()) => {
                found.named.push(pair(&decoded, at, word.end));
                taken_last = true;
            }
            position => {
                // Where nothing is named, a `\=` loses its backslash, as in Ansible.
                let mut text = text_of(&word.letters);
                if position.is_none() {
                    text = text.replace("\\=", "=");
                }
                let free = free
                    .get_or_insert_with(|| Free { text: String::new(), at: word.start..word.end });
                free.text.push_str(&text);
                free.text.push_str(&word.after);
                free.at.end = word.end;
            }
        }
    }
    if let Some(mut free) = free {
        if taken_last {
            free.text.truncate(free.text.trim_end_matches(' ').len());
        }
        found.free = Some(free).filter(|free| !free.text.trim().is_empty());
    }
    Ok(found)
}

/// A letter and where in the line it stands.
type Letter = (usize, char);

struct Word {
    letters: Vec<Letter>,
    /// The spaces and line breaks behind it.
    after: String,
    start: usize,
    end: usize,
}

/// What is open while a line is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A quote, and whether it stands inside of a template.
    Quote(char, bool),
    /// A template that `}`, `%` or `#` and a brace close, and the braces open inside of it.
    Template(char, usize),
}

fn words(line: &str) -> Result<Vec<Word>, Unbalanced> {
    let letters: Vec<Letter> = line.char_indices().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut current: Vec<Letter> = Vec::new();
    let mut open: Vec<(Open, usize)> = Vec::new();
    let mut at = 0;
    while let Some(&(offset, letter)) = letters.get(at) {
        let ahead = letters.get(at + 1).map(|(_, letter)| *letter);
        let lone = current.is_empty() || matches!(current.last(), Some((_, ' ' | '\n')));
        let in_quotes = open.iter().any(|(open, _)| matches!(open, Open::Quote(..)));
        if letter == '\\' && lone && !in_quotes && matches!(ahead, None | Some('\n')) {
            // The line goes on: of the spaces around the break one stays.
            at += 2;
            let goes_on_with_space = letters.get(at).is_some_and(|(_, letter)| *letter == ' ');
            let ends_with_space =
                words.last().is_some_and(|word| word.after.ends_with(' ')) || !current.is_empty();
            if goes_on_with_space && ends_with_space {
                at += 1;
            }
            if let Some(word) = words.last_mut().filter(|_| at >= letters.len()) {
                word.after.truncate(word.after.trim_end_matches(' ').len());
            }
            continue;
        }
        if open.is_empty() && matches!(letter, ' ' | '\n') {
            let end = current.last().map_or(offset, |(at, letter)| at + letter.len_utf8());
            if !current.is_empty() {
                let start = current[0].0;
                words.push(Word {
                    letters: std::mem::take(&mut current),
                    after: String::new(),
                    start,
                    end,
                });
            }
            if let Some(word) = words.last_mut() {
                word.after.push(letter);
            }
            at += 1;
            continue;
        }
        current.push((offset, letter));
        at += 1;
        let taken = step(&mut open, offset, letter, ahead);
        if taken == 2
            && let Some(&letter) = letters.get(at)
        {
            current.push(letter);
            at += 1;
        }
    }
    if let Some((open, start)) = open.first() {
        return Err(Unbalanced(
            *start,
            match open {
                Open::Quote(..) => "this quote is never closed",
                Open::Template(..) => "this template is never closed",
            },
        ));
    }
    if let Some((start, _)) = current.first() {
        words.push(Word { start: *start, letters: current, after: String::new(), end: line.len() });
    }
    Ok(words)
}

/// Opens or closes what `letter` opens or closes; how many letters it took.
fn step(open: &mut Vec<(Open, usize)>, offset: usize, letter: char, ahead: Option<char>) -> usize {
    let top = open.last_mut().map(|(open, _)| open);
    match (top, letter, ahead) {
        // What a backslash stands before opens and closes nothing.
        (_, '\\', Some('"' | '\'' | '\\')) => 2,
        (Some(Open::Quote(quote, _)), letter, _) if letter == *quote => {
            open.pop();
            1
        }
        (Some(Open::Quote(_, true)), ..) => 1,
        (Some(Open::Template(kind, 0)), letter, Some('}')) if letter == *kind => {
            open.pop();
            2
        }
        (Some(Open::Template('}', inside)), '{', _) => {
            *inside += 1;
            1
        }
        (Some(Open::Template('}', inside)), '}', _) => {
            *inside = inside.saturating_sub(1);
            1
        }
        (Some(Open::Template('#', _)), ..) => 1,
        (Some(Open::Template(..)), '"' | '\'', _) => {
            open.push((Open::Quote(letter, true), offset));
            1
        }
        (Some(Open::Template(..)), ..) => 1,
        (_, '{', Some(kind @ ('{' | '%' | '#'))) => {
            let kind = if kind == '{' { '}' } else { kind };
            open.push((Open::Template(kind, 0), offset));
            2
        }
        (None, '"' | '\'', _) => {
            open.push((Open::Quote(letter, false), offset));
            1
        }
        _ => 1,
    }
}

/// The place of the `=` between a name and a value: the first that is neither at the beginning nor behind a backslash.
fn equals(letters: &[Letter]) -> Option<usize> {
    (1..letters.len()).find(|&at| letters[at].1 == '=' && letters[at - 1].1 != '\\')
}

fn pair(letters: &[Letter], at: usize, end: usize) -> Pair {
    let (name, name_at) = trimmed(&letters[..at], letters[at].0);
    let (value, value_at) = trimmed(&letters[at + 1..], end);
    let (value, value_at) = unquoted(value, value_at);
    Pair { name, name_at, value, value_at }
}

fn trimmed(letters: &[Letter], end: usize) -> (String, Range<usize>) {
    let from =
        letters.iter().position(|(_, letter)| !letter.is_whitespace()).unwrap_or(letters.len());
    let to = letters
        .iter()
        .rposition(|(_, letter)| !letter.is_whitespace())
        .map_or(from, |last| last + 1);
    let start = letters.get(from).map_or(end, |(at, _)| *at);
    let end = letters.get(to).map_or(end, |(at, _)| *at);
    (text_of(&letters[from..to]), start..end)
}

fn unquoted(text: String, at: Range<usize>) -> (String, Range<usize>) {
    for quote in ['"', '\''] {
        let inside = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside.filter(|inside| !inside.ends_with('\\')) {
            return (inside.to_owned(), at.start + 1..at.end.saturating_sub(1).max(at.start + 1));
        }
    }
    (text, at)
}

/// The letters with the escapes of Python strings resolved; an escape stands where its backslash stood.
fn decode(letters: &[Letter]) -> Vec<Letter> {
    let mut decoded = Vec::with_capacity(letters.len());
    let mut at = 0;
    while let Some(&(offset, letter)) = letters.get(at) {
        let escape = letters.get(at + 1).filter(|_| letter == '\\').and_then(|(_, kind)| {
            let simple = match kind {
                '\\' | '\'' | '"' => Some(*kind),
                'a' => Some('\x07'),
                'b' => Some('\x08'),
                'f' => Some('\x0c'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'v' => Some('\x0b'),
                _ => None,
            };
            let digits = match kind {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            match simple {
                Some(simple) => Some((simple, 2)),
                None if digits > 0 => hexadecimal(letters.get(at + 2..at + 2 + digits)?)
                    .map(|code| (code, 2 + digits)),
                None => None,
            }
        });
        let (letter, taken) = escape.unwrap_or((letter, 1));
        decoded.push((offset, letter));
        at += taken;
    }
    decoded
}

fn hexadecimal(letters: &[Letter]) -> Option<char> {
    let code = letters.iter().try_fold(0_u32, |code, (_, letter)| {
        code.checked_mul(16)?.checked_add(letter.to_digit(16)?)
    })?;
    char::from_u32(code)
}

fn text_of(letters: &[Letter]) -> String {
    letters.iter().map(|(_, letter)| letter).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::Value;

    use super::{Unbalanced, split};

    /// What the modules that take commands know as arguments.
    const COMMAND: [&str; 8] = [
        "creates",
        "removes",
        "chdir",
        "executable",
        "warn",
        "stdin",
        "stdin_add_newline",
        "strip_empty_ends",
    ];

    fn taken(line: &str, command: bool) -> Value {
        match split(line, |name| !command || COMMAND.contains(&name)) {
            Ok(line) => {
                let mut map: serde_json::Map<String, Value> =
                    line.named.into_iter().map(|pair| (pair.name, pair.value.into())).collect();
                if let Some(free) = line.free {
                    map.insert("_raw_params".to_owned(), free.text.into());
                }
                map.into()
            }
            Err(_) => "error".into(),
        }
    }

    #[test]
    fn lines_as_ansible() {
        let mut checked = 0;
        for row in include_str!("recorded/lines.jsonl").lines() {
            let row: Value = serde_json::from_str(row).unwrap();
            let line = row["text"].as_str().unwrap();
            assert_eq!(taken(line, false), row["all"], "{line:?}");
            assert_eq!(taken(line, true), row["raw"], "{line:?} of a command");
            checked += 1;
        }
        assert!(checked > 100, "only {checked} lines");
    }

    #[test]
    fn better_than_ansible() {
        let all = |line: &str| taken(line, false).to_string();
        // Ansible counts braces without reading them, and these lines are errors or lose their end there.
        assert_eq!(all("a={{ {'b': {'c': 1}} }} x=1"), r#"{"a":"{{ {'b': {'c': 1}} }}","x":"1"}"#);
        assert_eq!(all("x={{ \"}}\" }} y=1"), r#"{"x":"{{ \"}}\" }}","y":"1"}"#);
        assert_eq!(all("echo \"a\\\\\" b=1"), r#"{"b":"1","_raw_params":"echo \"a\\\\\""}"#);
    }

    #[test]
    fn places_lead_back_to_the_line() {
        let line = "src=a  dest=\"b c\" é='x'";
        let split = split(line, |_| true).unwrap();
        let found: Vec<_> = split
            .named
            .iter()
            .map(|pair| (&line[pair.name_at.clone()], &line[pair.value_at.clone()]))
            .collect();
        assert_eq!(found, [("src", "a"), ("dest", "b c"), ("é", "x")]);
        assert_eq!(
            super::split("echo a creates=/x", |name| name == "creates").unwrap().free.unwrap().at,
            0..6
        );
    }

    #[test]
    fn what_never_ends_is_told_where_it_begins() {
        assert_eq!(split("a=1 b=\"x", |_| true), Err(Unbalanced(6, "this quote is never closed")));
        assert_eq!(split("a={{ x", |_| true), Err(Unbalanced(2, "this template is never closed")));
    }
}
