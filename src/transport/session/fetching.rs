//! A request of HTTP that the host has made here: its answer goes back in pieces.

use std::sync::Arc;

use converge_host::wire::{self, CHUNK, Ended, Piece, ToHelper};
use tokio::sync::{Semaphore, mpsc};

use crate::transport::session::Outgoing;
use crate::transport::web::{self, Sink, Way};

/// How many pieces may wait to be sent: what comes faster than the host takes it is made to wait, instead of filling the memory.
const WAITING: usize = 16;

/// One request on its way.
pub(super) struct Fetching {
    number: u32,
    outbox: mpsc::WeakUnboundedSender<Outgoing>,
    rights: Arc<Semaphore>,
}

impl Fetching {
    pub(super) fn new(number: u32, outbox: mpsc::WeakUnboundedSender<Outgoing>) -> Self {
        Self { number, outbox, rights: Arc::new(Semaphore::new(WAITING)) }
    }

    /// Makes the request and passes on what comes.
    pub(super) async fn run(self, way: Way, config: Vec<u8>) {
        let end = web::fetch(&way, &config, &self).await;
        self.send(Vec::new(), Some(end)).await;
    }

    /// Whether anybody takes it.
    async fn send(&self, bytes: Vec<u8>, end: Option<Ended>) -> bool {
        let Ok(right) = Arc::clone(&self.rights).acquire_owned().await else { return false };
        let message = ToHelper::Fetched(Piece { number: self.number, bytes, end });
        let (Ok(frame), Some(outbox)) = (wire::encode(&message), self.outbox.upgrade()) else {
            return false;
        };
        outbox.send(Outgoing::Piece(frame, right)).is_ok()
    }
}

impl Sink for Fetching {
    async fn take(&self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(CHUNK) {
            if !self.send(piece.to_vec(), None).await {
                return false;
            }
        }
        true
    }
}
