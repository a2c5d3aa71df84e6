//! Connections that go out from a host.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::tls::AUTHORITIES;
use crate::transport::raw;
use crate::transport::ssh::connect::{Connection, NoWay};
use crate::transport::web::Fault;

/// Bytes to and from a server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The way out of a host: its connection, or none where it is this machine.
pub(crate) struct Way(Option<Arc<Connection>>);

impl Way {
    pub(crate) fn new(connection: Option<Arc<Connection>>) -> Self {
        Self(connection)
    }

    /// Connects to a name and a port as the host knows them.
    pub(super) async fn reach(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, Fault> {
        let failed =
            |why: &str| Fault(7, format!("Failed to connect to {host} port {port}: {why}"));
        let Some(connection) = &self.0 else {
            let stream = TcpStream::connect((host, port)).await;
            let stream = stream.map_err(|error| failed(&error.to_string()))?;
            return Ok(Box::new(stream));
        };
        match connection.reach(host, port).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(NoWay::Forbidden) => Err(failed(
                "the host has no `curl`, and its sshd does not allow the controller to ask in its place; install `curl`, or set `AllowTcpForwarding local`",
            )),
            Err(NoWay::Unreachable) => {
                Err(failed("the host does not know the name, or can't reach it"))
            }
            Err(NoWay::Lost(why)) => Err(failed(&why)),
        }
    }

    /// The certificates of the authorities that the host trusts, and where they are; this machine's where the host has none.
    pub(super) async fn authorities(&self) -> (Vec<u8>, String) {
        for path in AUTHORITIES {
            if let Ok(bytes) = self.read(path).await {
                return (bytes, format!("those in {path} of the host"));
            }
        }
        let own = std::env::var("SSL_CERT_FILE").ok();
        let own = own.iter().map(String::as_str).chain(AUTHORITIES.iter().copied());
        for path in own {
            if let Ok(bytes) = tokio::fs::read(path).await {
                return (bytes, format!("those in {path} of the controller, as the host has none"));
            }
        }
        (Vec::new(), "none: neither the host nor the controller names an authority".to_owned())
    }

    /// What is in a file of the host.
    pub(super) async fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let quoted = shlex::try_quote(path).map_err(|error| error.to_string())?;
        let output = raw::run(self.0.as_ref(), &format!("cat -- {quoted}"), b"").await;
        let output = output.map_err(|error| error.to_string())?;
        match output.status {
            Some(0) if !output.stdout.is_empty() => Ok(output.stdout),
            Some(0) => Err("there is nothing in it".to_owned()),
            _ => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }
}
