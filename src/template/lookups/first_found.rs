//! `lookup('first_found', …)`

use std::path::Path;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{get_str, is_mapping, sequence};
use crate::template::files::find;
use crate::template::registry::LookupFn;
use crate::template::scope::FileKind;
use crate::value::{FaultKind, Live, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("first_found", LookupFn { run })];

/// The first of some files that exists. Terms are names, or mappings with `files`, `paths` and `skip`.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let files = given.by_name("files");
    let paths = given.by_name("paths");
    let mut skip = given.by_name("skip").is_some_and(|skip| skip.is_true());
    let terms = given.rest();
    given.finish()?;
    let mut candidates = Vec::new();
    if let Some(files) = files {
        candidates.extend(joined(&files, paths.as_ref())?);
    }
    for term in &terms {
        collect(term, paths.as_ref(), &mut candidates, &mut skip)?;
    }
    for name in &candidates {
        for kind in [FileKind::Files, FileKind::Vars, FileKind::Templates] {
            if let Some(path) = find(&*machine.context.lookups, kind, name) {
                return Ok(vec![Value::from(path.display().to_string())]);
            }
        }
    }
    if skip {
        return Ok(Vec::new());
    }
    let tried: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
    Err(Stop::fault(FaultKind::Access, "none of the files exists")
        .help(format!("searched: {}", tried.join(", "))))
}

/// The names that a term stands for.
fn collect(
    term: &Value,
    paths: Option<&Value>,
    names: &mut Vec<String>,
    skip: &mut bool,
) -> Result<(), Stop> {
    if let Some(list) = sequence(term)? {
        return list.iter().try_for_each(|term| collect(term, paths, names, skip));
    }
    if !is_mapping(term) {
        match term {
            // A name that cannot be made for this host is passed over, as Ansible does.
            Value::Live(Live::Undefined(_)) => {}
            term => names.extend(joined(term, paths)?),
        }
        return Ok(());
    }
    let part = |key: &str| get_str(term, key).transpose();
    if let Some(own) = part("skip")? {
        *skip = own.is_true();
    }
    let own_paths = part("paths")?;
    if let Some(files) = part("files")? {
        names.extend(joined(&files, own_paths.as_ref().or(paths))?);
    } else if let Some(paths) = own_paths {
        names.extend(words(&paths, &[',', ';', ':'])?);
    }
    Ok(())
}

/// Every file in every folder.
fn joined(files: &Value, paths: Option<&Value>) -> Result<Vec<String>, Stop> {
    let files = words(files, &[',', ';'])?;
    let paths = paths.map_or(Ok(Vec::new()), |paths| words(paths, &[',', ';', ':']))?;
    if paths.is_empty() {
        return Ok(files);
    }
    let all =
        paths.iter().flat_map(|path| files.iter().map(move |file| Path::new(path).join(file)));
    Ok(all.map(|path| path.display().to_string()).collect())
}

/// A list of texts; one text may hold several, with marks between.
fn words(value: &Value, between: &[char]) -> Result<Vec<String>, Stop> {
    let list = sequence(value)?.unwrap_or_else(|| vec![value.clone()]);
    let mut words = Vec::new();
    for item in &list {
        if matches!(item, Value::Live(Live::Undefined(_))) {
            continue;
        }
        words.extend(text(item)?.split(between).filter(|word| !word.is_empty()).map(str::to_owned));
    }
    Ok(words)
}
