//! The helper for aarch64, as it is shipped, does what the one for x86_64 does. It runs under qemu's emulation of a process, which
//! the Debian package `qemu-user-static` brings.
//!
//! `cargo xtask test` installs that, builds both helpers and says by `CONVERGE_SHIPPED_HELPERS` where they are.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use converge_host::blob::Blob;
use converge_host::data::{Data, Map};
use converge_host::wire::{
    Ask, Call, Chunk, Decoder, Done, FromHelper, Hello, MARKER, Reply, Request, ToHelper, encode,
};

const EMULATOR: &str = "qemu-aarch64-static";

/// A helper that runs, and a folder for it to work on.
struct Helper {
    folder: tempfile::TempDir,
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    decoder: Decoder,
    hello: Hello,
    contents: Vec<Blob>,
    asked: u64,
}

impl Helper {
    fn start(arch: &str, emulator: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let built = std::env::var_os("CONVERGE_SHIPPED_HELPERS").unwrap();
        let program =
            Path::new(&built).join(format!("{arch}-unknown-linux-musl/helper/converge-helper"));
        let mut command = Command::new(emulator.unwrap_or(&program));
        command.args(emulator.map(|_| &program)).env_clear().env("PATH", "/usr/bin:/bin");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, mut output) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut marker = [0; MARKER.len()];
        output.read_exact(&mut marker).unwrap();
        assert_eq!(&marker, MARKER);
        let mut decoder = Decoder::default();
        let FromHelper::Hello(hello) = hear(&mut output, &mut decoder) else {
            panic!("a helper greets first")
        };
        let contents = Vec::new();
        Self { folder, child, input, output, decoder, hello, contents, asked: 0 }
    }

    /// What comes of a call; `$T` in its arguments is the helper's own folder, also in what comes back.
    fn ask(&mut self, ask: Ask, module: &str, args: &[(&str, Data)]) -> Done {
        self.asked += 1;
        let args: Map =
            args.iter().map(|(name, data)| ((*name).to_owned(), self.with_folder(data))).collect();
        let call = Call { module: module.to_owned(), args, env: Vec::new() };
        let id = self.asked;
        self.say(&ToHelper::Request(Request { id, helper: 0, after: Vec::new(), ask, call }));
        loop {
            match hear(&mut self.output, &mut self.decoder) {
                FromHelper::Reply(of, Reply::Done(done)) if of == id => return done,
                FromHelper::Need(digest) => {
                    let blob = self.contents.iter().find(|blob| blob.digest == digest).unwrap();
                    let bytes = blob.bytes.as_deref().unwrap().to_vec();
                    self.say(&ToHelper::Chunk(Chunk { digest, bytes, last: true }));
                }
                other => panic!("{module} {id}: {other:?}"),
            }
        }
    }

    fn with_folder(&self, data: &Data) -> Data {
        match data {
            Data::Str(text) => text.replace("$T", &self.folder.path().display().to_string()).into(),
            other => other.clone(),
        }
    }

    fn say(&mut self, message: &ToHelper) {
        self.input.as_mut().unwrap().write_all(&encode(message).unwrap()).unwrap();
    }

    /// Ends it; it leaves when its input does.
    fn end(mut self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        self.input.take();
        assert!(self.child.wait().unwrap().success());
        let mut found = Vec::new();
        tree(&self.folder.path().join("top"), Path::new(""), &mut found);
        found
    }
}

fn hear(output: &mut ChildStdout, decoder: &mut Decoder) -> FromHelper {
    let mut buffer = [0; 4096];
    loop {
        if let Some(message) = decoder.next().unwrap() {
            return message;
        }
        let count = output.read(&mut buffer).unwrap();
        assert!(count > 0, "the helper is gone");
        decoder.feed(&buffer[..count]);
    }
}

