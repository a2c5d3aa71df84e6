//! A part of the hosts at a time: the others are left alone, and what is known of them stays known.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::run::Session;
use crate::run::env::Env;

impl Session {
    /// Lets these hosts take no part in walks from now on. Their facts, as the last walk gathered them, are still there for
    /// whoever looks at them through `hostvars`.
    pub fn set_aside(&self, hosts: impl IntoIterator<Item = String>) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        *aside = hosts.into_iter().collect();
    }

    /// The hosts that take no part for now.
    pub fn aside(&self) -> BTreeSet<String> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of the hosts that a pattern means.
    pub fn select(&self, pattern: &str) -> Result<Vec<String>, Diagnostic> {
        self.env.select(pattern)
    }

    /// Connects anew to these hosts at their next use: nobody has heard of them for long.
    pub fn reconnect(&self, hosts: &[String]) {
        hosts.iter().for_each(|host| self.connections.forget(host));
    }

    /// Begins a walk: nothing is known of any host but of those that are aside, which count as failed.
    pub(super) fn begin(&self) {
        let aside = self.aside();
        let known: Vec<_> =
            aside.iter().map(|host| (host, self.env.store.of(host).facts)).collect();
        let env: &Arc<Env> = &self.env;
        env.begin();
        for (host, facts) in known {
            env.store.change(host, |vars| vars.facts = facts);
            env.fail(host);
        }
    }
}
