//! Options of what is planned.

use std::path::PathBuf;

use clap::Args;

/// Which playbooks are planned, for which hosts, and with which variables.
#[derive(Args, Debug, Default)]
pub(crate) struct ScopeArgs {
    /// Playbooks: paths, or names in the project's `playbooks` folder [default: site.yml there]
    #[arg(value_name = "PLAYBOOK")]
    pub(crate) playbooks: Vec<PathBuf>,

    /// The inventory: a name in the project's `inventory` folder, a path, or hosts with commas
    ///
    /// May be given several times. Without it, `ansible.cfg` decides, or the only inventory that there is.
    #[arg(
        short,
        long,
        value_name = "INVENTORY",
        help_heading = "What to do",
        alias = "inventory-file"
    )]
    pub(crate) inventory: Vec<String>,

    /// Set variables: `name=value`, YAML or JSON, or @FILE
    ///
    /// May be given several times; later ones win. They win over every variable of the project.
    #[arg(
        short = 'e',
        long,
        value_name = "VARS",
        help_heading = "What to do",
        allow_hyphen_values = true
    )]
    pub(crate) extra_vars: Vec<String>,

    /// Work on at most so many hosts at once
    #[arg(
        short,
        long,
        value_name = "N",
        help_heading = "What to do",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) forks: Option<u32>,

    /// Don't run commands while planning, not even those that change nothing
    ///
    /// Planning runs what says that it changes nothing (`changed_when: false`, `check_mode: false`, and `converge-probes.yml`)
    /// and lists it. With this option, such a command and what depends on it can't be told before applying.
    #[arg(long, help_heading = "What to do")]
    pub(crate) no_probes: bool,
}
