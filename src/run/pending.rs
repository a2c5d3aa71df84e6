//! Tasks that were handed out and may not be answered yet.

use std::sync::{Arc, OnceLock};

use converge_host::change::Change;
use converge_host::stop::Why;

use crate::event::{TaskInfo, Verdict};
use crate::plan::eval::{Eval, Truth};
use crate::plan::halt::Halt;
use crate::plan::outcome::{self, Outcome};
use crate::playbook::Task;
use crate::run::background;
use crate::run::deviation;
use crate::run::reviewed::Key;
use crate::target::Ticket;
use crate::value::Value;
use crate::vars::Vars;

/// A task on one host, handed out. Whoever needs its result first makes it final: the run in order, or a template that
/// reads what `register` keeps.
pub(crate) struct Pending {
    /// Which task.
    pub(crate) info: Arc<TaskInfo>,
    /// The task itself.
    pub(crate) task: Arc<Task>,
    /// The host that the result belongs to.
    pub(crate) host: String,
    /// Its items; one that has no label where the task has no loop.
    pub(crate) items: Vec<PendingItem>,
    /// Whether the task has a loop.
    pub(crate) looped: bool,
    /// A failure does not matter.
    pub(crate) ignore_errors: bool,
    /// Losing the host does not matter.
    pub(crate) ignore_unreachable: bool,
    /// A `rescue` takes over where it fails.
    pub(crate) rescuable: bool,
    /// Nothing of it may be shown.
    pub(crate) hidden: bool,
    /// Content may be shown.
    pub(crate) diff: bool,
    /// Hosts that share the result, of a task that runs once for all.
    pub(crate) shared_with: Vec<String>,
    /// The plan left open what it does.
    pub(crate) open: bool,
    /// Whether this is a plan.
    pub(crate) plans: bool,
    /// Evaluates conditions about the result.
    pub(crate) eval: Arc<Eval>,
    outcomes: OnceLock<(Vec<Outcome>, Outcome)>,
}

/// One item of a task on one host.
pub(crate) struct PendingItem {
    /// What is shown of the item.
    pub(crate) label: Option<String>,
    /// The variables that conditions about the result see.
    pub(crate) vars: Vars,
    /// The names and values that a loop adds to the registered result.
    pub(crate) extra: Vec<(String, Value)>,
    /// Whether it is on this machine that it runs.
    pub(crate) here: bool,
    /// The host it really runs on.
    pub(crate) delegated: Option<String>,
    /// As which user it runs, where that is another than the one who logs in.
    pub(crate) user: Option<String>,
    /// It is never performed (`check_mode: true`).
    pub(crate) preview: bool,
    /// Why parts of a file that it renders can't be known.
    pub(crate) partly: Option<Why>,
    /// Which step of the plan it is.
    pub(crate) key: Key,
    /// What it is held to; none where anything may come out.
    pub(crate) reviewed: Option<Vec<Change>>,
    /// The answer.
    pub(crate) answer: Answer,
}

/// An answer that is here or on its way.
pub(crate) enum Answer {
    /// Here.
    Here(Box<Outcome>),
    /// On its way; whether it was asked to plan only.
    Coming(Ticket, bool),
}

impl Pending {
    /// A task without an answer yet.
    pub(crate) fn new(info: Arc<TaskInfo>, task: Arc<Task>, host: String, eval: Arc<Eval>) -> Self {
        Self {
            info,
            task,
            host,
            items: Vec::new(),
            looped: false,
            ignore_errors: false,
            ignore_unreachable: false,
            rescuable: false,
            hidden: false,
            diff: true,
            shared_with: Vec::new(),
            open: false,
            plans: false,
            eval,
            outcomes: OnceLock::new(),
        }
    }

    /// Whether nothing needs to be waited for.
    pub(crate) fn ready(&self) -> bool {
        self.outcomes.get().is_some()
            || self.items.iter().all(|item| match &item.answer {
                Answer::Here(_) => true,
                Answer::Coming(ticket, _) => ticket.ready().is_some(),
            })
    }

