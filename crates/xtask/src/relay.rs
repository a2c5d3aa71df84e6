//! A TCP relay that holds bytes back for a while, because the kernel here cannot delay packets.
//!
//! It also counts what an engine costs on a network: bytes, and how often one side had to wait for the other.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How many reads may be under way in one direction before the sender is held back, as a full network would do.
const IN_FLIGHT: usize = 512;

/// A running relay. Dropping it ends its connections.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    wire: Arc<Wire>,
    accepting: Option<JoinHandle<()>>,
}

/// What passed through a relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were opened.
    pub connections: u64,
    /// Bytes from who connected to the target.
    pub sent: u64,
    /// Bytes from the target to who connected.
    pub received: u64,
    /// How often the direction of the bytes changed on a connection, its first bytes included.
    pub turns: u64,
    /// The longest chain, on one connection, of bytes that were sent after an answer to earlier ones had arrived: what
    /// cannot be had faster than so many round trips.
    pub exchanges: u64,
}

/// Starts a relay that listens at `listen` (port 0 takes a free one) and holds all bytes back for `delay` each way.
pub fn start(listen: SocketAddr, target: SocketAddr, delay: Duration) -> Result<Relay> {
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen at {listen}"))?;
    let address = listener.local_addr()?;
    let wire = Arc::new(Wire {
        target,
        delay,
        stopped: AtomicBool::new(false),
        open: Mutex::default(),
        counts: Mutex::default(),
    });
    let accepting = {
        let wire = Arc::clone(&wire);
        thread::spawn(move || accept(&listener, &wire))
    };
    Ok(Relay { address, wire, accepting: Some(accepting) })
}

impl Relay {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has passed through since the start, or since the last [`reset`](Self::reset).
    pub fn counts(&self) -> Counts {
        *lock(&self.wire.counts)
    }

