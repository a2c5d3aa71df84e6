//! The marks that set template code apart from text, and what happens to the blanks around them.

/// How template text is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Syntax {
    /// `{%`
    pub block_start: String,
    /// `%}`
    pub block_end: String,
    /// `{{`
    pub variable_start: String,
    /// `}}`
    pub variable_end: String,
    /// `{#`
    pub comment_start: String,
    /// `#}`
    pub comment_end: String,
    /// The newline after a block or comment is dropped.
    pub trim_blocks: bool,
    /// Blanks between the start of a line and a block or comment are dropped.
    pub lstrip_blocks: bool,
    /// The newline at the very end of the text stays.
    pub keep_trailing_newline: bool,
    /// Backslashes in string literals between `{{` and `}}` stand for themselves, as Ansible has it outside of template
    /// files, so that a regular expression can be written as it is.
    pub plain_backslashes: bool,
}

impl Syntax {
    /// How strings in YAML are read.
    pub fn string() -> Self {
        Self {
            block_start: "{%".to_owned(),
            block_end: "%}".to_owned(),
            variable_start: "{{".to_owned(),
            variable_end: "}}".to_owned(),
            comment_start: "{#".to_owned(),
            comment_end: "#}".to_owned(),
            trim_blocks: true,
            lstrip_blocks: false,
            keep_trailing_newline: false,
            plain_backslashes: true,
        }
    }

    /// How template files are read unless they or their task say otherwise.
    pub fn file() -> Self {
        Self { plain_backslashes: false, ..Self::string() }
    }

    /// Whether a text holds any template code at all.
    pub fn concerns(&self, text: &str) -> bool {
        [&self.variable_start, &self.block_start, &self.comment_start]
            .into_iter()
            .any(|mark| text.contains(mark.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Syntax;

    #[test]
    fn only_marked_text_is_a_template() {
        let syntax = Syntax::string();
        assert!(syntax.concerns("a {{ b }}"));
        assert!(syntax.concerns("{# nothing #}"));
        assert!(!syntax.concerns("${HOME} { { 100%"));
    }
}
