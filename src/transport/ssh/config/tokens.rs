//! Tokens in values of `ssh_config`: `%h`, `%r`, `~/`, `${NAME}` (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES).

use std::path::{Path, PathBuf};

/// What the tokens stand for.
pub(super) struct Tokens<'a> {
    /// `%d` and `~`.
    pub(super) home: &'a Path,
    /// `%h`: the host name to connect to.
    pub(super) host: &'a str,
    /// `%n`: the host name as it was asked for.
    pub(super) asked: &'a str,
    /// `%k`: the alias of the host key, or the host as asked for.
    pub(super) key_name: &'a str,
    /// `%p`.
    pub(super) port: u16,
    /// `%r`: the remote user.
    pub(super) remote_user: &'a str,
    /// `%u`: the local user.
    pub(super) local_user: &'a str,
    /// `%i`: the local user's number.
    pub(super) uid: u32,
    /// `%l`: the name of this machine; `%L` is it without its domain.
    pub(super) machine: &'a str,
    /// `${NAME}`.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Tokens<'_> {
    /// Replaces the `%` tokens of `text`.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                expanded.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => expanded.push('%'),
                Some('d') => expanded.push_str(&self.home.to_string_lossy()),
                Some('h') => expanded.push_str(self.host),
                Some('i') => expanded.push_str(&self.uid.to_string()),
                Some('k') => expanded.push_str(self.key_name),
                Some('L') => expanded.push_str(self.machine.split('.').next().unwrap_or_default()),
                Some('l') => expanded.push_str(self.machine),
                Some('n') => expanded.push_str(self.asked),
                Some('p') => expanded.push_str(&self.port.to_string()),
                Some('r') => expanded.push_str(self.remote_user),
                Some('u') => expanded.push_str(self.local_user),
                Some(other) => return Err(format!("`%{other}` in `{text}` is not known here")),
                None => return Err(format!("`{text}` ends with a single `%`")),
            }
        }
        Ok(expanded)
    }

    /// A path: `${NAME}`, `~/` and the tokens replaced.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
        let text = self.expand(&self.variables(text)?)?;
        Ok(match text.strip_prefix('~') {
            Some("") => self.home.to_owned(),
            Some(rest) => match rest.strip_prefix('/') {
                Some(below) => self.home.join(below),
                None => {
                    return Err(format!("`{text}`: the home of another user is not known here"));
                }
            },
            None => PathBuf::from(text),
        })
    }

    fn variables(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) =
                after.split_once('}').ok_or_else(|| format!("`{text}`: `${{` is not closed"))?;
            let value =
                (self.variable)(name).ok_or_else(|| format!("`{text}`: `${name}` is not set"))?;
            expanded.push_str(before);
            expanded.push_str(&value);
            rest = tail;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Tokens;

    fn check(text: &str, expected: Result<&str, &str>) {
        let tokens = Tokens {
            home: Path::new("/home/joe"),
            host: "10.0.0.1",
            asked: "web",
            key_name: "web",
            port: 2222,
            remote_user: "deploy",
            local_user: "joe",
            uid: 1000,
            machine: "desk.example.org",
            variable: &|name| (name == "KEYS").then(|| "/keys".to_owned()),
        };
        assert_eq!(tokens.path(text), expected.map(PathBuf::from).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn tokens_are_replaced() {
        check("~/.ssh/%r@%h-%p", Ok("/home/joe/.ssh/deploy@10.0.0.1-2222"));
        check("%d/%n/%u/%i/%l/%L/%k", Ok("/home/joe/web/joe/1000/desk.example.org/desk/web"));
        check("100%%", Ok("100%"));
        check("${KEYS}/a", Ok("/keys/a"));
        check("~", Ok("/home/joe"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        check("%Q", Err("`%Q` in `%Q` is not known here"));
        check("a%", Err("`a%` ends with a single `%`"));
        check("${NONE}/a", Err("`${NONE}/a`: `$NONE` is not set"));
        check("${NONE", Err("`${NONE`: `${` is not closed"));
        check("~ann/key", Err("`~ann/key`: the home of another user is not known here"));
    }
}
