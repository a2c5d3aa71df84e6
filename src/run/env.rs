//! What stays the same while a playbook runs: the project, the inventory, the tools.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::inventory::Inventory;
use crate::plan::eval::Eval;
use crate::plan::files::Files;
use crate::playbook::{Play, Role, Roles};
use crate::run::hosts::Store;
use crate::run::magic;
use crate::run::options::Options;
use crate::run::scope::Layers;
use crate::target::{Blobs, Connector};
use crate::value::Value;
use crate::vars::Layer;

/// The project, the inventory and the tools of a run.
pub(crate) struct Env {
    /// The project's root.
    pub(crate) root: PathBuf,
    /// The hosts and groups; `add_host` and `group_by` add to them.
    pub(crate) inventory: RwLock<Inventory>,
    /// What the user asked for.
    pub(crate) options: Options,
    /// `--extra-vars`.
    pub(crate) extra: Arc<Layer>,
    /// Reads the files of tasks and roles when an include is reached.
    pub(crate) roles: Arc<Roles>,
    /// Evaluates templates.
    pub(crate) eval: Arc<Eval>,
    /// Connects to hosts.
    pub(crate) connector: Arc<dyn Connector>,
    /// The contents that hosts may ask for.
    pub(crate) blobs: Arc<Blobs>,
    /// The variables that hosts got while running.
    pub(crate) store: Store,
    /// Hosts that failed or were lost in an earlier play, and take part in none any more.
    failed: Mutex<Vec<String>>,
    /// Inventory layers by host and playbook folder, which are read once.
    layers: Mutex<HashMap<(String, PathBuf), Arc<[Arc<Layer>]>>>,
}

/// What stays the same during a play.
pub(crate) struct PlayEnv {
    /// The play.
    pub(crate) play: Arc<Play>,
    /// The names of all its hosts.
    pub(crate) all_hosts: Vec<String>,
    /// `vars` and `vars_prompt` of the play.
    pub(crate) vars: Arc<Layer>,
    /// Finds the project's files.
    pub(crate) files: Files,
    /// The layers of roles.
    pub(crate) layers: Layers,
    /// Roles whose defaults and variables every task of the play sees, in order.
    roles: Mutex<Vec<Arc<Role>>>,
    /// What `vars_files` say, by host.
    vars_files: Mutex<HashMap<String, Vec<Arc<Layer>>>>,
    magic: OnceLock<Vec<(&'static str, Value)>>,
}

impl Env {
    /// The surroundings of a run.
    pub(crate) fn new(
        root: PathBuf,
        inventory: Inventory,
        options: Options,
        extra: Layer,
        roles: Arc<Roles>,
        eval: Arc<Eval>,
        connector: Arc<dyn Connector>,
        blobs: Arc<Blobs>,
    ) -> Self {
        Self {
            root,
            inventory: RwLock::new(inventory),
            options,
            extra: Arc::new(extra),
            roles,
            eval,
            connector,
            blobs,
            store: Store::default(),
            failed: Mutex::default(),
            layers: Mutex::default(),
        }
    }

    /// The layers of the inventory for a host, from the lowest to the highest.
    pub(crate) fn inventory_layers(&self, host: &str, playbook: &Path) -> Arc<[Arc<Layer>]> {
        let key = (host.to_owned(), playbook.to_path_buf());
        let mut known = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layers) = known.get(&key) {
            return Arc::clone(layers);
        }
        let inventory = self.inventory.read().unwrap_or_else(PoisonError::into_inner);
        let layers = inventory.layers(host, playbook).into_iter();
        let layers: Arc<[Arc<Layer>]> = layers.map(|(origin, vars)| Arc::new(Layer::of_nodes(origin, &vars))).collect();
        known.insert(key, Arc::clone(&layers));
        layers
    }

    /// A host takes part in no later play.
    pub(crate) fn fail(&self, host: &str) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    }

    /// Whether a host takes part in no play any more.
    pub(crate) fn failed(&self, host: &str) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|other| other == host)
    }

    /// Hosts that failed take part again.
    pub(crate) fn clear_failed(&self) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The inventory has changed.
    pub(crate) fn forget_layers(&self) {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl PlayEnv {
    /// The surroundings of a play.
    pub(crate) fn new(root: &Path, play: Arc<Play>, all_hosts: Vec<String>, vars: Layer) -> Self {
        let roles = play.roles.clone();
        Self {
            files: Files::new(root, &play.folder),
            play,
            all_hosts,
            vars: Arc::new(vars),
            layers: Layers::default(),
            roles: Mutex::new(roles),
            vars_files: Mutex::default(),
            magic: OnceLock::new(),
        }
    }

    /// The roles that every task of the play sees.
    pub(crate) fn roles(&self) -> Vec<Arc<Role>> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A role that was included with `public: true` is seen from now on.
    pub(crate) fn add_role(&self, role: Arc<Role>) {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).push(role);
    }

    /// What `vars_files` say for a host.
    pub(crate) fn files_of(&self, host: &str) -> Vec<Arc<Layer>> {
        self.vars_files.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned().unwrap_or_default()
    }

    /// Sets what `vars_files` say for a host.
    pub(crate) fn set_files_of(&self, host: &str, layers: Vec<Arc<Layer>>) {
        self.vars_files.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), layers);
    }

    /// Magic variables that are the same for all hosts and tasks.
    pub(crate) fn magic(&self, env: &Env) -> &[(&'static str, Value)] {
        self.magic.get_or_init(|| magic::of_play(env, self))
    }
}
