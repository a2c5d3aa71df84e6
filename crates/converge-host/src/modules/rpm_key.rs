//! `rpm_key`: keys that rpm trusts.

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::http::{get, is_url};
use crate::modules::known::{need, value};
use crate::openpgp::{Key, keys, normal, plain};
use crate::stop::{Result, Stop};

/// Keeps a key in the database of rpm.
#[derive(Args, Debug)]
#[module(name = "rpm_key")]
pub(crate) struct RpmKey {
    /// A URL or a file of the host; to remove one, the id is enough.
    key: String,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Whether the certificate of a URL is checked.
    #[arg(default = "yes")]
    validate_certs: bool,
    /// The fingerprints that it must have, one of them.
    fingerprint: Option<Vec<String>>,
}

/// Whether a key shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// rpm reads keys from a file only, which no pipe is.
const IMPORT: &str =
    r#"umask 077; f=$(mktemp) && trap 'rm -f -- "$f"' EXIT && cat > "$f" && rpm --import "$f""#;

impl Module for RpmKey {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        need(host, "rpm", "`rpm_key`")?;
        let digits = normal(&self.key);
        let is_id = digits.len() >= 8 && digits.chars().all(|c| c.is_ascii_hexdigit());
        if is_id && self.state == State::Absent {
            return forget(&digits, host, changes);
        }
        let bytes = self.bytes(host)?;
        let found = keys(&bytes).unwrap_or_default();
        let Some(key) = found.first() else {
            return Err(Stop::failed(format!("`{}` holds no key", self.key)));
        };
        self.check(key)?;
        let id = key.fingerprints[0].clone();
        if self.state == State::Absent {
            return forget(&id, host, changes);
        }
        if installed(host, &id)?.is_some() {
            return Ok(());
        }
        let mut import = Command::new(["/bin/sh", "-c", IMPORT]);
        import.stdin = Some(bytes_armored(&bytes));
        let erase = ["rpm", "--erase", "--allmatches", "--", &package(&id)].map(str::to_owned);
        changes.push(Change::Act(
            ActChange::new(Sign::Create, format!("rpm key {}", &id[id.len() - 16..]))
                .fact(format!("fingerprint {id}"))
                .sets(label(&id), None, Some(package(&id)))
                .does(import)
                .undone_by(Command::new(erase)),
        ));
        Ok(())
    }
}

impl RpmKey {
    fn bytes(&self, host: &dyn Host) -> Result<Vec<u8>> {
        let given = if is_url(&self.key) {
            get(host, &self.key, self.validate_certs)?
        } else {
            let path = self.key.strip_prefix("file://").unwrap_or(&self.key);
            if !host.exists(Path::new(path))? {
                return Err(Stop::failed(format!(
                    "`{}` is neither a URL nor a file of the host{}",
                    self.key,
                    if self.state == State::Absent { ", nor the id of a key" } else { "" }
                )));
            }
            host.fetch(&host.content(Path::new(path))?)?.to_vec()
        };
        plain(&given)
            .ok_or_else(|| Stop::failed(format!("`{}` is no public key of OpenPGP", self.key)))
    }

    fn check(&self, key: &Key) -> Result<()> {
        let Some(wanted) = &self.fingerprint else { return Ok(()) };
        if wanted.iter().any(|wanted| key.fingerprints.contains(&normal(wanted))) {
            return Ok(());
        }
        Err(Stop::failed(format!(
            "the key of `{}` has the fingerprint `{}`, not `{}`",
            self.key,
            key.fingerprints[0],
            wanted.join("`, `")
        )))
    }
}

fn forget(id: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let Some(package) = installed(host, id)? else { return Ok(()) };
    changes.push(Change::Act(
        ActChange::new(Sign::Remove, format!("rpm key {}", &id[id.len().saturating_sub(16)..]))
            .sets(label(id), Some(package.clone()), None)
            .does(Command::new(["rpm", "--erase", "--allmatches", "--", &package])),
    ));
    Ok(())
}

/// The package that a key is in rpm's database, where it is there.
fn installed(host: &dyn Host, id: &str) -> Result<Option<String>> {
    value(host, &label(id), || {
        let format = "%{NAME}-%{VERSION}\\t%{DESCRIPTION}\\x1e\\n";
        let format = format.replace("\\x1e", "\u{1e}");
        let command = Command::new(["rpm", "-q", "gpg-pubkey", "--qf", &format]);
        // Without any key it exits with 1.
        let output = host.probe(&command)?.text();
        let holds = |entry: &&str| {
            let Some((name, description)) = entry.split_once('\t') else { return false };
            match plain(description.as_bytes()).and_then(|bytes| keys(&bytes)) {
                Some(keys) => keys.iter().any(|key| key.is(id)),
                None => name.to_uppercase().ends_with(&id[id.len().saturating_sub(8)..]),
            }
        };
        let found = output.split('\u{1e}').find(holds);
        Ok(found.and_then(|entry| entry.trim().split_once('\t')).map(|(name, _)| name.to_owned()))
    })
}

fn label(id: &str) -> String {
    format!("rpm key {}", &id[id.len().saturating_sub(8)..])
}

/// How rpm names a key: by the last eight digits.
fn package(id: &str) -> String {
    format!("gpg-pubkey-{}", id[id.len().saturating_sub(8)..].to_lowercase())
}

/// rpm reads keys in letters only.
fn bytes_armored(bytes: &[u8]) -> Vec<u8> {
    let letters = crate::base64::encode(bytes);
    let mut out = String::from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END PGP PUBLIC KEY BLOCK-----\n");
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::bytes_armored;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};
    use crate::openpgp::plain;
    use crate::openpgp::tests::{FINGERPRINT, KEY};

    const ASK: &str = "rpm -q gpg-pubkey --qf '%{NAME}-%{VERSION}\\t%{DESCRIPTION}\u{1e}\\n'";

    fn memory(rc: i32, told: &str) -> Memory {
        Memory::new().with_file("/tmp/k", KEY, 0o644, "root").with_output(ASK, rc, told)
    }

    #[test]
    fn a_key_is_taken_up_and_forgotten() {
        let mut desk = Desk::new(memory(1, "package gpg-pubkey is not installed\n"));
        let args = [("key", "/tmp/k".into())];
        let done = desk.run("rpm_key", &args);
        assert!(commands(&done.changes[0])[0].contains("rpm --import"));
        let wrong = [("key", "/tmp/k".into()), ("fingerprint", "AB".into())];
        desk.fails(
            "rpm_key",
            &wrong,
            &format!("the key of `/tmp/k` has the fingerprint `{FINGERPRINT}`, not `AB`"),
        );
        let there = format!("gpg-pubkey-x\t{KEY}\u{1e}\n");
        let mut desk = Desk::new(memory(0, &there));
        assert!(!desk.run("rpm_key", &args).changed);
        let gone = [("key", FINGERPRINT[32..].into()), ("state", "absent".into())];
        let done = desk.run("rpm_key", &gone);
        assert_eq!(commands(&done.changes[0]), ["rpm --erase --allmatches -- gpg-pubkey-x"]);
    }

    #[test]
    fn bytes_become_letters_again() {
        let bytes = plain(KEY.as_bytes()).unwrap();
        assert_eq!(plain(&bytes_armored(&bytes)), Some(bytes));
    }
}
