//! Template files: where they are found, what their first line may say, and how they are rendered.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::source::Source;
use crate::template::ast::Template;
use crate::template::error::stop_resolved;
use crate::template::eval::Machine;
use crate::template::origin::Origin;
use crate::template::scope::{FileKind, LookupContext};
use crate::template::syntax::Syntax;
use crate::value::{FaultKind, Stop, Value};

/// How a template file is read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// The marks, and what happens to blanks.
    pub syntax: Syntax,
    /// What ends a line in the result: `\n`, `\r\n` or `\r`.
    pub newline: String,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self { syntax: Syntax::file(), newline: "\n".to_owned() }
    }
}

impl FileOptions {
    /// Applies a line `#jinja2: trim_blocks:False, lstrip_blocks: True` at the top of a template, and gives the text
    /// behind it.
    pub(crate) fn with_header<'a>(&mut self, text: &'a str) -> Result<(&'a str, usize), Stop> {
        let Some(rest) = text.strip_prefix("#jinja2:") else { return Ok((text, 0)) };
        let (line, body) = rest.split_once('\n').unwrap_or((rest, ""));
        for pair in line.split(',') {
            let Some((key, value)) = pair.split_once(':') else {
                return Err(Stop::fault(
                    FaultKind::Syntax,
                    format!("`{}` in the first line has no `:`", pair.trim()),
                ));
            };
            self.set(key.trim(), value.trim())?;
        }
        Ok((body, text.len() - body.len()))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Stop> {
        let text = || value.trim_matches(['\'', '"']).to_owned();
        let flag = || match value {
            // Older content has it in quotes, which Ansible took for true up to 2.18.
            "True" | "true" | "\"true\"" | "'true'" | "\"True\"" | "'True'" => Ok(true),
            "False" | "false" => Ok(false),
            _ => Err(Stop::fault(
                FaultKind::Syntax,
                format!("`{key}` in the first line is True or False, not `{value}`"),
            )),
        };
        match key {
            "trim_blocks" => self.syntax.trim_blocks = flag()?,
            "lstrip_blocks" => self.syntax.lstrip_blocks = flag()?,
            "keep_trailing_newline" => self.syntax.keep_trailing_newline = flag()?,
            "variable_start_string" => self.syntax.variable_start = text(),
            "variable_end_string" => self.syntax.variable_end = text(),
            "block_start_string" => self.syntax.block_start = text(),
            "block_end_string" => self.syntax.block_end = text(),
            "comment_start_string" => self.syntax.comment_start = text(),
            "comment_end_string" => self.syntax.comment_end = text(),
            "newline_sequence" => self.newline = text().replace("\\r", "\r").replace("\\n", "\n"),
            _ => {
                return Err(Stop::fault(
                    FaultKind::Syntax,
                    format!("there is no option `{key}` for the first line"),
                )
                .help("for example `#jinja2: trim_blocks: False, lstrip_blocks: True`"));
            }
        }
        Ok(())
    }
}

/// Where a file is on the controller: the first folder of the search path that has it, the place the name says itself, or
/// the folder of the playbook.
pub(crate) fn find(lookups: &dyn LookupContext, kind: FileKind, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let tried = candidates(lookups, kind, path);
    tried.into_iter().find(|path| path.exists())
}

/// All places where a file of a name may be.
pub(crate) fn candidates(lookups: &dyn LookupContext, kind: FileKind, path: &Path) -> Vec<PathBuf> {
    if path.is_absolute() {
        return vec![path.to_owned()];
    }
    if let Ok(rest) = path.strip_prefix("~") {
        return lookups
            .env("HOME")
            .map(|home| PathBuf::from(home).join(rest))
            .into_iter()
            .collect();
    }
    let mut tried: Vec<PathBuf> =
        lookups.folders(kind).into_iter().map(|folder| tidy(&folder.join(path))).collect();
    tried.push(tidy(&lookups.base().join(path)));
    tried
}

/// The path without `.` and without `x/..`.
fn tidy(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.last(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let tidy: PathBuf = parts.iter().collect();
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

/// Reads and parses a template that another one names.
pub(super) fn load(machine: &Machine, name: &Value) -> Result<(Arc<Template>, Origin), Stop> {
    let name = crate::value::text(name)?;
    let context = &machine.context;
    let beside = machine.folder().map(|folder| folder.join(&name)).filter(|path| path.exists());
    let Some(path) = beside.or_else(|| find(&*context.lookups, FileKind::Templates, &name)) else {
        return Err(Stop::fault(FaultKind::NotFound, format!("there is no template `{name}`")));
    };
    let text = read(&*context.lookups, &path)?;
    let source = Source::new(path, text);
    let origin = Origin::Source(Arc::clone(&source));
    let template = context
        .engine
        .file(source.text(), machine.syntax())
        .map_err(|fault| stop_resolved(fault.into(), &origin))?;
    Ok((template, origin))
}

/// The text of a file on the controller.
pub(crate) fn read(lookups: &dyn LookupContext, path: &Path) -> Result<String, Stop> {
    let bytes = lookups.read(path).map_err(|error| {
        Stop::fault(FaultKind::Access, format!("`{}` cannot be read: {error}", path.display()))
    })?;
    String::from_utf8(bytes).map_err(|_| {
        Stop::fault(
            FaultKind::Access,
            format!("`{}` cannot be read: it is not UTF-8", path.display()),
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::{FileOptions, tidy};

    #[test]
    fn the_first_line_may_set_options() {
        let mut options = FileOptions::default();
        let (body, skipped) = options
            .with_header("#jinja2: lstrip_blocks: True, variable_start_string:'[['\nx\n")
            .unwrap();
        assert_eq!((body, skipped), ("x\n", 57));
        assert!(options.syntax.lstrip_blocks);
        assert_eq!(options.syntax.variable_start, "[[");
        assert!(FileOptions::default().with_header("#jinja2: nosuch: 1\n").is_err());
        assert_eq!(FileOptions::default().with_header("# jinja2: x\n").unwrap().1, 0);
    }

    #[test]
    fn paths_are_tidied() {
        assert_eq!(tidy(Path::new("a/./b/../c")), Path::new("a/c"));
        assert_eq!(tidy(Path::new("../a")), Path::new("../a"));
    }
}
