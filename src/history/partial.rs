//! Options of runs that left something out, as the head of a run tells them.

/// Whether an option leaves tasks out on every host.
pub(super) fn leaves_tasks_out(option: &str) -> bool {
    ["--tags ", "--skip-tags ", "--start-at-task "].iter().any(|name| option.starts_with(name))
}

/// Whether an option says that less than everything was applied: tasks or hosts were left out. A rollout is whole with its last
/// batch.
pub(super) fn is_part(option: &str) -> bool {
    leaves_tasks_out(option)
        || ["--limit ", "resume "].iter().any(|name| option.starts_with(name))
        || (option.starts_with("rollout ") && !option.ends_with(", the last"))
}
