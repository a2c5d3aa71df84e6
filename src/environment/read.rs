//! From the text of the file to what it says.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, nearest};
use crate::environment::rollout::rollout;
use crate::environment::table::{Part, Table, span};
use crate::environment::{Environment, FILE, Records, Settings};
use crate::project::Loader;
use crate::source::{Source, Span, Spanned};

impl Settings {
    /// What the file of a project says, and what is to be said about it.
    pub fn load(loader: &Loader) -> (Self, Vec<Diagnostic>) {
        let path = loader.root().join(FILE);
        if !loader.is_file(&path) {
            return (Self::default(), Vec::new());
        }
        match loader.text(&path) {
            Ok(source) => Self::read(&source, &path),
            Err(problem) => (Self::default(), vec![*problem]),
        }
    }

    /// Reads the text of a file that stands at `path`.
    pub fn read(source: &Arc<Source>, path: &Path) -> (Self, Vec<Diagnostic>) {
        let mut settings = Self { path: Some(path.to_owned()), environments: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(source.text());
        let mut problems: Vec<Diagnostic> = errors
            .iter()
            .map(|error| {
                let at = error.span().unwrap_or_default();
                Diagnostic::error(error.message().trim_end_matches('.')).at(&span(source, at), "")
            })
            .collect();
        if !problems.is_empty() {
            return (settings, problems);
        }
        let mut top = Table::new(source, table.get_ref());
        if let Some(part) = top.take("environments")
            && let Some(mut all) = Table::of(source, "environments", part, &mut problems)
        {
            for (name, part) in all.rest() {
                settings.environments.extend(environment(source, name, part, &mut problems));
            }
        }
        top.end(&format!("`{FILE}`"), &mut problems);
        problems.extend(settings.unknown_names());
        problems.extend(settings.circles());
        problems.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start()));
        (settings, problems)
    }

    /// Environments that are named and are not there.
    fn unknown_names(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for after in self.environments.iter().flat_map(|environment| &environment.after) {
            if self.get(&after.value).is_none() {
                let problem =
                    Diagnostic::error(format!("there is no environment `{}`", after.value))
                        .at(&after.span, "");
                problems.push(match nearest(&after.value, self.names()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("add `[environments.{}]`", after.value)),
                });
            }
        }
        problems
    }

    /// Environments that come after themselves, so that none of them can ever be first.
    fn circles(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for environment in &self.environments {
            let mut before: Vec<&str> = Vec::new();
            let mut todo: Vec<&Spanned<String>> = environment.after.iter().collect();
            while let Some(name) = todo.pop() {
                if name.value == environment.name.value {
                    let message = format!("`{}` comes after itself", environment.name.value);
                    let at: &Span = environment.after.first().map_or(&name.span, |one| &one.span);
                    problems.push(Diagnostic::error(message).at(at, ""));
                    break;
                }
                if !before.contains(&name.value.as_str()) {
                    before.push(&name.value);
                    todo.extend(self.get(&name.value).into_iter().flat_map(|one| &one.after));
                }
            }
        }
        problems
    }
}

/// Whether it can stand behind `--inventory`, and in the name of a file.
fn is_name(text: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    text.starts_with(char::is_alphanumeric) && text.chars().all(plain)
}

fn environment(
    source: &Arc<Source>,
    name: Spanned<String>,
    part: &Part<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Environment> {
    let title = format!("environments.{}", name.value);
    if !is_name(&name.value) {
        let problem = Diagnostic::error(format!("`{}` is no name of an environment", name.value));
        let help = "letters, digits, `_`, `-` and `.` make a name, and a letter or digit begins it";
        problems.push(problem.at(&name.span, "").help(help));
        return None;
    }
    let mut table = Table::of(source, &title, part, problems)?;
    let inventory = table.texts("inventory", problems).unwrap_or_default();
    let after = table.texts("after", problems).unwrap_or_default();
    let protected = table.flag("protected", problems);
    if let Some(flag) = &protected
        && !flag.value
        && !after.is_empty()
    {
        let problem = Diagnostic::error(format!(
            "`{}` comes after `{}`, and is not protected: nothing would look at it",
            name.value, after[0].value
        ));
        problems.push(problem.at(&flag.span, "").help("leave out one of `protected` and `after`"));
    }
    let valid = table.time("valid", problems);
    let may_override = table.texts("override", problems);
    let words = [("sealed", Records::Sealed), ("anyone", Records::Anyone)];
    let records = table.word("records", &words, problems).unwrap_or_default();
    let rollout = table.take("rollout").and_then(|part| rollout(source, part, problems));
    table.end(&format!("`{title}`"), problems);
    Some(Environment {
        protected: protected.map_or(!after.is_empty(), |flag| flag.value),
        name,
        inventory,
        after,
        valid,
        may_override: may_override.map(|names| names.into_iter().map(|name| name.value).collect()),
        records,
        rollout,
    })
}
