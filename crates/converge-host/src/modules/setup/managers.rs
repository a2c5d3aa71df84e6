//! The managers of packages and services.

use crate::data::{Data, Map};
use crate::modules::setup::read::{Reader, base};

/// Package managers and their programs. Where several are there, the last wins, as with Ansible.
const PACKAGES: &[(&str, &str)] = &[
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/yum", "yum"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/pkg/bin/pkgin", "pkgin"),
    ("/opt/tools/bin/pkgin", "pkgin"),
    ("/opt/local/bin/port", "macports"),
    ("/usr/local/bin/brew", "homebrew"),
    ("/sbin/apk", "apk"),
    ("/usr/sbin/pkg", "pkgng"),
    ("/usr/sbin/swlist", "swdepot"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/bin/installp", "installp"),
    ("/QOpenSys/pkgs/bin/yum", "yum"),
];

pub(super) fn packages(read: &Reader<'_>, facts: &mut Map) {
    let text = |name: &str| facts.get(name).and_then(Data::as_str).unwrap_or_default().to_owned();
    let there = |path: &str| read.exists(path);
    let found = PACKAGES.iter().rev().find(|(path, _)| there(path)).map(|(_, name)| *name);
    let manager =
        match text("os_family").as_str() {
            "RedHat" if there("/run/ostree-booted") => "atomic_container",
            "RedHat" => of_red_hat(read),
            "Debian" | "Altlinux" if there("/usr/bin/apt-get") => {
                if text("os_family") == "Altlinux" { "apt_rpm" } else { "apt" }
            }
            _ => found.unwrap_or("unknown"),
        };
    facts.insert("pkg_mgr".into(), manager.into());
}

/// `dnf` and `yum` may be links to each other or to one of their versions.
fn of_red_hat(read: &Reader<'_>) -> &'static str {
    let is_dnf5 = |path: &str| {
        let target = read.link(path).unwrap_or_default();
        base(&target) == "dnf5"
    };
    if read.exists("/usr/bin/dnf") {
        if is_dnf5("/usr/bin/dnf") { "dnf5" } else { "dnf" }
    } else if read.exists("/usr/bin/dnf5") {
        "dnf5"
    } else if read.exists("/usr/bin/yum") {
        // Ansible knows yum no more, and calls this unknown; content for CentOS 7 asks for it.
        "yum"
    } else if read.exists("/usr/bin/microdnf") {
        "dnf"
    } else {
        "unknown"
    }
}

pub(super) fn services(read: &Reader<'_>, facts: &mut Map) {
    facts.insert("service_mgr".into(), service_manager(read).into());
}

fn service_manager(read: &Reader<'_>) -> String {
    // What is process 1 is decisive where it is no wrapper.
    let first = read.some_word("/proc/1/comm");
    let systemd = || {
        ["/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"]
            .iter()
            .any(|path| read.exists(path))
    };
    match first.as_deref() {
        Some("systemd") => return "systemd".into(),
        Some("runit-init") => return "runit".into(),
        Some("svscan") => return "svc".into(),
        Some("openrc-init") => return "openrc".into(),
        _ => {}
    }
    // A shell in a container is not what manages its services, and `init` may be any of them.
    let vague = first.as_deref().is_none_or(|name| name.ends_with("sh") || name == "init");
    if !vague {
        return first.unwrap_or_default();
    }
    if systemd() {
        "systemd".into()
    } else if read.has("initctl") && read.exists("/etc/init") {
        "upstart".into()
    } else if read.exists("/sbin/openrc") {
        "openrc".into()
    } else if read.link("/sbin/init").is_some_and(|target| base(&target) == "systemd")
        && read.has("systemctl")
    {
        "systemd".into()
    } else if read.exists("/etc/init.d") {
        "sysvinit".into()
    } else if read.exists("/etc/dinit.d") {
        "dinit".into()
    } else {
        "service".into()
    }
}

/// Version and features of systemd.
pub(super) fn systemd(read: &Reader<'_>, facts: &mut Map) {
    if service_manager(read) != "systemd" {
        return;
    }
    let Some(text) = read.output(&["systemctl", "--version"]) else { return };
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.split(' ').nth(1)?.parse::<i64>().ok());
    let Some(version) = version else { return };
    let features = lines.next().unwrap_or_default();
    let told = Map::from_iter([
        ("version".to_owned(), version.into()),
        ("features".to_owned(), features.into()),
    ]);
    facts.insert("systemd".into(), Data::Map(told));
}
