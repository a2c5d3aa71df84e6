//! A terminal of the test's own, with somebody at it who answers when asked and not before.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// What is typed, and when.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    /// Once this is on the screen. Each answer waits for its own question.
    pub(crate) after: String,
    /// A line without its end.
    pub(crate) line: String,
    /// Only when the terminal no longer shows what is typed.
    pub(crate) unseen: bool,
}

/// Both ends of a pseudoterminal, see pty(7).
pub(crate) struct Terminal {
    screen: File,
    device: PathBuf,
}

impl Terminal {
    /// One of 40 lines of 160 characters.
    pub(crate) fn new() -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let device = PathBuf::from(ptsname(&screen, Vec::new()).unwrap().into_string().unwrap());
        let terminal = Self { screen: File::from(screen), device };
        terminal.stty(&["rows", "40", "columns", "160"]);
        terminal
    }

    /// Starts a program with this as its controlling terminal, which setsid(1) arranges.
    pub(crate) fn start(&self, command: &mut Command) -> Child {
        let end = || -> OwnedFd {
            open(&self.device, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap()
        };
        command.stdin(Stdio::from(end())).stdout(Stdio::from(end())).stderr(Stdio::from(end()));
        let child = command.spawn().unwrap();
        // Or this process would hold the other end open, and reading never end.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        child
    }

    /// Everything that is shown until nobody holds the other end any more.
    pub(crate) fn watch(&self, typed: &[Typed]) -> Vec<u8> {
        let (mut shown, mut looked_at) = (Vec::new(), 0);
        let mut typed = typed.iter();
        let mut next = typed.next();
        let mut buffer = [0; 4096];
        // Reading fails when the other end is closed for the last time.
        while let Ok(count @ 1..) = (&self.screen).read(&mut buffer) {
            shown.extend_from_slice(&buffer[..count]);
            while let Some(answer) = next {
                let Some(at) = find(&shown[looked_at..], answer.after.as_bytes()) else { break };
                looked_at += at + answer.after.len();
                if answer.unseen {
                    self.wait_until_unseen();
                }
                (&self.screen).write_all(format!("{}\n", answer.line).as_bytes()).unwrap();
                next = typed.next();
            }
        }
        shown
    }

    /// A program that dies before it hides what is typed ends this, as it closes the terminal.
    fn wait_until_unseen(&self) {
        for _ in 0..3000 {
            if self.stty(&["-a"]).contains("-echo ") {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the terminal shows what is typed as a password");
    }

    fn stty(&self, args: &[&str]) -> String {
        let output = Command::new("stty").arg("-F").arg(&self.device).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
