//! An SSH key of an account.

use std::path::{Path, PathBuf};

use crate::change::{FileKind, FileState, UserChange};
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::user::{UserModule, known};
use crate::stop::{Result, Stop};

/// Adds what makes the key, where it is missing.
pub(super) fn plan(
    user: &UserModule,
    home: &str,
    host: &dyn Host,
    change: &mut UserChange,
) -> Result<()> {
    let file = path(user, home);
    let there = |path: &Path| match host.exists(path) {
        Err(Stop::Unknown(_)) => Ok(false),
        there => there,
    };
    let exists = there(&file)?;
    if exists && !user.force {
        return Ok(());
    }
    let as_user = as_user(user, host)?;
    let command = |words: &[&str]| {
        let words = as_user.iter().map(String::as_str).chain(words.iter().copied());
        Command::new(words.collect::<Vec<_>>())
    };
    let (shown, public) = (file.display().to_string(), format!("{}.pub", file.display()));
    if let Some(folder) = file.parent()
        && !there(folder)?
    {
        let made = folder.display().to_string();
        change.commands.push(command(&["mkdir", "-m", "0700", "--", &made]));
        if let Some(account) = &change.after {
            let state = FileState {
                mode: Some(0o700),
                owner: Some(account.principal()),
                group: Some(account.group.clone()),
                ..FileState::of(FileKind::Dir)
            };
            change.brings.push((folder.to_path_buf(), state));
        }
    }
    if exists {
        change.commands.push(command(&["rm", "-f", "--", &shown, &public]));
    }
    let bits = user.ssh_key_bits.unwrap_or(0).to_string();
    let comment = comment(user, host);
    let mut words = vec!["ssh-keygen", "-q", "-t", &user.ssh_key_type];
    if bits != "0" {
        words.extend(["-b", &bits]);
    }
    words.extend(["-C", &comment, "-f", &shown]);
    if user.ssh_key_passphrase.is_none() {
        words.extend(["-N", ""]);
    }
    let mut keygen = command(&words);
    // ssh-keygen asks twice, and reads the answers from where it reads anything.
    keygen.stdin = user.ssh_key_passphrase.as_ref().map(|word| format!("{word}\n{word}\n").into());
    change.commands.push(keygen);
    change.facts.push(format!("SSH key {shown}"));
    change.makes.extend([file, PathBuf::from(public)]);
    Ok(())
}

/// Completes the return values.
pub(super) fn report(
    user: &UserModule,
    home: &str,
    host: &dyn Host,
    results: &mut Map,
) -> Result<()> {
    let file = path(user, home);
    results.insert("ssh_key_file".into(), file.display().to_string().into());
    let public = PathBuf::from(format!("{}.pub", file.display()));
    let text = if host.exists(&public)? {
        Some(host.content(&public)?.text().unwrap_or_default().trim().to_owned())
    } else {
        None
    };
    results.insert("ssh_public_key".into(), known(text));
    let shown = file.display().to_string();
    let fingerprint = match host.probe(&Command::new(["ssh-keygen", "-l", "-f", &shown])) {
        Ok(output) => output.text().trim().to_owned(),
        Err(Stop::Failed(_)) => String::new(),
        Err(stop) => return Err(stop),
    };
    results.insert("ssh_fingerprint".into(), Data::from(fingerprint));
    Ok(())
}

fn path(user: &UserModule, home: &str) -> PathBuf {
    let own = || format!(".ssh/id_{}", user.ssh_key_type);
    Path::new(home).join(user.ssh_key_file.clone().unwrap_or_else(own))
}

fn comment(user: &UserModule, host: &dyn Host) -> String {
    let name = host.content(Path::new("/proc/sys/kernel/hostname"));
    let name = name.ok().and_then(|blob| blob.text().map(|text| text.trim().to_owned()));
    let own = || format!("ansible-generated on {}", name.unwrap_or_else(|| "localhost".into()));
    user.ssh_key_comment.clone().unwrap_or_else(own)
}

/// What makes commands run as the account itself, so that no link it may have put in the way is followed as root.
fn as_user(user: &UserModule, host: &dyn Host) -> Result<Vec<String>> {
    if host.identity().name == user.name {
        return Ok(Vec::new());
    }
    match host.program("runuser")? {
        Some(_) => Ok(["runuser", "-u", &user.name, "--"].map(ToOwned::to_owned).to_vec()),
        None => Err(Stop::failed(format!(
            "can't make a key as user `{}`: there is no `runuser`",
            user.name
        ))),
    }
}
