//! The helper that travels to managed hosts.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use converge_host::host::real::Real;
use converge_host::serve;
use converge_host::wire::Hello;
use converge_host::worker::Worker;

fn main() -> ExitCode {
    let machine = Real::new();
    let hello = Hello {
        user: machine.identity.clone(),
        arch: env::consts::ARCH.to_owned(),
        pid: std::process::id(),
    };
    // Not `Stdout`, which would break every frame in two at its last newline.
    let output = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    match output.and_then(|output| serve::run(io::stdin(), output, hello, Worker::new(machine))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The controller quotes it when it tells why the connection was lost.
            let _nobody_listens = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
