//! The packages that are named in a task.

use std::cmp::Ordering;

use crate::fnmatch::matches;
use crate::host::{Installed, Manager, version};

/// What a name in a task means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spec {
    /// A package, perhaps with version, release and architecture.
    Package(String),
    /// A pattern of packages.
    Pattern(String),
    /// A package in a version that compares so: `name >= 1.2`.
    Range(String, String, String),
    /// A group of packages, without the `@`.
    Group(String),
    /// A path that a package has, or anything else that one provides.
    Provided(String),
    /// A file on the host.
    File(String),
    /// A file elsewhere.
    Url(String),
}

/// Architectures that may stand at the end of a name.
const ARCHS: &[&str] = &[
    "noarch", "x86_64", "i386", "i486", "i586", "i686", "aarch64", "armv7hl", "ppc64le", "s390x",
    "src",
];

impl Spec {
    /// Reads a name.
    pub(super) fn read(written: &str) -> Self {
        let text = written.trim();
        if let Some(group) = text.strip_prefix('@') {
            return Self::Group(group.trim().to_owned());
        }
        if text.contains("://") {
            return Self::Url(text.to_owned());
        }
        if text.ends_with(".rpm") {
            return Self::File(text.to_owned());
        }
        if text.starts_with('/') || text.contains('(') {
            return Self::Provided(text.to_owned());
        }
        for operator in [">=", "<=", "==", "=", ">", "<"] {
            if let Some((name, version)) = text.split_once(&format!(" {operator} ")) {
                return Self::Range(name.trim().into(), operator.into(), version.trim().into());
            }
        }
        if text.contains(['*', '?', '[']) {
            Self::Pattern(text.into())
        } else {
            Self::Package(text.into())
        }
    }

    /// How dnf or yum is told.
    pub(super) fn argument(&self) -> String {
        match self {
            Self::Group(name) => format!("@{name}"),
            Self::Range(name, operator, version) => format!("{name} {operator} {version}"),
            Self::Package(text)
            | Self::Pattern(text)
            | Self::Provided(text)
            | Self::File(text)
            | Self::Url(text) => text.clone(),
        }
    }

    /// The installed packages that it means.
    pub(super) fn installed<'i>(&self, installed: &'i Installed) -> Vec<(&'i str, &'i str)> {
        let all = installed.iter().map(|(name, version)| (name.as_str(), version.as_str()));
        match self {
            Self::Package(text) => {
                let found: Vec<_> = all.filter(|(name, version)| is(text, name, version)).collect();
                // A name itself means only the package of this name, not one with a version that reads like it.
                match found.iter().find(|(name, _)| name == text) {
                    Some(exact) => vec![*exact],
                    None => found,
                }
            }
            Self::Pattern(pattern) => all
                .filter(|(name, version)| {
                    forms(name, version).iter().any(|form| matches(pattern, form))
                })
                .collect(),
            Self::Range(wanted, operator, than) => {
                all.filter(|(name, now)| name == wanted && holds(now, operator, than)).collect()
            }
            Self::Group(_) | Self::Provided(_) | Self::File(_) | Self::Url(_) => Vec::new(),
        }
    }

    /// Of a package with a version: the installed package of the same name, if its version is a newer one.
    pub(super) fn newer_installed<'i>(&self, installed: &'i Installed) -> Option<&'i str> {
        let Self::Package(text) = self else { return None };
        let text = without_arch(text);
        installed.iter().find_map(|(name, now)| {
            let wanted = text.strip_prefix(name.as_str())?.strip_prefix('-')?;
            let is_version = wanted.starts_with(|c: char| c.is_ascii_digit());
            let order = version::compare(Manager::Rpm, &without_epoch(now), &without_epoch(wanted));
            (is_version && order == Ordering::Greater).then_some(name.as_str())
        })
    }
}

