//! The one place through which the files of a project are read.
//!
//! A file is read, decrypted and parsed once, whoever asks for it how often: what is wrong with it is told once too.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::project::files::tidy;
use crate::project::{Disk, FileKind, Files, Inputs};
use crate::redact::Redactor;
use crate::source::Source;
use crate::vault::{Vault, is_encrypted};
use crate::yaml::{self, Node};

/// The text of a file, or why there is none.
type Text = Result<Arc<Source>, Box<Diagnostic>>;

/// Reads files and keeps what it read.
pub struct Loader {
    root: PathBuf,
    files: Box<dyn Files>,
    inputs: Arc<Inputs>,
    vault: Arc<Vault>,
    texts: Mutex<HashMap<PathBuf, Text>>,
    trees: Mutex<HashMap<PathBuf, Option<Node>>>,
}

impl Loader {
    /// A reader of the disk. Paths below `root`, the project's folder, are called by their relative names in messages.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::over(root, Disk)
    }

    /// A reader of other files than the disk's.
    pub fn over(root: impl Into<PathBuf>, files: impl Files + 'static) -> Self {
        Self {
            root: root.into(),
            files: Box::new(files),
            inputs: Arc::default(),
            vault: Arc::new(Vault::new(Arc::new(Redactor::new()))),
            texts: Mutex::default(),
            trees: Mutex::default(),
        }
    }

    /// Gives it the means to read files that `ansible-vault` encrypted.
    #[must_use]
    pub fn with_vault(mut self, vault: Arc<Vault>) -> Self {
        self.vault = vault;
        self
    }

    /// What opens files and values that are encrypted.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was read so far, by this reader and by those that note it here.
    pub fn inputs(&self) -> &Arc<Inputs> {
        &self.inputs
    }

    /// Takes a text for a file that stands nowhere else. It is called by its path.
    pub fn put(&self, path: &Path, text: Arc<Source>) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(tidy(path), Ok(text));
    }

    /// What messages call a file.
    pub fn name(&self, path: &Path) -> PathBuf {
        let path = tidy(path);
        path.strip_prefix(&self.root).map_or_else(|_| path.clone(), Path::to_path_buf)
    }

    /// What stands at `path`.
    pub fn kind(&self, path: &Path) -> Option<FileKind> {
        self.files.kind(path)
    }

    /// Whether `path` is a file.
    pub fn is_file(&self, path: &Path) -> bool {
        matches!(self.kind(path), Some(FileKind::Text | FileKind::Program))
    }

    /// Whether `path` is a folder.
    pub fn is_folder(&self, path: &Path) -> bool {
        self.kind(path) == Some(FileKind::Folder)
    }

    /// The names in a folder, sorted; none if it can't be listed.
    pub fn list(&self, path: &Path) -> Vec<String> {
        self.files.list(path).unwrap_or_default()
    }

    /// The text of a file, decrypted where it is a vault.
    ///
    /// # Errors
    /// A message without a place, that the caller may add: the file can't be read, is no text, or can't be decrypted.
    pub fn text(&self, path: &Path) -> Result<Arc<Source>, Box<Diagnostic>> {
        let path = tidy(path);
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(&path) {
            return known.clone();
        }
        let read = self.read(&path).map_err(Box::new);
        texts.insert(path, read.clone());
        read
    }

    /// The tree of a YAML file. What is wrong with the file is added to `diagnostics` on the first reading only.
    pub fn yaml(&self, path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
        let path = tidy(path);
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = trees.get(&path) {
            return known.clone();
        }
        let node = match self.text(&path) {
            Ok(source) => {
                let (node, problems) = yaml::parse(&source);
                diagnostics.extend(problems);
                node
            }
            Err(problem) => {
                diagnostics.push(*problem);
                None
            }
        };
        trees.insert(path, node.clone());
        node
    }

    fn read(&self, path: &Path) -> Result<Arc<Source>, Diagnostic> {
        let name = self.name(path);
        let refuse =
            |why: String| Diagnostic::error(format!("can't read `{}`: {why}", name.display()));
        let bytes = self.files.read(path).map_err(|error| refuse(error.to_string()))?;
        self.inputs.note(path, &bytes);
        let text = String::from_utf8(bytes).map_err(|error| {
            refuse(format!("byte {} is not UTF-8 text", error.utf8_error().valid_up_to() + 1))
        })?;
        if !is_encrypted(text.as_bytes()) {
            return Ok(Source::new(name, text));
        }
        // What is in it is learned as secret where it is used, value by value.
        let clear = self.vault.text(&text).map_err(|error| {
            refuse(format!("it is encrypted, and {error}"))
                .help("give the password, for example with `--vault-password-file`")
        })?;
        Ok(Source::secret(name.clone(), clear.expose()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::diagnostic::{Diagnostic, render};
    use crate::project::{Loader, Memory};
    use crate::redact::{Redactor, Secret};
    use crate::vault::{Vault, encrypt};

    fn told(diagnostics: &[Diagnostic]) -> String {
        diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
    }

    #[test]
    fn problems_are_told_once() {
        let loader = Loader::over("/p", Memory::new([("/p/a.yml", "a: 1\na: 2\n")]));
        let mut diagnostics = Vec::new();
        let first = loader.yaml(Path::new("/p/a.yml"), &mut diagnostics).unwrap();
        let second = loader.yaml(Path::new("/p/x/../a.yml"), &mut diagnostics).unwrap();
        assert_eq!(first, second);
        assert_eq!(told(&diagnostics), "a.yml:2:1: found duplicate mapping key `a`\n");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let loader = Loader::over("/p", Memory::new([("/p/bin", [0x61, 0xff].as_slice())]));
        assert_eq!(
            loader.text(Path::new("/p/bin")).unwrap_err().message,
            "can't read `bin`: byte 2 is not UTF-8 text"
        );
        assert!(
            loader
                .text(Path::new("/p/none"))
                .unwrap_err()
                .message
                .starts_with("can't read `none`: ")
        );
    }

    #[test]
    fn vaults_are_decrypted_and_never_shown() {
        let password = Secret::new("open sesame");
        let text = encrypt(b"pass: x\npass: hunter2\n", "default", &password).unwrap();
        let files = [("/p/v.yml", text.as_str())];
        let mut diagnostics = Vec::new();
        let locked = Loader::over("/p", Memory::new(files));
        assert!(locked.yaml(Path::new("/p/v.yml"), &mut diagnostics).is_none());
        assert!(told(&diagnostics).contains("there is no vault password"));

        let mut diagnostics = Vec::new();
        let vault = Arc::new(Vault::new(Arc::new(Redactor::new())));
        vault.unlock(vec![("default".to_owned(), password)], false);
        let opened = Loader::over("/p", Memory::new(files)).with_vault(vault);
        let node = opened.yaml(Path::new("/p/v.yml"), &mut diagnostics).unwrap();
        assert_eq!(node.get("pass").unwrap().as_str(), Some("hunter2"));
        assert!(!render(&diagnostics, false).contains("hunter2"));
    }
}
