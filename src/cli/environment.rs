//! What the process was started with: the only place that asks the environment.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::cli::at::Checkout;
use crate::history::{self, Where};

/// What long texts are shown with where nobody says.
const PAGER: &str = "less";

/// What the process was started with.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The folder it was started in.
    pub(crate) here: PathBuf,
    /// The folder of what is kept between runs.
    pub(crate) state: Option<PathBuf>,
    /// Where the history is.
    pub(crate) history: Where,
    /// The file of the key that plans are sealed with, where it is not that in the state folder.
    pub(crate) plan_key: Option<PathBuf>,
    /// The command that long texts are shown with; none where none is wanted.
    pub(crate) pager: Option<String>,
    /// `ANSIBLE_VAULT_PASSWORD_FILE`.
    pub(crate) vault_password_file: Option<PathBuf>,
    /// `ANSIBLE_VAULT_IDENTITY_LIST`.
    pub(crate) vault_identities: Option<Vec<String>>,
    /// The user's editor.
    pub(crate) editor: Option<String>,
    /// The time zone that times are told in.
    pub(crate) zone: TimeZone,
    /// Who runs converge, and on which machine: `ann@desk`.
    pub(crate) who: String,
    /// The commit that the project is read from, in place of the working tree.
    pub(crate) at: Option<Arc<Checkout>>,
}

impl Environment {
    /// The same, with the project as of a commit.
    pub(crate) fn at(&self, checkout: Checkout) -> Self {
        Self { here: checkout.here(), at: Some(Arc::new(checkout)), ..self.clone() }
    }

    /// As it is.
    pub(crate) fn read() -> std::io::Result<Self> {
        let state = history::folder(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"));
        let plan_key = std::env::var_os("CONVERGE_PLAN_KEY_FILE")
            .filter(|file| !file.is_empty())
            .map(PathBuf::from);
        let pager = ["CONVERGE_PAGER", "PAGER"].iter().find_map(|name| std::env::var(name).ok());
        let pager = pager.unwrap_or_else(|| PAGER.to_owned());
        let pager = Some(pager).filter(|pager| !pager.trim().is_empty() && pager != "cat");
        let given = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let words = |text: String| {
            let words = text.split(',').map(|word| word.trim().to_owned());
            words.filter(|word| !word.is_empty()).collect()
        };
        // Who became root by sudo is still who they were.
        let person = ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(given);
        let person =
            person.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        let machine = rustix::system::uname();
        Ok(Self {
            here: std::env::current_dir()?,
            history: Where { folder: state.clone(), server: given("CONVERGE_HISTORY") },
            state,
            plan_key,
            pager,
            vault_password_file: given("ANSIBLE_VAULT_PASSWORD_FILE").map(PathBuf::from),
            vault_identities: given("ANSIBLE_VAULT_IDENTITY_LIST").map(words),
            editor: given("VISUAL").or_else(|| given("EDITOR")),
            zone: TimeZone::system(),
            who: format!("{person}@{}", machine.nodename().to_string_lossy()),
            at: None,
        })
    }
}
