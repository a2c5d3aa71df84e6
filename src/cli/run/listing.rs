//! `--list-hosts`, `--list-tasks`, `--list-tags` and `--syntax-check`, in the lines that Ansible prints.

use std::collections::BTreeSet;

use crate::cli::args::Listing;
use crate::cli::run::prepare::Prepared;
use crate::diagnostic::Diagnostic;
use crate::playbook::{Common, Item, Play, Task};
use crate::run::tags::Selection;
use crate::yaml::{Kind, Node};

/// What a listing shows.
pub(super) fn draw(prepared: &Prepared, listing: Listing) -> Result<String, Diagnostic> {
    let (plays, _) = prepared.session.hosts()?;
    let mut text = String::new();
    let mut file = None;
    for (number, (play, hosts)) in plays.iter().enumerate() {
        let source = play.span.source().path();
        if file.replace(source) != Some(source) {
            text.push_str(&format!("\nplaybook: {}\n", source.display()));
        }
        if listing == (Listing { syntax: true, ..Listing::default() }) {
            continue;
        }
        text.push_str(&draw_play(number + 1, play, hosts, listing, &prepared.selection));
    }
    Ok(text)
}

fn draw_play(
    number: usize,
    play: &Play,
    hosts: &[String],
    listing: Listing,
    selection: &Selection,
) -> String {
    let pattern = words(&play.hosts);
    let own = shown(&tags(&play.common));
    let mut text =
        format!("\n  play #{number} ({}): {}\tTAGS: {own}\n", pattern.join(","), play.name);
    if listing.hosts {
        let quoted: Vec<String> = pattern.iter().map(|word| format!("'{word}'")).collect();
        text.push_str(&format!(
            "    pattern: [{}]\n    hosts ({}):\n",
            quoted.join(", "),
            hosts.len()
        ));
        hosts.iter().for_each(|host| text.push_str(&format!("      {host}\n")));
    }
    let mut tasks = Vec::new();
    for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
        collect(items, &mut tasks);
    }
    let taken: Vec<(&Task, BTreeSet<String>)> = tasks
        .into_iter()
        .map(|task| (task, tags(&task.common)))
        .filter(|(_, tags)| selection.takes(&tags.iter().collect::<Vec<_>>()))
        .collect();
    if listing.tasks {
        text.push_str("    tasks:\n");
        for (task, tags) in &taken {
            text.push_str(&format!("      {}\tTAGS: {}\n", name(task), shown(tags)));
        }
    }
    if listing.tags {
        let all: BTreeSet<String> = taken.into_iter().flat_map(|(_, tags)| tags).collect();
        text.push_str(&format!("      TASK TAGS: {}\n", shown(&all)));
    }
    text
}

/// The tasks of a list, those of blocks among them; what rescues is left out, as Ansible leaves it out.
fn collect<'a>(items: &'a [Item], tasks: &mut Vec<&'a Task>) {
    for item in items {
        match item {
            Item::Task(task) => tasks.push(task),
            Item::Block(block) => collect(&block.block, tasks),
        }
    }
}

fn name(task: &Task) -> String {
    let own = task.name.as_ref().and_then(Node::as_str).map(str::to_owned);
    let own = own.unwrap_or_else(|| task.action.module.clone());
    match &task.role {
        Some(role) => format!("{} : {own}", role.name),
        None => own,
    }
}

/// The tags of all levels.
fn tags(common: &Common) -> BTreeSet<String> {
    let nodes = common.levels().flat_map(|level| &level.tags);
    nodes.flat_map(words).flat_map(|word| split(&word)).collect()
}

fn split(word: &str) -> Vec<String> {
    word.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// The words of a node that holds one or a list of them.
fn words(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Str(text, _) => vec![text.to_string()],
        Kind::Int(number) => vec![number.to_string()],
        Kind::Bool(truth) => vec![truth.to_string()],
        Kind::Seq(items) => items.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn shown(tags: &BTreeSet<String>) -> String {
    format!("[{}]", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}
