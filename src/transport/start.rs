//! Gets a helper running on a host: one command that starts it by its digest, and takes it in first where it is missing.

use std::future::Future;
use std::time::Duration;

use converge_host::boot::{self, Heard, Listener};
use converge_host::wire::{Decoder, FromHelper, Hello};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::transport::error::{Error, HelperError};
use crate::transport::helpers;
use crate::transport::process::{End, Event, Process};

/// The helper and its host may be silent this long, and one piece of an upload may take this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Folders that are given up before the host is.
const FOLDERS: usize = 5;

/// Sent at once. A server whose channel is fresh grows its buffer slowly: larger bursts arrive later than paced ones.
const BURST: usize = 64 * 1024;

/// Between two bursts, after the first few.
const PAUSE: Duration = Duration::from_millis(1);

/// How much may be under way before bursts are paced.
const UNPACED: usize = 512 * 1024;

/// How much of a program's complaints is kept.
const COMPLAINTS: usize = 4096;

/// A helper that has greeted.
pub(crate) struct Started {
    /// Where it runs.
    pub(crate) process: Process,
    /// What it has said after its greeting.
    pub(crate) decoder: Decoder,
    /// Its greeting.
    pub(crate) hello: Hello,
}

/// Starts a helper by a way to run commands.
pub(crate) async fn start<F>(
    host: &str,
    mut exec: impl FnMut(String) -> F,
) -> Result<Started, Error>
where
    F: Future<Output = Result<Process, Error>>,
{
    let mut skip = Vec::new();
    loop {
        let token = format!("converge-{:016x}", rand::random::<u64>());
        let offers: Vec<_> = helpers::ALL.iter().map(helpers::Helper::offer).collect();
        let process = exec(boot::script(&offers, &token, &skip)).await?;
        let mut boot = Boot { process, listener: Listener::new(&token), complaints: Vec::new() };
        match boot.run().await {
            Ok((hello, decoder)) => return Ok(Started { process: boot.process, decoder, hello }),
            Err(Trouble::Folder { folder, .. })
                if skip.len() < FOLDERS && boot::is_plain(&folder) =>
            {
                skip.push(folder);
            }
            Err(Trouble::Folder { folder, why }) => {
                return Err(Error::Helper {
                    host: host.to_owned(),
                    why: HelperError::Upload(format!("{folder}: {why}")),
                });
            }
            Err(Trouble::Helper(why)) => return Err(Error::Helper { host: host.to_owned(), why }),
            Err(Trouble::Lost(why)) => {
                return Err(Error::Protocol { address: host.to_owned(), why });
            }
        }
    }
}

struct Boot {
    process: Process,
    listener: Listener,
    complaints: Vec<u8>,
}

enum Trouble {
    /// Another folder may do.
    Folder {
        folder: String,
        why: String,
    },
    Helper(HelperError),
    Lost(String),
}

impl Boot {
    async fn run(&mut self) -> Result<(Hello, Decoder), Trouble> {
        loop {
            match self.listener.heard() {
                // Only said where another user's shell is waited for.
                Some(Heard::Shell) => {}
                Some(Heard::Started(rest)) => return self.greeting(rest).await,
                Some(Heard::Need { arch, packed }) => self.upload(&arch, packed).await?,
                Some(Heard::Arch(machine)) => return Err(Trouble::Helper(self.missing(&machine))),
                Some(Heard::Failed { folder, why }) => {
                    return Err(Trouble::Folder { folder, why: self.with_complaints(&why) });
                }
                Some(Heard::NoPlace(tried)) => {
                    return Err(Trouble::Helper(HelperError::NoPlace(tried)));
                }
                Some(Heard::Noise) => {
                    let output = "the login shell prints without end".to_owned();
                    return Err(Trouble::Helper(HelperError::Silent { status: None, output }));
                }
                None => {
                    let bytes = self.hear().await?;
                    self.listener.feed(&bytes);
                }
            }
        }
    }

