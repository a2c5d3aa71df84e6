//! Regular expressions as Python's `re` reads them.
//!
//! Ansible content is full of them, in templates and in arguments of modules. This is an engine of our own, since one that is
//! made for other rules had to be taught Python's around it and was half of the helper's size. It goes back where it fails, as
//! Python's does, so it finds the same: `parse` reads a pattern as a tree (`node`), `program` writes the steps, and `machine`
//! takes them.

mod escape;
mod machine;
mod node;
mod parse;
mod program;
mod replace;
mod width;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::python_re::machine::{GaveUp, Machine};
use crate::python_re::program::Program;

pub use replace::Replacement;

/// Python's flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `re.IGNORECASE`
    pub ignore_case: bool,
    /// `re.MULTILINE`: `^` and `$` match at every line.
    pub multi_line: bool,
    /// `re.DOTALL`: `.` matches the end of a line too.
    pub dot_all: bool,
    /// `re.VERBOSE`: blanks and comments in the pattern do not count.
    pub verbose: bool,
    /// `re.ASCII`: `\w`, `\d` and `\s` mean ASCII only.
    pub ascii: bool,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Regex {
    program: Arc<Program>,
    groups: usize,
    names: Vec<(String, usize)>,
}

/// Where a match is, and its groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The bytes of each group that took part; group 0 is the whole match.
    groups: Vec<Option<Range<usize>>>,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
}

/// Compiles a pattern.
pub fn compile(pattern: &str, flags: Flags) -> Result<Regex, Error> {
    let parse::Parsed { node, groups, names } = parse::parse(pattern, flags)?;
    let program = program::compile(&node, groups)
        .ok_or_else(|| Error::new(format!("`{pattern}` repeats too much in too much")))?;
    Ok(Regex { program: Arc::new(program), groups, names })
}

/// Escapes what has a meaning in a pattern, as `re.escape` does.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

impl Regex {
    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> Result<bool, Error> {
        Ok(self.search(text, 0)?.is_some())
    }

    /// The first match at or behind a byte of a text: `pattern.search(text, from)`.
    pub fn search(&self, text: &str, from: usize) -> Result<Option<Match>, Error> {
        self.search_but(text, from, None)
    }

    /// As `search`, and passes an empty match at a byte over.
    fn search_but(
        &self,
        text: &str,
        from: usize,
        not_empty_at: Option<usize>,
    ) -> Result<Option<Match>, Error> {
        let mut machine = Machine::new(&self.program, text, not_empty_at);
        let found = machine.search(from).map_err(|GaveUp| {
            Error::new("matching was given up: the pattern tries too many ways in this text")
        })?;
        Ok(found.map(|places| {
            let range = |pair: &[usize]| text.get(pair[0]..pair[1]).map(|_| pair[0]..pair[1]);
            Match { groups: places[..2 * (self.groups + 1)].chunks(2).map(range).collect() }
        }))
    }

    /// A match at the start of a text: `pattern.match(text)`.
    pub fn match_start(&self, text: &str) -> Result<Option<Match>, Error> {
        Ok(self.search(text, 0)?.filter(|found| found.range().start == 0))
    }

    /// All matches that do not overlap: `pattern.finditer(text)`.
    pub fn find_all(&self, text: &str) -> Result<Vec<Match>, Error> {
        self.find_some(text, usize::MAX)
    }

    /// Replaces the first `count` matches, or all: `pattern.subn(replacement, text, count)`. Also how many there were.
    pub fn replace(
        &self,
        text: &str,
        replacement: &Replacement,
        count: Option<usize>,
    ) -> Result<(String, usize), Error> {
        let found = self.find_some(text, count.unwrap_or(usize::MAX))?;
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for one in &found {
            let range = one.range();
            out.push_str(&text[done..range.start]);
            replacement.write(&mut out, text, one, self)?;
            done = range.end;
        }
        out.push_str(&text[done..]);
        Ok((out, found.len()))
    }

