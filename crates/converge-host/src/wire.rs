//! What is said between the controller and a helper.
//!
//! Both ends are built from the same sources and a helper is named by its digest, so there is one version only. A frame is its
//! length as a little-endian `u32` and a message in [postcard](https://postcard.jamesmunns.com/wire-format) format. This
//! file does no I/O: bytes in, messages out.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::blob::Digest;
use crate::change::Change;
use crate::data::Map;
use crate::host::User;
use crate::stop::{Failure, Why};

/// The bytes that a helper writes first, so that noise of a login shell before them can be skipped.
pub const MARKER: &[u8; 12] = b"\0converge\x01\r\n";

/// No frame is longer than this many bytes.
pub const FRAME_LIMIT: usize = 64 * 1024 * 1024;

/// The bytes of one piece of a content on its way.
pub const CHUNK: usize = 64 * 1024;

/// A controller says something at least this often.
pub const PULSE: Duration = Duration::from_secs(20);

/// A controller that was not heard for so long is dead, or nothing of it arrives any more.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A message to a helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToHelper {
    /// Start a helper as another user; requests name it by this number.
    Open(Open),
    /// Do something and reply.
    Request(Request),
    /// Perform the request that was held.
    Go(u64),
    /// Forget a request that was held: it replies `NotRun`, and so do those that depend on it.
    Drop(u64),
    /// A piece of a content that was asked for, in order.
    Chunk(Chunk),
    /// Forget every planned change.
    Reset,
    /// From now on changes are made on behalf of this run, and only while no other run makes any (see [`crate::lease`]).
    Lease(Holder),
    /// The controller is still there. After a [`ToHelper::Lease`] it is taken for dead where nothing is heard for
    /// [`PATIENCE`].
    Alive,
    /// Take these changes as planned (from another user's helper on the same host).
    Assume(Vec<Change>),
    /// Take what this call may touch as unknown, and why (from another user's helper on the same host).
    Doubt(Call, Why),
    /// A piece of the answer to a [`FromHelper::Fetch`], in order.
    Fetched(Piece),
}

/// A message from a helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromHelper {
    /// The first message.
    Hello(Hello),
    /// The helper of an [`Open`] runs, or why it doesn't.
    Opened(u32, Result<User, OpenError>),
    /// The answer to a request.
    Reply(u64, Reply),
    /// The request would change something and waits for `Go`; these are the changes.
    Held(u64, Vec<Change>),
    /// The content of this digest is needed to go on.
    Need(Digest),
    /// The host has no program that makes this request of HTTP: make it for it.
    Fetch(Fetch),
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The user it runs as.
    pub user: User,
    /// `x86_64` or `aarch64`.
    pub arch: String,
    /// Its process.
    pub pid: u32,
    /// Whether it only looks (see [`crate::look`]).
    pub looks: bool,
}

/// Asks for a helper as another user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// The number that requests name it by; 0 is the helper itself.
    pub helper: u32,
    /// Which user.
    pub user: String,
    /// How.
    pub method: BecomeMethod,
    /// Further flags for the program.
    pub flags: Vec<String>,
    /// The password that the program asks for.
    pub password: Option<String>,
    /// Whether one that only looks will do (see [`crate::look`]): it is what is started where the host has it and no password
    /// is given.
    pub looks: bool,
}

/// Programs that change the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BecomeMethod {
    /// sudo(8).
    Sudo,
    /// su(1).
    Su,
    /// doas(1).
    Doas,
}

/// Why a helper could not be started as another user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenError {
    /// A password is needed and none was given.
    PasswordNeeded,
    /// The password was refused.
    WrongPassword,
    /// There is no such user.
    NoSuchUser,
    /// Anything else, in the program's words.
    Failed(String),
}

/// On whose behalf a host is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the run, as the history has it.
    pub run: String,
    /// Who runs it, and where: `ann@desk`.
    pub who: String,
    /// Since when, in words.
    pub since: String,
}

/// A numbered request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its number; replies carry it.
    pub id: u64,
    /// As which user: 0, or the number of an [`Open`].
    pub helper: u32,
    /// Run only if all of these succeeded; otherwise reply `NotRun`.
    pub after: Vec<u64>,
    /// What is asked about the call.
    pub ask: Ask,
    /// The module and its arguments.
    pub call: Call,
}

/// What is asked about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// What would it change, given all that was planned before? The answer is planned from then on.
    Plan,
    /// The same as a user whose account is only planned.
    PlanAs(String),
    /// What would it change? Nothing is planned.
    Preview,
    /// Whether it happens, or with what, can't be told for this reason: what it may touch is unknown from then on. The
    /// arguments may be some of its own only.
    Doubt(Why),
    /// Do it during planning, since it changes nothing: unknown where something planned stands in the way.
    Probe,
    /// Do it.
    Perform {
        /// Hold before changing anything until `Go` comes.
        gate: bool,
        /// What was reviewed; do nothing where the changes have become others.
        reviewed: Option<Vec<Change>>,
    },
}

