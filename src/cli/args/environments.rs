//! Options of environments: promoting, rollouts, and keeping others away.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::cli::args::{ReachArgs, RunArgs, ScopeArgs, SelectArgs};

/// `converge promote`.
#[derive(Args, Debug)]
pub(crate) struct PromoteArgs {
    /// The environment that the commit has passed
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The environment that it goes to
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// The commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", default_value = "HEAD", hide_default_value = true)]
    pub(crate) at: String,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
}

/// `converge rollout`.
#[derive(Args, Debug)]
pub(crate) struct RolloutArgs {
    #[command(subcommand)]
    pub(crate) command: RolloutCommand,
}

/// What is to become of a rollout.
#[derive(Debug, Subcommand)]
pub(crate) enum RolloutCommand {
    /// Show rollouts that are under way, stopped or interrupted, or the named one
    Status(StatusArgs),
    /// Go on where a rollout stopped or was interrupted
    Resume(Box<ResumeArgs>),
    /// Give a stopped rollout up; hosts stay as they are
    Abort(AbortArgs),
}

/// `converge rollout status`.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The name of the rollout
    #[arg(value_name = "ROLLOUT")]
    pub(crate) id: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `converge rollout resume` and `converge resume`.
#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// Its name: that of a rollout [default: the only one that is not over], or of a run [default: last]
    #[arg(value_name = "NAME")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
}

/// `converge rollout abort`.
#[derive(Args, Debug)]
pub(crate) struct AbortArgs {
    /// The name of the rollout; the only one that is not over where none is given
    #[arg(value_name = "ROLLOUT")]
    pub(crate) id: Option<String>,
}

/// Options of runs that know by themselves what they run where.
#[derive(Args, Debug)]
pub(crate) struct SharedArgs {
    /// Apply without asking
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
    /// Set variables: `name=value`, YAML or JSON, or @FILE
    #[arg(short = 'e', long, value_name = "VARS", allow_hyphen_values = true)]
    pub(crate) extra_vars: Vec<String>,
    /// Apply a protected environment all the same, and say why
    #[arg(long = "override", value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) overriding: Option<String>,
    /// Work on at most so many hosts at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) forks: Option<u32>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// `converge lock`.
#[derive(Args, Debug)]
pub(crate) struct LockArgs {
    #[command(subcommand)]
    pub(crate) command: LockCommand,
}

/// What is to become of locks.
#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// Show which run changes a host right now, and who keeps others away from it
    List(Box<LockHostsArgs>),
    /// Keep others away from hosts until that is released
    Hold(Box<HoldArgs>),
    /// Don't keep others away any more
    Release(Box<ReleaseArgs>),
}

/// `converge lock hold`.
#[derive(Args, Debug)]
pub(crate) struct HoldArgs {
    /// Why: others are told
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: String,
    /// For how long, such as 30m or 2h; until it is released where nothing is said
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    pub(crate) lasts: Option<std::time::Duration>,
    #[command(flatten)]
    pub(crate) hosts: LockHostsArgs,
}

/// `converge lock release`.
#[derive(Args, Debug)]
pub(crate) struct ReleaseArgs {
    /// Release also what somebody else holds
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) hosts: LockHostsArgs,
}

/// Hosts whose locks are meant.
#[derive(Args, Debug)]
pub(crate) struct LockHostsArgs {
    /// The inventory: a name in the project's `inventory` folder, a path, or hosts with commas
    #[arg(short, long, value_name = "INVENTORY")]
    pub(crate) inventory: Vec<String>,
    /// Only hosts that this pattern matches
    #[arg(short, long, value_name = "PATTERN")]
    pub(crate) limit: Option<String>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

impl SharedArgs {
    /// The same as options of a run.
    pub(crate) fn into_run(self) -> RunArgs {
        RunArgs {
            scope: ScopeArgs {
                extra_vars: self.extra_vars,
                forks: self.forks,
                ..ScopeArgs::default()
            },
            yes: self.yes,
            overriding: self.overriding,
            reach: self.reach,
            ..RunArgs::default()
        }
    }
}

impl LockHostsArgs {
    /// The same as options of a run.
    pub(crate) fn into_run(self) -> RunArgs {
        RunArgs {
            scope: ScopeArgs { inventory: self.inventory, ..ScopeArgs::default() },
            yes: true,
            select: SelectArgs { limit: self.limit, ..SelectArgs::default() },
            reach: self.reach,
            ..RunArgs::default()
        }
    }
}

fn time(text: &str) -> Result<std::time::Duration, String> {
    crate::environment::duration(text)
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "write it like 90s, 30m, 2h or 7d".to_owned())
}
