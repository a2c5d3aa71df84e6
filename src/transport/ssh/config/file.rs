//! Evaluates `ssh_config` files for one host: `Host` blocks, `Include`, the first value of each keyword wins (ssh_config(5)).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::transport::ssh::config::pattern;
use crate::transport::ssh::config::words::{self, Directive};

/// Includes may not nest deeper, as in OpenSSH.
const DEEPEST: usize = 16;

/// Where configuration is read from.
pub(super) trait Files {
    /// The text of a file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// The names in a folder, in any order; none if it cannot be read.
    fn list(&self, folder: &Path) -> Vec<String>;
}

/// The values found so far, by keyword in lower case.
#[derive(Debug, Default)]
pub(super) struct Values {
    found: BTreeMap<String, Vec<Vec<String>>>,
}

/// One evaluation of files for one host.
pub(super) struct Reader<'a> {
    /// The files.
    pub(super) files: &'a dyn Files,
    /// The user's home, for `~` in `Include`.
    pub(super) home: &'a Path,
    /// The host as it was asked for.
    pub(super) host: &'a str,
    /// Whether this is the second pass, in which `Match final` holds.
    pub(super) last_pass: bool,
}

/// What reading a file came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// There is a `Match final`: a second pass is needed.
    pub(super) second_pass: bool,
}

/// Why configuration could not be evaluated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Only OpenSSH itself can tell: a `Match` other than `all`.
    NeedsOpenSsh { path: PathBuf, line: usize, what: String },
    /// A line that cannot be read.
    Line { path: PathBuf, line: usize, why: String },
    /// A file that exists and cannot be read.
    Unreadable { path: PathBuf, why: String },
}

impl Values {
    /// Takes a value, unless an earlier one stands. Identities add up; `ProxyJump` and `ProxyCommand` share one place.
    pub(super) fn take(&mut self, directive: Directive) {
        let Directive { keyword, words, rest } = directive;
        let value = if keyword == "proxycommand" { vec![rest] } else { words };
        let place = self.found.get(&keyword);
        let taken = match keyword.as_str() {
            "identityfile" | "certificatefile" => place.is_some_and(|known| known.contains(&value)),
            "proxyjump" | "proxycommand" => {
                ["proxyjump", "proxycommand"].iter().any(|one| self.found.contains_key(*one))
            }
            _ => place.is_some(),
        };
        if !taken {
            self.found.entry(keyword).or_default().push(value);
        }
    }

    /// The first word of a keyword's value.
    pub(super) fn word(&self, keyword: &str) -> Option<&str> {
        self.words(keyword).and_then(|words| words.first()).map(String::as_str)
    }

    /// All words of a keyword's value.
    pub(super) fn words(&self, keyword: &str) -> Option<&[String]> {
        self.found.get(keyword).and_then(|values| values.first()).map(Vec::as_slice)
    }

    /// The first words of all values of a keyword that adds up.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = &str> {
        self.found
            .get(keyword)
            .into_iter()
            .flatten()
            .filter_map(|words| words.first())
            .map(String::as_str)
    }
}

