//! Logging in: which credentials are offered, in which order, and what to say when none of them is taken.
//!
//! The order is OpenSSH's with one change. Keys of the agent that are also named come first, then named keys that need no
//! passphrase, then the agent's other keys, then keys that have to be unlocked, then the password. So nobody is asked
//! anything while there is a way without, and a named key is not lost behind an agent full of others: servers hang up after
//! six tries.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use russh::{AgentAuthError, MethodKind, MethodSet};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::transport::error::{Error, Refused};
use crate::transport::ssh::config::SshEndpoint;
use crate::transport::ssh::connect::Client;
use crate::transport::ssh::keys::{Absent, FileSigner, KeyFile, KeyRing, SignError};

/// A server that thinks longer about one credential is taken for dead: slow directories take seconds, not minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds of questions that are answered before giving up.
const ROUNDS: usize = 6;

/// Steps that a server may ask for one after another (`AuthenticationMethods` of sshd_config(5)).
const STEPS: usize = 4;

/// One login.
pub(super) struct Login<'a> {
    handle: &'a mut Handle<Client>,
    endpoint: &'a SshEndpoint,
    ring: &'a KeyRing,
    /// What the server accepts, once it has said so.
    accepted: Option<MethodSet>,
    /// Whether the last step was right and another is asked for.
    halfway: bool,
    /// The hash to sign with by RSA keys, once it was asked for.
    rsa_hash: Option<Option<HashAlg>>,
    report: Refused,
}

/// A credential.
enum Offer {
    Agent(AgentIdentity),
    File(Arc<KeyFile>),
    Certificate(Arc<KeyFile>, Certificate),
}

type Agent = AgentClient<UnixStream>;

/// What ends a login early.
enum Trouble {
    HungUp,
    TooSlow,
}

/// Logs in. `passwords` says whether the server may be told any.
pub(super) async fn login(
    handle: &mut Handle<Client>,
    endpoint: &SshEndpoint,
    ring: &KeyRing,
    passwords: bool,
) -> Result<(), Error> {
    let report = Refused { address: endpoint.address(), ..Refused::default() };
    let mut login =
        Login { handle, endpoint, ring, accepted: None, halfway: false, rsa_hash: None, report };
    if login.run(passwords).await? {
        return Ok(());
    }
    let methods = login.accepted.iter().flat_map(|methods| methods.iter());
    login.report.accepted = methods.map(|method| <&str>::from(method).to_owned()).collect();
    Err(Error::Refused(Box::new(login.report)))
}

