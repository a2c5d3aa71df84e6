//! What a module may know of a managed host.
//!
//! [`Host`] only reads. Its implementations are the real machine ([`real`]), the machine as it will be after the changes
//! planned so far ([`overlay`]), and a machine that exists in memory only (`memory`, for scenarios). A module cannot tell
//! them apart.

pub mod asked;
mod command;
pub mod expected;
pub(crate) mod flags;
pub mod machine;
pub mod memory;
pub mod network;
mod node;
pub mod overlay;
mod package;
pub mod real;
mod space;
mod unit;
mod user;
pub mod version;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use command::{Command, Output};
pub use node::{Look, Node, NodeKind, Principal, Special};
pub use package::{Installed, Manager};
pub use space::Space;
pub use unit::{Existence, Scope, Unit};
pub use user::{Group, User};

use crate::blob::Blob;
use crate::checksum::Algorithm;
use crate::clock::Clock;
use crate::host::network::Network;
use crate::stop::{Result, Stop, Why};

/// A read-only view of a managed machine, as one user sees it.
///
/// Every method fails with `Stop::Unknown` where the answer depends on something planned that can't be predicted, and with
/// `Stop::Failed` where the machine refuses the answer (a permission, an I/O error).
pub trait Host {
    /// The user that planning and performing happen as.
    fn identity(&self) -> &User;

    /// The clock on its wall.
    fn clock(&self) -> Clock;

    /// The value of an environment variable that commands get.
    fn variable(&self, name: &str) -> Option<String>;

    /// The mask of permission bits that new files don't get.
    fn umask(&self) -> u32;

    /// What stands at a path; a symbolic link is not followed at its last part.
    fn look(&self, path: &Path) -> Result<Look>;

    /// The content of a regular file, with its bytes; symbolic links are followed.
    fn content(&self, path: &Path) -> Result<Blob>;

    /// The content of a regular file, with its bytes only where they are few; symbolic links are followed.
    fn fingerprint(&self, path: &Path) -> Result<Blob> {
        self.content(path)
    }

    /// A checksum of a regular file in hexadecimal digits; symbolic links are followed.
    fn checksum(&self, path: &Path, algorithm: Algorithm) -> Result<String> {
        let blob = self.content(path)?;
        Ok(algorithm.of(&self.fetch(&blob)?))
    }

    /// The inode flags of ioctl_iflags(2), where a file system has them. A symbolic link has none.
    fn flags(&self, _path: &Path) -> Result<Option<u32>> {
        Ok(None)
    }

    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> Result<Vec<String>>;

    /// The account of a name.
    fn user(&self, name: &str) -> Result<Option<User>>;

    /// The account of a number.
    fn user_by_id(&self, id: u32) -> Result<Option<User>>;

    /// The group of a name.
    fn group(&self, name: &str) -> Result<Option<Group>>;

    /// The group of a number.
    fn group_by_id(&self, id: u32) -> Result<Option<Group>>;

    /// Every group, to tell which ones a user is in.
    fn groups(&self) -> Result<Vec<Group>>;

    /// The packages that are installed, by name.
    fn installed(&self, manager: Manager) -> Result<Arc<Installed>>;

    /// A systemd unit. `name` has its suffix (`nginx.service`).
    fn unit(&self, name: &str, scope: Scope) -> Result<Unit>;

    /// Runs a command that changes nothing. The caller vouches for that.
    fn probe(&self, command: &Command) -> Result<Output>;

    /// What file(1) says of the content at a path, as [`Command::sorts`] asks it.
    fn sort(&self, path: &Path) -> Result<Output> {
        self.probe(&Command::sorts(path))
    }

    /// The full path of a program, as `PATH` and the usual system folders have it.
    fn program(&self, name: &str) -> Result<Option<PathBuf>>;

    /// The bytes of a content that the controller holds; `Stop::Need` where they have to be sent first.
    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>>;

    /// Why something that does not exist now may exist by then, if anything unpredictable is planned.
    fn unsettled(&self) -> Option<Why>;

    /// Whether anything stands at a path, symbolic links followed.
    fn exists(&self, path: &Path) -> Result<bool> {
        match self.resolve(path)?.1 {
            Look::Is(_) => Ok(true),
            Look::Absent => Ok(false),
            Look::Unknown(why) => Err(Stop::Unknown(why)),
        }
    }

    /// The units of the system that something planned touches.
    fn planned_units(&self) -> Vec<String> {
        Vec::new()
    }

    /// What something planned makes of the value of a name (see [`Known`](crate::change::Known)); none where nothing does.
    /// [`Stop::Unknown`] where it can't be told whether something does.
    fn planned(&self, _name: &str) -> Result<Option<Option<String>>> {
        Ok(None)
    }

    /// Runs a command that changes nothing on the host as it is now, whatever is planned. The caller accounts for what is.
    fn observe(&self, command: &Command) -> Result<Output> {
        self.probe(command)
    }

    /// Why a package manager may offer other packages by then than it does now: its lists are refreshed, or its sources
    /// changed, by something planned.
    fn offers(&self, _manager: Manager) -> Option<Why> {
        None
    }

    /// Whether a package manager's lists were refreshed for the very call that is planned.
    fn just_refreshed(&self, _manager: Manager) -> bool {
        false
    }

    /// Why the value of a name, or whether a package is installed (`package nginx`), can't be told, where something planned may
    /// change it or not.
    fn doubted(&self, _name: &str) -> Option<Why> {
        None
    }

    /// The environment that commands get, by name.
    fn variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// How full the file system at a path is; none where that can't be told.
    fn space(&self, _path: &Path) -> Option<Space> {
        None
    }

    /// Addresses and routes.
    fn network(&self) -> Result<Network> {
        Ok(Network::default())
    }

    /// What stands at a path, symbolic links followed, and where that is.
    fn resolve(&self, path: &Path) -> Result<(PathBuf, Look)> {
        let mut at = path.to_path_buf();
        for _ in 0..40 {
            match self.look(&at)? {
                Look::Is(Node { kind: NodeKind::Link(target), .. }) => {
                    at = at.parent().unwrap_or(Path::new("/")).join(target);
                }
                other => return Ok((at, other)),
            }
        }
        Err(Stop::failed(format!("too many levels of symbolic links at `{}`", path.display())))
    }
}
