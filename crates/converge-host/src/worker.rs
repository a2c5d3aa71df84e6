//! Works on requests as one user: the part of the helper between its conversation and the modules.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;

use crate::answer::{Answerer, Prepared, Work};
use crate::blob::Digest;
use crate::change::Change;
use crate::data::Map;
use crate::host::real::{Controller, Real};
use crate::lease::{Asked, Lease};
use crate::modules::refusal;
use crate::serve::Answer;
use crate::stop::Failure;
use crate::wire::{Ask, Call, Chunk, FromHelper, Holder, Reply, Request, ToHelper};

/// Answers requests about the machine that it runs on.
pub struct Worker {
    answerer: Answerer<Real>,
    /// Contents that are on their way, by digest.
    arriving: HashMap<Digest, Vec<u8>>,
    /// What keeps other runs away while this one changes something.
    lease: Lease,
    /// What has to be said with the next answer.
    warning: Option<String>,
}

/// What to say, and the messages to wait for meanwhile.
struct Line<'a> {
    inbox: &'a Receiver<ToHelper>,
    say: &'a dyn Fn(FromHelper),
}

impl Worker {
    /// For the user that this process runs as.
    pub fn new(machine: Real) -> Self {
        Self {
            answerer: Answerer::new(machine),
            arriving: HashMap::new(),
            lease: Lease::default(),
            warning: None,
        }
    }

    /// Answers a request, and says once where no lease could be kept.
    fn request(&mut self, request: &Request, line: &Line<'_>) -> Option<Reply> {
        let mut reply = self.answer(request, line)?;
        if let Reply::Done(done) = &mut reply {
            done.warnings.extend(self.warning.take());
        }
        Some(reply)
    }

    fn answer(&mut self, request: &Request, line: &Line<'_>) -> Option<Reply> {
        let (gate, reviewed) = match &request.ask {
            Ask::Perform { gate, reviewed } if !self.answerer.machine.only_looks() => {
                (gate, reviewed)
            }
            ask => {
                return self.with_contents(line, |answerer| answerer.answer(ask, &request.call));
            }
        };
        let prepared = self.prepare(&request.call, reviewed.as_deref(), line)?;
        let work = match prepared {
            Prepared::Reply(reply) => return Some(reply),
            Prepared::Work(work) => work,
        };
        if work.changes().is_empty() {
            return Some(self.answerer.perform(work));
        }
        if let Some(refusal) = self.kept_away(&request.call.module) {
            return Some(refusal);
        }
        if !*gate {
            return Some(self.answerer.perform(work));
        }
        if !self.held(request.id, &work, line)? {
            return Some(Reply::NotRun);
        }
        // Other hosts' tasks that were delegated to this one may have changed it meanwhile.
        match self.prepare(&request.call, reviewed.as_deref(), line)? {
            Prepared::Reply(reply) => Some(reply),
            Prepared::Work(work) => Some(self.answerer.perform(work)),
        }
    }

    /// The answer where another run changes this host.
    fn kept_away(&mut self, module: &str) -> Option<Reply> {
        let failed = |msg| Some(Reply::Failed(Failure { msg, results: Map::new() }, Vec::new()));
        // The module that ends holds looks after them itself.
        let heeding = module != "hold" && module != "converge.core.hold";
        let holder = match self.lease.take(&self.answerer.machine.identity, heeding) {
            Asked::Theirs(holder) => holder,
            Asked::Held(hold) => return failed(refusal(&hold)),
            Asked::Ours => return None,
            Asked::Nowhere(why) => {
                self.warning = Some(format!(
                    "other runs can't be kept away from this host meanwhile ({why}): see that there are none"
                ));
                self.lease = Lease::default();
                return None;
            }
        };
        let Holder { run, who, since } = holder;
        let msg = format!(
            "{who} changes this host since {since} (run {run}), so nothing was done; run again when that run is over"
        );
        failed(msg)
    }

    fn prepare(
        &mut self,
        call: &Call,
        reviewed: Option<&[Change]>,
        line: &Line<'_>,
    ) -> Option<Prepared> {
        self.with_contents(line, |answerer| answerer.prepare(call, reviewed))
    }

    /// Tries until every content that is needed is here. None where the controller left.
    fn with_contents<T>(
        &mut self,
        line: &Line<'_>,
        mut attempt: impl FnMut(&mut Answerer<Real>) -> Result<T, Digest>,
    ) -> Option<T> {
        loop {
            match attempt(&mut self.answerer) {
                Ok(result) => return Some(result),
                Err(digest) => {
                    (line.say)(FromHelper::Need(digest));
                    while !self.has(digest, line)? {}
                }
            }
        }
    }

    /// Takes one message while a content is awaited; says whether the content is here.
    fn has(&mut self, digest: Digest, line: &Line<'_>) -> Option<bool> {
        match line.inbox.recv().ok()? {
            ToHelper::Chunk(chunk) => Some(self.chunk(chunk) == Some(digest)),
            // Nothing else is sent to the request at work while it waits.
            _ => Some(false),
        }
    }

    /// Says what it would change and waits to be let go. None where the controller left.
    fn held(&self, id: u64, work: &Work, line: &Line<'_>) -> Option<bool> {
        let changes = work.changes().iter().map(Change::for_the_wire).collect();
        (line.say)(FromHelper::Held(id, changes));
        loop {
            match line.inbox.recv().ok()? {
                ToHelper::Go(other) if other == id => return Some(true),
                ToHelper::Drop(other) if other == id => return Some(false),
                _ => {}
            }
        }
    }

    /// Takes a piece of a content; its digest once it is whole.
    fn chunk(&mut self, chunk: Chunk) -> Option<Digest> {
        let bytes = self.arriving.entry(chunk.digest).or_default();
        bytes.extend_from_slice(&chunk.bytes);
        if !chunk.last {
            return None;
        }
        let bytes = self.arriving.remove(&chunk.digest)?;
        self.answerer.machine.keep(bytes);
        Some(chunk.digest)
    }
}

impl Answer for Worker {
    fn work(mut self, inbox: Receiver<ToHelper>, controller: Controller, say: &dyn Fn(FromHelper)) {
        self.answerer.machine.set_controller(controller);
        let line = Line { inbox: &inbox, say };
        while let Ok(message) = inbox.recv() {
            match message {
                ToHelper::Request(request) => {
                    let Some(reply) = self.request(&request, &line) else { return };
                    say(FromHelper::Reply(request.id, reply));
                }
                ToHelper::Reset => self.answerer.reset(),
                // What can't be taken over (a content that is not at hand) is only less known to this user.
                ToHelper::Assume(changes) => drop(self.answerer.assume(&changes)),
                ToHelper::Doubt(call, why) => self.answerer.doubt(&call, &why),
                ToHelper::Chunk(chunk) => drop(self.chunk(chunk)),
                ToHelper::Lease(holder) => self.lease.of(holder),
                ToHelper::Go(_)
                | ToHelper::Drop(_)
                | ToHelper::Open(_)
                | ToHelper::Alive
                | ToHelper::Fetched(_) => {}
            }
        }
    }
}
