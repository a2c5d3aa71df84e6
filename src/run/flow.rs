//! What `meta` and its like make of a play.

use std::sync::PoisonError;

use crate::actions::{Flow, Meta};
use crate::playbook::Task;
use crate::run::hosts::Status;
use crate::run::walk::{End, Walk};
use crate::vars::Var;

impl Walk<'_> {
    /// Does what an action asks of the play, for the hosts that asked.
    pub(super) fn flow(&mut self, task: &Task, hosts: &[String], flow: Flow) {
        match flow {
            Flow::Meta(meta) => self.meta(task, hosts, meta),
            Flow::AddHost { name, groups, vars } => {
                let mut inventory =
                    self.env.inventory.write().unwrap_or_else(PoisonError::into_inner);
                inventory.add_host(&name, "all");
                for group in &groups {
                    inventory.add_host(&name, group);
                }
                drop(inventory);
                self.env.forget_layers();
                self.env.store.change(&name, |known| {
                    let added = std::sync::Arc::make_mut(&mut known.added);
                    added.extend(
                        vars.into_iter().map(|(name, value)| (name.into(), Var::Data(value))),
                    );
                });
            }
            Flow::Group { name, parents } => {
                let mut inventory =
                    self.env.inventory.write().unwrap_or_else(PoisonError::into_inner);
                for host in hosts {
                    inventory.add_host(host, &name);
                }
                for parent in parents.iter().filter(|parent| *parent != "all") {
                    let looped = inventory.add_child(parent, &name).is_err();
                    debug_assert!(!looped, "a group that was just made is inside of none");
                }
                drop(inventory);
                self.env.forget_layers();
            }
            Flow::MayEnd(meta, why) => self.may_end(hosts, meta, &why),
            Flow::Pause(time) => {
                if !self.mode.plans() {
                    self.sync();
                    std::thread::sleep(time);
                }
            }
        }
    }

    fn meta(&mut self, task: &Task, hosts: &[String], meta: Meta) {
        match meta {
            Meta::Noop | Meta::RefreshInventory => {}
            Meta::FlushHandlers => self.flush_handlers(hosts),
            Meta::ClearHostErrors => {
                self.sync();
                self.env.clear_failed();
                let all: Vec<String> = self.hosts.keys().cloned().collect();
                for host in all {
                    if self.hosts.get(&host).is_some_and(|state| {
                        !matches!(state.status, Status::Ended | Status::Stopped)
                    }) {
                        self.set_status(&host, Status::Active);
                    }
                }
            }
            Meta::ClearFacts => {
                for host in hosts {
                    self.env.store.change(host, |vars| vars.facts = std::sync::Arc::default());
                }
            }
            Meta::EndPlay => {
                self.sync();
                self.ended = Some(End::Play);
            }
            Meta::EndBatch => {
                self.sync();
                self.ended = Some(End::Batch);
            }
            Meta::EndHost => {
                self.sync();
                for host in hosts {
                    self.set_status(host, Status::Ended);
                }
            }
            Meta::EndRole => {
                self.sync();
                for host in hosts {
                    if let (Some(role), Some(state)) = (task.scope.role(), self.hosts.get_mut(host))
                    {
                        state.roles_ended.push(role.name.to_string());
                    }
                }
            }
            // What is planned so far is kept by the helper at the other end of the connection.
            Meta::ResetConnection if self.mode.plans() => {}
            Meta::ResetConnection => {
                self.sync();
                for host in hosts {
                    self.connections.forget(host);
                    if let Some(state) = self.hosts.get_mut(host) {
                        state.chain.clear();
                    }
                }
            }
        }
    }
}
