//! The helper's conversation: frames come in, answers go out, and what is meant for another user is passed on to theirs.
//!
//! Requests are worked on strictly one after another, across users too: a later one may build on what an earlier one did.
//! `Go`, `Drop`, `Chunk` and `Fetched` belong to the request at work and do not wait behind it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::r#become::{self, Inner};
use crate::change::Change;
use crate::data::Map;
use crate::host::real::Controller;
use crate::stop::Failure;
use crate::wire::{
    self, Ask, Call, Decoder, FromHelper, Hello, Holder, MARKER, Open, OpenError, PATIENCE, Piece,
    Reply, Request, ToHelper,
};

/// Works on requests as the user that the helper runs as.
pub trait Answer: Send + 'static {
    /// Works until the inbox ends. Every request gets one `Reply`, before which it may be `Held` or `Need` something, or have
    /// the controller `Fetch` something.
    fn work(self, inbox: Receiver<ToHelper>, controller: Controller, say: &dyn Fn(FromHelper));
}

/// Serves one controller until it leaves.
pub fn run(
    input: impl Read + Send + 'static,
    mut output: impl Write,
    hello: Hello,
    answer: impl Answer,
) -> io::Result<()> {
    output.write_all(MARKER)?;
    let (events, heard) = channel();
    hear_controller(input, events.clone());
    let (own, inbox) = channel();
    let (pieces, fetched) = channel();
    let said = events.clone();
    let asks = events.clone();
    let ask = move |fetch| drop(asks.send(Event::Said(0, FromHelper::Fetch(fetch))));
    let controller = Controller::new(Box::new(ask), fetched);
    let say = move |message| drop(said.send(Event::Said(0, message)));
    thread::spawn(move || answer.work(inbox, controller, &say));
    let mut serve = Serve {
        output,
        events,
        own,
        pieces,
        inner: BTreeMap::new(),
        waiting: VecDeque::new(),
        active: None,
        plans: None,
        planned: Vec::new(),
        outcomes: BTreeMap::new(),
        holder: None,
        looks: hello.looks,
    };
    serve.say(&FromHelper::Hello(hello))?;
    let mut last = Instant::now();
    loop {
        let next = match &serve.holder {
            Some(_) => heard.recv_timeout(PATIENCE.saturating_sub(last.elapsed())),
            None => heard.recv().map_err(Into::into),
        };
        match next {
            Ok(Event::Asked(message)) => {
                last = Instant::now();
                serve.take(message)?;
            }
            Ok(Event::Said(helper, message)) => serve.hear(helper, message)?,
            Ok(Event::Ended(helper, why)) => serve.lose(helper, &why)?,
            Ok(Event::Left(result)) => return result,
            // Whoever may still be there has lost this host; another run may have it.
            Err(RecvTimeoutError::Timeout) => {
                return Err(io::Error::other("nothing was heard of the controller for too long"));
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        serve.advance()?;
    }
}

enum Event {
    /// From the controller.
    Asked(ToHelper),
    /// From a helper, of which 0 is this one.
    Said(u32, FromHelper),
    /// The helper of another user ended.
    Ended(u32, String),
    /// The controller left, or sent what is no message.
    Left(io::Result<()>),
}

struct Serve<W> {
    output: W,
    events: Sender<Event>,
    own: Sender<ToHelper>,
    /// To whoever of this helper's own waits for the controller.
    pieces: Sender<Piece>,
    inner: BTreeMap<u32, ChildStdin>,
    /// What must wait for the request at work.
    waiting: VecDeque<ToHelper>,
    /// The request at work, and whose it is.
    active: Option<(u64, u32)>,
    /// What the request at work is about, where what it would change is planned from then on; and whether its commands run
    /// meanwhile.
    plans: Option<(Call, bool)>,
    /// What is planned so far, by whomever: helpers that start later have to hear it.
    planned: Vec<ToHelper>,
    /// Whether the requests so far succeeded.
    outcomes: BTreeMap<u64, bool>,
    /// On whose behalf changes are made.
    holder: Option<Holder>,
    /// Whether this one only looks, and becomes nobody else.
    looks: bool,
}

impl<W: Write> Serve<W> {
    fn take(&mut self, message: ToHelper) -> io::Result<()> {
        match message {
            ToHelper::Go(id) | ToHelper::Drop(id) => match self.active {
                Some((active, helper)) if active == id => self.pass(helper, message),
                // Given up before its turn came: it must not run when it comes.
                _ if matches!(message, ToHelper::Drop(_)) => self.withdraw(id),
                _ => Ok(()),
            },
            ToHelper::Alive => self.pass_to_all(&ToHelper::Alive),
            ToHelper::Chunk(_) => match self.active {
                Some((_, helper)) => self.pass(helper, message),
                None => Ok(()),
            },
            ToHelper::Fetched(piece) => match self.active {
                // Nobody listens where the worker gave up before the controller did.
                Some((_, 0)) => {
                    drop(self.pieces.send(piece));
                    Ok(())
                }
                Some((_, helper)) => self.pass(helper, ToHelper::Fetched(piece)),
                None => Ok(()),
            },
            other => {
                self.waiting.push_back(other);
                Ok(())
            }
        }
    }

    /// Works on what waits, as far as it need not wait any more.
    fn advance(&mut self) -> io::Result<()> {
        while self.active.is_none() {
            match self.waiting.pop_front() {
                None => return Ok(()),
                Some(ToHelper::Open(open)) => self.open(&open)?,
                Some(ToHelper::Request(request)) => self.request(request)?,
                Some(ToHelper::Reset) => {
                    self.outcomes.clear();
                    self.planned.clear();
                    self.pass_to_all(&ToHelper::Reset)?;
                }
                Some(ToHelper::Lease(holder)) => {
                    self.holder = Some(holder.clone());
                    self.pass_to_all(&ToHelper::Lease(holder))?;
                }
                Some(other) => self.pass(0, other)?,
            }
        }
        Ok(())
    }

    fn request(&mut self, mut request: Request) -> io::Result<()> {
        let (id, helper) = (request.id, request.helper);
        // Here and not in the helper that works on it: what it depends on may have been another's.
        if request.after.iter().any(|before| self.outcomes.get(before) != Some(&true)) {
            return self.reply(id, Reply::NotRun);
        }
        if helper != 0 && !self.inner.contains_key(&helper) {
            return self
                .reply(id, failed(format!("the helper of user number {helper} does not run")));
        }
        request.after.clear();
        request.helper = 0;
        self.active = Some((id, helper));
        let plans = matches!(request.ask, Ask::Plan | Ask::PlanAs(_) | Ask::Probe | Ask::Doubt(_));
        self.plans = plans.then(|| (request.call.clone(), request.ask == Ask::Probe));
        self.pass(helper, ToHelper::Request(request))
    }

    fn withdraw(&mut self, id: u64) -> io::Result<()> {
        let place = self
            .waiting
            .iter()
            .position(|one| matches!(one, ToHelper::Request(request) if request.id == id));
        match place {
            Some(place) => {
                self.waiting.remove(place);
                self.reply(id, Reply::NotRun)
            }
            None => Ok(()),
        }
    }

    fn open(&mut self, open: &Open) -> io::Result<()> {
        let number = open.helper;
        if number == 0 || self.inner.contains_key(&number) {
            let why = OpenError::Failed(format!("helper {number} runs already"));
            return self.say(&FromHelper::Opened(number, Err(why)));
        }
        if self.looks {
            let why = OpenError::Failed("a helper that only looks starts no other".to_owned());
            return self.say(&FromHelper::Opened(number, Err(why)));
        }
        let result = r#become::start(open).map(|Inner { hello, input, mut voice }| {
            self.inner.insert(number, input);
            let events = self.events.clone();
            thread::spawn(move || {
                loop {
                    let (event, over) = match voice.hear() {
                        Ok(message) => (Event::Said(number, message), false),
                        Err(why) => (Event::Ended(number, why), true),
                    };
                    if events.send(event).is_err() || over {
                        return;
                    }
                }
            });
            hello.user
        });
        let holder = self.holder.clone().map(ToHelper::Lease);
        for message in self.planned.iter().cloned().chain(holder).collect::<Vec<_>>() {
            self.pass(number, message)?;
        }
        self.say(&FromHelper::Opened(number, result))
    }

    /// Hands a message to the helpers of all users.
    fn pass_to_all(&mut self, message: &ToHelper) -> io::Result<()> {
        let helpers: Vec<u32> = [0].into_iter().chain(self.inner.keys().copied()).collect();
        helpers.into_iter().try_for_each(|helper| self.pass(helper, message.clone()))
    }

    /// Hands a message to a helper.
    fn pass(&mut self, helper: u32, message: ToHelper) -> io::Result<()> {
        if helper == 0 {
            // Where the worker is gone, the thread's end was a panic, which aborts the program.
            drop(self.own.send(message));
            return Ok(());
        }
        let frame = wire::encode(&message).map_err(io::Error::other)?;
        let Some(input) = self.inner.get_mut(&helper) else { return Ok(()) };
        // What ended is heard of by its own thread, which knows more.
        let _ended = input.write_all(&frame).and_then(|()| input.flush());
        Ok(())
    }

    fn hear(&mut self, helper: u32, message: FromHelper) -> io::Result<()> {
        match message {
            FromHelper::Reply(id, reply) if self.active == Some((id, helper)) => {
                self.active = None;
                self.share_plan(helper, &reply)?;
                self.reply(id, reply)
            }
            FromHelper::Held(..) | FromHelper::Need(_) | FromHelper::Fetch(_) => self.say(&message),
            // A helper speaks for its own requests only.
            FromHelper::Reply(..) | FromHelper::Hello(_) | FromHelper::Opened(..) => Ok(()),
        }
    }

    /// What is planned as one user is planned for all.
    fn share_plan(&mut self, helper: u32, reply: &Reply) -> io::Result<()> {
        let Some((call, probed)) = self.plans.take() else { return Ok(()) };
        let message = match reply {
            // Commands that change nothing, which ran or could not: there is nothing that anybody would have to expect.
            Reply::Done(done) if probed && done.changes.iter().all(is_command) => return Ok(()),
            Reply::Unknown(_) if probed => return Ok(()),
            Reply::Done(done) if !done.changes.is_empty() => ToHelper::Assume(done.changes.clone()),
            Reply::Unknown(why) => ToHelper::Doubt(call, why.clone()),
            _ => return Ok(()),
        };
        let others = [0].into_iter().chain(self.inner.keys().copied());
        for other in others.filter(|other| *other != helper).collect::<Vec<_>>() {
            self.pass(other, message.clone())?;
        }
        self.planned.push(message);
        Ok(())
    }

    fn lose(&mut self, helper: u32, why: &str) -> io::Result<()> {
        self.inner.remove(&helper);
        match self.active {
            Some((id, active)) if active == helper => {
                self.active = None;
                self.reply(id, failed(format!("the other user's helper ended: {why}")))
            }
            _ => Ok(()),
        }
    }

    fn reply(&mut self, id: u64, reply: Reply) -> io::Result<()> {
        // What can't be told while planning is no failure: what comes after it is planned too.
        self.outcomes.insert(id, matches!(reply, Reply::Done(_) | Reply::Unknown(_)));
        self.say(&FromHelper::Reply(id, reply))
    }

    fn say(&mut self, message: &FromHelper) -> io::Result<()> {
        let frame = match (wire::encode(message), message) {
            (Ok(frame), _) => frame,
            (Err(error), FromHelper::Reply(id, _)) => {
                let reply = failed(format!("the answer cannot be sent: {error}"));
                wire::encode(&FromHelper::Reply(*id, reply)).map_err(io::Error::other)?
            }
            (Err(error), _) => return Err(io::Error::other(error)),
        };
        self.output.write_all(&frame)?;
        self.output.flush()
    }
}

fn is_command(change: &Change) -> bool {
    matches!(change, Change::Run(_))
}

fn failed(msg: String) -> Reply {
    Reply::Failed(Failure { msg, results: Map::new() }, Vec::new())
}

fn hear_controller(mut input: impl Read + Send + 'static, events: Sender<Event>) {
    thread::spawn(move || {
        let mut decoder = Decoder::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            loop {
                match decoder.next() {
                    Ok(Some(message)) => {
                        if events.send(Event::Asked(message)).is_err() {
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        return drop(events.send(Event::Left(Err(io::Error::other(error)))));
                    }
                }
            }
            match input.read(&mut buffer) {
                Ok(0) => return drop(events.send(Event::Left(Ok(())))),
                Ok(count) => decoder.feed(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return drop(events.send(Event::Left(Err(error)))),
            }
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "serve_tests.rs"]
mod tests;
