//! Hears the helper and passes on what it says.

use std::any::Any;
use std::sync::Arc;

use converge_host::wire::{Decoder, FromHelper};
use tokio::sync::mpsc;

use crate::transport::process::Event;
use crate::transport::session::fetching::Fetching;
use crate::transport::session::{Outgoing, Shared};
use crate::transport::ssh::connect::Connection;
use crate::transport::web::Way;

/// How much of a helper's complaints is kept: they explain its end.
const COMPLAINTS: usize = 2048;

pub(super) struct Reader {
    pub(super) shared: Arc<Shared>,
    pub(super) farewell: Farewell,
    pub(super) outbox: mpsc::WeakUnboundedSender<Outgoing>,
    pub(super) decoder: Decoder,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) keep: Box<dyn Any + Send + Sync>,
    pub(super) connection: Option<Arc<Connection>>,
}

/// Tells those who wait that no answer will come, also when the threads of the network are stopped before or under way.
pub(super) struct Farewell {
    shared: Arc<Shared>,
    why: String,
}

impl Farewell {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let why = "the connection was given up: the run is over".to_owned();
        Self { shared: Arc::clone(shared), why }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.shared.lose(&self.why);
    }
}

impl Reader {
    pub(super) async fn run(mut self) {
        self.farewell.why = self.listen().await;
        drop(self.farewell);
        // The connection carried this helper alone.
        drop(self.keep);
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }

    /// Until the end, and why it came.
    async fn listen(&mut self) -> String {
        let mut complaints = Vec::new();
        loop {
            loop {
                match self.decoder.next() {
                    Ok(Some(message)) => self.take(message),
                    Ok(None) => break,
                    Err(error) => return format!("the helper sends {error}"),
                }
            }
            match self.events.recv().await {
                Some(Event::Output(bytes)) => self.decoder.feed(&bytes),
                Some(Event::Error(bytes)) => {
                    complaints.extend_from_slice(&bytes);
                    let extra = complaints.len().saturating_sub(COMPLAINTS);
                    complaints.drain(..extra);
                }
                Some(Event::End(end)) => {
                    let end = match end.lost {
                        Some(_) => end.to_string(),
                        None => format!("the helper ended: {end}"),
                    };
                    let complaints = String::from_utf8_lossy(&complaints);
                    return match complaints.trim() {
                        "" => end,
                        text => format!("{end}: {text}"),
                    };
                }
                None => return "the connection was closed".to_owned(),
            }
        }
    }

    fn take(&self, message: FromHelper) {
        let shared = &self.shared;
        match message {
            FromHelper::Reply(id, reply) => shared.resolve(id, reply),
            FromHelper::Held(id, changes) => shared.watcher.held(&shared.host, id, changes),
            FromHelper::Need(digest) => {
                if let Some(outbox) = self.outbox.upgrade() {
                    let _writer_is_gone = outbox.send(Outgoing::Content(digest));
                }
            }
            FromHelper::Opened(helper, result) => {
                let waiting = shared.lock().openings.remove(&helper);
                if let Some(waiting) = waiting {
                    let _nobody_waits = waiting.send(result);
                }
            }
            FromHelper::Fetch(fetch) => {
                let way = Way::new(self.connection.clone());
                let fetching = Fetching::new(fetch.number, self.outbox.clone());
                tokio::spawn(fetching.run(way, fetch.config));
            }
            FromHelper::Hello(_) => {}
        }
    }
}
