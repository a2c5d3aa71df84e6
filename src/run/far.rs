//! Modules that no helper has: they are planned here, over what the host answers, and their changes are taken up there.

use std::cell::RefCell;
use std::sync::Arc;

use converge_host::answer::read;
use converge_host::change::{Change, Changes};
use converge_host::data::{Data, Map};
use converge_host::host::asked::{Answer as Told, Asked, Question};
use converge_host::modules::{self, Ready, asked};
use converge_host::stop::{Result, Stop, Why};
use converge_host::wire::{Call, Reply};

use crate::plan::call::BoundCall;
use crate::plan::outcome::Outcome;
use crate::run::fetch::reading;
use crate::run::pending::Answer;
use crate::run::prepare::Request;
use crate::run::walk::Walk;

/// Arguments that name what a module makes.
const TARGETS: [&str; 2] = ["path", "dest"];

/// Whether no helper has the module of a request.
pub(super) fn is_far(request: &Request) -> bool {
    modules::find(&request.bound.call.module).is_some_and(|entry| entry.far)
}

impl Walk<'_> {
    /// Plans a call here and has the host take up what comes of it.
    pub(super) fn far(
        &mut self,
        host: &str,
        request: &Request,
        elsewhere: bool,
        reviewed: Option<&Vec<Change>>,
    ) -> Outcome {
        let walk = RefCell::new(&mut *self);
        // What ended the conversation, where it was not the host's answer to a question.
        let ended: RefCell<Option<Arc<Reply>>> = RefCell::default();
        let gone: RefCell<Option<Box<Outcome>>> = RefCell::default();
        let ask = |question: Question| -> Result<Told> {
            let asking = question_of(request, &question)?;
            let answer = walk.borrow_mut().submit(host, &asking, elsewhere, None, &mut Vec::new());
            let reply = match answer {
                Answer::Coming(ticket, _) => ticket.wait(),
                Answer::Here(outcome) => {
                    *gone.borrow_mut() = Some(outcome);
                    return Err(Stop::failed("the host can't be asked"));
                }
            };
            match &*reply {
                Reply::Done(done) => asked::read(done.results.get("answer").unwrap_or(&Data::Null)),
                Reply::Unknown(why) => Err(Stop::Unknown(why.clone())),
                Reply::Failed(failure, _) => Err(Stop::Failed(failure.clone())),
                other => {
                    *ended.borrow_mut() = Some(Arc::clone(&reply));
                    Err(Stop::failed(format!("the host did not answer: {other:?}")))
                }
            }
        };
        let mut changes = Changes::default();
        let planned = planned(&request.bound.call, &ask, &mut changes);
        if let Some(outcome) = gone.take() {
            return *outcome;
        }
        if let Some(reply) = ended.take() {
            return Outcome::from_reply(&reply, self.mode.plans());
        }
        let module = match planned {
            Ok(module) => Some(module),
            Err(Stop::Unknown(why)) => {
                let doubt = request.doubt.clone().unwrap_or(why);
                return self.taken(host, request, elsewhere, None, (&changes, Some(doubt)));
            }
            Err(_) if request.doubt.is_some() => None,
            Err(Stop::Failed(failure)) => {
                return Outcome::from_reply(&Reply::Failed(failure, Vec::new()), self.mode.plans());
            }
            Err(stop) => return Outcome::failed(stop.to_string()),
        };
        let doubt = request.doubt.clone();
        let mut outcome = self.taken(host, request, elsewhere, reviewed, (&changes, doubt));
        if let Some(module) = module.filter(|_| request.doubt.is_none()) {
            self.complete(host, request, elsewhere, &*module, &mut outcome);
        }
        outcome
    }

    /// The host takes up the changes, or takes them for possible.
    fn taken(
        &mut self,
        host: &str,
        request: &Request,
        elsewhere: bool,
        reviewed: Option<&Vec<Change>>,
        (changes, doubt): (&Changes, Option<Why>),
    ) -> Outcome {
        // Who performs does not doubt, and what touches no file can make none doubtful.
        if let Some(why) = &doubt
            && (!self.mode.plans() || changes.list.is_empty() && targets(request).is_empty())
        {
            return Outcome::unknown(why);
        }
        let taking = match taking(request, changes, doubt) {
            Ok(taking) => taking,
            Err(stop) => return Outcome::failed(stop.to_string()),
        };
        for change in &changes.list {
            self.keep_contents(change);
        }
        self.attempt(host, &taking, elsewhere, reviewed)
    }

    /// Keeps long contents of a change for the host to ask for.
    fn keep_contents(&self, change: &Change) {
        if let Change::File(file) = change
            && let Some(after) = &file.after
            && let converge_host::change::FileKind::File(blob) = &after.kind
        {
            self.env.blobs.keep(blob);
        }
    }

    /// Adds what the module tells of the host as it is then.
    fn complete(
        &mut self,
        host: &str,
        request: &Request,
        elsewhere: bool,
        module: &dyn Ready,
        outcome: &mut Outcome,
    ) {
        if outcome.is_failed() || outcome.void || outcome.moved || outcome.lost.is_some() {
            return;
        }
        let walk = RefCell::new(&mut *self);
        let ask = |question: Question| -> Result<Told> {
            let asking = question_of(request, &question)?;
            match walk.borrow_mut().submit(host, &asking, elsewhere, None, &mut Vec::new()) {
                Answer::Coming(ticket, _) => match &*ticket.wait() {
                    Reply::Done(done) => {
                        asked::read(done.results.get("answer").unwrap_or(&Data::Null))
                    }
                    Reply::Unknown(why) => Err(Stop::Unknown(why.clone())),
                    other => Err(Stop::failed(format!("the host did not answer: {other:?}"))),
                },
                Answer::Here(_) => Err(Stop::failed("the host can't be asked")),
            }
        };
        let mut results = Map::new();
        // What can't be told yet is not told.
        let told = Asked::new(&ask)
            .and_then(|asked| module.report(&asked, &outcome.results, &mut results));
        if told.is_ok() {
            for (name, value) in results {
                if outcome.results.get(&name) != Some(&value) {
                    outcome.set(&name, value.into());
                }
            }
        }
    }
}

