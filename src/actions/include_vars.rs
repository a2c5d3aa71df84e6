//! `include_vars`: variables from files, when the task is reached.

use std::path::{Path, PathBuf};

use crate::actions::{Action, Context, Done, Variable};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};
use crate::yaml::{Kind, Node};

pub(super) const ACTION: Action = Action {
    name: "include_vars",
    args: Some(&[
        "file",
        "dir",
        "name",
        "depth",
        "files_matching",
        "ignore_files",
        "extensions",
        "ignore_unknown_extensions",
        "hash_behaviour",
    ]),
    free_form: Some("file"),
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let files = match context.text("dir")? {
        Some(folder) => in_folder(context, &folder)?,
        None => vec![one_file(context)?],
    };
    let mut entries: Vec<(String, Node)> = Vec::new();
    for file in &files {
        let Some(node) = context.files.yaml(file)? else { continue };
        if node.kind == Kind::Null {
            continue;
        }
        let Some(map) = node.as_map() else {
            return Err(Halt::new(format!(
                "{} must hold a mapping of variables, not {}",
                file.display(),
                node.describe()
            )));
        };
        for (key, value) in map {
            let Some(name) = key.as_str() else { continue };
            entries.retain(|(other, _)| other != name);
            entries.push((name.to_owned(), value.clone()));
        }
    }
    let mut results = Map::new();
    let included: Vec<Value> = files.iter().map(|file| file.display().to_string().into()).collect();
    results.insert("ansible_included_var_files".into(), Value::list(included));
    let outcome = Outcome::local(false, results);
    let set = match context.text("name")? {
        None => entries.into_iter().map(|(name, node)| (name, Variable::Text(node))).collect(),
        Some(name) => {
            let mut map = Map::new();
            for (key, node) in entries {
                map.insert(key.as_str().into(), context.eval.value(&node, context.vars)?);
            }
            vec![(name, Variable::Data(map.into()))]
        }
    };
    Ok(Done { set, ..Done::new(outcome) })
}

fn one_file(context: &Context<'_>) -> Result<PathBuf, Halt> {
    let name = match context.text("file")? {
        Some(name) => name,
        None => match &context.task.action.args.free {
            Some(node) => context.eval.text(node, context.vars)?,
            None => return Err(Halt::new("include_vars needs a file or a dir")),
        },
    };
    context.files.find(context.task, "vars", Path::new(name.trim()))
}

fn in_folder(context: &Context<'_>, folder: &str) -> Result<Vec<PathBuf>, Halt> {
    let root = context.files.find(context.task, "vars", Path::new(folder))?;
    let depth = context.value("depth")?.map_or(Ok(0), |value| context.eval.integer(&value))?;
    let extensions = match context.value("extensions")? {
        Some(value) => super::add_host::words(context, &value)?,
        None => vec!["yaml".into(), "yml".into(), "json".into()],
    };
    let ignored = context
        .value("ignore_files")?
        .map_or(Ok(Vec::new()), |value| super::add_host::words(context, &value))?;
    let matching = context.text("files_matching")?;
    let lenient = context.flag("ignore_unknown_extensions", false)?;
    let ignored: Result<Vec<_>, Halt> =
        ignored.iter().map(|pattern| context.eval.finder(&format!("{pattern}$"))).collect();
    let ignored = ignored?;
    let matching = matching.map(|pattern| context.eval.finder(&pattern)).transpose()?;
    let mut files = Vec::new();
    for path in context.files.walk(&root, depth)? {
        let part = |part: Option<&std::ffi::OsStr>| {
            part.and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned()
        };
        let (name, extension) = (part(path.file_name()), part(path.extension()));
        let wanted = matching.as_ref().is_none_or(|matches| matches(&name))
            && !ignored.iter().any(|ignores| ignores(&name));
        if !wanted {
            continue;
        }
        if extensions.contains(&extension) {
            files.push(path);
        } else if !lenient {
            let known = extensions.join(", ");
            return Err(Halt::new(format!(
                "`{}` has none of the extensions {known}",
                context.files.shown(&path).display()
            ))
            .help("leave such files out with `ignore_unknown_extensions: true`"));
        }
    }
    // By their names, and what is in folders after what is beside them.
    files.sort_by_cached_key(|path| {
        let mut parts: Vec<_> = path.iter().map(|part| (true, part.to_owned())).collect();
        if let Some(last) = parts.last_mut() {
            last.0 = false;
        }
        parts
    });
    Ok(files)
}
