//! `lookup('ini', 'key section=web file=app.ini')`

use std::path::Path;

use converge_host::python_re::Flags;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::files::{find, read};
use crate::template::lookups::files::not_found;
use crate::template::lookups::options::{Options, Term, is_yes};
use crate::template::regexes::{compile, failed};
use crate::template::registry::LookupFn;
use crate::template::scope::FileKind;
use crate::value::{Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("ini", LookupFn { run })];

const OPTIONS: &[&str] = &[
    "type",
    "file",
    "section",
    "re",
    "encoding",
    "default",
    "case_sensitive",
    "allow_no_value",
    "allow_none",
    "interpolation",
];

/// Values of keys in INI or properties files on the controller.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let options = Options::take(&mut given, OPTIONS)?;
    let terms: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    let mut found = Vec::new();
    for term in &terms {
        let term = Term::split(term, OPTIONS)?;
        let option = |name: &str| term.option(name, &options);
        let Some(key) = term.words.first() else {
            return Err(Stop::argument("the key is missing"));
        };
        let name = option("file").unwrap_or_else(|| "ansible.ini".to_owned());
        let Some(path) = find(&*machine.context.lookups, FileKind::Files, &name) else {
            return Err(not_found(machine, &name));
        };
        let source = read(&*machine.context.lookups, &path)?;
        let properties = option("type").as_deref() == Some("properties");
        let sensitive = is_yes(option("case_sensitive").as_deref());
        let file = parse(&source, properties, sensitive, Path::new(&name))?;
        let section = if properties {
            "java_properties".to_owned()
        } else {
            option("section").unwrap_or_else(|| "global".to_owned())
        };
        let Some(entries) = file.section(&section) else {
            return Err(Stop::value(format!("`{name}` has no section `{section}`")));
        };
        let key = if sensitive { key.clone() } else { key.to_lowercase() };
        if is_yes(option("re").as_deref()) {
            let regex = compile(&key, Flags::default())?;
            for (other, value) in &entries {
                if regex.match_start(other).map_err(failed)?.is_some() {
                    found.push(Value::from(value.as_str()));
                }
            }
            continue;
        }
        let value = entries.iter().find(|(other, _)| *other == key).map(|(_, value)| value.clone());
        found.push(value.or_else(|| option("default")).unwrap_or_default().into());
    }
    Ok(found)
}

/// A file's sections; the entries of `DEFAULT` belong to all.
struct Ini {
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl Ini {
    /// The entries of a section, those of `DEFAULT` first.
    fn section(&self, name: &str) -> Option<Vec<(String, String)>> {
        let own = &self.sections.iter().find(|(section, _)| section == name)?.1;
        let mut entries: Vec<(String, String)> = Vec::new();
        let defaults = self
            .sections
            .iter()
            .filter(|(section, _)| section == "DEFAULT")
            .flat_map(|(_, entries)| entries);
        for (key, value) in defaults.chain(own) {
            match entries.iter_mut().find(|(other, _)| other == key) {
                Some((_, slot)) => slot.clone_from(value),
                None => entries.push((key.clone(), value.clone())),
            }
        }
        Some(entries)
    }
}

/// Reads a file as Python's `configparser` does: comments with `#` or `;`, values that go on in indented lines.
fn parse(source: &str, properties: bool, case_sensitive: bool, name: &Path) -> Result<Ini, Stop> {
    let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
    if properties {
        sections.push(("java_properties".to_owned(), Vec::new()));
    }
    for (number, line) in source.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let last = sections.last_mut().and_then(|(_, entries)| entries.last_mut());
        if line.starts_with([' ', '\t'])
            && let Some((_, value)) = last
        {
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if !sections.iter().any(|(known, _)| known == section) {
                sections.push((section.to_owned(), Vec::new()));
            }
            continue;
        }
        let Some((_, entries)) = sections.last_mut() else {
            return Err(Stop::value(format!(
                "line {} of `{}` belongs to no section",
                number + 1,
                name.display()
            )));
        };
        let (key, value) = trimmed.split_once(['=', ':']).unwrap_or((trimmed, ""));
        let key = if case_sensitive { key.trim().to_owned() } else { key.trim().to_lowercase() };
        let value = value.trim().to_owned();
        match entries.iter_mut().find(|(other, _)| *other == key) {
            Some((_, slot)) => *slot = value,
            None => entries.push((key, value)),
        }
    }
    Ok(Ini { sections })
}
