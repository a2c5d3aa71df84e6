//! Makes connections: names to addresses, the handshake, the login, and the way through jump hosts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, DisconnectReason, Handle, Msg};
use russh::keys::{HashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelStream, Disconnect, SshId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::transport::error::{Error, HostKeyError};
use crate::transport::process::{EVENTS, End, Event, Process};
use crate::transport::ssh::algorithms;
use crate::transport::ssh::auth;
use crate::transport::ssh::config::{Family, SshEndpoint, Via};
use crate::transport::ssh::host_key::{Check, Trust};
use crate::transport::ssh::keys::KeyRing;
use crate::transport::ssh::proxy;

/// The next address is tried after this time, though the one before may still answer (RFC 8305, section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// When a server hangs up before its greeting, it has too many half-open connections (`MaxStartups`): these are the pauses
/// before trying again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1500),
    Duration::from_millis(3000),
];

/// Makes and shares connections.
pub struct Connector {
    ring: KeyRing,
    jumps: Mutex<HashMap<String, Arc<Jump>>>,
}

/// A connection to a jump host, which all hosts behind it share: servers count connections, not what runs through them.
type Jump = OnceCell<Result<Arc<Connection>, Error>>;

/// A connection that is logged in.
pub(crate) struct Connection {
    handle: Handle<Client>,
    address: String,
    seen: Arc<Mutex<Seen>>,
    /// The jump host that it runs through.
    _via: Option<Arc<Self>>,
}

/// Our side of the SSH library: it is asked about the server's key, and told why a connection ended.
pub(super) struct Client {
    check: Check,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen on a connection.
#[derive(Default)]
struct Seen {
    refused: Option<Box<HostKeyError>>,
    blindly: bool,
    greeted: bool,
    /// The fingerprint of the key that the server showed.
    host_key: Option<String>,
    lost: Option<String>,
}

impl Connector {
    /// A connector that opens keys with this ring.
    pub fn new(ring: KeyRing) -> Self {
        Self { ring, jumps: Mutex::new(HashMap::new()) }
    }

    /// Connects and logs in.
    pub(crate) async fn connect(&self, endpoint: &SshEndpoint) -> Result<Connection, Error> {
        match &endpoint.via {
            Via::Direct => {
                let mut pauses = PAUSES.iter();
                loop {
                    let deadline = Instant::now() + endpoint.connect_timeout;
                    let stream = timeout_at(deadline, dial(endpoint))
                        .await
                        .map_err(|_| too_slow(endpoint, "connecting"))??;
                    match (self.start(endpoint, stream, None, deadline).await, pauses.next()) {
                        (Err(Attempt::Turned(_)), Some(pause)) => sleep(jitter(*pause)).await,
                        (result, _) => return result.map_err(Attempt::error),
                    }
                }
            }
            Via::Command(command) => {
                let deadline = Instant::now() + endpoint.connect_timeout;
                let (stream, complaints) =
                    proxy::start(command).map_err(|why| protocol(endpoint, why))?;
                match self.start(endpoint, stream, None, deadline).await.map_err(Attempt::error) {
                    Err(Error::Protocol { address, why }) => {
                        Err(Error::Protocol { address, why: complaints.explain(&why).await })
                    }
                    result => result,
                }
            }
            Via::Jumps(hops) => {
                let jump = self.jump(hops).await?;
                let deadline = Instant::now() + endpoint.connect_timeout;
                let open = jump.handle.channel_open_direct_tcpip(
                    &endpoint.host,
                    endpoint.port.into(),
                    "127.0.0.1",
                    0,
                );
                let channel = timeout_at(deadline, open)
                    .await
                    .map_err(|_| too_slow(endpoint, "connecting"))?;
                let channel = channel.map_err(|error| Error::Unreachable {
                    address: endpoint.address(),
                    tried: vec![format!("from jump host `{}`: {}", jump.address, plainly(&error))],
                })?;
                let result =
                    self.start(endpoint, channel.into_stream(), Some(jump), deadline).await;
                result.map_err(Attempt::error)
            }
        }
    }

