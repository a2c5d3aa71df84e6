//! `--extra-vars`: `name=value`, YAML or JSON, or a file of them.

use std::path::Path;

use crate::cli::project::refuse_errors;
use crate::diagnostic::Diagnostic;
use crate::playbook::pairs;
use crate::project::Loader;
use crate::source::{Source, Spanned};
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
        let diagnostics = refuse_errors(diagnostics)?;
        return match node {
            Some(node) => entries(&node),
            None => Err(diagnostics),
        };
    }
    if text.trim_start().starts_with(['{', '[']) {
        let (node, diagnostics) = parse(&source);
        refuse_errors(diagnostics)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::vars;
    use crate::project::Loader;

    fn read(texts: &[&str]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vars.yml"), "port: 0644\nlist: [1, yes]\n").unwrap();
        std::fs::write(folder.path().join("list.yml"), "- 1\n").unwrap();
        let loader = Loader::new(folder.path());
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let shown = |vars: Vec<(crate::source::Spanned<String>, crate::yaml::Node)>| {
            let pair = |(name, node): &(crate::source::Spanned<String>, crate::yaml::Node)| {
                format!("{}={}", name.value, node.as_str().unwrap_or(node.describe()))
            };
            vars.iter().map(pair).collect::<Vec<_>>().join(" ")
        };
        vars(&texts, folder.path(), &loader).map(shown).map_err(|problems| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn pairs_yaml_json_and_files() {
        assert_eq!(read(&["a=1 b='x y'"]).unwrap(), "a=1 b=x y");
        assert_eq!(read(&["{\"a\": 1, \"b\": [2]}"]).unwrap(), "a=a whole number b=a list");
        assert_eq!(read(&["{a: no}", "a=x"]).unwrap(), "a=a boolean a=x");
        assert_eq!(read(&["@vars.yml"]).unwrap(), "port=a whole number list=a list");
    }

    #[test]
    fn mistakes_are_told_together() {
        let told = read(&["nonsense", "[1]", "@list.yml", "@nowhere.yml"]).unwrap_err();
        assert!(told.contains("--extra-vars:1:1: `nonsense` is not `name=value`"), "{told}");
        assert_eq!(
            told.matches("extra variables must be a mapping, not a list").count(),
            2,
            "{told}"
        );
        assert!(told.contains("nowhere.yml"), "{told}");
    }
}
