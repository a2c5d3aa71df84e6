//! Where files of variables are: for groups, hosts and roles alike.

use std::path::{Path, PathBuf};

use crate::project::Loader;

/// The files of variables for `name` in `folder`: the first of `name`, `name.yml`, `name.yaml` and `name.json` that is there. A folder
/// stands for all such files in it, and in the folders in it.
pub fn var_files(loader: &Loader, folder: &Path, name: &str) -> Vec<PathBuf> {
    if name.is_empty() || name.contains('/') || matches!(name, "." | "..") {
        return Vec::new();
    }
    for extension in ["", ".yml", ".yaml", ".json"] {
        let path = folder.join(format!("{name}{extension}"));
        if loader.is_file(&path) {
            return vec![path];
        }
        if loader.is_folder(&path) {
            let mut files = Vec::new();
            collect(loader, &path, &mut files, 0);
            return files;
        }
    }
    Vec::new()
}

fn collect(loader: &Loader, folder: &Path, files: &mut Vec<PathBuf>, depth: usize) {
    // Deeper than anyone nests folders: a link that leads back to its own folder.
    if depth > 20 {
        return;
    }
    for name in loader.list(folder) {
        let path = folder.join(&name);
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if loader.is_folder(&path) {
            collect(loader, &path, files, depth + 1);
        } else if matches!(
            path.extension().and_then(|extension| extension.to_str()),
            None | Some("yml" | "yaml" | "json")
        ) {
            files.push(path);
        }
    }
}
