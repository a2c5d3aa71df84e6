//! A folder of `tests/playbooks`: a playbook and what it needs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// One case.
#[derive(Debug)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// The inventory: the case's own, or the one that all share.
    pub inventory: PathBuf,
    /// The arguments of each run of the playbook, one run after another on the same files.
    pub runs: Vec<Vec<String>>,
}

impl Case {
    /// The cases in the folder `dir`, by name.
    pub fn all(dir: &Path) -> Result<Vec<Self>> {
        let mut cases = Vec::new();
        for entry in
            fs::read_dir(dir).with_context(|| format!("cannot list `{}`", dir.display()))?
        {
            let path = entry?.path();
            if path.join("site.yml").exists() {
                cases.push(Self::read(dir, path)?);
            }
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cases)
    }

    /// The case in the folder `dir`; `shared` is where the inventory that all share is.
    pub fn read(shared: &Path, dir: PathBuf) -> Result<Self> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let playbook = dir.join("site.yml");
        let text = fs::read_to_string(&playbook)
            .with_context(|| format!("cannot read `{}`", playbook.display()))?;
        let runs = runs(&text).with_context(|| format!("in `{}`", playbook.display()))?;
        let own = ["inventory", "inventory.ini", "inventory.yml"].map(|name| dir.join(name));
        let inventory =
            own.into_iter().find(|path| path.exists()).unwrap_or_else(|| shared.join("hosts.yml"));
        Ok(Self { name, dir, inventory, runs })
    }
}

/// The arguments in the lines `# run: …` at the head of a playbook. Without such a line there is one run without arguments.
fn runs(text: &str) -> Result<Vec<Vec<String>>> {
    let mut runs = Vec::new();
    for line in text.lines().take_while(|line| line.starts_with('#')) {
        let Some(arguments) = line.strip_prefix("# run:") else { continue };
        if arguments.contains(['\'', '"', '\\']) {
            bail!("`{line}`: arguments are separated by blanks and cannot be quoted");
        }
        runs.push(arguments.split_whitespace().map(str::to_owned).collect());
    }
    if runs.is_empty() {
        runs.push(Vec::new());
    }
    Ok(runs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::record::case::runs;

    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(runs(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn runs_are_read_from_the_head() {
        check("- hosts: all\n", &[&[]]);
        check(
            "# About.\n# run: --tags a,b\n# run:\n- hosts: all\n# run: --no\n",
            &[&["--tags", "a,b"], &[]],
        );
    }

    #[test]
    fn quotes_are_refused() {
        assert!(runs("# run: -e 'a b'\n").is_err());
    }
}
