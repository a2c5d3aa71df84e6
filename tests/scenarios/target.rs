//! Sessions with machines in memory: what a helper does on a host, done on a thread of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use converge::target::{
    Blobs, ConnectError, Connector, Endpoint, Resolver, Target, Ticket, Watcher,
};
use converge_host::answer::{Answerer, Prepared, Work};
use converge_host::blob::Digest;
use converge_host::data::Map;
use converge_host::host::{Host, User};
use converge_host::stop::Failure;
use converge_host::wire::{Ask, Holder, Open, OpenError, Reply, Request};

use crate::machine::Memory;

/// The machines of a scenario, by name.
pub(crate) struct Machines {
    machines: HashMap<String, Arc<Mutex<Answerer<Memory>>>>,
    blobs: Arc<Blobs>,
}

/// A connection to one of them.
struct Session {
    user: User,
    inbox: Sender<Message>,
}

/// What a session is told.
enum Message {
    Request(Box<Request>, Resolver),
    Go(u64),
    GiveUp(u64),
    Open(Open, SyncSender<Result<User, OpenError>>),
    Reset,
}

/// The other end of a session.
struct Worker {
    name: String,
    machine: Arc<Mutex<Answerer<Memory>>>,
    blobs: Arc<Blobs>,
    watcher: Arc<dyn Watcher>,
    inbox: Receiver<Message>,
    waiting: VecDeque<Message>,
    outcomes: BTreeMap<u64, bool>,
    users: BTreeMap<u32, User>,
    lost: Option<String>,
}

impl Machines {
    /// Machines that nobody is connected to.
    pub(crate) fn new(
        machines: impl IntoIterator<Item = (String, Memory)>,
        blobs: Arc<Blobs>,
    ) -> Self {
        let machines = machines
            .into_iter()
            .map(|(name, machine)| (name, Arc::new(Mutex::new(Answerer::new(machine)))))
            .collect();
        Self { machines, blobs }
    }

    /// Forgets what was planned: as where nobody is connected any more.
    pub(crate) fn forget(&self) {
        self.machines.values().for_each(|machine| machine.lock().unwrap().reset());
    }

    /// A machine as it is now.
    pub(crate) fn machine(&self, name: &str) -> Option<Memory> {
        Some(self.machines.get(name)?.lock().unwrap().machine.clone())
    }
}

impl Connector for Machines {
    fn connect(
        &self,
        endpoint: &Endpoint,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<dyn Target>, ConnectError> {
        let refused = |message: String| ConnectError { message, help: Vec::new() };
        let machine = self
            .machines
            .get(&endpoint.name)
            .ok_or_else(|| refused(format!("there is no machine `{}`", endpoint.name)))?;
        let base = machine.lock().unwrap().machine.base.clone();
        if let Some(why) = base.unreachable {
            return Err(refused(why));
        }
        let login = endpoint.user.clone().unwrap_or(base.login.clone());
        let user = base.account(&login).ok_or_else(|| refused(format!("`{login}` may not")))?;
        let (inbox, messages) = channel();
        let worker = Worker {
            name: endpoint.name.clone(),
            machine: Arc::clone(machine),
            blobs: Arc::clone(&self.blobs),
            watcher,
            inbox: messages,
            waiting: VecDeque::new(),
            outcomes: BTreeMap::new(),
            users: BTreeMap::from([(0, user.clone())]),
            lost: None,
        };
        thread::spawn(move || worker.run());
        Ok(Arc::new(Session { user, inbox }))
    }
}

impl Target for Session {
    fn user(&self) -> &User {
        &self.user
    }

    fn submit(&self, request: Request) -> Ticket {
        let (ticket, resolver) = Ticket::new();
        self.inbox.send(Message::Request(Box::new(request), resolver)).unwrap();
        ticket
    }

    fn go(&self, id: u64) {
        self.inbox.send(Message::Go(id)).unwrap();
    }

    fn give_up(&self, id: u64) {
        self.inbox.send(Message::GiveUp(id)).unwrap();
    }

    fn open(&self, open: Open) -> Result<User, OpenError> {
        let (sender, receiver) = sync_channel(1);
        self.inbox.send(Message::Open(open, sender)).unwrap();
        receiver.recv().unwrap()
    }

