//! A package from a file or URL.

use std::cmp::Ordering;
use std::path::Path;

use crate::blob::Digest;
use crate::change::manager::failed;
use crate::change::{Changes, PackageAction, PackagesChange};
use crate::host::{Command, Host, Installed, Look, Manager, version};
use crate::modules::apt::Apt;
use crate::modules::apt::command::quiet;
use crate::modules::apt::simulate::{self, Simulated};
use crate::modules::apt::wanted::Wanted;
use crate::stop::{Result, Stop, Why};

/// Where a download is put: a folder in which only root writes.
const ARCHIVES: &str = "/var/cache/apt/archives";

/// What apt itself downloads with.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// What a package file says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Deb {
    name: String,
    version: String,
}

/// Asks for what installs a package file.
pub(super) fn plan(apt: &Apt, deb: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    if deb.contains("://") {
        from_url(apt, deb, host, changes)
    } else {
        from_file(apt, deb, host, changes)
    }
}

fn from_file(apt: &Apt, path: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let (_, look) = host.resolve(Path::new(path))?;
    match look {
        Look::Unknown(why) => return Err(Stop::Unknown(why)),
        Look::Is(node) if node.inode == 0 => {
            return Err(Stop::Unknown(Why(format!("the planned change of {path}"))));
        }
        Look::Is(_) => {}
        Look::Absent => {
            return Err(Stop::failed(format!("can't install `{path}`: there is no such file")));
        }
    }
    let found = fields(host, path)?;
    let installed = host.installed(Manager::Apt)?;
    if !is_new(apt, &found, &installed)? {
        changes.set("stdout", "");
        changes.set("stderr", "");
        return Ok(());
    }
    // apt-get takes a word with a slash for a file.
    let argument = if path.contains('/') { path.to_owned() } else { format!("./{path}") };
    let command = apt.install(&["install"], &[argument]);
    let mut actions = match simulate::run(host, &command)? {
        Simulated::Done(actions, _) => simulate::beside(actions, &installed),
        Simulated::Refused(_, output) => match host.unsettled() {
            Some(_) => Vec::new(),
            None => return Err(failed(&command, &output)),
        },
    };
    for action in &mut actions {
        action.asked = action.name == found.name;
    }
    if !actions.iter().any(|action| action.asked) {
        let from = installed.get(&found.name);
        actions.insert(0, PackageAction::asked(&found.name, from, Some(&found.version)));
    }
    actions.sort_by_key(|action| !action.asked);
    let change = PackagesChange { actions, commands: vec![command], ..PackagesChange::default() };
    apt.push(change, changes);
    Ok(())
}

/// The name of the file mostly tells what is in it; where it does not, it is fetched and looked into.
fn from_url(apt: &Apt, url: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let found = match of_url(url) {
        Some(found) => found,
        None => fetched(host, url)?,
    };
    let installed = host.installed(Manager::Apt)?;
    if !is_new(apt, &found, &installed)? {
        changes.set("stdout", "");
        changes.set("stderr", "");
        return Ok(());
    }
    let place = format!("{ARCHIVES}/converge-{}.deb", &Digest::of(url.as_bytes()).hex()[..16]);
    let commands = vec![
        quiet(Command::new([HELPER, "download-file", url, &place])),
        apt.install(&["install"], std::slice::from_ref(&place)),
        Command::new(["rm", "-f", "--", &place]),
    ];
    let action =
        PackageAction::asked(&found.name, installed.get(&found.name), Some(&found.version));
    let change = PackagesChange {
        actions: vec![action],
        commands,
        unknown: Some(Why("what the package needs is known only when it is there".into())),
        ..PackagesChange::default()
    };
    apt.push(change, changes);
    Ok(())
}

/// Whether it has to be installed. An older one than is there is refused, unless it is allowed.
fn is_new(apt: &Apt, deb: &Deb, installed: &Installed) -> Result<bool> {
    let wanted = Wanted::read(&deb.name)?;
    let Some((_, now)) = wanted.installed(installed) else { return Ok(true) };
    match version::compare(Manager::Apt, &deb.version, now) {
        Ordering::Equal => Ok(apt.force),
        Ordering::Greater => Ok(true),
        Ordering::Less if apt.allow_downgrade || apt.force => Ok(true),
        Ordering::Less => Err(Stop::failed(format!(
            "can't install `{}` in version {}: the newer version {now} is installed (`allow_downgrade` allows it)",
            deb.name, deb.version
        ))),
    }
}

fn fields(host: &dyn Host, path: &str) -> Result<Deb> {
    let command = Command::new(["dpkg-deb", "--field", path, "Package", "Version"]);
    let output = host.observe(&command)?;
    if !output.ok() {
        return Err(failed(&command, &output));
    }
    read(&output.text())
        .ok_or_else(|| Stop::failed(format!("can't install `{path}`: it is no Debian package")))
}

fn read(text: &str) -> Option<Deb> {
    let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    Some(Deb { name: field("Package: ")?.into(), version: field("Version: ")?.into() })
}

/// `https://…/name_version_arch.deb`.
fn of_url(url: &str) -> Option<Deb> {
    let file = url.split(['?', '#']).next()?.rsplit('/').next()?.strip_suffix(".deb")?;
    let mut parts = file.split('_');
    let (name, version, arch) = (parts.next()?, parts.next()?, parts.next()?);
    let version = version.replace("%3a", ":").replace("%3A", ":").replace("%2B", "+");
    let plain = parts.next().is_none() && !name.is_empty() && !arch.is_empty();
    let begins = version.starts_with(|letter: char| letter.is_ascii_digit());
    // An epoch is mostly left out of file names, and without it versions can't be compared.
    (plain && begins).then(|| Deb { name: name.into(), version })
}

/// Downloads into a folder of its own, and takes it away again.
fn fetched(host: &dyn Host, url: &str) -> Result<Deb> {
    let script = "d=$(mktemp -d) || exit 1; trap 'rm -rf \"$d\"' EXIT; \
        \"$0\" download-file \"$1\" \"$d/deb\" >&2 && dpkg-deb --field \"$d/deb\" Package Version";
    let command = quiet(Command::new(["/bin/sh", "-c", script, HELPER, url]));
    let output = host.observe(&command)?;
    if !output.ok() {
        return Err(failed(&Command::new([HELPER, "download-file", url]), &output));
    }
    read(&output.text())
        .ok_or_else(|| Stop::failed(format!("can't install `{url}`: it is no Debian package")))
}

#[cfg(test)]
mod tests {
    use super::{Deb, of_url};

    #[test]
    fn a_url_mostly_tells_what_it_is() {
        let deb =
            |name: &str, version: &str| Some(Deb { name: name.into(), version: version.into() });
        assert_eq!(of_url("https://x.org/p/jq_1.6-2_amd64.deb"), deb("jq", "1.6-2"));
        assert_eq!(of_url("https://x.org/a_1%3a2_all.deb?token=1"), deb("a", "1:2"));
        assert_eq!(of_url("https://x.org/code-latest.deb"), None);
        assert_eq!(of_url("https://x.org/puppet7-release-jammy.deb"), None);
        assert_eq!(of_url("https://x.org/get?f=1"), None);
    }
}