/// Whether a text names a package in this version: `name`, `name-ver`, `name-ver-rel`, `epoch:…`, each perhaps with `.arch`.
fn is(text: &str, name: &str, version: &str) -> bool {
    let fits = |text: &str| forms(name, version).iter().any(|form| form == text);
    fits(text) || fits(without_arch(text))
}

/// The ways to write a package in this version.
fn forms(name: &str, evr: &str) -> Vec<String> {
    let (epoch, rest) = evr.split_once(':').map_or(("0", evr), |(epoch, rest)| (epoch, rest));
    let version = rest.split_once('-').map_or(rest, |(version, _)| version);
    vec![
        name.to_owned(),
        format!("{name}-{version}"),
        format!("{name}-{rest}"),
        format!("{name}-{epoch}:{version}"),
        format!("{name}-{epoch}:{rest}"),
        format!("{epoch}:{name}-{rest}"),
    ]
}

/// The text without an architecture of this machine at its end. Another machine's is part of the name here.
fn without_arch(text: &str) -> &str {
    let own = std::env::consts::ARCH;
    match text.rsplit_once('.') {
        Some((rest, arch)) if arch == "noarch" || (arch == own && ARCHS.contains(&arch)) => rest,
        _ => text,
    }
}

fn without_epoch(version: &str) -> String {
    version.split_once(':').map_or(version, |(_, rest)| rest).to_owned()
}

fn holds(now: &str, operator: &str, than: &str) -> bool {
    let now = if than.contains(':') { now.to_owned() } else { without_epoch(now) };
    let order = version::compare(Manager::Rpm, &now, than);
    match operator {
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        "<" => order == Ordering::Less,
        _ => order == Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::Spec;
    use crate::host::Installed;

    fn installed() -> Installed {
        [
            ("nginx", "1:1.20.1-14.el7"),
            ("hello-converge", "2.0-1.el7"),
            ("glibc", "2.17-317.el7"),
            ("glibc.i686", "2.17-317.el7"),
            ("tree", "1.6.0-10.el7"),
        ]
        .iter()
        .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
        .collect()
    }

    #[track_caller]
    fn check(written: &str, want: &[&str]) {
        let installed = installed();
        let found = Spec::read(written).installed(&installed);
        let names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, want, "{written}");
    }

    #[test]
    fn installed_packages_are_meant_in_many_ways() {
        check("nginx", &["nginx"]);
        check("nginx-1.20.1", &["nginx"]);
        check("nginx-1:1.20.1-14.el7", &["nginx"]);
        check("1:nginx-1.20.1-14.el7", &["nginx"]);
        check("nginx-1.20", &[]);
        check("tree.noarch", &["tree"]);
        check("glibc.i686", &["glibc.i686"]);
        check("hello-converge-2.0-1.el7.noarch", &["hello-converge"]);
        check("tre*", &["tree"]);
        check("hello-converge-2*", &["hello-converge"]);
        check("nginx >= 1.20", &["nginx"]);
        check("nginx > 2", &[]);
        check("hello-converge = 2.0", &["hello-converge"]);
        check("@base", &[]);
    }

    #[test]
    fn an_older_version_than_is_there_is_recognised() {
        let installed = installed();
        let newer = |written: &str| Spec::read(written).newer_installed(&installed).is_some();
        assert!(newer("hello-converge-1.0") && newer("nginx-1.10.0-1.el7"));
        assert!(
            !newer("hello-converge-2.0") && !newer("hello-converge-3.0") && !newer("nginx-core")
        );
    }

    #[test]
    fn other_things_can_be_named() {
        assert_eq!(Spec::read("@Development Tools"), Spec::Group("Development Tools".into()));
        assert_eq!(Spec::read("/usr/bin/tree"), Spec::Provided("/usr/bin/tree".into()));
        assert_eq!(Spec::read("/tmp/a.rpm"), Spec::File("/tmp/a.rpm".into()));
        assert!(matches!(Spec::read("https://x.org/a.rpm"), Spec::Url(_)));
        assert_eq!(Spec::read("a >= 1").argument(), "a >= 1");
    }
}
