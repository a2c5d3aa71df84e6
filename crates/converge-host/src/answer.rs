//! Answering what is asked about calls: the whole of a helper but for its input and output.

use std::collections::VecDeque;

use crate::args::{Bound, Invalid, Spec};
use crate::blob::Digest;
use crate::change::{Change, Changes, FileKind, RunChange, ToolChange, fits};
use crate::data::Map;
use crate::doubt;
use crate::expand::expand;
use crate::host::Host;
use crate::host::expected::Expected;
use crate::host::machine::Machine;
use crate::host::overlay::{Overlay, assume};
use crate::host::real::Real;
use crate::look;
use crate::modules::{Ready, find};
use crate::stop::{Failure, Result, Stop, Why};
use crate::wire::{Ask, Call, Done, Reply};

/// Answers, and remembers what was planned.
pub struct Answerer<M = Real> {
    /// The host as it is.
    pub machine: M,
    /// What is planned on it so far.
    pub expected: Expected,
}

/// What comes of preparing a call to be performed.
pub enum Prepared {
    /// There is nothing to perform.
    Reply(Reply),
    /// This is to be done.
    Work(Work),
}

/// A call that was planned on the host as it is, ready to be performed.
pub struct Work {
    module: Box<dyn Ready>,
    changes: Changes,
    env: Vec<(String, String)>,
    /// What it is held to, where it was reviewed.
    reviewed: Option<Vec<Change>>,
}

impl Work {
    /// What it would change.
    pub fn changes(&self) -> &[Change] {
        &self.changes.list
    }

    /// Whether it changes anything, other than by waiting or refreshing.
    pub fn counts(&self) -> bool {
        self.changes.any()
    }
}

impl<M: Machine> Answerer<M> {
    /// Nothing is planned at first.
    pub fn new(machine: M) -> Self {
        Self { machine, expected: Expected::default() }
    }

    /// Answers a request. `Err` names a content that has to be kept first; then ask again.
    pub fn answer(&mut self, ask: &Ask, call: &Call) -> Result<Reply, Digest> {
        self.machine.set_looks(!matches!(ask, Ask::Perform { .. }));
        match ask {
            Ask::Perform { .. } if self.machine.only_looks() => {
                Ok(Reply::Failed(failed(look::refusal(), Map::new()), Vec::new()))
            }
            Ask::Plan => self.plan(call, true),
            Ask::PlanAs(name) => self.plan_as(name, call),
            Ask::Preview => self.plan(call, false),
            Ask::Probe => self.probe(call),
            Ask::Doubt(why) => {
                self.doubt(call, why);
                Ok(Reply::Unknown(why.clone()))
            }
            Ask::Perform { reviewed, .. } => match self.prepare(call, reviewed.as_deref())? {
                Prepared::Reply(reply) => Ok(reply),
                Prepared::Work(work) => Ok(self.perform(work)),
            },
        }
    }

    /// Plans a call on the host as it is. Nothing is done; what comes back can be performed at any time.
    pub fn prepare(
        &mut self,
        call: &Call,
        reviewed: Option<&[Change]>,
    ) -> Result<Prepared, Digest> {
        self.machine.set_looks(false);
        self.machine.set_env(&call.env);
        let module = match read(call, &self.machine) {
            Ok(module) => module,
            Err(failure) => return Ok(Prepared::Reply(Reply::Failed(failure, Vec::new()))),
        };
        let mut changes = Changes::default();
        if let Err(stop) = module.plan(&self.machine, &mut changes) {
            return stopped(stop, changes.results).map(Prepared::Reply);
        }
        if let Some(reviewed) = reviewed
            && !fits(&changes.list, reviewed)
        {
            let now = changes.list.iter().map(Change::for_the_wire).collect();
            return Ok(Prepared::Reply(Reply::Moved { now }));
        }
        self.at_hand(&changes.list)?;
        let reviewed = reviewed.map(<[Change]>::to_vec);
        Ok(Prepared::Work(Work { module, changes, env: call.env.clone(), reviewed }))
    }

