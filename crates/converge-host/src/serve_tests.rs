//! Conversations over pipes, with a worker whose answers are easy to foretell.

use std::io::{Read, Write, pipe};
use std::sync::mpsc::Receiver;
use std::thread;

use crate::blob::{Blob, Digest};
use crate::data::Map;
use crate::host::real::Controller;
use crate::host::{Command, Principal, User};
use crate::serve::{self, Answer};
use crate::stop::Failure;
use crate::wire::{
    self, Ask, BecomeMethod, Call, Chunk, Decoder, Done, Ended, Fetch, FromHelper, Hello, MARKER,
    Open, OpenError, Piece, Reply, Request, ToHelper,
};

/// `fail` fails, `hold` is held, `need` asks for the content `x`, `fetch` has something fetched; anything else is done.
struct Worker;

impl Answer for Worker {
    fn work(self, inbox: Receiver<ToHelper>, controller: Controller, say: &dyn Fn(FromHelper)) {
        while let Ok(message) = inbox.recv() {
            let ToHelper::Request(request) = message else { continue };
            let reply = match request.call.module.as_str() {
                "fail" => Reply::Failed(Failure::default(), Vec::new()),
                "hold" => {
                    say(FromHelper::Held(request.id, Vec::new()));
                    match inbox.recv() {
                        Ok(ToHelper::Go(_)) => Reply::Done(Done::default()),
                        _ => Reply::NotRun,
                    }
                }
                "need" => {
                    say(FromHelper::Need(Digest::of(b"x")));
                    match inbox.recv() {
                        Ok(ToHelper::Chunk(chunk)) if chunk.bytes == b"x" => {
                            Reply::Done(Done::default())
                        }
                        other => panic!("{other:?}"),
                    }
                }
                "fetch" => {
                    let mut command = Command::new(["converge-fetch"]);
                    command.stdin = Some(b"url".to_vec());
                    let output = controller.fetch(&command).unwrap();
                    let mut done = Done::default();
                    done.results.insert("stdout".into(), output.text().into());
                    Reply::Done(done)
                }
                _ => Reply::Done(Done::default()),
            };
            say(FromHelper::Reply(request.id, reply));
        }
    }
}

fn user() -> User {
    let group = Principal { name: "root".to_owned(), id: Some(0) };
    let (home, shell) = ("/root".to_owned(), "/bin/sh".to_owned());
    User { name: "root".to_owned(), uid: Some(0), group, comment: String::new(), home, shell }
}

fn request(id: u64, module: &str, after: &[u64]) -> ToHelper {
    let call = Call { module: module.to_owned(), args: Map::new(), env: Vec::new() };
    ToHelper::Request(Request { id, helper: 0, after: after.to_vec(), ask: Ask::Plan, call })
}

fn done(id: u64) -> FromHelper {
    FromHelper::Reply(id, Reply::Done(Done::default()))
}

/// Says everything at once and gives all that is answered, the greeting left out.
fn check(said: &[ToHelper], expected: &[FromHelper]) {
    let (theirs, mut ours) = pipe().unwrap();
    let (mut heard, output) = pipe().unwrap();
    let hello = Hello { user: user(), arch: "x86_64".to_owned(), pid: 1, looks: false };
    let server = thread::spawn(move || serve::run(theirs, output, hello, Worker));
    for message in said {
        ours.write_all(&wire::encode(message).unwrap()).unwrap();
    }
    let mut start = [0; MARKER.len()];
    heard.read_exact(&mut start).unwrap();
    assert_eq!(&start, MARKER);
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while seen.len() < expected.len() + 1 {
        let count = heard.read(&mut buffer).unwrap();
        assert!(count > 0, "it ended after {seen:?}");
        decoder.feed(&buffer[..count]);
        while let Some(message) = decoder.next::<FromHelper>().unwrap() {
            seen.push(message);
        }
    }
    assert!(matches!(seen[0], FromHelper::Hello(_)));
    assert_eq!(&seen[1..], expected);
    drop(ours);
    server.join().unwrap().unwrap();
}

#[test]
fn requests_are_answered_in_their_order() {
    check(
        &[request(1, "a", &[]), request(2, "b", &[]), request(3, "c", &[])],
        &[done(1), done(2), done(3)],
    );
}