    /// The connection to the last of these hosts, which is made once.
    async fn jump(&self, hops: &[SshEndpoint]) -> Result<Arc<Connection>, Error> {
        let Some((last, before)) = hops.split_last() else {
            return Err(Error::Protocol {
                address: String::new(),
                why: "a jump without a host".to_owned(),
            });
        };
        // All that decides on a connection is in here; passwords show as dots, and jump hosts have none.
        let key = format!("{hops:?}");
        let cell = {
            let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
            let usable = |jump: &Arc<Jump>| match jump.get() {
                None => true,
                Some(Ok(connection)) => !connection.handle.is_closed(),
                Some(Err(_)) => false,
            };
            match jumps.get(&key).filter(|jump| usable(jump)) {
                Some(jump) => Arc::clone(jump),
                None => {
                    let jump = Arc::new(Jump::new());
                    jumps.insert(key, Arc::clone(&jump));
                    jump
                }
            }
        };
        let connect = || async {
            let mut endpoint = last.clone();
            if !before.is_empty() {
                endpoint.via = Via::Jumps(before.to_vec());
            }
            match Box::pin(self.connect(&endpoint)).await {
                Ok(connection) => Ok(Arc::new(connection)),
                Err(error @ (Error::Jump { .. } | Error::HostKey(_))) => Err(error),
                Err(error) => Err(Error::Jump { hop: endpoint.address(), why: Box::new(error) }),
            }
        };
        cell.get_or_init(connect).await.clone()
    }

    /// Shakes hands and logs in over a stream.
    async fn start<S>(
        &self,
        endpoint: &SshEndpoint,
        stream: S,
        via: Option<Arc<Connection>>,
        deadline: Instant,
    ) -> Result<Connection, Attempt>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let check = Check::new(endpoint).map_err(|why| Attempt::Failed(protocol(endpoint, why)))?;
        let config =
            config(endpoint, &check).map_err(|why| Attempt::Failed(protocol(endpoint, why)))?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let client = Client { check, seen: Arc::clone(&seen) };
        let handshake = client::connect_stream(Arc::new(config), stream, client);
        let mut handle = match timeout_at(deadline, handshake).await {
            Err(_) => return Err(Attempt::Failed(too_slow(endpoint, "the SSH handshake"))),
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => {
                let mut seen = lock(&seen);
                return Err(match seen.refused.take() {
                    Some(refused) => Attempt::Failed(Error::HostKey(refused)),
                    None if !seen.greeted && is_hang_up(&error) => Attempt::Turned(protocol(
                        endpoint,
                        "the server closed the connection before its greeting; it may have too many of them (`MaxStartups`)",
                    )),
                    None => Attempt::Failed(protocol(
                        endpoint,
                        format!("the SSH handshake failed: {}", plainly(&error)),
                    )),
                });
            }
        };
        let passwords = !lock(&seen).blindly;
        if let Err(mut error) = auth::login(&mut handle, endpoint, &self.ring, passwords).await {
            if let (Error::Refused(report), Some(lost)) = (&mut error, &lock(&seen).lost) {
                report.notes.push(lost.clone());
            }
            return Err(Attempt::Failed(error));
        }
        Ok(Connection { handle, address: endpoint.address(), seen, _via: via })
    }
}

impl Connection {
    /// Runs a command.
    pub(crate) async fn exec(self: &Arc<Self>, command: &str) -> Result<Process, Error> {
        let fail = |error: russh::Error| Error::Protocol {
            address: self.address.clone(),
            why: match self.lost() {
                Some(why) => why,
                None => format!("cannot run a command: {}", plainly(&error)),
            },
        };
        let channel = self.handle.channel_open_session().await.map_err(fail)?;
        channel.exec(true, command).await.map_err(fail)?;
        let (read, write) = channel.split();
        let (sender, events) = mpsc::channel(EVENTS);
        tokio::spawn(Arc::clone(self).pump(read, sender));
        Ok(Process {
            input: Box::pin(write.make_writer()),
            events,
            keep: Box::new((Arc::clone(self), write)),
        })
    }

