//! Options that narrow a run, or only list what it would reach.

use clap::Args;

/// Narrowing.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Which hosts and tasks")]
pub(crate) struct SelectArgs {
    /// Only hosts that this pattern matches; @FILE reads names from a file
    #[arg(short, long, value_name = "PATTERN", alias = "subset", overrides_with = "limit")]
    pub(crate) limit: Option<String>,

    /// Only tasks with one of these tags
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',')]
    pub(crate) tags: Vec<String>,

    /// Leave out tasks with one of these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub(crate) skip_tags: Vec<String>,

    /// Begin at the task of this name
    #[arg(long, value_name = "NAME", overrides_with = "start_at_task")]
    pub(crate) start_at_task: Option<String>,

    /// List the hosts of each play, and do nothing else
    #[arg(long, help_heading = "Only listing")]
    pub(crate) list_hosts: bool,

    /// List the tasks of each play, and do nothing else
    #[arg(long, help_heading = "Only listing")]
    pub(crate) list_tasks: bool,

    /// List the tags of each play, and do nothing else
    #[arg(long, help_heading = "Only listing")]
    pub(crate) list_tags: bool,

    /// Read the playbooks, and do nothing else
    #[arg(long, help_heading = "Only listing")]
    pub(crate) syntax_check: bool,
}

/// What is only listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The hosts.
    pub(crate) hosts: bool,
    /// The tasks.
    pub(crate) tasks: bool,
    /// The tags.
    pub(crate) tags: bool,
    /// Nothing: the playbooks are only read.
    pub(crate) syntax: bool,
}

impl SelectArgs {
    /// What is only listed; none where something is to be done.
    pub(crate) fn listing(&self) -> Option<Listing> {
        let listing = Listing {
            hosts: self.list_hosts,
            tasks: self.list_tasks,
            tags: self.list_tags,
            syntax: self.syntax_check,
        };
        (listing != Listing::default()).then_some(listing)
    }
}
