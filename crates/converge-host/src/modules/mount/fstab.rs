//! Lines of fstab(5).

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) src: String,
    pub(super) path: String,
    pub(super) fstype: String,
    pub(super) opts: String,
    pub(super) dump: String,
    pub(super) passno: String,
}

impl Entry {
    /// Reads a line; none of a comment or anything else.
    pub(super) fn read(line: &str) -> Option<Self> {
        let bare = line.trim();
        let words: Vec<_> = bare.split_whitespace().collect();
        if bare.starts_with('#') || words.len() < 4 || words.len() > 6 {
            return None;
        }
        let word = |at: usize| words.get(at).map_or("0".to_owned(), |word| unescaped(word));
        Some(Self {
            src: word(0),
            path: word(1),
            fstype: word(2),
            opts: word(3),
            dump: word(4),
            passno: word(5),
        })
    }

    /// As a line.
    pub(super) fn line(&self) -> String {
        let Self { src, path, fstype, opts, dump, passno } = self;
        let words = [src, path, fstype, opts, dump, passno].map(|word| escaped(word));
        words.join(" ")
    }

    /// Whether two lines are about the same: a path, or a swap space, which has none.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let path = |path: &str| match path.trim_end_matches('/') {
            "" => "/".to_owned(),
            path => path.to_owned(),
        };
        path(&self.path) == path(&other.path)
            && (!matches!(other.path.as_str(), "none" | "swap") || self.src == other.src)
    }
}

/// The text with the line of an entry set, or without it; none where it is so already.
pub(super) fn edited(text: &str, entry: &Entry, present: bool) -> Option<String> {
    let mut out = String::new();
    let (mut found, mut changed) = (false, false);
    for line in text.lines() {
        let old = Entry::read(line).filter(|old| old.same_place(entry));
        match old {
            None => out.push_str(line),
            Some(_) if !present => {
                changed = true;
                continue;
            }
            Some(old) => {
                found = true;
                if old == *entry {
                    out.push_str(line);
                } else {
                    changed = true;
                    out.push_str(&entry.line());
                }
            }
        }
        out.push('\n');
    }
    if present && !found {
        changed = true;
        out.push_str(&entry.line());
        out.push('\n');
    }
    changed.then_some(out)
}

/// Blanks end a word in this file, so they are written as octal numbers.
fn escaped(word: &str) -> String {
    let mut out = String::new();
    for letter in word.chars() {
        match letter {
            ' ' => out.push_str("\\040"),
            '\t' => out.push_str("\\011"),
            '\n' => out.push_str("\\012"),
            other => out.push(other),
        }
    }
    out
}

/// The letters that octal numbers stand for.
pub(super) fn unescaped(word: &str) -> String {
    let mut out = word.to_owned();
    for (code, letter) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        out = out.replace(code, letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Entry, edited};

    fn entry(line: &str) -> Entry {
        Entry::read(line).unwrap()
    }

    #[test]
    fn lines_are_kept_by_their_place() {
        let text = "# own\n/dev/a\t/\text4 defaults 0 1\n/dev/s none swap sw 0 0\n";
        let check = |line: &str, present: bool, want: Option<&str>| {
            assert_eq!(edited(text, &entry(line), present).as_deref(), want, "{line}");
        };
        check("/dev/a / ext4 defaults 0 1", true, None);
        check(
            "/dev/b / ext4 defaults 0 1",
            true,
            Some("# own\n/dev/b / ext4 defaults 0 1\n/dev/s none swap sw 0 0\n"),
        );
        check("/dev/t none swap sw 0 0", true, Some(&format!("{text}/dev/t none swap sw 0 0\n")));
        check("/dev/s none swap sw 0 0", false, Some("# own\n/dev/a\t/\text4 defaults 0 1\n"));
        check("x /m tmpfs defaults 0 0", false, None);
        assert_eq!(entry("x /a\\040b/ t o").path, "/a b/");
        assert_eq!(entry("x /a\\040b t o").line(), "x /a\\040b t o 0 0");
        assert_eq!(Entry::read("# x /m t o 0 0"), None);
    }
}
