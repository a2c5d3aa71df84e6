//! Writing a layer that is laid over others: its folders must look like theirs, or it would change their modes and owners.

use std::fs::{self, DirBuilder, File, FileTimes, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};

/// A layer that is being written.
#[derive(Debug)]
pub struct Layer {
    dir: PathBuf,
    below: Vec<PathBuf>,
}

/// Who owns what is written, and the mode bits.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Numeric owner and group.
    pub owner: u32,
    /// Mode bits, as chmod takes them.
    pub mode: u32,
}

impl Access {
    /// Root's, with these mode bits.
    pub fn root(mode: u32) -> Self {
        Self { owner: 0, mode }
    }
}

impl Layer {
    /// Starts an empty layer in the new folder `dir`, to be laid over the layers `below` (the highest first).
    pub fn create(dir: PathBuf, below: &[PathBuf]) -> Result<Self> {
        DirBuilder::new()
            .mode(0o755)
            .create(&dir)
            .with_context(|| format!("cannot make `{}`", dir.display()))?;
        Ok(Self { dir, below: below.to_vec() })
    }

    /// The layer's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file at `path`, counted from the layer's root.
    pub fn file(&self, path: &str, content: impl AsRef<[u8]>, access: Access) -> Result<()> {
        let whole = self.dir.join(path);
        self.parents(Path::new(path))?;
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole)?;
            file.write_all(content.as_ref())?;
            set(&whole, access)
        };
        write().with_context(|| format!("cannot write `{}`", whole.display()))
    }

    /// Makes a folder at `path`, counted from the layer's root.
    pub fn folder(&self, path: &str, access: Access) -> Result<()> {
        let whole = self.dir.join(path);
        self.parents(Path::new(path))?;
        let make = || {
            fs::create_dir(&whole)?;
            set(&whole, access)
        };
        make().with_context(|| format!("cannot make `{}`", whole.display()))
    }

    /// Makes an empty folder at `path` that was last changed long ago.
    pub fn old_folder(&self, path: &str, access: Access) -> Result<()> {
        self.folder(path, access)?;
        let whole = self.dir.join(path);
        let age = || File::open(&whole)?.set_times(FileTimes::new().set_modified(UNIX_EPOCH));
        age().with_context(|| format!("cannot set the time of `{}`", whole.display()))
    }

    /// Whether a layer below has something at `path`.
    pub fn has_below(&self, path: &str) -> bool {
        self.below.iter().any(|layer| layer.join(path).symlink_metadata().is_ok())
    }

    /// Makes the folders above `path`, each as it is in the highest layer below that has it.
    fn parents(&self, path: &Path) -> Result<()> {
        let mut whole = PathBuf::new();
        let parents = path.parent().into_iter().flat_map(Path::components);
        for part in parents.filter(|part| matches!(part, Component::Normal(_))) {
            whole.push(part);
            let made = self.dir.join(&whole);
            match fs::create_dir(&made) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                result => result.with_context(|| format!("cannot make `{}`", made.display()))?,
            }
            let known =
                self.below.iter().find_map(|layer| layer.join(&whole).symlink_metadata().ok());
            if let Some(known) = known.filter(fs::Metadata::is_dir) {
                chown(&made, Some(known.uid()), Some(known.gid()))?;
                fs::set_permissions(&made, Permissions::from_mode(known.mode() & 0o7777))?;
            } else {
                fs::set_permissions(&made, Permissions::from_mode(0o755))?;
            }
        }
        Ok(())
    }
}

fn set(path: &Path, access: Access) -> std::io::Result<()> {
    chown(path, Some(access.owner), Some(access.owner))?;
    fs::set_permissions(path, Permissions::from_mode(access.mode))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use crate::fleet::layer::{Access, Layer};

    #[test]
    fn folders_look_as_in_the_layer_below() {
        let scratch = tempfile::tempdir().unwrap();
        let below = scratch.path().join("below");
        fs::create_dir_all(below.join("home/admin")).unwrap();
        fs::set_permissions(below.join("home/admin"), Permissions::from_mode(0o2750)).unwrap();
        let layer = Layer::create(scratch.path().join("layer"), &[below]).unwrap();
        let owner = fs::metadata(scratch.path()).unwrap().uid();
        layer.file("home/admin/deep/file", "text", Access { owner, mode: 0o640 }).unwrap();
        let mode = |path: &str| fs::metadata(layer.dir().join(path)).unwrap().mode() & 0o7777;
        assert_eq!(mode("home/admin"), 0o2750);
        assert_eq!(mode("home/admin/deep"), 0o755);
        assert_eq!(mode("home/admin/deep/file"), 0o640);
        assert!(layer.has_below("home/admin") && !layer.has_below("home/admin/deep"));
    }
}
