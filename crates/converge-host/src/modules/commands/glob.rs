//! Shell patterns over the paths of a host, as Python's `glob` has them.

use std::path::{Component, Path, PathBuf};

use crate::fnmatch::matches;
use crate::host::{Host, Look, Node, NodeKind};
use crate::stop::Result;

/// Whether a path is a pattern of paths.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Whether a path exists, or any that a pattern matches.
pub(super) fn exists(base: &Path, pattern: &str, host: &dyn Host) -> Result<bool> {
    let path = base.join(pattern);
    if !is_pattern(pattern) {
        return there(&path, host);
    }
    let parts: Vec<String> = path
        .components()
        .filter(|part| !matches!(part, Component::RootDir))
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    below(&PathBuf::from("/"), &parts, host)
}

fn below(folder: &Path, parts: &[String], host: &dyn Host) -> Result<bool> {
    let Some((part, rest)) = parts.split_first() else { return there(folder, host) };
    if !is_pattern(part) {
        return below(&folder.join(part), rest, host);
    }
    if !matches!(host.resolve(folder)?.1, Look::Is(Node { kind: NodeKind::Dir, .. })) {
        return Ok(false);
    }
    for name in host.list(folder)? {
        // A hidden file is found by a pattern that says so only.
        let hidden = name.starts_with('.') && !part.starts_with('.');
        if !hidden && matches(part, &name) && below(&folder.join(name), rest, host)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A link that points to nothing exists, too.
fn there(path: &Path, host: &dyn Host) -> Result<bool> {
    match host.look(path)? {
        Look::Is(_) => Ok(true),
        Look::Absent => Ok(false),
        Look::Unknown(_) => host.exists(path),
    }
}

#[cfg(test)]
mod tests {
    use super::exists;
    use crate::host::real::Real;
    use crate::modules::scenario::Scenario;

    #[test]
    fn patterns_find_what_python_finds() {
        let scenario = Scenario::new(&["a1=", ".hid=", "sub/", "sub/b2=", "dangling->no"]);
        let real = Real::new();
        for (pattern, want) in [
            ("a1", true),
            ("a*", true),
            ("*/b?", true),
            ("[!as]*", true),
            ("h*", false),
            (".h*", true),
            ("*/*/b2", false),
            ("dangling", true),
            ("no", false),
            ("a1/x*", false),
        ] {
            assert_eq!(exists(scenario.path(), pattern, &real), Ok(want), "{pattern}");
        }
    }
}
