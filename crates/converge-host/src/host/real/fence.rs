//! A view of their own for package managers, which write caches, logs and shared memory whenever they are asked anything.
//!
//! A process in a mount namespace of its own (namespaces(7)) lays something that is kept in memory over the folders that they
//! write; what is asked while planning is asked in there, and is gone with the process. Where no namespace can be had, for want
//! of rights or of a kernel that knows overlays, they are asked as they are, but for apt, which can be told to keep what it reads
//! from its lists to itself. That is made anew each time then, and takes longer than the question.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{self, Child, Stdio};

use crate::host::Command;

/// Who is asked in there.
const PROGRAMS: &[&str] = &["dnf", "dnf-3", "dnf5", "yum", "rpm", APT_GET, APT_CACHE];
const APT_GET: &str = "apt-get";
const APT_CACHE: &str = "apt-cache";

/// Options of apt: no caches.
const UNCACHED: [&str; 4] = ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="];

/// What they write; a host on which they never ran has no cache of theirs yet, but a folder for it. The logs go to memory, and so does all that is written over the folders.
const SCRIPT: &str = "mount -t tmpfs -o mode=0700 tmpfs /var/log || exit 1
n=0
for dir in /var/cache /var/lib/dnf /var/lib/yum /var/lib/rpm /usr/lib/sysimage/rpm /usr/lib/sysimage/libdnf5; do
  [ -d \"$dir\" ] && [ ! -L \"$dir\" ] || continue
  n=$((n + 1))
  mkdir -p /var/log/over/$n/up /var/log/over/$n/work || exit 1
  mount -t overlay -o lowerdir=$dir,upperdir=/var/log/over/$n/up,workdir=/var/log/over/$n/work overlay $dir || exit 1
done
echo ready
exec cat";

/// The process that holds the namespace, up to its end.
pub(crate) struct Fence {
    keeper: Child,
}

impl Fence {
    /// Whether a command is one that needs it.
    pub(crate) fn is_for(command: &Command) -> bool {
        is_one_of(command, PROGRAMS)
    }

    /// The command as it is run where there is none.
    pub(crate) fn without(command: &Command) -> Command {
        let mut command = command.clone();
        if is_one_of(&command, &[APT_GET, APT_CACHE]) {
            command.argv.splice(1..1, UNCACHED.map(str::to_owned));
        }
        command
    }

    /// Makes one, where that is possible.
    pub(crate) fn raise() -> Option<Self> {
        let mut keeper = process::Command::new("unshare")
            .args(["--mount", "--propagation", "private", "--", "/bin/sh", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let told = keeper.stdout.take();
        // It ends when its input does.
        let fence = Self { keeper };
        let mut line = String::new();
        BufReader::new(told?).read_line(&mut line).ok()?;
        (line.trim() == "ready").then_some(fence)
    }

    /// The command as it is run in there.
    pub(crate) fn around(&self, command: &Command) -> Command {
        let target = self.keeper.id().to_string();
        let enter = ["nsenter", "--target", &target, "--mount", "--"].map(str::to_owned);
        let argv = enter.into_iter().chain(command.argv.iter().cloned()).collect();
        Command { argv, ..command.clone() }
    }
}

fn is_one_of(command: &Command, programs: &[&str]) -> bool {
    let program = command.argv.first().and_then(|program| Path::new(program).file_name());
    program.is_some_and(|name| programs.iter().any(|known| name == *known))
}

impl Drop for Fence {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // What can't be ended ends by itself, as nothing writes to it any more.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::Fence;
    use crate::host::Command;

    #[test]
    fn it_is_for_those_that_write_when_they_are_asked() {
        for (argv, wanted) in [
            (["dnf", "list"], true),
            (["/usr/bin/rpm", "-qa"], true),
            (["apt-get", "-s"], true),
            (["dpkg-query", "-W"], false),
            (["cat", "rpm"], false),
        ] {
            assert_eq!(Fence::is_for(&Command::new(argv)), wanted, "{argv:?}");
        }
    }

    #[test]
    fn apt_keeps_its_caches_to_itself_where_there_is_no_fence() {
        let without = |argv: [&str; 2]| Fence::without(&Command::new(argv)).argv.join(" ");
        assert_eq!(
            without(["apt-cache", "pkgnames"]),
            "apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= pkgnames"
        );
        assert_eq!(without(["rpm", "-qa"]), "rpm -qa");
    }
}
