//! Where a task's files are found, and reading them.
//!
//! A relative file of a role is searched in the role first, then in the one that included it, then beside the file of the task, then
//! beside the playbook; in each
//! first in the folder of its kind (`files`, `templates`, `vars`, `tasks`), then directly.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use converge_host::blob::{Blob, Tree, TreeEntry, TreeKind};

use crate::plan::halt::Halt;
use crate::playbook::{Scope, Task};
use crate::project::Inputs;
use crate::source::Source;
use crate::vault::{self, Vault, is_encrypted};
use crate::yaml::{self, Node};

/// Finds and reads files of the project for one play.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The project's root; messages name files relative to it.
    root: PathBuf,
    /// The folder of the playbook.
    playbook: PathBuf,
    /// Where is noted what was read.
    inputs: Arc<Inputs>,
    /// Opens what is encrypted.
    vault: Arc<Vault>,
}

impl Files {
    /// For the play whose playbook lies in `playbook`.
    pub(crate) fn new(
        root: &Path,
        playbook: &Path,
        inputs: Arc<Inputs>,
        vault: Arc<Vault>,
    ) -> Self {
        Self { root: root.to_path_buf(), playbook: playbook.to_path_buf(), inputs, vault }
    }

    /// What opens encrypted files.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The folder of the playbook.
    pub(crate) fn playbook(&self) -> &Path {
        &self.playbook
    }

    /// The folders that are searched for files of a kind, in order.
    pub(crate) fn folders(&self, scope: &Scope, task_file: &Path, kind: &str) -> Vec<PathBuf> {
        let mut bases: Vec<&Path> = scope.roles().map(|role| &*role.folder).collect();
        bases.extend(task_file.parent());
        bases.push(&self.playbook);
        let mut folders = Vec::new();
        for base in bases {
            for folder in [base.join(kind), base.to_path_buf()] {
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        folders
    }

    /// The file that a task means.
    pub(crate) fn find(&self, task: &Task, kind: &str, name: &Path) -> Result<PathBuf, Halt> {
        let name = expand_home(name);
        if name.is_absolute() {
            return if name.exists() { Ok(name) } else { Err(missing(&name, &[])) };
        }
        let folders = self.folders(&task.scope, &task.file, kind);
        let found = folders.iter().map(|folder| folder.join(&name)).find(|path| path.exists());
        found.ok_or_else(|| {
            missing(&name, &folders.iter().map(|folder| self.shown(folder)).collect::<Vec<_>>())
        })
    }

    /// Reads a YAML file; none where it is empty.
    pub(crate) fn yaml(&self, path: &Path) -> Result<Option<Node>, Halt> {
        let source = self.source(path)?;
        let (node, diagnostics) = yaml::parse(&source);
        match diagnostics
            .into_iter()
            .find(|diagnostic| diagnostic.severity == crate::diagnostic::Severity::Error)
        {
            Some(error) => Err(Halt::new(error.to_string())),
            None => Ok(node),
        }
    }

    /// Reads a text file; what was encrypted is a secret source.
    pub(crate) fn source(&self, path: &Path) -> Result<Arc<Source>, Halt> {
        let bytes = self.read(path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Halt::new(format!("`{}` is not UTF-8 text", path.display())))?;
        if !is_encrypted(text.as_bytes()) {
            return Ok(Source::new(self.shown(path), text));
        }
        let clear = self.vault.text(&text).map_err(|error| locked(path, &error))?;
        Ok(Source::secret(self.shown(path), clear.expose()))
    }

    /// Reads a file or a whole folder to be sent to a host, and decrypts with `decrypt` what is encrypted. `name` is as it was
    /// written.
    pub(crate) fn tree(&self, path: &Path, name: &str, decrypt: bool) -> Result<Tree, Halt> {
        let mut entries = Vec::new();
        self.collect(path, Path::new(""), &mut entries)?;
        for entry in entries.iter_mut().filter(|_| decrypt) {
            let TreeKind::File(blob) = &mut entry.kind else { continue };
            let Some(text) = blob.text() else { continue };
            if is_encrypted(text.as_bytes()) {
                let clear = self.vault.bytes(text);
                let clear = clear.map_err(|error| locked(&path.join(&entry.path), &error))?;
                *blob = Blob::new(clear.to_vec());
            }
        }
        let last =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Tree { name: last, contents_only: name.ends_with('/'), entries })
    }

    /// Every file below a folder; `depth` 0 means without limit.
    pub(crate) fn walk(&self, folder: &Path, depth: i64) -> Result<Vec<PathBuf>, Halt> {
        let mut files = Vec::new();
        for (path, meta) in children(folder)? {
            if meta.is_dir() {
                if depth != 1 {
                    files.extend(self.walk(&path, (depth - 1).max(0))?);
                }
            } else {
                files.push(path);
            }
        }
        Ok(files)
    }

    /// A path as messages name it.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_path_buf()
    }

    /// Where is noted what was read.
    pub(crate) fn inputs(&self) -> &Arc<Inputs> {
        &self.inputs
    }

    fn collect(
        &self,
        path: &Path,
        relative: &Path,
        entries: &mut Vec<TreeEntry>,
    ) -> Result<(), Halt> {
        let top = relative.as_os_str().is_empty();
        let meta = if top { fs::metadata(path) } else { fs::symlink_metadata(path) };
        let meta = meta.map_err(|error| unreadable(path, &error))?;
        let mode = meta.permissions().mode() & 0o7777;
        let kind = if meta.is_dir() {
            TreeKind::Dir
        } else if meta.is_symlink() {
            TreeKind::Link(fs::read_link(path).map_err(|error| unreadable(path, &error))?)
        } else {
            TreeKind::File(Blob::new(self.read(path)?))
        };
        let folder = kind == TreeKind::Dir;
        entries.push(TreeEntry { path: relative.to_path_buf(), mode, kind, stamp: None });
        if folder {
            for (child, _) in children(path)? {
                let name = child.file_name().map(PathBuf::from).unwrap_or_default();
                self.collect(&child, &relative.join(name), entries)?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Halt> {
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        self.inputs.note(path, &bytes);
        Ok(bytes)
    }
}

fn children(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, Halt> {
    let list = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut children = Vec::new();
    for entry in list {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let meta = entry.metadata().map_err(|error| unreadable(&entry.path(), &error))?;
        children.push((entry.path(), meta));
    }
    children.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(children)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Halt {
    Halt::new(format!("cannot read `{}`: {error}", path.display()))
}

fn locked(path: &Path, error: &vault::Error) -> Halt {
    Halt::new(format!("cannot read `{}`: it is encrypted, and {error}", path.display()))
        .help("give the password, for example with `--vault-password-file`")
}

fn missing(name: &Path, searched: &[PathBuf]) -> Halt {
    let stop = Halt::absent(format!("no file `{}` on the controller", name.display()));
    if searched.is_empty() {
        return stop;
    }
    let list: Vec<String> =
        searched.iter().map(|folder| format!("{}/", folder.display())).collect();
    stop.help(format!("searched in {}", list.join(", ")))
}

/// `~/x` is below the home of the user who runs converge.
pub(crate) fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}
