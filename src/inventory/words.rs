//! A line split into words as Python's `shlex.split(line, comments=True)` does, which is how Ansible reads host lines.

/// A word and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word without its quotes.
    pub(super) text: String,
    /// For every byte of `text`, and for its end, the byte of the line that it came from.
    places: Vec<usize>,
}

/// Quotes that do not end, or a backslash at the end; the byte where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open(pub(super) usize, pub(super) &'static str);

impl Word {
    /// The bytes of the line that `start..` of the word came from.
    pub(super) fn range(&self, start: usize) -> (usize, usize) {
        let end = self.places.last().copied().unwrap_or_default();
        (self.places.get(start).copied().unwrap_or(end), end)
    }
}

/// The words of `line`.
pub(super) fn words(line: &str) -> Result<Vec<Word>, Open> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '#' => {
                words.extend(word.take().map(|word| closed(word, at)));
                return Ok(words);
            }
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take().map(|word| closed(word, at))),
            _ => {
                let current =
                    word.get_or_insert_with(|| Word { text: String::new(), places: Vec::new() });
                match letter {
                    '\\' => {
                        let (at, escaped) =
                            letters.next().ok_or(Open(at, "no escaped character"))?;
                        current.push(escaped, at);
                    }
                    '\'' | '"' => quoted(current, letter, at, &mut letters)?,
                    _ => current.push(letter, at),
                }
            }
        }
    }
    words.extend(word.take().map(|word| closed(word, line.len())));
    Ok(words)
}

fn quoted(
    word: &mut Word,
    quote: char,
    start: usize,
    letters: &mut std::str::CharIndices<'_>,
) -> Result<(), Open> {
    loop {
        let (at, letter) = letters.next().ok_or(Open(start, "no closing quotation"))?;
        match letter {
            _ if letter == quote => return Ok(()),
            '\\' if quote == '"' => {
                let (at, escaped) = letters.next().ok_or(Open(start, "no closing quotation"))?;
                if !matches!(escaped, '"' | '\\') {
                    word.push('\\', at);
                }
                word.push(escaped, at);
            }
            _ => word.push(letter, at),
        }
    }
}

fn closed(mut word: Word, end: usize) -> Word {
    word.places.push(end);
    word
}

impl Word {
    fn push(&mut self, letter: char, at: usize) {
        self.text.push(letter);
        self.places.extend(std::iter::repeat_n(at, letter.len_utf8()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Open, words};

    fn check(line: &str, expected: &[&str]) {
        let words = words(line).unwrap();
        assert_eq!(
            words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(),
            expected,
            "{line}"
        );
    }

    #[test]
    fn as_shlex() {
        check("h1 a=1  b='x y'", &["h1", "a=1", "b=x y"]);
        check("h1 a=\"[1, \\\"2\\\"]\" b=\"\\d\"", &["h1", "a=[1, \"2\"]", "b=\\d"]);
        check("h1 a=hello\\ world '' # c", &["h1", "a=hello world", ""]);
        check("h1 a=b#c d=e", &["h1", "a=b"]);
        check("  # only", &[]);
        check("h a='it'\"'\"'s'", &["h", "a=it's"]);
    }

    #[test]
    fn open_quotes_are_told() {
        assert_eq!(words("h a=\"x"), Err(Open(4, "no closing quotation")));
        assert_eq!(words("h a=x\\"), Err(Open(5, "no escaped character")));
    }

    #[test]
    fn places_lead_back_to_the_line() {
        let line = "h1 n='é x' m=2";
        let words = words(line).unwrap();
        let (start, end) = words[1].range(2);
        assert_eq!(&line[start..end], "é x'");
        let (start, end) = words[2].range(2);
        assert_eq!(&line[start..end], "2");
    }
}
