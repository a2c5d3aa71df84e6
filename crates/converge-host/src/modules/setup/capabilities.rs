//! What the process may do: capabilities(7).

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

/// By number, as `linux/capability.h` has them.
const NAMES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let status = read.text("/proc/self/status").unwrap_or_default();
    let last = read.number("/proc/sys/kernel/cap_last_cap").unwrap_or(40);
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let Some(held) = held.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()) else { return };
    let (enforced, names) = list(held, last.unsigned_abs());
    facts.insert("system_capabilities_enforced".into(), enforced.into());
    facts.insert("system_capabilities".into(), names.into());
}

/// Who has all of them is held back by none, and then they are not listed.
fn list(held: u64, last: u64) -> (&'static str, Vec<Data>) {
    let all = (0..=last.min(63)).all(|number| held >> number & 1 == 1);
    if all {
        return ("False", Vec::new());
    }
    let has = |(number, _): &(usize, &&str)| held >> number & 1 == 1;
    let names = NAMES.iter().enumerate().filter(has);
    ("True", names.map(|(_, name)| format!("cap_{name}").into()).collect())
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn bits_become_names() {
        assert_eq!(list(0x1ff_ffff_ffff, 40), ("False", Vec::new()));
        assert_eq!(list(0b10_0001, 40), ("True", vec!["cap_chown".into(), "cap_kill".into()]));
    }
}