    /// Performs what was prepared, change by change, up to the first that fails.
    pub fn perform(&mut self, work: Work) -> Reply {
        if !work.changes.list.is_empty() {
            self.machine.stirs();
        }
        self.carry_out(work)
    }

    fn carry_out(&mut self, work: Work) -> Reply {
        let Work { module, changes, env, reviewed } = work;
        self.machine.set_env(&env);
        let Changes { list, mut results, mut warnings, whole, .. } = changes;
        let (mut ahead, mut done) = (VecDeque::from(list), Vec::new());
        let mut performed = Map::new();
        let (mut refreshed, mut changed) = (false, false);
        while let Some(change) = ahead.pop_front() {
            match self.machine.perform(&change) {
                Ok(mut told) => {
                    // Only making a file can tell that it was there already.
                    let unchanged = told.shift_remove("unchanged").is_some();
                    // Some commands tell by what they print whether they changed anything.
                    let tells = matches!(&change, Change::Act(act) if act.telltale.is_some())
                        && told.contains_key("changed");
                    changed |= change.effect().counts() && !unchanged && !tells;
                    performed.extend(told);
                }
                Err(stop) => {
                    let mut failure = failed(stop, results);
                    // A command that failed may have done anything before.
                    if matches!(change, Change::Run(_)) && failure.results.contains_key("start") {
                        done.push(change);
                    }
                    if whole && !done.is_empty() {
                        self.take_back(&mut done);
                        if done.is_empty() {
                            failure.msg.push_str("; what was written for it is taken back");
                        }
                    }
                    return Reply::Failed(failure, done.iter().map(Change::for_the_wire).collect());
                }
            }
            let refresh =
                matches!(change, Change::Cache(_)) && !std::mem::replace(&mut refreshed, true);
            done.push(change);
            if !refresh {
                continue;
            }
            // Only now it can be told what the package manager offers, so what comes after is planned again.
            let mut again = Changes::default();
            if let Err(stop) = module.plan(&self.machine, &mut again) {
                let failure = failed(stop, results);
                return Reply::Failed(failure, done.iter().map(Change::for_the_wire).collect());
            }
            again.list.retain(|change| !matches!(change, Change::Cache(_)));
            if let Some(reviewed) = &reviewed {
                let now: Vec<Change> =
                    done.iter().chain(&again.list).map(Change::for_the_wire).collect();
                if !fits(&now, reviewed) {
                    return Reply::Moved { now };
                }
            }
            ahead = again.list.into();
            results.extend(again.results);
            warnings = again.warnings;
        }
        // What only performing could tell may be that nothing changed, or that something did.
        let told = performed.shift_remove("changed").and_then(|told| told.as_bool());
        changed |= told.unwrap_or(false);
        let reported = module.report(&self.machine, &performed, &mut results);
        let changes = done.iter().map(Change::for_the_wire).collect();
        match reported {
            Ok(()) => Reply::Done(Done { changes, changed, results, open: None, warnings }),
            Err(stop) => Reply::Failed(failed(stop, results), changes),
        }
    }

    /// Takes back what was done, the last first, up to what can't be.
    fn take_back(&mut self, done: &mut Vec<Change>) {
        while let Some(inverse) = done.last().and_then(|change| change.effect().invert()) {
            if self.machine.perform(&inverse).is_err() {
                return;
            }
            done.pop();
        }
    }

    /// Takes changes as planned.
    pub fn assume(&mut self, changes: &[Change]) -> Result<()> {
        assume(&self.machine, &mut self.expected, changes)
    }

    /// Takes what a call may touch as unknown: nobody can tell whether it happens, or with which arguments.
    pub fn doubt(&mut self, call: &Call, why: &Why) {
        self.machine.set_env(&call.env);
        let mut changes = Changes::default();
        let planned = read(call, &self.machine)
            .is_ok_and(|module| module.plan(&self.overlay(), &mut changes).is_ok());
        let mut then = self.expected.clone();
        if planned && assume(&self.machine, &mut then, &changes.list).is_ok() {
            self.expected.may_become(&then, why);
        } else {
            doubt::of_arguments(&self.machine, &mut self.expected, call, why);
        }
    }

