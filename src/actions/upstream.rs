//! Modules that others publish and converge does not have.
//!
//! A name that nobody knows is a slip and an error before any host is asked. A name that is known elsewhere may stand in a
//! part of a role that no host reaches, so it only fails where a host reaches it. The names are facts, taken from
//! `ansible-doc --list` and from ansible-core's table of moved modules.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The names; the file says how they are written.
const TEXT: &str = include_str!("upstream.txt");

/// What may stand for a module, and the full name that it stands for. A collection of which any name may be one ends in a dot.
static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| read(TEXT));

/// The full name of a module that others publish.
pub(crate) fn find(name: &str) -> Option<String> {
    if let Some(full) = NAMES.get(name).filter(|_| !name.ends_with('.')) {
        return Some(full.clone());
    }
    let (collection, module) = name.rsplit_once('.')?;
    (!module.is_empty() && NAMES.contains_key(&format!("{collection}."))).then(|| name.to_owned())
}

/// Every name, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.keys().map(String::as_str).filter(|name| !name.ends_with('.'))
}

fn read(text: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut collection = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((short, full)) = line.split_once(" = ") {
            names.insert(short.to_owned(), full.to_owned());
            continue;
        }
        let mut words = line;
        if let Some((named, rest)) = line.split_once(": ") {
            (collection, words) = (named, rest);
        }
        for word in words.split_whitespace() {
            let short = word.trim_start_matches(['*', '?']);
            let full = format!("{collection}.{short}");
            if word.starts_with('*') || collection == "ansible.builtin" {
                names.insert(short.to_owned(), full.clone());
            }
            names.insert(full.clone(), full);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{TEXT, find, names};

    #[test]
    fn names_stand_for_modules_that_others_publish() {
        for (name, full) in [
            ("homebrew", Some("community.general.homebrew")),
            ("community.general.homebrew", Some("community.general.homebrew")),
            ("expect", Some("ansible.builtin.expect")),
            ("github_webhook_facts", Some("community.general.github_webhook_info")),
            ("cisco.ios.ios_anything", Some("cisco.ios.ios_anything")),
            ("ec2_eip", Some("community.aws.ec2_eip")),
            ("ec2_dedicated_host", None),
            ("community.general.homebrow", None),
            ("cisco.ios.", None),
            ("nobody.knows.this", None),
            ("homebrow", None),
        ] {
            assert_eq!(find(name).as_deref(), full, "{name}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_whole() {
        let collections: Vec<&str> = TEXT
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(": "))
            .map(|(name, _)| name)
            .collect();
        assert!(collections.is_sorted(), "{collections:?}");
        assert!(names().count() > 2000 && names().all(|name| !name.contains(['*', '?', ' '])));
    }
}
