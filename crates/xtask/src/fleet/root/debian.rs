//! The Debian root: systemd, sshd, sudo and no Python, with the users that tests log in as.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::fleet::machine::{Machine, RELEASE};
use crate::fleet::root::workshop::Workshop;
use crate::process::{self, Run};

/// This file, as the recipe of the root.
pub(crate) const RECIPE: &str = include_str!("debian.rs");

const INCLUDE: &str =
    "systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,ca-certificates,procps";

/// What is done to the root once its packages are in. The units masked here have no use in a container, or would
/// disturb tests at moments of their own.
const SETUP: &str = r#"
useradd --uid 1000 --create-home --shell /bin/bash admin
useradd --uid 1001 --create-home --shell /bin/bash deploy
echo 'deploy:deploy-secret' | chpasswd
umask 0227
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin
echo 'deploy ALL=(ALL:ALL) ALL' > /etc/sudoers.d/deploy
umask 022

cat > /etc/ssh/sshd_config.d/50-fleet.conf <<'END'
MaxStartups 500:30:1000
MaxSessions 500
PermitRootLogin prohibit-password
PasswordAuthentication yes
UseDNS no
END

systemctl mask --quiet systemd-resolved.service systemd-networkd.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  systemd-firstboot.service console-getty.service getty@tty1.service
systemctl set-default --quiet multi-user.target

echo 'LANG=C.UTF-8' > /etc/default/locale
rm -f /etc/ssh/ssh_host_* /etc/resolv.conf /etc/hostname /etc/hosts /etc/machine-id /var/lib/dbus/machine-id
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/cache/apt/* /var/cache/debconf/*-old
if ls /usr/bin/python* 2>/dev/null; then echo 'this root must not have a Python' >&2; exit 1; fi
"#;

/// Builds the root and gives its folder.
pub(crate) fn build(workshop: &Workshop, machine: &Machine) -> Result<PathBuf> {
    let sources = workshop.dir().join("debian.sources");
    fs::write(&sources, &machine.sources)
        .with_context(|| format!("cannot write `{}`", sources.display()))?;
    let root = workshop.dir().join("debian");
    let mut command = Run::new("mmdebstrap").args(["--quiet", "--mode=root", "--variant=minbase"]);
    command = command.arg(format!("--include={INCLUDE}"));
    for setting in machine.apt_settings() {
        command = command.arg(format!("--aptopt={setting}"));
    }
    command.arg(RELEASE).arg(&root).arg(&sources).run()?;
    process::chroot(&root, SETUP)?;
    Ok(root)
}