/// Every path below a folder with its mode and content.
fn tree(top: &Path, below: &Path, found: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
    let mut entries: Vec<_> =
        fs::read_dir(top.join(below)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.sort();
    for entry in entries {
        let path = below.join(entry);
        let meta = fs::symlink_metadata(top.join(&path)).unwrap();
        let content = if meta.is_file() { fs::read(top.join(&path)).unwrap() } else { Vec::new() };
        found.push((path.clone(), meta.permissions().mode(), content));
        if meta.is_dir() {
            tree(top, &path, found);
        }
    }
}

/// Calls that change something the first time and nothing the second, and what must be found true of what they return.
fn calls() -> Vec<(&'static str, Vec<(&'static str, Data)>)> {
    vec![
        (
            "file",
            vec![
                ("path", "$T/top/a/b".into()),
                ("state", "directory".into()),
                ("mode", "0750".into()),
            ],
        ),
        (
            "copy",
            vec![
                ("content", "one\ntwo\n".into()),
                ("dest", "$T/top/a/f".into()),
                ("mode", "0640".into()),
            ],
        ),
        (
            "lineinfile",
            vec![("path", "$T/top/a/f".into()), ("regexp", "^t(w)".into()), ("line", "TWO".into())],
        ),
        ("blockinfile", vec![("path", "$T/top/a/f".into()), ("block", "three".into())]),
        (
            "replace",
            vec![
                ("path", "$T/top/a/f".into()),
                ("regexp", r"(?i)\bone\b".into()),
                ("replace", "eins".into()),
            ],
        ),
        (
            "file",
            vec![("src", "f".into()), ("path", "$T/top/a/link".into()), ("state", "link".into())],
        ),
        ("command", vec![("cmd", "touch $T/top/made".into()), ("creates", "$T/top/made".into())]),
        (
            "shell",
            vec![
                ("cmd", "uname -m > $T/top/machine; echo done".into()),
                ("creates", "$T/top/machine".into()),
            ],
        ),
    ]
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
#[ignore = "needs the helpers as they are shipped, which `cargo xtask test` builds"]
fn the_helper_for_aarch64_does_what_this_machines_does() {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let emulator = std::env::split_paths(&paths)
        .map(|folder| folder.join(EMULATOR))
        .find(|path| path.exists());
    let Some(emulator) = emulator else {
        eprintln!(
            "SKIPPED: there is no `{EMULATOR}`; `apt-get install qemu-user-static` brings it"
        );
        return;
    };
    let (mut own, mut other) =
        (Helper::start("x86_64", None), Helper::start("aarch64", Some(&emulator)));
    assert_eq!((own.hello.arch.as_str(), other.hello.arch.as_str()), ("x86_64", "aarch64"));
    assert_eq!(own.hello.user, other.hello.user);
    let blob = Blob::new(b"a content that is sent\n".repeat(5000));
    let sent = (
        "copy",
        vec![("content", Data::Blob(blob.for_the_wire())), ("dest", "$T/top/sent".into())],
    );
    let perform = || Ask::Perform { gate: false, reviewed: None };
    for (module, args) in calls().into_iter().chain([sent]) {
        for (ask, changes) in [(Ask::Preview, true), (perform(), true), (perform(), false)] {
            let done = [&mut own, &mut other].map(|helper| {
                helper.contents = vec![blob.clone()];
                helper.ask(ask.clone(), module, &args)
            });
            assert_eq!(done[0].changed, changes, "{module} {ask:?}: {:?}", done[0]);
            let names = done.each_ref().map(|one| one.results.keys().cloned().collect::<Vec<_>>());
            assert_eq!((done[1].changed, &names[1]), (changes, &names[0]), "{module} {ask:?}");
        }
    }
    for (module, args) in [
        ("stat", vec![("path", "$T/top/a/f".into())]),
        ("slurp", vec![("src", "$T/top/a/f".into())]),
    ] {
        let done = [&mut own, &mut other].map(|helper| helper.ask(Ask::Plan, module, &args));
        assert_eq!(done[0].results.len(), done[1].results.len(), "{module}");
        assert_eq!(done[0].results.get("content"), done[1].results.get("content"));
    }
    let facts = other.ask(Ask::Plan, "setup", &[]);
    let facts = match facts.results.get("ansible_facts") {
        Some(Data::Map(facts)) => facts.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(facts.get("ansible_system").and_then(Data::as_str), Some("Linux"));
    // Commands that the emulated helper runs are those of this machine.
    let (own, other) = (own.end(), other.end());
    assert_eq!(own.len(), 7, "{own:?}");
    assert_eq!(own, other);
}
