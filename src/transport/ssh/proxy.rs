//! `ProxyCommand`: a program whose standard input and output are the way to the server.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// How much of a program's complaints is kept.
const COMPLAINTS: usize = 2048;

/// The running program as a stream.
pub(super) struct Proxy {
    input: ChildStdin,
    output: ChildStdout,
    _child: Child,
}

/// What a program said to its standard error: the reason why there is no connection.
#[derive(Clone, Default)]
pub(super) struct Complaints(Arc<Mutex<Vec<u8>>>);

/// Starts a command by the shell, as ssh(1) does: it is a line of shell by its nature.
pub(super) fn start(command: &str) -> Result<(Proxy, Complaints), String> {
    let failed = |error: io::Error| format!("cannot start `ProxyCommand {command}`: {error}");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let complaints = Complaints::default();
    if let Some(errors) = child.stderr.take() {
        tokio::spawn(complaints.clone().collect(errors));
    }
    match (child.stdin.take(), child.stdout.take()) {
        (Some(input), Some(output)) => Ok((Proxy { input, output, _child: child }, complaints)),
        _ => Err(failed(io::ErrorKind::BrokenPipe.into())),
    }
}

impl Complaints {
    /// A message, and what the program said.
    pub(super) async fn explain(&self, why: &str) -> String {
        // Its words take another way than its end.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&said).trim() {
            "" => format!("{why}; the `ProxyCommand` said nothing"),
            words => {
                format!("{why}; the `ProxyCommand` says `{}`", words.replace(['\r', '\n'], " "))
            }
        }
    }

    async fn collect(self, mut from: ChildStderr) {
        let mut buffer = [0; 512];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() < COMPLAINTS {
                said.extend_from_slice(&buffer[..count]);
            }
        }
    }
}

impl AsyncRead for Proxy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_read(context, buffer)
    }
}

impl AsyncWrite for Proxy {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(context)
    }
}