    /// What became of it; waits for the answers.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.all().1
    }

    /// What it may leave on this machine, as a reason; waits for the answers.
    pub(crate) fn done_here(&self) -> Option<Why> {
        let mut items = self.items.iter().enumerate().filter(|(_, item)| item.here);
        let leaves = |at: usize| {
            let outcome = &self.item_outcomes()[at];
            matches!(outcome.verdict, Verdict::Unknown(_)) || !outcome.changes.is_empty()
        };
        let leaves = items.any(|(at, _)| leaves(at));
        leaves.then(|| Why(format!("task `{}`, which runs on this machine", self.info.name)))
    }

    /// What became of each item; waits for the answers.
    pub(crate) fn item_outcomes(&self) -> &[Outcome] {
        &self.all().0
    }

    fn all(&self) -> &(Vec<Outcome>, Outcome) {
        self.outcomes.get_or_init(|| {
            let items: Vec<Outcome> = self.items.iter().map(|item| self.judge(item)).collect();
            let whole = match items.as_slice() {
                [only] if !self.looped => only.clone(),
                items => outcome::summary(items),
            };
            (items, whole)
        })
    }

    /// The answer, as `changed_when` and `failed_when` see it.
    fn judge(&self, item: &PendingItem) -> Outcome {
        let mut outcome = match &item.answer {
            Answer::Here(outcome) => outcome.as_ref().clone(),
            Answer::Coming(ticket, planned) => Outcome::from_reply(&ticket.wait(), *planned),
        };
        if outcome.moved {
            let planned = item.reviewed.as_deref().unwrap_or_default();
            let message = deviation::told(planned, &outcome.changes, self.hidden);
            // What it would have changed did not happen.
            outcome.changes.clear();
            outcome.explain(&message);
        }
        if self.plans && self.ignore_errors {
            may_fail(&mut outcome);
        }
        judge(&self.task, &self.eval, &item.vars, &mut outcome);
        if self.plans && !self.task.until.is_empty() {
            self.once(&item.vars, &mut outcome);
        }
        if let (Some(why), true) = (&item.partly, outcome.planned) {
            outcome.warnings.push(format!("marked parts of the content depend on {why}"));
        }
        for (name, value) in &item.extra {
            outcome.set(name, value.clone());
        }
        outcome
    }
}

impl Pending {
    /// A plan asks once, where applying goes on until a condition holds.
    fn once(&self, vars: &Vars, outcome: &mut Outcome) {
        if outcome.void || outcome.lost.is_some() || outcome.value.as_map().is_none() {
            return;
        }
        let with = with_result(&self.task, vars, outcome);
        match self.eval.all(&self.task.until, &with) {
            Ok(Truth::Yes) => outcome.set("attempts", 1_i64.into()),
            Ok(Truth::No) => {
                let told = match &outcome.verdict {
                    Verdict::Failed { message, .. } => format!(": {message}"),
                    _ => String::new(),
                };
                *outcome =
                    Outcome::unknown(&Why(format!("`until`, which does not hold yet{told}")));
            }
            Ok(Truth::Unknown(why)) => outcome.set("attempts", Value::unknown(why.0)),
            Err(_) => outcome.set("attempts", Value::unknown("`until`, which can't be told yet")),
        }
    }
}

/// A plan counts on every command to succeed, since nothing comes after one that fails. Where a failure does not matter, it can't be
/// told which comes.
fn may_fail(outcome: &mut Outcome) {
    let commands = || outcome.changes.iter().filter(|change| matches!(change, Change::Run(_)));
    let why = commands().find_map(|change| change.effect().tells());
    if let (Some(why), true) = (why, outcome.planned && !outcome.is_failed()) {
        outcome.set("failed", Value::unknown(why.0));
    }
}

/// Lets `changed_when` and `failed_when` decide about an outcome. A condition that depends on something unknown leaves the
/// outcome as it is, with `changed` or `failed` unknown.
pub(crate) fn judge(task: &Task, eval: &Eval, vars: &Vars, outcome: &mut Outcome) {
    background::shape(task, eval, vars, outcome);
    if outcome.void
        || outcome.moved
        || outcome.lost.is_some()
        || matches!(outcome.verdict, Verdict::Skipped { .. } | Verdict::Unknown(_))
    {
        return;
    }
    if let Some(conditions) = &task.changed_when {
        let vars = with_result(task, vars, outcome);
        match eval.all(conditions, &vars) {
            Ok(Truth::Unknown(why)) => outcome.set_changed(&Value::unknown(why.0)),
            Ok(truth) => outcome.set_changed(&(truth == Truth::Yes).into()),
            Err(stop) => return fail(outcome, &stop),
        }
    }
    if let Some(conditions) = &task.failed_when {
        let vars = with_result(task, vars, outcome);
        match eval.all(conditions, &vars) {
            Ok(Truth::Unknown(why)) => outcome.set("failed", Value::unknown(why.0)),
            Ok(truth) => {
                let message = outcome
                    .value
                    .get("msg")
                    .and_then(Value::as_str)
                    .unwrap_or("`failed_when` holds")
                    .to_owned();
                outcome.set("failed_when_result", (truth == Truth::Yes).into());
                outcome.set_failed(truth == Truth::Yes, &message);
            }
            Err(stop) => fail(outcome, &stop),
        }
    }
}

fn fail(outcome: &mut Outcome, halt: &Halt) {
    let message = halt.message();
    outcome.set_failed(true, &message);
    outcome.set("msg", message.into());
}

fn with_result(task: &Task, vars: &Vars, outcome: &Outcome) -> Vars {
    match &task.register {
        Some(name) => vars.with_values([(name.value.to_string(), outcome.value.clone())]),
        None => vars.clone(),
    }
}