#[test]
fn what_depends_on_a_failure_is_not_run() {
    let said = [
        request(1, "fail", &[]),
        request(2, "a", &[1]),
        request(3, "a", &[2]),
        request(4, "a", &[]),
    ];
    let failed = FromHelper::Reply(1, Reply::Failed(Failure::default(), Vec::new()));
    let not_run = |id| FromHelper::Reply(id, Reply::NotRun);
    check(&said, &[failed, not_run(2), not_run(3), done(4)]);
}

/// A helper that is spoken to, and what it says next.
fn conversation() -> (impl Write, impl FnMut() -> FromHelper) {
    let (theirs, ours) = pipe().unwrap();
    let (mut heard, output) = pipe().unwrap();
    let hello = Hello { user: user(), arch: "x86_64".to_owned(), pid: 1, looks: false };
    thread::spawn(move || serve::run(theirs, output, hello, Worker));
    let mut decoder = Decoder::default();
    let next = move || {
        loop {
            if let Some(message) = decoder.next::<FromHelper>().unwrap() {
                return message;
            }
            let mut buffer = [0; 4096];
            let count = heard.read(&mut buffer).unwrap();
            let start = if buffer.starts_with(MARKER) { MARKER.len() } else { 0 };
            decoder.feed(&buffer[start..count]);
        }
    };
    (ours, next)
}

#[test]
fn go_reaches_the_request_that_is_held() {
    // Only what waits is given up here; a `Go` for it would be lost, as it was never held.
    let (mut ours, mut next) = conversation();
    for message in [request(1, "hold", &[]), request(2, "a", &[]), request(3, "a", &[1])] {
        ours.write_all(&wire::encode(&message).unwrap()).unwrap();
    }
    assert!(matches!(next(), FromHelper::Hello(_)));
    assert_eq!(next(), FromHelper::Held(1, Vec::new()));
    ours.write_all(&wire::encode(&ToHelper::Drop(2)).unwrap()).unwrap();
    assert_eq!(next(), FromHelper::Reply(2, Reply::NotRun));
    ours.write_all(&wire::encode(&ToHelper::Go(1)).unwrap()).unwrap();
    assert_eq!((next(), next()), (done(1), done(3)));
    ours.write_all(&wire::encode(&request(4, "need", &[])).unwrap()).unwrap();
    assert_eq!(next(), FromHelper::Need(Digest::of(b"x")));
    let chunk = Chunk { digest: Blob::new(b"x".to_vec()).digest, bytes: b"x".to_vec(), last: true };
    ours.write_all(&wire::encode(&ToHelper::Chunk(chunk)).unwrap()).unwrap();
    assert_eq!(next(), done(4));
}

#[test]
fn what_the_controller_fetches_reaches_the_request_that_waits_for_it() {
    let piece = |number, bytes: &str, end: Option<&str>| {
        let end = end.map(|told| Ended { rc: 0, told: told.to_owned(), error: String::new() });
        ToHelper::Fetched(Piece { number, bytes: bytes.as_bytes().to_vec(), end })
    };
    let (mut ours, mut next) = conversation();
    assert!(matches!(next(), FromHelper::Hello(_)));
    ours.write_all(&wire::encode(&request(1, "fetch", &[])).unwrap()).unwrap();
    assert_eq!(next(), FromHelper::Fetch(Fetch { number: 1, config: b"url".to_vec() }));
    // The last of an earlier one may still be under way.
    for piece in [piece(0, "old", Some("")), piece(1, "a", None), piece(1, "b", Some(" 200"))] {
        ours.write_all(&wire::encode(&piece).unwrap()).unwrap();
    }
    let FromHelper::Reply(1, Reply::Done(done)) = next() else { panic!("it has no answer") };
    assert_eq!(done.results["stdout"].as_str(), Some("ab 200"));
}

#[test]
fn a_helper_that_was_not_opened_does_not_answer() {
    let ToHelper::Request(mut other) = request(1, "a", &[]) else { unreachable!() };
    other.helper = 7;
    let failure =
        Failure { msg: "the helper of user number 7 does not run".to_owned(), results: Map::new() };
    check(&[ToHelper::Request(other)], &[FromHelper::Reply(1, Reply::Failed(failure, Vec::new()))]);
    let open = Open {
        helper: 2,
        user: "-x".to_owned(),
        method: BecomeMethod::Sudo,
        flags: Vec::new(),
        password: None,
        looks: false,
    };
    check(&[ToHelper::Open(open)], &[FromHelper::Opened(2, Err(OpenError::NoSuchUser))]);
}
