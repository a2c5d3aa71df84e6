//! A program that runs somewhere with its input and output at hand: over SSH or on this machine, it looks the same.

use std::any::Any;
use std::fmt;
use std::pin::Pin;

use tokio::io::AsyncWrite;
use tokio::sync::mpsc;

/// A running program.
pub(crate) struct Process {
    /// Its standard input; dropping it closes it.
    pub(crate) input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it says, in order. It has ended when nothing more comes.
    pub(crate) events: mpsc::Receiver<Event>,
    /// What must live as long as the program shall: its connection.
    pub(crate) keep: Box<dyn Any + Send + Sync>,
}

/// Something heard of a program.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes of its standard output.
    Output(Vec<u8>),
    /// Bytes of its standard error.
    Error(Vec<u8>),
    /// It has ended, or is out of reach. The last event.
    End(End),
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Its exit status, where it exited.
    pub(crate) status: Option<u32>,
    /// The signal that killed it: `TERM`.
    pub(crate) signal: Option<String>,
    /// What happened to the connection, where that broke first.
    pub(crate) lost: Option<String>,
}

/// How many events may wait: a slow reader makes the other end wait, instead of filling the memory here.
pub(crate) const EVENTS: usize = 64;

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.lost, &self.signal, self.status) {
            (Some(why), _, _) => write!(formatter, "the connection was lost: {why}"),
            (None, Some(signal), _) => write!(formatter, "killed by signal {signal}"),
            (None, None, Some(status)) => write!(formatter, "exited with status {status}"),
            (None, None, None) => formatter.write_str("the connection was closed"),
        }
    }
}
