//! Names and texts in SQL.

/// A name, in quotes, so that nothing in it means anything.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name that may have a schema before it.
pub(super) fn dotted(text: &str) -> String {
    if text.starts_with('"') {
        return text.to_owned();
    }
    text.split('.').map(name).collect::<Vec<_>>().join(".")
}

/// A text, in quotes. Backslashes mean what they are, whatever the server is told about them.
pub(super) fn text(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::{dotted, name, text};

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(name("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(dotted("s.t"), "\"s\".\"t\"");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("a\\' --"), " E'a\\\\'' --'");
    }
}