impl Login<'_> {
    async fn run(&mut self, passwords: bool) -> Result<bool, Error> {
        if self.endpoint.methods.public_key && self.keys().await? {
            return Ok(true);
        }
        if self.accepted.is_none() {
            self.ask_methods().await?;
        }
        match self.endpoint.password.clone() {
            None => Ok(false),
            Some(_) if !passwords => {
                self.note("the password was kept back, since the host key has changed".to_owned());
                Ok(false)
            }
            Some(password) => self.password(password.expose()).await,
        }
    }

    /// Tells the password in the way the server wants it. A wrong one is not told twice: accounts get locked by that.
    async fn password(&mut self, password: &str) -> Result<bool, Error> {
        let methods = self.endpoint.methods;
        for _ in 0..STEPS {
            self.halfway = false;
            let done = if methods.password && self.accepts(MethodKind::Password) {
                self.report.tried.push("the password".to_owned());
                let attempt = self.handle.authenticate_password(&self.endpoint.user, password);
                let result = patiently(attempt).await.map_err(|trouble| self.error(trouble))?;
                self.took(result)
            } else if methods.keyboard_interactive && self.accepts(MethodKind::KeyboardInteractive)
            {
                self.report.tried.push("the password as an answer".to_owned());
                self.questions(password).await?
            } else {
                return Ok(false);
            };
            if done || !self.halfway {
                return Ok(done);
            }
        }
        Ok(false)
    }

    /// Offers keys.
    async fn keys(&mut self) -> Result<bool, Error> {
        let mut agent = self.agent().await;
        let mut held = match &mut agent {
            Some(agent) => self.patiently_agent(agent).await,
            None => Vec::new(),
        };
        let mut files = Vec::new();
        for path in &self.endpoint.identities.files {
            match self.ring.file(path).await {
                Ok(file) => files.push(file),
                Err(Absent::Missing) if self.endpoint.identities.named => {
                    self.report.notes.push(format!("key `{}` does not exist", path.display()));
                }
                Err(Absent::Missing) => {}
                Err(Absent::Unusable(why)) => self.report.notes.push(why),
            }
        }
        let certificates = self.certificates();

        let mut offers = Vec::new();
        for file in &files {
            let of_file = |public: &PublicKey| {
                file.public.as_ref().is_some_and(|own| own.key_data() == public.key_data())
            };
            offers.extend(
                held.extract_if(.., |identity| of_file(&identity.public_key())).map(Offer::Agent),
            );
        }
        let (locked, open): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.is_locked());
        let offers_of = |files: Vec<Arc<KeyFile>>| {
            let mut offers = Vec::new();
            for file in files {
                let given = certificates.iter().filter(|certificate| {
                    file.public
                        .as_ref()
                        .is_some_and(|public| public.key_data() == certificate.public_key())
                });
                for certificate in file.certificate.iter().chain(given) {
                    offers.push(Offer::Certificate(Arc::clone(&file), certificate.clone()));
                }
                offers.push(Offer::File(file));
            }
            offers
        };
        let (open, locked) = (offers_of(open), offers_of(locked));
        let others = held.into_iter().filter(|_| !self.endpoint.identities.only).map(Offer::Agent);
        match self.endpoint.identities.named {
            true => offers.extend(open.into_iter().chain(others)),
            false => offers.extend(others.collect::<Vec<_>>().into_iter().chain(open)),
        }
        offers.extend(locked);

        for offer in offers {
            if !self.accepts(MethodKind::PublicKey) {
                return Ok(false);
            }
            if self.offer(offer, agent.as_mut()).await? {
                return Ok(true);
            }
            if self.halfway && !self.accepts(MethodKind::PublicKey) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    async fn offer(&mut self, offer: Offer, agent: Option<&mut Agent>) -> Result<bool, Error> {
        let user = self.endpoint.user.clone();
        match offer {
            Offer::Agent(identity) => {
                let Some(agent) = agent else { return Ok(false) };
                let public = identity.public_key().into_owned();
                self.report
                    .tried
                    .push(format!("agent key {}", describe(&public, identity.comment())));
                let hash = self.hash(&public.algorithm()).await?;
                let attempt = async {
                    match identity {
                        AgentIdentity::PublicKey { key, .. } => {
                            self.handle.authenticate_publickey_with(user, key, hash, agent).await
                        }
                        AgentIdentity::Certificate { certificate, .. } => {
                            self.handle
                                .authenticate_certificate_with(user, certificate, hash, agent)
                                .await
                        }
                    }
                };
                match timeout(PATIENCE, attempt).await {
                    Ok(Ok(result)) => Ok(self.took(result)),
                    Ok(Err(AgentAuthError::Send(_))) => Err(self.error(Trouble::HungUp)),
                    Ok(Err(AgentAuthError::Key(why))) => {
                        self.note(format!("the agent does not sign: {why}"));
                        Ok(false)
                    }
                    Err(_) => Err(self.error(Trouble::TooSlow)),
                }
            }
            Offer::File(file) => self.offer_file(&file, None).await,
            Offer::Certificate(file, certificate) => {
                self.offer_file(&file, Some(certificate)).await
            }
        }
    }

    async fn offer_file(
        &mut self,
        file: &KeyFile,
        certificate: Option<Certificate>,
    ) -> Result<bool, Error> {
        let user = self.endpoint.user.clone();
        let what = if certificate.is_some() { "certificate of key" } else { "key" };
        let public = match &file.public {
            Some(public) => public.clone(),
            // Its format hides even the public half: it has to be unlocked to ask the server about it.
            None => match self.ring.open(file).await {
                Ok(key) => key.public_key().clone(),
                Err(why) => {
                    self.note(why);
                    return Ok(false);
                }
            },
        };
        self.report.tried.push(format!("{what} `{}`", file.path.display()));
        let hash = self.hash(&public.algorithm()).await?;
        let mut signer = FileSigner { ring: self.ring, file };
        // A person may be asked in here, who has all the time in the world; the server has its own limit.
        let result = match certificate {
            Some(certificate) => {
                self.handle
                    .authenticate_certificate_with(user, certificate, hash, &mut signer)
                    .await
            }
            None => self.handle.authenticate_publickey_with(user, public, hash, &mut signer).await,
        };
        match result {
            Ok(result) => Ok(self.took(result)),
            Err(SignError::Gone) => Err(self.error(Trouble::HungUp)),
            Err(SignError::Locked(why)) => {
                self.note(why);
                Ok(false)
            }
        }
    }

    /// Answers questions that hide what is typed by the password.
    async fn questions(&mut self, password: &str) -> Result<bool, Error> {
        let start = self
            .handle
            .authenticate_keyboard_interactive_start(&self.endpoint.user, None::<String>);
        let mut response = patiently(start).await.map_err(|trouble| self.error(trouble))?;
        for _ in 0..ROUNDS {
            match response {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    return Ok(
                        self.took(AuthResult::Failure { remaining_methods, partial_success })
                    );
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    if prompts.len() > 1 || prompts.iter().any(|prompt| prompt.echo) {
                        let asked: Vec<_> =
                            prompts.iter().map(|prompt| prompt.prompt.trim()).collect();
                        self.note(format!(
                            "it asks `{}`, which nobody can answer in a run",
                            asked.join(" ")
                        ));
                        return Ok(false);
                    }
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    let respond = self.handle.authenticate_keyboard_interactive_respond(answers);
                    response = patiently(respond).await.map_err(|trouble| self.error(trouble))?;
                }
            }
        }
        self.note("it asks on and on".to_owned());
        Ok(false)
    }

    /// Learns what the server accepts: to tell the password in the right way, and for the report.
    async fn ask_methods(&mut self) -> Result<(), Error> {
        let attempt = self.handle.authenticate_none(&self.endpoint.user);
        let result = patiently(attempt).await.map_err(|trouble| self.error(trouble))?;
        self.took(result);
        Ok(())
    }

    async fn agent(&mut self) -> Option<Agent> {
        let socket = self.endpoint.identities.agent.as_ref()?;
        match timeout(PATIENCE, Agent::connect_uds(socket)).await {
            Ok(Ok(mut agent)) => {
                if let Some(binding) = self.handle.agent_session_binding() {
                    // Agents that know no restricted keys refuse this, and need not know.
                    let _unsupported = timeout(PATIENCE, agent.bind_session(binding, false)).await;
                }
                Some(agent)
            }
            Ok(Err(error)) => {
                self.report
                    .notes
                    .push(format!("the agent at `{}` does not answer: {error}", socket.display()));
                None
            }
            Err(_) => None,
        }
    }

    async fn patiently_agent(&mut self, agent: &mut Agent) -> Vec<AgentIdentity> {
        match timeout(PATIENCE, agent.request_identities()).await {
            Ok(Ok(identities)) => identities,
            Ok(Err(error)) => {
                self.note(format!("the agent does not tell its keys: {error}"));
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// The certificates that were named.
    fn certificates(&mut self) -> Vec<Certificate> {
        let mut found = Vec::new();
        for path in &self.endpoint.identities.certificates {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
            match read.and_then(|text| {
                Certificate::from_openssh(text.trim()).map_err(|error| error.to_string())
            }) {
                Ok(certificate) => found.push(certificate),
                Err(why) => {
                    self.report.notes.push(format!("certificate `{}`: {why}", path.display()));
                }
            }
        }
        found
    }

    /// The hash to sign with: only RSA keys have a choice, and old servers know SHA-1 only.
    async fn hash(&mut self, algorithm: &Algorithm) -> Result<Option<HashAlg>, Error> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return Ok(None);
        }
        if let Some(hash) = self.rsa_hash {
            return Ok(hash);
        }
        let hash = self
            .handle
            .best_supported_rsa_hash()
            .await
            .map_err(|_| self.error(Trouble::HungUp))?
            .flatten();
        self.rsa_hash = Some(hash);
        Ok(hash)
    }

    fn accepts(&self, method: MethodKind) -> bool {
        self.accepted.as_ref().is_none_or(|methods| methods.contains(&method))
    }

    fn took(&mut self, result: AuthResult) -> bool {
        match result {
            AuthResult::Success => true,
            AuthResult::Failure { remaining_methods, partial_success } => {
                self.accepted = Some(remaining_methods);
                self.halfway |= partial_success;
                false
            }
        }
    }

    fn note(&mut self, note: String) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    fn error(&self, trouble: Trouble) -> Error {
        match trouble {
            Trouble::HungUp => {
                let mut report = self.report.clone();
                report.notes.push("the server closed the connection".to_owned());
                Error::Refused(Box::new(report))
            }
            Trouble::TooSlow => Error::Timeout {
                address: self.endpoint.address(),
                step: "logging in",
                after: PATIENCE,
            },
        }
    }
}

async fn patiently<T>(
    attempt: impl Future<Output = Result<T, russh::Error>>,
) -> Result<T, Trouble> {
    match timeout(PATIENCE, attempt).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err(Trouble::HungUp),
        Err(_) => Err(Trouble::TooSlow),
    }
}

fn describe(key: &PublicKey, comment: &str) -> String {
    let fingerprint = key.fingerprint(HashAlg::Sha256);
    match comment {
        "" => format!("{} {fingerprint}", key.algorithm().as_str()),
        comment => format!("`{comment}` ({})", key.algorithm().as_str()),
    }
}
