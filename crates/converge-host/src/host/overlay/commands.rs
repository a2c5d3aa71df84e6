//! Commands that are run while planning: what may make their answer another one then.

use std::path::{Path, PathBuf};

use crate::host::overlay::Overlay;
use crate::host::{Command, Host, Look};
use crate::stop::{Result, Stop, Why};

/// Where programs are looked for.
const FOLDERS: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

impl Overlay<'_> {
    /// Why a command that changes nothing would answer otherwise then, as far as its words tell: a program that is not there,
    /// or a path, package, unit, account or group that something planned touches.
    pub fn in_the_way(&self, command: &Command) -> Result<Option<Why>> {
        let Some(program) = command.argv.first() else { return Ok(None) };
        match self.program(program) {
            Err(Stop::Unknown(why)) => return Ok(Some(why)),
            other => other?,
        };
        if let Some(cwd) = &command.cwd
            && let Look::Unknown(why) = self.resolve(cwd)?.1
        {
            return Ok(Some(why));
        }
        if let Some(text) = of_shell(command)
            && let Some(why) = self.lacks(text)?
        {
            return Ok(Some(why));
        }
        let expected = self.expected;
        let names = |name: &str| command.argv.iter().any(|word| mentions(word, name));
        let paths = expected.files.keys().chain(expected.doubtful.keys());
        let cwd = command.cwd.as_deref();
        let touched = |path: &&PathBuf| {
            names(&path.display().to_string()) || cwd.is_some_and(|cwd| path.starts_with(cwd))
        };
        if let Some(path) = paths.into_iter().find(touched) {
            return Ok(Some(Why(format!("the planned change of {}", path.display()))));
        }
        let planned = expected
            .packages
            .keys()
            .map(|(_, name)| ("package", name))
            .chain(expected.units.keys().map(|(_, name)| ("unit", name)))
            .chain(expected.users.keys().map(|name| ("user", name)))
            .chain(expected.groups.keys().map(|name| ("group", name)))
            .chain(expected.doubted.keys().map(|name| ("account", name)));
        for (what, name) in planned {
            if names(name) || names(name.strip_suffix(".service").unwrap_or(name)) {
                return Ok(Some(Why(format!("the planned change of {what} {name}"))));
            }
        }
        Ok(None)
    }

    /// Why a line for a shell may answer otherwise then: a program or a path that it names may be brought.
    fn lacks(&self, line: &str) -> Result<Option<Why>> {
        if self.expected.pending.is_empty() && self.expected.doubtful.is_empty() {
            return Ok(None);
        }
        for command in line.split(['|', ';', '&', '\n', '(', ')', '`']) {
            let words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
            let mut words = words.skip_while(|word| KEYWORDS.contains(word) || word.contains('='));
            let Some(first) = words.next() else { continue };
            let seeks = ["which", "command", "type", "hash"].contains(&first);
            let named = words.clone().filter(|word| seeks && !word.starts_with('-'));
            let programs = std::iter::once(first).chain(named);
            for program in programs.filter(|word| is_name(word) && !word.starts_with('-')) {
                if let Err(Stop::Unknown(why)) = self.program(program) {
                    return Ok(Some(why));
                }
            }
            for path in std::iter::once(first).chain(words).filter(|word| is_path(word)) {
                if let Look::Unknown(why) = self.resolve(Path::new(path))?.1 {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }
}

/// Words of a shell that a command may follow, and those that it does by itself.
const KEYWORDS: &[&str] = &[
    "!", "[", "[[", "cd", "do", "echo", "elif", "else", "exec", "exit", "export", "false", "fi",
    "for", "done", "if", "printf", "pwd", "read", "return", "set", "sudo", "test", "then", "time",
    "true", "umask", "until", "while", "{", "}",
];

/// The line of a command that is a shell with a line.
fn of_shell(command: &Command) -> Option<&str> {
    match command.argv.as_slice() {
        [shell, flag, line] if shell.ends_with("sh") && flag == "-c" => Some(line),
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.+/".contains(letter))
}

fn is_path(word: &str) -> bool {
    word.starts_with('/') && is_name(word)
}

/// A program that will be there by a planned file, or that something planned may bring.
pub(super) fn planned_program(overlay: &Overlay<'_>, name: &str) -> Result<Option<PathBuf>> {
    let candidates: Vec<PathBuf> = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        FOLDERS.iter().map(|folder| Path::new(folder).join(name)).collect()
    };
    let mut unknown = None;
    for path in candidates {
        match overlay.resolve(&path)?.1 {
            Look::Is(node) if node.mode & 0o111 != 0 => return Ok(Some(path)),
            Look::Unknown(why) => unknown = unknown.or(Some(why)),
            _ => {}
        }
    }
    match unknown {
        Some(why) => Err(Stop::Unknown(why)),
        None => Ok(None),
    }
}

/// Whether a name stands in a text as a word of its own, a path also as the beginning of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_are_whole_words() {
        let check = |text, name, want| assert_eq!(mentions(text, name), want, "{name} in {text}");
        check("systemctl is-active nginx", "nginx", true);
        check("dpkg -l nginx-common", "nginx", false);
        check("id www-data;", "www-data", true);
        check("cat /etc/app/conf", "/etc/app", true);
        check("cat /etc/apples", "/etc/app", false);
        check("f=/etc/app; cat $f", "/etc/app", true);
        check("anything", "", false);
    }
}
