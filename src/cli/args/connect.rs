//! Options of reaching hosts and becoming other users on them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// Reaching hosts.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Connecting")]
pub(crate) struct ConnectArgs {
    /// Log in as this user
    #[arg(short, long, value_name = "USER", overrides_with = "user")]
    pub(crate) user: Option<String>,

    /// Ask for the password to log in with
    #[arg(short = 'k', long, conflicts_with = "connection_password_file")]
    pub(crate) ask_pass: bool,

    /// Read the password to log in with from the first line of this file
    #[arg(long, value_name = "FILE", alias = "conn-pass-file")]
    pub(crate) connection_password_file: Option<PathBuf>,

    /// Log in with this private key
    #[arg(long, value_name = "FILE", visible_alias = "key-file", overrides_with = "private_key")]
    pub(crate) private_key: Option<PathBuf>,

    /// How hosts are reached where neither inventory nor play says it
    #[arg(short, long, value_name = "MEANS", value_enum, overrides_with = "connection")]
    pub(crate) connection: Option<Means>,

    /// How long connecting may take, in seconds
    #[arg(short = 'T', long, value_name = "SECONDS", overrides_with = "timeout")]
    pub(crate) timeout: Option<u32>,

    /// Options as for ssh(1), `-o ProxyJump=bastion` say
    #[arg(
        long,
        value_name = "ARGS",
        allow_hyphen_values = true,
        overrides_with = "ssh_common_args"
    )]
    pub(crate) ssh_common_args: Option<String>,

    /// More of them
    #[arg(
        long,
        value_name = "ARGS",
        allow_hyphen_values = true,
        overrides_with = "ssh_extra_args"
    )]
    pub(crate) ssh_extra_args: Option<String>,
}

/// Becoming other users.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Becoming another user")]
pub(crate) struct BecomeArgs {
    /// Become another user for every task
    #[arg(short, long)]
    pub(crate) r#become: bool,

    /// Which user [default: root]
    #[arg(long, value_name = "USER", overrides_with = "become_user")]
    pub(crate) become_user: Option<String>,

    /// By which program [default: sudo]
    #[arg(long, value_name = "METHOD", value_enum, overrides_with = "become_method")]
    pub(crate) become_method: Option<Method>,

    /// Ask for the password that it wants
    #[arg(short = 'K', long, conflicts_with = "become_password_file")]
    pub(crate) ask_become_pass: bool,

    /// Read that password from the first line of this file
    #[arg(long, value_name = "FILE", alias = "become-pass-file")]
    pub(crate) become_password_file: Option<PathBuf>,
}

/// Means of reaching a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    /// Over SSH
    #[value(alias = "smart", alias = "paramiko", alias = "paramiko_ssh")]
    Ssh,
    /// This machine itself
    Local,
}

/// Programs that change the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// sudo(8)
    Sudo,
    /// su(1)
    Su,
    /// doas(1)
    Doas,
}

impl Method {
    /// As a playbook names it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::Doas => "doas",
        }
    }
}