    /// The next bytes of standard output.
    async fn hear(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            match timeout(PATIENCE, self.process.events.recv()).await {
                Err(_) => return Err(Trouble::Helper(HelperError::Timeout(PATIENCE))),
                Ok(Some(Event::Output(bytes))) => return Ok(bytes),
                Ok(Some(Event::Error(bytes))) => {
                    self.complaints.extend_from_slice(&bytes);
                    let extra = self.complaints.len().saturating_sub(COMPLAINTS);
                    self.complaints.drain(..extra);
                }
                Ok(Some(Event::End(end))) => return Err(self.ended(end)),
                Ok(None) => return Err(self.ended(End::default())),
            }
        }
    }

    fn ended(&self, end: End) -> Trouble {
        if let Some(why) = end.lost {
            return Trouble::Lost(format!(
                "the connection was lost while a helper was started: {why}"
            ));
        }
        // What cannot be executed: mounted noexec since it was put there.
        if let (Some(126 | 127), Some(folder)) = (end.status, self.listener.folder()) {
            return Trouble::Folder {
                folder: folder.to_owned(),
                why: self.with_complaints("cannot be run"),
            };
        }
        let noise = self.listener.noise();
        let output = if noise.is_empty() { String::new() } else { last_lines(&noise) };
        let output = self.with_complaints(&output);
        let output = match (&end.signal, output.is_empty()) {
            (Some(signal), _) => format!("killed by signal {signal} {output}").trim().to_owned(),
            (None, _) => output,
        };
        Trouble::Helper(HelperError::Silent { status: end.status, output })
    }

    fn with_complaints(&self, text: &str) -> String {
        let complaints = last_lines(&String::from_utf8_lossy(&self.complaints));
        match (text.is_empty(), complaints.is_empty()) {
            (true, _) => complaints,
            (_, true) => text.to_owned(),
            _ => format!("{text}: {complaints}"),
        }
    }

    fn missing(&self, machine: &str) -> HelperError {
        match machine {
            "x86_64" | "amd64" | "aarch64" | "arm64" => HelperError::NotBuilt(machine.to_owned()),
            _ => HelperError::Architecture(machine.to_owned()),
        }
    }

    async fn upload(&mut self, arch: &str, packed: bool) -> Result<(), Trouble> {
        let helper = helpers::ALL.iter().find(|helper| helper.arch == arch);
        let helper =
            helper.ok_or_else(|| Trouble::Helper(HelperError::NotBuilt(arch.to_owned())))?;
        let sent = match packed {
            true => send(&mut self.process.input, helper.packed).await,
            false => {
                let bytes = helper
                    .unpack()
                    .map_err(|error| Trouble::Helper(HelperError::Upload(error.to_string())))?;
                send(&mut self.process.input, &bytes).await
            }
        };
        match sent {
            // The script says why it hung up; if it cannot, the end of the connection does.
            Ok(()) | Err(Sent::Broken) => Ok(()),
            Err(Sent::Stuck) => Err(Trouble::Helper(HelperError::Timeout(PATIENCE))),
        }
    }

    async fn greeting(&mut self, rest: Vec<u8>) -> Result<(Hello, Decoder), Trouble> {
        let mut decoder = Decoder::default();
        decoder.feed(&rest);
        loop {
            match decoder.next::<FromHelper>() {
                Ok(Some(FromHelper::Hello(hello))) => return Ok((hello, decoder)),
                Ok(Some(other)) => {
                    let output = format!("it said {other:?} before its greeting");
                    return Err(Trouble::Helper(HelperError::Silent { status: None, output }));
                }
                Ok(None) => {
                    let bytes = self.hear().await?;
                    decoder.feed(&bytes);
                }
                Err(error) => {
                    return Err(Trouble::Helper(HelperError::Silent {
                        status: None,
                        output: error.to_string(),
                    }));
                }
            }
        }
    }
}

enum Sent {
    Broken,
    Stuck,
}

async fn send(input: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Sent> {
    for (number, burst) in bytes.chunks(BURST).enumerate() {
        if number * BURST >= UNPACED {
            sleep(PAUSE).await;
        }
        match timeout(PATIENCE, input.write_all(burst)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Sent::Broken),
            Err(_) => return Err(Sent::Stuck),
        }
    }
    match timeout(PATIENCE, input.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Sent::Broken),
        Err(_) => Err(Sent::Stuck),
    }
}

/// The end of a text, on one line.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join(" / ")
}
