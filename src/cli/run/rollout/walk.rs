//! A rollout on its way: batch by batch, each planned, held against what was shown, applied, checked, left alone, checked again.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::exit::{End, Name};
use crate::cli::run::flow::{Flow, Told, Walked};
use crate::cli::run::guard::Guard;
use crate::cli::run::rollout::batches::batches;
use crate::cli::run::rollout::checks::{self, Ill};
use crate::cli::run::rollout::state::{self, Kept, Shelf, Stage, State};
use crate::cli::run::undo;
use crate::environment::{Canary, Environment, OnStop, Rollout, told};
use crate::promotion::{Item, items};
use crate::record::Story;
use crate::report::hosts as list;
use crate::report::json;
use crate::report::screen::Screen as _;
use crate::report::theme::Label;
use crate::run::Reviewed;
use crate::saved::Bound;

/// A rollout that is going on.
struct Rolling<'a, 'f> {
    flow: &'a Flow<'f>,
    environment: &'a Environment,
    rollout: &'a Rollout,
    /// The plan that it is held to.
    shown: Shown,
    /// How many tasks there are.
    tasks: Option<usize>,
    hosts: Vec<String>,
    state: State,
    kept: Option<Kept>,
    /// Everything that happened.
    story: Story,
    end: End,
    errors: Vec<String>,
}

/// The plan of all hosts: the one that was shown, or else the one that was made before the first batch.
struct Shown {
    /// What it holds, whichever the host.
    items: BTreeSet<String>,
    /// Its steps; none without a key to compare them by.
    steps: Vec<Bound>,
}

/// How a batch went.
#[derive(Default)]
struct Went {
    /// Hosts that failed.
    failed: BTreeSet<String>,
    /// Why the rollout must stop whatever the numbers say.
    must_stop: bool,
    /// What is wrong, in words.
    why: Vec<String>,
    /// The run, as the history names it.
    run: Option<String>,
}

impl Flow<'_> {
    /// The environment whose hosts are changed by a rollout.
    pub(in crate::cli::run) fn rolled(&self) -> Option<(&Environment, &Rollout)> {
        if self.request.name == Name::AnsiblePlaybook || self.request.written.is_some() {
            return None;
        }
        let guard = self.prepared.guard.as_ref().filter(|_| !self.partial)?;
        guard.environments.iter().find_map(|one| Some((one, one.rollout.as_ref()?)))
    }

    /// Applies batch by batch. `shown` is the plan that was shown, in words and as what is held to.
    pub(in crate::cli::run) fn roll_out(
        &self,
        environment: &Environment,
        rollout: &Rollout,
        shown: Option<(&Story, &Reviewed)>,
    ) -> Told {
        match Rolling::new(self, environment, rollout, shown) {
            Ok(mut rolling) => rolling.go(),
            Err(why) => {
                let message = format!("the rollout can't begin: {why}");
                self.terminal.error(&message, &[]);
                Told { errors: vec![message], ..Told::new(End::Invalid) }
            }
        }
    }
}

