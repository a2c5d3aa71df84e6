//! One line that sums up.

use crate::record::Totals;
use crate::report::hosts::count;

/// What a plan amounts to, in one sentence or two.
pub fn plan(totals: &Totals) -> String {
    if totals.hosts == 0 {
        return "Nothing to do: no play has a host.".into();
    }
    let trouble = trouble(totals, "would fail");
    if !totals.pending() {
        if !trouble.is_empty() {
            return format!("No changes seen, but {}.", trouble.join(" and "));
        }
        let verb = if totals.hosts == 1 { "is" } else { "are" };
        let hosts = count(totals.hosts, "host");
        return format!("No changes. {hosts} {verb} as the project says; {}.", coverage(totals));
    }
    let mut parts = Vec::new();
    if totals.changes > 0 {
        parts.push(count(totals.changes, "change"));
    }
    if totals.commands > 0 {
        parts.push(format!("{} with unknown effect", count(totals.commands, "command")));
    }
    if totals.hosts_changed > 0 {
        parts[0].push_str(&format!(" on {}", count(totals.hosts_changed, "host")));
    }
    if totals.unknown > 0 {
        parts.push(format!("{} unknown", totals.unknown));
    }
    parts.extend(trouble);
    format!("Plan: {}; {}.", parts.join(", "), coverage(totals))
}

/// How much of the project a plan could see through.
fn coverage(totals: &Totals) -> String {
    format!("{} of {} seen through", totals.seen_through, count(totals.tasks, "task"))
}

/// What a run amounted to, in one sentence.
pub fn run(totals: &Totals, took: std::time::Duration) -> String {
    let done = totals.changes + totals.commands;
    let mut parts = vec![match done {
        0 => "nothing changed".to_owned(),
        _ => format!("{} on {}", count(done, "change"), count(totals.hosts_changed, "host")),
    }];
    parts.extend(trouble(totals, "failed"));
    format!("Done in {:.1} s: {}.", took.as_secs_f64(), parts.join(", "))
}

/// What went wrong, as parts of a sentence.
fn trouble(totals: &Totals, fails: &str) -> Vec<String> {
    let mut trouble = Vec::new();
    if totals.failed > 0 {
        trouble.push(format!("{} {fails}", count(totals.failed, "task")));
    }
    if totals.unreachable > 0 {
        trouble.push(format!("{} could not be reached", count(totals.unreachable, "host")));
    }
    trouble
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{plan, run};
    use crate::record::Totals;

    fn check(totals: Totals, expected: &str) {
        assert_eq!(plan(&totals), expected);
    }

    #[test]
    fn plans_in_one_line() {
        let quiet = Totals { hosts: 2, tasks: 44, seen_through: 44, ..Totals::default() };
        check(quiet, "No changes. 2 hosts are as the project says; 44 of 44 tasks seen through.");
        let one = Totals { hosts: 1, ..quiet };
        check(one, "No changes. 1 host is as the project says; 44 of 44 tasks seen through.");
        check(Totals::default(), "Nothing to do: no play has a host.");
        let busy = Totals {
            changes: 12,
            hosts_changed: 3,
            commands: 2,
            unknown: 1,
            seen_through: 41,
            ..quiet
        };
        check(
            busy,
            "Plan: 12 changes on 3 hosts, 2 commands with unknown effect, 1 unknown; 41 of 44 tasks seen through.",
        );
        let command = Totals { commands: 1, hosts_changed: 1, seen_through: 43, ..quiet };
        check(
            command,
            "Plan: 1 command with unknown effect on 1 host; 43 of 44 tasks seen through.",
        );
        let unknown = Totals { unknown: 1, seen_through: 43, ..quiet };
        check(unknown, "Plan: 1 unknown; 43 of 44 tasks seen through.");
    }

    #[test]
    fn runs_in_one_line() {
        let took = Duration::from_millis(4240);
        let busy =
            Totals { changes: 2, commands: 1, hosts_changed: 2, hosts: 3, ..Totals::default() };
        assert_eq!(run(&busy, took), "Done in 4.2 s: 3 changes on 2 hosts.");
        let trouble = Totals { failed: 1, unreachable: 1, ..Totals::default() };
        assert_eq!(
            run(&trouble, took),
            "Done in 4.2 s: nothing changed, 1 task failed, 1 host could not be reached."
        );
    }

    #[test]
    fn trouble_is_never_left_out() {
        let quiet = Totals { hosts: 2, tasks: 4, seen_through: 4, ..Totals::default() };
        check(
            Totals { failed: 1, unreachable: 1, ..quiet },
            "No changes seen, but 1 task would fail and 1 host could not be reached.",
        );
        check(
            Totals { changes: 1, hosts_changed: 1, failed: 2, ..quiet },
            "Plan: 1 change on 1 host, 2 tasks would fail; 4 of 4 tasks seen through.",
        );
    }
}
