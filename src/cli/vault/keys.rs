//! Where vault passwords come from: files, programs, and whoever sits at the terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::cli::args::UnlockArgs;
use crate::cli::environment::Environment;
use crate::cli::project::Project;
use crate::cli::run::Prompter;
use crate::diagnostic::Diagnostic;
use crate::redact::Secret;
use crate::vault::DEFAULT;

/// Sources that mean the terminal.
const PROMPTS: [&str; 2] = ["prompt", "prompt_ask_vault_pass"];

/// A program whose name ends so is told the label that is asked for.
const CLIENT: &str = "-client";

/// Gives the project's vault the passwords that the command line, the environment and `ansible.cfg` name, in this order of
/// precedence as Ansible has it: what is named on the command line is added to what is configured.
pub(crate) fn unlock(
    args: &UnlockArgs,
    project: &Project,
    environment: &Environment,
    prompter: &Prompter,
) -> Result<(), Diagnostic> {
    let settings = &project.config.vault;
    let label = settings.label.as_deref().unwrap_or(DEFAULT);
    let mut passwords = Vec::new();
    let mut add = |found: (String, Secret)| passwords.push(found);
    let configured =
        environment.vault_identities.clone().unwrap_or_else(|| settings.identities.clone());
    for id in configured.iter().chain(&args.vault_id) {
        add(identity(id, label, prompter)?);
    }
    let file = environment.vault_password_file.as_ref().or(settings.password_file.as_ref());
    let file = file.filter(|_| args.vault_password_file.is_empty());
    for file in args.vault_password_file.iter().chain(file) {
        add((label.to_owned(), of_file(file, label)?));
    }
    let ask = args.ask_vault_pass || settings.ask == Some(true) && passwords.is_empty();
    if ask {
        passwords.push((label.to_owned(), asked("Vault password: ", prompter)?));
    }
    project.loader.vault().unlock(passwords, settings.strict == Some(true));
    Ok(())
}

/// `LABEL@SOURCE`, or only a source.
pub(super) fn identity(
    id: &str,
    default: &str,
    prompter: &Prompter,
) -> Result<(String, Secret), Diagnostic> {
    let (label, source) = match id.split_once('@') {
        Some(("", source)) => (default, source),
        Some(pair) => pair,
        None => (default, id),
    };
    let secret = if PROMPTS.contains(&source) {
        asked(&format!("Vault password ({label}): "), prompter)?
    } else {
        of_file(Path::new(source), label)?
    };
    Ok((label.to_owned(), secret))
}

pub(super) fn asked(question: &str, prompter: &Prompter) -> Result<Secret, Diagnostic> {
    let secret = prompter.ask_once(question).map_err(|error| {
        Diagnostic::error(format!("the vault password can't be asked for: {error}"))
            .help("give it in a file where there is no terminal: --vault-password-file")
    })?;
    if secret.is_empty() {
        return Err(Diagnostic::error("the vault password is empty"));
    }
    Ok(secret)
}

/// The password that a file holds, or that a program prints.
pub(super) fn of_file(file: &Path, label: &str) -> Result<Secret, Diagnostic> {
    let file = home(file);
    let refuse = |why: String| {
        Diagnostic::error(format!(
            "the vault password can't be had from `{}`: {why}",
            file.display()
        ))
    };
    let mode = fs::metadata(&file).map_err(|error| refuse(error.to_string()))?.permissions().mode();
    let text = if mode & 0o111 != 0 {
        printed(&file, label).map_err(refuse)?
    } else {
        Zeroizing::new(fs::read_to_string(&file).map_err(|error| refuse(error.to_string()))?)
    };
    let secret = Secret::new(text.trim());
    if secret.is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    Ok(secret)
}

fn printed(file: &Path, label: &str) -> Result<Zeroizing<String>, String> {
    let program = file.canonicalize().map_err(|error| error.to_string())?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut command = Command::new(program);
    if stem.ends_with(CLIENT) {
        command.args(["--vault-id", label]);
    }
    let output = command
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("it can't be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    String::from_utf8(output.stdout)
        .map(Zeroizing::new)
        .map_err(|_| "it printed other than text".into())
}

/// `~/x` is below the home of the user.
fn home(file: &Path) -> PathBuf {
    match (file.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => file.to_path_buf(),
    }
}
