//! Helpers of other users: sudo, su or doas starts a shell, and the shell starts a helper that is handed to it.
//!
//! The other user can read neither our folder nor our memory, and must not run what a third one could have written. So nothing
//! is shared: the same script that started this helper runs as the other user, keeps a helper in a folder of theirs, and takes
//! it in from our own `/proc/self/exe` where it is missing.

mod argv;
mod verdict;

use std::fs;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::r#become::verdict::Verdict;
use crate::blob::Digest;
use crate::boot::{self, Heard, Listener, Offer};
use crate::wire::{BecomeMethod, Decoder, FromHelper, Hello, Open, OpenError};

/// A program that is silent this long waits for something that it will not get.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pieces of output that may wait to be read.
const WAITING: usize = 64;

/// Folders that are given up before the user is.
const FOLDERS: usize = 5;

/// The helper of another user.
#[derive(Debug)]
pub struct Inner {
    /// Its greeting.
    pub hello: Hello,
    /// Takes frames; dropping it makes the helper leave.
    pub input: ChildStdin,
    /// What it says.
    pub voice: Voice,
}

/// The output of another helper.
#[derive(Debug)]
pub struct Voice {
    events: Receiver<Event>,
    decoder: Decoder,
    complaints: String,
    child: Child,
}

#[derive(Debug)]
enum Event {
    Output(Vec<u8>),
    Complaint(Vec<u8>),
}

/// Starts the helper of another user and waits for its greeting.
pub fn start(open: &Open) -> Result<Inner, OpenError> {
    let failed = |what: &str, error: io::Error| OpenError::Failed(format!("{what}: {error}"));
    if open.user.is_empty() || open.user.starts_with('-') || open.user.contains(['/', ' ', '\n']) {
        return Err(OpenError::NoSuchUser);
    }
    let program = fs::read("/proc/self/exe")
        .map_err(|error| failed("cannot read the helper itself", error))?;
    let offer = Offer {
        arch: std::env::consts::ARCH.to_owned(),
        digest: Digest::of(&program),
        size: program.len() as u64,
        packed: None,
    };
    let mut skip = Vec::new();
    loop {
        let token = token().map_err(|error| failed("cannot read /dev/urandom", error))?;
        // sudo's messages are asked for in English; the helper gets its own language back.
        let locale = match std::env::var("LC_ALL") {
            Ok(locale) if boot::is_plain(&locale) => format!("LC_ALL={locale};"),
            _ => "unset LC_ALL;".to_owned(),
        };
        let script =
            format!("{locale} {}", boot::script(std::slice::from_ref(&offer), &token, &skip));
        let mut attempt = Attempt::start(open, &script, &token)?;
        match attempt.run(&program) {
            Ok((hello, decoder)) => {
                let Attempt { events, child, input, .. } = attempt;
                let Some(input) = input else {
                    return Err(OpenError::Failed("its input was closed".to_owned()));
                };
                return Ok(Inner {
                    hello,
                    input,
                    voice: Voice { events, decoder, complaints: String::new(), child },
                });
            }
            Err(Trouble::Folder(folder)) if skip.len() < FOLDERS && boot::is_plain(&folder) => {
                skip.push(folder)
            }
            Err(Trouble::Folder(folder)) => {
                return Err(OpenError::Failed(format!("`{folder}` cannot hold a helper")));
            }
            Err(Trouble::Error(error)) => return Err(error),
        }
    }
}

struct Attempt<'a> {
    open: &'a Open,
    script: &'a str,
    prompt: String,
    child: Child,
    input: Option<ChildStdin>,
    events: Receiver<Event>,
    listener: Listener,
    complaints: String,
    /// How much of the complaints stood before the last question.
    asked_at: usize,
    answered: bool,
}

enum Trouble {
    Folder(String),
    Error(OpenError),
}

