//! Host patterns, as `hosts:` and `--limit` have them.
//!
//! Format: <https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html>. Parts are separated by commas or colons: names of
//! hosts and groups, globs, `~` and a regular expression, each perhaps with `[n]` or `[a:b]` behind it. A part with `&` keeps only what it
//! matches too, one with `!` takes away what it matches; these come after all others, wherever they stand.

use std::path::Path;
use std::sync::Arc;

use converge_host::python_re::{self, Flags, Regex};
use indexmap::IndexSet;

use crate::diagnostic::{Diagnostic, nearest};
use crate::inventory::address::{is_ipv6, split_port};
use crate::inventory::model::{ALL, Host, Inventory, LOCALHOST};
use crate::project::{Loader, glob};
use crate::source::{Source, Span, Spanned};

/// A host pattern, read.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    sign: Sign,
    /// The part without sign and subscript.
    text: String,
    regex: Option<Regex>,
    subscript: Option<Subscript>,
    at: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Add,
    And,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscript {
    /// The one at this place; negative from the end.
    One(i64),
    /// From the first to the last, both included; to the end without one.
    Range(usize, Option<usize>),
}

/// The hosts that a pattern means.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Hosts in the order of the pattern, each once.
    pub hosts: Vec<Host>,
    /// Warnings about parts that match nothing.
    pub diagnostics: Vec<Diagnostic>,
}

impl Pattern {
    /// Reads the items of a pattern, each of which may hold several parts.
    ///
    /// # Errors
    /// A regular expression is none, or a sign stands alone.
    pub fn read(items: &[Spanned<String>]) -> Result<Self, Diagnostic> {
        let mut parts = Vec::new();
        for item in items {
            for text in split(&item.value) {
                parts.push(Part::read(&text, &item.span)?);
            }
        }
        Ok(Self { parts })
    }

    /// Reads the value of `--limit`, in which `@FILE` stands for the lines of that file; `here` is where its path begins.
    ///
    /// # Errors
    /// As [`Self::read`]; also if the file can't be read.
    pub fn limit(text: &str, here: &Path, loader: &Loader) -> Result<Self, Diagnostic> {
        let source = Source::new("--limit", text);
        let mut items = Vec::new();
        for part in split(text) {
            let Some(file) = part.strip_prefix('@') else {
                items.push(Spanned::new(part, Span::whole(&source)));
                continue;
            };
            let source = loader
                .text(&here.join(file))
                .map_err(|problem| problem.at(&Span::whole(&source), ""))?;
            let mut start = 0;
            for line in source.text().split_inclusive('\n') {
                let content = line.trim();
                if !content.is_empty() && !content.starts_with('#') {
                    let at = start + line.len() - line.trim_start().len();
                    items.push(Spanned::new(
                        content.to_owned(),
                        Span::new(&source, at, at + content.len()),
                    ));
                }
                start += line.len();
            }
        }
        Self::read(&items)
    }
}

impl Inventory {
    /// The hosts that `pattern` means, and of those only the ones that `limit` means too.
    ///
    /// The controller itself is meant by its names even where no inventory has it.
    pub fn select(&self, pattern: &Pattern, limit: Option<&Pattern>) -> Selection {
        let mut selection = Selection::default();
        let names = self.evaluate(pattern, &mut selection.diagnostics);
        // What is wrong with the limit is told by [`Self::check_limit`], once and not for every play.
        let limit = limit.map(|limit| self.evaluate(limit, &mut Vec::new()));
        for name in names {
            let host = self.host(&name).cloned().unwrap_or_else(|| Host::implicit(&name));
            if limit.as_ref().is_none_or(|limit| limit.contains(&name)) {
                selection.hosts.push(host);
            }
        }
        selection
    }

