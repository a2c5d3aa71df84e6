//! Running a package manager: waiting for its lock, and saying what went wrong.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::data::{Data, Map};
use crate::host::real::Real;
use crate::host::{Command, Output};
use crate::stop::{Failure, Result, Stop};

/// How many lines of a failed manager a message repeats at most.
const LINES: usize = 8;

/// What managers write where another process holds their lock.
const LOCKED: &[&str] = &[
    "Could not get lock",
    "Unable to lock directory",
    "Unable to acquire the dpkg frontend lock",
    "dpkg frontend lock was locked by another process",
    "holding the yum lock",
    "Failed to obtain the transaction lock",
    "can't create transaction lock on",
];

/// The exit code of yum and dnf where `exit_on_lock` made them give up.
const RPM_LOCKED: i32 = 200;

/// Where policy-rc.d is looked for, see invoke-rc.d(8).
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Runs a command of a package manager, again as long as another process holds the lock and `lock_timeout` seconds are not
/// over. A failure carries `rc`, `stdout` and `stderr`.
pub(crate) fn run(real: &Real, command: &Command, lock_timeout: u64) -> Result<Output> {
    let until = Instant::now() + Duration::from_secs(lock_timeout);
    loop {
        let output = real.run(command)?;
        if output.ok() {
            return Ok(output);
        }
        if !locked(&output) || Instant::now() >= until {
            return Err(failed(command, &output));
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// The failure of a command.
pub(crate) fn failed(command: &Command, output: &Output) -> Stop {
    let why = gist(&output.error_text(), &output.text());
    let separator = if why.is_empty() { "" } else { ": " };
    let msg = format!("`{}` exited with {}{separator}{why}", brief(command), output.rc);
    let mut results = gather(Map::new(), output);
    results.insert("rc".into(), i64::from(output.rc).into());
    results.insert("cmd".into(), command.shown().into());
    Stop::Failed(Failure { msg, results })
}

/// The command without the options that are the same every time.
fn brief(command: &Command) -> String {
    let mut words = Vec::new();
    let mut given = command.argv.iter();
    while let Some(word) = given.next() {
        match word.as_str() {
            "-o" => drop(given.next()),
            "-y" | "--" | "-s" => {}
            option if option.starts_with("--setopt=") => {}
            _ => words.push(word.clone()),
        }
    }
    Command::new(words).shown()
}

/// Adds what a command wrote to `stdout` and `stderr`.
pub(crate) fn gather(mut results: Map, output: &Output) -> Map {
    for (key, text) in [("stdout", output.text()), ("stderr", output.error_text())] {
        let so_far = results.get(key).and_then(Data::as_str).unwrap_or_default();
        let all = format!("{so_far}{text}");
        results.insert(key.into(), all.into());
    }
    results.insert("rc".into(), i64::from(output.rc).into());
    results
}

fn locked(output: &Output) -> bool {
    let (stderr, stdout) = (output.error_text(), output.text());
    output.rc == RPM_LOCKED
        || LOCKED.iter().any(|words| stderr.contains(words) || stdout.contains(words))
}

/// The lines that say why: those that managers mark as errors, or else the last ones.
fn gist(stderr: &str, stdout: &str) -> String {
    let marked = |line: &&str| {
        ["E: ", "Error: ", "error: ", "dpkg: error", "No package ", "No match "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    let lines: Vec<_> = stderr.lines().chain(stdout.lines()).map(str::trim).collect();
    let errors: Vec<_> = lines.iter().copied().filter(marked).collect();
    let from = if errors.is_empty() {
        let told = if stderr.trim().is_empty() { stdout } else { stderr };
        told.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    } else {
        errors
    };
    from[from.len().saturating_sub(LINES)..].join("\n")
}

/// A policy-rc.d that stands as long as packages are installed.
pub(crate) struct Policy {
    before: Option<Vec<u8>>,
}

impl Policy {
    /// Lets policy-rc.d exit with a code.
    pub(crate) fn set(code: i64) -> Result<Self> {
        let before = match fs::read(POLICY) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Self::refused("read", &error)),
        };
        Self::put(format!("#!/bin/sh\nexit {code}\n").as_bytes())?;
        Ok(Self { before })
    }

    /// Puts back what was there before.
    pub(crate) fn restore(self) -> Result<()> {
        match &self.before {
            Some(bytes) => Self::put(bytes),
            None => fs::remove_file(POLICY).map_err(|error| Self::refused("remove", &error)),
        }
    }

    fn put(bytes: &[u8]) -> Result<()> {
        let new = Path::new(POLICY).with_extension(format!("d.{}", std::process::id()));
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o755).open(&new)?;
            std::io::Write::write_all(&mut file, bytes)?;
            fs::rename(&new, POLICY)
        };
        write().map_err(|error| Self::refused("write", &error))
    }

    fn refused(what: &str, error: &std::io::Error) -> Stop {
        Stop::failed(format!("can't {what} `{POLICY}`: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{gist, locked};
    use crate::host::Output;

    #[test]
    fn the_message_repeats_what_explains() {
        let stderr =
            "W: --force-yes is deprecated\nE: Package 'awk' has no installation candidate\n";
        assert_eq!(gist(stderr, "Reading…\n"), "E: Package 'awk' has no installation candidate");
        let stdout = "Last metadata expiration check: 0:00:01 ago\nNo match for argument: nosuch\n";
        assert_eq!(
            gist("Error: Unable to find a match: nosuch\n", stdout),
            "Error: Unable to find a match: nosuch\nNo match for argument: nosuch"
        );
        assert_eq!(gist("", "one\n\ntwo\n"), "one\ntwo");
        assert_eq!(gist("", ""), "");
    }

    #[test]
    fn a_held_lock_is_recognised() {
        let output =
            |rc: i32, stderr: &str| Output { rc, stderr: stderr.into(), ..Output::default() };
        let held = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)\n";
        assert!(locked(&output(100, held)));
        assert!(locked(&output(200, "")));
        assert!(!locked(&output(100, "E: Unable to locate package x\n")));
    }
}
