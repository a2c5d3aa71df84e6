//! Splits lines of `ssh_config` and the arguments of `-o` as OpenSSH does (ssh_config(5), `argv_split` in its misc.c).

/// A keyword in lower case and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// The keyword, in lower case: keywords are case-insensitive, arguments are not.
    pub(super) keyword: String,
    /// The arguments without their quotes.
    pub(super) words: Vec<String>,
    /// The arguments as written, for keywords whose value is the rest of the line (`ProxyCommand`).
    pub(super) rest: String,
}

/// Reads one line; `Ok(None)` for blank lines and comments. The error says what is wrong with the line.
pub(super) fn directive(line: &str) -> Result<Option<Directive>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (keyword, after) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| "a quote is not closed".to_owned())?,
        None => {
            line.split_at(line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len()))
        }
    };
    let after = after.trim_start();
    let rest = after.strip_prefix('=').unwrap_or(after).trim().to_owned();
    let words = split(&rest)?;
    if words.is_empty() {
        return Err(format!("`{keyword}` needs an argument"));
    }
    Ok(Some(Directive { keyword: keyword.to_ascii_lowercase(), words, rest }))
}

/// Splits at spaces outside of quotes; a word that begins with `#` ends the line. A backslash escapes quotes, spaces
/// (outside of quotes) and itself.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(&c) = chars.peek() {
            if quote.is_none() && c.is_whitespace() {
                break;
            }
            chars.next();
            match c {
                '\\' => match chars.peek() {
                    Some(&next)
                        if matches!(next, '"' | '\'' | '\\')
                            || (next == ' ' && quote.is_none()) =>
                    {
                        word.push(next);
                        chars.next();
                    }
                    _ => word.push('\\'),
                },
                '"' | '\'' if quote == Some(c) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                other => word.push(other),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed".to_owned());
        }
        words.push(word);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::directive;

    fn check(line: &str, keyword: &str, words: &[&str]) {
        let read = directive(line).unwrap().unwrap();
        assert_eq!(read.keyword, keyword, "{line}");
        assert_eq!(read.words, words, "{line}");
    }

    #[test]
    fn lines_as_openssh_reads_them() {
        check("Port 22", "port", &["22"]);
        check("  PORT=22  ", "port", &["22"]);
        check("port = 22", "port", &["22"]);
        check("Host a b  c", "host", &["a", "b", "c"]);
        check(r#"IdentityFile "~/my keys/id""#, "identityfile", &["~/my keys/id"]);
        check(r"IdentityFile ~/my\ keys/id", "identityfile", &["~/my keys/id"]);
        check("Host web # the web servers", "host", &["web"]);
        check("Host a#b", "host", &["a#b"]);
        check(r#""User" admin"#, "user", &["admin"]);
        check(r#"User 'DOMAIN\joe'"#, "user", &[r"DOMAIN\joe"]);
    }

    #[test]
    fn the_rest_of_the_line_is_kept() {
        let read = directive(r#"ProxyCommand ssh -W "%h:%p" bastion # x"#).unwrap().unwrap();
        assert_eq!(read.rest, r#"ssh -W "%h:%p" bastion # x"#);
    }

    #[test]
    fn nothing_and_mistakes() {
        assert_eq!(directive(""), Ok(None));
        assert_eq!(directive("   # Port 1"), Ok(None));
        assert_eq!(directive("Port"), Err("`Port` needs an argument".to_owned()));
        assert_eq!(directive("Host \"a"), Err("a quote is not closed".to_owned()));
    }
}
