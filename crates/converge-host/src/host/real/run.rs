//! Running commands.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use rustix::io::ioctl_fionread;

use crate::data::Map;
use crate::host::real::files::plain;
use crate::host::{Command, Output, User};
use crate::stop::{Failure, Result, Stop};

/// Where programs are looked for beside `PATH`.
const SYSTEM_FOLDERS: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// How long output may be quiet after the command has ended, before it is taken to be all. Something it left in the
/// background may keep the pipe open for ever.
const QUIET: Duration = Duration::from_millis(100);

enum Event {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Closed,
    Exit(io::Result<ExitStatus>),
}

/// A command that runs.
struct Attended {
    events: Receiver<Event>,
    /// The ends of its output that are read here.
    pipes: Vec<OwnedFd>,
}

/// Runs a command to its end. It reads nothing where it is given nothing to read, for the input of this process is not its.
pub(crate) fn run(command: &Command, user: &User, env: &[(String, String)]) -> Result<Output> {
    spawn(command, user, env, true)
}

/// The same with the environment that is given and nothing of this process's own.
pub(crate) fn alone(command: &Command, user: &User, env: &[(String, String)]) -> Result<Output> {
    spawn(command, user, env, false)
}

fn spawn(
    command: &Command,
    user: &User,
    env: &[(String, String)],
    inherits: bool,
) -> Result<Output> {
    let argv = with_umask(command);
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Stop::failed("no command given"));
    };
    let cwd = command.cwd.clone().or_else(|| {
        let home = PathBuf::from(&user.home);
        home.is_dir().then_some(home)
    });
    // A program of the system is found even where the user's `PATH` lacks the folder that it is in.
    let vars: Vec<_> = env.iter().chain(&command.env).cloned().collect();
    let found = if program.contains('/') { None } else { self::program(program, &vars) };
    let mut spawned = process::Command::new(found.as_deref().unwrap_or(Path::new(program)));
    if !inherits {
        spawned.env_clear();
    }
    spawned
        .arg0(program)
        .args(arguments)
        .envs(vars.iter().map(|(name, value)| (name, value)))
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(cwd) = &cwd {
        spawned.current_dir(cwd);
    }
    let started = Instant::now();
    let child = spawned.spawn().map_err(|error| not_started(command, cwd.as_deref(), &error))?;
    let attended = attend(child, command.stdin.clone());
    let mut output = gather(&attended).map_err(|error| {
        Stop::failed(format!("can't wait for `{}`: {}", command.shown(), plain(&error)))
    })?;
    output.took = started.elapsed();
    Ok(output)
}

/// An output that must be of success; a failure tells everything about it.
pub(crate) fn checked(command: &Command, output: Output) -> Result<Output> {
    if output.ok() {
        return Ok(output);
    }
    let (stdout, stderr) = (output.text(), output.error_text());
    let told = if stderr.trim().is_empty() { stdout.trim() } else { stderr.trim() };
    let mut results = Map::new();
    results.insert("cmd".into(), command.shown().into());
    results.insert("rc".into(), i64::from(output.rc).into());
    results.insert("stdout".into(), stdout.as_str().into());
    results.insert("stderr".into(), stderr.as_str().into());
    let ended = match output.rc {
        rc @ ..0 => format!("was ended by signal {}", -rc),
        rc => format!("exited with {rc}"),
    };
    let separator = if told.is_empty() { "" } else { ": " };
    let msg = format!("`{}` {ended}{separator}{told}", command.shown());
    Err(Stop::Failed(Failure { msg, results }))
}

/// The full path of a program. A name with a slash is a path already.
pub(crate) fn program(name: &str, env: &[(String, String)]) -> Option<PathBuf> {
    let given = env.iter().rev().find(|(key, _)| key == "PATH").map(|(_, value)| value.into());
    let search: OsString = given.or_else(|| env::var_os("PATH")).unwrap_or_default();
    find(name, &search, |path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
}

/// The full path of a program, where `search` is a `PATH`.
pub(crate) fn find(
    name: &str,
    search: &(impl AsRef<OsStr> + ?Sized),
    runs: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| runs(path));
    }
    env::split_paths(search)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| runs(path))
}

/// A mask is set by a shell in between: setting it here would set it for every thread of this process.
fn with_umask(command: &Command) -> Vec<String> {
    let Some(umask) = command.umask else { return command.argv.clone() };
    let script = format!("umask {umask:04o} && exec \"$@\"");
    let mut argv = vec!["/bin/sh".to_owned(), "-c".into(), script, "sh".into()];
    argv.extend(command.argv.iter().cloned());
    argv
}

fn not_started(command: &Command, cwd: Option<&Path>, error: &io::Error) -> Stop {
    let missing_folder = cwd.filter(|cwd| !cwd.is_dir());
    let msg = match missing_folder {
        Some(cwd) => {
            format!("can't run `{}` in `{}`: it is no directory", command.shown(), cwd.display())
        }
        None => format!("can't run `{}`: {}", command.shown(), plain(error)),
    };
    let mut results = Map::new();
    results.insert("cmd".into(), command.shown().into());
    results.insert("rc".into(), i64::from(error.raw_os_error().unwrap_or(257)).into());
    Stop::Failed(Failure { msg, results })
}

