//! Commands and what came out of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A program with its arguments: never a string for a shell, unless the program is a shell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Where it runs; the home of the user where none is given.
    pub cwd: Option<PathBuf>,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Option<Vec<u8>>,
    /// Its file creation mask.
    pub umask: Option<u32>,
}

/// What came out of a command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The exit code; negative is the signal that ended it.
    pub rc: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// How long it took.
    pub took: Duration,
}

impl Command {
    /// A program with arguments.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(argv: I) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Asks file(1) for the MIME type and the encoding of a file.
    pub fn sorts(path: &Path) -> Self {
        let path = path.display().to_string();
        Self::new(["file", "--brief", "--mime-type", "--mime-encoding", "--", &path])
    }

    /// Adds to the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// As a person would type it.
    pub fn shown(&self) -> String {
        let plain = |word: &str| {
            !word.is_empty()
                && word.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c))
        };
        let quoted = |word: &String| {
            if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\"'\"'")) }
        };
        self.argv.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

impl Output {
    /// Whether it exited with 0.
    pub fn ok(&self) -> bool {
        self.rc == 0
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}
