//! The command line as it is typed: one declaration gives parsing, help, completions and the man page.
//!
//! Parsing has no effect and looks at nothing: files, terminals and the environment are for later.

mod connect;
mod drift;
mod environments;
mod explain;
mod look;
mod output;
mod reach;
mod revert;
mod run;
mod saved;
mod scope;
mod selection;
mod vault;

use std::time::Duration;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use connect::{BecomeArgs, ConnectArgs, Means, Method};
pub(crate) use drift::{DriftArgs, Form};
pub(crate) use environments::{
    AbortArgs, LockArgs, LockCommand, LockHostsArgs, PromoteArgs, ResumeArgs, RolloutArgs,
    RolloutCommand, SharedArgs, StatusArgs,
};
pub(crate) use explain::ExplainArgs;
pub(crate) use look::LookArgs;
pub(crate) use output::{ColorArg, Format, OutputArgs};
pub(crate) use reach::ReachArgs;
pub(crate) use revert::RevertArgs;
pub(crate) use run::RunArgs;
pub(crate) use saved::{ApplyArgs, PlanArgs};
pub(crate) use scope::ScopeArgs;
pub(crate) use selection::{Listing, SelectArgs};
pub(crate) use vault::{
    EditArgs, EncryptStringArgs, RekeyArgs, UnlockArgs, VaultArgs, VaultCommand,
};

/// How help is coloured.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

/// What stands below the options.
const EXAMPLES: &str = "\
Examples:
  converge --inventory staging            show what would change on staging, ask, apply
  converge -i staging --check             only show; exits with 2 where something would change
  converge -i staging -l web1 -t nginx    only the host web1 and the tasks tagged nginx
  converge playbooks/reboot.yml -i production --yes
  converge plan -i production -o p.plan   save a plan; `converge apply p.plan` applies it, once
  converge promote staging production     apply what passed staging, host by host
  converge show last                      what the last run did";

/// The exit codes, for the long help.
const EXIT_CODES: &str = concat!(
    "Exit codes:\n",
    "  0   the hosts are as the project says: nothing to do, or everything was applied\n",
    "  1   an error: wrong usage, bad input, a task that failed or would fail, a fault of converge\n",
    "  2   something would change, and nothing was applied (--check, no consent, nobody to ask)\n",
    "  3   incomplete: a host could not be reached, or nothing is known to change but something may\n",
    "  4   refused: what a saved plan rests on has moved, or a protected environment lacks something\n",
    "Where several hold, 1 counts first, then 4, an unreachable host, 2, and last what may change.\n",
    "`docs/exit-codes.md` says more."
);

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "converge",
    bin_name = "converge",
    version,
    about = "Configure servers over SSH: run Ansible playbooks, see the plan first",
    long_about = "Runs the playbooks of a git-versioned project over SSH. First it shows what would change on which host, \
                  down to the diff, then it asks, and then it applies exactly that. The hosts need no Python.\n\n\
                  Without a playbook, `playbooks/site.yml` of the project is run. The project is found from any folder in it.",
    after_help = EXAMPLES,
    after_long_help = LONG_AFTER.as_str(),
    styles = STYLES,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Other commands",
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

static LONG_AFTER: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{EXAMPLES}\n\n{EXIT_CODES}"));

/// Everything beside running playbooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Only show what would change, and save it to be reviewed and applied later
    Plan(Box<PlanArgs>),
    /// Apply a saved plan: exactly that, or nothing
    Apply(Box<ApplyArgs>),
    /// Apply to one environment what has passed another
    Promote(Box<PromoteArgs>),
    /// Show rollouts, go on with one that stopped, or give it up
    Rollout(RolloutArgs),
    /// Show who changes hosts right now, and keep others away from them
    Lock(LockArgs),
    /// List earlier plans and runs
    History(HistoryArgs),
    /// Show an earlier plan or run again, or a saved plan
    Show(ShowArgs),
    /// Find out where hosts are no longer as they were left
    Drift(Box<DriftArgs>),
    /// Go on with the hosts that failed in a run or were not reached, from where they were
    Resume(Box<ResumeArgs>),
    /// Say why a task would change something or is skipped, and where its variables come from
    Explain(Box<ExplainArgs>),
    /// Show what two runs did differently
    Diff(DiffArgs),
    /// Take back what an earlier run did to files and units
    Revert(RevertArgs),
    /// Show the hosts, groups and variables of an inventory
    Inventory(InventoryArgs),
    /// Encrypt and decrypt files and values, as `ansible-vault` does
    Vault(VaultArgs),
    /// Show what a module does and which arguments it takes
    Doc(DocArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// `converge history`.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// Show at most so many, the newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print each run with all that happened in it as a line of JSON, the oldest first
    #[arg(long, conflicts_with = "json")]
    pub(crate) export: bool,
    /// Forget runs and reports of drift that are older: `90d`, `12w`; what was applied to a host last is kept
    #[arg(long, value_name = "AGE", value_parser = age, conflicts_with_all = ["json", "export"])]
    pub(crate) forget: Option<Duration>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorArg,
}

