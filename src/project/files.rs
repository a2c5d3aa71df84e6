//! The controller's disk as the reading of a project needs it: read only, and replaceable by memory in tests.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file that may not be executed.
    Text,
    /// A file that may be executed: an inventory script.
    Program,
    /// A folder.
    Folder,
}

/// Files that can be looked at.
pub trait Files: Send + Sync {
    /// What stands at `path`; nothing if nothing does or it can't be reached.
    fn kind(&self, path: &Path) -> Option<FileKind>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// What the system says when the file can't be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// What the system says when the folder can't be listed.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// The real disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> Option<FileKind> {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(path).ok()?;
        Some(match metadata {
            folder if folder.is_dir() => FileKind::Folder,
            file if file.permissions().mode() & 0o111 != 0 => FileKind::Program,
            _ => FileKind::Text,
        })
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// Files in memory, for tests. Folders are those that the paths of the files name.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// Makes a disk of paths and their texts.
    pub fn new<P: AsRef<Path>, T: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files =
            files.into_iter().map(|(path, text)| (tidy(path.as_ref()), text.as_ref().to_vec()));
        Self { files: files.collect() }
    }
}

impl Files for Memory {
    fn kind(&self, path: &Path) -> Option<FileKind> {
        let path = tidy(path);
        if self.files.contains_key(&path) {
            return Some(FileKind::Text);
        }
        self.files.keys().any(|file| file.starts_with(&path)).then_some(FileKind::Folder)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&tidy(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let path = tidy(path);
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| {
                file.strip_prefix(&path).ok()?.components().next()?.as_os_str().to_str()
            })
            .map(str::to_owned)
            .collect();
        names.dedup();
        Ok(names)
    }
}

/// A path without `.` and with `x/..` taken out.
pub(super) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidied.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{FileKind, Files, Memory, tidy};

    #[test]
    fn paths_are_tidied() {
        assert_eq!(tidy(Path::new("/a/./b/../c")), PathBuf::from("/a/c"));
        assert_eq!(tidy(Path::new("../a")), PathBuf::from("../a"));
        assert_eq!(tidy(Path::new("./a/b/../..")), PathBuf::new());
    }

    #[test]
    fn memory_has_folders() {
        let disk = Memory::new([
            ("/p/roles/web/tasks/main.yml", ""),
            ("/p/roles/db/x", ""),
            ("/p/site.yml", "a"),
        ]);
        assert_eq!(disk.list(Path::new("/p/roles")).unwrap(), ["db", "web"]);
        assert_eq!(disk.kind(Path::new("/p/roles/../roles")), Some(FileKind::Folder));
        assert_eq!(disk.kind(Path::new("/p/none")), None);
        assert_eq!(disk.read(Path::new("/p/site.yml")).unwrap(), b"a");
    }
}
