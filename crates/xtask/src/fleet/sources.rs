//! This machine's apt sources, rewritten for the Debian release that the hosts run.
//!
//! Hosts install from wherever this machine does: no package host is named in this project. Both of apt's formats are
//! read (sources.list(5): one line for each source, and deb822 stanzas) and deb822 is written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// One source of packages, as the fields of its deb822 stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stanza(Vec<(String, String)>);

/// The sources for the release `release`, as the text of a `.sources` file, and the key files that they name.
///
/// `own` is the release that this machine runs: only sources of Debian's own suites for it are taken, because what else
/// a machine installs from is none of the hosts' business.
pub fn read(etc_apt: &Path, own: &str, release: &str) -> Result<(String, Vec<PathBuf>)> {
    let mut files = vec![etc_apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(etc_apt.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    let mut stanzas = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let read = match file.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => deb822(&text),
            Some("list") => one_line(&text),
            _ => continue,
        };
        stanzas.extend(read.into_iter().filter_map(|stanza| stanza.of_release(own, release)));
    }
    if stanzas.is_empty() {
        bail!(
            "`{}` has no source of Debian `{own}` with the component `main`; add one, as hosts install from it",
            etc_apt.display()
        );
    }
    let keys = stanzas
        .iter()
        .filter_map(|stanza| stanza.get("Signed-By"))
        .filter(|key| key.starts_with('/'));
    let keys = keys.map(PathBuf::from).collect();
    let text: Vec<String> = stanzas.iter().map(Stanza::text).collect();
    Ok((text.join("\n"), keys))
}

impl Stanza {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: String) {
        if let Some((_, old)) =
            self.0.iter_mut().find(|(field, _)| field.eq_ignore_ascii_case(name))
        {
            *old = value;
        }
    }

    /// The same source for another release; nothing if it is no source of Debian's binary packages for `own`.
    fn of_release(mut self, own: &str, release: &str) -> Option<Self> {
        let has = |name: &str, word: &str| {
            self.get(name).is_some_and(|all| all.split_whitespace().any(|one| one == word))
        };
        if !has("Types", "deb") || !has("Components", "main") || self.get("Enabled") == Some("no") {
            return None;
        }
        let suites: Vec<String> = self
            .get("Suites")?
            .split_whitespace()
            .filter_map(|suite| {
                let rest = suite.strip_prefix(own)?;
                matches!(rest, "" | "-updates" | "-security" | "/updates")
                    .then(|| format!("{release}{rest}"))
            })
            .collect();
        if suites.is_empty() {
            return None;
        }
        self.set("Suites", suites.join(" "));
        self.set("Types", "deb".to_owned());
        Some(self)
    }

    fn text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }
}

fn deb822(text: &str) -> Vec<Stanza> {
    let mut stanzas = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(stanza) = stanzas.last_mut() else { break };
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            stanza.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    stanzas.into_iter().filter(|stanza| !stanza.is_empty()).map(Stanza).collect()
}

fn one_line(text: &str) -> Vec<Stanza> {
    text.lines().filter_map(one_source).collect()
}

fn one_source(line: &str) -> Option<Stanza> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let mut stanza = vec![
        ("Types".to_owned(), "deb".to_owned()),
        ("URIs".to_owned(), words.next()?.to_owned()),
        ("Suites".to_owned(), words.next()?.to_owned()),
        ("Components".to_owned(), words.collect::<Vec<_>>().join(" ")),
    ];
    for (name, value) in options.split_whitespace().filter_map(|option| option.split_once('=')) {
        let name = match name {
            "arch" => "Architectures",
            "lang" => "Languages",
            // The other options have the same names in both formats.
            other => other,
        };
        stanza.push((name.to_owned(), value.replace(',', " ")));
    }
    Some(Stanza(stanza))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use crate::fleet::sources::read;

    fn check(name: &str, text: &str, expected: &str) {
        let apt = tempfile::tempdir().unwrap();
        let file = apt.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        let (sources, _) = read(apt.path(), "trixie", "bookworm").unwrap_or_default();
        assert_eq!(sources, expected, "{name}: {text}");
    }

    #[test]
    fn both_formats_are_read() {
        check(
            "sources.list",
            "# a comment\ndeb-src http://mirror.test/debian trixie main\n\
             deb [signed-by=/k.gpg arch=amd64,arm64] http://mirror.test/debian trixie-updates main contrib # more\n",
            "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm-updates\nComponents: main contrib\n\
             signed-by: /k.gpg\nArchitectures: amd64 arm64\n",
        );
        check(
            "sources.list.d/debian.sources",
            "Types: deb deb-src\n# a comment\nURIs: http://mirror.test/debian\nSuites: trixie trixie-backports\nComponents: main\nSigned-By:\n -----BEGIN\n .\n x\n",
            "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\nComponents: main\nSigned-By: \n -----BEGIN\n .\n x\n",
        );
    }

    #[test]
    fn other_peoples_sources_are_left_out() {
        check("sources.list", "deb http://vendor.test/debian trixie stable\n", "");
        check("sources.list", "deb http://vendor.test/debian trixie-pgdg main\n", "");
        check("sources.list.d/x.list.disabled", "deb http://mirror.test/debian trixie main\n", "");
        check(
            "sources.list.d/x.sources",
            "Enabled: no\nTypes: deb\nURIs: u\nSuites: trixie\nComponents: main\n",
            "",
        );
    }

    #[test]
    fn key_files_are_named() {
        let apt = tempfile::tempdir().unwrap();
        fs::write(
            apt.path().join("sources.list"),
            "deb [signed-by=/a/key.gpg] http://m.test/ bookworm main\n",
        )
        .unwrap();
        let (_, keys) = read(apt.path(), "bookworm", "bookworm").unwrap();
        assert_eq!(keys, [PathBuf::from("/a/key.gpg")]);
    }
}
