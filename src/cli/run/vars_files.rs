//! The files of variables that plays name: what can't be read is told before anything runs.

use crate::diagnostic::Diagnostic;
use crate::playbook::Playbook;
use crate::project::Loader;
use crate::yaml::Node;

/// What is wrong with those files that are there and whose names are no templates.
pub(super) fn check(playbook: &Playbook, loader: &Loader) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for play in &playbook.plays {
        for entry in &play.vars_files {
            let names = entry.as_seq().unwrap_or(std::slice::from_ref(entry));
            let mut candidates = names
                .iter()
                .filter_map(Node::as_str)
                .take_while(|name| !name.contains("{{"))
                .flat_map(|name| [play.folder.join("vars").join(name), play.folder.join(name)]);
            if let Some(path) = candidates.find(|path| loader.is_file(path)) {
                loader.yaml(&path, &mut problems);
            }
        }
    }
    problems
}
