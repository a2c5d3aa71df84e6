//! One play: its hosts, its batches, its facts, its sections.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use rand::seq::SliceRandom as _;

use crate::diagnostic::Diagnostic;
use crate::event::{Event, PlayInfo};
use crate::inventory::Pattern;
use crate::plan::halt::Halt;
use crate::playbook::{Action, ActionArgs, Directives, Play, Scope, Task, Var};
use crate::run::env::{Env, PlayEnv};
use crate::run::hosts::{HostState, Status};
use crate::run::scope::layer;
use crate::run::walk::{End, Walk};
use crate::source::Spanned;
use crate::value::Value;
use crate::vars::{Layer, Origin, Vars};
use crate::yaml::{Kind, Node, Style, Tag};

/// The variables that a play's own keywords see: the play's, and those of the command line.
pub(crate) fn play_vars(env: &Env, play: &Play) -> Vars {
    let own = layer(Origin::Play, &play.scope.own.vars);
    Vars::new(vec![Arc::new(own), Arc::clone(&env.extra)])
}

/// The names of a play's hosts, in the order in which they are worked on, and what is to be said about its pattern.
pub(crate) fn hosts_of(env: &Env, play: &Play) -> Result<(Vec<String>, Vec<Diagnostic>), Halt> {
    let vars = play_vars(env, play);
    let value = env.eval.value(&play.hosts, &vars)?;
    let parts = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
    let parts: Result<Vec<Spanned<String>>, Halt> = parts
        .iter()
        .map(|part| Ok(Spanned::new(env.eval.shown(part)?, play.hosts.span.clone())))
        .collect();
    let pattern = Pattern::read(&parts?)?;
    let inventory = env.inventory.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let selection = inventory.select(&pattern, env.limit.as_ref());
    let mut hosts: Vec<String> = selection.hosts.iter().map(|host| host.name.to_string()).collect();
    if let Some(order) = &play.order {
        match env.eval.text(order, &vars)?.as_str() {
            "inventory" => {}
            "reverse_inventory" => hosts.reverse(),
            "sorted" => hosts.sort(),
            "reverse_sorted" => {
                hosts.sort();
                hosts.reverse();
            }
            "shuffle" => hosts.shuffle(&mut rand::rng()),
            other => {
                let help =
                    "there are inventory, reverse_inventory, sorted, reverse_sorted and shuffle";
                return Err(Halt::new(format!("there is no order `{other}`"))
                    .at(&order.span)
                    .help(help));
            }
        }
    }
    Ok((hosts, selection.diagnostics))
}

/// What a play is called: its name, or its host pattern.
fn play_name(env: &Env, play: &Play) -> String {
    let written = play.name.as_ref().unwrap_or(&play.hosts);
    let shown = env.eval.text(written, &play_vars(env, play));
    shown.unwrap_or_else(|_| written.as_str().unwrap_or_default().to_owned())
}

/// `serial` as batches of hosts.
fn batches(env: &Env, play: &Play, hosts: &[String]) -> Result<Vec<Vec<String>>, Halt> {
    if play.serial.is_empty() {
        return Ok(vec![hosts.to_vec()]);
    }
    let outer = play_vars(env, play);
    let mut sizes = Vec::new();
    for node in &play.serial {
        let value = env.eval.value(node, &outer)?;
        sizes.extend(value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec));
    }
    let mut counts = Vec::new();
    for size in &sizes {
        let text = env.eval.shown(size)?;
        let count = match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent
                    .parse()
                    .map_err(|_| Halt::new(format!("`{text}` is no size of a batch")))?;
                ((hosts.len() as f64 * percent / 100.0) as usize).max(1)
            }
            None => {
                text.parse().map_err(|_| Halt::new(format!("`{text}` is no size of a batch")))?
            }
        };
        counts.push(if count == 0 { hosts.len() } else { count });
    }
    let (mut rest, mut batches) = (hosts, Vec::new());
    while !rest.is_empty() {
        let size = counts
            .get(batches.len())
            .or(counts.last())
            .copied()
            .unwrap_or(rest.len())
            .clamp(1, rest.len());
        let (batch, others) = rest.split_at(size);
        batches.push(batch.to_vec());
        rest = others;
    }
    Ok(batches)
}

