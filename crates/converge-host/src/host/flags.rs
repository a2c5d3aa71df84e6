//! Inode flags in the letters of lsattr(1) and the words of Ansible.
//!
//! The numbers are those of `linux/fs.h`, the order is that in which lsattr prints.

const FLAGS: &[(u32, char, &str)] = &[
    (0x0000_0001, 's', "zero"),
    (0x0000_0002, 'u', "undelete"),
    (0x0000_0008, 'S', "synchronous"),
    (0x0001_0000, 'D', "dirsync"),
    (0x0000_0010, 'i', "immutable"),
    (0x0000_0020, 'a', "append"),
    (0x0000_0040, 'd', "nodump"),
    (0x0000_0080, 'A', "noatime"),
    (0x0000_0004, 'c', "compressed"),
    (0x0000_0800, 'E', "encrypted"),
    (0x0000_4000, 'j', "journalled"),
    (0x0000_1000, 'I', "indexed"),
    (0x0000_8000, 't', "notail"),
    (0x0002_0000, 'T', "blockroot"),
    (0x0008_0000, 'e', "extents"),
    (0x0080_0000, 'C', "nocow"),
    (0x1000_0000, 'N', "inline"),
];

/// The letters of the flags that are set.
pub(crate) fn letters(flags: u32) -> String {
    set(flags).map(|(_, letter, _)| *letter).collect()
}

/// The words of the flags that are set.
pub(crate) fn names(flags: u32) -> Vec<&'static str> {
    set(flags).map(|(_, _, name)| *name).collect()
}

/// What can be set and cleared at will. The others are the file system's own.
const OURS: u32 = 0x0083_c0ff;

/// The flags that letters in the notation of chattr(1) mean for something that has `now`: `+i`, `-a`, `=A`, and without a sign
/// the same as with `=`.
pub(crate) fn wanted(written: &str, now: u32) -> Option<u32> {
    let (sign, letters) = match written.trim().split_at_checked(1) {
        Some((sign @ ("+" | "-" | "="), letters)) => (sign, letters),
        _ => ("=", written.trim()),
    };
    let bits = letters.chars().try_fold(0, |bits, letter| {
        let flag = FLAGS.iter().find(|(_, known, _)| *known == letter)?;
        Some(bits | flag.0)
    })?;
    Some(match sign {
        "+" => now | bits,
        "-" => now & !bits,
        _ => now & !OURS | bits,
    })
}

fn set(flags: u32) -> impl Iterator<Item = &'static (u32, char, &'static str)> {
    FLAGS.iter().filter(move |(bit, _, _)| flags & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::{letters, names, wanted};

    #[test]
    fn flags_have_letters_and_words() {
        assert_eq!(
            (letters(0x80010).as_str(), names(0x80010)),
            ("ie", vec!["immutable", "extents"])
        );
        assert_eq!((letters(0), names(0).len()), (String::new(), 0));
    }

    #[test]
    fn flags_are_changed_as_chattr_changes_them() {
        let now = 0x80020;
        for (written, want) in [
            ("+i", Some("iae")),
            ("-a", Some("e")),
            ("=A", Some("Ae")),
            ("A", Some("Ae")),
            ("=", Some("e")),
            ("+?", None),
        ] {
            assert_eq!(wanted(written, now).map(letters).as_deref(), want, "{written}");
        }
    }
}
