//! Text inside XML 1.0 and HTML.

/// A text that is nothing but text there, in attributes too. XML has no way to write most control characters; they are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_markup_can_not_say_is_replaced() {
        let text = "a<b>&\"c\"'\u{1b}[0m\u{ffff}\n";
        assert_eq!(escape(text), "a&lt;b&gt;&amp;&quot;c&quot;&#39;\u{fffd}[0m\u{fffd}\n");
    }
}
