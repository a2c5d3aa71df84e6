//! All that planning and running ask of a host.
//!
//! A [`Target`] takes numbered requests and hands out a [`Ticket`] for each at once; nothing waits until somebody needs the
//! answer. Sessions over SSH implement it, and so does a host in memory for the scenarios.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use converge_host::blob::{Blob, Digest};
use converge_host::change::Change;
use converge_host::host::User;
use converge_host::wire::{Holder, Open, OpenError, Reply, Request};

use crate::redact::Secret;

/// A managed host that answers requests, in the order in which they were submitted.
pub trait Target: Send + Sync {
    /// The user that requests with helper 0 run as.
    fn user(&self) -> &User;

    /// The fingerprint of the key by which the host proved that it is itself, as OpenSSH writes it; none where it is reached
    /// without SSH.
    fn host_key(&self) -> Option<String> {
        None
    }

    /// Sends a request and returns at once.
    fn submit(&self, request: Request) -> Ticket;

    /// Performs a request that is held (see [`Watcher::held`]).
    fn go(&self, id: u64);

    /// Gives up a request that is held.
    fn give_up(&self, id: u64);

    /// Starts a helper as another user; waits for it.
    fn open(&self, open: Open) -> Result<User, OpenError>;

    /// Forgets every planned change.
    fn reset(&self);

    /// Changes are made on behalf of this run from now on, and only while no other run makes any.
    fn lease(&self, holder: &Holder);
}

/// Connects to hosts.
pub trait Connector: Send + Sync {
    /// Connects and waits until the host answers. `watcher` hears of requests that are held.
    fn connect(
        &self,
        endpoint: &Endpoint,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Target>, ConnectError>;
}

/// Hears of what a host says unasked. Called on the session's own thread: must not block.
pub trait Watcher: Send + Sync {
    /// A request with a gate would change this, and waits for [`Target::go`].
    fn held(&self, host: &str, id: u64, changes: Vec<Change>);

    /// The answer to a request came, or will never come.
    fn resolved(&self, host: &str, id: u64, reply: &Reply);
}

/// Where a host is and how it is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// The name in the inventory.
    pub name: String,
    /// The means.
    pub connection: Connection,
    /// The address or name that is connected to; the inventory's name where none is given.
    pub address: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The user to log in as.
    pub user: Option<String>,
    /// The password to log in with.
    pub password: Option<Secret>,
    /// A private key file.
    pub private_key: Option<PathBuf>,
    /// Further options as for ssh(1).
    pub ssh_args: Vec<String>,
    /// Whether unknown and changed host keys are refused; none asks the user's ssh configuration.
    pub check_host_key: Option<bool>,
    /// How long connecting may take.
    pub timeout: Option<Duration>,
}

/// The means of reaching a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Over SSH.
    #[default]
    Ssh,
    /// This machine itself.
    Local,
}

/// Why a host could not be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    /// What failed and why, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Vec<String>,
}

/// The claim to an answer. Cheap to clone.
#[derive(Clone)]
pub struct Ticket(Arc<Slot>);

/// The other end of a [`Ticket`].
#[derive(Clone)]
pub struct Resolver(Arc<Slot>);

/// The contents that requests name and hosts may ask for.
#[derive(Default)]
pub struct Blobs {
    contents: Mutex<HashMap<Digest, Content>>,
}

/// Where a content is.
enum Content {
    /// At hand.
    Bytes(Arc<[u8]>),
    /// In a file of this machine, which may be another one by now.
    File(PathBuf),
}

#[derive(Default)]
struct Slot {
    reply: Mutex<Option<Arc<Reply>>>,
    filled: Condvar,
}

impl Ticket {
    /// A ticket and what resolves it.
    pub fn new() -> (Self, Resolver) {
        let slot = Arc::new(Slot::default());
        (Self(Arc::clone(&slot)), Resolver(slot))
    }

    /// A ticket that is resolved already.
    pub fn resolved(reply: Reply) -> Self {
        let (ticket, resolver) = Self::new();
        resolver.resolve(reply);
        ticket
    }

    /// Waits for the answer.
    pub fn wait(&self) -> Arc<Reply> {
        let mut reply = lock(&self.0.reply);
        loop {
            if let Some(reply) = &*reply {
                return Arc::clone(reply);
            }
            reply = self.0.filled.wait(reply).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The answer, if it is here.
    pub fn ready(&self) -> Option<Arc<Reply>> {
        lock(&self.0.reply).clone()
    }
}

impl Resolver {
    /// Gives the answer; a second one is ignored.
    pub fn resolve(&self, reply: Reply) {
        lock(&self.0.reply).get_or_insert_with(|| Arc::new(reply));
        self.0.filled.notify_all();
    }
}

impl Blobs {
    /// Keeps a content so that hosts can ask for it, and returns it as it travels inside a request.
    pub fn keep(&self, blob: &Blob) -> Blob {
        let wire = blob.for_the_wire();
        if let (Some(bytes), None) = (&blob.bytes, &wire.bytes) {
            lock(&self.contents).insert(blob.digest, Content::Bytes(Arc::clone(bytes)));
        }
        wire
    }

    /// The same for a content that is read from its file when a host asks for it.
    pub fn keep_file(&self, digest: Digest, path: &Path) {
        let file = Content::File(path.to_path_buf());
        lock(&self.contents).entry(digest).or_insert(file);
    }

    /// The bytes of a digest; none where nobody has them, or the file that had them has others now.
    pub fn bytes(&self, digest: Digest) -> Option<Arc<[u8]>> {
        let path = match lock(&self.contents).get(&digest)? {
            Content::Bytes(bytes) => return Some(Arc::clone(bytes)),
            Content::File(path) => path.clone(),
        };
        let bytes = std::fs::read(path).ok()?;
        (Digest::of(&bytes) == digest).then(|| bytes.into())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Ticket").field(&self.ready()).finish()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ConnectError {}

#[cfg(test)]
mod tests {
    use converge_host::wire::Reply;

    use super::Ticket;

    #[test]
    fn a_ticket_waits_for_its_first_answer() {
        let (ticket, resolver) = Ticket::new();
        assert_eq!(ticket.ready(), None);
        let other = ticket.clone();
        let waiting = std::thread::spawn(move || other.wait());
        resolver.resolve(Reply::NotRun);
        resolver.resolve(Reply::Lost("late".into()));
        assert_eq!(*waiting.join().unwrap(), Reply::NotRun);
        assert_eq!(*ticket.wait(), Reply::NotRun);
    }
}