impl Reader<'_> {
    /// Takes what `path` says about the host. A missing file says nothing.
    pub(super) fn file(&self, path: &Path, values: &mut Values) -> Result<Met, Trouble> {
        let mut met = Met::default();
        let base = path.parent().unwrap_or(Path::new("/")).to_owned();
        self.read(path, &base, true, 0, values, &mut met)?;
        Ok(met)
    }

    fn read(
        &self,
        path: &Path,
        base: &Path,
        outer: bool,
        depth: usize,
        values: &mut Values,
        met: &mut Met,
    ) -> Result<(), Trouble> {
        let text = match self.files.read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(Trouble::Unreadable { path: path.to_owned(), why: error.to_string() });
            }
        };
        let mut active = outer;
        for (number, line) in text.lines().enumerate() {
            let place =
                |why: String| Trouble::Line { path: path.to_owned(), line: number + 1, why };
            let Some(directive) = words::directive(line).map_err(place)? else { continue };
            match directive.keyword.as_str() {
                "host" => {
                    let patterns = directive.words.iter().map(String::as_str);
                    active = outer && pattern::list_matches(patterns, self.host);
                }
                "match" => {
                    let criteria: Vec<&str> = directive.words.iter().map(String::as_str).collect();
                    active = outer
                        && match criteria[..] {
                            ["all"] => true,
                            ["final"] | ["final", "all"] => {
                                met.second_pass = true;
                                self.last_pass
                            }
                            _ => {
                                return Err(Trouble::NeedsOpenSsh {
                                    path: path.to_owned(),
                                    line: number + 1,
                                    what: format!("Match {}", directive.rest),
                                });
                            }
                        };
                }
                "include" if depth == DEEPEST => {
                    return Err(place(format!("`Include` nests deeper than {DEEPEST}")));
                }
                "include" => {
                    for word in &directive.words {
                        for included in self.expand(word, base) {
                            self.read(&included, base, active, depth + 1, values, met)?;
                        }
                    }
                }
                _ if active => values.take(directive),
                _ => {}
            }
        }
        Ok(())
    }

    /// The files that a pattern of `Include` names, sorted; relative ones are beside the file that was asked for.
    fn expand(&self, word: &str, base: &Path) -> Vec<PathBuf> {
        let path = match word.strip_prefix("~/") {
            Some(below) => self.home.join(below),
            None => base.join(word),
        };
        let mut found = vec![PathBuf::new()];
        for part in path.components() {
            let name = part.as_os_str().to_string_lossy();
            if !name.contains(['*', '?']) {
                for path in &mut found {
                    path.push(part);
                }
                continue;
            }
            found = found
                .into_iter()
                .flat_map(|folder| {
                    let mut names = self.files.list(&folder);
                    names.retain(|one| {
                        pattern::matches(&name, one)
                            && (!one.starts_with('.') || name.starts_with('.'))
                    });
                    names.sort();
                    names.into_iter().map(move |one| folder.join(one))
                })
                .collect();
        }
        found
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::path::{Path, PathBuf};

    use super::{Files, Met, Reader, Trouble, Values};

    /// Files in memory.
    #[derive(Default)]
    pub(in crate::transport::ssh::config) struct Memory(
        pub(in crate::transport::ssh::config) BTreeMap<PathBuf, String>,
    );

    impl Memory {
        pub(in crate::transport::ssh::config) fn new(files: &[(&str, &str)]) -> Self {
            Self(
                files
                    .iter()
                    .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
                    .collect(),
            )
        }
    }

    impl Files for Memory {
        fn read(&self, path: &Path) -> io::Result<String> {
            self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn list(&self, folder: &Path) -> Vec<String> {
            let inside = self.0.keys().filter(|path| path.parent() == Some(folder));
            inside
                .filter_map(|path| path.file_name())
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        }
    }

    fn read(files: &[(&str, &str)], host: &str) -> (Values, Result<Met, Trouble>) {
        let memory = Memory::new(files);
        let reader =
            Reader { files: &memory, home: Path::new("/home/joe"), host, last_pass: false };
        let mut values = Values::default();
        let met = reader.file(Path::new("/home/joe/.ssh/config"), &mut values);
        (values, met)
    }

    fn check(config: &str, host: &str, keyword: &str, value: Option<&str>) {
        let (values, met) = read(&[("/home/joe/.ssh/config", config)], host);
        assert!(met.is_ok(), "{met:?}");
        assert_eq!(values.word(keyword), value, "{keyword} of {host} in:\n{config}");
    }

    #[test]
    fn the_first_value_wins() {
        let config = "Port 1\nHost a\n  Port 2\n  User ann\nHost *\n  User all\n";
        check(config, "a", "port", Some("1"));
        check(config, "a", "user", Some("ann"));
        check(config, "b", "user", Some("all"));
        check(config, "b", "hostname", None);
    }

    #[test]
    fn blocks_match_patterns_with_negation() {
        let config = "Host *.org !test.org\n  User x\nHost web? 10.0.*\n  User y";
        check(config, "www.org", "user", Some("x"));
        check(config, "test.org", "user", None);
        check(config, "web1", "user", Some("y"));
        check(config, "10.0.3.4", "user", Some("y"));
    }

    #[test]
    fn identities_add_up() {
        let config =
            "IdentityFile a\nHost x\n  IdentityFile b\n  IdentityFile a\nHost y\n IdentityFile c";
        let (values, _) = read(&[("/home/joe/.ssh/config", config)], "x");
        assert_eq!(values.all("identityfile").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_jump_and_a_command_share_one_place() {
        check("ProxyJump a\nProxyCommand b", "x", "proxycommand", None);
        check("ProxyCommand nc -X 5 %h\nProxyJump a", "x", "proxyjump", None);
        check("ProxyCommand nc -X 5 %h\nProxyJump a", "x", "proxycommand", Some("nc -X 5 %h"));
    }

    #[test]
    fn includes_are_found_and_keep_to_their_block() {
        let files = [
            (
                "/home/joe/.ssh/config",
                "Host a\n  Include conf.d/*.conf\nHost *\n  Include ~/more /etc/none\n",
            ),
            ("/home/joe/.ssh/conf.d/2.conf", "User two\nPort 2"),
            ("/home/joe/.ssh/conf.d/1.conf", "User one\n"),
            ("/home/joe/.ssh/conf.d/.hidden.conf", "User hidden\n"),
            ("/home/joe/more", "User more\nHost b\n  Port 9"),
        ];
        let (values, _) = read(&files, "a");
        assert_eq!((values.word("user"), values.word("port")), (Some("one"), Some("2")));
        let (values, _) = read(&files, "b");
        assert_eq!((values.word("user"), values.word("port")), (Some("more"), Some("9")));
    }

    #[test]
    fn an_include_of_itself_ends() {
        let (_, met) = read(&[("/home/joe/.ssh/config", "Include config")], "a");
        assert!(matches!(met, Err(Trouble::Line { line: 1, .. })), "{met:?}");
    }

    #[test]
    fn match_blocks() {
        check("Match all\n  User x", "a", "user", Some("x"));
        let (values, met) = read(&[("/home/joe/.ssh/config", "Match final all\n  User x")], "a");
        assert_eq!((values.word("user"), met), (None, Ok(Met { second_pass: true })));
        let (_, met) =
            read(&[("/home/joe/.ssh/config", "Port 1\nMatch host a exec true\n  User x")], "a");
        let what = "Match host a exec true".to_owned();
        assert_eq!(
            met,
            Err(Trouble::NeedsOpenSsh { path: "/home/joe/.ssh/config".into(), line: 2, what })
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let (_, met) = read(&[("/home/joe/.ssh/config", "Port 1\nHost \"a\n")], "a");
        let why = "a quote is not closed".to_owned();
        assert_eq!(met, Err(Trouble::Line { path: "/home/joe/.ssh/config".into(), line: 2, why }));
    }
}
