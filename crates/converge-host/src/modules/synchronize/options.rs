//! What the options of rsync(1) ask for.

use std::path::Path;

use crate::data::Data;
use crate::modules::synchronize::filter::Filter;

/// What is copied of a tree, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) recursive: bool,
    pub(crate) dirs: bool,
    pub(crate) links: bool,
    pub(crate) copy_links: bool,
    pub(crate) perms: bool,
    pub(crate) times: bool,
    pub(crate) owner: bool,
    pub(crate) group: bool,
    pub(crate) numeric_ids: bool,
    pub(crate) checksum: bool,
    pub(crate) size_only: bool,
    pub(crate) update: bool,
    pub(crate) existing: bool,
    pub(crate) ignore_existing: bool,
    pub(crate) delete: bool,
    pub(crate) delete_excluded: bool,
    pub(crate) mkpath: bool,
    pub(crate) prune_empty: bool,
    /// Folders say by a file `.rsync-filter` what is left out of them.
    pub(crate) merges: bool,
    /// `D755`, `F644`, `u+w`.
    pub(crate) chmod: Vec<String>,
    /// The owner and the group of everything.
    pub(crate) chown: (Option<String>, Option<String>),
    pub(crate) filter: Filter,
}

/// Options that make no difference to what is there in the end: what is told, and how bytes travel.
const IDLE: &[&str] = &[
    "verbose",
    "quiet",
    "compress",
    "no-compress",
    "progress",
    "stats",
    "human-readable",
    "partial",
    "inplace",
    "whole-file",
    "no-whole-file",
    "delay-updates",
    "no-delay-updates",
    "itemize-changes",
    "omit-dir-times",
    "omit-link-times",
    "no-motd",
    "secluded-args",
    "protect-args",
    "fsync",
    "blocking-io",
    "8-bit-output",
    "no-devices",
    "no-specials",
    "no-D",
    "open-noatime",
    "no-implied-dirs",
    "delete-before",
    "delete-during",
    "delete-delay",
    "delete-after",
    "del",
];

/// The same with a value.
const IDLE_WITH_VALUE: &[&str] = &[
    "timeout",
    "contimeout",
    "bwlimit",
    "info",
    "debug",
    "compress-level",
    "compress-choice",
    "zc",
    "zl",
    "skip-compress",
    "temp-dir",
    "partial-dir",
    "block-size",
    "checksum-choice",
    "cc",
    "log-file",
    "outbuf",
    "max-alloc",
    "out-format",
    "log-file-format",
];

/// The names of single letters. What needs a value is not among them.
const LETTERS: &[(char, &str)] = &[
    ('v', "verbose"),
    ('q', "quiet"),
    ('z', "compress"),
    ('h', "human-readable"),
    ('W', "whole-file"),
    ('i', "itemize-changes"),
    ('O', "omit-dir-times"),
    ('J', "omit-link-times"),
    ('s', "secluded-args"),
    ('P', "partial"),
    ('a', "archive"),
    ('r', "recursive"),
    ('d', "dirs"),
    ('l', "links"),
    ('L', "copy-links"),
    ('p', "perms"),
    ('t', "times"),
    ('o', "owner"),
    ('g', "group"),
    ('D', "no-specials"),
    ('c', "checksum"),
    ('u', "update"),
    ('m', "prune-empty-dirs"),
    ('F', "F"),
];

