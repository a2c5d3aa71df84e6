//! What a project and its roles bring of their own for Ansible: modules, filters and tests in Python.
//!
//! converge runs none of them. A name of theirs may stand in a part of a role that no host reaches, so it is no slip: it only fails
//! where a host reaches it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The names of modules, filters and tests that a project brings of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Modules, each by the name of its file, those of collections also in full.
    pub modules: BTreeSet<String>,
    /// Filters and tests: whatever stands in quotes in the files that define them.
    pub filters: BTreeSet<String>,
}

impl Own {
    /// Looks in the folders of playbooks and the project, of roles, and of collections (`…/ansible_collections`).
    pub(super) fn find(bases: &[PathBuf], roles: &[PathBuf], collections: &[PathBuf]) -> Self {
        let mut own = Self::default();
        let all_roles = roles.iter().flat_map(|folder| entries(folder));
        for base in bases.iter().cloned().chain(all_roles) {
            own.modules_in(&base.join("library"), "");
            own.filters_in(&base.join("filter_plugins"));
            own.filters_in(&base.join("test_plugins"));
        }
        for namespace in collections.iter().flat_map(|folder| entries(folder)) {
            for collection in entries(&namespace) {
                let full = format!("{}.{}.", name(&namespace), name(&collection));
                own.modules_in(&collection.join("plugins/modules"), &full);
                own.filters_in(&collection.join("plugins/filter"));
                own.filters_in(&collection.join("plugins/test"));
                for role in entries(&collection.join("roles")) {
                    own.modules_in(&role.join("library"), "");
                    own.filters_in(&role.join("filter_plugins"));
                }
            }
        }
        own
    }

    fn modules_in(&mut self, folder: &Path, prefix: &str) {
        let files = entries(folder).into_iter().filter(|path| path.is_file());
        let stems = files.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        self.modules.extend(stems.map(|stem| format!("{prefix}{stem}")));
    }

    fn filters_in(&mut self, folder: &Path) {
        let python = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "py");
        for path in entries(folder).into_iter().filter(python) {
            self.filters.extend(fs::read_to_string(path).iter().flat_map(|text| quoted(text)));
        }
    }
}

/// What is in a folder; nothing where there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names in quotes of a text in Python.
fn quoted(text: &str) -> Vec<String> {
    let is_name = |word: &&str| {
        !word.is_empty()
            && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    text.split(['\'', '"']).filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Own, quoted};

    #[test]
    fn what_a_role_brings_is_known_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("roles/db/library/db_thing.py", "");
        write("roles/db/filter_plugins/all.py", "return {'as_table': table, \"as_list\": f}");
        write("ansible_collections/my/own/plugins/modules/look.py", "");
        let at = |name: &str| vec![folder.path().join(name)];
        let own = Own::find(&at("."), &at("roles"), &at("ansible_collections"));
        let modules: Vec<_> = own.modules.iter().map(String::as_str).collect();
        assert_eq!(modules, ["db_thing", "my.own.look"]);
        assert!(own.filters.contains("as_table") && own.filters.contains("as_list"));
        assert!(!own.filters.contains("table"));
    }

    #[test]
    fn names_in_quotes_are_words() {
        assert_eq!(quoted("{'a': x, \"b_2\": 'two words'}"), ["a", "b_2"]);
    }
}
