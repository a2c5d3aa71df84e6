//! Splitting a command line into words as Python's `shlex` does, which is how Ansible reads one.
//!
//! <https://docs.python.org/3/library/shlex.html#parsing-rules>, POSIX mode without comments.

use std::iter::Peekable;
use std::str::Chars;

/// The words of a command line, or what is wrong with it.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(word) = next(&mut letters)? {
        words.push(word);
    }
    Ok(words)
}

fn next(letters: &mut Peekable<Chars<'_>>) -> Result<Option<String>, String> {
    while letters.next_if(|letter| is_space(*letter)).is_some() {}
    if letters.peek().is_none() {
        return Ok(None);
    }
    let mut word = String::new();
    while let Some(letter) = letters.next_if(|letter| !is_space(*letter)) {
        match letter {
            '\'' => loop {
                match letters.next() {
                    Some('\'') => break,
                    Some(letter) => word.push(letter),
                    None => return Err("a quotation mark `'` is not closed".into()),
                }
            },
            '"' => loop {
                match letters.next() {
                    Some('"') => break,
                    Some('\\') => match letters.next() {
                        Some(letter @ ('"' | '\\')) => word.push(letter),
                        Some(letter) => word.extend(['\\', letter]),
                        None => return Err("a quotation mark `\"` is not closed".into()),
                    },
                    Some(letter) => word.push(letter),
                    None => return Err("a quotation mark `\"` is not closed".into()),
                }
            },
            '\\' => match letters.next() {
                Some(letter) => word.push(letter),
                None => return Err("nothing follows the last backslash".into()),
            },
            letter => word.push(letter),
        }
    }
    Ok(Some(word))
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(split(text).unwrap(), want);
    }

    #[test]
    fn words_are_those_of_shlex() {
        check("", &[]);
        check("  ls   -l\n/tmp ", &["ls", "-l", "/tmp"]);
        check(r#"a 'b "c" \n' "d 'e' \" \n" f\ g"#, &["a", r#"b "c" \n"#, r#"d 'e' " \n"#, "f g"]);
        check(r#"x="a b"'c'd '' """#, &["x=a bcd", "", ""]);
        check("echo # no comment", &["echo", "#", "no", "comment"]);
        for text in ["'a", "\"a", "a\\", "\"a\\"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
