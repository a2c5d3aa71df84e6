//! The host's own facts: files in a folder, and what programs in it print.

use std::path::Path;

use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Command, NodeKind};
use crate::json;
use crate::modules::setup::read::Reader;
use crate::modules::setup::read::base;

/// What the programs in the folder print is read like files. Those that fail, and files that are no facts, say so.
pub(super) fn gather(
    read: &Reader<'_>,
    folder: &str,
    timeout: i64,
    facts: &mut Map,
    changes: &mut Changes,
) {
    let mut found = Map::new();
    for file in read.names(folder).iter().filter(|name| name.ends_with(".fact")) {
        let path = format!("{folder}/{file}");
        let Some(node) = read.node(&path).filter(|node| node.kind == NodeKind::File) else {
            continue;
        };
        let name = base(&path).trim_end_matches(".fact").to_owned();
        let text = if node.mode & 0o100 == 0 {
            read.text(&path).ok_or_else(|| format!("error loading fact - can't read `{path}`"))
        } else {
            run(read, &path, timeout)
        };
        let fact = text.map(|text| parse(&text, &path)).unwrap_or_else(|error| {
            changes.warn(error.clone());
            Data::Str(error)
        });
        found.insert(name, fact);
    }
    facts.insert("local".into(), Data::Map(found));
}

/// `timeout` keeps a program that hangs from holding up everything.
fn run(read: &Reader<'_>, path: &str, timeout: i64) -> Result<String, String> {
    let mut argv = vec![path.to_owned()];
    if timeout > 0 && read.has("timeout") {
        argv.splice(0..0, ["timeout".to_owned(), timeout.to_string()]);
    }
    let mut command = Command::new(argv);
    command.cwd = Path::new(path).parent().map(Path::to_path_buf);
    let output = read
        .host
        .observe(&command)
        .map_err(|stop| format!("Could not execute fact script ({path}): {stop}"))?;
    if !output.ok() {
        let told = output.error_text();
        return Err(format!(
            "Failure executing fact script ({path}), rc: {}, err: {told}",
            output.rc
        ));
    }
    Ok(output.text())
}

/// JSON, or an INI file.
fn parse(text: &str, path: &str) -> Data {
    if text.trim().is_empty() {
        return Data::Map(Map::new());
    }
    json::parse(text).unwrap_or_else(|| {
        ini(text).unwrap_or_else(|line| {
            Data::Str(format!(
                "error loading facts as JSON or ini - please check content: {path} (line {line})"
            ))
        })
    })
}

/// Sections of names and values, all text, names in lower case.
fn ini(text: &str) -> Result<Data, usize> {
    let mut sections = Map::new();
    let mut current: Option<String> = None;
    let mut last: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.entry(name.to_owned()).or_insert_with(|| Data::Map(Map::new()));
            (current, last) = (Some(name.to_owned()), None);
            continue;
        }
        let section = current.as_ref().and_then(|name| sections.get_mut(name));
        let Some(Data::Map(section)) = section else { return Err(number + 1) };
        if let (true, Some(key)) = (line.starts_with([' ', '\t']), &last)
            && let Some(Data::Str(value)) = section.get_mut(key)
        {
            *value = format!("{value}\n{trimmed}");
            continue;
        }
        let Some(at) = trimmed.find(['=', ':']) else { return Err(number + 1) };
        let key = trimmed[..at].trim().to_lowercase();
        section.insert(key.clone(), trimmed[at + 1..].trim().into());
        last = Some(key);
    }
    if sections.is_empty() { Err(1) } else { Ok(Data::Map(sections)) }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::data::{Data, Map};

    fn map(entries: &[(&str, Data)]) -> Data {
        Data::Map(
            entries.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect::<Map>(),
        )
    }

    #[test]
    fn ini_is_read_as_text() {
        let text = "# own\n[General]\nPort = 80\nname: web\n  and more\n[empty]\n";
        let general = map(&[("port", "80".into()), ("name", "web\nand more".into())]);
        assert_eq!(parse(text, "x"), map(&[("General", general), ("empty", map(&[]))]));
    }

    #[test]
    fn anything_else_is_said_to_be_none() {
        assert_eq!(parse("", "x"), map(&[]));
        for text in ["hello", "[a]\nnonsense\n", "{\"a\": }"] {
            let Data::Str(error) = parse(text, "x") else { panic!("{text} was read") };
            assert!(error.starts_with("error loading facts as JSON or ini"), "{error}");
        }
    }
}