impl Options {
    /// Takes up options as they are given to rsync. `read` reads a file of patterns.
    pub(crate) fn take(
        &mut self,
        words: &[String],
        read: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let word = word.trim();
            if word.is_empty() {
                continue;
            }
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => match long.split_once(' ') {
                        Some((name, value)) => (name, Some(value.trim().to_owned())),
                        None => (long, None),
                    },
                };
                let mut value = || {
                    let given = value.clone().or_else(|| words.next().cloned());
                    given
                        .map(|value| unquoted(&value))
                        .ok_or_else(|| format!("`--{name}` needs a value"))
                };
                self.long(name, &mut value, read)?;
            } else if let Some(letters) = word.strip_prefix('-') {
                for letter in letters.chars() {
                    let known = LETTERS.iter().find(|(own, _)| *own == letter);
                    let (_, name) = known.ok_or_else(|| unknown(&format!("-{letter}")))?;
                    let mut none = || Err(format!("`-{letter}` takes no value"));
                    self.long(name, &mut none, read)?;
                }
            } else {
                return Err(format!("`{word}` is no option of rsync, which begins with a dash"));
            }
        }
        Ok(())
    }

    fn long(
        &mut self,
        name: &str,
        value: &mut dyn FnMut() -> Result<String, String>,
        read: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let (off, positive) = match name.strip_prefix("no-") {
            Some(positive) => (true, positive),
            None => (false, name),
        };
        let flag = match positive {
            "recursive" | "r" => &mut self.recursive,
            "dirs" | "d" => &mut self.dirs,
            "links" | "l" => &mut self.links,
            "copy-links" | "L" => &mut self.copy_links,
            "perms" | "p" => &mut self.perms,
            "times" | "t" => &mut self.times,
            "owner" | "o" => &mut self.owner,
            "group" | "g" => &mut self.group,
            "numeric-ids" => &mut self.numeric_ids,
            "checksum" | "c" => &mut self.checksum,
            "size-only" => &mut self.size_only,
            "update" | "u" => &mut self.update,
            "existing" | "ignore-non-existing" => &mut self.existing,
            "ignore-existing" => &mut self.ignore_existing,
            "mkpath" => &mut self.mkpath,
            "prune-empty-dirs" | "m" => &mut self.prune_empty,
            "F" => &mut self.merges,
            "archive" | "a" => {
                self.archive(!off);
                return Ok(());
            }
            _ => return self.other(name, value, read),
        };
        *flag = !off;
        Ok(())
    }

    fn other(
        &mut self,
        name: &str,
        value: &mut dyn FnMut() -> Result<String, String>,
        read: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        match name {
            "delete" => self.delete = true,
            "delete-excluded" => (self.delete, self.delete_excluded) = (true, true),
            "exclude" => self.filter.push(false, &value()?, ""),
            "include" => self.filter.push(true, &value()?, ""),
            "filter" => match value()?.as_str() {
                "dir-merge /.rsync-filter" | ": /.rsync-filter" => self.merges = true,
                line => self.filter.line(line, "")?,
            },
            "exclude-from" | "include-from" => {
                let path = value()?;
                for line in read(Path::new(&path))?.lines() {
                    let plain = !line.starts_with(['#', ';', '!'])
                        && !line.starts_with("+ ")
                        && !line.starts_with("- ")
                        && !line.trim().is_empty();
                    if plain {
                        self.filter.push(name == "include-from", line, "");
                    } else {
                        self.filter.line(line, "")?;
                    }
                }
            }
            "chmod" => self.chmod.extend(value()?.split(',').map(str::to_owned)),
            "chown" => {
                let both = value()?;
                let (owner, group) = both.split_once(':').unwrap_or((&both, ""));
                let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
                self.chown = (named(owner), named(group));
            }
            "rsh" | "rsync-path" => {
                return Err(format!(
                    "`--{name}` says how another rsync is reached, and converge needs none: it uses its own connection; for root on the host write `become: true`"
                ));
            }
            name if IDLE.contains(&name) => {
                self.delete |= name.starts_with("del");
            }
            name if IDLE_WITH_VALUE.contains(&name) => {
                value()?;
            }
            name => return Err(unknown(&format!("--{name}"))),
        }
        Ok(())
    }

    /// `--archive`, or its opposite.
    pub(crate) fn archive(&mut self, on: bool) {
        let flags = [
            &mut self.recursive,
            &mut self.links,
            &mut self.perms,
            &mut self.times,
            &mut self.owner,
            &mut self.group,
        ];
        flags.into_iter().for_each(|flag| *flag = on);
    }
}