impl<'a> Attempt<'a> {
    fn start(open: &'a Open, script: &'a str, token: &str) -> Result<Self, OpenError> {
        let prompt = format!("[{token}] password: ");
        let argv = argv::command(open, script, &prompt);
        let spawned = Command::new(&argv[0])
            .args(&argv[1..])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::Failed(format!("`{}` is not installed", argv[0])),
            _ => OpenError::Failed(format!("cannot start `{}`: {error}", argv[0])),
        })?;
        let (sender, events) = sync_channel(WAITING);
        let input = child.stdin.take();
        if let Some(output) = child.stdout.take() {
            listen(output, sender.clone(), Event::Output);
        }
        if let Some(errors) = child.stderr.take() {
            listen(errors, sender, Event::Complaint);
        }
        let listener = Listener::new(token);
        Ok(Self {
            open,
            script,
            prompt,
            child,
            input,
            events,
            listener,
            complaints: String::new(),
            asked_at: 0,
            answered: false,
        })
    }

    fn run(&mut self, program: &[u8]) -> Result<(Hello, Decoder), Trouble> {
        let failed = |words: String| Err(Trouble::Error(OpenError::Failed(words)));
        loop {
            match self.listener.next() {
                Some(Heard::Started(rest)) => return self.greeting(&rest),
                Some(Heard::Need { .. }) => {
                    // The script says what went wrong, if it hangs up.
                    if let Some(input) = &mut self.input {
                        let _hung_up = input.write_all(program).and_then(|()| input.flush());
                    }
                }
                Some(Heard::Failed { folder, .. }) => return Err(Trouble::Folder(folder)),
                Some(Heard::NoPlace(tried)) => {
                    return failed(format!("no folder can hold a helper: {}", tried.join("; ")));
                }
                Some(Heard::Arch(machine)) => {
                    return failed(format!("this is suddenly a `{machine}` machine"));
                }
                Some(Heard::Noise) => {
                    return failed("the user's shell prints without end".to_owned());
                }
                None => {
                    let bytes = self.hear()?;
                    self.listener.feed(&bytes);
                }
            }
        }
    }

    fn greeting(&mut self, rest: &[u8]) -> Result<(Hello, Decoder), Trouble> {
        let failed = |words: String| Err(Trouble::Error(OpenError::Failed(words)));
        let mut decoder = Decoder::default();
        decoder.feed(rest);
        loop {
            match decoder.next::<FromHelper>() {
                Ok(Some(FromHelper::Hello(hello))) => return Ok((hello, decoder)),
                Ok(Some(_)) => return failed("the other helper did not greet".to_owned()),
                Ok(None) => {
                    let bytes = self.hear()?;
                    decoder.feed(&bytes);
                }
                Err(error) => return failed(error.to_string()),
            }
        }
    }

    /// The next output. Questions for the password are answered on the way, once.
    fn hear(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Output(bytes)) => return Ok(bytes),
                Ok(Event::Complaint(bytes)) => {
                    self.complaints.push_str(&String::from_utf8_lossy(&bytes));
                    if verdict::asks(
                        self.open.method,
                        &self.complaints[self.asked_at..],
                        &self.prompt,
                    ) {
                        self.asked_at = self.complaints.len();
                        self.answer()?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    self.hang_up();
                    let words = self.complaints.replace(&self.prompt, "").trim().to_owned();
                    let silent = format!("nothing happened for {} s", PATIENCE.as_secs());
                    let words =
                        if words.is_empty() { silent } else { format!("{silent}: {words}") };
                    return Err(Trouble::Error(OpenError::Failed(words)));
                }
            }
        }
    }

    fn answer(&mut self) -> Result<(), Trouble> {
        let error = match (&self.open.password, self.answered) {
            (Some(password), false) => {
                self.answered = true;
                if let Some(input) = &mut self.input {
                    let _hung_up = input
                        .write_all(format!("{password}\n").as_bytes())
                        .and_then(|()| input.flush());
                }
                return Ok(());
            }
            (Some(_), true) => OpenError::WrongPassword,
            (None, _) => OpenError::PasswordNeeded,
        };
        self.hang_up();
        Err(Trouble::Error(error))
    }

    /// Ends a program that waits for input. It may run as root and not be ours to kill, but it sees its input end.
    fn hang_up(&mut self) {
        self.input = None;
        let _not_ours = self.child.kill();
    }

    fn ended(&mut self) -> Trouble {
        let status = self.child.wait();
        if let (Ok(status), Some(folder)) = (&status, self.listener.folder())
            && matches!(status.code(), Some(126 | 127))
        {
            return Trouble::Folder(folder.to_owned());
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let text =
            format!("{}\n{}", self.complaints.replace(&self.prompt, ""), self.listener.noise());
        Trouble::Error(match verdict::read(self.open.method, text.trim(), self.script, &status, self.answered) {
            Verdict::Error(error) => error,
            Verdict::WantsTerminal => OpenError::Failed(match self.open.method {
                BecomeMethod::Doas => "doas asks for the password on a terminal only, and there is none: use `permit nopass` in doas.conf, or sudo".to_owned(),
                _ => "sudo wants a terminal: remove `requiretty` from sudoers, or add `Defaults:USER !requiretty`".to_owned(),
            }),
        })
    }
}

impl Voice {
    /// The next message; an error says why there will be none.
    pub fn next(&mut self) -> Result<FromHelper, String> {
        loop {
            match self.decoder.next() {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(error) => return Err(error.to_string()),
            }
            match self.events.recv() {
                Ok(Event::Output(bytes)) => self.decoder.feed(&bytes),
                Ok(Event::Complaint(bytes)) => {
                    if self.complaints.len() < 4096 {
                        self.complaints.push_str(&String::from_utf8_lossy(&bytes));
                    }
                }
                Err(_) => {
                    let status = self
                        .child
                        .wait()
                        .map_or_else(|error| error.to_string(), |status| status.to_string());
                    return Err(format!("{status} {}", self.complaints.trim()).trim().to_owned());
                }
            }
        }
    }
}

fn listen(
    mut from: impl Read + Send + 'static,
    to: SyncSender<Event>,
    event: fn(Vec<u8>) -> Event,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) if to.send(event(buffer[..count].to_vec())).is_err() => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
}

/// Something that no other program prints.
fn token() -> io::Result<String> {
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("converge-{:016x}", u64::from_le_bytes(bytes)))
}
