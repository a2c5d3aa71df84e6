//! The conditions that something is found by.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fnmatch::matches;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::find::{FileType, Find, Stamp};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop};

/// The conditions, read.
pub(super) struct Filter<'f> {
    find: &'f Find,
    patterns: Vec<Name>,
    excludes: Vec<Name>,
    /// Seconds, negative for "at most".
    age: Option<i64>,
    now: SystemTime,
    /// Bytes, negative for "at most".
    size: Option<i64>,
    contains: Option<Pattern>,
}

/// A pattern of names.
enum Name {
    Shell(String),
    Regex(Pattern),
}

impl Name {
    fn matches(&self, name: &str) -> Result<bool> {
        match self {
            Self::Shell(pattern) => Ok(matches(pattern, name)),
            // It must match from the beginning.
            Self::Regex(pattern) => pattern.is_match(name),
        }
    }
}

impl<'f> Filter<'f> {
    /// Reads the conditions.
    pub(super) fn new(find: &'f Find, _host: &dyn Host) -> Result<Self> {
        let name = |text: &String| -> Result<Name> {
            if find.use_regex {
                return Ok(Name::Regex(Pattern::new(&format!("\\A(?:{text})"), Flags::default())?));
            }
            Ok(Name::Shell(text.clone()))
        };
        let given = find.patterns.iter().filter(|pattern| !pattern.is_empty());
        let excludes = find.excludes.iter().flatten();
        let contains = match &find.contains {
            Some(text) if find.read_whole_file => Some(Pattern::new(text, Flags::default())?),
            Some(text) => Some(Pattern::new(&format!("\\A(?:{text})"), Flags::default())?),
            None => None,
        };
        Ok(Self {
            find,
            patterns: given.map(name).collect::<Result<_>>()?,
            excludes: excludes.map(name).collect::<Result<_>>()?,
            age: find.age.as_deref().map(|text| units(text, AGES, "age")).transpose()?,
            now: SystemTime::now(),
            size: find.size.as_deref().map(|text| units(text, SIZES, "size")).transpose()?,
            contains,
        })
    }

    /// Whether something fulfils all of them.
    pub(super) fn takes(
        &self,
        path: &Path,
        name: &str,
        node: &Node,
        host: &dyn Host,
    ) -> Result<bool> {
        let find = self.find;
        let kind = match find.file_type {
            FileType::Any => true,
            FileType::Directory => node.kind == NodeKind::Dir,
            FileType::File => node.kind == NodeKind::File,
            FileType::Link => matches!(node.kind, NodeKind::Link(_)),
        };
        if !kind || !self.named(name)? || !self.old(node) || !self.permitted(node)? {
            return Ok(false);
        }
        if find.file_type == FileType::Any || find.file_type == FileType::File {
            if !self.large(node) {
                return Ok(false);
            }
            if node.kind == NodeKind::File && !self.holds(path, host)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn named(&self, name: &str) -> Result<bool> {
        let any = |patterns: &[Name]| -> Result<bool> {
            for pattern in patterns {
                if pattern.matches(name)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        Ok((self.patterns.is_empty() || any(&self.patterns)?) && !any(&self.excludes)?)
    }

    fn old(&self, node: &Node) -> bool {
        let Some(age) = self.age else { return true };
        let time = match self.find.age_stamp {
            Stamp::Atime => node.accessed,
            Stamp::Ctime => node.changed,
            Stamp::Mtime => node.modified,
        };
        let seconds = |time: SystemTime| {
            time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
        };
        let is = seconds(self.now) - seconds(time);
        if age >= 0 { is >= age as f64 } else { is <= age.unsigned_abs() as f64 }
    }

    fn large(&self, node: &Node) -> bool {
        let Some(size) = self.size else { return true };
        let limit = size.unsigned_abs();
        if size >= 0 { node.size >= limit } else { node.size <= limit }
    }

    fn permitted(&self, node: &Node) -> Result<bool> {
        let Some(mode) = &self.find.mode else { return Ok(true) };
        let digits = mode.0.trim_start_matches("0o");
        let wanted = u32::from_str_radix(digits, 8)
            .map_err(|_| Stop::failed(format!("`mode` takes octal digits, not `{}`", mode.0)))?;
        Ok(if self.find.exact_mode { node.mode == wanted } else { node.mode & wanted != 0 })
    }

    fn holds(&self, path: &Path, host: &dyn Host) -> Result<bool> {
        let Some(pattern) = &self.contains else { return Ok(true) };
        if !matches!(host.look(path)?, Look::Is(_)) {
            return Ok(false);
        }
        let bytes = host.fetch(&host.content(path)?)?;
        let text = String::from_utf8_lossy(&bytes);
        if self.find.read_whole_file {
            return pattern.is_match(&text);
        }
        for line in text.split_inclusive('\n') {
            if pattern.is_match(line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const AGES: &[(char, i64)] = &[('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];

const SIZES: &[(char, i64)] =
    &[('b', 1), ('k', 1 << 10), ('m', 1 << 20), ('g', 1 << 30), ('t', 1 << 40)];

/// A number with a unit.
fn units(text: &str, units: &[(char, i64)], what: &str) -> Result<i64> {
    let wrong = || Stop::failed(format!("can't read `{text}` as `{what}`"));
    let lower = text.trim().to_ascii_lowercase();
    let last = lower.chars().next_back().ok_or_else(wrong)?;
    let unit = units.iter().find(|(letter, _)| *letter == last).map(|(_, factor)| *factor);
    let digits = if unit.is_some() { &lower[..lower.len() - 1] } else { lower.as_str() };
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit.unwrap_or(1)).ok_or_else(wrong)
}
