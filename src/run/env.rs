//! What stays the same while a playbook runs: the project, the inventory, the tools.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::diagnostic::Diagnostic;
use crate::inventory::{Host, Inventory, Pattern, Variable};
use crate::plan::eval::Eval;
use crate::plan::files::Files;
use crate::plan::options::Options;
use crate::playbook::{Play, Reader, Role, RoleRun};
use crate::project::Loader;
use crate::run::hosts::Store;
use crate::run::magic;
use crate::run::scope::Layers;
use crate::run::tags::Selection;
use crate::source::{Source, Span, Spanned};
use crate::target::{Blobs, Connector};
use crate::value::Value;
use crate::vars::{Layer, Origin};
use crate::yaml::Node;

/// The project, the inventory and the tools of a run.
pub(crate) struct Env {
    /// The hosts and groups; `add_host` and `group_by` add to them.
    pub(crate) inventory: RwLock<Inventory>,
    /// What the user asked for.
    pub(crate) options: Options,
    /// `--extra-vars`.
    pub(crate) extra: Arc<Layer>,
    /// `--limit`.
    pub(crate) limit: Option<Pattern>,
    /// Which tasks run, by their tags.
    pub(crate) selection: Selection,
    /// Reads the project's files.
    pub(crate) loader: Arc<Loader>,
    /// Reads tasks and roles when an include is reached.
    pub(crate) reader: Arc<Reader>,
    /// Evaluates templates.
    pub(crate) eval: Arc<Eval>,
    /// The contents that hosts may ask for.
    pub(crate) blobs: Arc<Blobs>,
    /// The variables that hosts got while running.
    pub(crate) store: Store,
    /// Hosts that failed or were lost in an earlier play, and take part in none any more.
    failed: Mutex<Vec<String>>,
    requests: AtomicU64,
    /// Inventory layers by host and playbook folder, which are read once.
    layers: Mutex<HashMap<(String, PathBuf), Arc<[Arc<Layer>]>>>,
    /// What was wrong with them, until it is told.
    problems: Mutex<Vec<Diagnostic>>,
}

/// What a run is given.
pub struct Given {
    /// The hosts and groups.
    pub inventory: Inventory,
    /// What the user asked for.
    pub options: Options,
    /// `--extra-vars`.
    pub extra: Vec<(Spanned<String>, Node)>,
    /// Reads the project's files.
    pub loader: Arc<Loader>,
    /// Reads tasks and roles when an include is reached.
    pub reader: Arc<Reader>,
    /// Connects to hosts.
    pub connector: Arc<dyn Connector>,
    /// The contents that hosts may ask for; the connector's sessions serve from it.
    pub blobs: Arc<Blobs>,
}

/// What stays the same during a play.
pub(crate) struct PlayEnv {
    /// The play.
    pub(crate) play: Arc<Play>,
    /// Its name, rendered.
    pub(crate) name: String,
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
    /// The roles that a role depends on, directly or not, by the address of the role.
    dependencies: Mutex<HashMap<usize, Vec<Arc<Role>>>>,
    /// What `vars_files` say, by host.
    vars_files: Mutex<HashMap<String, Vec<Arc<Layer>>>>,
    magic: OnceLock<Vec<(&'static str, Value)>>,
}

impl Env {
    /// The surroundings of a run.
    pub(crate) fn new(given: Given, extra: Layer, eval: Arc<Eval>, limit: Option<Pattern>) -> Self {
        Self {
            selection: Selection::new(&given.options.tags, &given.options.skip_tags),
            inventory: RwLock::new(given.inventory),
            options: given.options,
            extra: Arc::new(extra),
            limit,
            loader: given.loader,
            reader: given.reader,
            eval,
            blobs: given.blobs,
            store: Store::default(),
            failed: Mutex::default(),
            requests: AtomicU64::new(0),
            layers: Mutex::default(),
            problems: Mutex::default(),
        }
    }

