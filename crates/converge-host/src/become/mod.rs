//! Helpers of other users: sudo, su or doas starts a shell, and the shell starts a helper that is handed to it.
//!
//! The other user can read neither our folder nor our memory, and must not run what a third one could have written. So nothing
//! is shared: the same script that started this helper runs as the other user, keeps a helper in a folder of theirs, and takes
//! it in from our own `/proc/self/exe` where it is missing.

mod argv;
pub mod tty;
mod verdict;

use std::fs;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::r#become::tty::Terminal;
use crate::r#become::verdict::Verdict;
use crate::blob::Digest;
use crate::boot::{self, Heard, Listener, Offer};
use crate::look;
use crate::wire::{BecomeMethod, Decoder, FromHelper, Hello, Open, OpenError};

/// A program that is silent this long waits for something that it will not get.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pieces of output that may wait to be read.
const WAITING: usize = 64;

/// How long a program that has closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_millis(200);

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
    /// Were it closed, the helper would be hung up.
    _terminal: Option<Terminal>,
}

#[derive(Debug)]
enum Event {
    Output(Vec<u8>),
    Complaint(Vec<u8>),
    /// The output has ended.
    End,
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
    let place = look::place(offer.digest);
    // Root, and who has a password for sudo, may do more than look.
    let least = open.looks && open.method == BecomeMethod::Sudo && open.password.is_none();
    if least && !rustix::process::geteuid().is_root() && place.exists() {
        return looking(open, &place.display().to_string());
    }
    let mut skip = Vec::new();
    // doas asks for passwords on a terminal only.
    let mut on_terminal = open.method == BecomeMethod::Doas && open.password.is_some();
    loop {
        let token = token().map_err(|error| failed("cannot read /dev/urandom", error))?;
        // The programs are asked to speak English; the helper gets its own language back.
        let locale = match std::env::var("LC_ALL") {
            Ok(locale) if boot::is_plain(&locale) => format!("LC_ALL={locale};"),
            _ => "unset LC_ALL;".to_owned(),
        };
        let script =
            format!("{locale} {}\n", boot::script(std::slice::from_ref(&offer), &token, &skip));
        let terminal = match on_terminal {
            true => Some(Terminal::new().map_err(|error| failed("cannot make a terminal", error))?),
            false => None,
        };
        let mut attempt = Attempt::start(open, &token, terminal)?;
        match attempt.run(&script, &program) {
            Ok((hello, decoder)) => return attempt.greeted(hello, decoder),
            Err(Trouble::Terminal) if !on_terminal => on_terminal = true,
            Err(Trouble::Terminal) => {
                return Err(OpenError::Failed(
                    "it wants another terminal than it got: remove `requiretty` from sudoers"
                        .to_owned(),
                ));
            }
            Err(Trouble::Folder(folder)) if skip.len() < FOLDERS && boot::is_plain(&folder) => {
                skip.push(folder);
            }
            Err(Trouble::Folder(folder)) => {
                return Err(OpenError::Failed(format!("`{folder}` cannot hold a helper")));
            }
            Err(Trouble::Error(error)) => return Err(error),
        }
    }
}

/// Starts a helper that only looks (see [`look`]), where one is installed. As whom it is to see things is its first line.
fn looking(open: &Open, place: &str) -> Result<Inner, OpenError> {
    let command = argv::looking(place);
    let mut attempt = Attempt::of(open, command.clone(), Listener::started(), None)?;
    attempt.tell(format!("{}\n", open.user).as_bytes());
    let why = match attempt.run("", &[]) {
        Ok((hello, decoder)) if hello.looks => return attempt.greeted(hello, decoder),
        Ok(_) => "it does more than look".to_owned(),
        Err(Trouble::Error(OpenError::NoSuchUser)) => return Err(OpenError::NoSuchUser),
        Err(Trouble::Error(OpenError::Failed(words))) => words,
        Err(Trouble::Terminal) => "a terminal is wanted".to_owned(),
        Err(Trouble::Folder(_)) => "it can't be run".to_owned(),
        Err(Trouble::Error(OpenError::PasswordNeeded | OpenError::WrongPassword)) => {
            "a password is wanted".to_owned()
        }
    };
    Err(OpenError::Failed(format!(
        "`{}` is refused: {why}; `converge drift --sudoers` prints what allows it",
        command.join(" ")
    )))
}

struct Attempt<'a> {
    open: &'a Open,
    /// What is said to the shell that the other user gets, as it may be quoted in complaints.
    shell: String,
    prompt: String,
    child: Child,
    input: Option<ChildStdin>,
    terminal: Option<Terminal>,
    events: Receiver<Event>,
    listener: Listener,
    complaints: String,
    /// How much of the complaints stood before the last question.
    asked_at: usize,
    answered: bool,
}

enum Trouble {
    /// It will not do without a terminal.
    Terminal,
    /// Another folder may do.
    Folder(String),
    Error(OpenError),
}

impl<'a> Attempt<'a> {
    fn start(open: &'a Open, token: &str, terminal: Option<Terminal>) -> Result<Self, OpenError> {
        let prompt = format!("[{token}] password: ");
        let shell = boot::shell(token);
        let own = argv::command(open, &shell, &prompt);
        let attempt = Self::of(open, own, Listener::new(token), terminal)?;
        Ok(Self { shell, prompt, ..attempt })
    }

