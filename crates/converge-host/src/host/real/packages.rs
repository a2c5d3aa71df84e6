//! Which packages are installed.
//!
//! dpkg's database is a text file and is read here, which takes no process. rpm's is asked through rpm. Both answers are kept
//! until the files of the database change.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use crate::host::real::Real;
use crate::host::{Command, Host, Installed, Manager, version};
use crate::stop::{Result, Stop};

/// dpkg's database, see deb822(5) and dpkg(1).
pub(crate) const DPKG_STATUS: &str = "/var/lib/dpkg/status";

/// The files of rpm's database in the forms and places that it has had.
const RPM_DATABASES: &[&str] = &[
    "/var/lib/rpm/Packages",
    "/var/lib/rpm/Packages.db",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/rpmdb.sqlite-wal",
    "/usr/lib/sysimage/rpm/Packages.db",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
];

/// Inode, size and times of every file of a database: the same as long as the database is.
type Stamp = Vec<(u64, u64, i64, i64)>;

/// What was read, by manager.
#[derive(Default)]
pub(crate) struct Packages {
    known: BTreeMap<Manager, (Stamp, Arc<Installed>)>,
}

impl Packages {
    /// Forgets what was read, since the packages were changed.
    pub(crate) fn forget(&mut self, manager: Manager) {
        self.known.remove(&manager);
    }
}

/// The installed packages of a manager; none where the manager is not there.
///
/// A package of another architecture than the machine's goes by `name:arch` with dpkg and by `name.arch` with rpm.
pub(crate) fn installed(real: &Real, manager: Manager) -> Result<Arc<Installed>> {
    let now = stamp(match manager {
        Manager::Apt => &[DPKG_STATUS],
        Manager::Rpm => RPM_DATABASES,
    });
    if let Some((then, known)) = real.packages.borrow().known.get(&manager)
        && *then == now
        && !now.is_empty()
    {
        return Ok(Arc::clone(known));
    }
    let installed = Arc::new(match manager {
        Manager::Apt => dpkg()?,
        Manager::Rpm => rpm(real)?,
    });
    real.packages.borrow_mut().known.insert(manager, (now, Arc::clone(&installed)));
    Ok(installed)
}

fn stamp(paths: &[&str]) -> Stamp {
    let metas = paths.iter().filter_map(|path| fs::metadata(path).ok());
    metas.map(|meta| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec())).collect()
}

fn dpkg() -> Result<Installed> {
    match fs::read(DPKG_STATUS) {
        Ok(bytes) => Ok(read_dpkg(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Installed::new()),
        Err(error) => Err(Stop::failed(format!("can't read `{DPKG_STATUS}`: {error}"))),
    }
}

fn rpm(real: &Real) -> Result<Installed> {
    if real.program("rpm")?.is_none() {
        return Ok(Installed::new());
    }
    let output = real.probe(&Command::new([
        "rpm",
        "--query",
        "--all",
        "--queryformat=%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n",
    ]))?;
    if !output.ok() {
        let told = output.error_text();
        return Err(Stop::failed(format!("can't read rpm's database: {}", told.trim())));
    }
    Ok(read_rpm(&output.text(), ARCH))
}

/// The installed packages of dpkg's status file.
pub(crate) fn read_dpkg(text: &str) -> Installed {
    let mut rows = Vec::new();
    let mut native = "";
    for paragraph in text.split("\n\n") {
        let (mut name, mut arch, mut version, mut state) = ("", "", "", "");
        for line in paragraph.lines() {
            // Continued lines begin with a space and no field that matters here has any.
            match line.split_once(": ") {
                Some(("Package", value)) => name = value,
                Some(("Architecture", value)) => arch = value,
                Some(("Version", value)) => version = value,
                Some(("Status", value)) => state = value.rsplit(' ').next().unwrap_or_default(),
                _ => {}
            }
        }
        if !matches!(state, "installed" | "triggers-awaited" | "triggers-pending") {
            continue;
        }
        if name == "dpkg" {
            native = arch;
        }
        rows.push((name, arch, version));
    }
    let key = |name: &str, arch: &str| {
        if arch == "all" || arch == native || native.is_empty() {
            name.to_owned()
        } else {
            format!("{name}:{arch}")
        }
    };
    rows.into_iter().map(|(name, arch, version)| (key(name, arch), version.to_owned())).collect()
}

/// What rpm prints; of several versions of one package (kernels) the newest.
fn read_rpm(text: &str, machine: &str) -> Installed {
    let mut installed = Installed::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (Some(name), Some(arch), Some(version)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        // Keys that were imported are packages without an architecture to rpm.
        let plain = arch == machine || matches!(arch, "noarch" | "(none)");
        let key = if plain { name.to_owned() } else { format!("{name}.{arch}") };
        let newer = |known: &String| version::compare(Manager::Rpm, version, known);
        if installed.get(&key).map(newer) != Some(Ordering::Less) {
            installed.insert(key, version.to_owned());
        }
    }
    installed
}

#[cfg(test)]
mod tests {
    use super::{read_dpkg, read_rpm};

    const STATUS: &str = include_str!("testdata/dpkg-status");
    const RPM: &str = "bash\tx86_64\t4.2.46-35.el7_9\nkernel\tx86_64\t3.10.0-1160.el7\nkernel\tx86_64\t3.10.0-957.el7\n\
        glibc\ti686\t2.17-317.el7\nglibc\tx86_64\t2.17-317.el7\ngpg-pubkey\t(none)\tf4a80eb5-53a7ff4b\n\
        nginx\tx86_64\t1:1.20.1-10.el7\ntzdata\tnoarch\t2024a-1.el7\n";

    #[test]
    fn the_status_file_of_dpkg_is_read() {
        let installed = read_dpkg(STATUS);
        let pairs: Vec<_> =
            installed.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("adduser", "3.134"),
                ("dpkg", "1.21.22"),
                ("libc6", "2.36-9+deb12u10"),
                ("libc6:i386", "2.36-9+deb12u10"),
                ("man-db", "2.11.2-2"),
                ("nano", "7.2-1+deb12u1"),
            ]
        );
    }

    #[test]
    fn what_rpm_prints_is_read() {
        let installed = read_rpm(RPM, "x86_64");
        assert_eq!(installed["kernel"], "3.10.0-1160.el7");
        assert_eq!(installed["glibc.i686"], "2.17-317.el7");
        assert_eq!(installed["nginx"], "1:1.20.1-10.el7");
        assert_eq!(installed.len(), 7);
    }
}
