//! Where reality leaves the plan: both versions in words.

use converge_host::change::Change;

use crate::record::words;

/// Says that a step is no longer what was planned, with both versions. Of a hidden step nothing is said but that.
pub(crate) fn told(planned: &[Change], now: &[Change], hidden: bool) -> String {
    let first = "reality has left the plan; nothing was done here, and nothing more on this host";
    if hidden {
        return format!(
            "{first}\n  what was planned and what it would be now are hidden by `no_log`"
        );
    }
    let (mut planned, mut now) = (lines(planned), lines(now));
    // What is the same on both sides explains nothing.
    let same: Vec<String> = planned.iter().filter(|line| now.contains(line)).cloned().collect();
    planned.retain(|line| !same.contains(line));
    now.retain(|line| !same.contains(line));
    format!("{first}\n  planned: {}\n  now:     {}", joined(&planned), joined(&now))
}

fn joined(lines: &[String]) -> String {
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n           ") }
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use converge_host::blob::Blob;
    use converge_host::change::{Before, Change, FileChange, FileKind, FileState};

    use super::told;

    fn write(path: &str, before: &str, after: &str) -> Change {
        let state = |text: &str| FileState::of(FileKind::File(Blob::new(text.as_bytes())));
        Change::File(FileChange::new(path, Before::Is(state(before)), Some(state(after))))
    }

    #[test]
    fn both_versions_are_told() {
        let (one, other) = (write("/etc/motd", "1", "2"), write("/etc/motd", "3", "2"));
        let both = write("/same", "1", "2");
        insta::assert_snapshot!(told(&[both.clone(), one], &[both, other.clone()], false), @r"
        reality has left the plan; nothing was done here, and nothing more on this host
          planned: ~ /etc/motd (content 6b86b273ff34 → d4735e3a265e)
          now:     ~ /etc/motd (content 4e07408562be → d4735e3a265e)
        ");
        let unplanned = told(&[], std::slice::from_ref(&other), false);
        assert!(unplanned.contains("planned: nothing\n"), "{unplanned}");
        assert!(!told(&[], &[other], true).contains("motd"));
    }
}
