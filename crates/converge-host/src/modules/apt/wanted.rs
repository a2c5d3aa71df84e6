//! The packages that are named in a task.

use std::cmp::Ordering;

use crate::fnmatch::matches;
use crate::host::{Installed, Manager, version};
use crate::stop::{Result, Stop};

/// A package as named in a task: `nginx`, `nginx=1.22*`, `nginx>=1.20`, `nginx/bookworm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The name, with `:arch` where one is given.
    pub(crate) name: String,
    /// Which versions will do.
    pub(crate) version: Option<Versions>,
    /// The release that it shall come from.
    pub(crate) release: Option<String>,
    /// All of it as written.
    pub(crate) written: String,
}

/// Which versions will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// This one, or those that match this pattern.
    Like(String),
    /// This one and newer ones.
    From(String),
}

impl Wanted {
    /// Reads one name of a task.
    pub(crate) fn read(written: &str) -> Result<Self> {
        let written = written.trim();
        if written.matches('=').count() > 1 {
            return Err(Stop::failed(format!("invalid package spec: {written}")));
        }
        let (name, version) = if let Some((name, version)) = written.split_once(">=") {
            (name, Some(Versions::From(version.trim().into())))
        } else if let Some((name, version)) = written.split_once('=') {
            (name, Some(Versions::Like(version.trim().into())))
        } else {
            (written, None)
        };
        let (name, release) = match name.split_once('/') {
            Some((name, release)) => (name, Some(release.to_owned())),
            None => (name, None),
        };
        let name = name.trim().to_owned();
        if name.is_empty() || name.starts_with('-') {
            return Err(missing(written));
        }
        Ok(Self { name, version, release, written: written.into() })
    }

    /// Whether the name is a pattern of names.
    pub(crate) fn is_pattern(&self) -> bool {
        is_pattern(&self.name)
    }

    /// The same for one of the names that its pattern matches.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// The version of it that is installed. `native` is what `name:arch` means where the architecture is the machine's.
    pub(crate) fn installed<'i>(&self, installed: &'i Installed) -> Option<(&'i str, &'i String)> {
        let bare = || {
            let (name, arch) = self.name.split_once(':')?;
            (matches!(arch, "all" | "any" | "native") || arch == native()).then_some(name)
        };
        let found = installed.get_key_value(&self.name);
        let found = found.or_else(|| installed.get_key_value(bare()?));
        found.map(|(name, version)| (name.as_str(), version))
    }

    /// Whether a version will do.
    pub(crate) fn accepts(&self, given: &str) -> bool {
        match &self.version {
            None => true,
            Some(Versions::Like(pattern)) => pattern == given || matches(pattern, given),
            Some(Versions::From(least)) => {
                version::compare(Manager::Apt, given, least) != Ordering::Less
            }
        }
    }

    /// Whether only a list of versions can tell which one is meant.
    pub(crate) fn needs_versions(&self) -> bool {
        match &self.version {
            None => false,
            Some(Versions::Like(version)) => is_pattern(version),
            Some(Versions::From(_)) => true,
        }
    }

    /// How apt-get is told to install it, in the version that was found where there is one.
    pub(crate) fn argument(&self, found: Option<&str>) -> String {
        let exact = match &self.version {
            Some(Versions::Like(version)) => Some(version.as_str()),
            _ => None,
        };
        match (found.or(exact), &self.release) {
            (Some(version), _) => format!("{}={version}", self.name),
            (None, Some(release)) => format!("{}/{release}", self.name),
            (None, None) => self.name.clone(),
        }
    }
}

/// The failure of a package that is not offered.
pub(crate) fn missing(name: &str) -> Stop {
    Stop::failed(format!("No package matching '{name}' is available"))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// What dpkg calls the architecture of this machine.
fn native() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "i386",
        "powerpc64" => "ppc64el",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use crate::host::Installed;

    #[track_caller]
    fn check(written: &str, version: &str, accepted: bool) {
        assert_eq!(Wanted::read(written).unwrap().accepts(version), accepted);
    }

    #[test]
    fn versions_are_compared_as_they_are_asked_for() {
        check("jq", "1.6-2.1", true);
        check("jq=1.6-2.1", "1.6-2.1", true);
        check("jq=1.6", "1.6-2.1", false);
        check("jq=1.*", "1.6-2.1", true);
        check("jq=2.*", "1.6-2.1", false);
        check("jq>=1.6", "1.6-2.1", true);
        check("jq >= 1.10", "1.6-2.1", false);
    }

    #[test]
    fn a_name_may_carry_its_architecture() {
        let installed = Installed::from([
            ("libc6".into(), "2.36".into()),
            ("libc6:armhf".into(), "2.35".into()),
        ]);
        let version = |name: &str| {
            Wanted::read(name).unwrap().installed(&installed).map(|(_, version)| version.clone())
        };
        assert_eq!(version("libc6"), Some("2.36".into()));
        assert_eq!(version("libc6:armhf"), Some("2.35".into()));
        assert_eq!(version("libc6:native"), Some("2.36".into()));
        assert_eq!(version("libc6:s390x"), None);
    }

    #[test]
    fn apt_get_is_told_in_its_own_words() {
        let told = |written: &str, found| Wanted::read(written).unwrap().argument(found);
        assert_eq!(told("jq", None), "jq");
        assert_eq!(told("jq=1.6-2.1", None), "jq=1.6-2.1");
        assert_eq!(told("jq=1.*", Some("1.6-2.1")), "jq=1.6-2.1");
        assert_eq!(told("jq/bookworm", None), "jq/bookworm");
        for wrong in ["", "jq=1=2", "-f"] {
            assert!(Wanted::read(wrong).is_err(), "{wrong}");
        }
    }
}
