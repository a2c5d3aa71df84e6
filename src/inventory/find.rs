//! From what stands behind `--inventory` to where the inventory is.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, nearest};
use crate::inventory::load::Origin;
use crate::project::Loader;

/// Folders of a project that hold its inventories.
const FOLDERS: [&str; 3] = ["inventory", "inventories", "environments"];
/// Endings that an inventory's name may leave out.
const ENDINGS: [&str; 6] = ["", ".yml", ".yaml", ".ini", ".json", ".sh"];

/// Finds the inventory called `name`: a list with a comma in it, a bare name in the project's `inventory/` (a folder, or a file whose
/// ending may be left out), or a path from `here`, the folder that converge is called in.
///
/// # Errors
/// There is none; the message names those that there are.
pub fn find(name: &str, here: &Path, loader: &Loader) -> Result<Origin, Diagnostic> {
    if name.contains(',') {
        return Ok(Origin::List(name.to_owned()));
    }
    let bare = !name.contains('/') && !name.is_empty() && !matches!(name, "." | "..");
    let candidates = FOLDERS.iter().filter(|_| bare).flat_map(|folder| {
        let folder = loader.root().join(folder);
        ENDINGS.map(move |ending| folder.join(format!("{name}{ending}")))
    });
    let paths = [here.join(name), loader.root().join(name)];
    if let Some(path) = candidates.chain(paths).find(|path| loader.kind(path).is_some()) {
        return Ok(Origin::Path(path));
    }
    let known = names(loader);
    let problem = Diagnostic::error(format!("unknown inventory `{name}`"));
    Err(match nearest(name, known.iter().map(String::as_str)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None if known.is_empty() => {
            problem.help("put one into `inventory/`, or give the path of a file or folder")
        }
        None => problem.help(format!("there are {}", quoted(&known))),
    })
}

/// The inventories to use when none is named: what `ansible.cfg` says, else the only one of the project.
///
/// # Errors
/// There are several; the message names them. No inventory at all is no error: there still is the controller.
pub fn default(configured: &[PathBuf], loader: &Loader) -> Result<Vec<Origin>, Diagnostic> {
    if !configured.is_empty() {
        return Ok(configured.iter().cloned().map(Origin::Path).collect());
    }
    let folder = FOLDERS
        .iter()
        .map(|folder| loader.root().join(folder))
        .find(|folder| loader.kind(folder).is_some());
    let alone = [
        "hosts",
        "hosts.yml",
        "hosts.yaml",
        "hosts.ini",
        "inventory.yml",
        "inventory.yaml",
        "inventory.ini",
    ];
    let Some(folder) = folder else {
        let file =
            alone.iter().map(|name| loader.root().join(name)).find(|path| loader.is_file(path));
        return Ok(file.map(Origin::Path).into_iter().collect());
    };
    if loader.is_file(&folder) || alone.iter().any(|name| loader.is_file(&folder.join(name))) {
        return Ok(vec![Origin::Path(folder)]);
    }
    match &names(loader)[..] {
        [] => Ok(Vec::new()),
        [only] => find(only, loader.root(), loader).map(|origin| vec![origin]),
        several => Err(Diagnostic::error("which inventory? none was named and there are several")
            .help(format!("name one with `--inventory`: {}", quoted(several)))),
    }
}

/// The names that [`find`] knows in the project, sorted.
pub fn names(loader: &Loader) -> Vec<String> {
    let mut names = Vec::new();
    for folder in FOLDERS.map(|folder| loader.root().join(folder)) {
        for entry in loader.list(&folder) {
            if entry.starts_with('.') || matches!(entry.as_str(), "group_vars" | "host_vars") {
                continue;
            }
            let is_folder = loader.is_folder(&folder.join(&entry));
            let stem = ENDINGS
                .iter()
                .filter(|ending| !ending.is_empty())
                .find_map(|ending| entry.strip_suffix(ending));
            match stem {
                Some(stem) if !is_folder => names.push(stem.to_owned()),
                _ if is_folder || !entry.contains('.') => names.push(entry),
                _ => {}
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
