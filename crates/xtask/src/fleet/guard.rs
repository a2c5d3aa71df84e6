//! Taking hosts down when the program that wanted them is killed.
//!
//! A guard is a second process that waits for the first one's end, which it sees as the end of its input. It does so
//! even when the first one is killed with no chance to clean up, or interrupted from the keyboard.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::fleet::Fleet;
use crate::fleet::host::Process;
use crate::fleet::place::Place;

/// The hidden subcommand of `cargo xtask fleet` that a guard runs.
pub const COMMAND: &str = "guard";

/// Takes the hosts that this program starts down when it ends, in whatever way.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Starts guarding. To be called before the hosts start.
    pub fn start() -> Result<Self> {
        // Not by its path, where cargo may have put a new program since this one was started.
        Self::start_program(Path::new("/proc/self/exe"))
    }

    /// As [`start`](Self::start), for a program that is not xtask itself: `xtask` is where that is.
    pub fn start_program(xtask: &Path) -> Result<Self> {
        let child = Command::new(xtask)
            .args(["fleet", COMMAND, &std::process::id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A group of its own, which an interrupt from the keyboard does not reach.
            .process_group(0)
            .spawn()
            .context("cannot start the guard of the hosts")?;
        Ok(Self { child })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The guard reports its own failures.
        drop(self.child.wait());
    }
}

/// Waits for the end of the process `pid`, then takes its hosts down.
pub fn watch(pid: u32) -> Result<()> {
    let owner = Process::of(pid);
    // An error of reading also means that nobody is there to be waited for.
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    match owner {
        Some(owner) => Fleet::down_owned_by(&Place::find()?, owner),
        None => Ok(()),
    }
}
