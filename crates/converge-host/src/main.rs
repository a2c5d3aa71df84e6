//! The helper that travels to managed hosts.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use converge_host::r#become::tty;
use converge_host::host::real::Real;
use converge_host::look;
use converge_host::serve;
use converge_host::wire::Hello;
use converge_host::worker::Worker;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, path, argv @ ..] = &arguments[..]
        && flag == tty::FLAG
    {
        let _nobody_listens = writeln!(io::stderr(), "{}", tty::run(path, argv));
        return ExitCode::FAILURE;
    }
    let looks = arguments.first().is_some_and(|flag| flag == look::FLAG);
    match converse(looks) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The controller quotes it when it tells why the connection was lost.
            let _nobody_listens = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves whoever is at the other end of standard input and output.
fn converse(looks: bool) -> io::Result<()> {
    let machine = if looks { look::begin(&mut io::stdin().lock())? } else { Real::new() };
    let hello = Hello {
        user: machine.identity.clone(),
        arch: env::consts::ARCH.to_owned(),
        pid: std::process::id(),
        looks,
    };
    // Not `Stdout`, which would break every frame in two at its last newline.
    let output = io::stdout().as_fd().try_clone_to_owned().map(File::from)?;
    serve::run(io::stdin(), output, hello, Worker::new(machine))
}
