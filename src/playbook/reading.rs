//! What all parts of the reading of a playbook share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::reader::Reader;
use crate::playbook::scope::Scope;
use crate::source::Span;
use crate::yaml::{Kind, Node, Style, Tag};

/// One reading: of a playbook, or of what an include brings.
pub(super) struct Reading<'r> {
    pub(super) reader: &'r Reader,
    /// The folder of the play's playbook.
    pub(super) folder: Arc<Path>,
    /// Files that are being read, each imported by the one before.
    pub(super) importing: Vec<PathBuf>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Where a list of tasks stands.
#[derive(Clone)]
pub(super) struct Place {
    /// What the tasks inherit.
    pub(super) scope: Arc<Scope>,
    /// The file they are in.
    pub(super) file: Arc<Path>,
    /// Whether they are handlers.
    pub(super) handler: bool,
}

impl Place {
    /// The same place with another scope.
    pub(super) fn with(&self, scope: Arc<Scope>) -> Self {
        Self { scope, ..self.clone() }
    }
}

impl Reading<'_> {
    pub(super) fn tell(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn refuse(&mut self, at: &Span, message: impl Into<String>) {
        self.tell(Diagnostic::error(message).at(at, ""));
    }

    /// Reads `file` by `read` unless it is being read already, which would never end.
    pub(super) fn importing<T>(
        &mut self,
        file: &Path,
        at: &Span,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.importing.iter().any(|known| known == file) {
            let name = self.reader.loader().name(file);
            self.refuse(at, format!("`{}` imports itself", name.display()));
            return None;
        }
        self.importing.push(file.to_path_buf());
        let value = read(self);
        self.importing.pop();
        Some(value)
    }
}

/// A string node that stands for `text` at `at`.
pub(super) fn text_node(text: &str, at: &Span) -> Node {
    Node { kind: Kind::Str(Arc::from(text), Style::Plain), tag: Tag::None, span: at.clone() }
}

/// Whether a text has to be rendered to be known.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}
