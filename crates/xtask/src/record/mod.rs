//! `cargo xtask record-playbooks`: what ansible-playbook makes of the playbooks in `tests/playbooks`.
//!
//! Ansible itself is the reference for the language. It runs here, with a callback plugin of this project that writes down
//! what happens, and the result is committed beside each playbook, so that the tests need no Python.

mod ansible;
pub mod case;
mod pretty;
mod story;
pub mod tree;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::fleet::place::workspace;
use crate::record::ansible::Ansible;
use crate::record::case::Case;
use crate::record::story::Expected;
use crate::reference::Reference;
use crate::say;

/// The arguments of `record-playbooks`.
#[derive(Debug, Args)]
pub struct Record {
    /// Only the cases whose names contain one of these
    names: Vec<String>,
    /// Change nothing; fail if a recording would change
    #[arg(long)]
    check: bool,
}

impl Record {
    /// Records every case that was asked for.
    pub fn run(&self) -> Result<()> {
        let dir = workspace().join("tests/playbooks");
        let ansible = Ansible::new(&Reference::ensure("record-playbooks")?)?;
        let mut different = Vec::new();
        for case in Case::all(&dir)?.iter().filter(|case| self.wants(&case.name)) {
            let recorded =
                record(&ansible, case).with_context(|| format!("cannot record `{}`", case.name))?;
            if self.keep(case, &recorded)? {
                different.push(case.name.clone());
            }
        }
        if self.check && !different.is_empty() {
            bail!("ansible-playbook does otherwise than was recorded in {}", different.join(", "));
        }
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| name.contains(wanted))
    }

    /// Writes what was recorded, unless it is only to be checked, and tells whether it is news.
    fn keep(&self, case: &Case, recorded: &str) -> Result<bool> {
        let path = case.dir.join("expected.json");
        let news = fs::read_to_string(&path).ok().as_deref() != Some(recorded);
        say::progress(
            "record-playbooks",
            &format!("{} {}", if news { "changed" } else { "same" }, case.name),
        );
        if news && !self.check {
            write(&path, recorded)?;
        }
        Ok(news)
    }
}

fn record(ansible: &Ansible, case: &Case) -> Result<String> {
    let expected = Expected { ansible: ansible.version.clone(), runs: ansible.record(case)? };
    Ok(pretty::print(&serde_json::to_value(&expected)?))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
