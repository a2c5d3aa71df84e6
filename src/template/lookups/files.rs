//! `lookup('file', …)`, `lookup('unvault', …)` and `lookup('fileglob', …)`

use std::path::Path;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::files::{candidates, find, read};
use crate::template::filters::with_home;
use crate::template::glob::glob;
use crate::template::registry::LookupFn;
use crate::template::scope::FileKind;
use crate::value::{FaultKind, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[
    ("file", LookupFn { run: file }),
    ("unvault", LookupFn { run: unvault }),
    ("fileglob", LookupFn { run: fileglob }),
];

/// The content of files, blanks at the end cut off.
fn file(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let right = given.by_name("rstrip").is_none_or(|strip| strip.is_true());
    let left = given.by_name("lstrip").is_some_and(|strip| strip.is_true());
    let names = given.rest();
    given.finish()?;
    let contents = names.iter().map(|name| {
        let content = content(machine, name)?;
        let mut content = content.as_str();
        if left {
            content = content.trim_start();
        }
        if right {
            content = content.trim_end();
        }
        Ok(Value::from(content))
    });
    contents.collect()
}

/// The content of files, decrypted if they are vaults.
fn unvault(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let names = given.rest();
    given.finish()?;
    names.iter().map(|name| content(machine, name).map(Value::from)).collect()
}

fn content(machine: &Machine, name: &Value) -> Result<String, Stop> {
    let name = with_home(machine, &text(name)?);
    let lookups = &*machine.context.lookups;
    match find(lookups, FileKind::Files, &name) {
        Some(path) => read(lookups, &path),
        None => Err(not_found(machine, &name)),
    }
}

/// The mistake that a missing file is, with the places that were tried.
pub(super) fn not_found(machine: &Machine, name: &str) -> Stop {
    let tried = candidates(&*machine.context.lookups, FileKind::Files, Path::new(name));
    let tried: Vec<String> = tried.iter().map(|path| format!("`{}`", path.display())).collect();
    Stop::fault(FaultKind::Access, format!("there is no file `{name}`"))
        .help(format!("searched: {}", tried.join(", ")))
}

/// The files that patterns name. A pattern with a folder is searched in that one, others in all `files` folders.
fn fileglob(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let patterns = given.rest();
    given.finish()?;
    let mut found = Vec::new();
    for pattern in &patterns {
        let pattern = with_home(machine, &text(pattern)?);
        for candidate in candidates(&*machine.context.lookups, FileKind::Files, Path::new(&pattern))
        {
            let files: Vec<_> =
                glob(&candidate).into_iter().filter(|path| path.is_file()).collect();
            if !files.is_empty() {
                found.extend(files.iter().map(|path| Value::from(path.display().to_string())));
                break;
            }
        }
    }
    Ok(found)
}
