//! Sends to the helper: all messages at hand in one go, and contents in pieces between them, so that a large file does not hold
//! up the answers to small questions.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use converge_host::blob::Digest;
use converge_host::wire::{self, CHUNK, Chunk, PULSE, ToHelper};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::transport::session::{Outgoing, Shared};

/// Contents are paced from here on: larger bursts make servers copy their buffers again and again.
const UNPACED: usize = 512 * 1024;

/// The pause after a piece.
const PAUSE: Duration = Duration::from_millis(1);

/// A content on its way.
struct Content {
    digest: Digest,
    bytes: Arc<[u8]>,
    sent: usize,
}

/// Sends until nobody has anything to send any more, or the other end is gone.
pub(super) async fn run(
    mut input: impl AsyncWrite + Unpin,
    mut mail: mpsc::UnboundedReceiver<Outgoing>,
    shared: Arc<Shared>,
) {
    let alive = wire::encode(&ToHelper::Alive).unwrap_or_default();
    let mut contents = VecDeque::new();
    let mut batch = Vec::new();
    let mut waiting = Vec::new();
    let mut burst = 0;
    loop {
        let next = if contents.is_empty() {
            burst = 0;
            match timeout(PULSE, mail.recv()).await {
                Ok(Some(outgoing)) => Some(outgoing),
                Ok(None) => break,
                Err(_) => Some(Outgoing::Frame(alive.clone())),
            }
        } else {
            mail.try_recv().ok()
        };
        batch.clear();
        let mut next = next;
        while let Some(outgoing) = next {
            match outgoing {
                Outgoing::Frame(frame) => batch.extend_from_slice(&frame),
                Outgoing::Piece(frame, right) => {
                    batch.extend_from_slice(&frame);
                    waiting.push(right);
                }
                Outgoing::Content(digest) => match shared.blobs.bytes(digest) {
                    Some(bytes) => contents.push_back(Content { digest, bytes, sent: 0 }),
                    None => {
                        // It would wait for ever, and nothing else can be sent in its place.
                        shared.lose(&format!(
                            "the host asks for content {digest:?}, which is not kept here"
                        ));
                        return;
                    }
                },
            }
            next = if batch.len() < CHUNK { mail.try_recv().ok() } else { None };
        }
        if let Some(content) = contents.front_mut() {
            let end = (content.sent + CHUNK).min(content.bytes.len());
            let last = end == content.bytes.len();
            let chunk = Chunk {
                digest: content.digest,
                bytes: content.bytes[content.sent..end].to_vec(),
                last,
            };
            content.sent = end;
            match wire::encode(&ToHelper::Chunk(chunk)) {
                Ok(frame) => batch.extend_from_slice(&frame),
                Err(error) => tracing::error!("a piece of a content cannot be sent: {error}"),
            }
            if last {
                contents.pop_front();
            }
            burst += CHUNK;
        }
        if input.write_all(&batch).await.is_err() || input.flush().await.is_err() {
            return;
        }
        waiting.clear();
        if burst > UNPACED {
            sleep(PAUSE).await;
        }
    }
    let _gone_already = input.shutdown().await;
}