/// Whether converge knows all of some options; the kind of an argument checks it.
pub(crate) fn known(options: &Data) -> Result<(), String> {
    let words = options.as_list().unwrap_or_default().iter();
    let words: Vec<String> = words.filter_map(Data::as_str).map(str::to_owned).collect();
    Options::default().take(&words, &|_| Ok(String::new()))
}

/// The same options with the patterns in place of the files that they are in.
pub(crate) fn inlined(
    words: &[String],
    read: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let from = ["--exclude-from", "--include-from"].into_iter().find_map(|name| {
            let rest = word.trim().strip_prefix(name)?;
            Some((name, rest.trim_start_matches(['=', ' ']).to_owned()))
        });
        let Some((name, path)) = from else {
            out.push(word.clone());
            continue;
        };
        let path = if path.is_empty() { words.next().cloned().unwrap_or_default() } else { path };
        let sign = if name == "--include-from" { '+' } else { '-' };
        for line in read(Path::new(&unquoted(&path)))?.lines() {
            match line {
                line if line.trim().is_empty() || line.starts_with(['#', ';']) => {}
                line if line.starts_with("+ ") || line.starts_with("- ") || line == "!" => {
                    out.push(format!("--filter={line}"));
                }
                line => out.push(format!("--filter={sign} {line}")),
            }
        }
    }
    Ok(out)
}

/// Upstream hands its options to a shell's rules of quoting, so people quote them.
fn unquoted(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).unwrap_or(value).to_owned()
}

fn unknown(option: &str) -> String {
    format!("`{option}`, an option of rsync that converge does not know")
}

#[cfg(test)]
mod tests {
    use super::{Options, inlined, known};
    use crate::data::Data;

    fn taken(words: &[&str]) -> Result<Options, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut options = Options::default();
        options.take(&words, &|_| Ok("# keep\n+ /keep\n*.log\n".into())).map(|()| options)
    }

    #[test]
    fn options_are_read_in_every_form() {
        let options = taken(&[
            "-avz",
            "--no-perms",
            "--no-o",
            "--exclude=.git",
            "--exclude",
            "*.o",
            "--exclude='/tmp dir'",
            "--chmod=D755,F644",
            "--chown=www-data:www-data",
            "--delete-excluded",
            "--timeout=3",
            "--progress",
        ])
        .unwrap();
        assert!(options.recursive && options.links && options.times && options.group);
        assert!(!options.perms && !options.owner && options.delete && options.delete_excluded);
        assert_eq!(options.chmod, ["D755", "F644"]);
        assert_eq!(options.chown, (Some("www-data".into()), Some("www-data".into())));
        for path in [".git", "a/x.o", "tmp dir"] {
            assert!(options.filter.leaves(path, false), "{path}");
        }
        let from = taken(&["--exclude-from=list"]).unwrap();
        assert!(from.filter.leaves("a.log", false) && !from.filter.leaves("keep", false));
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (word, want) in [
            ("--backup", "`--backup`, an option of rsync that converge does not know"),
            ("-H", "`-H`, an option of rsync that converge does not know"),
            ("--exclude", "`--exclude` needs a value"),
            ("exclude", "`exclude` is no option of rsync, which begins with a dash"),
        ] {
            assert_eq!(known(&Data::List(vec![word.into()])).unwrap_err(), want);
        }
        assert!(taken(&["--rsync-path=sudo rsync"]).unwrap_err().contains("become: true"));
    }

    #[test]
    fn files_of_patterns_are_put_in_place() {
        let words = ["--exclude-from".to_owned(), "list".to_owned(), "-v".to_owned()];
        let inlined = inlined(&words, &|_| Ok("# keep\n+ /keep\n*.log\n".into())).unwrap();
        assert_eq!(inlined, ["--filter=+ /keep", "--filter=- *.log", "-v"]);
    }
}
