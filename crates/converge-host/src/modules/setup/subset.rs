//! Which facts are gathered.

use std::collections::BTreeSet;

use crate::stop::{Result, Stop};

/// Facts that are gathered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Platform,
    Distribution,
    Python,
    Apparmor,
    Caps,
    Chroot,
    Cmdline,
    DateTime,
    Dns,
    Env,
    FibreChannel,
    Fips,
    Hardware,
    Iscsi,
    Loadavg,
    Local,
    Lsb,
    Network,
    Nvme,
    PkgMgr,
    Selinux,
    ServiceMgr,
    SshKeys,
    Systemd,
    User,
    Virtual,
}

/// Names of other tools' facts, which are never gathered.
const NEVER: &[&str] = &["facter", "ohai"];

impl Family {
    /// All of them; those that others build on first.
    pub(super) const ALL: &[Self] = &[
        Self::Platform,
        Self::Distribution,
        Self::Python,
        Self::Apparmor,
        Self::Caps,
        Self::Chroot,
        Self::Cmdline,
        Self::DateTime,
        Self::Dns,
        Self::Env,
        Self::FibreChannel,
        Self::Fips,
        Self::Hardware,
        Self::Iscsi,
        Self::Loadavg,
        Self::Local,
        Self::Lsb,
        Self::Network,
        Self::Nvme,
        Self::PkgMgr,
        Self::Selinux,
        Self::ServiceMgr,
        Self::SshKeys,
        Self::Systemd,
        Self::User,
        Self::Virtual,
    ];

    fn is_minimal(self) -> bool {
        !matches!(
            self,
            Self::Chroot
                | Self::FibreChannel
                | Self::Hardware
                | Self::Iscsi
                | Self::Loadavg
                | Self::Network
                | Self::Nvme
                | Self::Systemd
                | Self::Virtual
        )
    }

    /// Its names, and those of facts that stand for it.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Platform => &[
                "platform",
                "architecture",
                "kernel",
                "kernel_version",
                "machine",
                "machine_id",
                "system",
            ],
            Self::Distribution => &[
                "distribution",
                "distribution_major_version",
                "distribution_release",
                "distribution_version",
                "os_family",
            ],
            Self::Python => &["python", "python_version"],
            Self::Apparmor => &["apparmor"],
            Self::Caps => &["caps", "system_capabilities", "system_capabilities_enforced"],
            Self::Chroot => &["chroot", "is_chroot"],
            Self::Cmdline => &["cmdline"],
            Self::DateTime => &["date_time"],
            Self::Dns => &["dns"],
            Self::Env => &["env"],
            Self::FibreChannel => &["fibre_channel_wwn"],
            Self::Fips => &["fips"],
            Self::Hardware => &[
                "hardware",
                "devices",
                "mounts",
                "processor",
                "processor_cores",
                "processor_count",
            ],
            Self::Iscsi => &["iscsi"],
            Self::Loadavg => &["loadavg"],
            Self::Local => &["local"],
            Self::Lsb => &["lsb"],
            Self::Network => &[
                "network",
                "all_ipv4_addresses",
                "all_ipv6_addresses",
                "default_ipv4",
                "default_ipv6",
                "interfaces",
            ],
            Self::Nvme => &["nvme"],
            Self::PkgMgr => &["pkg_mgr"],
            Self::Selinux => &["selinux"],
            Self::ServiceMgr => &["service_mgr"],
            Self::SshKeys => &[
                "ssh_pub_keys",
                "ssh_host_pub_keys",
                "ssh_host_key_dsa_public",
                "ssh_host_key_ecdsa_public",
                "ssh_host_key_ed25519_public",
                "ssh_host_key_rsa_public",
            ],
            Self::Systemd => &["systemd"],
            Self::User => &[
                "user",
                "effective_group_ids",
                "effective_user_id",
                "real_user_id",
                "user_dir",
                "user_gecos",
                "user_gid",
                "user_id",
                "user_shell",
                "user_uid",
            ],
            Self::Virtual => &[
                "virtual",
                "virtualization_role",
                "virtualization_tech_guest",
                "virtualization_tech_host",
                "virtualization_type",
            ],
        }
    }

    /// Those whose facts it needs, and which come along.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::Hardware => &[Self::Platform],
            Self::Network | Self::ServiceMgr => &[Self::Platform, Self::Distribution],
            Self::PkgMgr | Self::Python => &[Self::Distribution],
            _ => &[],
        }
    }
}

/// The families that a list of names chooses, as Ansible reads it.
pub(super) fn choose(names: &[String]) -> Result<BTreeSet<Family>> {
    let all = || Family::ALL.iter().copied();
    let minimal = || all().filter(|family| family.is_minimal());
    let (mut added, mut named, mut left_out) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        match name {
            "all" => added.extend(all()),
            "min" => added.extend(minimal()),
            "!all" => left_out.extend(all().filter(|family| !family.is_minimal())),
            "!min" => left_out.extend(minimal()),
            name => match name.strip_prefix('!') {
                Some(name) => {
                    left_out.extend(all().filter(|family| family.names().contains(&name)));
                }
                None if NEVER.contains(&name) => {}
                None => {
                    let family = all().find(|family| family.names().contains(&name));
                    named.insert(family.ok_or_else(|| bad(name))?);
                }
            },
        }
    }
    // What is left out without anything that is named leaves the minimum, not all.
    if !names.iter().any(|name| name.trim() == "!min") {
        added.extend(minimal());
    }
    let mut chosen: BTreeSet<_> = added.difference(&left_out).copied().collect();
    chosen.extend(named);
    let needed: Vec<_> = chosen.iter().flat_map(|family| family.needs()).copied().collect();
    chosen.extend(needed);
    Ok(chosen)
}

fn bad(name: &str) -> Stop {
    let mut known: Vec<_> = Family::ALL.iter().flat_map(|family| family.names()).copied().collect();
    known.extend(NEVER);
    known.extend(["all", "min"]);
    known.sort_unstable();
    Stop::failed(format!(
        "Bad subset '{name}' given to Ansible. gather_subset options allowed: {}",
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::{Family, choose};

    #[track_caller]
    fn check(names: &[&str], want: impl Fn(&Family) -> bool) {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let want: Vec<_> = Family::ALL.iter().copied().filter(want).collect();
        let mut chosen: Vec<_> = choose(&names).unwrap().into_iter().collect();
        chosen.sort();
        assert_eq!(chosen, want, "{names:?}");
    }

    #[test]
    fn subsets_are_chosen_as_ansible_does() {
        check(&["all"], |_| true);
        check(&["all", "!hardware"], |family| *family != Family::Hardware);
        check(&["!all"], |family| family.is_minimal());
        check(&["min"], |family| family.is_minimal());
        check(&["!all", "!min"], |_| false);
        check(&["!all", "!min", "default_ipv4"], |family| {
            matches!(family, Family::Network | Family::Platform | Family::Distribution)
        });
        check(&["network"], |family| family.is_minimal() || *family == Family::Network);
        check(&["!hardware"], |family| family.is_minimal());
        check(&["!min"], |_| false);
        check(&["hardware", "!hardware"], |family| {
            family.is_minimal() || *family == Family::Hardware
        });
        check(&["all", "!facter", "!ohai"], |_| true);
        assert!(choose(&["nosuch".into()]).is_err());
    }
}
