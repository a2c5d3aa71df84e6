//! A text as lines that keep their ends.

use crate::pattern::Pattern;
use crate::python_re::Match;
use crate::stop::Result;

/// The lines of a text, each with its end.
pub(super) struct Lines(Vec<String>);

/// A line that is to be replaced.
pub(super) struct Found {
    pub(super) at: usize,
    /// The pattern that found it, and its groups.
    pub(super) groups: Option<(Pattern, Match)>,
}

/// Where a line is added.
pub(super) enum Place {
    Start,
    At(usize),
    End,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        Self(text.split_inclusive('\n').map(str::to_owned).collect())
    }

    pub(super) fn text(&self) -> String {
        self.0.concat()
    }

    /// A line without its end.
    pub(super) fn bare(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |line| line.trim_end_matches(['\r', '\n']))
    }

    /// The last line, or the first, of which something holds.
    pub(super) fn position(
        &self,
        first: bool,
        mut holds: impl FnMut(&str) -> bool,
    ) -> Option<usize> {
        let mut all = 0..self.0.len();
        if first {
            all.find(|at| holds(self.bare(*at)))
        } else {
            all.rev().find(|at| holds(self.bare(*at)))
        }
    }

    /// The last line, or the first, that a pattern finds.
    pub(super) fn search(&self, pattern: &Pattern, first: bool) -> Result<Option<(usize, Match)>> {
        let mut last = None;
        for at in 0..self.0.len() {
            if let Some(found) = pattern.search(self.bare(at))? {
                last = Some((at, found));
                if first {
                    break;
                }
            }
        }
        Ok(last)
    }

    /// The last line that is exactly this.
    pub(super) fn exact(&self, line: &str) -> Option<usize> {
        self.position(false, |known| known == line)
    }

    /// Replaces a line. Returns whether it was another one.
    pub(super) fn replace(&mut self, at: usize, line: &str) -> bool {
        let (new, Some(old)) = (ended(line), self.0.get_mut(at)) else { return false };
        // The last line of a file gets an end if it has none, as Ansible has it.
        if *old == new {
            return false;
        }
        *old = new;
        true
    }

    pub(super) fn insert(&mut self, place: Place, line: &str) {
        let at = match place {
            Place::Start => 0,
            Place::At(at) => at,
            Place::End => self.0.len(),
        };
        if at > 0
            && let Some(before) = self.0.get_mut(at - 1)
            && !before.ends_with('\n')
        {
            before.push('\n');
        }
        // A line that brings an end of its own gets another one, as Ansible has it.
        self.0.insert(at, format!("{line}\n"));
    }

    /// Removes every line of which something holds, and counts them.
    pub(super) fn remove(&mut self, mut holds: impl FnMut(&str) -> Result<bool>) -> Result<usize> {
        let mut kept = Vec::new();
        for line in &self.0 {
            if !holds(line.trim_end_matches(['\r', '\n']))? {
                kept.push(line.clone());
            }
        }
        let removed = self.0.len() - kept.len();
        self.0 = kept;
        Ok(removed)
    }
}

fn ended(line: &str) -> String {
    if line.ends_with('\n') { line.to_owned() } else { format!("{line}\n") }
}