    /// Counts from zero again. Connections that are open keep counting their chain of exchanges from where it is.
    pub fn reset(&self) {
        *lock(&self.wire.counts) = Counts::default();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.wire.stopped.store(true, Ordering::SeqCst);
        // A connection wakes the thread that waits for one.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
        for stream in lock(&self.wire.open).drain(..) {
            // One that has ended by itself is fine.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

/// What the threads of a relay share.
#[derive(Debug)]
struct Wire {
    target: SocketAddr,
    delay: Duration,
    stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    counts: Mutex<Counts>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Out,
    Back,
}

/// The chain of exchanges on one connection.
#[derive(Debug, Default)]
struct Chain {
    last: Option<Way>,
    /// The length of the chain that the bytes seen by each side so far belong to.
    seen_by_client: u64,
    seen_by_target: u64,
}

/// Bytes under way.
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    depth: u64,
}

impl Chain {
    /// Notes that bytes were sent, and gives the length of the chain that they belong to.
    fn sent(&mut self, way: Way) -> u64 {
        self.last = Some(way);
        match way {
            Way::Out => self.seen_by_client + 1,
            Way::Back => self.seen_by_target,
        }
    }

    /// Notes that bytes arrived.
    fn arrived(&mut self, way: Way, depth: u64) {
        let seen = match way {
            Way::Out => &mut self.seen_by_target,
            Way::Back => &mut self.seen_by_client,
        };
        *seen = depth.max(*seen);
    }
}

impl Wire {
    fn count(&self, chain: &Mutex<Chain>, way: Way, bytes: usize) -> u64 {
        let mut chain = lock(chain);
        let turned = chain.last != Some(way);
        let depth = chain.sent(way);
        let mut counts = lock(&self.counts);
        counts.turns += u64::from(turned);
        counts.exchanges = counts.exchanges.max(depth);
        let total = match way {
            Way::Out => &mut counts.sent,
            Way::Back => &mut counts.received,
        };
        *total += bytes as u64;
        depth
    }
}

fn accept(listener: &TcpListener, wire: &Arc<Wire>) {
    for client in listener.incoming() {
        if wire.stopped.load(Ordering::SeqCst) {
            return;
        }
        // Who connects sees a target that cannot be reached as a connection that closes at once.
        if let Ok(client) = client {
            let wire = Arc::clone(wire);
            thread::spawn(move || connect(&client, &wire));
        }
    }
}

/// Connects to the target and carries bytes both ways until both sides have closed.
fn connect(client: &TcpStream, wire: &Arc<Wire>) -> Option<()> {
    // Opening a connection takes a round trip before the first byte may go.
    sleep(2 * wire.delay);
    let target = TcpStream::connect(wire.target).ok()?;
    for stream in [client, &target] {
        stream.set_nodelay(true).ok()?;
        lock(&wire.open).push(stream.try_clone().ok()?);
    }
    lock(&wire.counts).connections += 1;
    let chain = Arc::new(Mutex::new(Chain::default()));
    for (way, from, to) in [(Way::Out, client, &target), (Way::Back, &target, client)] {
        let (sender, receiver) = sync_channel(IN_FLIGHT);
        let (from, to) = (from.try_clone().ok()?, to.try_clone().ok()?);
        let (wire, reading_chain, writing_chain) =
            (Arc::clone(wire), Arc::clone(&chain), Arc::clone(&chain));
        thread::spawn(move || read(from, way, &wire, &reading_chain, &sender));
        thread::spawn(move || write(to, way, &writing_chain, &receiver));
    }
    Some(())
}

fn read(
    mut from: TcpStream,
    way: Way,
    wire: &Wire,
    chain: &Mutex<Chain>,
    sender: &SyncSender<Chunk>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(len) => {
                let depth = wire.count(chain, way, len);
                let chunk = Chunk {
                    due: Instant::now() + wire.delay,
                    bytes: buffer[..len].to_vec(),
                    depth,
                };
                if sender.send(chunk).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn write(mut to: TcpStream, way: Way, chain: &Mutex<Chain>, receiver: &Receiver<Chunk>) {
    for chunk in receiver {
        sleep(chunk.due.saturating_duration_since(Instant::now()));
        // Before the write, because who is waiting may answer before this thread runs again.
        lock(chain).arrived(way, chunk.depth);
        if to.write_all(&chunk.bytes).is_err() {
            break;
        }
    }
    // The end of one direction; the other may go on.
    drop(to.shutdown(Shutdown::Write));
}

/// A thread that panicked leaves counts that are as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;
    use std::time::{Duration, Instant};

    use crate::relay::{Counts, Relay, start};

    /// A relay in front of a server that answers each byte with ten, and closes when its client does.
    fn relay(delay: Duration) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(len @ 1..) = stream.read(&mut buffer) {
                        stream.write_all(&vec![b'x'; len * 10]).unwrap();
                    }
                });
            }
        });
        start(SocketAddr::from(([127, 0, 0, 1], 0)), target, delay).unwrap()
    }

    fn answer(client: &mut TcpStream, len: usize) {
        let mut answer = vec![0; len];
        client.read_exact(&mut answer).unwrap();
    }

    #[test]
    fn questions_that_wait_for_answers_are_exchanges() {
        let relay = relay(Duration::from_millis(10));
        let mut client = TcpStream::connect(relay.address()).unwrap();
        let begin = Instant::now();
        for _ in 0..5 {
            client.write_all(b"?").unwrap();
            answer(&mut client, 10);
        }
        assert!(begin.elapsed() >= Duration::from_millis(5 * 20), "{:?}", begin.elapsed());
        assert_eq!(
            relay.counts(),
            Counts { connections: 1, sent: 5, received: 50, turns: 10, exchanges: 5 }
        );
    }

    #[test]
    fn questions_sent_ahead_are_one_exchange() {
        let relay = relay(Duration::from_millis(100));
        let mut client = TcpStream::connect(relay.address()).unwrap();
        for _ in 0..5 {
            client.write_all(b"?").unwrap();
            thread::sleep(Duration::from_millis(2));
        }
        answer(&mut client, 50);
        let counts = relay.counts();
        assert_eq!((counts.sent, counts.received, counts.exchanges), (5, 50, 1));
    }

    #[test]
    fn the_end_of_one_side_reaches_the_other_after_the_bytes_before_it() {
        let relay = relay(Duration::from_millis(5));
        let mut client = TcpStream::connect(relay.address()).unwrap();
        client.write_all(&[b'?'; 100_000]).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), 1_000_000);
    }

    #[test]
    fn a_dropped_relay_closes_its_connections() {
        let relay = relay(Duration::ZERO);
        let mut client = TcpStream::connect(relay.address()).unwrap();
        client.write_all(b"?").unwrap();
        answer(&mut client, 10);
        let address = relay.address();
        drop(relay);
        assert_eq!(client.read(&mut [0; 1]).unwrap_or(0), 0);
        assert!(TcpStream::connect(address).is_err());
    }
}