/// `converge show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The name of the run as `history` lists it, or its beginning; or the file of a saved plan
    #[arg(value_name = "RUN", default_value = "last")]
    pub(crate) run: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show tasks without changes, whole diffs and every host's name
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorArg,
}

/// `converge diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The name of a run as `history` lists it, or its beginning
    #[arg(value_name = "RUN")]
    pub(crate) one: String,
    /// Another run
    #[arg(value_name = "RUN", default_value = "last")]
    pub(crate) other: String,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorArg,
}

/// An age: a whole number of days or weeks.
fn age(text: &str) -> Result<Duration, String> {
    const DAY: u64 = 24 * 3600;
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let days = match unit {
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return Err("an age is a number of days or weeks: `90d`, `12w`".into()),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{number}` is no whole number"))?;
    number.checked_mul(days).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

/// `converge inventory`.
#[derive(Args, Debug)]
pub(crate) struct InventoryArgs {
    /// The inventory: a name in the project's `inventory` folder, a path, or hosts with commas
    #[arg(short, long, value_name = "INVENTORY")]
    pub(crate) inventory: Vec<String>,
    /// Only hosts that this pattern matches
    #[arg(short, long, value_name = "PATTERN")]
    pub(crate) limit: Option<String>,
    /// Print everything as JSON, as `ansible-inventory --list` does
    #[arg(long, conflicts_with_all = ["graph", "host"])]
    pub(crate) list: bool,
    /// Print the groups and hosts as a tree
    #[arg(long)]
    pub(crate) graph: bool,
    /// Print the variables of one host as JSON
    #[arg(long, value_name = "HOST", conflicts_with = "graph")]
    pub(crate) host: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge doc`.
#[derive(Args, Debug)]
pub(crate) struct DocArgs {
    /// The module, short or with its collection; all modules are listed where none is given
    #[arg(value_name = "MODULE")]
    pub(crate) module: Option<String>,
}

/// `converge completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// The whole command as clap knows it.
pub(crate) fn command() -> clap::Command {
    // What `plan` is: only to show.
    Cli::command().mut_subcommand("plan", |plan| {
        plan.mut_arg("check", |check| check.hide(true)).mut_arg("yes", |yes| yes.hide(true))
    })
}

/// The command where it is called `ansible-playbook`: the same options, at least one playbook, no other commands.
pub(crate) fn ansible_playbook() -> clap::Command {
    let command = clap::Command::new("ansible-playbook")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Run Ansible playbooks (this is converge, called `ansible-playbook`: it applies without asking)")
        .styles(STYLES)
        .max_term_width(100);
    RunArgs::augment_args(command).mut_arg("playbooks", |playbooks| playbooks.required(true))
}

/// Reads a command line; the first word is the program's name.
pub(crate) fn parse(words: &[std::ffi::OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let mut matches = command.try_get_matches_from_mut(words)?;
    let cli =
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    match &cli.command {
        Some(Command::Plan(args)) if args.run.yes => Err(command.error(
            ErrorKind::ArgumentConflict,
            "a plan is only shown and saved; `converge apply FILE` applies it",
        )),
        _ => Ok(cli),
    }
}

/// Reads a command line given to `ansible-playbook`.
pub(crate) fn parse_ansible(words: &[std::ffi::OsString]) -> Result<RunArgs, clap::Error> {
    let matches = ansible_playbook().try_get_matches_from(words)?;
    RunArgs::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::{ansible_playbook, command};

    #[test]
    fn the_declarations_hold_together() {
        command().debug_assert();
        ansible_playbook().debug_assert();
    }

    #[test]
    fn every_option_is_explained_and_stands_under_a_heading() {
        for arg in command().get_arguments() {
            let name = arg.get_id().as_str();
            if ["help", "version"].contains(&name) {
                continue;
            }
            assert!(arg.get_help().is_some(), "{name} has no help");
            assert!(
                arg.is_positional() || arg.get_help_heading().is_some(),
                "{name} has no heading"
            );
        }
    }
}