    /// What was wrong with the files of variables that were read so far; each problem is given once.
    pub(crate) fn take_problems(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The layers of the inventory for a host, from the lowest to the highest.
    pub(crate) fn inventory_layers(&self, host: &str, playbook: &Path) -> Arc<[Arc<Layer>]> {
        let key = (host.to_owned(), playbook.to_path_buf());
        let mut known = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layers) = known.get(&key) {
            return Arc::clone(layers);
        }
        let inventory = self.inventory.read().unwrap_or_else(PoisonError::into_inner);
        let host = inventory.host(host).cloned().unwrap_or_else(|| Host::implicit(host));
        let (variables, told) = inventory.vars_for(&host, Some(playbook), &self.loader);
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in told {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let layers: Arc<[Arc<Layer>]> = by_origin(variables).into_iter().map(Arc::new).collect();
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

    /// Whether all of some hosts failed.
    pub(crate) fn all_failed(&self, hosts: &[String]) -> bool {
        !hosts.is_empty() && hosts.iter().all(|host| self.failed(host))
    }

    /// The names of the hosts that a pattern means.
    pub(crate) fn select(&self, pattern: &str) -> Result<Vec<String>, Diagnostic> {
        let source = Source::new("host pattern", pattern);
        let pattern = Pattern::read(&[Spanned::new(pattern.to_owned(), Span::whole(&source))])?;
        let inventory = self.inventory.read().unwrap_or_else(PoisonError::into_inner);
        Ok(inventory
            .select(&pattern, None)
            .hosts
            .iter()
            .map(|host| host.name.to_string())
            .collect())
    }

    /// Another walk begins: what hosts got in an earlier one is forgotten.
    pub(crate) fn begin(&self) {
        self.store.clear();
        self.clear_failed();
    }

    /// The last number that a request had.
    pub(crate) fn next_requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests up to this number were made; connections outlive a walk and numbers are not used twice.
    pub(crate) fn used_requests(&self, last: u64) {
        self.requests.store(last, Ordering::Relaxed);
    }

    /// The inventory has changed.
    pub(crate) fn forget_layers(&self) {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl PlayEnv {
    /// The surroundings of a play.
    pub(crate) fn new(
        env: &Env,
        play: Arc<Play>,
        name: String,
        all_hosts: Vec<String>,
        vars: Layer,
    ) -> Self {
        let roles = play.role_runs().iter().map(|run| Arc::clone(&run.role)).collect();
        Self {
            files: Files::new(
                env.loader.root(),
                &play.folder,
                Arc::clone(env.loader.inputs()),
                Arc::clone(env.loader.vault()),
            ),
            play,
            name,
            all_hosts,
            vars: Arc::new(vars),
            layers: Layers::default(),
            roles: Mutex::new(roles),
            dependencies: Mutex::default(),
            vars_files: Mutex::default(),
            magic: OnceLock::new(),
        }
    }

    /// The roles that every task of the play sees.
    pub(crate) fn roles(&self) -> Vec<Arc<Role>> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A role sees the variables of those that it depends on.
    pub(crate) fn note_dependencies(&self, run: &RoleRun) {
        fn collect(run: &RoleRun, roles: &mut Vec<Arc<Role>>) {
            for dependency in &run.dependencies {
                collect(dependency, roles);
                roles.push(Arc::clone(&dependency.role));
            }
        }
        let mut roles = Vec::new();
        collect(run, &mut roles);
        if !roles.is_empty() {
            let mut known = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(Arc::as_ptr(&run.role) as usize, roles);
        }
    }

    /// The roles that a role depends on.
    pub(crate) fn dependencies_of(&self, role: &Arc<Role>) -> Vec<Arc<Role>> {
        let known = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(Arc::as_ptr(role) as usize)).cloned().unwrap_or_default()
    }

    /// A role that was included with `public: true` is seen from now on.
    pub(crate) fn add_role(&self, role: Arc<Role>) {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).push(role);
    }

    /// What `vars_files` say for a host.
    pub(crate) fn files_of(&self, host: &str) -> Vec<Arc<Layer>> {
        self.vars_files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(host)
            .cloned()
            .unwrap_or_default()
    }

    /// Sets what `vars_files` say for a host.
    pub(crate) fn set_files_of(&self, host: &str, layers: Vec<Arc<Layer>>) {
        self.vars_files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(host.to_owned(), layers);
    }

    /// Magic variables that are the same for all hosts and tasks.
    pub(crate) fn magic(&self, env: &Env) -> &[(&'static str, Value)] {
        self.magic.get_or_init(|| magic::of_play(env, self))
    }
}

/// Neighbouring variables of the same place make one layer.
fn by_origin(variables: Vec<Variable>) -> Vec<Layer> {
    let mut layers: Vec<(String, Vec<(Arc<str>, Node)>)> = Vec::new();
    for variable in variables {
        let place = variable.layer.to_string();
        let entry = (variable.name, variable.value);
        match layers.last_mut() {
            Some((last, entries)) if *last == place => entries.push(entry),
            _ => layers.push((place, vec![entry])),
        }
    }
    layers
        .into_iter()
        .map(|(place, entries)| {
            let entries = entries.iter().map(|(name, node)| (&**name, node));
            Layer::of_nodes(Origin::Inventory(place), entries)
        })
        .collect()
}
