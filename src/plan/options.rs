//! What the user asked for, beside the project itself.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::plan::explain::Explain;
use crate::playbook::Probes;
use crate::redact::Secret;
use crate::target::Connection;
use crate::value::Value;

/// What the user asked for on the command line, with what the project's configuration says where they were silent.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--limit`: only these of the hosts.
    pub limit: Option<String>,
    /// `--tags`.
    pub tags: Vec<String>,
    /// `--skip-tags`.
    pub skip_tags: Vec<String>,
    /// `--start-at-task`.
    pub start_at: Option<String>,
    /// `--force-handlers`.
    pub force_handlers: bool,
    /// `--forks`: how many hosts are worked on at once.
    pub forks: usize,
    /// What templates see as `ansible_check_mode`: `--check`, as Ansible has it.
    pub check: bool,
    /// `--diff`: what templates see as `ansible_diff_mode`.
    pub diff: bool,
    /// `-v`: what templates see as `ansible_verbosity`.
    pub verbosity: u8,
    /// How hosts are reached where inventory and plays don't say.
    pub connection: ConnectionDefaults,
    /// How the user is changed where inventory and plays don't say.
    pub escalation: EscalationDefaults,
    /// Refuse conditions that are not boolean, as ansible-core does from 2.19 on.
    pub strict_conditions: bool,
    /// Filters and tests in Python that the project brings.
    pub foreign: Arc<BTreeSet<String>>,
    /// Whether facts are gathered where a play doesn't say.
    pub gather_facts: bool,
    /// Whether planning runs commands that change nothing (`--no-probes` forbids it).
    pub probes: bool,
    /// Whether hosts are only looked at, so that helpers that can do no more will do.
    pub looks: bool,
    /// What the project declares of commands that it can't edit.
    pub declared: Arc<Probes>,
    /// What is to be explained; none where nobody asks.
    pub explain: Option<Arc<Explain>>,
    /// The inventory's files and folders.
    pub inventory: Vec<PathBuf>,
    /// The answers to `vars_prompt`.
    pub answers: Vec<(String, Value)>,
}

/// How hosts are reached where inventory and plays don't say.
#[derive(Clone, Debug, Default)]
pub struct ConnectionDefaults {
    /// `--connection`.
    pub connection: Option<Connection>,
    /// `--user`.
    pub user: Option<String>,
    /// The answer to `--ask-pass`.
    pub password: Option<Secret>,
    /// `--private-key`.
    pub private_key: Option<PathBuf>,
    /// `--ssh-common-args` and `--ssh-extra-args`.
    pub ssh_args: Vec<String>,
    /// `host_key_checking` of the configuration.
    pub check_host_key: Option<bool>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
}

/// How the user is changed where inventory and plays don't say.
#[derive(Clone, Debug, Default)]
pub struct EscalationDefaults {
    /// `--become`.
    pub become_: bool,
    /// `--become-user`.
    pub user: Option<String>,
    /// `--become-method`.
    pub method: Option<String>,
    /// The answer to `--ask-become-pass`.
    pub password: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limit: None,
            tags: Vec::new(),
            skip_tags: Vec::new(),
            start_at: None,
            force_handlers: false,
            forks: 50,
            check: false,
            diff: false,
            verbosity: 0,
            connection: ConnectionDefaults::default(),
            escalation: EscalationDefaults::default(),
            strict_conditions: false,
            foreign: Arc::default(),
            gather_facts: true,
            probes: true,
            looks: false,
            declared: Arc::default(),
            explain: None,
            inventory: Vec::new(),
            answers: Vec::new(),
        }
    }
}
