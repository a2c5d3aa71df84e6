//! What systemd says of units that nobody asked about yet.
//!
//! A process of systemctl(1) for each unit is what takes longest where many units are looked at one after another. After a few of
//! them, all that systemd has in memory are had at once. Each of these answers serves once, soon, and only as long as nothing
//! shows that units changed: whoever asks again waits for something to change.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So many units are asked about one at a time first.
const FEW: usize = 4;

/// How long an answer is taken for the present.
const FRESH: Duration = Duration::from_secs(3);

/// Where systemd notes what runs: a link appears with each start and goes with each end (since systemd 235).
const RUNNING: &str = "/run/systemd/units";

/// Where units are put and enabled while a system runs.
const ENABLED: &[&str] = &["/etc/systemd/system", "/run/systemd/system"];

/// When folders were changed last.
type Stamp = Vec<(PathBuf, u64, i64, i64)>;

/// Answers at hand.
pub(crate) struct Ahead {
    /// What was asked about, one at a time, since the last answers were had.
    asked: BTreeSet<String>,
    /// How many of those there must be before all are had.
    few: usize,
    /// By name and alias.
    texts: HashMap<String, String>,
    /// How many answers there were, and how many of them served.
    had: usize,
    served: usize,
    taken: Option<(Instant, Stamp)>,
}

impl Default for Ahead {
    fn default() -> Self {
        let (asked, texts) = Default::default();
        Self { asked, few: FEW, texts, had: 0, served: 0, taken: None }
    }
}

impl Ahead {
    /// The answer about a unit, if it is at hand.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let (taken, stamp) = self.taken.as_ref()?;
        if taken.elapsed() > FRESH || stamp_of(Path::new(RUNNING), ENABLED).as_ref() != Some(stamp)
        {
            self.forget();
            return None;
        }
        let text = self.texts.remove(name)?;
        self.served += 1;
        Some(text)
    }

    /// Notes that a unit has to be asked about; gives a pattern of what to ask about with it, where that pays.
    pub(crate) fn beside(&mut self, name: &str) -> Option<String> {
        if !self.asked.insert(name.to_owned()) || self.asked.len() < self.few {
            return None;
        }
        // Units that systemd has no reason to have in memory are in no such answer. Where it was for nothing, it is tried later.
        let in_vain = self.had > 0 && self.served * 8 < self.had;
        self.few = if in_vain { self.few * 2 } else { FEW };
        self.asked.clear();
        (self.had, self.served) = (0, 0);
        self.taken = Some((Instant::now(), stamp_of(Path::new(RUNNING), ENABLED)?));
        let (_, suffix) = name.rsplit_once('.')?;
        Some(format!("*.{suffix}"))
    }

    /// Keeps what came of a pattern and gives the answer that is first. None where it can't be taken apart.
    pub(crate) fn keep(&mut self, text: &str) -> Option<String> {
        self.texts.clear();
        let mut blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
        let first = blocks.next()?;
        let blocks: Vec<&str> = blocks.collect();
        let whole = |block: &&str| of(block, "Id").is_some() && of(block, "LoadState").is_some();
        // A value may have an empty line in it.
        if !whole(&first) || !blocks.iter().all(whole) {
            self.forget();
            return None;
        }
        self.had = blocks.len();
        for block in blocks {
            let names = of(block, "Names").into_iter().flat_map(str::split_whitespace);
            for name in names.chain(of(block, "Id")) {
                self.texts.insert(name.to_owned(), block.to_owned());
            }
        }
        Some(first.to_owned())
    }

    /// Forgets every answer, since something is done to the machine.
    pub(crate) fn forget(&mut self) {
        self.texts.clear();
        self.taken = None;
    }
}

/// A property in what systemctl(1) shows.
fn of<'t>(block: &'t str, property: &str) -> Option<&'t str> {
    block.lines().find_map(|line| line.strip_prefix(property)?.strip_prefix('='))
}

/// When what runs and what is enabled was changed last; none where that can't be told.
fn stamp_of(running: &Path, enabled: &[&str]) -> Option<Stamp> {
    let mut folders = vec![running.to_path_buf()];
    for folder in enabled.iter().map(Path::new) {
        let inner = fs::read_dir(folder).into_iter().flatten().flatten();
        let inner = inner.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.extend(inner.map(|entry| entry.path()));
        folders.push(folder.to_path_buf());
    }
    let stamp = |folder: PathBuf| {
        let meta = fs::metadata(&folder).ok()?;
        Some((folder, meta.ino(), meta.mtime(), meta.mtime_nsec()))
    };
    let mut folders = folders.into_iter();
    // Without the first nothing can be told; the others need not be there.
    let mut stamps = vec![stamp(folders.next()?)?];
    stamps.extend(folders.filter_map(stamp));
    stamps.sort();
    Some(stamps)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::{Ahead, ENABLED, FEW, RUNNING, stamp_of};

    fn block(name: &str, state: &str) -> String {
        format!(
            "Type=simple\nId={name}\nNames={name} also-{name}\nLoadState=loaded\nActiveState={state}\n"
        )
    }

    fn full() -> Ahead {
        let mut ahead = Ahead::default();
        for number in 1..FEW {
            assert_eq!(ahead.beside(&format!("{number}.service")), None);
        }
        ahead.beside("last.service");
        // This machine need not have systemd.
        ahead.taken = Some((Instant::now(), Vec::new()));
        ahead
    }

    #[test]
    fn all_are_asked_about_after_a_few_and_never_for_one_that_is_asked_about_again() {
        let mut ahead = Ahead::default();
        for _ in 0..20 {
            assert_eq!(ahead.beside("a.service"), None);
        }
        for name in ["b.service", "c.service"] {
            assert_eq!(ahead.beside(name), None);
        }
        let there = stamp_of(std::path::Path::new(RUNNING), ENABLED).is_some();
        assert_eq!(ahead.beside("d.timer"), there.then(|| "*.timer".to_owned()));
    }

    #[test]
    fn where_it_was_in_vain_it_is_tried_later() {
        let mut ahead = full();
        let texts: Vec<_> = (0..20).map(|number| block(&format!("x{number}"), "active")).collect();
        ahead.keep(&texts.join("\n")).unwrap();
        for number in 0..FEW {
            ahead.beside(&format!("other{number}.service"));
        }
        assert_eq!(ahead.few, 2 * FEW);
    }

    #[test]
    fn an_answer_is_found_by_each_name_and_the_first_is_given_at_once() {
        let mut ahead = full();
        let text = [block("last.service", "active"), block("b.service", "inactive")].join("\n");
        assert!(ahead.keep(&text).unwrap().contains("Id=last.service"));
        assert!(ahead.texts["also-b.service"].contains("ActiveState=inactive"));
        assert!(!ahead.texts.contains_key("last.service"));
    }

    #[test]
    fn nothing_is_kept_of_what_can_not_be_taken_apart() {
        let mut ahead = full();
        let text = format!("{}\n\nargv[]=x\n\ny ; }}\n", block("a.service", "active"));
        assert_eq!(ahead.keep(&text), None);
        assert!(ahead.texts.is_empty() && ahead.taken.is_none());
    }

    #[test]
    fn a_change_of_a_folder_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("system/multi-user.target.wants")).unwrap();
        let system = at("system").display().to_string();
        let stamp = || stamp_of(&at("units"), &[&system]);
        assert_eq!(stamp(), None);
        fs::create_dir(at("units")).unwrap();
        let before = stamp();
        assert_eq!(stamp(), before);
        fs::write(at("system/multi-user.target.wants/a.service"), "").unwrap();
        assert_ne!(stamp(), before);
    }
}
