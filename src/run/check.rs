//! What can be told of a playbook before any host is asked: unknown arguments, wrong values and broken templates.

use std::sync::Arc;

use converge_host::data::Data;

use crate::actions::catalogue;
use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::{Play, Playbook, Task, TaskItem};
use crate::template::Engine;
use crate::yaml::{Kind, Node, Tag};

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
        for items in [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks, &play.handlers] {
            collect(items, &mut tasks);
        }
        for task in &tasks {
            self.task(task);
        }
    }

    fn task(&mut self, task: &Task) {
        let action = &task.action;
        if let Some(known) = catalogue::find(task.module()) {
            // A task that has a condition may never be reached, and others' roles have such tasks.
            let sure = task.scope.chain().all(|scope| scope.own.when.is_empty());
            let told = if sure { Diagnostic::error } else { Diagnostic::warning };
            for key in action.args.named.iter().map(|argument| &argument.name) {
                if let Err(names) = known.takes(&key.value) {
                    let message = format!("`{}` has no argument `{}`", known.name(), key.value);
                    let mut problem = told(message).at(&key.span, "");
                    problem = match nearest(&key.value, names.iter().copied()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(format!("it takes {}", names.join(", "))),
                    };
                    self.found.push(problem);
                }
            }
            // A task that may fail is left to fail in its turn, as its author meant.
            let may_fail = task.failed_when.is_some()
                || task.scope.nearest(|own| &own.ignore_errors).is_some();
            for argument in action.args.named.iter().filter(|_| !may_fail) {
                let node = &argument.value;
                let refused =
                    constant(node).and_then(|value| known.refuses(&argument.name.value, value));
                self.found.extend(refused.map(|message| told(message).at(&node.span, "")));
            }
        }
        let bare =
            |name: &str| matches!((task.module(), name), ("debug", "var") | ("assert", "that"));
        for argument in &action.args.named {
            if !bare(&argument.name.value) {
                self.found.extend(self.engine.check(&argument.value));
            }
        }
        self.found.extend(action.args.free.iter().flat_map(|node| self.engine.check(node)));
        for scope in task.scope.chain() {
            self.conditions(&scope.own.when);
        }
        for nodes in
            [&task.changed_when, &task.failed_when].into_iter().flatten().chain([&task.until])
        {
            self.conditions(nodes);
        }
        if let Some(repeat) = &task.r#loop {
            self.found.extend(self.engine.check(&repeat.items));
        }
        for var in &task.scope.own.vars {
            self.found.extend(self.engine.check(&var.value));
        }
    }

    fn conditions(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.found.extend(self.engine.check_condition(node));
        }
    }
}

/// A value that is the same on every host.
fn constant(node: &Node) -> Option<Data> {
    if node.tag != Tag::None {
        return None;
    }
    match &node.kind {
        Kind::Bool(truth) => Some(Data::Bool(*truth)),
        Kind::Int(number) => Some(Data::Int(*number)),
        Kind::Float(number) => Some(Data::Float(*number)),
        Kind::Str(text, _) if !text.contains('{') => Some(Data::Str(text.to_string())),
        Kind::Seq(items) => items.iter().map(constant).collect::<Option<_>>().map(Data::List),
        _ => None,
    }
}

fn collect(items: &[TaskItem], tasks: &mut Vec<Arc<Task>>) {
    for item in items {
        match item {
            TaskItem::Task(task) => tasks.push(Arc::clone(task)),
            TaskItem::Include(include) => tasks.push(Arc::clone(&include.task)),
            TaskItem::Role(run) => {
                for dependency in &run.dependencies {
                    collect(&[TaskItem::Role(Arc::clone(dependency))], tasks);
                }
                collect(&run.items, tasks);
                collect(&run.handlers, tasks);
            }
            TaskItem::Block(block) => {
                for items in [&block.block, &block.rescue, &block.always] {
                    collect(items, tasks);
                }
            }
        }
    }
}
