//! Connections of a run: made when a host is needed first, several at once, and kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use converge_host::data::{Data, Map};
use converge_host::wire::{Ask, BecomeMethod, Call, Holder, Open, OpenError, Reply, Request};

use crate::plan::escalation::Escalation;
use crate::target::{ConnectError, Connector, Endpoint, Target, Watcher};

/// Where systemd keeps what tells this installation from every other; machine-id(5).
const MACHINE_ID: &str = "/etc/machine-id";

/// What a host says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The id of its installation, where it has one; machine-id(5).
    pub machine: Option<String>,
    /// The fingerprint of its SSH host key, where it is reached by SSH.
    pub host_key: Option<String>,
}

/// The connections of a run.
pub(crate) struct Connections {
    connector: Arc<dyn Connector>,
    watcher: Arc<dyn Watcher>,
    /// How many may be made at once.
    forks: usize,
    /// Whether helpers will do that only look.
    looks: bool,
    known: Mutex<Vec<(Endpoint, Result<Arc<Line>, ConnectError>)>>,
    /// On whose behalf hosts are changed.
    holder: Mutex<Option<Holder>>,
}

/// A connection to a host, and the helpers of other users on it.
pub(crate) struct Line {
    /// The host.
    pub(crate) target: Arc<dyn Target>,
    looks: bool,
    helpers: Mutex<HashMap<(String, BecomeMethod, Vec<String>), Result<u32, OpenError>>>,
}

impl Connections {
    /// No connections yet.
    pub(crate) fn new(
        connector: Arc<dyn Connector>,
        watcher: Arc<dyn Watcher>,
        forks: usize,
        looks: bool,
    ) -> Self {
        Self {
            connector,
            watcher,
            forks: forks.max(1),
            looks,
            known: Mutex::default(),
            holder: Mutex::default(),
        }
    }

    /// Connects to all of these that are not connected yet, and waits.
    pub(crate) fn prepare(&self, endpoints: &[Endpoint]) {
        let mut wanted: Vec<&Endpoint> = Vec::new();
        for endpoint in endpoints {
            if self.get(endpoint).is_none() && !wanted.contains(&endpoint) {
                wanted.push(endpoint);
            }
        }
        for some in wanted.chunks(self.forks) {
            let results: Vec<_> = std::thread::scope(|scope| {
                let connect = |endpoint| {
                    let watcher = Arc::clone(&self.watcher);
                    scope.spawn(move || self.connector.connect(endpoint, watcher))
                };
                let threads: Vec<_> = some.iter().map(|endpoint| connect(*endpoint)).collect();
                let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                    thread.join().unwrap_or_else(|_| Err(crashed()))
                };
                threads.into_iter().map(ended).collect()
            });
            let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (endpoint, result) in some.iter().zip(results) {
                let result: Result<Arc<dyn Target>, ConnectError> = result;
                if let (Ok(target), Some(holder)) = (&result, &holder) {
                    target.lease(holder);
                }
                let line = |target| Line { target, looks: self.looks, helpers: Mutex::default() };
                let line = result.map(|target| Arc::new(line(target)));
                known.push(((*endpoint).clone(), line));
            }
        }
    }

    /// Hosts are changed on behalf of this run from now on, those too that are not connected yet.
    pub(crate) fn lease(&self, holder: Holder) {
        for (_, line) in self.known.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Ok(line) = line {
                line.target.lease(&holder);
            }
        }
        *self.holder.lock().unwrap_or_else(PoisonError::into_inner) = Some(holder);
    }

    /// The connection to a host; none where nobody tried.
    pub(crate) fn get(&self, endpoint: &Endpoint) -> Option<Result<Arc<Line>, ConnectError>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(other, _)| other == endpoint).map(|(_, line)| line.clone())
    }

    /// Forgets the connections to a host, so that the next use connects anew.
    pub(crate) fn forget(&self, host: &str) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(endpoint, _)| endpoint.name != host);
    }

    /// What every host that is connected says that it is. `number` is the last number that a request had.
    pub(crate) fn identities(&self, number: &mut u64) -> BTreeMap<String, Identity> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut asked = Vec::new();
        for (endpoint, line) in known.iter() {
            let Ok(line) = line else { continue };
            *number += 1;
            let args = Map::from([("src".to_owned(), Data::from(MACHINE_ID))]);
            let call = Call { module: "slurp".into(), args, env: Vec::new() };
            let request =
                Request { id: *number, helper: 0, after: Vec::new(), ask: Ask::Preview, call };
            let ticket = line.target.submit(request);
            asked.push((endpoint.name.clone(), line.target.host_key(), ticket));
        }
        let mut identities = BTreeMap::new();
        for (name, host_key, ticket) in asked {
            let machine = match &*ticket.wait() {
                Reply::Done(done) => machine_id(&done.results),
                _ => None,
            };
            identities.entry(name).or_insert(Identity { machine, host_key });
        }
        identities
    }

    /// Every host forgets what was planned.
    pub(crate) fn reset(&self) {
        for (_, line) in self.known.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Ok(line) = line {
                line.target.reset();
                line.helpers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .retain(|_, helper| helper.is_ok());
            }
        }
    }
}

impl Line {
    /// The number of the helper that runs as the user asked for; started where it isn't yet.
    pub(crate) fn helper(&self, escalation: Option<&Escalation>) -> Result<u32, OpenError> {
        let Some(escalation) =
            escalation.filter(|escalation| self.target.user().name != escalation.user)
        else {
            return Ok(0);
        };
        let key = (escalation.user.clone(), escalation.method, escalation.flags.clone());
        let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = helpers.get(&key) {
            return known.clone();
        }
        let number = u32::try_from(helpers.len() + 1).unwrap_or(u32::MAX);
        let open = Open {
            helper: number,
            user: escalation.user.clone(),
            method: escalation.method,
            flags: escalation.flags.clone(),
            password: escalation.password.as_ref().map(|password| password.expose().to_owned()),
            looks: self.looks,
        };
        let helper = self.target.open(open).map(|_| number);
        if helper != Err(OpenError::NoSuchUser) {
            helpers.insert(key, helper.clone());
        }
        helper
    }
}

/// Why a helper of another user could not be started, in words; `looks` where one would have done that only looks.
pub(crate) fn explain(error: &OpenError, escalation: &Escalation, looks: bool) -> String {
    let user = &escalation.user;
    let least = match looks {
        true => ", or allow it to look and nothing else, as `converge drift --sudoers` says",
        false => "",
    };
    match error {
        OpenError::PasswordNeeded => format!(
            "a password is needed to become `{user}`; give it with --ask-become-pass or ansible_become_password{least}"
        ),
        OpenError::WrongPassword => format!("the password to become `{user}` was refused"),
        OpenError::NoSuchUser => format!("there is no user `{user}` to become"),
        OpenError::Failed(why) => format!("cannot become `{user}`: {why}"),
    }
}

/// The id in what `slurp` gives back.
fn machine_id(results: &Map) -> Option<String> {
    let Some(Data::Str(content)) = results.get("content") else { return None };
    let bytes = base64::engine::general_purpose::STANDARD.decode(content).ok()?;
    let text = String::from_utf8(bytes).ok()?.trim().to_owned();
    // Until the first boot is through, there is only a word that says so.
    (text.len() == 32).then_some(text)
}

fn crashed() -> ConnectError {
    ConnectError { message: "connecting crashed".into(), help: Vec::new() }
}
