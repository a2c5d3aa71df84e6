//! `converge vault`: the files and values of `ansible-vault`, read and written.

mod edit;
mod files;
mod keys;

use std::path::{Path, PathBuf};

use crate::cli::args::{EditArgs, EncryptStringArgs, RekeyArgs, UnlockArgs, VaultCommand};
use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::project::Project;
use crate::cli::run::Prompter;
use crate::cli::terminal::Terminal;
use crate::cli::vault::files::DASH;
use crate::diagnostic::Diagnostic;
use crate::redact::Secret;
use crate::vault::{DEFAULT, Vault, encrypt, is_encrypted};

pub(crate) use keys::unlock;

/// What a command needs.
struct Session<'a> {
    project: &'a Project,
    environment: &'a Environment,
    prompter: &'a Prompter,
    terminal: &'a Terminal,
}

/// Does what a command says.
pub(crate) fn vault(
    command: &VaultCommand,
    project: &Project,
    environment: &Environment,
    prompter: &Prompter,
    terminal: &Terminal,
) -> Result<End, Diagnostic> {
    let session = Session { project, environment, prompter, terminal };
    match command {
        VaultCommand::Encrypt(args) => {
            let key = session.key(&args.unlock, args.encrypt_vault_id.as_deref())?;
            each(&args.files, args.output.as_deref(), |bytes, file| {
                if is_encrypted(bytes) {
                    return Err(refuse(file, "it is encrypted already"));
                }
                sealed(bytes, &key).map(String::into_bytes)
            })?;
        }
        VaultCommand::Decrypt(args) => {
            session.unlock(&args.unlock)?;
            each(&args.files, args.output.as_deref(), |bytes, file| {
                Ok(session.opened(bytes, file)?.0)
            })?;
        }
        VaultCommand::View(args) => {
            session.unlock(&args.unlock)?;
            for file in &args.files {
                let (clear, _) = session.opened(&files::read(file)?, file)?;
                files::write(Path::new(DASH), &clear)?;
            }
        }
        VaultCommand::Edit(args) => session.edit(args)?,
        VaultCommand::Create(args) => session.create(args)?,
        VaultCommand::Rekey(args) => session.rekey(args)?,
        VaultCommand::EncryptString(args) => session.strings(args)?,
    }
    Ok(End::Shown)
}

/// Changes each file, or the one to `output`.
fn each(
    files: &[PathBuf],
    output: Option<&Path>,
    change: impl Fn(&[u8], &Path) -> Result<Vec<u8>, Diagnostic>,
) -> Result<(), Diagnostic> {
    if output.is_some() && files.len() > 1 {
        return Err(Diagnostic::error("--output takes one file, and several are given"));
    }
    for file in files {
        let changed = change(&files::read(file)?, file)?;
        files::write(output.unwrap_or(file), &changed)?;
    }
    Ok(())
}

fn sealed(clear: &[u8], (label, password): &(String, Secret)) -> Result<String, Diagnostic> {
    encrypt(clear, label, password).map_err(|error| Diagnostic::error(error.to_string()))
}

fn refuse(file: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(format!("`{}`: {why}", file.display()))
}

