//! What keeps libyaml-safer 0.3.0 on the path of the libyaml it was ported from.

use libyaml_safer::{Scanner, TokenData};

/// The position of a tag directly followed by a comma inside `[]` or `{}`, as in `[!,`.
///
/// libyaml reads it as an empty value with a tag; the port panics at the comma (its issue 7). Nobody writes it, so it is refused. To tell
/// a tag from a `!` in a string or comment, the text is scanned with a space put before every such comma, which changes no token.
pub(super) fn tag_before_comma(text: &str) -> Option<usize> {
    let commas = suspicious_commas(text);
    if commas.is_empty() {
        return None;
    }
    let mut probe = String::with_capacity(text.len() + commas.len() + 1);
    let mut from = 0;
    for &comma in &commas {
        probe.push_str(&text[from..comma]);
        probe.push(' ');
        from = comma;
    }
    probe.push_str(&text[from..]);
    probe.push('\n');
    first_tag_before(&probe, &commas)
}

/// The commas that stand where a tag could end.
fn suspicious_commas(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut commas = Vec::new();
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == b'!') {
        let start = from + found;
        let verbatim = bytes.get(start + 1) == Some(&b'<');
        let end = if verbatim {
            bytes[start..].iter().position(|&byte| byte == b'>').map(|length| start + length + 1)
        } else {
            Some(start + bytes[start..].iter().take_while(|byte| is_tag_byte(**byte)).count())
        };
        let comma = end.filter(|end| bytes.get(*end) == Some(&b','));
        // Several tags may end at one comma as far as this can tell.
        commas.extend(comma.filter(|comma| commas.last().is_none_or(|last| last < comma)));
        from = if verbatim { start + 1 } else { end.unwrap_or(start).max(start + 1) };
    }
    commas
}

/// The bytes that libyaml takes for part of a tag.
fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_;/?:@&=+$.%!~*'()".contains(&byte)
}

/// The place in the original text of the first tag in brackets that ends at one of `commas`; `probe` has a space before each of these.
fn first_tag_before(probe: &str, commas: &[usize]) -> Option<usize> {
    let mut input = probe.as_bytes();
    let mut scanner = Scanner::new();
    scanner.set_input(&mut input);
    let mut depth = 0_i64;
    for token in scanner {
        let token = token.ok()?;
        match token.data {
            TokenData::FlowSequenceStart | TokenData::FlowMappingStart => depth += 1,
            TokenData::FlowSequenceEnd | TokenData::FlowMappingEnd => depth -= 1,
            TokenData::Tag { .. } if depth > 0 => {
                let (start, end) = (token.start_mark.index as usize, token.end_mark.index as usize);
                // The n-th comma's space stands n bytes behind where the comma was.
                if commas.iter().enumerate().any(|(spaces, comma)| comma + spaces == end) {
                    let spaces = commas
                        .iter()
                        .enumerate()
                        .filter(|(spaces, comma)| *comma + spaces < start)
                        .count();
                    return Some(start - spaces);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::tag_before_comma;

    #[test]
    fn only_tags_count() {
        assert_eq!(tag_before_comma("a: [!, b]"), Some(4));
        assert_eq!(tag_before_comma("a: [x, !!str, b]"), Some(7));
        assert_eq!(tag_before_comma("{a: !vault,}"), Some(4));
        assert_eq!(tag_before_comma("a: [!<tag:x,y>, b]"), Some(4));
        assert_eq!(tag_before_comma("a: [\"x\"!y, b]"), Some(7));
        assert_eq!(tag_before_comma("a: hello!, you\nb: [a !b, !c, d]"), Some(25));
        assert_eq!(tag_before_comma("a: Hello !there, you"), None);
        assert_eq!(tag_before_comma("a: [\"Hello !, you\"] # ![!,"), None);
        assert_eq!(tag_before_comma("a: |\n  [!, b]\n"), None);
        assert_eq!(tag_before_comma("a: [! , b]"), None);
    }

    #[test]
    fn many_exclamations_cost_little() {
        let text = "- hello!, world!, [there!, you]\n".repeat(20_000);
        assert_eq!(tag_before_comma(&text), None);
    }
}
