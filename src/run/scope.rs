//! The variables that a task sees on a host, in Ansible's order of precedence.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::inventory::LOCALHOST;
use crate::playbook::{Role, Scope, Var as Written};
use crate::run::env::{Env, PlayEnv};
use crate::target::Connection;
use crate::vars::{Layer, Origin, Var, Vars};

/// The layers of roles and blocks, made once for each.
#[derive(Default)]
pub(crate) struct Layers {
    /// By the address of the role or level, which the cache keeps alive.
    roles: Mutex<HashMap<usize, (Arc<Role>, RoleLayers)>>,
}

/// The layers that a role gives.
#[derive(Clone)]
struct RoleLayers {
    defaults: Arc<Layer>,
    vars: Arc<Layer>,
    params: Arc<Layer>,
}

/// The variables of a task on a host; those of a loop and of the task itself come on top.
///
/// The order is that of
/// <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#understanding-variable-precedence>.
pub(crate) fn vars(
    env: &Env,
    play: &PlayEnv,
    host: &str,
    role: Option<&Arc<Role>>,
    scope: &Scope,
    magic: Arc<Layer>,
) -> Vars {
    let known = env.store.of(host);
    let roles: Vec<RoleLayers> =
        in_sight(play, role).iter().map(|role| play.layers.of(role)).collect();
    let mut layers: Vec<Arc<Layer>> = Vec::with_capacity(25);
    layers.push(Arc::new(connection(env, host, scope)));
    layers.extend(roles.iter().map(|role| Arc::clone(&role.defaults)));
    layers.extend(env.inventory_layers(host, &play.play.folder).iter().cloned());
    layers.push(Arc::new(Layer::of_vars(Origin::AddHost, known.added)));
    layers.push(Arc::new(Layer::of_vars(Origin::Facts, known.facts)));
    layers.push(Arc::clone(&play.vars));
    layers.extend(play.files_of(host));
    layers.extend(roles.iter().map(|role| Arc::clone(&role.vars)));
    // The outermost scope is the play's, whose variables are weaker.
    let levels: Vec<&Scope> = scope
        .chain()
        .filter(|level| level.parent.is_some() && !level.own.vars.is_empty())
        .collect();
    let (params, levels): (Vec<&Scope>, Vec<&Scope>) =
        levels.into_iter().rev().partition(|level| level.params);
    let task = |level: &Scope| Arc::new(layer(Origin::Task, &level.own.vars));
    layers.extend(levels.into_iter().map(task));
    layers.push(Arc::new(Layer::of_vars(Origin::IncludeVars, known.included)));
    layers.push(Arc::new(Layer::of_vars(Origin::SetFact, known.set)));
    layers.extend(role.map(|role| play.layers.of(role).params));
    layers.extend(params.into_iter().map(task));
    layers.push(Arc::clone(&env.extra));
    layers.push(magic);
    Vars::new(layers)
}

/// How the host is reached where no variable says so; content asks for it by the names of such variables.
fn connection(env: &Env, host: &str, scope: &Scope) -> Layer {
    let words = match env.options.connection.connection {
        Some(Connection::Local) => "local",
        None if is_here(env, host) => "local",
        Some(Connection::Ssh) | None => "ssh",
    };
    let keyword = scope.nearest(|own| &own.connection);
    let connection = keyword.cloned().map_or_else(|| Var::Data(words.into()), Var::Text);
    let entries = [("ansible_host", Var::Data(host.into())), ("ansible_connection", connection)];
    let entries = entries.into_iter().map(|(name, var)| (name.into(), var)).collect();
    Layer::of_vars(Origin::Magic, Arc::new(entries))
}

/// Whether a host is this machine: by its name, or by one of its addresses that the inventory knows nothing of.
fn is_here(env: &Env, host: &str) -> bool {
    let known = || {
        let inventory = env.inventory.read().unwrap_or_else(PoisonError::into_inner);
        inventory.host(host).is_some()
    };
    host == "localhost" || LOCALHOST.contains(&host) && !known()
}

/// The layer of variables as they are written.
pub(crate) fn layer(origin: Origin, vars: &[Written]) -> Layer {
    Layer::of_nodes(origin, vars.iter().map(|var| (&*var.name.value, &var.value)))
}

/// The roles whose defaults and variables a task sees, the strongest last: all of the play, then those that its own role depends
/// on, then those because of which it runs, then its own.
fn in_sight(play: &PlayEnv, own: Option<&Arc<Role>>) -> Vec<Arc<Role>> {
    let mut roles = play.roles();
    let Some(own) = own else { return roles };
    let mut near = play.dependencies_of(own);
    near.extend(own.parents.iter().chain([own]).cloned());
    roles.retain(|role| !near.iter().any(|near| Arc::ptr_eq(near, role)));
    roles.extend(near);
    roles
}

impl Layers {
    fn of(&self, role: &Arc<Role>) -> RoleLayers {
        let mut known = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(Arc::as_ptr(role) as usize).or_insert_with(|| {
            let layer = |origin, vars| Arc::new(layer(origin, vars));
            let layers = RoleLayers {
                defaults: layer(Origin::RoleDefaults(role.name.to_string()), &role.defaults),
                vars: layer(Origin::RoleVars(role.name.to_string()), &role.vars),
                params: layer(Origin::RoleParams(role.name.to_string()), &role.params),
            };
            (Arc::clone(role), layers)
        });
        entry.1.clone()
    }
}
