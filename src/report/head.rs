//! What stands above a plan.

use crate::record::Head;
use crate::report::theme::{Label, Theme};
use crate::report::{environment, hosts};

/// The project with its commit, the inventories, playbooks and hosts: one line each.
pub fn draw(head: &Head, names: &[&str], theme: Theme, verbose: bool) -> String {
    let project = match &head.revision {
        Some(revision) => format!("{} at {}", head.project, revision.shown()),
        None => format!("{} (not in git)", head.project),
    };
    let mut lines = vec![("Project", project)];
    if verbose && let Some(revision) = &head.revision {
        let dirty = revision.dirty.iter();
        lines.extend(dirty.map(|file| ("", format!("{} {}", file.how.word(), file.path))));
    }
    lines.push(("Inventory", head.inventory.join(", ")));
    let plural = if head.playbooks.len() == 1 { "Playbook" } else { "Playbooks" };
    lines.push((plural, head.playbooks.join(", ")));
    if !head.options.is_empty() {
        lines.push(("Options", head.options.join(" ")));
    }
    lines.extend(head.environments.iter().flat_map(|one| environment::lines(one, verbose)));
    // Where nothing was planned before, it is not known yet.
    if !names.is_empty() {
        lines.push(("Hosts", hosts::list(names, verbose)));
    }
    let mut text = String::new();
    for (name, value) in lines {
        if value.is_empty() {
            continue;
        }
        let name = theme.paint(Label::Title, &format!("{name:<10}"));
        text.push_str(&format!("{name} {}\n", theme.paint(Label::Plain, &value)));
    }
    text
}
