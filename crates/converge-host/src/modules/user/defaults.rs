//! What useradd does where nothing is said: useradd(8), login.defs(5).

use std::path::Path;

use crate::change::{FileKind, FileState};
use crate::host::{Host, Look, NodeKind};
use crate::stop::Result;

/// What new accounts get.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Defaults {
    /// The folder that home directories are made in.
    pub(super) homes: String,
    /// The login shell.
    pub(super) shell: String,
    /// The folder that a home directory is a copy of.
    pub(super) skeleton: String,
    /// The number of the primary group where no group is made.
    pub(super) group: u32,
    /// Whether every account gets a group of its own.
    pub(super) own_group: bool,
    /// Permission bits of home directories.
    pub(super) home_mode: u32,
}

/// More in a skeleton than this is not predicted.
const ENTRIES: usize = 200;

impl Defaults {
    /// Reads them from the host.
    pub(super) fn of(host: &dyn Host) -> Result<Self> {
        let text = |path: &str| -> Result<String> {
            let path = Path::new(path);
            // What something planned may bring is not what holds now.
            if !matches!(host.exists(path), Ok(true)) {
                return Ok(String::new());
            }
            Ok(host.content(path)?.text().unwrap_or_default().to_owned())
        };
        Ok(Self::read(&text("/etc/default/useradd")?, &text("/etc/login.defs")?))
    }

    fn read(useradd: &str, login: &str) -> Self {
        let of_useradd = |key: &str| {
            let lines = useradd.lines().filter_map(|line| line.trim().split_once('='));
            lines.rev().find(|(name, _)| *name == key).map(|(_, value)| value.trim().to_owned())
        };
        let of_login = |key: &str| {
            let lines =
                login.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
            lines.rev().find(|(name, _)| *name == key).map(|(_, value)| value.trim().to_owned())
        };
        let octal = |text: String| u32::from_str_radix(&text, 8).ok();
        let umask = of_login("UMASK").and_then(octal).unwrap_or(0o022);
        Self {
            homes: of_useradd("HOME").unwrap_or_else(|| "/home".into()),
            shell: of_useradd("SHELL").unwrap_or_else(|| "/bin/sh".into()),
            skeleton: of_useradd("SKEL").unwrap_or_else(|| "/etc/skel".into()),
            group: of_useradd("GROUP").and_then(|id| id.parse().ok()).unwrap_or(100),
            own_group: of_login("USERGROUPS_ENAB").is_none_or(|word| word == "yes"),
            home_mode: of_login("HOME_MODE").and_then(octal).unwrap_or(0o777 & !umask),
        }
    }
}

/// What a copy of a skeleton would be, below `home`. What can't be read is left out.
pub(super) fn copies(
    host: &dyn Host,
    skeleton: &Path,
    home: &Path,
    own: &FileState,
) -> Vec<(std::path::PathBuf, FileState)> {
    let mut found = Vec::new();
    let mut ahead = vec![(skeleton.to_path_buf(), home.to_path_buf())];
    while let Some((from, to)) = ahead.pop() {
        for name in host.list(&from).unwrap_or_default() {
            let (from, to) = (from.join(&name), to.join(&name));
            let Ok(Look::Is(node)) = host.look(&from) else { continue };
            let kind = match &node.kind {
                NodeKind::File => match host.content(&from) {
                    Ok(blob) => FileKind::File(blob),
                    Err(_) => continue,
                },
                NodeKind::Dir => {
                    ahead.push((from, to.clone()));
                    FileKind::Dir
                }
                NodeKind::Link(target) => FileKind::Link(target.clone()),
                NodeKind::Special(_) => continue,
            };
            found.push((to, FileState { kind, mode: Some(node.mode), ..own.clone() }));
            if found.len() >= ENTRIES {
                return found;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Defaults;

    #[test]
    fn defaults_are_read() {
        let debian = Defaults::read(
            "# HOME=/x\nSHELL=/bin/sh\n",
            "UMASK\t\t022\nHOME_MODE 0700\nUSERGROUPS_ENAB yes\n",
        );
        assert_eq!(
            (debian.shell.as_str(), debian.home_mode, debian.own_group),
            ("/bin/sh", 0o700, true)
        );
        let centos = "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/bash\nSKEL=/etc/skel\nCREATE_MAIL_SPOOL=yes\n";
        let centos = Defaults::read(centos, "UMASK           077\nUSERGROUPS_ENAB no\n");
        assert_eq!(
            centos,
            Defaults {
                homes: "/home".into(),
                shell: "/bin/bash".into(),
                skeleton: "/etc/skel".into(),
                group: 100,
                own_group: false,
                home_mode: 0o700,
            }
        );
    }
}