    /// What is wrong with a limit: an error if it means no host, else warnings about those of its parts that mean none.
    pub fn check_limit(&self, limit: &Pattern) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        if self.evaluate(limit, &mut diagnostics).is_empty() {
            let help = diagnostics.iter().flat_map(|diagnostic| diagnostic.help.clone()).collect();
            let labels = limit
                .parts
                .first()
                .map(|part| Diagnostic::error("").at(&part.at, "").labels)
                .unwrap_or_default();
            return vec![Diagnostic {
                help,
                labels,
                ..Diagnostic::error("the limit matches no host")
            }];
        }
        diagnostics
    }

    fn evaluate(&self, pattern: &Pattern, diagnostics: &mut Vec<Diagnostic>) -> IndexSet<Arc<str>> {
        let with = |sign: Sign| pattern.parts.iter().filter(move |part| part.sign == sign);
        let mut hosts = IndexSet::new();
        if with(Sign::Add).next().is_none() {
            hosts = self.hosts_in(ALL);
        }
        for part in with(Sign::Add) {
            hosts.extend(self.part(part, diagnostics));
        }
        for part in with(Sign::And) {
            let found = self.part(part, diagnostics);
            hosts.retain(|host| found.contains(host));
        }
        for part in with(Sign::Not) {
            let found = self.part(part, diagnostics);
            hosts.retain(|host| !found.contains(host));
        }
        hosts
    }

    fn part(&self, part: &Part, diagnostics: &mut Vec<Diagnostic>) -> IndexSet<Arc<str>> {
        let mut found = IndexSet::new();
        let mut is_group = false;
        for group in self.groups.keys().filter(|name| part.matches(name)) {
            is_group = true;
            found.extend(self.hosts_in(group));
        }
        let everything = matches!(part.text.as_str(), "all" | "*");
        if !everything
            && (!is_group || part.regex.is_some() || part.text.contains(['.', '?', '*', '[']))
        {
            found.extend(self.hosts.keys().filter(|name| part.matches(name)).cloned());
        }
        if found.is_empty() && !is_group && LOCALHOST.contains(&part.text.as_str()) {
            found.insert(Arc::from(part.text.as_str()));
        }
        if found.is_empty() && !is_group && !everything {
            diagnostics.push(self.unmatched(part));
        }
        match part.subscript {
            Some(subscript) => subscript.apply(found),
            None => found,
        }
    }

    fn unmatched(&self, part: &Part) -> Diagnostic {
        let names = self.groups.keys().chain(self.hosts.keys()).map(|name| &**name);
        let problem = Diagnostic::warning(format!("no host or group matches `{}`", part.text))
            .at(&part.at, "");
        match nearest(&part.text, names) {
            Some(name) => problem.help(format!("did you mean `{name}`?")),
            None => problem,
        }
    }
}

impl Part {
    fn read(text: &str, at: &Span) -> Result<Self, Diagnostic> {
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("&", rest)) => (Sign::And, rest),
            Some(("!", rest)) => (Sign::Not, rest),
            _ => (Sign::Add, text),
        };
        if rest.is_empty() {
            return Err(Diagnostic::error(format!("the pattern `{text}` names no host")).at(at, ""));
        }
        let (name, subscript) = match subscript(rest) {
            // Brackets of a regular expression are its own.
            Some((name, subscript)) if !rest.starts_with('~') => (name, Some(subscript)),
            _ => (rest, None),
        };
        let regex = match name.strip_prefix('~') {
            Some(regex) => Some(
                python_re::compile(regex, Flags::default())
                    .map_err(|error| Diagnostic::error(error.to_string()).at(at, ""))?,
            ),
            None => None,
        };
        Ok(Self { sign, text: name.to_owned(), regex, subscript, at: at.clone() })
    }

    fn matches(&self, name: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.match_start(name).is_ok_and(|found| found.is_some()),
            None => glob::matches(&self.text, name),
        }
    }
}

impl Subscript {
    fn apply(self, hosts: IndexSet<Arc<str>>) -> IndexSet<Arc<str>> {
        match self {
            Self::One(place) => {
                let place = if place < 0 { place + hosts.len() as i64 } else { place };
                usize::try_from(place)
                    .ok()
                    .and_then(|place| hosts.get_index(place).cloned())
                    .into_iter()
                    .collect()
            }
            Self::Range(first, last) => {
                let count = last.map_or(usize::MAX, |last| (last + 1).saturating_sub(first));
                hosts.into_iter().skip(first).take(count).collect()
            }
        }
    }
}

/// The subscript at the end of a part.
fn subscript(text: &str) -> Option<(&str, Subscript)> {
    let (name, inside) = text.strip_suffix(']')?.rsplit_once('[')?;
    if name.is_empty() {
        return None;
    }
    // `[1-3]` is the form that Ansible gave up and still understands.
    let range = inside
        .split_once(':')
        .or_else(|| inside.split_once('-').filter(|(first, _)| !first.is_empty()));
    let subscript = match range {
        Some((first, "")) => Subscript::Range(first.parse().ok()?, None),
        Some((first, last)) => Subscript::Range(first.parse().ok()?, Some(last.parse().ok()?)),
        None => Subscript::One(inside.parse().ok()?),
    };
    Some((name, subscript))
}

