//! Asks for what must not be typed on the command line: passwords and passphrases.

use std::collections::HashMap;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::options::Password;
use crate::diagnostic::Diagnostic;
use crate::redact::{Redactor, Secret};
use crate::report::progress::Progress;

/// Asks on the terminal, and makes known to the redactor what was answered.
pub(crate) struct Prompter {
    redactor: Arc<Redactor>,
    /// What is drawn at the bottom of the terminal while somebody may be asked.
    progress: Mutex<Option<Arc<Progress>>>,
    /// What was answered to questions that are asked once only.
    known: Mutex<HashMap<String, Secret>>,
}

impl Prompter {
    /// A prompter that nothing is drawn beside.
    pub(crate) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, progress: Mutex::default(), known: Mutex::default() }
    }

    /// Questions are asked aside from this picture from now on.
    pub(crate) fn beside(&self, progress: Option<Arc<Progress>>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// A password from where the options say that it comes from.
    pub(crate) fn password(
        &self,
        from: &Password,
        name: &str,
    ) -> Result<Option<Secret>, Diagnostic> {
        let secret = match from {
            Password::None => return Ok(None),
            Password::Ask => self.ask_once(&format!("{name} password: ")).map_err(|error| {
                Diagnostic::error(format!("the {name} password can't be asked for: {error}"))
                    .help("give it in a file where there is no terminal")
            })?,
            Password::File(file) => first_line(file).map_err(|error| {
                let file = file.display();
                Diagnostic::error(format!(
                    "the {name} password can't be read from `{file}`: {error}"
                ))
            })?,
        };
        self.redactor.add(&secret);
        Ok(Some(secret))
    }

    /// The passphrase of a key; `attempt` counts the questions about it from 1. None where nobody can be asked, or nothing is
    /// answered.
    pub(crate) fn passphrase(&self, key: &Path, attempt: usize) -> Option<Secret> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let again = if attempt > 1 { "That was wrong. " } else { "" };
        let question = format!("{again}Passphrase of `{}`: ", key.display());
        let secret = self.ask(&question).ok().filter(|secret| !secret.is_empty())?;
        self.redactor.add(&secret);
        Some(secret)
    }

    /// Asks the first time, and gives the same answer from then on: a run of several parts prepares itself several times.
    pub(crate) fn ask_once(&self, question: &str) -> io::Result<Secret> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(question)
        {
            return Ok(known.clone());
        }
        let secret = self.ask(question)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(question.to_owned(), secret.clone());
        Ok(secret)
    }

    /// Asks without showing what is typed.
    pub(crate) fn ask(&self, question: &str) -> io::Result<Secret> {
        let ask = || rpassword::prompt_password(question).map(Secret::from);
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match progress {
            Some(progress) => progress.aside(ask),
            None => ask(),
        }
    }
}

fn first_line(file: &Path) -> io::Result<Secret> {
    let text = zeroize::Zeroizing::new(fs::read_to_string(file)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty"));
    }
    Ok(Secret::new(line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::Prompter;
    use crate::cli::options::Password;
    use crate::redact::Redactor;

    #[test]
    fn a_password_from_a_file_never_prints_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hunter22\nsecond line\n").unwrap();
        let redactor = Arc::new(Redactor::new());
        let prompter = Prompter::new(redactor.clone());
        let secret = prompter.password(&Password::File(file.clone()), "become").unwrap().unwrap();
        assert_eq!(secret.expose(), "hunter22");
        assert_eq!(redactor.redact("it is hunter22"), "it is •••");
        assert_eq!(prompter.password(&Password::None, "become").unwrap(), None);
        std::fs::write(&file, "\n").unwrap();
        let error = prompter.password(&Password::File(file), "become").unwrap_err();
        assert!(error.message.ends_with("its first line is empty"), "{}", error.message);
        let error = prompter.password(&Password::File("/nowhere".into()), "become").unwrap_err();
        assert!(error.message.starts_with("the become password can't be read from `/nowhere`"));
    }
}
