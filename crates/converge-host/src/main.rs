//! The helper that travels to managed hosts.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::mpsc::Receiver;
use std::{env, fs};

use converge_host::data::Map;
use converge_host::host::{Principal, User};
use converge_host::modules;
use converge_host::serve::{self, Answer};
use converge_host::stop::Failure;
use converge_host::wire::{FromHelper, Hello, Reply, ToHelper};

fn main() -> ExitCode {
    let hello =
        Hello { user: identity(), arch: env::consts::ARCH.to_owned(), pid: std::process::id() };
    // Not `Stdout`, which would break every frame in two at its last newline.
    let output = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    match output.and_then(|output| serve::run(io::stdin(), output, hello, Modules)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The controller quotes it when it tells why the connection was lost.
            let _nobody_listens = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers by the table of modules.
struct Modules;

impl Answer for Modules {
    fn work(self, inbox: Receiver<ToHelper>, say: &dyn Fn(FromHelper)) {
        for message in inbox {
            let ToHelper::Request(request) = message else { continue };
            let msg = match modules::find(&request.call.module) {
                None => format!("there is no module `{}`", request.call.module),
                Some(_) => format!("module `{}` has no engine in this helper", request.call.module),
            };
            say(FromHelper::Reply(
                request.id,
                Reply::Failed(Failure { msg, results: Map::new() }, Vec::new()),
            ));
        }
    }
}

/// Who this process runs as. Static programs have no name service: the files are read.
fn identity() -> User {
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fields = entry(&accounts, uid);
    let field = |at: usize| fields.get(at).map(|field| (*field).to_owned());
    let gid = field(3).and_then(|number| number.parse().ok()).unwrap_or(gid);
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let group =
        entry(&groups, gid).first().map_or_else(|| gid.to_string(), |name| (*name).to_owned());
    User {
        name: field(0).or_else(|| env::var("USER").ok()).unwrap_or_else(|| uid.to_string()),
        uid: Some(uid),
        group: Principal { name: group, id: Some(gid) },
        comment: field(4).unwrap_or_default(),
        home: field(5).or_else(|| env::var("HOME").ok()).unwrap_or_else(|| "/".to_owned()),
        shell: field(6).unwrap_or_else(|| "/bin/sh".to_owned()),
    }
}

/// The fields of the line whose third is a number.
fn entry(text: &str, number: u32) -> Vec<&str> {
    let number = number.to_string();
    let lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.into_iter().find(|fields| fields.get(2) == Some(&number.as_str())).unwrap_or_default()
}
