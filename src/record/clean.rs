//! Text from hosts on its way to a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with everything made visible that a terminal would obey: control characters as `^[`, and the characters that turn
/// the direction of writing as `<202E>`. Line breaks and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            _ if !obeyed(letter) => clean.push(letter),
            '\0'..='\x1f' | '\x7f' => {
                clean.push('^');
                clean.push(char::from((letter as u32 as u8) ^ 0x40));
            }
            _ => {
                // Writing to a string does not fail.
                let _ = write!(clean, "<{:04X}>", letter as u32);
            }
        }
    }
    Cow::Owned(clean)
}

fn obeyed(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => letter.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::clean;

    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        check("\x1b[31mred\x1b[0m", "^[[31mred^[[0m");
        check("over\rwritten", "over^Mwritten");
        check("\x07\x7f\u{9b}2J", "^G^?<009B>2J");
        check("a\u{202e}b", "a<202E>b");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        check("one\ttwo\nthree ü → 日本", "one\ttwo\nthree ü → 日本");
        assert!(matches!(clean("plain"), Cow::Borrowed(_)));
    }
}
