//! The CentOS-like root: the Debian one with real rpm and dnf in place of apt, and CentOS 7's names for everything.
//!
//! What it cannot have is CentOS's own packages: there is no mirror to take them from. A small repository of packages
//! lies in it instead, so that `yum install` really resolves, unpacks and runs scripts.

use std::path::Path;

use anyhow::Result;

use crate::fleet::repository;
use crate::process;

/// This file, as the recipe of the layer.
pub(crate) const RECIPE: &str = include_str!("centos.rs");

const INSTALL: &str = r"
apt-get -qq update
apt-get -qq install --yes --no-install-recommends curl dnf netbase rpm python3-dnf xz-utils
";

/// Turns the root into one of the other family. dnf keeps a Python, but out of every PATH, where RHEL has it too.
const SETUP: &str = r#"
mkdir -p /etc/rpm /etc/yum.repos.d /etc/sysconfig /etc/pki/tls/certs /usr/libexec
echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros
rpm --initdb
rpm --install --replacepkgs /srv/repository/base/*.rpm

mv "$(readlink -f /usr/bin/python3)" /usr/libexec/platform-python
sed -i '1s,.*,#!/usr/libexec/platform-python,' /usr/bin/dnf-3
rm -f /usr/bin/python3* /usr/bin/py3* /usr/bin/pydoc3* /usr/bin/pygettext3*
ln -s dnf-3 /usr/bin/yum

cat > /etc/dnf/dnf.conf <<'END'
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
END
ln -s dnf/dnf.conf /etc/yum.conf
cat > /etc/yum.repos.d/CentOS-Base.repo <<'END'
[base]
name=CentOS-$releasever - Base
baseurl=file:///srv/repository
gpgcheck=0
END

rm -f /etc/os-release
cat > /usr/lib/os-release <<'END'
NAME="CentOS Linux"
VERSION="7 (Core)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="7"
PRETTY_NAME="CentOS Linux 7 (Core)"
ANSI_COLOR="0;31"
CPE_NAME="cpe:/o:centos:centos:7"
HOME_URL="https://www.centos.org/"
BUG_REPORT_URL="https://bugs.centos.org/"
CENTOS_MANTISBT_PROJECT="CentOS-7"
CENTOS_MANTISBT_PROJECT_VERSION="7"
REDHAT_SUPPORT_PRODUCT="centos"
REDHAT_SUPPORT_PRODUCT_VERSION="7"
END
ln -s ../usr/lib/os-release /etc/os-release
echo 'CentOS Linux release 7.9.2009 (Core)' > /etc/centos-release
ln -s centos-release /etc/redhat-release
ln -s centos-release /etc/system-release
echo 'cpe:/o:centos:centos:7' > /etc/system-release-cpe
ln -s /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt

# Debian enables a service when it is installed, CentOS does not; see systemd.preset(5).
mkdir -p /usr/lib/systemd/system-preset
echo 'disable *' > /usr/lib/systemd/system-preset/99-default-disable.preset
groupadd --system wheel
usermod --append --groups wheel admin
umask 0227
# CentOS has it before what is in the folder, and the last rule that fits is what counts; see sudoers(5).
echo '%wheel ALL=(ALL) ALL' > /etc/sudoers.d/00-wheel
umask 022

# A package brings it.
rm -f /etc/dnf/automatic.conf
rm -rf /etc/apt /etc/dpkg /etc/debian_version /var/lib/apt /var/lib/dpkg /var/cache/apt
rm -f /usr/bin/apt /usr/bin/apt-* /usr/bin/dpkg /usr/bin/dpkg-* /usr/sbin/dpkg-*
yum --quiet repoquery nginx | grep -q '^nginx-'
rm -rf /var/cache/dnf /var/log/dnf* /var/log/hawkey.log
for tool in python python2 python3 apt-get dpkg; do
  if command -v $tool; then echo "this root must not have $tool" >&2; exit 1; fi
done
"#;

/// Builds the layer in `root`, with `work` as a folder for what is only needed on the way.
pub(crate) fn build(root: &Path, work: &Path) -> Result<()> {
    process::chroot(root, INSTALL)?;
    repository::build(root, work)?;
    process::chroot(root, SETUP).map(drop)
}