/// Plans the module of a call over the answers of a host.
fn planned(
    call: &Call,
    ask: &dyn Fn(Question) -> Result<Told>,
    changes: &mut Changes,
) -> Result<Box<dyn Ready>> {
    let asked = Asked::new(ask)?;
    let module = read(call, &asked).map_err(Stop::Failed)?;
    module.plan(&asked, changes)?;
    Ok(module)
}

/// A question, as whoever does the task.
fn question_of(request: &Request, question: &Question) -> Result<Request> {
    let mut asking = reading(request);
    asking.bound.call = Call {
        module: "converge.core.look".into(),
        args: Map::from([("question".to_owned(), asked::written(question)?)]),
        env: request.bound.call.env.clone(),
    };
    Ok(asking)
}

/// The paths that a request names as what it makes.
fn targets(request: &Request) -> Vec<Data> {
    let paths = TARGETS.iter().filter_map(|name| request.bound.call.args.get(*name)).cloned();
    paths
        .flat_map(|path| match path {
            Data::List(paths) => paths,
            path => vec![path],
        })
        .collect()
}

fn taking(request: &Request, changes: &Changes, doubt: Option<Why>) -> Result<Request> {
    let call = &request.bound.call;
    let list: Vec<Change> = changes.list.iter().map(Change::for_the_wire).collect();
    let warnings: Vec<String> = changes.warnings.clone();
    let mut args = Map::from([
        ("changes".to_owned(), asked::written(&list)?),
        ("results".to_owned(), changes.results.clone().into()),
        ("warnings".to_owned(), warnings.into()),
    ]);
    if let Some(Why(why)) = &changes.open {
        args.insert("open".into(), why.as_str().into());
    }
    args.insert("path".into(), Data::List(targets(request)));
    // Without its changes only its arguments tell what it may touch.
    if doubt.is_some() && list.is_empty() {
        args.shift_remove("changes");
    }
    Ok(Request {
        bound: BoundCall {
            call: Call { module: "converge.core.take_up".into(), args, env: call.env.clone() },
            partly: None,
        },
        endpoint: request.endpoint.clone(),
        escalation: request.escalation.clone(),
        nature: request.nature,
        doubt,
        background: false,
    })
}
