//! The house rules that a machine can check.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The table of ARCHITECTURE.md: module → row.
fn rows() -> BTreeMap<String, usize> {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (Some(row), Some(modules)) =
            (cells.next().and_then(|cell| cell.parse().ok()), cells.next())
        else {
            continue;
        };
        rows.extend(
            modules
                .split('`')
                .filter(|name| !name.trim().is_empty())
                .map(|name| (name.to_owned(), row)),
        );
    }
    rows
}

#[test]
fn imports_go_down_only() {
    let rows = rows();
    assert!(rows.len() > 15, "the table of layers was not found");
    let mut wrong = Vec::new();
    for path in sources(Path::new("src")) {
        let relative = path.strip_prefix("src").unwrap();
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if own == "lib" || own == "main" {
            continue;
        }
        let Some(row) = rows.get(&own) else {
            wrong.push(format!("`{own}` stands in no row of ARCHITECTURE.md"));
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for rest in line.split("crate::").skip(1) {
                let name: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(other) = rows.get(&name) else { continue };
                if name != own && other >= row {
                    wrong.push(format!(
                        "{}:{}: `{own}` (row {row}) uses `{name}` (row {other})",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_a_hub() {
    let folders = ["src", "crates"];
    let long: Vec<String> = folders
        .iter()
        .flat_map(|folder| sources(Path::new(folder)))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "target"))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > 800).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "split by what they know:\n{}", long.join("\n"));
}

#[test]
fn nothing_below_the_command_line_prints() {
    let mut wrong = Vec::new();
    for path in
        sources(Path::new("src")).into_iter().chain(sources(Path::new("crates/converge-host/src")))
    {
        if path.starts_with("src/cli") || path.starts_with("src/main.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in
            ["println!", "eprintln!", "print!(", "process::exit", "dbg!", "todo!", "unimplemented!"]
        {
            if code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
            {
                wrong.push(format!("{} uses `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The keys of a file of YAML that are indented by so many blanks.
fn keys(path: &Path, indent: usize) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let key = |line: &str| {
        let rest = line.strip_prefix(&" ".repeat(indent))?;
        let (key, _) = rest.split_once(':')?;
        let word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
        word.then(|| key.to_owned())
    };
    text.lines().filter_map(key).collect()
}

#[test]
fn what_a_role_takes_is_declared_and_documented() {
    let mut wrong = Vec::new();
    let mut roles = 0;
    for entry in fs::read_dir("roles").unwrap() {
        let role = entry.unwrap().path();
        let name = role.file_name().unwrap().to_str().unwrap().to_owned();
        let defaults = keys(&role.join("defaults/main.yml"), 0);
        let options = keys(&role.join("meta/argument_specs.yml"), 6);
        let readme = fs::read_to_string(role.join("README.md")).unwrap();
        for option in options.iter().filter(|option| !defaults.contains(option)) {
            wrong.push(format!("{name}: `{option}` is declared, and has no default"));
        }
        for default in &defaults {
            if !options.contains(default) {
                wrong.push(format!("{name}: `{default}` is not in meta/argument_specs.yml"));
            }
            // A table may leave the common beginning out: `nginx_org_apt`, `_yum`.
            let short = |word: &str| word.starts_with('_') && default.ends_with(word);
            if !readme.split('`').any(|word| word == default || short(word)) {
                wrong.push(format!("{name}: README.md does not tell of `{default}`"));
            }
        }
        roles += 1;
    }
    assert!(roles > 10, "the roles were not found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
