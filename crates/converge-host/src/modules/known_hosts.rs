//! `known_hosts`: keys of hosts that a user's ssh(1) trusts.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::base64;
use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind};
use crate::checksum::Algorithm;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Subject, absolute, file_results, make_folders};
use crate::stop::{Result, Stop};

/// Keeps the file of host keys that ssh(1) trusts.
#[derive(Args)]
#[module(name = "known_hosts")]
pub(crate) struct KnownHosts {
    /// The host, as one names it to ssh(1); with another port as `[name]:port`.
    #[arg(alias = "host")]
    name: String,
    /// Its key, in a line as ssh-keyscan(1) prints it.
    key: Option<String>,
    /// The file.
    #[arg(path, default = "~/.ssh/known_hosts")]
    path: PathBuf,
    /// Whether the key is there. Without a key, every key of the host goes.
    #[arg(default = "present")]
    state: State,
    /// Hide the name by a hash.
    #[arg(default = "no")]
    hash_host: bool,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

impl Module for KnownHosts {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let home = Path::new(&host.identity().home);
        let path = self
            .path
            .strip_prefix("~")
            .map_or_else(|_| absolute(&self.path, host), |rest| home.join(rest));
        changes.set("name", self.name.as_str());
        changes.set("path", path.display().to_string());
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        let name = self.name.to_lowercase();
        let key = self.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        if self.state == State::Present && key.is_none() {
            return Err(Stop::failed("`key` must be given for a host key that is to be present"));
        }
        if let Some(key) = key {
            self.belongs(key, &name)?;
        }
        let subject = Subject::followed(&path, host)?;
        let before = subject.before_with_content()?;
        let text = match before.kind() {
            Some(FileKind::File(_)) => {
                let bytes = host.fetch(&host.content(&subject.path)?)?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => String::new(),
        };
        let sort = key.and_then(|key| parts(key).map(|(_, sort, _)| sort.to_owned()));
        let digits = key.and_then(|key| parts(key).map(|(_, _, digits)| digits.to_owned()));
        let mut lines: Vec<String> = Vec::new();
        let mut there = false;
        for line in text.lines() {
            let Some((names, own, key)) = parts(line).filter(|(names, ..)| is_of(names, &name))
            else {
                lines.push(line.to_owned());
                continue;
            };
            let same_sort = sort.as_deref().is_none_or(|sort| sort == own);
            let same_key = digits.as_deref().is_none_or(|digits| digits == key);
            let hashed = names.starts_with("|1|") == self.hash_host;
            match self.state {
                // Ansible leaves keys of other sorts alone.
                State::Absent if same_sort && same_key => {}
                State::Present if same_sort && same_key && hashed && !there => {
                    there = true;
                    lines.push(line.to_owned());
                }
                State::Present if same_sort => {}
                _ => lines.push(line.to_owned()),
            }
        }
        if self.state == State::Present
            && !there
            && let Some(key) = key
        {
            lines.push(self.line(key, &name)?);
        }
        let mut after = lines.join("\n");
        if !after.is_empty() {
            after.push('\n');
        }
        let whole = text.lines().map(|line| format!("{line}\n")).collect::<String>();
        if after == whole {
            return Ok(());
        }
        if let Some(folder) = subject.path.parent() {
            let mut made = std::collections::BTreeSet::new();
            make_folders(
                folder,
                &crate::modules::files::Attributes::default(),
                &mut made,
                host,
                changes,
            )?;
        }
        let state = subject.after(FileKind::File(Blob::new(after.into_bytes())))?;
        if before != Before::Is(state.clone()) {
            changes.push(Change::File(FileChange::new(&subject.path, before, Some(state))));
        }
        Ok(())
    }

    fn report(&self, host: &dyn Host, _performed: &Map, results: &mut Map) -> Result<()> {
        let state = results.get("state").cloned();
        let path = results.get("path").and_then(|path| path.as_str()).map(PathBuf::from);
        if let Some(path) = path {
            file_results("path", &path, host, results)?;
        }
        if let Some(state) = state {
            results.insert("state".into(), state);
        }
        Ok(())
    }
}

impl KnownHosts {
    /// A key must be one of the host.
    fn belongs(&self, key: &str, name: &str) -> Result<()> {
        match parts(key) {
            None => {
                Err(Stop::failed(format!("`{key}` is no host key as ssh-keyscan(1) prints it")))
            }
            Some((names, ..)) if !is_of(names, name) => Err(Stop::failed(format!(
                "Host parameter does not match hashed host field in supplied key: `{names}` is not `{}`",
                self.name
            ))),
            Some(_) => Ok(()),
        }
    }