/// A module with its arguments, for one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The short name of the module.
    pub module: String,
    /// Its arguments.
    pub args: Map,
    /// Added to the environment of every command.
    pub env: Vec<(String, String)>,
}

/// A piece of a content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Of which content.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it is the last.
    pub last: bool,
}

/// A request of HTTP that is made for a host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Its number, which its pieces carry.
    pub number: u32,
    /// What is asked, as `curl` reads it from `--config`.
    pub config: Vec<u8>,
}

/// A piece of what a request of HTTP brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Of which request.
    pub number: u32,
    /// What `curl` would have written to its output.
    pub bytes: Vec<u8>,
    /// How it ended, in the last piece.
    pub end: Option<Ended>,
}

/// How a request of HTTP ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit code that `curl` would have.
    pub rc: i32,
    /// What it would write out of it afterwards.
    pub told: String,
    /// What went wrong.
    pub error: String,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It would do, or did, this.
    Done(Done),
    /// It would fail, or failed; changes may have been performed before.
    Failed(Failure, Vec<Change>),
    /// It can't be told before applying.
    Unknown(Why),
    /// The changes have become others than those that were reviewed; nothing was done.
    Moved {
        /// What it would change now.
        now: Vec<Change>,
    },
    /// A request that it depends on did not succeed.
    NotRun,
    /// The connection was lost before the answer came. Never sent: the controller's own end says so.
    Lost(String),
}

/// What a call would do, or did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The changes.
    pub changes: Vec<Change>,
    /// Whether any of them counts as changed.
    pub changed: bool,
    /// The return values, without `changed`.
    pub results: Map,
    /// Why return values that are not in `results` can't be known before performing.
    pub open: Option<Why>,
    /// What the user should be told.
    pub warnings: Vec<String>,
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireError {
    /// A frame longer than [`FRAME_LIMIT`].
    TooLong(usize),
    /// A frame that is no message.
    Malformed(String),
}

/// Collects bytes and gives messages.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    read: usize,
}

/// A message as a frame.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    let mut frame = postcard::to_extend(message, vec![0; 4])
        .map_err(|error| WireError::Malformed(error.to_string()))?;
    let length = frame.len() - 4;
    if length > FRAME_LIMIT {
        return Err(WireError::TooLong(length));
    }
    frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(frame)
}

impl Decoder {
    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.read > 0 && self.read == self.buffer.len() {
            self.buffer.clear();
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` where more bytes are needed, which is not an error.
    #[expect(clippy::should_implement_trait, reason = "the type of the message is the caller's")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WireError> {
        let rest = &self.buffer[self.read..];
        let Some((head, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > FRAME_LIMIT {
            return Err(WireError::TooLong(length));
        }
        let Some(frame) = body.get(..length) else { return Ok(None) };
        let message =
            postcard::from_bytes(frame).map_err(|error| WireError::Malformed(error.to_string()))?;
        self.read += 4 + length;
        if self.read >= 1 << 20 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        Ok(Some(message))
    }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong(length) => write!(formatter, "a message of {length} bytes is too long"),
            Self::Malformed(why) => write!(formatter, "bytes that are no message: {why}"),
        }
    }
}

impl std::error::Error for WireError {}

impl std::fmt::Debug for Open {
    /// The password is left out.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Open({}, {:?} {})", self.helper, self.method, self.user)
    }
}

impl std::fmt::Debug for Fetch {
    /// What is asked may hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Fetch({})", self.number)
    }
}

/// The folder of a user's home that helpers are kept in.
pub fn helper_folder(home: &str) -> PathBuf {
    PathBuf::from(home).join(".cache/converge")
}

#[cfg(test)]
mod tests {
    use super::{Decoder, FRAME_LIMIT, FromHelper, ToHelper, WireError, encode};
    use crate::blob::Digest;

    #[test]
    fn a_message_may_come_in_any_pieces() {
        let frame = [encode(&ToHelper::Go(7)).unwrap(), encode(&ToHelper::Reset).unwrap()].concat();
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        for byte in frame {
            decoder.feed(&[byte]);
            while let Some(message) = decoder.next::<ToHelper>().unwrap() {
                seen.push(message);
            }
        }
        assert_eq!(seen, [ToHelper::Go(7), ToHelper::Reset]);
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let mut decoder = Decoder::default();
        decoder.feed(&u32::MAX.to_le_bytes());
        assert_eq!(decoder.next::<FromHelper>(), Err(WireError::TooLong(u32::MAX as usize)));
        assert!(FRAME_LIMIT < u32::MAX as usize);
        let mut decoder = Decoder::default();
        decoder.feed(&[1, 0, 0, 0, 250]);
        assert!(matches!(decoder.next::<FromHelper>(), Err(WireError::Malformed(_))));
        let need = encode(&FromHelper::Need(Digest::of(b"x"))).unwrap();
        assert_eq!(need.len(), 4 + 1 + 32);
    }
}
