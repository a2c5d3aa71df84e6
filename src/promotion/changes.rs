//! What a plan or run changes, in a form that can be compared between environments.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::record::{Story, TaskRecord, Verdict};

/// One thing that a plan holds: a task and what it changes, whichever the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its short digest.
    pub digest: String,
    /// The task.
    pub task: String,
    /// What it changes, in words.
    pub what: String,
    /// The hosts.
    pub hosts: Vec<String>,
}

/// Everything that a story changes, or may change. The name of a host in what changes counts as the same on each, so that a file of
/// each host's own is one thing.
pub fn items(story: &Story) -> Vec<Item> {
    let mut found: BTreeMap<String, Item> = BTreeMap::new();
    let mut order = Vec::new();
    for task in story.tasks() {
        for step in &task.steps {
            let mut whats: Vec<String> = step
                .changes
                .iter()
                .filter(|change| change.counts)
                .map(|change| change.what.clone())
                .collect();
            if whats.is_empty() && says_so(task, step) {
                whats.push(task.module.clone());
            }
            for what in whats {
                let digest = short(task, &unhosted(&what, &step.host));
                let item = found.entry(digest.clone()).or_insert_with(|| {
                    order.push(digest.clone());
                    let (task, hosts) = (task.title(), Vec::new());
                    Item { digest, task, what, hosts }
                });
                if !item.hosts.contains(&step.host) {
                    item.hosts.push(step.host.clone());
                }
            }
        }
    }
    order.into_iter().filter_map(|digest| found.remove(&digest)).collect()
}

/// Whether a step without changes says that it changes something all the same, or may.
fn says_so(task: &TaskRecord, step: &crate::record::StepRecord) -> bool {
    let may = matches!(step.verdict, Verdict::Changed | Verdict::Unknown { .. });
    may && !step.probed && !task.sums_up(step)
}

/// What changes, without the name of the host where that stands by itself: the `p1` in `tmp12` is no host.
fn unhosted(what: &str, host: &str) -> String {
    let mut text = String::with_capacity(what.len());
    let mut rest = 0;
    for (at, _) in what.match_indices(host) {
        let (before, after) = (&what[..at], &what[at + host.len()..]);
        let inside =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        if !inside {
            text.push_str(&what[rest..at]);
            text.push('\0');
            rest = at + host.len();
        }
    }
    text.push_str(&what[rest..]);
    text
}

fn short(task: &TaskRecord, what: &str) -> String {
    let text = format!("{}\0{}\0{what}", task.name, task.module);
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::unhosted;

    #[test]
    fn the_name_of_a_host_counts_where_it_stands_by_itself() {
        let same = [
            ("/etc/app/s1", "/etc/app/p1"),
            ("/etc/s1.conf", "/etc/p1.conf"),
            ("dump_s1-s1.sql", "dump_p1-p1.sql"),
            ("/tmp/.tmp169/s1/page", "/tmp/.tmp169/p1/page"),
            ("/class1/s1", "/class1/p1"),
        ];
        for (staging, prod) in same {
            assert_eq!(unhosted(staging, "s1"), unhosted(prod, "p1"), "{staging} and {prod}");
        }
        assert_eq!(unhosted("/tmp/.tmp169", "p1"), "/tmp/.tmp169");
        assert_ne!(unhosted("/srv/s1", "s1"), unhosted("/srv/other", "p1"));
    }
}
