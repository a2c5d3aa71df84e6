//! `--list-hosts`, `--list-tasks`, `--list-tags` and `--syntax-check`, in the lines that Ansible prints.

use std::collections::BTreeSet;

use crate::cli::args::Listing;
use crate::cli::run::prepare::Prepared;
use crate::diagnostic::Diagnostic;
use crate::playbook::{Play, Reader, TagFilter};
use crate::yaml::Node;

/// What a listing shows.
pub(super) fn draw(prepared: &Prepared, listing: Listing) -> Result<String, Diagnostic> {
    let (plays, _) = prepared.session.hosts()?;
    let mut plays = plays.into_iter();
    let mut text = String::new();
    for (file, count) in &prepared.files {
        text.push_str(&format!("\nplaybook: {file}\n"));
        for (number, (play, hosts)) in plays.by_ref().take(*count).enumerate() {
            if listing.hosts || listing.tasks || listing.tags {
                text.push_str(&draw_play(number + 1, play, &hosts, listing, &prepared.filter));
            }
        }
    }
    Ok(text)
}

fn draw_play(
    number: usize,
    play: &Play,
    hosts: &[String],
    listing: Listing,
    filter: &TagFilter,
) -> String {
    let patterns: Vec<String> =
        Reader::hosts_of(&play.hosts).into_iter().map(|pattern| pattern.value).collect();
    let pattern = patterns.join(",");
    let name = play.name.as_ref().and_then(Node::as_str).unwrap_or(&pattern);
    let tags: BTreeSet<String> =
        play.scope.tags().into_iter().map(|tag| tag.value.to_string()).collect();
    let mut text = format!("\n  play #{number} ({pattern}): {name}\tTAGS: {}\n", shown(&tags));
    if listing.hosts {
        let quoted: Vec<String> = patterns.iter().map(|word| format!("'{word}'")).collect();
        let count = hosts.len();
        text.push_str(&format!("    pattern: [{}]\n    hosts ({count}):\n", quoted.join(", ")));
        hosts.iter().for_each(|host| text.push_str(&format!("      {host}\n")));
    }
    if listing.tasks {
        text.push_str("    tasks:\n");
        for task in play.list_tasks(filter) {
            text.push_str(&format!("      {}\tTAGS: {}\n", task.title, shown(&task.tags)));
        }
    }
    if listing.tags {
        text.push_str(&format!("      TASK TAGS: {}\n", shown(&play.list_tags(filter))));
    }
    text
}

fn shown(tags: &BTreeSet<String>) -> String {
    format!("[{}]", tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}
