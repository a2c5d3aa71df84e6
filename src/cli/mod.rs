//! The command line: the only part that knows arguments, standard output and exit codes.
//!
//! `main` reads the words, and each command has a file that does it with the layers below. Everything ends in one value, whose
//! code is made in `exit`.

mod args;
mod completions;
mod confirm;
mod doc;
mod environment;
mod exit;
mod options;
mod show;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::args::{Cli, Command};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::terminal::Terminal;
use crate::redact::Redactor;
use crate::report::screen::Screen as _;

/// Does what the command line says and returns the exit code. `words` begins with the program's name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    let name = name(words.first().map(OsString::as_os_str));
    let end = std::panic::catch_unwind(|| run(&words, name)).unwrap_or(End::Fault);
    ExitCode::from(end.code(name))
}

/// By which name converge was called.
fn name(word: Option<&OsStr>) -> Name {
    match word.map(Path::new).and_then(Path::file_name) {
        Some(file) if file == "ansible-playbook" => Name::AnsiblePlaybook,
        _ => Name::Converge,
    }
}