impl Walk<'_> {
    /// Runs a play on its hosts, batch by batch.
    pub(super) fn play(&mut self, play: &Arc<Play>, hosts: Vec<String>) -> Result<(), Diagnostic> {
        let name = play_name(&self.env, play);
        let written = play.scope.own.vars.iter();
        let answers = &self.env.options.answers;
        let vars = written
            .filter(|var| answers.iter().all(|(name, _)| **name != *var.name.value))
            .cloned();
        let layer =
            layer(Origin::Play, &vars.collect::<Vec<_>>()).and_values(answers.iter().cloned());
        self.play =
            Arc::new(PlayEnv::new(&self.env, Arc::clone(play), name.clone(), hosts.clone(), layer));
        self.handlers.clone_from(&play.handlers);
        self.ended = None;
        let mut batches =
            batches(&self.env, play, &hosts).map_err(|halt| halt.at(&play.at).into_diagnostic())?;
        if batches.is_empty() {
            batches.push(Vec::new());
        }
        for batch in batches {
            // Each batch is a play of its own to whoever watches, as in Ansible, with those that failed before.
            let told = batch.iter().filter(|host| !self.aside.contains(*host)).cloned().collect();
            self.tell(&Event::Play(PlayInfo { name: name.clone(), hosts: told }));
            let active: Vec<String> =
                batch.iter().filter(|host| !self.env.failed(host)).cloned().collect();
            self.batch(&active);
            if active.len() == batch.len() && self.env.all_failed(&batch) {
                self.ended = Some(End::Run);
            }
            if matches!(self.ended, Some(End::Play | End::Run)) {
                break;
            }
            self.ended = None;
        }
        Ok(())
    }

    fn batch(&mut self, hosts: &[String]) {
        self.hosts = hosts
            .iter()
            .map(|host| (host.clone(), HostState::default()))
            .collect::<IndexMap<_, _>>();
        self.gated = hosts.len() > 1
            && self
                .play
                .play
                .strategy
                .as_ref()
                .and_then(Node::as_str)
                .is_none_or(|strategy| !strategy.ends_with("free"));
        self.batch = Arc::new(self.batch_layer());
        self.read_vars_files(hosts);
        self.gather(hosts);
        self.read_vars_files(hosts);
        let play = Arc::clone(&self.play.play);
        let force = self.env.options.force_handlers
            || play.force_handlers.as_ref().is_some_and(|node| {
                self.env.eval.flag(node, &play_vars(&self.env, &play)).unwrap_or(false)
            });
        for section in
            [vec![&play.pre_tasks], vec![&play.roles, &play.tasks], vec![&play.post_tasks]]
        {
            for items in section {
                self.items(items, hosts);
            }
            self.sync();
            self.end_section(hosts, force);
        }
        for (host, state) in &self.hosts {
            if matches!(state.status, Status::Failed | Status::Unreachable | Status::Stopped) {
                self.env.fail(host);
            }
        }
    }

    /// Handlers run at the end of a section; with `force_handlers` on failed hosts too.
    fn end_section(&mut self, hosts: &[String], force: bool) {
        let ended = if force { self.ended.take() } else { None };
        let failed: Vec<String> = hosts
            .iter()
            .filter(|host| {
                force && self.hosts.get(*host).is_some_and(|state| state.status == Status::Failed)
            })
            .cloned()
            .collect();
        for host in &failed {
            self.set_status(host, Status::Active);
        }
        // Ansible's own flush is tagged `always`, and left out with that tag.
        if self.env.selection.takes(&["always"]) {
            self.flush_handlers(hosts);
        }
        for host in self.active(&failed) {
            self.set_status(&host, Status::Failed);
        }
        self.ended = self.ended.or(ended);
    }

    /// Gathers facts, unless the play says no.
    fn gather(&mut self, hosts: &[String]) {
        let play = Arc::clone(&self.play.play);
        let outer = play_vars(&self.env, &play);
        let wanted = match &play.gather_facts {
            Some(node) => self.env.eval.flag(node, &outer).unwrap_or(true),
            None => self.env.options.gather_facts,
        };
        if !wanted {
            return;
        }
        let mut args = Vec::new();
        if let Some(subset) = &play.gather_subset {
            args.push(Var::new("gather_subset", &subset.span, subset.clone()));
        }
        let name = Node {
            kind: Kind::Str("Gathering Facts".into(), Style::Plain),
            tag: Tag::None,
            span: play.at.clone(),
        };
        let action = Action {
            name: Spanned::new("setup".into(), play.at.clone()),
            module: Some("setup".into()),
            args: ActionArgs { named: args, ..ActionArgs::default() },
        };
        let scope = Scope::inside(&play.scope, Directives::default());
        self.task(&Arc::new(plain(name, action, scope)), hosts, false);
    }

    /// Reads `vars_files` for each host. What can't be found yet may depend on facts; it is tried again after these were
    /// gathered, and then told.
    fn read_vars_files(&mut self, hosts: &[String]) {
        let play = Arc::clone(&self.play.play);
        for host in hosts {
            let mut layers = Vec::new();
            for entry in &play.vars_files {
                let vars = self.vars(host, None, &play.scope);
                match self.vars_file(entry, &vars) {
                    Ok(Some(layer)) => layers.push(layer),
                    Ok(None) | Err(Halt::Unknown(_) | Halt::Mistake { undefined: true, .. }) => {}
                    Err(stop) => {
                        self.tell(&Event::Warning(stop.message()));
                    }
                }
                self.play.set_files_of(host, layers.clone());
            }
        }
    }

    /// The first file of an entry of `vars_files` that exists.
    fn vars_file(&self, entry: &Node, vars: &Vars) -> Result<Option<Arc<Layer>>, Halt> {
        let choices = entry.as_seq().map_or_else(|| vec![entry.clone()], <[Node]>::to_vec);
        for choice in &choices {
            let name = self.env.eval.text(choice, vars)?;
            let candidates = [
                self.play.files.playbook().join("vars").join(&name),
                self.play.files.playbook().join(&name),
            ];
            let Some(path) = candidates.into_iter().find(|path| path.is_file()) else { continue };
            let Some(node) = self.play.files.yaml(&path)? else { return Ok(None) };
            let entries = node.as_map().unwrap_or_default();
            let entries: Vec<(&str, &Node)> =
                entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value))).collect();
            let origin = Origin::VarsFile(self.play.files.shown(&path).display().to_string());
            return Ok(Some(Arc::new(Layer::of_nodes(origin, entries))));
        }
        let names: Vec<&str> = choices.iter().filter_map(Node::as_str).collect();
        Err(Halt::new(format!("none of the vars_files {} exists", names.join(", "))))
    }
}

/// A task that nobody wrote.
fn plain(name: Node, action: Action, scope: Scope) -> Task {
    Task {
        at: name.span.clone(),
        name: Some(name),
        action,
        scope: Arc::new(scope),
        register: None,
        r#loop: None,
        changed_when: None,
        failed_when: None,
        until: Vec::new(),
        retries: None,
        delay: None,
        r#async: None,
        poll: None,
        listen: Vec::new(),
        handler: false,
        file: Arc::from(Path::new("")),
    }
}
