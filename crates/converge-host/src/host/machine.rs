//! A host that can be changed.

use std::sync::Arc;

use crate::change::Change;
use crate::data::Map;
use crate::host::Host;
use crate::host::real::Real;
use crate::look;
use crate::stop::Result;

/// A host that changes are performed on: the real one, or one in memory. Modules never see it.
pub trait Machine: Host + Sized {
    /// Performs a change and returns what only doing it could tell.
    fn perform(&mut self, change: &Change) -> Result<Map>;

    /// Something is about to be done to it: what was read ahead is not sure any more.
    fn stirs(&mut self) {}

    /// Sets what is added to the environment of every command from now on.
    fn set_env(&mut self, env: &[(String, String)]);

    /// Says whether commands only look from now on, and nothing that they write for themselves may stay.
    fn set_looks(&mut self, _looks: bool) {}

    /// Whether this machine can be looked at and nothing else (see [`crate::look`]).
    fn only_looks(&self) -> bool {
        false
    }

    /// Keeps the bytes of a content that was asked for.
    fn keep(&mut self, bytes: Arc<[u8]>);
}

impl Machine for Real {
    fn perform(&mut self, change: &Change) -> Result<Map> {
        if self.only_looks() {
            return Err(look::refusal());
        }
        change.effect().perform(self)
    }

    fn stirs(&mut self) {
        self.forget_units();
    }

    fn set_env(&mut self, env: &[(String, String)]) {
        Self::set_env(self, env.to_vec());
    }

    fn set_looks(&mut self, looks: bool) {
        Self::set_looks(self, looks);
    }

    fn only_looks(&self) -> bool {
        Self::only_looks(self)
    }

    fn keep(&mut self, bytes: Arc<[u8]>) {
        Self::keep(self, bytes);
    }
}
