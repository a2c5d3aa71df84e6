//! Where hosts meet.
//!
//! Ansible's linear strategy runs a task on every host before the next task begins. Hosts may run ahead through tasks that
//! change nothing on them, since nobody can see that. A request that would change something is held by its helper; the gate
//! lets it go once every host is through with all earlier tasks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use converge_host::change::Change;
use converge_host::wire::Reply;

use crate::target::{Target, Watcher};

/// Counts a run's tasks in the order in which they are handed out; requests of the same task share a turn.
pub(crate) type Turn = u64;

/// Lets held requests go in order.
pub(crate) struct Gate {
    /// How many requests may be at work at once.
    forks: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Requests without an answer, by turn.
    open: BTreeMap<Turn, usize>,
    requests: HashMap<u64, Request>,
    /// Held requests, in the order in which they came, by turn.
    held: BTreeMap<Turn, VecDeque<u64>>,
    /// Held requests that were let go and have not answered.
    working: usize,
    /// How many requests of a turn may be at work at once, where fewer than `forks` (`throttle`).
    limits: HashMap<Turn, usize>,
}

struct Request {
    turn: Turn,
    target: Arc<dyn Target>,
    let_go: bool,
}

impl Gate {
    /// A gate that lets `forks` requests work at once.
    pub(crate) fn new(forks: usize) -> Self {
        Self { forks: forks.max(1), state: Mutex::default() }
    }

    /// At most so many requests of a turn work at once.
    pub(crate) fn limit(&self, turn: Turn, most: usize) {
        self.lock().limits.insert(turn, most.max(1));
    }

    /// A request is about to be submitted. Turns never go down.
    pub(crate) fn expect(&self, turn: Turn, id: u64, target: &Arc<dyn Target>) {
        let mut state = self.lock();
        *state.open.entry(turn).or_default() += 1;
        state.requests.insert(id, Request { turn, target: Arc::clone(target), let_go: false });
    }

    fn release(&self, mut state: MutexGuard<'_, State>) {
        let mut ready = Vec::new();
        while let Some(turn) = state.open.keys().next().copied() {
            let most = state.limits.get(&turn).map_or(self.forks, |limit| self.forks.min(*limit));
            if state.working >= most {
                break;
            }
            let Some(queue) = state.held.get_mut(&turn) else { break };
            let Some(id) = queue.pop_front() else {
                state.held.remove(&turn);
                break;
            };
            if let Some(request) = state.requests.get_mut(&id) {
                request.let_go = true;
                ready.push((Arc::clone(&request.target), id));
                state.working += 1;
            }
        }
        drop(state);
        for (target, id) in ready {
            target.go(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Gate {
    fn held(&self, _host: &str, id: u64, _changes: Vec<Change>) {
        let mut state = self.lock();
        if let Some(turn) = state.requests.get(&id).map(|request| request.turn) {
            state.held.entry(turn).or_default().push_back(id);
        }
        self.release(state);
    }

    fn resolved(&self, _host: &str, id: u64, _reply: &Reply) {
        let mut state = self.lock();
        if let Some(request) = state.requests.remove(&id) {
            state.working -= usize::from(request.let_go);
            if let Some(queue) = state.held.get_mut(&request.turn) {
                queue.retain(|held| *held != id);
            }
            if let Some(count) = state.open.get_mut(&request.turn) {
                *count -= 1;
                if *count == 0 {
                    state.limits.remove(&request.turn);
                    state.open.remove(&request.turn);
                    state.held.remove(&request.turn);
                }
            }
        }
        self.release(state);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use converge_host::host::{Principal, User};
    use converge_host::wire::{Holder, Open, OpenError, Reply, Request};

    use super::Gate;
    use crate::target::{Target, Ticket, Watcher};

    /// Notes what is let go.
    struct Noted(User, Mutex<Vec<u64>>);

    impl Target for Noted {
        fn user(&self) -> &User {
            &self.0
        }

        fn submit(&self, _: Request) -> Ticket {
            Ticket::new().0
        }

        fn go(&self, id: u64) {
            self.1.lock().unwrap().push(id);
        }

        fn give_up(&self, _: u64) {}

        fn open(&self, _: Open) -> Result<User, OpenError> {
            Ok(self.0.clone())
        }

        fn reset(&self) {}

        fn lease(&self, _: &Holder) {}
    }

    fn target() -> Arc<Noted> {
        let group = Principal { name: "root".into(), id: Some(0) };
        let user = User {
            name: "root".into(),
            uid: Some(0),
            group,
            comment: String::new(),
            home: "/root".into(),
            shell: "/bin/sh".into(),
        };
        Arc::new(Noted(user, Mutex::default()))
    }

    #[test]
    fn a_change_waits_until_every_host_is_through_with_earlier_tasks() {
        let noted = target();
        let target: Arc<dyn Target> = noted.clone();
        let gate = Gate::new(10);
        for (turn, id) in [(1, 11), (1, 12), (2, 21), (2, 22)] {
            gate.expect(turn, id, &target);
        }
        gate.resolved("a", 11, &Reply::NotRun);
        gate.held("a", 21, Vec::new());
        assert_eq!(
            *noted.1.lock().unwrap(),
            [0_u64; 0],
            "the other host is still at the first task"
        );
        gate.held("b", 12, Vec::new());
        assert_eq!(*noted.1.lock().unwrap(), [12]);
        gate.resolved("b", 12, &Reply::NotRun);
        assert_eq!(*noted.1.lock().unwrap(), [12, 21]);
        gate.held("b", 22, Vec::new());
        assert_eq!(*noted.1.lock().unwrap(), [12, 21, 22], "hosts work at the same task together");
    }

    #[test]
    fn a_task_with_a_throttle_works_on_fewer_hosts_at_once() {
        let noted = target();
        let target: Arc<dyn Target> = noted.clone();
        let gate = Gate::new(10);
        gate.limit(1, 1);
        for id in [1, 2] {
            gate.expect(1, id, &target);
            gate.held("h", id, Vec::new());
        }
        assert_eq!(*noted.1.lock().unwrap(), [1]);
        gate.resolved("h", 1, &Reply::NotRun);
        assert_eq!(*noted.1.lock().unwrap(), [1, 2]);
    }

    #[test]
    fn no_more_than_forks_work_at_once() {
        let noted = target();
        let target: Arc<dyn Target> = noted.clone();
        let gate = Gate::new(1);
        for id in [1, 2, 3] {
            gate.expect(1, id, &target);
        }
        for id in [1, 2, 3] {
            gate.held("h", id, Vec::new());
        }
        assert_eq!(*noted.1.lock().unwrap(), [1]);
        gate.resolved("h", 1, &Reply::NotRun);
        assert_eq!(*noted.1.lock().unwrap(), [1, 2]);
        gate.resolved("h", 3, &Reply::Lost("gone".into()));
        assert_eq!(*noted.1.lock().unwrap(), [1, 2]);
    }
}