    /// Forgets what was planned.
    pub fn reset(&mut self) {
        self.expected = Expected::default();
    }

    fn plan(&mut self, call: &Call, keep: bool) -> Result<Reply, Digest> {
        self.machine.set_env(&call.env);
        let module = match read(call, &self.machine) {
            Ok(module) => module,
            Err(failure) => return Ok(Reply::Failed(failure, Vec::new())),
        };
        let mut changes = Changes::default();
        if let Err(stop) = module.plan(&self.overlay(), &mut changes) {
            if let (Stop::Unknown(why), true) = (&stop, keep) {
                doubt::of_arguments(&self.machine, &mut self.expected, call, why);
            }
            return stopped(stop, changes.results);
        }
        self.planned(&*module, changes, keep)
    }

    /// Plans a call as a user who will be there by then.
    fn plan_as(&mut self, name: &str, call: &Call) -> Result<Reply, Digest> {
        let Some(Some(user)) = self.expected.users.get(name) else {
            let why = Why(format!("user {name}, who does not exist yet"));
            self.doubt(call, &why);
            return Ok(Reply::Unknown(why));
        };
        self.expected.persona = Some(user.clone());
        let reply = self.plan(call, true);
        self.expected.persona = None;
        reply
    }

    /// Completes what a module planned, as it would look from after it.
    fn planned(
        &mut self,
        module: &dyn Ready,
        changes: Changes,
        keep: bool,
    ) -> Result<Reply, Digest> {
        let Changes { list, mut results, mut open, warnings, .. } = changes;
        // What changes nothing leaves the host as it is planned so far, which is copied for nobody.
        let mut then = (!list.is_empty()).then(|| self.expected.clone());
        if let Some(then) = &mut then
            && let Err(stop) = assume(&self.machine, then, &list)
        {
            return stopped(stop, results);
        }
        let expected = then.as_ref().unwrap_or(&self.expected);
        let overlay = Overlay { base: &self.machine, expected };
        match module.report(&overlay, &Map::new(), &mut results) {
            Ok(()) => {}
            Err(Stop::Unknown(why)) => open = open.or(Some(why)),
            Err(other) => return stopped(other, results),
        }
        if let (Some(then), true) = (then, keep) {
            self.expected = then;
        }
        Ok(Reply::Done(Done {
            changed: list.iter().any(|change| change.effect().counts()),
            open: open.or_else(|| list.iter().find_map(|change| change.effect().tells())),
            changes: list.iter().map(Change::for_the_wire).collect(),
            results,
            warnings,
        }))
    }

    /// Runs the commands of a call that changes nothing. Anything else that it asks for is planned only.
    fn probe(&mut self, call: &Call) -> Result<Reply, Digest> {
        self.machine.set_env(&call.env);
        let module = match read(call, &self.machine) {
            Ok(module) => module,
            Err(failure) => return Ok(Reply::Failed(failure, Vec::new())),
        };
        let mut changes = Changes::default();
        let overlay = self.overlay();
        if let Err(stop) = module.plan(&overlay, &mut changes) {
            return stopped(stop, changes.results);
        }
        if !changes.list.iter().all(|change| matches!(change, Change::Run(_))) {
            return self.planned(&*module, changes, true);
        }
        if self.machine.only_looks() && !changes.list.is_empty() {
            return Ok(Reply::Unknown(look::not_run(&call.module)));
        }
        for change in &changes.list {
            let Change::Run(run) = change else { continue };
            match overlay.in_the_way(&run.command) {
                Ok(None) => {}
                Ok(Some(why)) | Err(Stop::Unknown(why)) => return Ok(Reply::Unknown(why)),
                Err(stop) => return stopped(stop, changes.results),
            }
        }
        let work = Work { module, changes, env: call.env.clone(), reviewed: None };
        let reply = self.carry_out(work);
        // What fails now may work once everything that is planned is there.
        match (reply, self.overlay().unsettled()) {
            (Reply::Failed(..), Some(why)) => Ok(Reply::Unknown(why)),
            (reply, _) => Ok(reply),
        }
    }

