//! The way to a host: connections, the helper put there, and sessions that carry requests.
//!
//! It knows no playbook and no inventory. Callers are plain threads: every call blocks until it is done, or never blocks at
//! all; the network is served by threads of its own.

pub mod error;
pub mod helpers;
mod local;
mod process;
mod raw;
pub mod session;
pub mod ssh;
mod start;
mod web;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub use raw::Output;

use crate::target::{
    Blobs, ConnectError, Connection as Means, Connector, Endpoint, Target, Watcher,
};
use crate::transport::error::Error;
use crate::transport::session::Session;
use crate::transport::ssh::config::{HostKeyPolicy, SshEndpoint, SshSettings, User};
use crate::transport::ssh::keys::{AskPassphrase, KeyRing};

/// Threads that serve the network. Encryption is all they have to do.
const THREADS: usize = 4;

/// What a transport needs to know from the start.
pub struct Options {
    /// Who runs converge, and where their keys are.
    pub user: User,
    /// Asks for the passphrase of a key; without it, encrypted keys are of no use. Called on a thread that may wait.
    pub ask_passphrase: Option<Arc<AskPassphrase>>,
    /// The contents that hosts may ask for.
    pub blobs: Arc<Blobs>,
}

/// Connects to hosts.
pub struct Transport {
    runtime: Option<Runtime>,
    ssh: ssh::connect::Connector,
    user: User,
    blobs: Arc<Blobs>,
}

impl Options {
    /// For the user of this process, with nobody to ask.
    pub fn new(blobs: Arc<Blobs>) -> Self {
        Self { user: User::current(), ask_passphrase: None, blobs }
    }
}

impl Transport {
    /// Starts the threads that serve the network.
    pub fn new(options: Options) -> io::Result<Self> {
        let threads =
            std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS));
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("converge-net")
            .enable_all()
            .build()?;
        let ring = KeyRing::new(options.ask_passphrase);
        Ok(Self {
            runtime: Some(runtime),
            ssh: ssh::connect::Connector::new(ring),
            user: options.user,
            blobs: options.blobs,
        })
    }

    /// Connects, gets a helper running, and waits for its greeting.
    pub fn session(
        &self,
        endpoint: &Endpoint,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Session, Error> {
        let blobs = Arc::clone(&self.blobs);
        let name = &endpoint.name;
        self.block_on(async {
            if endpoint.connection == Means::Local {
                let started = start::start(name, |script| async move {
                    local::run(&script).map_err(|error| Error::Protocol {
                        address: "localhost".to_owned(),
                        why: format!("cannot start a shell: {error}"),
                    })
                });
                return Ok(Session::new(name, started.await?, None, watcher, blobs));
            }
            let connection = Arc::new(self.ssh.connect(&self.resolve(endpoint)?).await?);
            let started = start::start(name, |script| {
                let connection = Arc::clone(&connection);
                async move { connection.exec(&converge_host::boot::command(&script)).await }
            });
            let started = started.await?;
            Ok(Session::new(name, started, Some(connection), watcher, blobs))
        })
    }

    /// Connects, runs one command without a helper, and waits for its end.
    pub fn exec(&self, endpoint: &Endpoint, command: &str, input: &[u8]) -> Result<Output, Error> {
        self.block_on(async {
            if endpoint.connection == Means::Local {
                return raw::run(None, command, input).await;
            }
            let connection = Arc::new(self.ssh.connect(&self.resolve(endpoint)?).await?);
            let output = raw::run(Some(&connection), command, input).await;
            connection.close().await;
            output
        })
    }

    /// How a host would be reached.
    pub fn resolve(&self, endpoint: &Endpoint) -> Result<SshEndpoint, Error> {
        Ok(SshEndpoint::resolve(&settings(endpoint), &self.user)?)
    }

    fn block_on<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(future),
            None => {
                Err(Error::Protocol { address: String::new(), why: "the run is over".to_owned() })
            }
        }
    }
}

impl Connector for Transport {
    fn connect(
        &self,
        endpoint: &Endpoint,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Target>, ConnectError> {
        Ok(Arc::new(self.session(endpoint, watcher)?))
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Helpers leave by themselves when their connection ends; a resolver that hangs must not hold us.
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

fn settings(endpoint: &Endpoint) -> SshSettings {
    SshSettings {
        name: endpoint.name.clone(),
        host: endpoint.address.clone(),
        port: endpoint.port,
        user: endpoint.user.clone(),
        private_key: endpoint.private_key.clone(),
        password: endpoint.password.clone(),
        options: endpoint.ssh_args.clone(),
        timeout: endpoint.timeout,
        host_keys: endpoint.check_host_key.map(|check| match check {
            true => HostKeyPolicy::Strict,
            false => HostKeyPolicy::Off,
        }),
    }
}
