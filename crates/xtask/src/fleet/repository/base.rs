//! The packages that the CentOS-like root has from the start: what is in it anyway, under the names that CentOS has for it.
//!
//! They hold no files. They make `rpm -q` answer, and satisfy what other packages require.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;

/// A package's name here, the Debian package whose version it gets, and what it provides besides its name.
const PACKAGES: [(&str, &str, &[&str]); 27] = [
    ("bash", "bash", &["/bin/sh", "/bin/bash"]),
    ("ca-certificates", "ca-certificates", &[]),
    ("coreutils", "coreutils", &[]),
    ("curl", "curl", &[]),
    ("dbus", "dbus", &[]),
    ("diffutils", "diffutils", &[]),
    ("dnf", "dnf", &["yum"]),
    ("findutils", "findutils", &[]),
    ("gawk", "mawk", &[]),
    (
        "glibc",
        "libc6",
        &[
            "rtld(GNU_HASH)",
            "libc.so.6",
            "libc.so.6()(64bit)",
            "libm.so.6()(64bit)",
            "libpthread.so.0()(64bit)",
        ],
    ),
    ("grep", "grep", &[]),
    ("gzip", "gzip", &[]),
    ("iproute", "iproute2", &[]),
    ("openssh-clients", "openssh-client", &[]),
    ("openssh-server", "openssh-server", &[]),
    ("openssl", "openssl", &[]),
    ("openssl-libs", "libssl3", &["libssl.so.3()(64bit)", "libcrypto.so.3()(64bit)"]),
    ("pam", "libpam-runtime", &[]),
    ("procps-ng", "procps", &[]),
    ("rpm", "rpm", &[]),
    ("sed", "sed", &[]),
    ("shadow-utils", "passwd", &[]),
    ("sudo", "sudo", &[]),
    ("systemd", "systemd", &[]),
    ("tar", "tar", &[]),
    ("util-linux", "util-linux", &[]),
    ("xz", "xz-utils", &[]),
];

const HEAD: &str = "\
Name: centos-release
Version: 7
Release: 9.2009.el7
Summary: The release that this host says it is
License: MIT
Provides: system-release = 7, system-release(releasever) = 7, redhat-release = 7
%description
The release that this host says it is.
%files
";

/// The spec that makes all of them.
pub(crate) fn spec(root: &Path) -> Result<String> {
    let versions =
        process::chroot(root, "dpkg-query --show --showformat='${Package} ${Version}\\n'\n")?;
    let mut spec = HEAD.to_owned();
    for (name, debian, provides) in PACKAGES {
        let version = versions
            .lines()
            .find_map(|line| line.strip_prefix(debian)?.strip_prefix(' '))
            .with_context(|| format!("the root has no package `{debian}`"))?;
        let version = upstream(version);
        write!(spec, "\n%package -n {name}\nVersion: {version}\nSummary: {name} of this host\n")?;
        for provided in provides {
            writeln!(spec, "Provides: {provided}")?;
        }
        write!(spec, "%description -n {name}\n{name} of this host.\n%files -n {name}\n")?;
    }
    Ok(spec)
}

/// The upstream part of a Debian version, in characters that rpm allows; see deb-version(7).
pub(crate) fn upstream(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    let version = version.rsplit_once('-').map_or(version, |(version, _)| version);
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    version.split_once('~').map_or(version, |(version, _)| version).to_owned()
}

#[cfg(test)]
mod tests {
    use crate::fleet::repository::base::upstream;

    #[test]
    fn versions_lose_what_debian_adds() {
        for (debian, expected) in [
            ("5.2.15-2+b7", "5.2.15"),
            ("1:9.2p1-2+deb12u6", "9.2p1"),
            ("4.18.0+dfsg-1+deb12u1", "4.18.0"),
            ("20230311+deb12u1", "20230311"),
            ("252.39-1~deb12u2", "252.39"),
            ("1.0~rc1-1", "1.0"),
        ] {
            assert_eq!(upstream(debian), expected, "{debian}");
        }
    }
}
