//! A terminal for programs that insist on one: doas asks for passwords nowhere else, and sudo may be told to by `requiretty`.
//!
//! Only the program's controlling terminal is a terminal; its input and output stay pipes, so that frames pass unchanged.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The first argument by which the helper starts a program on a terminal.
pub const FLAG: &str = "--on-terminal";

/// Both ends of a terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    /// The end of the one who types.
    pub(super) master: File,
    /// The path of the other end.
    pub(super) path: String,
    /// Held so that reading the master does not fail before the program has opened its end.
    _slave: File,
}

impl Terminal {
    /// A new terminal.
    pub(super) fn new() -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname(&master, Vec::new())?.into_string().map_err(io::Error::other)?;
        let slave = {
            use std::os::unix::fs::OpenOptionsExt;
            // Our own process must not get it as its controlling terminal.
            let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path)?
        };
        Ok(Self { master: File::from(master), path, _slave: slave })
    }

    /// What to run in place of a program, so that it finds itself on the terminal.
    pub(super) fn wrap(&self, argv: Vec<String>) -> Vec<String> {
        let mut wrapped = vec!["/proc/self/exe".to_owned(), FLAG.to_owned(), self.path.clone()];
        wrapped.extend(argv);
        wrapped
    }
}

/// Takes a terminal as this process's own and becomes a program. It returns only if that fails.
pub fn run(path: &str, argv: &[String]) -> io::Error {
    let Some((program, arguments)) = argv.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    if let Err(error) = rustix::process::setsid() {
        return error.into();
    }
    // The first terminal that the leader of a session opens becomes its controlling one (tty_ioctl(4)).
    let _terminal = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(terminal) => terminal,
        Err(error) => return error,
    };
    Command::new(program).args(arguments).exec()
}