    /// One that runs these words and asks for nothing.
    fn of(
        open: &'a Open,
        own: Vec<String>,
        listener: Listener,
        terminal: Option<Terminal>,
    ) -> Result<Self, OpenError> {
        let name = own[0].clone();
        let argv = match &terminal {
            Some(terminal) => terminal.wrap(own),
            None => own,
        };
        let spawned = Command::new(&argv[0])
            .args(&argv[1..])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::Failed(format!("`{name}` is not installed")),
            _ => OpenError::Failed(format!("cannot start `{name}`: {error}")),
        })?;
        let (sender, events) = sync_channel(WAITING);
        let input = child.stdin.take();
        if let Some(output) = child.stdout.take() {
            listen(output, sender.clone(), Event::Output, Some(Event::End));
        }
        if let Some(errors) = child.stderr.take() {
            listen(errors, sender.clone(), Event::Complaint, None);
        }
        if let Some(Ok(master)) = terminal.as_ref().map(|terminal| terminal.master.try_clone()) {
            listen(master, sender, Event::Complaint, None);
        }
        Ok(Self {
            open,
            shell: String::new(),
            prompt: String::new(),
            child,
            input,
            terminal,
            events,
            listener,
            complaints: String::new(),
            asked_at: 0,
            answered: false,
        })
    }

    fn run(&mut self, script: &str, program: &[u8]) -> Result<(Hello, Decoder), Trouble> {
        let failed = |words: String| Err(Trouble::Error(OpenError::Failed(words)));
        loop {
            match self.listener.heard() {
                Some(Heard::Shell) => self.tell(script.as_bytes()),
                Some(Heard::Started(rest)) => return self.greeting(&rest),
                Some(Heard::Need { .. }) => self.tell(program),
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

    /// What is left of it once the helper has greeted.
    fn greeted(self, hello: Hello, decoder: Decoder) -> Result<Inner, OpenError> {
        let Self { events, child, input, terminal, .. } = self;
        let input = input.ok_or_else(|| OpenError::Failed("its input was closed".to_owned()))?;
        let complaints = String::new();
        let voice = Voice { events, decoder, complaints, child, _terminal: terminal };
        Ok(Inner { hello, input, voice })
    }

    /// Writes to the program. Where it hangs up, its end is heard of, with better words.
    fn tell(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            let _hung_up = input.write_all(bytes).and_then(|()| input.flush());
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
                    let news = &self.complaints[self.asked_at..];
                    if verdict::asks(self.open.method, news, &self.prompt) {
                        self.asked_at = self.complaints.len();
                        self.answer()?;
                    }
                }
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    self.hang_up();
                    let silent = format!("nothing happened for {} s", PATIENCE.as_secs());
                    let words = match self.words() {
                        words if words.is_empty() => silent,
                        words => format!("{silent}: {words}"),
                    };
                    return Err(Trouble::Error(OpenError::Failed(words)));
                }
            }
        }
    }

    fn answer(&mut self) -> Result<(), Trouble> {
        let error = match (&self.open.password, self.answered) {
            (Some(password), false) => {
                self.answered = true;
                let line = format!("{password}\n");
                match (&mut self.terminal, self.open.method) {
                    // sudo is told to read its input, terminal or not.
                    (Some(terminal), BecomeMethod::Doas | BecomeMethod::Su) => {
                        let _hung_up = terminal.master.write_all(line.as_bytes());
                    }
                    _ => self.tell(line.as_bytes()),
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
        if let Some(terminal) = &mut self.terminal {
            // Control-C, which reaches root's programs too.
            let _closed = terminal.master.write_all(b"\x03");
        }
        let _not_ours = self.child.kill();
    }

    fn ended(&mut self) -> Trouble {
        // Its last words may come a moment after its output has ended.
        while let Ok(event) = self.events.recv_timeout(LAST_WORDS) {
            if let Event::Complaint(bytes) = event {
                self.complaints.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        let status = self.child.wait();
        if let (Ok(status), Some(folder)) = (&status, self.listener.folder())
            && matches!(status.code(), Some(126 | 127))
        {
            return Trouble::Folder(folder.to_owned());
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let words = self.words();
        match verdict::read(self.open.method, &words, &self.shell, &status, self.answered) {
            Verdict::Error(error) => Trouble::Error(error),
            Verdict::WantsTerminal => Trouble::Terminal,
        }
    }

    /// What was said and may be quoted: no prompts, and no password should a terminal have shown it.
    fn words(&self) -> String {
        let text =
            format!("{}\n{}", self.complaints.replace(&self.prompt, ""), self.listener.noise());
        match self.open.password.as_deref() {
            None | Some("") => text.trim().to_owned(),
            Some(password) => text.trim().replace(password, "•••"),
        }
    }
}

impl Voice {
    /// The next message; an error says why there will be none.
    pub fn hear(&mut self) -> Result<FromHelper, String> {
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
                Ok(Event::End) | Err(_) => {
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
    last: Option<Event>,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A terminal ends by an error.
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    if to.send(event(buffer[..count].to_vec())).is_err() {
                        return;
                    }
                }
            }
        }
        if let Some(last) = last {
            let _nobody_listens = to.send(last);
        }
    });
}

/// Something that no other program prints.
fn token() -> io::Result<String> {
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("converge-{:016x}", u64::from_le_bytes(bytes)))
}
