//! Names and texts in the SQL of MySQL.

/// A name, in quotes, so that nothing in it means anything.
pub(super) fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text, in quotes.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// An account.
pub(super) fn account(user: &str, host: &str) -> String {
    format!("{}@{}", text(user), text(host))
}

/// A word that stands in a statement by itself; nothing else can.
pub(super) fn word(word: &str) -> String {
    word.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::{account, name, text, word};

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(name("a`; DROP"), "`a``; DROP`");
        assert_eq!(text("it's \\"), "'it''s \\\\'");
        assert_eq!(account("me", "10.%"), "'me'@'10.%'");
        assert_eq!(word("utf8mb4; DROP"), "utf8mb4DROP");
    }
}
