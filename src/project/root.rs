//! Where a project begins.

use std::path::{Path, PathBuf};

use crate::project::Files;

/// What a folder holds that makes it a project where there is no git.
pub const ROOT_MARKS: [&str; 4] = ["converge.toml", "ansible.cfg", "inventory", "playbooks"];

/// The project that `start` lies in: the top of its git tree, else the nearest folder upward with one of [`ROOT_MARKS`], else
/// `start` itself.
///
/// A folder below the git top that has its own `ansible.cfg` or `converge.toml` is a project of its own, as repositories with several
/// projects have them.
pub fn find(start: &Path, files: &dyn Files) -> PathBuf {
    let mut marked = None;
    for folder in start.ancestors() {
        let has = |name: &str| files.kind(&folder.join(name)).is_some();
        if has("ansible.cfg") || has("converge.toml") {
            return folder.to_path_buf();
        }
        if has(".git") {
            return folder.to_path_buf();
        }
        if marked.is_none() && ROOT_MARKS.iter().any(|mark| has(mark)) {
            marked = Some(folder.to_path_buf());
        }
    }
    marked.unwrap_or_else(|| start.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::find;
    use crate::project::Memory;

    fn check(files: &[&str], start: &str, expected: &str) {
        let disk = Memory::new(files.iter().map(|file| (*file, "")));
        assert_eq!(find(Path::new(start), &disk), Path::new(expected));
    }

    #[test]
    fn from_any_folder_inside() {
        check(&["/h/p/.git/HEAD", "/h/p/inventory/x"], "/h/p/roles/web/tasks", "/h/p");
        check(&["/h/p/.git/HEAD", "/h/p/a/ansible.cfg"], "/h/p/a/roles", "/h/p/a");
        check(&["/h/p/.git/HEAD", "/h/p/a/inventory/x"], "/h/p/a/roles", "/h/p");
        check(&["/h/p/playbooks/site.yml"], "/h/p/playbooks", "/h/p");
        check(&["/h/p/x"], "/h/p", "/h/p");
    }
}
