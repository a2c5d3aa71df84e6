//! `meta`: tells the play itself what to do.

use crate::actions::{Action, Context, Done, Flow};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::Map;

pub(super) const ACTION: Action =
    Action { name: "meta", args: Some(&[]), free_form: Some("_raw_params"), run };

/// What a `meta` task says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meta {
    /// Nothing.
    Noop,
    /// Runs the handlers that were notified so far.
    FlushHandlers,
    /// Hosts that failed take part again.
    ClearHostErrors,
    /// Forgets the host's facts.
    ClearFacts,
    /// Ends the play for all hosts.
    EndPlay,
    /// Ends the play for this host.
    EndHost,
    /// Ends the batch (`serial`) for all its hosts.
    EndBatch,
    /// Ends the role for this host.
    EndRole,
    /// Reads the inventory again.
    RefreshInventory,
    /// Connects anew.
    ResetConnection,
}

impl Meta {
    /// By its word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "noop" => Self::Noop,
            "flush_handlers" => Self::FlushHandlers,
            "clear_host_errors" => Self::ClearHostErrors,
            "clear_facts" => Self::ClearFacts,
            "end_play" => Self::EndPlay,
            "end_host" => Self::EndHost,
            "end_batch" => Self::EndBatch,
            "end_role" => Self::EndRole,
            "refresh_inventory" => Self::RefreshInventory,
            "reset_connection" => Self::ResetConnection,
            _ => return None,
        })
    }
}

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let word = match &context.task.action.args.free {
        Some(node) => context.eval.text(node, context.vars)?,
        None => String::new(),
    };
    let Some(meta) = Meta::of(word.trim()) else {
        return Err(Halt::new(format!("`{word}` is no meta task")).help(
            "there are noop, flush_handlers, clear_host_errors, clear_facts, end_play, end_host, end_batch, end_role, \
             refresh_inventory and reset_connection",
        ));
    };
    Ok(Done { flow: Some(Flow::Meta(meta)), ..Done::new(Outcome::local(false, Map::new())) })
}
