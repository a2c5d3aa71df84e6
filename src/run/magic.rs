//! Variables that converge itself sets, with Ansible's names.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use indexmap::IndexMap;

use crate::inventory::Inventory;
use crate::playbook::{Role, Scope};
use crate::run::env::{Env, PlayEnv};
use crate::run::scope;
use crate::value::{Key, Lazy, Live, LiveMap, Map, Stop, Value};
use crate::vars::{Layer, Origin, Var, Vars};

/// The version of ansible-core whose language is spoken: content asks for it to find out what it may use.
const LANGUAGE: (&str, [i64; 3]) = ("2.19.4", [2, 19, 4]);

/// The magic variables of a task on a host.
pub(crate) fn layer(
    env: &Arc<Env>,
    play: &Arc<PlayEnv>,
    host: &str,
    role: Option<&Arc<Role>>,
) -> Arc<Layer> {
    let mut entries: IndexMap<Arc<str>, Var> = IndexMap::with_capacity(40);
    let mut data = |name: &str, value: Value| {
        entries.insert(name.into(), Var::Data(value));
    };
    data("inventory_hostname", host.into());
    data("inventory_hostname_short", host.split('.').next().unwrap_or(host).into());
    if let Some(role) = role {
        data("role_name", (&*role.name).into());
        data("ansible_role_name", (&*role.name).into());
        data("role_path", path(&role.folder));
        let parents: Vec<Value> =
            role.parents.iter().rev().map(|role| (&*role.name).into()).collect();
        data("ansible_parent_role_names", Value::list(parents));
        let folders = role.parents.iter().rev().map(|role| path(&role.folder));
        data("ansible_parent_role_paths", Value::list(folders));
    }
    for (name, value) in play.magic(env).iter() {
        data(name, value.clone());
    }
    let inventory = env.inventory.read().unwrap_or_else(PoisonError::into_inner);
    data("group_names", Value::list(group_names(&inventory, host)));
    drop(inventory);
    let known = env.store.of(host).facts;
    entries.insert("ansible_facts".into(), Var::Lazy(Arc::new(move || facts(&known))));
    let (shared, of_play) = (Arc::clone(env), Arc::clone(play));
    entries.insert("hostvars".into(), Var::Lazy(Arc::new(move || hostvars(&shared, &of_play))));
    Arc::new(Layer::of_vars(Origin::Magic, Arc::new(entries)))
}

/// What is the same for all hosts and tasks of a play.
pub(crate) fn of_play(env: &Env, play: &PlayEnv) -> Vec<(&'static str, Value)> {
    let options = &env.options;
    let inventory = env.inventory.read().unwrap_or_else(PoisonError::into_inner);
    let groups: Map = inventory
        .groups()
        .map(|group| (Key::from(&*group.name), names(inventory.hosts_in(&group.name))))
        .collect();
    let source = options.inventory.first().cloned();
    // A folder of inventories is its own folder.
    let folder = source.as_deref().map(|path| match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(path),
    });
    let roles = Value::list(play.roles().iter().map(|role| Value::from(&*role.name)));
    let (version, [major, minor, revision]) = LANGUAGE;
    let version = Value::map([
        ("full", Value::from(version)),
        ("string", version.into()),
        ("major", major.into()),
        ("minor", minor.into()),
        ("revision", revision.into()),
    ]);
    let tags = |tags: &[String], all: &str| {
        if tags.is_empty() { Value::list([Value::from(all)]) } else { Value::from(tags.to_vec()) }
    };
    vec![
        ("groups", groups.into()),
        ("playbook_dir", path(&play.play.folder)),
        ("inventory_dir", folder.map_or(Value::Null, path)),
        ("inventory_file", source.as_deref().map_or(Value::Null, path)),
        (
            "ansible_inventory_sources",
            Value::list(options.inventory.iter().map(|source| path(source))),
        ),
        ("ansible_version", version),
        ("ansible_check_mode", options.check.into()),
        ("ansible_diff_mode", options.diff.into()),
        ("ansible_verbosity", i64::from(options.verbosity).into()),
        ("ansible_forks", options.forks.into()),
        ("ansible_limit", options.limit.clone().map_or(Value::Null, Value::from)),
        ("ansible_run_tags", tags(&options.tags, "all")),
        ("ansible_skip_tags", Value::from(options.skip_tags.clone())),
        ("ansible_play_name", play.name.as_str().into()),
        ("ansible_play_role_names", roles.clone()),
        ("ansible_role_names", roles.clone()),
        ("role_names", roles),
        ("ansible_play_hosts_all", play.all_hosts.clone().into()),
        ("ansible_config_file", Value::Null),
        ("ansible_managed", "Ansible managed".into()),
        ("environment", Value::list([])),
    ]
}

