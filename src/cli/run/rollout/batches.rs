//! Which hosts go when.

use crate::environment::{Canary, Rollout};

/// The batches of these hosts: the canaries, then the others in the order of the inventory. `canaries` are the hosts that the
/// pattern for canaries matches.
pub(super) fn batches(
    rollout: &Rollout,
    hosts: &[String],
    canaries: &[String],
) -> Vec<Vec<String>> {
    let first: Vec<String> = match &rollout.canary {
        None => Vec::new(),
        Some(Canary::First(count)) => hosts.iter().take(*count).cloned().collect(),
        Some(Canary::Hosts(_)) => {
            hosts.iter().filter(|host| canaries.contains(host)).cloned().collect()
        }
    };
    let rest: Vec<String> = hosts.iter().filter(|host| !first.contains(host)).cloned().collect();
    let mut batches: Vec<Vec<String>> = Vec::new();
    batches.extend(Some(first).filter(|first| !first.is_empty()));
    let mut left = rest.as_slice();
    for size in rollout.sizes(rest.len()) {
        let (batch, others) = left.split_at(size.min(left.len()));
        batches.push(batch.to_vec());
        left = others;
    }
    batches
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::batches;
    use crate::environment::Settings;
    use crate::source::Source;

    #[track_caller]
    fn check(rollout: &str, hosts: &str, canaries: &str, expected: &str) {
        let text = format!("[environments.prod.rollout]\n{rollout}\n");
        let (settings, problems) =
            Settings::read(&Source::new("converge.toml", text), Path::new("/p"));
        assert!(problems.is_empty(), "{problems:?}");
        let rollout = settings.get("prod").unwrap().rollout.clone().unwrap();
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let found = batches(&rollout, &words(hosts), &words(canaries));
        let found: Vec<String> = found.iter().map(|batch| batch.join(" ")).collect();
        assert_eq!(found.join(" | "), expected);
    }

    #[test]
    fn canaries_go_first_and_every_host_goes_once() {
        check("", "a b c", "", "a b c");
        check("canary = 1", "a b c", "", "a | b c");
        check("canary = 1\nbatches = 1", "a b c", "", "a | b | c");
        check("canary = 'x'\nbatches = [1, 2]", "a b c d e", "d z", "d | a | b c | e");
        check("batches = '50%'", "a b c d e", "", "a b c | d e");
        check("batches = '10%'", "a b c", "", "a | b | c");
        check("canary = 9", "a b", "", "a b");
        check("canary = 'x'", "a b", "", "a b");
        check("batches = 7", "", "", "");
    }
}
