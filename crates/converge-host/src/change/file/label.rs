//! SELinux contexts of what is new. A context is `user:role:type:level`; in one that is only asked for in part, the other
//! parts are empty, and the policy decides on them.

use std::path::Path;

use crate::change::file::FileState;
use crate::change::file::attributes::{Wanted, to_path};
use crate::host::real::Real;
use crate::host::real::files::refused;
use crate::host::{Command, Host, Look};
use crate::stop::Result;

/// Whether no part of a context is left to the policy. Only the level may be missing: a policy without levels has none.
pub(super) fn is_whole(context: &str) -> bool {
    context.split(':').all(|part| !part.is_empty())
}

/// A context as it is told: parts that the policy decides on are dots.
pub(super) fn told(context: &str) -> String {
    let parts = context.splitn(4, ':').map(|part| if part.is_empty() { "…" } else { part });
    parts.collect::<Vec<_>>().join(":")
}

/// Lets the SELinux policy label what is new, and then sets the parts that were asked for.
pub(super) fn relabel(path: &Path, after: &FileState, real: &Real) -> Result<()> {
    let asked = after.selinux.as_deref();
    if !real.has_selinux() || asked.is_some_and(is_whole) {
        return Ok(());
    }
    if let Some(program) = real.program("restorecon")? {
        let program = program.display().to_string();
        real.run_all(&[Command::new([program.as_str(), "--", &path.display().to_string()])])?;
    }
    let Some(asked) = asked else { return Ok(()) };
    let Look::Is(node) = real.look(path)? else { return Ok(()) };
    // A file system without labels can't take one.
    let Some(given) = &node.selinux else { return Ok(()) };
    let wanted = Wanted { selinux: Some(merged(asked, given)), ..Wanted::default() };
    to_path(path, &node.kind, &wanted.unlike(&node)).map_err(|error| refused("label", path, &error))
}

/// Whether a context is one that a plan left room for: what it did not ask for is the policy's.
pub(crate) fn allowed(planned: Option<&str>, now: Option<&str>) -> bool {
    match (planned, now) {
        (Some(planned), Some(now)) => merged(planned, now) == now,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

/// The parts that are asked for, and the others as they are given.
fn merged(asked: &str, given: &str) -> String {
    let mut asked = asked.splitn(4, ':');
    let parts = given.splitn(4, ':').map(|given| match asked.next() {
        Some(asked) if !asked.is_empty() => asked,
        _ => given,
    });
    parts.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::{allowed, is_whole, merged, told};

    #[test]
    fn parts_that_nobody_asked_for_are_the_policys() {
        assert!(is_whole("system_u:object_r:etc_t:s0") && is_whole("system_u:object_r:etc_t"));
        assert!(!is_whole("::etc_t:"));
        assert_eq!(told("::etc_t:"), "…:…:etc_t:…");
        assert_eq!(told("a:b:c:s0-s0:c0.c1023"), "a:b:c:s0-s0:c0.c1023");
        let given = "system_u:object_r:var_t:s0-s0:c0.c1023";
        assert_eq!(merged("::etc_t:", given), "system_u:object_r:etc_t:s0-s0:c0.c1023");
        assert_eq!(merged("::etc_t:", "u:r:t"), "u:r:etc_t", "a policy without levels");
        assert!(allowed(None, Some(given)) && allowed(Some(given), Some(given)));
        assert!(!allowed(Some("::etc_t:"), Some(given)) && !allowed(Some("::etc_t:"), None));
        assert!(allowed(Some("::etc_t:"), Some("system_u:object_r:etc_t:s0")));
    }
}