fn names(hosts: impl IntoIterator<Item = Arc<str>>) -> Value {
    Value::list(hosts.into_iter().map(Value::from))
}

/// The names of the groups that a host is in, sorted.
fn group_names(inventory: &Inventory, host: &str) -> Vec<Value> {
    let mut names: Vec<Arc<str>> =
        inventory.groups_of(host).iter().map(|group| Arc::clone(&group.name)).collect();
    names.sort();
    names.into_iter().map(Value::from).collect()
}

fn path(path: &Path) -> Value {
    path.display().to_string().into()
}

/// Facts without the prefix that they have as variables.
fn facts(known: &IndexMap<Arc<str>, Var>) -> Value {
    let map: Map = known
        .iter()
        .filter_map(|(name, var)| {
            let Var::Data(value) = var else { return None };
            let name = name
                .strip_prefix("ansible_")
                .filter(|_| &**name != "ansible_local")
                .unwrap_or(name);
            let name = if name == "ansible_local" { "local" } else { name };
            Some((Key::from(name), value.clone()))
        })
        .collect();
    map.into()
}

/// Every host's variables, made when somebody asks for them.
fn hostvars(env: &Arc<Env>, play: &Arc<PlayEnv>) -> Value {
    let inventory = env.inventory.read().unwrap_or_else(PoisonError::into_inner);
    let map: Map = inventory
        .hosts()
        .map(|host| host.name.to_string())
        .map(|host| {
            let lazy = OfHost { env: Arc::clone(env), play: Arc::clone(play), host: host.clone() };
            (Key::from(host.as_str()), Value::Live(Live::Lazy(Arc::new(lazy))))
        })
        .collect();
    Value::Live(Live::Map(LiveMap::new(map)))
}

/// The variables of one host, as another host sees them.
struct OfHost {
    env: Arc<Env>,
    play: Arc<PlayEnv>,
    host: String,
}

/// One variable of one host.
struct OneOf {
    env: Arc<Env>,
    vars: Arc<Vars>,
    name: Arc<str>,
}

impl Lazy for OfHost {
    fn force(&self) -> Result<Value, Stop> {
        let magic = layer(&self.env, &self.play, &self.host, None);
        let vars = Arc::new(scope::vars(
            &self.env,
            &self.play,
            &self.host,
            None,
            &Scope::default(),
            magic,
        ));
        let map: Map = vars
            .names()
            .into_iter()
            .filter(|name| &**name != "hostvars")
            .map(|name| {
                let key = Key::from(&*name);
                let one = OneOf { env: Arc::clone(&self.env), vars: Arc::clone(&vars), name };
                (key, Value::Live(Live::Lazy(Arc::new(one))))
            })
            .collect();
        Ok(Value::Live(Live::Map(LiveMap::new(map))))
    }
}

impl Lazy for OneOf {
    fn force(&self) -> Result<Value, Stop> {
        self.env.eval.variable(&self.name, &self.vars).map_err(|halt| Stop::value(halt.message()))
    }
}
