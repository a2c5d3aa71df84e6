//! What can be told of a playbook before any host is asked: unknown arguments, broken templates, handlers nobody defines.

use std::sync::Arc;

use crate::actions::catalogue;
use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::{Item, Play, Playbook, Task};
use crate::template::Engine;
use crate::yaml::Node;

/// Checks every task of a playbook; mistakes in files that are included while running are found when they are reached.
pub fn check(playbook: &Playbook, engine: &Engine) -> Vec<Diagnostic> {
    let mut check = Check { engine, found: Vec::new() };
    for play in &playbook.plays {
        check.play(play);
    }
    check.found
}

struct Check<'a> {
    engine: &'a Engine,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn play(&mut self, play: &Play) {
        let mut tasks: Vec<Arc<Task>> = Vec::new();
        for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            collect(items, &mut tasks);
        }
        for task in tasks.iter().chain(&play.handlers) {
            self.task(task);
        }
        // Handlers of roles that are included while running are not known yet.
        if !tasks.iter().any(|task| task.action.module == "include_role") {
            for task in tasks.iter().chain(&play.handlers) {
                self.notifications(task, &play.handlers);
            }
        }
    }

    fn task(&mut self, task: &Task) {
        let action = &task.action;
        if let Some(known) = catalogue::find(&action.module) {
            for (key, _) in &action.args {
                if let Err(names) = known.takes(&key.value) {
                    let mut problem = Diagnostic::error(format!(
                        "`{}` has no argument `{}`",
                        known.name(),
                        key.value
                    ))
                    .at(&key.span, "");
                    problem = match nearest(&key.value, names.iter().copied()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(format!("it takes {}", names.join(", "))),
                    };
                    self.found.push(problem);
                }
            }
        }
        let bare = |name: &str| {
            matches!((action.module.as_str(), name), ("debug", "var") | ("assert", "that"))
        };
        for (key, node) in &action.args {
            if !bare(&key.value) {
                self.found.extend(self.engine.check(node));
            }
        }
        self.found.extend(action.free_form.iter().flat_map(|node| self.engine.check(node)));
        self.conditions(&task.common.when);
        for nodes in [&task.changed_when, &task.failed_when, &task.until].into_iter().flatten() {
            self.conditions(nodes);
        }
        if let Some(repeat) = &task.repeat {
            self.found.extend(self.engine.check(&repeat.items));
        }
        for (_, node) in &task.common.vars {
            self.found.extend(self.engine.check(node));
        }
    }

    fn conditions(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.found.extend(self.engine.check_condition(node));
        }
    }

    /// Every notification that is no template names a handler.
    fn notifications(&mut self, task: &Task, handlers: &[Arc<Task>]) {
        let names: Vec<String> = handlers.iter().flat_map(|handler| names_of(handler)).collect();
        if names.iter().any(|name| name.contains("{{")) {
            return;
        }
        for node in &task.notify {
            let Some(name) = node.as_str().filter(|name| !name.contains("{{")) else { continue };
            if names.iter().any(|known| known == name) {
                continue;
            }
            let mut problem = Diagnostic::error(format!("no handler is called `{name}`"))
                .at(&node.span, "notified here");
            if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
                problem = problem.help(format!("did you mean `{near}`?"));
            }
            self.found.push(problem);
        }
    }
}

fn collect(items: &[Item], tasks: &mut Vec<Arc<Task>>) {
    for item in items {
        match item {
            Item::Task(task) => tasks.push(Arc::clone(task)),
            Item::Block(block) => {
                for items in [&block.block, &block.rescue, &block.always] {
                    collect(items, tasks);
                }
            }
        }
    }
}

fn names_of(handler: &Task) -> Vec<String> {
    let mut names: Vec<String> =
        handler.listen.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    if let Some(name) = handler.name.as_ref().and_then(Node::as_str) {
        names.extend(handler.role.iter().map(|role| format!("{} : {name}", role.name)));
        names.push(name.to_owned());
    }
    names
}