impl Session<'_> {
    fn vault(&self) -> &Vault {
        self.project.loader.vault()
    }

    /// Finds the passwords; asks where none is named.
    fn unlock(&self, args: &UnlockArgs) -> Result<(), Diagnostic> {
        keys::unlock(args, self.project, self.environment, self.prompter)?;
        if self.vault().password(None).is_none() {
            let secret = keys::asked("Vault password: ", self.prompter)?;
            self.vault().unlock(vec![(DEFAULT.to_owned(), secret)], false);
        }
        Ok(())
    }

    /// The password to encrypt with.
    fn key(&self, args: &UnlockArgs, label: Option<&str>) -> Result<(String, Secret), Diagnostic> {
        keys::unlock(args, self.project, self.environment, self.prompter)?;
        let label = label.or(self.project.config.vault.encrypt_label.as_deref());
        if let Some(found) = self.vault().password(label) {
            return Ok(found);
        }
        match label {
            Some(label) => Err(Diagnostic::error(format!("no password has the label `{label}`"))
                .help(format!("name it with --vault-id {label}@FILE"))),
            None => {
                let secret = keys::asked("New vault password: ", self.prompter)?;
                if keys::asked("Once more: ", self.prompter)? != secret {
                    return Err(Diagnostic::error("these were different passwords"));
                }
                Ok((DEFAULT.to_owned(), secret))
            }
        }
    }

    /// What is in a vault, and the label of the password that opened it.
    fn opened(&self, bytes: &[u8], file: &Path) -> Result<(Vec<u8>, String), Diagnostic> {
        if !is_encrypted(bytes) {
            return Err(refuse(file, "it is not encrypted"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refuse(file, "it is damaged"))?;
        let opened = self.vault().open(text).map_err(|error| refuse(file, &error.to_string()))?;
        Ok((opened.0.to_vec(), opened.1))
    }

    fn edit(&self, args: &EditArgs) -> Result<(), Diagnostic> {
        self.unlock(&args.unlock)?;
        let (clear, label) = self.opened(&files::read(&args.file)?, &args.file)?;
        let label = args.encrypt_vault_id.as_deref().unwrap_or(&label);
        let key = self.vault().password(Some(label));
        let key =
            key.ok_or_else(|| refuse(&args.file, &format!("no password has the label `{label}`")))?;
        if let Some(after) = edit::edit(&args.file, &clear, self.environment.editor.as_deref())? {
            files::write(&args.file, sealed(&after, &key)?.as_bytes())?;
        }
        Ok(())
    }

    fn create(&self, args: &EditArgs) -> Result<(), Diagnostic> {
        if args.file.exists() {
            return Err(refuse(&args.file, "it is there already").help("use `converge vault edit`"));
        }
        let key = self.key(&args.unlock, args.encrypt_vault_id.as_deref())?;
        let written = edit::edit(&args.file, b"", self.environment.editor.as_deref())?;
        let written = written.as_deref().map_or(&[][..], Vec::as_slice);
        files::write(&args.file, sealed(written, &key)?.as_bytes())
    }

    fn rekey(&self, args: &RekeyArgs) -> Result<(), Diagnostic> {
        self.unlock(&args.unlock)?;
        let new = match (&args.new_vault_id, &args.new_vault_password_file) {
            (Some(id), _) => keys::identity(id, DEFAULT, self.prompter)?,
            (None, Some(file)) => (DEFAULT.to_owned(), keys::of_file(file, DEFAULT)?),
            (None, None) => {
                (DEFAULT.to_owned(), keys::asked("New vault password: ", self.prompter)?)
            }
        };
        // All are opened before the first is written, so that a wrong password leaves none changed.
        let mut opened = Vec::new();
        for file in &args.files {
            opened.push((file, self.opened(&files::read(file)?, file)?.0));
        }
        for (file, clear) in opened {
            files::write(file, sealed(&clear, &new)?.as_bytes())?;
        }
        Ok(())
    }

    fn strings(&self, args: &EncryptStringArgs) -> Result<(), Diagnostic> {
        let key = self.key(&args.unlock, args.encrypt_vault_id.as_deref())?;
        let mut values: Vec<(Option<&str>, Secret)> = Vec::new();
        if args.prompt {
            let secret = self.prompter.ask("Value: ").map_err(|error| {
                Diagnostic::error(format!("the value can't be asked for: {error}"))
            })?;
            values.push((args.name.first().map(String::as_str), secret));
        }
        let mut names = args.name.iter().skip(usize::from(args.prompt));
        for value in args.values.iter().filter(|value| *value != DASH) {
            values.push((names.next().map(String::as_str), Secret::new(value.as_str())));
        }
        let piped = args.values.iter().any(|value| value == DASH) || args.stdin_name.is_some();
        if piped || values.is_empty() {
            let bytes = files::read(Path::new(DASH))?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Diagnostic::error("the value is not UTF-8 text"))?;
            values.push((
                args.stdin_name.as_deref().or_else(|| names.next().map(String::as_str)),
                Secret::new(text),
            ));
        }
        let mut written = String::new();
        for (name, value) in &values {
            if value.expose().ends_with('\n') {
                self.terminal.warn("the value ends with a line break, which is encrypted too", &[]);
            }
            let head = name.map(|name| format!("{name}: ")).unwrap_or_default();
            written.push_str(&format!("{head}!vault |\n"));
            for line in sealed(value.expose().as_bytes(), &key)?.lines() {
                written.push_str(&format!("          {line}\n"));
            }
        }
        files::write(Path::new(DASH), written.as_bytes())
    }
}
