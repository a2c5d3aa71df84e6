//! Packages from files and URLs.

use std::cmp::Ordering;
use std::path::Path;

use crate::change::PackageAction;
use crate::change::manager::failed;
use crate::host::{Command, Host, Installed, Look, Manager, version};
use crate::modules::dnf::spec::Spec;
use crate::modules::dnf::{Dnf, Outcome};
use crate::stop::{Result, Stop, Why};

/// What a package file says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
}

/// Whether the package in a file needs no installing.
pub(super) fn is_there(
    dnf: &Dnf,
    path: &str,
    installed: &Installed,
    host: &dyn Host,
) -> Result<bool> {
    match host.resolve(Path::new(path))?.1 {
        Look::Unknown(why) => return Err(Stop::Unknown(why)),
        Look::Is(node) if node.inode == 0 => {
            return Err(Stop::Unknown(Why(format!("the planned change of {path}"))));
        }
        Look::Is(_) => {}
        Look::Absent => {
            return Err(Stop::failed(format!("No RPM file matching '{path}' found on system")));
        }
    }
    Ok(met(dnf, &ask(host, path)?, installed))
}

/// Whether the package at a URL needs no installing. The URL mostly tells which one it is.
pub(super) fn url_is_there(
    dnf: &Dnf,
    url: &str,
    installed: &Installed,
    host: &dyn Host,
) -> Result<bool> {
    match of_url(url) {
        Some(package) => Ok(met(dnf, &package, installed)),
        None => match guess(url) {
            // A name without a version, of something that is not there: no need to fetch it.
            Some(name) if !installed.contains_key(&name) => Ok(false),
            _ => Ok(met(dnf, &ask(host, url)?, installed)),
        },
    }
}

/// What installing URLs does: what comes along is known only when they are there. None where other things are asked for too.
pub(super) fn only_urls(needs: &[Spec], installed: &Installed) -> Option<Outcome> {
    let mut outcome = Outcome {
        unknown: Some(Why("what the package needs is known only when it is there".into())),
        ..Outcome::default()
    };
    for spec in needs {
        let Spec::Url(url) = spec else { return None };
        let base = url.rsplit('/').next().unwrap_or(url);
        let (name, version) = match of_url(url) {
            Some(package) => (package.name, package.version),
            None => (guess(url).unwrap_or_else(|| base.to_owned()), String::new()),
        };
        outcome.told.push(format!("Installed: {url}"));
        outcome.actions.push(PackageAction::asked(&name, installed.get(&name), Some(&version)));
    }
    (!needs.is_empty()).then_some(outcome)
}

fn met(dnf: &Dnf, package: &Package, installed: &Installed) -> bool {
    let Some(now) = installed.get(&package.name) else { return false };
    // File names leave the epoch away.
    let bare = |text: &str| text.split_once(':').map_or(text, |(_, rest)| rest).to_owned();
    match version::compare(Manager::Rpm, &bare(now), &bare(&package.version)) {
        Ordering::Equal => true,
        Ordering::Greater => !dnf.allow_downgrade,
        Ordering::Less => false,
    }
}

/// rpm looks into files and fetches URLs itself.
fn ask(host: &dyn Host, place: &str) -> Result<Package> {
    let format = "--queryformat=%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";
    let command = Command::new(["rpm", "--query", "--package", "--nosignature", format, place]);
    let output = host.observe(&command)?;
    let text = output.text();
    let found = text.lines().find_map(|line| line.split_once('\t')).filter(|_| output.ok());
    let (name, version) = found.ok_or_else(|| failed(&command, &output))?;
    Ok(Package { name: name.to_owned(), version: version.trim().to_owned() })
}

/// `https://…/name-version-release.arch.rpm`.
fn of_url(url: &str) -> Option<Package> {
    let file = url.split(['?', '#']).next()?.rsplit('/').next()?.strip_suffix(".rpm")?;
    let (rest, _arch) = file.rsplit_once('.')?;
    let mut parts = rest.rsplitn(3, '-');
    let (release, version, name) = (parts.next()?, parts.next()?, parts.next()?);
    let begins = |text: &str| text.starts_with(|letter: char| letter.is_ascii_digit());
    (begins(version) && begins(release))
        .then(|| Package { name: name.into(), version: format!("{version}-{release}") })
}

/// The name alone, where the version is a word: `epel-release-latest-7.noarch.rpm`.
fn guess(url: &str) -> Option<String> {
    let file = url.split(['?', '#']).next()?.rsplit('/').next()?.strip_suffix(".rpm")?;
    let name = file.split("-latest").next().filter(|name| *name != file)?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Package, guess, of_url};

    #[test]
    fn a_url_mostly_tells_what_it_is() {
        let package = |name: &str, version: &str| {
            Some(Package { name: name.into(), version: version.into() })
        };
        assert_eq!(
            of_url("https://x.org/el9/pgdg-redhat-repo-42.0-43PGDG.noarch.rpm"),
            package("pgdg-redhat-repo", "42.0-43PGDG")
        );
        assert_eq!(of_url("https://x.org/epel-release-latest-7.noarch.rpm"), None);
        assert_eq!(
            guess("https://x.org/epel-release-latest-7.noarch.rpm"),
            Some("epel-release".into())
        );
        assert_eq!(of_url("https://x.org/pkg.rpm"), None);
        assert_eq!(guess("https://x.org/pkg.rpm"), None);
    }
}