impl<'a, 'f> Rolling<'a, 'f> {
    fn new(
        flow: &'a Flow<'f>,
        environment: &'a Environment,
        rollout: &'a Rollout,
        shown: Option<(&Story, &Reviewed)>,
    ) -> Result<Self, String> {
        let session = &flow.prepared.session;
        let mut hosts: Vec<String> = Vec::new();
        for (_, of_play) in session.hosts().map_err(|problem| problem.to_string())?.0 {
            hosts.extend(
                of_play.into_iter().filter(|host| !hosts.contains(host)).collect::<Vec<_>>(),
            );
        }
        let canaries = match &rollout.canary {
            Some(Canary::Hosts(pattern)) => {
                session.select(&pattern.value).map_err(|problem| problem.to_string())?
            }
            _ => Vec::new(),
        };
        let shelf = Shelf::of(flow.environment);
        let name = &environment.name.value;
        let (mut state, kept) = match flow.resumed.clone() {
            Some(mut state) => {
                // Who goes on with it may be at another machine than who began.
                state.head.project.clone_from(&flow.head.borrow().project);
                let kept = shelf.map(|shelf| Kept::take(shelf, &state.id));
                (state, kept.transpose().map_err(|error| error.to_string())?)
            }
            None => {
                let id = format!("{name}-{:x}", jiff::Timestamp::now().as_millisecond());
                let options = flow.options().unwrap_or_default();
                let head = flow.head.borrow().clone();
                let mut state = State::new(&id, name, head, options, &flow.environment.who);
                state.left = batches(rollout, &hosts, &canaries);
                let kept = shelf.map(|shelf| Kept::take(shelf, &id));
                (state, kept.transpose().map_err(|error| error.to_string())?)
            }
        };
        state.stage = Stage::Running;
        state.why = None;
        let key = flow.plan_key().ok();
        let hold = |story: &Story, reviewed: &Reviewed| Shown {
            items: digests(story),
            steps: key.map(|key| flow.bound(reviewed, &key)).unwrap_or_default(),
        };
        let shown = match shown {
            Some((story, reviewed)) => hold(story, reviewed),
            // All hosts are looked at in any case: templates may tell of hosts whose batch comes later.
            None => {
                let walked = flow.look("planning", None);
                if let Some(problem) = walked.broken {
                    return Err(problem.to_string());
                }
                hold(&walked.story, &walked.reviewed)
            }
        };
        let tasks = None;
        let (story, end, errors) = (Story::default(), End::Unchanged, Vec::new());
        let mut rolling = Self {
            flow,
            environment,
            rollout,
            shown,
            tasks,
            hosts,
            state,
            kept,
            story,
            end,
            errors,
        };
        rolling.supersede()?;
        if let Some(why) = rolling.kept.as_ref().and_then(|kept| kept.alone.as_ref()) {
            flow.terminal.warn(&format!("other machines can't see this rollout: {why}"), &[]);
        }
        rolling.keep();
        Ok(rolling)
    }

    /// Rollouts of the same environment that stopped are over when another begins. One that is under way lets no other begin.
    fn supersede(&self) -> Result<(), String> {
        let Some(shelf) = Shelf::of(self.flow.environment) else { return Ok(()) };
        let (known, _) = state::all(shelf).map_err(|error| error.to_string())?;
        let same = |other: &State| {
            other.is_open()
                && other.id != self.state.id
                && other.environment == self.state.environment
                && (other.adopted || other.head.project == self.state.head.project)
        };
        for mut other in known.into_iter().filter(same) {
            let kept = Kept::take(shelf, &other.id)
                .map_err(|_| format!("{} is under way, begun by {}", other.id, other.who))?;
            other.stage = Stage::Aborted;
            other.why = Some(format!("{} began", self.state.id));
            if let Err(error) = kept.write(&mut other) {
                self.flow
                    .terminal
                    .warn(&format!("the rollout {} stays open: {error}", other.id), &[]);
            }
        }
        Ok(())
    }

    fn go(&mut self) -> Told {
        // One run by one name: no other gets in between two batches.
        let session = &self.flow.prepared.session;
        let holder = self.flow.holder(Some(self.state.id.clone()));
        session.lease(holder);
        let total = self.state.left.len();
        let mut stopped = false;
        for number in 1..=total {
            let Some(batch) = self.state.left.first().cloned() else { break };
            self.say(&format!("Batch {number} of {total}: {}", words(&batch)));
            let last = number == total;
            // They are tried again, and what was wrong with them before says nothing any more.
            self.state.failed.retain(|host| !batch.contains(host));
            let place = if last { ", the last" } else { "" };
            let id = &self.state.id;
            *self.flow.part.borrow_mut() =
                Some(format!("rollout {id}, batch {number} of {total}{place}"));
            let went = self.batch(&batch, last);
            self.account(&batch, &went);
            if let Some(why) = self.stops(&batch, &went) {
                let going_on = self.rollout.on_stop == OnStop::GoOn && !last;
                self.tell_stop(number, total, &why, &went, going_on);
                if !going_on {
                    if self.rollout.on_stop == OnStop::Revert {
                        self.revert(&batch, &went);
                    }
                    self.state.stage = Stage::Stopped;
                    self.state.why = Some(why);
                    stopped = true;
                    break;
                }
            }
            self.state.left.remove(0);
            self.keep();
        }
        session.set_aside([]);
        *self.flow.part.borrow_mut() = None;
        if !stopped {
            self.state.stage = Stage::Done;
        }
        self.keep();
        if !self.state.failed.is_empty() {
            self.end = self.end.min(End::Failed);
        }
        if stopped {
            self.tell_what_to_do();
        } else if self.state.failed.is_empty() {
            // The first batch may have been long ago.
            session.reconnect(&self.hosts);
            self.flow.conclude(self.end, &self.story, self.state.runs.last().map(String::as_str));
        }
        let story = std::mem::take(&mut self.story);
        Told {
            run: Some(json::Told::new(story)),
            id: self.state.runs.last().cloned(),
            errors: std::mem::take(&mut self.errors),
            ..Told::new(self.end)
        }
    }

