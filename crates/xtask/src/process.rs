//! Running the machine's own tools, so that a failure always says which command failed and what it printed.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail};

/// How many lines of a failed command's output are kept in its error.
const TAIL: usize = 30;

/// One command: a program and its arguments, never a shell string.
#[derive(Debug)]
pub struct Run {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Run {
    /// Starts the description of a command.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program), input: None }
    }

    /// Cargo, in the environment of whoever calls it directly. What it tells a program that it runs about that program's package
    /// would have it build again what depends on such variables, and everything after that.
    pub fn cargo() -> Self {
        let mut run = Self::new("cargo");
        for (name, _) in env::vars_os() {
            let told = name.to_str().unwrap_or_default();
            if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
                run.command.env_remove(&name);
            }
        }
        run
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in another directory.
    #[must_use]
    pub fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Lets another program run the command: `words` and `more` come before it, as in `time --format=%M -- COMMAND`.
    #[must_use]
    pub fn before(self, words: &[&str], more: &[&OsStr]) -> Self {
        let mut command = Command::new(words.first().copied().unwrap_or("env"));
        command.args(words.iter().skip(1)).args(more).arg("--");
        command.arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(dir) = self.command.get_current_dir() {
            command.current_dir(dir);
        }
        Self { command, input: self.input }
    }

    /// Gives the command this text to read; without it, it reads nothing.
    #[must_use]
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Runs the command and waits for it, whatever its exit status; errors only if it could not be started.
    pub fn finish(mut self) -> Result<Output> {
        let words = words(&self.command);
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = self.command.spawn().with_context(|| format!("cannot start `{words}`"))?;
        let input = self.input.take();
        let writer = child.stdin.take().zip(input).map(|(mut pipe, bytes)| {
            // From another thread, because a command may fill its output pipe before it has read all its input.
            std::thread::spawn(move || {
                // A command that ends without reading everything is judged by its exit status.
                drop(pipe.write_all(&bytes));
            })
        });
        let output =
            child.wait_with_output().with_context(|| format!("cannot wait for `{words}`"))?;
        if let Some(writer) = writer {
            drop(writer.join());
        }
        Ok(output)
    }

    /// Runs the command, which must succeed, and gives what it printed to stdout.
    pub fn output(self) -> Result<String> {
        let words = words(&self.command);
        let output = self.finish()?;
        if !output.status.success() {
            let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
            printed.push_str(&String::from_utf8_lossy(&output.stderr));
            bail!("`{words}` failed ({}):\n{}", output.status, tail(&printed));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs the command with what it prints going where this program's goes.
    pub fn show(mut self) -> Result<ExitStatus> {
        let words = words(&self.command);
        self.command
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("cannot start `{words}`"))
    }

    /// As [`show`](Self::show), and also gives what it printed, stdout and stderr each in its order.
    pub fn tee(mut self) -> Result<(ExitStatus, String)> {
        let words = words(&self.command);
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| format!("cannot start `{words}`"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (out, err) = std::thread::scope(|scope| {
            let out = scope.spawn(|| copy(stdout, std::io::stdout()));
            let err = scope.spawn(|| copy(stderr, std::io::stderr()));
            (out.join(), err.join())
        });
        let status = child.wait().with_context(|| format!("cannot wait for `{words}`"))?;
        Ok((status, out.unwrap_or_default() + &err.unwrap_or_default()))
    }

    /// The command as a person would type it, but for quoting.
    pub fn words(&self) -> String {
        words(&self.command)
    }

    /// Runs the command, which must succeed.
    pub fn run(self) -> Result<()> {
        self.output().map(drop)
    }

    /// Runs the command and says whether it succeeded.
    pub fn succeeds(self) -> bool {
        self.finish().is_ok_and(|output| output.status.success())
    }
}

/// Runs a fixed shell script inside the root folder `root`, with a clean environment but for the machine's proxies.
///
/// The script comes in by stdin and stops at the first command that fails.
pub fn chroot(root: &Path, script: &str) -> Result<String> {
    let mut environment: Vec<OsString> = vec![
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        "DEBIAN_FRONTEND=noninteractive".into(),
        "LC_ALL=C.UTF-8".into(),
        "HOME=/root".into(),
    ];
    environment.extend(proxies().into_iter().map(|(name, value)| format!("{name}={value}").into()));
    Run::new("chroot")
        .arg(root)
        .args(["/usr/bin/env", "-i"])
        .args(environment)
        .args(["/bin/sh", "-eu"])
        .input(script)
        .output()
}

/// The proxy variables that this machine's environment sets, by name.
pub fn proxies() -> Vec<(&'static str, String)> {
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| (name, value)))
        .collect()
}

/// Copies as text comes, and gives all of it.
fn copy(from: Option<impl Read>, mut to: impl Write) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 8192];
    let Some(mut from) = from else { return String::new() };
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        all.extend_from_slice(&buffer[..len]);
        // A closed terminal is no reason to lose what the command says.
        drop(to.write_all(&buffer[..len]).and_then(|()| to.flush()));
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn words(command: &Command) -> String {
    let mut words = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        words.push(' ');
        words.push_str(&arg.to_string_lossy());
    }
    words
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::process::{Run, tail};

    #[test]
    fn a_failure_names_the_command_and_what_it_printed() {
        let error = Run::new("sh")
            .args(["-c", "echo out; echo why >&2; exit 3"])
            .output()
            .unwrap_err()
            .to_string();
        assert!(error.contains("`sh -c echo out; echo why >&2; exit 3`"), "{error}");
        assert!(error.contains("exit status: 3") && error.contains("out\nwhy"), "{error}");
    }

    #[test]
    fn shown_output_is_kept() {
        let (status, text) =
            Run::new("sh").args(["-c", "printf one; printf two >&2; exit 4"]).tee().unwrap();
        assert_eq!((status.code(), text.as_str()), (Some(4), "onetwo"));
    }

    #[test]
    fn input_larger_than_a_pipe_goes_through() {
        let text = "x".repeat(1 << 20);
        assert_eq!(Run::new("cat").input(text.clone()).output().unwrap(), text);
    }

    #[test]
    fn a_tail_keeps_the_last_lines() {
        let text: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let tail = tail(&text.join("\n"));
        assert!(tail.starts_with("10\n") && tail.ends_with("\n39"), "{tail}");
    }
}