    fn reset(&self) {
        self.inbox.send(Message::Reset).unwrap();
    }

    /// Nobody else is here.
    fn lease(&self, _: &Holder) {}
}

impl Worker {
    fn run(mut self) {
        while let Some(message) = self.waiting.pop_front().or_else(|| self.inbox.recv().ok()) {
            match message {
                Message::Request(request, resolver) => {
                    let reply = self.request(&request);
                    self.outcomes
                        .insert(request.id, matches!(reply, Reply::Done(_) | Reply::Unknown(_)));
                    resolver.resolve(reply.clone());
                    self.watcher.resolved(&self.name, request.id, &reply);
                }
                Message::Open(open, sender) => sender.send(self.open(&open)).unwrap(),
                Message::Reset => {
                    self.outcomes.clear();
                    self.machine.lock().unwrap().reset();
                }
                // Of a request that has answered already.
                Message::Go(_) | Message::GiveUp(_) => {}
            }
        }
    }

    fn open(&mut self, open: &Open) -> Result<User, OpenError> {
        let machine = self.machine.lock().unwrap();
        let user = machine.machine.user(&open.user).ok().flatten();
        let user = user.ok_or(OpenError::NoSuchUser)?;
        self.users.insert(open.helper, user.clone());
        Ok(user)
    }

    fn request(&mut self, request: &Request) -> Reply {
        if let Some(why) = &self.lost {
            return Reply::Lost(why.clone());
        }
        if request.after.iter().any(|before| self.outcomes.get(before) != Some(&true)) {
            return Reply::NotRun;
        }
        let Some(user) = self.users.get(&request.helper).cloned() else {
            return failed(format!("helper {} was not opened", request.helper));
        };
        let machine = Arc::clone(&self.machine);
        let mut machine = machine.lock().unwrap();
        machine.machine.base.identity = user;
        let Ask::Perform { gate, reviewed } = &request.ask else {
            let blobs = Arc::clone(&self.blobs);
            return with_blobs(&blobs, &mut machine, |machine| {
                machine.answer(&request.ask, &request.call)
            })
            .unwrap_or_else(failed);
        };
        let blobs = Arc::clone(&self.blobs);
        let prepared = with_blobs(&blobs, &mut machine, |machine| {
            machine.prepare(&request.call, reviewed.as_deref())
        });
        let work = match prepared {
            Ok(Prepared::Work(work)) => work,
            Ok(Prepared::Reply(reply)) => return reply,
            Err(why) => return failed(why),
        };
        if work.changes().is_empty() {
            return machine.perform(work);
        }
        if let Some(why) = machine.machine.base.lost.clone() {
            self.lost = Some(why.clone());
            return Reply::Lost(why);
        }
        drop(machine);
        if *gate && !self.held(request.id, &work) {
            return Reply::NotRun;
        }
        self.machine.lock().unwrap().perform(work)
    }

    /// Waits until a request may be performed; false where it is given up.
    fn held(&mut self, id: u64, work: &Work) -> bool {
        self.watcher.held(&self.name, id, work.changes().to_vec());
        loop {
            match self.inbox.recv() {
                Ok(Message::Go(number)) if number == id => return true,
                Ok(Message::GiveUp(number)) if number == id => return false,
                Ok(other) => self.waiting.push_back(other),
                Err(_) => return false,
            }
        }
    }
}

/// Asks until nothing is missing any more.
fn with_blobs<T>(
    blobs: &Blobs,
    machine: &mut Answerer<Memory>,
    mut ask: impl FnMut(&mut Answerer<Memory>) -> Result<T, Digest>,
) -> Result<T, String> {
    loop {
        match ask(machine) {
            Ok(answer) => return Ok(answer),
            Err(digest) => {
                let bytes = blobs.bytes(digest).ok_or("a content that nobody has")?;
                machine.machine.base.keep(bytes);
            }
        }
    }
}

fn failed(why: impl Into<String>) -> Reply {
    Reply::Failed(Failure { msg: why.into(), results: Map::new() }, Vec::new())
}
