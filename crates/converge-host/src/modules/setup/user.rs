//! The user that modules run as.

use crate::data::Map;
use crate::modules::setup::read::Reader;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let user = read.host.identity();
    let uid = i64::from(user.uid.unwrap_or_default());
    let status = read.text("/proc/self/status").unwrap_or_default();
    let (real_uid, uid) = ids(&status, "Uid:").unwrap_or((uid, uid));
    let gid = i64::from(user.group.id.unwrap_or_default());
    let (real_gid, gid) = ids(&status, "Gid:").unwrap_or((gid, gid));
    facts.insert("user_id".into(), user.name.as_str().into());
    facts.insert("user_uid".into(), uid.into());
    // As passwd(5) has it, not as the process runs.
    let primary = read.host.user(&user.name).ok().flatten().and_then(|user| user.group.id);
    facts.insert("user_gid".into(), primary.map_or(gid, i64::from).into());
    facts.insert("user_gecos".into(), user.comment.as_str().into());
    facts.insert("user_dir".into(), user.home.as_str().into());
    facts.insert("user_shell".into(), user.shell.as_str().into());
    facts.insert("real_user_id".into(), real_uid.into());
    facts.insert("effective_user_id".into(), uid.into());
    facts.insert("real_group_id".into(), real_gid.into());
    facts.insert("effective_group_id".into(), gid.into());
}

/// The real and the effective number in a line of proc_pid_status(5).
fn ids(status: &str, key: &str) -> Option<(i64, i64)> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let mut numbers = line.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn numbers_are_read() {
        assert_eq!(
            ids("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t6\t6\t6\n", "Uid:"),
            Some((1000, 0))
        );
        assert_eq!(ids("", "Uid:"), None);
    }
}