/// Feeds, reads and waits on threads of their own, so that no full pipe can stop another.
fn attend(mut child: process::Child, input: Option<Vec<u8>>) -> Attended {
    let (sender, events) = channel();
    let mut pipes = Vec::new();
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        // A command need not read all that it is given; a broken pipe is then no failure.
        thread::spawn(move || pipe.write_all(&input));
    }
    if let Some(pipe) = child.stdout.take() {
        pipes.extend(pipe.as_fd().try_clone_to_owned());
        read(pipe, sender.clone(), Event::Out);
    }
    if let Some(pipe) = child.stderr.take() {
        pipes.extend(pipe.as_fd().try_clone_to_owned());
        read(pipe, sender.clone(), Event::Err);
    }
    thread::spawn(move || sender.send(Event::Exit(child.wait())));
    Attended { events, pipes }
}

impl Attended {
    /// Whether a command has written what its reader, on a machine that is busy, has not come to read yet.
    fn unread(&self) -> bool {
        self.pipes.iter().any(|pipe| ioctl_fionread(pipe).is_ok_and(|bytes| bytes > 0))
    }
}

fn read(mut pipe: impl Read + Send + 'static, sender: Sender<Event>, event: fn(Vec<u8>) -> Event) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match pipe.read(&mut buffer) {
                Ok(length) if length > 0 => {
                    if sender.send(event(buffer[..length].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        // Nobody listens any more where the command ended long ago.
        let _ = sender.send(Event::Closed);
    });
}

fn gather(command: &Attended) -> io::Result<Output> {
    let mut output = Output::default();
    let (mut open, mut exited) = (2, false);
    while open > 0 || !exited {
        let event = if exited {
            match command.events.recv_timeout(QUIET) {
                Err(RecvTimeoutError::Timeout) if command.unread() => continue,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                Ok(event) => event,
            }
        } else {
            let Ok(event) = command.events.recv() else { break };
            event
        };
        match event {
            Event::Out(bytes) => output.stdout.extend(bytes),
            Event::Err(bytes) => output.stderr.extend(bytes),
            Event::Closed => open -= 1,
            Event::Exit(status) => {
                let status = status?;
                output.rc = status.code().or(status.signal().map(|signal| -signal)).unwrap_or(-1);
                exited = true;
            }
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{checked, program, run};
    use crate::host::real::Real;
    use crate::host::{Command, Output};
    use crate::stop::{Result, Stop};

    fn sh(script: &str) -> Command {
        Command::new(["/bin/sh", "-c", script])
    }

    fn of(command: &Command) -> Result<Output> {
        run(command, &Real::new().identity, &[("GIVEN".into(), "1".into())])
    }

    #[test]
    fn everything_comes_back() {
        let mut command =
            sh("cat; echo $GIVEN$OWN $(umask) $PWD; echo e >&2; exit 3").env("OWN", "2");
        command.stdin = Some(b"in ".to_vec());
        command.cwd = Some("/".into());
        command.umask = Some(0o027);
        let output = of(&command).unwrap();
        assert_eq!(output.text(), "in 12 0027 /\n");
        assert_eq!((output.error_text().as_str(), output.rc), ("e\n", 3));
        assert_eq!(of(&sh("kill -9 $$")).unwrap().rc, -9);
    }

    #[test]
    fn large_input_and_output_do_not_block() {
        let mut command = sh("cat");
        command.stdin = Some(vec![b'x'; 3 << 20]);
        assert_eq!(of(&command).unwrap().stdout.len(), 3 << 20);
        command = sh("true");
        command.stdin = Some(vec![b'x'; 3 << 20]);
        assert_eq!(of(&command).unwrap().rc, 0);
    }

    #[test]
    fn what_stays_in_the_background_is_not_waited_for() {
        let started = Instant::now();
        let output = of(&sh("echo out; sleep 7 & exit 0")).unwrap();
        assert_eq!(output.text(), "out\n");
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn failures_name_the_command() {
        let failed = |result: Result<Output>| match result {
            Err(Stop::Failed(failure)) => failure.msg,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            failed(of(&Command::new(["/no/such", "a b"]))),
            "can't run `/no/such 'a b'`: no such file or directory"
        );
        let command = sh("echo why >&2; exit 4");
        assert_eq!(
            failed(checked(&command, of(&command).unwrap())),
            "`/bin/sh -c 'echo why >&2; exit 4'` exited with 4: why"
        );
    }

    #[test]
    fn programs_are_found() {
        assert!(program("sh", &[]).is_some());
        assert_eq!(program("no-such-program-here", &[]), None);
        assert_eq!(program("/etc/passwd", &[]), None);
    }
}
