//! What template evaluation asks of the world around it: variables, files, the environment, the inventory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::value::Value;
use crate::yaml::Node;

/// The variables that an expression sees.
pub trait Scope: Send + Sync {
    /// The variable of a name.
    fn lookup(&self, name: &str) -> Option<Found>;

    /// The names of all variables, for "did you mean" and `varnames`.
    fn names(&self) -> Vec<Arc<str>>;
}

/// What a variable holds.
#[derive(Clone, Debug)]
pub enum Found {
    /// Text of the project: what is a template in it is rendered when it is used.
    Template(Node),
    /// Data, which is never a template.
    Data(Value),
}

/// A kind of file that a lookup searches for; each has its own folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `files/`
    Files,
    /// `templates/`
    Templates,
    /// `vars/`
    Vars,
}

/// What lookups reach besides variables. Every method has a default that reaches nothing of the project, so that an
/// evaluation that needs no files can go without.
pub trait LookupContext: Send + Sync {
    /// The folders in which files of a kind are searched, in order; relative names are tried in each.
    fn folders(&self, kind: FileKind) -> Vec<PathBuf> {
        let _ = kind;
        Vec::new()
    }

    /// The folder that relative paths outside of the search path belong to: that of the playbook.
    fn base(&self) -> PathBuf {
        PathBuf::from(".")
    }

    /// The content of a file on the controller, decrypted if it is a vault.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    /// A variable of the controller's environment.
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// The hosts that a pattern names, or why it cannot be read.
    fn hosts(&self, pattern: &str) -> Result<Vec<Arc<str>>, String> {
        Err(format!("no inventory is at hand to find `{pattern}` in"))
    }

    /// A value of an encrypted file is used: what it came to is secret.
    fn opened(&self, text: &str) {
        let _ = text;
    }

    /// The text of an encrypted value, or why it cannot be read.
    fn decrypt(&self, text: &str) -> Result<String, String> {
        let _ = text;
        Err("no vault password was given".to_owned())
    }
}

/// A context without files and inventory: the environment alone.
pub struct NoLookups;

impl LookupContext for NoLookups {}

/// No variables at all.
pub struct NoVars;

impl Scope for NoVars {
    fn lookup(&self, _: &str) -> Option<Found> {
        None
    }

    fn names(&self) -> Vec<Arc<str>> {
        Vec::new()
    }
}

impl Scope for std::collections::BTreeMap<String, Found> {
    fn lookup(&self, name: &str) -> Option<Found> {
        self.get(name).cloned()
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.keys().map(|name| name.as_str().into()).collect()
    }
}
