//! Requests of HTTP that the controller makes for a host that has no program for them.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use crate::host::real::files::refused;
use crate::host::{Command, Output};
use crate::stop::{Result, Stop};
use crate::wire::{Fetch, Piece};

/// The program of commands that the controller stands for. It reads what `curl` reads, and writes what `curl` writes.
pub const PROGRAM: &str = "converge-fetch";

/// The way to the controller.
pub struct Controller {
    ask: Box<dyn Fn(Fetch) + Send>,
    pieces: Receiver<Piece>,
    asked: Cell<u32>,
}

impl Controller {
    /// By a way to ask it, and what comes back.
    pub(crate) fn new(ask: Box<dyn Fn(Fetch) + Send>, pieces: Receiver<Piece>) -> Self {
        Self { ask, pieces, asked: Cell::new(0) }
    }

    /// Has a request made. What comes goes to the file that follows `--output`, piece by piece, and else to standard output.
    pub(crate) fn fetch(&self, command: &Command) -> Result<Output> {
        let started = Instant::now();
        let path = command.argv.iter().position(|word| word == "--output");
        let path = path.and_then(|at| command.argv.get(at + 1)).map(Path::new);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| refused("write", &path, &error)
        };
        let mut file = match path {
            Some(path) => {
                let file = File::options().write(true).truncate(true).open(path);
                Some((file.map_err(failed(path))?, path))
            }
            None => None,
        };
        let number = self.asked.get() + 1;
        self.asked.set(number);
        (self.ask)(Fetch { number, config: command.stdin.clone().unwrap_or_default() });
        let mut output = Output::default();
        loop {
            let Ok(piece) = self.pieces.recv() else {
                return Err(Stop::failed("the controller left before its answer came"));
            };
            if piece.number != number {
                // Of one that was given up.
                continue;
            }
            match &mut file {
                Some((file, path)) => file.write_all(&piece.bytes).map_err(failed(path))?,
                None => output.stdout.extend_from_slice(&piece.bytes),
            }
            if let Some(end) = piece.end {
                output.rc = end.rc;
                output.stdout.extend_from_slice(end.told.as_bytes());
                output.stderr = end.error.into_bytes();
                output.took = started.elapsed();
                return Ok(output);
            }
        }
    }
}

/// Whether the controller stands for the program of a command.
pub(crate) fn is_for(command: &Command) -> bool {
    command.argv.first().is_some_and(|program| program == PROGRAM)
}