    /// A connection that goes out from the host, to a name and a port as the host knows them.
    pub(crate) async fn reach(&self, host: &str, port: u16) -> Result<ChannelStream<Msg>, NoWay> {
        let channel = self.handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0);
        match channel.await {
            Ok(channel) => Ok(channel.into_stream()),
            Err(russh::Error::ChannelOpenFailure(
                ChannelOpenFailure::AdministrativelyProhibited,
            )) => Err(NoWay::Forbidden),
            Err(russh::Error::ChannelOpenFailure(_)) => Err(NoWay::Unreachable),
            Err(error) => Err(NoWay::Lost(self.lost().unwrap_or_else(|| plainly(&error)))),
        }
    }

    /// Says good-bye.
    pub(crate) async fn close(&self) {
        let bye = self.handle.disconnect(Disconnect::ByApplication, "", "");
        let _gone_already = timeout(Duration::from_millis(500), bye).await;
    }

    /// Passes on what a channel says. It is read to its close, since the exit status may come after the end of output.
    async fn pump(self: Arc<Self>, mut read: ChannelReadHalf, events: mpsc::Sender<Event>) {
        let mut end = End::default();
        while let Some(message) = read.wait().await {
            let event = match message {
                ChannelMsg::Data { data } => Event::Output(data.to_vec()),
                ChannelMsg::ExtendedData { data, .. } => Event::Error(data.to_vec()),
                ChannelMsg::ExitStatus { exit_status } => {
                    end.status = Some(exit_status);
                    continue;
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    end.signal = Some(format!("{signal_name:?}"));
                    continue;
                }
                ChannelMsg::Failure => {
                    end.lost = Some("the server refuses to run commands".to_owned());
                    continue;
                }
                _ => continue,
            };
            if events.send(event).await.is_err() {
                return;
            }
        }
        if end.status.is_none() && end.signal.is_none() && end.lost.is_none() {
            end.lost = Some(self.lost_soon().await);
        }
        let _nobody_listens = events.send(Event::End(end)).await;
    }

    /// The fingerprint of the server's key, as OpenSSH writes it: `SHA256:…`.
    pub(crate) fn host_key(&self) -> Option<String> {
        lock(&self.seen).host_key.clone()
    }

    fn lost(&self) -> Option<String> {
        lock(&self.seen).lost.clone()
    }

    /// The reason for a loss. The library closes channels a moment before it tells why.
    async fn lost_soon(&self) -> String {
        for _ in 0..20 {
            if let Some(why) = self.lost() {
                return why;
            }
            sleep(Duration::from_millis(10)).await;
        }
        "the server closed the channel".to_owned()
    }
}

/// Why nothing goes out from a host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoWay {
    /// The server does not allow it.
    Forbidden,
    /// The host does not know the name, or nobody answers there.
    Unreachable,
    /// There is no connection any more.
    Lost(String),
}

/// A failed attempt.
enum Attempt {
    /// Turned away at the door; it may be let in a moment later.
    Turned(Error),
    Failed(Error),
}

impl Attempt {
    fn error(self) -> Error {
        match self {
            Self::Turned(error) | Self::Failed(error) => error,
        }
    }
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let judgement = self.check.judge(shown);
        let mut seen = lock(&self.seen);
        seen.greeted = true;
        seen.host_key = Some(shown.public_key().fingerprint(HashAlg::Sha256).to_string());
        match judgement {
            Ok(trust) => {
                seen.blindly = trust == Trust::Blindly;
                Ok(true)
            }
            Err(refused) => {
                seen.refused = Some(refused);
                Ok(false)
            }
        }
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        let mut seen = lock(&self.seen);
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                seen.lost.get_or_insert(format!("the server says `{}`", info.message.trim()));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                seen.lost.get_or_insert(plainly(&error));
                Err(error)
            }
        }
    }
}