    /// One batch from its plan to its last check.
    fn batch(&mut self, batch: &[String], last: bool) -> Went {
        let flow = self.flow;
        let session = &flow.prepared.session;
        let others = self.hosts.iter().filter(|host| !batch.contains(host)).cloned();
        session.set_aside(others.collect::<Vec<_>>());
        // Connections that nobody used for long may be dead, and nobody was told.
        session.reconnect(batch);
        let mut went = Went::default();
        if let Some(moved) = flow.prepared.guard.as_ref().and_then(Guard::moved) {
            went.must_stop = true;
            went.why.push(format!("the working tree has moved: {moved}"));
            return went;
        }
        let planned = flow.look("planning", self.tasks);
        if let Some(problem) = planned.broken {
            went.must_stop = true;
            went.why.push(problem.to_string());
            return went;
        }
        let new = self.new_in(&planned);
        if !new.is_empty() {
            went.must_stop = true;
            went.why.push(format!(
                "what would be done now is not in the plan that was shown: {}",
                new.join("; ")
            ));
            return went;
        }
        let totals = planned.story.totals();
        self.tasks = Some(totals.tasks);
        let told = flow.apply_once(Some(planned.reviewed), self.tasks);
        went.run.clone_from(&told.id);
        self.end = self.end.min(told.end);
        self.errors.extend(told.errors);
        if let Some(run) = told.run {
            for (host, counts) in &run.story.hosts {
                if counts.failed > 0 || counts.unreachable > 0 {
                    went.failed.insert(host.clone());
                }
            }
            went.why.extend(went.failed.iter().map(|host| format!("{host} failed")));
            join(&mut self.story, run.story);
        } else {
            went.must_stop = true;
        }
        if went.must_stop || self.too_many(&went) {
            return went;
        }
        self.checked(batch, &mut went);
        if !last && !self.rollout.soak.is_zero() && !went.must_stop && !self.too_many(&went) {
            self.soak();
            self.checked(batch, &mut went);
        }
        went
    }

    /// What a plan holds now that the one that was shown did not.
    fn new_in(&self, planned: &Walked) -> Vec<String> {
        let shown = &self.shown;
        let told =
            |item: &Item| format!("{}  {}  ({})", item.task, item.what, item.hosts.join(", "));
        let items = items(&planned.story);
        let new = items.iter().filter(|item| !shown.items.contains(&item.digest)).map(told);
        let mut new: Vec<String> = new.collect();
        let Ok(key) = self.flow.plan_key() else { return new };
        for step in self.flow.bound(&planned.reviewed, &key) {
            let same = |then: &&Bound| {
                (&then.place, &then.host, &then.item, then.count)
                    == (&step.place, &step.host, &step.item, step.count)
            };
            let then = shown.steps.iter().find(same).filter(|then| then.open.is_none());
            let Some(then) = then else { continue };
            // Less than what was shown is fine: somebody did it meanwhile.
            let other = step.changes.iter().find(|change| !then.changes.contains(change));
            new.extend(other.map(|change| format!("{}  ({})", change.words, step.host)));
        }
        new
    }

    /// Asks the checks on the hosts that did not fail.
    fn checked(&self, batch: &[String], went: &mut Went) {
        if self.rollout.checks.is_empty() {
            return;
        }
        let well: Vec<String> =
            batch.iter().filter(|host| !went.failed.contains(*host)).cloned().collect();
        let Ill { hosts, whole, why } = checks::ask(self.flow, &self.rollout.checks, &well);
        if hosts.is_empty() && !whole {
            let count = self.rollout.checks.len();
            let noun = if count == 1 { "check holds" } else { "checks hold" };
            self.say(&format!("{count} {noun} on {}", words(&well)));
        }
        went.failed.extend(hosts);
        went.must_stop |= whole;
        went.why.extend(why);
    }

