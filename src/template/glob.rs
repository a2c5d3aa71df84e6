//! File names by pattern, as a shell expands them: `*`, `?`, `[a-z]`; a leading dot is matched only by a dot.

use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

/// The files and folders that a pattern names, sorted.
pub(crate) fn glob(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(part) = component else {
            found.iter_mut().for_each(|path| path.push(component));
            continue;
        };
        let part = part.to_string_lossy();
        if !part.contains(['*', '?', '[']) {
            found.iter_mut().for_each(|path| path.push(&*part));
            found.retain(|path| path.exists());
            continue;
        }
        let Ok(glob) =
            GlobBuilder::new(&part).literal_separator(true).backslash_escape(false).build()
        else {
            return Vec::new();
        };
        let matcher = glob.compile_matcher();
        found = found
            .iter()
            .flat_map(|folder| {
                let read = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                let entries = std::fs::read_dir(read).into_iter().flatten().flatten();
                let names = entries.map(|entry| entry.file_name());
                let matching = names.filter(|name| {
                    let hidden = name.to_string_lossy().starts_with('.') && !part.starts_with('.');
                    !hidden && matcher.is_match(name)
                });
                matching.map(|name| folder.join(name)).collect::<Vec<_>>()
            })
            .collect();
    }
    found.sort();
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::glob;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.conf", "b.conf", ".hidden.conf", "c.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("d")).unwrap();
        std::fs::write(folder.path().join("d/e.conf"), "").unwrap();
        let names = |pattern: &str| {
            let found = glob(&folder.path().join(pattern));
            found
                .iter()
                .map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(names("[bc].*"), ["b.conf", "c.txt"]);
        assert_eq!(names("*/e.*"), ["d/e.conf"]);
        assert_eq!(names(".h*"), [".hidden.conf"]);
        assert_eq!(names("a.conf"), ["a.conf"]);
        assert!(names("nothing*").is_empty());
    }
}
