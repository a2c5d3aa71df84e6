//! Permission bits as people write them: `0644`, `u=rwX,g-w`.
//!
//! The symbolic form is that of chmod(1).

use crate::args::Mode;
use crate::stop::{Result, Stop};

/// The bits that a mode means for something that has `bits` now.
pub(crate) fn bits(mode: &Mode, bits: u32, is_dir: bool, umask: u32) -> Result<u32> {
    let text = mode.0.trim();
    if let Some(octal) = octal(text) {
        return match octal {
            0..=0o7777 => Ok(octal),
            _ => Err(bad(text, "there are only the bits up to 7777")),
        };
    }
    text.split(',').try_fold(bits, |bits, clause| {
        symbolic(clause.trim(), bits, is_dir, umask)
            .ok_or_else(|| bad(text, "neither octal digits nor symbols such as `u=rwX,g-w`"))
    })
}

/// Whether a mode means the same bits whatever there was before.
pub(crate) fn is_octal(mode: &Mode) -> bool {
    octal(mode.0.trim()).is_some()
}

fn octal(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O")).unwrap_or(text);
    u32::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+'))
}

fn bad(text: &str, why: &str) -> Stop {
    Stop::failed(format!("`{text}` is no file mode: {why}"))
}

fn symbolic(clause: &str, mut bits: u32, is_dir: bool, umask: u32) -> Option<u32> {
    let actions = clause.find(['+', '-', '='])?;
    let (who, mut rest) = clause.split_at(actions);
    if !who.chars().all(|letter| "ugoa".contains(letter)) {
        return None;
    }
    // Without a "who" everybody is meant, but only for the bits that the umask lets through.
    let everybody = who.is_empty() || who.contains('a');
    let users: Vec<char> = "ugo".chars().filter(|user| everybody || who.contains(*user)).collect();
    let through = if who.is_empty() { !umask } else { u32::MAX };
    let executable = is_dir || bits & 0o111 != 0;
    while let Some(operator) = rest.chars().next() {
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |at| at + 1);
        let permissions = &rest[1..end];
        rest = &rest[end..];
        for user in &users {
            let (shift, special, mask) = match user {
                'u' => (6, 0o4000, 0o4700),
                'g' => (3, 0o2000, 0o2070),
                _ => (0, 0o1000, 0o1007),
            };
            let wanted = wanted(permissions, *user, bits, executable, (shift, special))? & through;
            bits = match operator {
                '+' => bits | wanted,
                '-' => bits & !wanted,
                _ => bits & !mask | wanted,
            };
        }
    }
    Some(bits)
}

/// The bits that letters mean for one of user, group and others.
fn wanted(
    permissions: &str,
    user: char,
    bits: u32,
    executable: bool,
    (shift, special): (u32, u32),
) -> Option<u32> {
    let copied = match permissions {
        "u" => Some(bits >> 6 & 7),
        "g" => Some(bits >> 3 & 7),
        "o" => Some(bits & 7),
        _ => None,
    };
    if let Some(copied) = copied {
        return Some(copied << shift);
    }
    permissions.chars().try_fold(0, |wanted, letter| {
        Some(
            wanted
                | match letter {
                    'r' => 4 << shift,
                    'w' => 2 << shift,
                    'x' => 1 << shift,
                    'X' => u32::from(executable) << shift,
                    's' if user != 'o' => special,
                    't' if user == 'o' => special,
                    's' | 't' => 0,
                    _ => return None,
                },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::bits;
    use crate::args::Mode;

    #[track_caller]
    fn check(mode: &str, before: u32, is_dir: bool, want: u32) {
        let got = bits(&Mode(mode.into()), before, is_dir, 0o022).unwrap();
        assert_eq!(got, want, "{mode} on {before:04o} gave {got:04o}, not {want:04o}");
    }

    #[test]
    fn modes_mean_what_they_mean_to_ansible() {
        check("0644", 0, false, 0o644);
        check("644", 0o755, false, 0o644);
        check("0o2750", 0, true, 0o2750);
        check("u=rwx,g=rx,o=", 0o755, true, 0o750);
        check("+x", 0o644, false, 0o755);
        check("+w", 0o444, false, 0o644);
        check("a+w", 0o444, false, 0o666);
        check("a=,u=rwX,g+X", 0o755, false, 0o600);
        check("u=rwX,g=,o=", 0o755, true, 0o700);
        check("u=rwX,g=rX,o=", 0o644, false, 0o640);
        check("g=u,o=g-w", 0o600, false, 0o664);
        check("u+s,g+t,+t", 0o1204, false, 0o5204);
        check("ug+rw-x", 0o711, false, 0o661);
        check("g+s", 0o755, true, 0o2755);
        check("o-rwx", 0o777, true, 0o770);
    }

    #[test]
    fn other_words_are_refused() {
        for mode in ["u=rwQ", "preserve", "z+x", "99", "17777", "u", "", "rwxr-xr-x "] {
            assert!(bits(&Mode(mode.into()), 0o644, false, 0o022).is_err(), "{mode}");
        }
    }
}