/// The parts of a pattern: at its commas, else at its colons and spaces outside of brackets. An address with a colon is one part.
fn split(text: &str) -> Vec<String> {
    if text.contains(',') {
        return text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
    }
    let text = text.trim();
    let signless = text.trim_start_matches(['!', '&']);
    if is_ipv6(signless) || split_port(signless).1.is_some() {
        return vec![text.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (letter == ':' || letter.is_whitespace()) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::Pattern;
    use crate::inventory::{Inventory, Origin};
    use crate::project::{Loader, Memory};
    use crate::source::{Source, Span, Spanned};

    const HOSTS: &str = "lone\n[web]\nweb1\nweb2\nweb3\nweb4\n[db]\ndb1\nweb2\n[prod:children]\nweb\ndb\n\
                         [east]\nweb3\ndb1\ndb-2.ex.com\n[a-b]\nx1\n2001:db8::1\n";

    fn loader() -> Loader {
        Loader::over(
            "/p",
            Memory::new([("/p/hosts", HOSTS), ("/p/l.txt", "web1\n\ndb1\n# c\nnope\n")]),
        )
    }

    fn inventory(loader: &Loader) -> Inventory {
        let (inventory, diagnostics) = Inventory::load(&[Origin::Path("/p/hosts".into())], loader);
        assert_eq!(diagnostics, []);
        inventory
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::read(&[Spanned::new(text.to_owned(), Span::whole(&Source::new("site.yml", text)))])
            .unwrap()
    }

    fn check(text: &str, expected: &str) {
        let selection = inventory(&loader()).select(&pattern(text), None);
        assert_eq!(
            selection.hosts.iter().map(|host| &*host.name).collect::<Vec<_>>().join(" "),
            expected,
            "{text}"
        );
    }

    /// Every expectation was seen from `ansible PATTERN --list-hosts`.
    #[test]
    fn patterns_as_ansible() {
        check("all", "lone web3 db1 db-2.ex.com x1 2001:db8::1 web1 web2 web4");
        check("web*", "web1 web2 web3 web4");
        check("~web[13]", "web1 web3");
        check("web:db", "web1 web2 web3 web4 db1");
        check(" web , db ", "web1 web2 web3 web4 db1");
        check("web db", "web1 web2 web3 web4 db1");
        check("web:&east", "web3");
        check("web:!east", "web1 web2 web4");
        check("!web", "lone db1 db-2.ex.com x1 2001:db8::1");
        check("&east", "web3 db1 db-2.ex.com");
        check("all:!web:&db", "db1");
        check("!web3:web", "web1 web2 web4");
        check("web[0]", "web1");
        check("web[-1]", "web4");
        check("web[1:2]", "web2 web3");
        check("web[1:]", "web2 web3 web4");
        check("web[1-2]", "web2 web3");
        check("web[5]", "");
        check("web[2:1]", "");
        check("web:!web[0]", "web2 web3 web4");
        check("web[0],db[0]", "web1 db1");
        check("~(web|db)1", "web1 db1");
        check("prod[0]", "web1");
        check("*.ex.com", "db-2.ex.com");
        check("[w]eb1", "web1");
        check("~web.*[1:2]", "web1 web2");
        check("db:web", "db1 web2 web1 web3 web4");
        check("2001:db8::1", "2001:db8::1");
        check("2001:db8::1,lone", "2001:db8::1 lone");
        check("localhost", "localhost");
        check("web:nope", "web1 web2 web3 web4");
        check("all:!all", "");
    }

    #[test]
    fn what_matches_nothing_is_told() {
        let inventory = inventory(&loader());
        let told = |text: &str| inventory.select(&pattern(text), None).diagnostics;
        assert_eq!(told("web[9]"), []);
        let [warning] = &told("web:prdo")[..] else { panic!() };
        assert_eq!(warning.to_string(), "site.yml:1:1: no host or group matches `prdo`");
        assert_eq!(warning.help, ["did you mean `prod`?"]);
        assert!(
            Pattern::read(&[Spanned::new("~[".into(), Span::whole(&Source::new("x", "~[")))])
                .is_err()
        );
        assert!(
            Pattern::read(&[Spanned::new("web:!".into(), Span::whole(&Source::new("x", "web:!")))])
                .is_err()
        );
    }

    #[test]
    fn limits() {
        let loader = loader();
        let inventory = inventory(&loader);
        let limited = |text: &str, limit: &str| {
            let limit = Pattern::limit(limit, Path::new("/p"), &loader).unwrap();
            let selection = inventory.select(&pattern(text), Some(&limit));
            selection.hosts.iter().map(|host| host.name.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(limited("all", "web1:db1"), "db1 web1");
        assert_eq!(limited("all", "@l.txt"), "db1 web1");
        assert_eq!(limited("web", "&east"), "web3");
        assert_eq!(limited("all", "!web"), "lone db1 db-2.ex.com x1 2001:db8::1");
        assert_eq!(
            limited("localhost", "web1"),
            "",
            "the host that is there without being named is limited, too"
        );
        let told = |text: &str| {
            let limit = Pattern::limit(text, Path::new("/p"), &loader).unwrap();
            inventory.check_limit(&limit).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told("web1,nope"), ["--limit:1:1: no host or group matches `nope`"]);
        assert_eq!(told("nope"), ["--limit:1:1: the limit matches no host"]);
        assert_eq!(told("@l.txt"), ["l.txt:5:1: no host or group matches `nope`"]);
        assert!(Pattern::limit("@none", Path::new("/p"), &loader).is_err());
    }
}