    fn overlay(&self) -> Overlay<'_> {
        Overlay { base: &self.machine, expected: &self.expected }
    }

    /// Every content must be here before anything is done, so that nothing stops half way for want of one.
    fn at_hand(&self, changes: &[Change]) -> Result<(), Digest> {
        for change in changes {
            if let Change::Run(RunChange { script: Some((_, blob)), .. })
            | Change::Tool(ToolChange { input: Some((_, blob)), .. }) = change
                && self.machine.fetch(blob).is_err()
            {
                return Err(blob.digest);
            }
            if let Change::File(file) = change
                && let Some(FileKind::File(blob)) = file.after.as_ref().map(|after| &after.kind)
                && file.before.kind() != Some(&FileKind::File(blob.clone()))
                && self.machine.fetch(blob).is_err()
            {
                return Err(blob.digest);
            }
        }
        Ok(())
    }
}

/// Reads the module of a call with its arguments.
pub fn read(call: &Call, host: &dyn Host) -> Result<Box<dyn Ready>, Failure> {
    let failure = |msg: String| Failure { msg, results: Map::new() };
    let name = &call.module;
    let entry = find(name).ok_or_else(|| failure(format!("there is no module `{name}`")))?;
    let args =
        expand(entry.spec, call.args.clone(), host).map_err(|stop| failure(stop.to_string()))?;
    let mut bound =
        Bound::new(entry.spec, args).map_err(|wrong| failure(invalid(entry.spec, &wrong)))?;
    (entry.read)(&mut bound).map_err(|wrong| failure(invalid(entry.spec, &[wrong])))
}

fn invalid(spec: &Spec, wrong: &[Invalid]) -> String {
    let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    format!("invalid arguments of `{}`: {}", spec.name, wrong.join("; "))
}

fn stopped(stop: Stop, results: Map) -> Result<Reply, Digest> {
    match stop {
        Stop::Need(digest) => Err(digest),
        Stop::Unknown(why) => Ok(Reply::Unknown(why)),
        stop @ Stop::Failed(_) => Ok(Reply::Failed(failed(stop, results), Vec::new())),
    }
}

/// A failure with what was known before it.
fn failed(stop: Stop, mut results: Map) -> Failure {
    match stop {
        Stop::Failed(failure) => {
            results.extend(failure.results);
            Failure { msg: failure.msg, results }
        }
        Stop::Unknown(Why(why)) => Failure { msg: format!("it depends on {why}"), results },
        Stop::Need(digest) => Failure { msg: format!("content {digest:?} was not sent"), results },
    }
}

#[cfg(test)]
mod tests {
    use super::Answerer;
    use crate::data::{Data, Map};
    use crate::host::real::Real;
    use crate::wire::{Ask, Call, Reply};

    fn ask(ask: Ask, module: &str, args: &[(&str, Data)]) -> Reply {
        let args: Map = args.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect();
        let call = Call { module: module.into(), args, env: Vec::new() };
        Answerer::new(Real::new()).answer(&ask, &call).unwrap()
    }

    #[track_caller]
    fn fails(reply: Reply, want: &str) {
        match reply {
            Reply::Failed(failure, changes) => {
                assert_eq!((failure.msg.as_str(), changes.len()), (want, 0));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_is_answered() {
        let perform = Ask::Perform { gate: false, reviewed: None };
        for how in [Ask::Plan, Ask::Preview, Ask::Probe, perform] {
            let Reply::Done(done) = ask(how, "ping", &[("data", "x".into())]) else {
                panic!("it should be done")
            };
            assert_eq!(done.results["ping"], Data::from("x"));
            assert!(!done.changed && done.open.is_none() && done.changes.is_empty());
        }
    }

    #[test]
    fn what_can_not_be_answered_is_named() {
        fails(ask(Ask::Plan, "pin", &[]), "there is no module `pin`");
        fails(ask(Ask::Plan, "ping", &[("data", "crash".into())]), "boom");
        fails(
            ask(Ask::Plan, "ping", &[("date", "x".into()), ("data", vec!["x"].into())]),
            "invalid arguments of `ping`: unknown argument `date`; argument `data` takes a string, not a list",
        );
    }
}
