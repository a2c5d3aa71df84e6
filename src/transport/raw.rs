//! Commands without a helper: for `raw` and `script`, which must work where nothing else does.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;

use crate::transport::error::Error;
use crate::transport::local;
use crate::transport::process::{Event, Process};
use crate::transport::ssh::connect::Connection;

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 128 and the signal's number would be a guess, so a killed command has none.
    pub status: Option<u32>,
    /// The signal that killed it: `TERM`.
    pub signal: Option<String>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Runs a command over a connection, or on this machine without one, and waits for its end.
pub(crate) async fn run(
    connection: Option<&Arc<Connection>>,
    command: &str,
    input: &[u8],
) -> Result<Output, Error> {
    let process = match connection {
        Some(connection) => connection.exec(command).await?,
        None => local::run(command).map_err(|error| Error::Protocol {
            address: "localhost".to_owned(),
            why: format!("cannot start a shell: {error}"),
        })?,
    };
    let Process { input: mut stdin, mut events, keep } = process;
    let bytes = input.to_vec();
    let feed = tokio::spawn(async move {
        // A command need not read what it is given.
        let _ = stdin.write_all(&bytes).await;
        let _ = stdin.shutdown().await;
        // A pipe is closed by being dropped only.
        drop(stdin);
    });
    let mut output = Output::default();
    let mut lost = None;
    while let Some(event) = events.recv().await {
        match event {
            Event::Output(bytes) => output.stdout.extend_from_slice(&bytes),
            Event::Error(bytes) => output.stderr.extend_from_slice(&bytes),
            Event::End(end) => {
                output.status = end.status;
                output.signal = end.signal;
                lost = end.lost;
            }
        }
    }
    feed.abort();
    drop(keep);
    match lost {
        Some(why) => Err(Error::Protocol {
            address: "raw".to_owned(),
            why: format!("the connection was lost: {why}"),
        }),
        None => Ok(output),
    }
}