    /// How many groups it has, the whole match not counted.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// The number of a named group.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, group)| *group)
    }

    /// The named groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    fn find_some(&self, text: &str, limit: usize) -> Result<Vec<Match>, Error> {
        let mut found = Vec::new();
        let (mut from, mut empty_at) = (0, None);
        while found.len() < limit
            && let Some(one) = self.search_but(text, from, empty_at)?
        {
            let range = one.range();
            // Behind an empty match something must be taken before the next.
            empty_at = range.is_empty().then_some(range.end);
            from = range.end;
            found.push(one);
        }
        Ok(found)
    }
}

impl Match {
    /// The bytes of the whole match.
    pub fn range(&self) -> Range<usize> {
        self.groups.first().cloned().flatten().unwrap_or(0..0)
    }

    /// The text of a group, if it took part.
    pub fn text<'t>(&self, text: &'t str, group: usize) -> Option<&'t str> {
        let range = self.groups.get(group)?.clone()?;
        text.get(range)
    }
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Flags, Replacement, compile, escape};

    fn found(pattern: &str, text: &str) -> String {
        let regex = compile(pattern, Flags::default()).unwrap();
        let found = regex.find_all(text).unwrap();
        found.iter().map(|one| one.text(text, 0).unwrap()).collect::<Vec<_>>().join("|")
    }

    fn replaced(pattern: &str, replacement: &str, text: &str) -> String {
        let regex = compile(pattern, Flags::default()).unwrap();
        let replacement = Replacement::parse(replacement).unwrap();
        regex.replace(text, &replacement, None).unwrap().0
    }

    #[test]
    fn matches_are_pythons() {
        for (pattern, text, want) in [
            (r"a$", "ba\n", "a"),
            (r"a\Z", "ba\n", ""),
            (r"(?m)^\w+$", "one\ntwo\n", "one|two"),
            (r"(?i)AB", "xab", "ab"),
            (r"[[]x[]a]", "[x]", "[x]"),
            (r"[^]]+", "ab]cd", "ab|cd"),
            (r"[a&&b-]+", "a&-b", "a&-b"),
            (r"a{,2}b", "aaab", "aab"),
            (r"x{a}", "x{a}", "x{a}"),
            (r"\<b\>", "<b>", "<b>"),
            (r"(?<=a)b(?!c)", "abc ab", "b"),
            (r"(\w)\1", "aabbc", "aa|bb"),
            (r"(?P<q>['\x22])x(?P=q)", "'x' \"x\"", "'x'|\"x\""),
            (r"(?x) a \s b # comment", "a b", "a b"),
            (r"[\b]", "\u{8}", "\u{8}"),
            (r"a(?#note)b", "ab", "ab"),
            (r"\d+(?:\.\d+)*", "v1.22.3", "1.22.3"),
            (r"\/etc\-\ x", "/etc- x", "/etc- x"),
            (r"^\s*#?\s*Port\b.*", "#Port 22", "#Port 22"),
            (r"\101\x42", "AB", "AB"),
            (r"a.*?c|b", "abcb", "abc|b"),
            (r"(a|ab)(c|bcd)(d*)", "abcd", "abcd"),
            (r"(?:a|b)*?c", "abac", "abac"),
            (r"(a?)*b", "aab", "aab"),
            (r"(?:){3}x", "x", "x"),
            (r"(?>a+)b|aa", "aaab aac", "aaab|aa"),
            (r"a++a|b", "aaab", "b"),
            (r"(<)?x(?(1)>|!)", "<x> x! x>", "<x>|x!"),
            (r"(?i)straSSe[à-ü]", "STRASSEÄ", "STRASSEÄ"),
            (r"(?i)k\w", "\u{212a}é k²", "\u{212a}é|k²"),
            (r"\d+", "12\u{663}² \u{1d7d8}", "12\u{663}|\u{1d7d8}"),
            (r"(?a)\w+\s", "aé b\u{a0}c ", "c "),
            (r"\s", "a\u{1c}b\u{85}\u{a0}", "\u{1c}|\u{85}|\u{a0}"),
            (r"(?<![0-9.])\d(?=\n|$)", "x1\n2.3\n4", "1|4"),
            (r"(?<=é.)x", "éax", "x"),
            (r"(?s)a.b(?-s:.)", "a\nbc a\nb\n", "a\nbc"),
            ("(?x)a{2} # two\n [ #]", "aa#", "aa#"),
            (r"x{,}y|z{,1}!", "xxy zz!", "xxy|z!"),
            (r"\bon\b|\B-\B", "on -- none", "on|-|-"),
        ] {
            assert_eq!(found(pattern, text), want, "{pattern}");
        }
    }

    #[test]
    fn replacing_is_pythons() {
        for (pattern, replacement, text, want) in [
            (r"x*", "-", "abxd", "-a-b--d-"),
            (r"(a)(b)?", r"[\1\2]", "ab a", "[ab] [a]"),
            (r"(?P<k>\w+)=(?P<v>\w+)", r"\g<v>=\g<k>", "a=b", "b=a"),
            (r"(\d)", r"\g<1>0", "5", "50"),
            (r"b", r"\\\n", "abc", "a\\\nc"),
            (r"^", "> ", "a", "> a"),
            (r"$", "!", "a\n", "a!\n!"),
            (r"b", r"$1 \0", "b", "$1 \0"),
        ] {
            assert_eq!(replaced(pattern, replacement, text), want, "{pattern}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for pattern in [
            r"\q",
            "(",
            "a)",
            "[a",
            "[]",
            "*a",
            "a**",
            "^*",
            "a{2}{3}",
            "a{3,2}",
            "[z-a]",
            r"[\w-z]",
            r"\1",
            r"(\1)",
            r"\400",
            r"\8",
            "(?<=a+)b",
            "(?z)",
            "(?(2)a|b)",
            "(?(1)a|b|c)(x)",
            "(?P<a>x)(?P<a>y)",
            "(?P=a)",
            "a(?i)b",
            "(?P<1>x)",
        ] {
            assert!(compile(pattern, Flags::default()).is_err(), "{pattern}");
        }
        for replacement in [r"\q", r"\g<1", r"a\"] {
            assert!(Replacement::parse(replacement).is_err(), "{replacement}");
        }
        let regex = compile("a", Flags::default()).unwrap();
        assert!(regex.replace("a", &Replacement::parse(r"\1").unwrap(), None).is_err());
    }

    #[test]
    fn groups_are_those_of_the_last_way() {
        for (pattern, text, want) in [
            (r"(a|b)*c", "abc", "abc,b"),
            (r"(?:(a)|b)*", "ab", "ab,a"),
            (r"(a)?(b)?", "b", "b,-,b"),
            (r"(?!(a)b)a", "ac", "a,-"),
            (r"(?=(a+))a", "aaa", "a,aaa"),
            (r"((a)|(b)|)*x", "abx", "abx,,a,b"),
        ] {
            let found =
                compile(pattern, Flags::default()).unwrap().search(text, 0).unwrap().unwrap();
            let groups: Vec<_> = (0..found.groups.len())
                .map(|group| found.text(text, group).unwrap_or("-"))
                .collect();
            assert_eq!(groups.join(","), want, "{pattern}");
        }
    }

    #[test]
    fn long_texts_and_hopeless_patterns_end() {
        let line = "x".repeat(200_000);
        // Behind the whole there is the empty match at the end.
        assert_eq!(found("(x|y)*$", &line).len(), line.len() + 1);
        assert_eq!(found("(?:x|y)*?$", &line).len(), line.len() + 1);
        assert_eq!(found("z", &line), "");
        let hopeless = compile("(x+x+)+y", Flags::default()).unwrap();
        let error = hopeless.search(&line[..40], 0).unwrap_err().to_string();
        assert!(error.starts_with("matching was given up"), "{error}");
        assert!(compile("(?:(?:a{900}b){900}c){900}", Flags::default()).is_err());
        assert!(compile(&"(".repeat(5000), Flags::default()).is_err());
    }

    #[test]
    fn escaped_text_matches_itself() {
        for text in ["a.b*c", "[x](y){z}", "#a b\n\\", "a-b_c/d@é"] {
            assert_eq!(found(&escape(text), text), text);
        }
        assert_eq!(escape("/etc/x_y.conf"), r"/etc/x_y\.conf");
    }
}
