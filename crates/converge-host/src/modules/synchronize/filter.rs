//! Which paths are taken and which are left, by the patterns of rsync(1).

use crate::fnmatch::{class, in_class};

/// Rules, of which the first that matches a path decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    takes: bool,
    pattern: Vec<char>,
    /// It begins where the rule holds, and not at any folder.
    anchored: bool,
    /// It is matched against the whole path, and not against the last name.
    whole: bool,
    dirs_only: bool,
    /// `dir/***`: the folder and all that is in it.
    deep: bool,
    /// The folder that it holds in, empty for all.
    base: String,
}

impl Filter {
    /// Adds what a line such as `- *.o` or `+ /keep` says; `!` forgets all before it. What is said otherwise is an error.
    pub(crate) fn line(&mut self, line: &str, base: &str) -> Result<(), String> {
        let line = line.trim_end_matches(['\r', '\n']);
        let known = [("- ", false), ("+ ", true), ("exclude ", false), ("include ", true)];
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(());
        }
        if line == "!" || line == "clear" {
            self.rules.clear();
            return Ok(());
        }
        match known.iter().find_map(|(word, takes)| Some((line.strip_prefix(word)?, *takes))) {
            Some((pattern, takes)) => {
                self.push(takes, pattern, base);
                Ok(())
            }
            None => Err(format!(
                "`{line}` is no filter that converge knows: `- PATTERN` or `+ PATTERN`"
            )),
        }
    }

    /// Adds a rule; a later one counts only where no earlier one matches.
    pub(crate) fn push(&mut self, takes: bool, pattern: &str, base: &str) {
        self.rules.push(Rule::new(takes, pattern, base));
    }

    /// The same with the rules of a folder before them.
    pub(crate) fn before(&self, mut inner: Self) -> Self {
        inner.rules.extend(self.rules.iter().cloned());
        inner
    }

    /// Whether a path below the root of what is synchronized is left out.
    pub(crate) fn leaves(&self, path: &str, is_dir: bool) -> bool {
        let rule = self.rules.iter().find(|rule| rule.matches(path, is_dir));
        rule.is_some_and(|rule| !rule.takes)
    }

    /// Whether there is no rule.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Rule {
    fn new(takes: bool, pattern: &str, base: &str) -> Self {
        let (pattern, deep) = match pattern.strip_suffix("/***") {
            Some(stem) => (stem, true),
            None => (pattern, false),
        };
        let (pattern, dirs_only) = match pattern.strip_suffix('/') {
            Some(stem) if !stem.is_empty() => (stem, true),
            _ => (pattern, false),
        };
        let anchored = pattern.starts_with('/');
        let pattern = pattern.trim_start_matches('/');
        Self {
            takes,
            anchored,
            whole: anchored || deep || pattern.contains('/') || pattern.contains("**"),
            dirs_only,
            deep,
            pattern: pattern.chars().collect(),
            base: base.to_owned(),
        }
    }

    fn matches(&self, path: &str, is_dir: bool) -> bool {
        let path = if self.base.is_empty() {
            path
        } else {
            match path.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => rest,
                None => return false,
            }
        };
        if self.dirs_only && !is_dir {
            return false;
        }
        if !self.whole {
            let name = path.rsplit('/').next().unwrap_or(path);
            return wild(&self.pattern, &chars(name));
        }
        let starts = path.match_indices('/').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(starts.filter(|_| !self.anchored));
        starts.into_iter().any(|start| self.at(&path[start..], is_dir))
    }

    /// Whether a path matches from its beginning.
    fn at(&self, path: &str, is_dir: bool) -> bool {
        if !self.deep {
            return wild(&self.pattern, &chars(path));
        }
        let above = path.match_indices('/').any(|(at, _)| wild(&self.pattern, &chars(&path[..at])));
        above || is_dir && wild(&self.pattern, &chars(path))
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Whether all of a text matches: `*` and `?` stop at slashes, `**` does not.
fn wild(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', '*', rest @ ..] => (0..=text.len()).any(|at| wild(rest, &text[at..])),
        ['*', rest @ ..] => {
            let end = text.iter().position(|letter| *letter == '/').unwrap_or(text.len());
            (0..=end).any(|at| wild(rest, &text[at..]))
        }
        ['?', rest @ ..] => {
            text.split_first().is_some_and(|(first, more)| *first != '/' && wild(rest, more))
        }
        ['[', ..] if class(pattern, 0).is_some() => {
            let Some((inner, end)) = class(pattern, 0) else { return false };
            text.split_first().is_some_and(|(first, more)| {
                *first != '/' && in_class(inner, *first) && wild(&pattern[end..], more)
            })
        }
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            text.split_first().is_some_and(|(first, more)| first == letter && wild(rest, more))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn patterns_are_those_of_rsync() {
        for (pattern, path, is_dir, leaves) in [
            ("*.o", "a/b.o", false, true),
            ("*.o", "a/b.c", false, false),
            ("/a", "a", true, true),
            ("/a", "b/a", true, false),
            ("a/", "b/a", true, true),
            ("a/", "b/a", false, false),
            ("b/a", "c/b/a", false, true),
            ("b/a", "b/a/c", false, false),
            ("b*a", "b/a", false, false),
            ("b**a", "b/c/a", false, true),
            ("/x/**/z", "x/y/y/z", false, true),
            ("x/***", "x", true, true),
            ("x/***", "a/x/y/z", false, true),
            ("x/***", "xy", true, false),
            ("[a-c]?", "d/bz", false, true),
            ("[!a]", "a", false, false),
            ("node_modules", "app/node_modules", true, true),
            (".git", ".gitignore", false, false),
        ] {
            let mut filter = Filter::default();
            filter.push(false, pattern, "");
            assert_eq!(filter.leaves(path, is_dir), leaves, "{pattern} {path}");
        }
    }

    #[test]
    fn the_first_rule_decides() {
        let mut filter = Filter::default();
        for line in ["# only configuration", "+ */", "+ *.conf", "- *"] {
            filter.line(line, "").unwrap();
        }
        assert!(!filter.leaves("a", true) && !filter.leaves("a/b.conf", false));
        assert!(filter.leaves("a/b.txt", false));
        let mut inner = Filter::default();
        inner.line("- /b.conf", "a").unwrap();
        let both = filter.before(inner);
        assert!(both.leaves("a/b.conf", false) && !both.leaves("b.conf", false));
        assert!(filter.line("merge other", "").unwrap_err().contains("`merge other` is no filter"));
    }
}
