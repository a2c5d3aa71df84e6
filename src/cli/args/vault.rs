//! Options and commands about what is encrypted.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where vault passwords come from.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Vault")]
pub(crate) struct UnlockArgs {
    /// Read a vault password from this file, or from what it prints if it is executable
    #[arg(long, value_name = "FILE", alias = "vault-pass-file")]
    pub(crate) vault_password_file: Vec<PathBuf>,

    /// A vault password with its label: LABEL@FILE, or LABEL@prompt to be asked for it
    #[arg(long, value_name = "ID")]
    pub(crate) vault_id: Vec<String>,

    /// Ask for the vault password
    #[arg(short = 'J', long, alias = "ask-vault-password")]
    pub(crate) ask_vault_pass: bool,
}

/// `converge vault`.
#[derive(Args, Debug)]
pub(crate) struct VaultArgs {
    #[command(subcommand)]
    pub(crate) command: VaultCommand,
}

/// What is done with vaults.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Encrypt files; `-` is standard input to standard output
    Encrypt(EncryptArgs),
    /// Decrypt files
    Decrypt(DecryptArgs),
    /// Print what is in encrypted files
    View(ViewArgs),
    /// Edit an encrypted file in $EDITOR
    Edit(EditArgs),
    /// Make a new encrypted file in $EDITOR
    Create(EditArgs),
    /// Encrypt files with another password
    Rekey(RekeyArgs),
    /// Encrypt single values, to be put into a YAML file
    #[command(alias = "encrypt_string")]
    EncryptString(EncryptStringArgs),
}

/// `converge vault encrypt`.
#[derive(Args, Debug)]
pub(crate) struct EncryptArgs {
    /// The files
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// Write to this file and leave the first as it is; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Encrypt with the password of this label, where there are several
    #[arg(long, value_name = "LABEL")]
    pub(crate) encrypt_vault_id: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge vault decrypt`.
#[derive(Args, Debug)]
pub(crate) struct DecryptArgs {
    /// The files
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// Write to this file and leave the first as it is; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge vault view`.
#[derive(Args, Debug)]
pub(crate) struct ViewArgs {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge vault edit` and `converge vault create`.
#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Encrypt with the password of this label
    #[arg(long, value_name = "LABEL")]
    pub(crate) encrypt_vault_id: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge vault rekey`.
#[derive(Args, Debug)]
pub(crate) struct RekeyArgs {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The new password: LABEL@FILE or LABEL@prompt
    #[arg(long, value_name = "ID", conflicts_with = "new_vault_password_file")]
    pub(crate) new_vault_id: Option<String>,
    /// Read the new password from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) new_vault_password_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// `converge vault encrypt-string`.
#[derive(Args, Debug)]
pub(crate) struct EncryptStringArgs {
    /// The values; `-` is standard input
    #[arg(value_name = "VALUE")]
    pub(crate) values: Vec<String>,
    /// The variables that they are for, in the same order
    #[arg(short, long, value_name = "NAME")]
    pub(crate) name: Vec<String>,
    /// The variable that standard input is for
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_name: Option<String>,
    /// Ask for the value
    #[arg(short, long)]
    pub(crate) prompt: bool,
    /// Encrypt with the password of this label, where there are several
    #[arg(long, value_name = "LABEL")]
    pub(crate) encrypt_vault_id: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}
