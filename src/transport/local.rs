//! `connection: local`: the same helper, started by a process on this machine.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::transport::process::{EVENTS, End, Event, Process};

/// The size of one read.
const PIECE: usize = 64 * 1024;

/// Runs a POSIX shell script here.
pub(crate) fn run(script: &str) -> std::io::Result<Process> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    let input = child.stdin.take().ok_or_else(broken)?;
    let output = child.stdout.take().ok_or_else(broken)?;
    let errors = child.stderr.take().ok_or_else(broken)?;
    let (sender, events) = mpsc::channel(EVENTS);
    tokio::spawn(watch(child, output, errors, sender));
    Ok(Process { input: Box::pin(input), events, keep: Box::new(()) })
}

async fn watch(
    mut child: Child,
    output: impl AsyncRead + Unpin + Send + 'static,
    errors: impl AsyncRead + Unpin + Send + 'static,
    events: mpsc::Sender<Event>,
) {
    let complaints = tokio::spawn(pump(errors, events.clone(), Event::Error));
    pump(output, events.clone(), Event::Output).await;
    // A grandchild may hold standard error open; the end of the program is what counts.
    let end = match child.wait().await {
        Ok(status) => {
            use std::os::unix::process::ExitStatusExt;
            let code = status.code().and_then(|code| u32::try_from(code).ok());
            End {
                status: code,
                signal: status.signal().map(|signal| signal.to_string()),
                lost: None,
            }
        }
        Err(error) => End { lost: Some(error.to_string()), ..End::default() },
    };
    let _late = tokio::time::timeout(std::time::Duration::from_millis(200), complaints).await;
    let _nobody_listens = events.send(Event::End(end)).await;
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    events: mpsc::Sender<Event>,
    event: fn(Vec<u8>) -> Event,
) {
    let mut buffer = vec![0; PIECE];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                if events.send(event(buffer[..count].to_vec())).await.is_err() {
                    return;
                }
            }
        }
    }
}