    /// The line that is written.
    fn line(&self, key: &str, name: &str) -> Result<String> {
        if !self.hash_host || key.starts_with("|1|") {
            return Ok(key.to_owned());
        }
        let (_, sort, digits) = parts(key).unwrap_or_default();
        // The same salt every time makes the same line of the same key, so that it can be planned.
        let salt = hex(&Algorithm::Sha1.of(format!("{name} {digits}").as_bytes()));
        let hash = hmac_sha1(&salt, name.as_bytes());
        Ok(format!("|1|{}|{} {sort} {digits}", base64::encode(&salt), base64::encode(&hash)))
    }
}

/// Names, sort and digits of a line; a mark such as `@revoked` goes with the names that it is about.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split_whitespace();
    let mut names = words.next()?;
    if names.starts_with('@') {
        names = words.next()?;
    }
    Some((names, words.next()?, words.next()?))
}

/// Whether a name is among those of a line.
fn is_of(names: &str, name: &str) -> bool {
    if let Some(rest) = names.strip_prefix("|1|") {
        let Some((salt, hash)) = rest.split_once('|') else { return false };
        let Some(salt) = base64::decode(salt) else { return false };
        return base64::encode(&hmac_sha1(&salt, name.as_bytes())) == hash;
    }
    names.split(',').any(|own| own.eq_ignore_ascii_case(name))
}

/// HMAC of RFC 2104 with SHA-1.
fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        let short = hex(&Algorithm::Sha1.of(key));
        block[..short.len()].copy_from_slice(&short);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.iter().map(|own| own ^ byte).collect::<Vec<u8>>();
    let inner = hex(&Algorithm::Sha1.of(&[pad(0x36), text.to_vec()].concat()));
    hex(&Algorithm::Sha1.of(&[pad(0x5c), inner].concat()))
}

/// Bytes out of hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        digits.chars().filter_map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, hmac_sha1};
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // RFC 2202, test case 2.
        let want = hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(hmac_sha1(b"Jefe", b"what do ya want for nothing?"), want);
    }

    #[track_caller]
    fn check(before: &str, more: &[(&str, Data)], want: &str) {
        let scenario = Scenario::new(&[&format!("k={before}")]);
        let mut args = vec![("name", Data::from("h")), ("path", "$T/k".into())];
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        scenario.run("known_hosts", &args);
        assert_eq!(scenario.text("k"), want);
    }

    #[test]
    fn keys_come_and_go() {
        let key = |text: &str| ("key", Data::from(text));
        check("", &[key("h ssh-rsa AAA")], "h ssh-rsa AAA\n");
        check("o ssh-rsa X\n", &[key("h ssh-rsa AAA")], "o ssh-rsa X\nh ssh-rsa AAA\n");
        check("h ssh-rsa AAA\n", &[key("h ssh-rsa AAA")], "h ssh-rsa AAA\n");
        check(
            "h ssh-rsa OLD\nh ssh-ed25519 E\n",
            &[key("h ssh-rsa AAA")],
            "h ssh-ed25519 E\nh ssh-rsa AAA\n",
        );
        check("h ssh-rsa OLD\no ssh-rsa X\n", &[("state", "absent".into())], "o ssh-rsa X\n");
        let scenario = Scenario::new(&[]);
        let args = [
            ("name", Data::from("H")),
            ("path", "$T/d/k".into()),
            key("h ssh-rsa AAA"),
            ("hash_host", true.into()),
        ];
        assert!(scenario.run("known_hosts", &args).changed);
        assert!(scenario.text("d/k").starts_with("|1|"));
        assert!(!scenario.run("known_hosts", &args).changed);
        let gone =
            [("name", Data::from("h")), ("path", "$T/d/k".into()), ("state", "absent".into())];
        scenario.run("known_hosts", &gone);
        assert_eq!(scenario.text("d/k"), "");
    }
}
