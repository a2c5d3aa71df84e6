//! The memory of converge's helpers on hosts, which are processes of this machine too since the hosts are containers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// Between two looks. A peak is kept by the kernel until the process ends, so only its last moments can be missed.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks at the helpers that run, until it is asked.
pub(crate) struct Watch {
    seen: Arc<Seen>,
    looking: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    over: AtomicBool,
    peak: AtomicU64,
}

impl Watch {
    /// Starts looking.
    pub(crate) fn start() -> Self {
        let seen = Arc::new(Seen::default());
        let looking = {
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                while !seen.over.load(Ordering::Relaxed) {
                    seen.peak.fetch_max(look(), Ordering::Relaxed);
                    sleep(PAUSE);
                }
            })
        };
        Self { seen, looking }
    }

    /// The largest resident set that was seen, in KiB.
    pub(crate) fn peak(self) -> u64 {
        self.seen.over.store(true, Ordering::Relaxed);
        drop(self.looking.join());
        self.seen.peak.load(Ordering::Relaxed)
    }
}

/// The largest peak of the helpers that run now.
fn look() -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let peaks = processes.filter_map(|process| {
        let folder = process.path();
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        is_helper(name.trim(), &folder).then(|| peak(&folder)).flatten()
    });
    peaks.max().unwrap_or(0)
}

/// Whether a process is a helper: a program whose name is a digest, in a folder of converge.
fn is_helper(name: &str, folder: &Path) -> bool {
    name.len() == 15
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && fs::read_to_string(folder.join("cmdline")).is_ok_and(|line| line.contains("converge"))
}

/// The most that a process had in memory (`VmHWM` of proc_pid_status(5)).
fn peak(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::bench::helper::{is_helper, peak};

    #[test]
    fn a_peak_is_read_and_other_processes_are_no_helpers() {
        assert!(peak(Path::new("/proc/self")).is_some_and(|peak| peak > 100));
        // Others may run helpers on this machine meanwhile, so it is not counted which there are.
        let this = Path::new("/proc/self");
        assert!(!is_helper("converge", this));
        assert!(!is_helper("0123456789abcde", Path::new("/proc/nothing")));
    }
}
