//! `--extra-vars`: `name=value`, YAML or JSON, or a file of them.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::project::Loader;
use crate::source::{Source, Span, Spanned};
use crate::yaml::{Node, parse};

/// What errors call the text.
const NAME: &str = "--extra-vars";

/// The variables of these texts, in order: of a name that stands twice the last one counts.
pub(super) fn vars(
    texts: &[String],
    here: &Path,
    loader: &Loader,
) -> Result<Vec<(Spanned<String>, Node)>, Vec<Diagnostic>> {
    let mut vars = Vec::new();
    let mut problems = Vec::new();
    for text in texts {
        match read(text, here, loader) {
            Ok(read) => vars.extend(read),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(vars) } else { Err(problems) }
}

fn read(
    text: &str,
    here: &Path,
    loader: &Loader,
) -> Result<Vec<(Spanned<String>, Node)>, Vec<Diagnostic>> {
    let source = Source::new(NAME, text);
    if let Some(file) = text.strip_prefix('@') {
        let mut diagnostics = Vec::new();
        let node = loader.yaml(&here.join(file), &mut diagnostics);
        let diagnostics = crate::cli::project::refuse_errors(diagnostics)?;
        return match node {
            Some(node) => entries(&node),
            None => Err(diagnostics),
        };
    }
    if text.trim_start().starts_with(['{', '[']) {
        let (node, diagnostics) = parse(&source);
        crate::cli::project::refuse_errors(diagnostics)?;
        return node.map_or_else(|| Ok(Vec::new()), |node| entries(&node));
    }
    pairs(&source).map_err(|problem| vec![problem])
}

/// The entries of a mapping.
fn entries(node: &Node) -> Result<Vec<(Spanned<String>, Node)>, Vec<Diagnostic>> {
    let wrong = |node: &Node, what: &str| {
        vec![Diagnostic::error(format!("{what}, not {}", node.describe())).at(&node.span, "")]
    };
    let Some(map) = node.as_map() else {
        return Err(wrong(node, "extra variables must be a mapping"));
    };
    map.iter()
        .map(|(name, value)| {
            let text =
                name.as_str().ok_or_else(|| wrong(name, "a variable's name must be text"))?;
            Ok((Spanned::new(text.to_owned(), name.span.clone()), value.clone()))
        })
        .collect()
}