    fn soak(&self) {
        self.say(&format!("Soaking for {}", told(self.rollout.soak)));
        let until = Instant::now() + self.rollout.soak;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            thread::sleep(left.min(Duration::from_secs(1)));
        }
    }

    fn too_many(&self, went: &Went) -> bool {
        let all = self.state.failed.iter().chain(&went.failed).collect::<BTreeSet<_>>().len();
        !went.failed.is_empty()
            && (went.failed.len() > self.rollout.max_failures_per_batch
                || all > self.rollout.max_failures)
    }

    /// Notes what became of the hosts.
    fn account(&mut self, batch: &[String], went: &Went) {
        self.state.runs.extend(went.run.clone());
        if went.must_stop && went.run.is_none() {
            return;
        }
        for host in batch {
            let failed = went.failed.contains(host);
            self.state.failed.retain(|other| other != host);
            let list = if failed { &mut self.state.failed } else { &mut self.state.done };
            if !list.contains(host) {
                list.push(host.clone());
            }
        }
    }

    /// Why it stops after a batch, if it does.
    fn stops(&self, batch: &[String], went: &Went) -> Option<String> {
        if went.must_stop {
            return Some(went.why.join("; "));
        }
        let (failed, all) = (went.failed.len(), self.state.failed.len());
        if failed > self.rollout.max_failures_per_batch {
            let limit = self.rollout.max_failures_per_batch;
            return Some(format!(
                "{failed} of {} hosts of the batch failed, and {limit} may: {}",
                batch.len(),
                went.why.join("; ")
            ));
        }
        (all > self.rollout.max_failures && failed > 0).then(|| {
            let limit = self.rollout.max_failures;
            format!("{all} hosts failed in all, and {limit} may: {}", went.why.join("; "))
        })
    }

    fn tell_stop(&mut self, number: usize, total: usize, why: &str, went: &Went, going_on: bool) {
        let name = &self.environment.name.value;
        let rest = if going_on { "; it goes on all the same" } else { "" };
        let message =
            format!("the rollout of {name} stopped in batch {number} of {total}: {why}{rest}");
        self.flow.terminal.error(&message, &[]);
        self.errors.push(message);
        if went.must_stop || !went.failed.is_empty() {
            self.end = self.end.min(End::Failed);
        }
    }

    fn tell_what_to_do(&self) {
        let id = &self.state.id;
        let untouched = self.state.left.iter().skip(1).flatten().cloned().collect::<Vec<_>>();
        let mut text = String::new();
        if !untouched.is_empty() {
            text.push_str(&format!("Untouched: {}\n", words(&untouched)));
        }
        text.push_str(&format!(
            "`converge rollout resume {id}` goes on, `converge rollout abort {id}` gives it up.\n"
        ));
        self.flow.terminal.err(&text);
    }

    /// Takes back files and units of the hosts of a batch.
    fn revert(&mut self, batch: &[String], went: &Went) {
        let Some(run) = &went.run else { return };
        self.say(&format!("Taking back {run} on {}", words(batch)));
        match undo::take_back(self.flow, run, batch) {
            Ok(left) => {
                left.iter().for_each(|left| self.flow.terminal.warn(left, &[]));
                // Nothing of it is there any more: the batch begins anew when it is resumed.
                self.state.done.retain(|host| !batch.contains(host));
            }
            Err(why) => {
                let message = format!("it could not be taken back: {why}");
                self.flow.terminal.error(&message, &[]);
                self.errors.push(message);
            }
        }
    }

    fn keep(&mut self) {
        let Some(kept) = &self.kept else { return };
        if let Err(error) = kept.write(&mut self.state) {
            self.flow.terminal.warn(&format!("how far the rollout is can't be kept: {error}"), &[]);
        }
    }

    fn say(&self, text: &str) {
        let theme = self.flow.terminal.theme;
        self.flow.terminal.out(&format!("\n{}\n", theme.paint(Label::Title, text)));
    }
}

fn digests(story: &Story) -> BTreeSet<String> {
    items(story).into_iter().map(|item| item.digest).collect()
}

fn words(hosts: &[String]) -> String {
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    list::list(&names, false)
}

/// Puts a story behind another. Hosts that were aside took no part.
fn join(whole: &mut Story, more: Story) {
    whole.plays.extend(more.plays);
    whole.lost.extend(more.lost);
    whole.warnings.extend(more.warnings);
    whole.hosts.extend(more.hosts);
}
