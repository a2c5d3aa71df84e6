//! Filters on paths, as Python's `os.path` has them. Those of Windows go by its rules.

use std::path::PathBuf;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{items, sequence};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("basename", FilterFn::new(|_, given| changed(given, |path| split(path).1.to_owned()))),
    ("dirname", FilterFn::new(|_, given| changed(given, |path| split(path).0.to_owned()))),
    ("normpath", FilterFn::new(|_, given| changed(given, normal))),
    ("expanduser", FilterFn::new(expanduser)),
    ("expandvars", FilterFn::new(expandvars)),
    ("realpath", FilterFn::new(realpath)),
    ("relpath", FilterFn::new(relpath)),
    ("splitext", FilterFn::new(splitext)),
    ("path_join", FilterFn::new(path_join)),
    ("commonpath", FilterFn::new(commonpath)),
    ("win_basename", FilterFn::new(|_, given| changed(given, |path| win_split(path).1.to_owned()))),
    ("win_dirname", FilterFn::new(|_, given| changed(given, |path| win_split(path).0))),
    ("win_splitdrive", FilterFn::new(win_splitdrive)),
];

fn changed(mut given: Given, change: fn(&str) -> String) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    Ok(change(&path).into())
}

/// The folder and the name behind the last slash.
fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let (folder, name) = path.split_at(at);
    let trimmed = folder.trim_end_matches('/');
    (if trimmed.is_empty() { folder } else { trimmed }, name)
}

/// A path without `.`, `..` and double slashes.
pub(crate) fn normal(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            other => parts.push(other),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

fn expanduser(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    Ok(with_home(machine, &path).into())
}

/// A path with the home folder for `~` at its start.
pub(crate) fn with_home(machine: &Machine, path: &str) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let (user, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if user.is_empty() {
        machine.context.lookups.env("HOME")
    } else {
        let known =
            machine.context.lookups.read(std::path::Path::new("/etc/passwd")).unwrap_or_default();
        String::from_utf8_lossy(&known)
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&user))
            .and_then(|fields| fields.get(5).map(|home| (*home).to_owned()))
    };
    match home {
        Some(home) => format!("{}{rest}", home.trim_end_matches('/')),
        None => path.to_owned(),
    }
}

fn expandvars(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    let mut out = String::new();
    let mut rest = path.as_str();
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (name, after) = match behind.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(found) => found,
            None => behind.split_at(
                behind
                    .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
                    .unwrap_or(behind.len()),
            ),
        };
        match machine.context.lookups.env(name) {
            Some(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(&rest[at..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out.into())
}

fn realpath(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    let absolute = absolute(machine, &path);
    // What does not exist is resolved as far as it does.
    let mut existing = PathBuf::from(&absolute);
    let mut missing = Vec::new();
    loop {
        if let Ok(real) = existing.canonicalize() {
            let joined = missing.iter().rev().fold(real, |path, part| path.join(part));
            return Ok(normal(&joined.to_string_lossy()).into());
        }
        match (existing.file_name().map(ToOwned::to_owned), existing.pop()) {
            (Some(name), true) => missing.push(name),
            _ => return Ok(absolute.into()),
        }
    }
}

fn absolute(machine: &Machine, path: &str) -> String {
    if path.starts_with('/') {
        return normal(path);
    }
    let base = machine.context.lookups.base();
    let base = base.canonicalize().unwrap_or(base);
    normal(&format!("{}/{path}", base.display()))
}

fn relpath(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    let start = given.optional_text("start")?.unwrap_or_else(|| ".".to_owned());
    given.finish()?;
    let parts = |path: &str| {
        absolute(machine, path)
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (path, start): (Vec<String>, Vec<String>) = (parts(&path), parts(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - common);
    let relative: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    Ok(if relative.is_empty() { ".".into() } else { relative.join("/").into() })
}

fn splitext(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    let name_at = path.rfind('/').map_or(0, |at| at + 1);
    let name = &path[name_at..];
    let bare = name.trim_start_matches('.');
    let at = match bare.rfind('.') {
        Some(at) => name_at + (name.len() - bare.len()) + at,
        None => path.len(),
    };
    Ok(Value::list([path[..at].into(), path[at..].into()]))
}

fn path_join(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let paths = given.value("paths")?;
    given.finish()?;
    let parts: Vec<String> = match sequence(&paths)? {
        Some(list) => list.iter().map(text).collect::<Result<_, _>>()?,
        None => vec![text(&paths)?],
    };
    let mut joined = String::new();
    for part in parts {
        if part.starts_with('/') {
            joined = part;
        } else {
            if !joined.is_empty() && !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(&part);
        }
    }
    Ok(joined.into())
}

fn commonpath(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let paths: Vec<String> =
        items(&given.value("paths")?)?.iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    let Some(first) = paths.first() else { return Err(Stop::value("there is no path")) };
    if paths.iter().any(|path| path.starts_with('/') != first.starts_with('/')) {
        return Err(Stop::value("absolute and relative paths have nothing in common"));
    }
    let split = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    let mut common = split(first);
    for path in &paths[1..] {
        let parts = split(path);
        let same = common.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    let root = if first.starts_with('/') { "/" } else { "" };
    Ok(format!("{root}{}", common.join("/")).into())
}

/// The drive, or share, and the rest of a path of Windows.
fn win_drive(path: &str) -> (&str, &str) {
    let bytes = path.as_bytes();
    if bytes.len() >= 2 && bytes[1] == b':' {
        return path.split_at(2);
    }
    let is_slash = |byte: u8| byte == b'\\' || byte == b'/';
    if bytes.len() > 2 && is_slash(bytes[0]) && is_slash(bytes[1]) && !is_slash(bytes[2]) {
        let slash =
            |from: usize| bytes[from..].iter().position(|byte| is_slash(*byte)).map(|at| from + at);
        if let Some(server) = slash(2) {
            let end = slash(server + 1).unwrap_or(path.len());
            if end > server + 1 {
                return path.split_at(end);
            }
        }
    }
    ("", path)
}

fn win_split(path: &str) -> (String, &str) {
    let (drive, rest) = win_drive(path);
    let at = rest.rfind(['\\', '/']).map_or(0, |at| at + 1);
    let (folder, name) = rest.split_at(at);
    let trimmed = folder.trim_end_matches(['\\', '/']);
    (format!("{drive}{}", if trimmed.is_empty() { folder } else { trimmed }), name)
}

fn win_splitdrive(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    let (drive, rest) = win_drive(&path);
    Ok(Value::list([drive.into(), rest.into()]))
}
