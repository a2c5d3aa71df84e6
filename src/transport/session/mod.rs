//! A session with the helper on one host. Requests go out as they come, answers fill their tickets in any order; nobody waits
//! for the network but those who wait for an answer.

mod fetching;
mod reader;
mod writer;

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use converge_host::blob::Digest;
use converge_host::data::Map;
use converge_host::host::User;
use converge_host::stop::Failure;
use converge_host::wire::{self, Hello, Holder, Open, OpenError, Reply, Request, ToHelper};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::target::{Blobs, Resolver, Target, Ticket, Watcher};
use crate::transport::raw::{self, Output};
use crate::transport::ssh::connect::Connection;
use crate::transport::start::Started;

/// A host that answers.
pub struct Session {
    hello: Hello,
    outbox: mpsc::UnboundedSender<Outgoing>,
    shared: Arc<Shared>,
    connection: Option<Arc<Connection>>,
    runtime: tokio::runtime::Handle,
}

/// What both directions work on.
struct Shared {
    host: String,
    watcher: Arc<dyn Watcher>,
    blobs: Arc<Blobs>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: BTreeMap<u64, (Ticket, Resolver)>,
    openings: BTreeMap<u32, SyncSender<Result<User, OpenError>>>,
    /// Why nothing will be answered any more.
    lost: Option<String>,
}

/// Something to be sent.
enum Outgoing {
    Frame(Vec<u8>),
    /// One of many frames, and the right to have it wait here.
    Piece(Vec<u8>, OwnedSemaphorePermit),
    Content(Digest),
}

impl Session {
    /// Takes over a helper that was started. Must be called where the runtime is entered.
    pub(crate) fn new(
        host: &str,
        started: Started,
        connection: Option<Arc<Connection>>,
        watcher: Arc<dyn Watcher>,
        blobs: Arc<Blobs>,
    ) -> Self {
        let Started { process, decoder, hello } = started;
        let (outbox, mail) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            host: host.to_owned(),
            watcher,
            blobs,
            state: Mutex::new(State::default()),
        });
        tokio::spawn(writer::run(process.input, mail, Arc::clone(&shared)));
        // The reader must not keep the writer's mail open: that ends when the session is dropped.
        let reader = reader::Reader {
            shared: Arc::clone(&shared),
            farewell: reader::Farewell::new(&shared),
            outbox: outbox.downgrade(),
            decoder,
            events: process.events,
            keep: process.keep,
            connection: connection.clone(),
        };
        tokio::spawn(reader.run());
        Self { hello, outbox, shared, connection, runtime: tokio::runtime::Handle::current() }
    }

    /// The helper's greeting.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Runs a command on the same connection without the helper, and waits for its end. The login shell of the user reads
    /// it; on this machine, a POSIX shell does.
    pub fn exec(&self, command: &str, input: &[u8]) -> Result<Output, String> {
        let run = raw::run(self.connection.as_ref(), command, input);
        self.runtime.block_on(run).map_err(|error| error.to_string())
    }

    /// Why the host will answer nothing any more, if so.
    pub fn lost(&self) -> Option<String> {
        self.shared.lock().lost.clone()
    }

    fn send(&self, message: &ToHelper) {
        match wire::encode(message) {
            // Where the writer is gone, the reader has said or will say that the connection is lost.
            Ok(frame) => drop(self.outbox.send(Outgoing::Frame(frame))),
            Err(error) => {
                tracing::error!("{}: a message cannot be sent: {error}", self.shared.host);
            }
        }
    }
}

impl Target for Session {
    fn user(&self) -> &User {
        &self.hello.user
    }

    fn host_key(&self) -> Option<String> {
        self.connection.as_ref()?.host_key()
    }

    fn submit(&self, request: Request) -> Ticket {
        let id = request.id;
        let frame = match wire::encode(&ToHelper::Request(request)) {
            Ok(frame) => frame,
            Err(error) => {
                let msg = format!("the request cannot be sent: {error}");
                return Ticket::resolved(Reply::Failed(
                    Failure { msg, results: Map::new() },
                    Vec::new(),
                ));
            }
        };
        let (ticket, resolver) = Ticket::new();
        {
            let mut state = self.shared.lock();
            if let Some(why) = &state.lost {
                return Ticket::resolved(Reply::Lost(why.clone()));
            }
            state.requests.insert(id, (ticket.clone(), resolver));
        }
        let _lost_meanwhile = self.outbox.send(Outgoing::Frame(frame));
        ticket
    }

    fn go(&self, id: u64) {
        self.send(&ToHelper::Go(id));
    }

    fn give_up(&self, id: u64) {
        self.send(&ToHelper::Drop(id));
    }

    fn open(&self, open: Open) -> Result<User, OpenError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        {
            let mut state = self.shared.lock();
            if let Some(why) = &state.lost {
                return Err(OpenError::Failed(why.clone()));
            }
            state.openings.insert(open.helper, sender);
        }
        self.send(&ToHelper::Open(open));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(OpenError::Failed("the connection was lost".to_owned())))
    }

    fn reset(&self) {
        self.send(&ToHelper::Reset);
    }

    /// This machine itself has no lease: several runs may start on it, and each lays down files of its own here.
    fn lease(&self, holder: &Holder) {
        if self.connection.is_some() {
            self.send(&ToHelper::Lease(holder.clone()));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a request its answer.
    fn resolve(&self, id: u64, reply: Reply) {
        let Some((ticket, resolver)) = self.lock().requests.remove(&id) else {
            tracing::warn!("{}: an answer to request {id}, which nobody asked", self.host);
            return;
        };
        resolver.resolve(reply);
        if let Some(reply) = ticket.ready() {
            self.watcher.resolved(&self.host, id, &reply);
        }
    }

    /// Tells everybody who waits that no answer will come.
    fn lose(&self, why: &str) {
        let (requests, openings) = {
            let mut state = self.lock();
            state.lost.get_or_insert_with(|| why.to_owned());
            (std::mem::take(&mut state.requests), std::mem::take(&mut state.openings))
        };
        for (_, opening) in openings {
            let _nobody_waits = opening.send(Err(OpenError::Failed(why.to_owned())));
        }
        for (id, (_, resolver)) in requests {
            let reply = Reply::Lost(why.to_owned());
            resolver.resolve(reply.clone());
            self.watcher.resolved(&self.host, id, &reply);
        }
    }
}
