//! What keeps libyaml-safer 0.3.0 on the path of the libyaml it was ported from.

use libyaml_safer::{Scanner, TokenData};

/// The position of a tag directly followed by a comma inside `[]` or `{}`, as in `[!,`.
///
/// libyaml reads it as an empty value with a tag; the port panics at the comma (its issue 7). Nobody writes it, so it is refused. The
/// text before each suspicious place is scanned to tell a tag from a `!` in a string or comment.
pub(super) fn tag_before_comma(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == b'!') {
        let start = from + found;
        let run = bytes[start..].iter().take_while(|byte| is_tag_byte(**byte)).count();
        let opens = start == 0
            || matches!(bytes[start - 1], b' ' | b'\t' | b'\n' | b'\r' | b'[' | b'{' | b',' | b':');
        if opens && bytes.get(start + run) == Some(&b',') && scans_as_tag(&text[..start]) {
            return Some(start);
        }
        from = start + run.max(1);
    }
    None
}

/// The bytes that libyaml takes for part of a tag.
fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_;/?:@&=+$.%!~*'()".contains(&byte)
}

/// Whether a `!` after `before` would begin a tag inside a flow collection.
fn scans_as_tag(before: &str) -> bool {
    let probe = format!("{before}!x \n");
    let mut input = probe.as_bytes();
    let mut scanner = Scanner::new();
    scanner.set_input(&mut input);
    let mut depth = 0_i64;
    for token in scanner {
        let Ok(token) = token else { return false };
        match token.data {
            TokenData::FlowSequenceStart | TokenData::FlowMappingStart => depth += 1,
            TokenData::FlowSequenceEnd | TokenData::FlowMappingEnd => depth -= 1,
            TokenData::Tag { .. } if token.start_mark.index == before.len() as u64 => {
                return depth > 0;
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::tag_before_comma;

    #[test]
    fn only_tags_count() {
        assert_eq!(tag_before_comma("a: [!, b]"), Some(4));
        assert_eq!(tag_before_comma("a: [x, !!str, b]"), Some(7));
        assert_eq!(tag_before_comma("{a: !vault,}"), Some(4));
        assert_eq!(tag_before_comma("a: Hello !there, you"), None);
        assert_eq!(tag_before_comma("a: [\"Hello !, you\"] # ![!,"), None);
        assert_eq!(tag_before_comma("a: |\n  [!, b]\n"), None);
        assert_eq!(tag_before_comma("a: [! , b]"), None);
    }
}