/// Connects to the first address that answers.
async fn dial(endpoint: &SshEndpoint) -> Result<TcpStream, Error> {
    let found = lookup_host((endpoint.host.as_str(), endpoint.port)).await;
    let no_address = |why: String| Error::Resolve { host: endpoint.host.clone(), why };
    let addresses: Vec<SocketAddr> = found
        .map_err(|error| no_address(plain_io(&error)))?
        .filter(|address| match endpoint.family {
            Family::Any => true,
            Family::Inet => address.is_ipv4(),
            Family::Inet6 => address.is_ipv6(),
        })
        .collect();
    if addresses.is_empty() {
        return Err(no_address("none of the family that `AddressFamily` allows".to_owned()));
    }
    let mut attempts = JoinSet::new();
    for (position, address) in addresses.into_iter().enumerate() {
        let bind = endpoint.bind_address.clone();
        attempts.spawn(async move {
            sleep(NEXT_ADDRESS * position as u32).await;
            let connected = connect_from(bind.as_deref(), address).await;
            connected.map_err(|error| format!("{address}: {}", plain_io(&error)))
        });
    }
    let mut tried = Vec::new();
    while let Some(result) = attempts.join_next().await {
        match result {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(why)) => tried.push(why),
            Err(error) => tried.push(error.to_string()),
        }
    }
    Err(Error::Unreachable { address: endpoint.address(), tried })
}

async fn connect_from(bind: Option<&str>, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bind) = bind {
        let mut local =
            lookup_host((bind, 0)).await?.filter(|local| local.is_ipv4() == address.is_ipv4());
        let local = local.next().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        socket.bind(local)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn config(endpoint: &SshEndpoint, check: &Check) -> Result<client::Config, String> {
    let mut preferred = algorithms::preferred(&endpoint.algorithms)?;
    preferred.key = check.order(&preferred.key).into();
    preferred.host_key_certificates = check.certificates().into();
    Ok(client::Config {
        client_id: SshId::Standard(concat!("SSH-2.0-converge_", env!("CARGO_PKG_VERSION")).into()),
        preferred,
        nodelay: true,
        keepalive_interval: endpoint.keepalive,
        keepalive_max: endpoint.keepalive_max,
        ..client::Config::default()
    })
}

/// The library's errors in our words, where they can be seen in daily life.
fn plainly(error: &russh::Error) -> String {
    match error {
        russh::Error::KeepaliveTimeout => "the server does not answer any more".to_owned(),
        russh::Error::Disconnect | russh::Error::HUP => {
            "the server closed the connection".to_owned()
        }
        russh::Error::IO(error) => plain_io(error),
        russh::Error::ChannelOpenFailure(why) => format!("the server refuses ({why:?})"),
        russh::Error::NoCommonAlgo { kind, ours, theirs } => {
            format!(
                "no common {kind:?} algorithm: we offer {}, it offers {}",
                ours.join(","),
                theirs.join(",")
            )
        }
        other => other.to_string(),
    }
}

fn plain_io(error: &std::io::Error) -> String {
    let text = error.to_string();
    // Rust adds `(os error 111)`, and resolvers `failed to lookup address information:`.
    let text = text.split(" (os error").next().unwrap_or_default();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(text);
    text.to_lowercase()
}

fn is_hang_up(error: &russh::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error {
        russh::Error::Disconnect | russh::Error::HUP => true,
        russh::Error::IO(error) => {
            matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
        }
        _ => false,
    }
}

fn too_slow(endpoint: &SshEndpoint, step: &'static str) -> Error {
    Error::Timeout { address: endpoint.address(), step, after: endpoint.connect_timeout }
}

fn protocol(endpoint: &SshEndpoint, why: impl Into<String>) -> Error {
    Error::Protocol { address: endpoint.address(), why: why.into() }
}

/// Hosts that were turned away together should not come back together.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + rand::random::<f64>())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
