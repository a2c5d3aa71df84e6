//! `apt_key`: keys that apt trusts.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::blob::Blob;
use crate::change::{ActChange, Change, Changes, FileChange, FileKind, Sign};
use crate::data::Data;
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::Subject;
use crate::modules::http::get;
use crate::openpgp::{Key, keys, normal, plain};
use crate::stop::{Result, Stop};

/// Keeps a key in a keyring that apt trusts for every repository.
///
/// A repository of its own key is better named by `signed-by` in its line, or by the module `deb822_repository`.
#[derive(Args, Debug)]
#[module(name = "apt_key", exclusive("data", "file", "keyserver", "url"))]
pub(crate) struct AptKey {
    /// Which key: the end of its fingerprint, of 8 digits at least. Needed to remove one, and with `keyserver`.
    id: Option<String>,
    /// The key itself.
    data: Option<String>,
    /// A file of the host that holds it.
    file: Option<PathBuf>,
    /// A server that has it.
    keyserver: Option<String>,
    /// Where it is fetched from.
    url: Option<String>,
    /// The keyring that it is kept in.
    keyring: Option<PathBuf>,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Whether the certificate of the URL is checked.
    #[arg(default = "yes")]
    validate_certs: bool,
}

/// Whether a key shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// The keyring that apt-key keeps keys in.
const TRUSTED: &str = "/etc/apt/trusted.gpg";

/// The folder of further keyrings.
const PARTS: &str = "/etc/apt/trusted.gpg.d";

/// A keyring that is there.
struct Ring<'h> {
    subject: Subject<'h>,
    bytes: Vec<u8>,
    keys: Vec<Key>,
}

impl Module for AptKey {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let rings = self.rings(host)?;
        let held = |id: &str| rings.iter().any(|ring| ring.keys.iter().any(|key| key.is(id)));
        changes.set("before", ids(&rings));
        let id = self.id.as_deref().map(normal);
        if let Some(id) = &id {
            if id.len() < 8 || !id.chars().all(|letter| letter.is_ascii_hexdigit()) {
                return Err(Stop::failed(format!(
                    "`{id}` is no id of a key: one is 8, 16 or 40 hexadecimal digits"
                )));
            }
            tell(id, changes);
        }
        if self.state == State::Absent {
            let Some(id) = id.or(self.named(host)?) else {
                return Err(Stop::failed("`id` must be given for a key that shall not be there"));
            };
            return self.remove(&id, &rings, host, changes);
        }
        if id.as_deref().is_some_and(held) {
            changes.set("after", ids(&rings));
            return Ok(());
        }
        if let Some(server) = &self.keyserver {
            let Some(id) = id else {
                return Err(Stop::failed("`id` must be given together with `keyserver`"));
            };
            return self.receive(server, &id, host, changes);
        }
        let bytes = self.bytes(host)?;
        let new = keys(&bytes).unwrap_or_default();
        if let Some(id) = &id
            && !new.iter().any(|key| key.is(id))
        {
            let found: Vec<_> = new.iter().map(|key| key.fingerprints[0].as_str()).collect();
            return Err(Stop::failed(format!(
                "the key `{id}` is not what was given, which is `{}`",
                found.join("`, `")
            )));
        }
        if let Some(first) = new.first() {
            tell(&first.fingerprints[0].clone(), changes);
        }
        let missing: Vec<_> = new.iter().filter(|key| !held(&key.fingerprints[0])).collect();
        let more: Vec<u8> =
            missing.iter().flat_map(|key| bytes[key.range.clone()].to_vec()).collect();
        let mut after = long_ids(&rings);
        after.extend(missing.iter().map(|key| key.long_id().to_owned()));
        changes.set("after", Data::from(after));
        if more.is_empty() {
            return Ok(());
        }
        let path = self.keyring.clone().unwrap_or_else(|| TRUSTED.into());
        let subject = Subject::followed(&path, host)?;
        let old = match &subject.look {
            Look::Is(_) => host.fetch(&host.content(&subject.path)?)?.to_vec(),
            _ => Vec::new(),
        };
        // Letters are read where a file is named so; a keyring that grows is written in bytes.
        let armored = path.extension().is_some_and(|end| end == "asc") && old.is_empty();
        let all = match (&self.data, armored) {
            (Some(data), true) => data.clone().into_bytes(),
            _ => [plain(&old).unwrap_or(old), more].concat(),
        };
        write(&subject, Some(all), changes)
    }
}

impl AptKey {
    /// The keyrings that are looked into.
    fn rings<'h>(&self, host: &'h dyn Host) -> Result<Vec<Ring<'h>>> {
        let mut paths = Vec::new();
        match &self.keyring {
            Some(path) => paths.push(path.clone()),
            None => {
                paths.push(PathBuf::from(TRUSTED));
                if let Look::Is(_) = host.resolve(Path::new(PARTS))?.1 {
                    let names = host.list(Path::new(PARTS))?;
                    let rings = names.iter().filter(|n| n.ends_with(".gpg") || n.ends_with(".asc"));
                    paths.extend(rings.map(|name| Path::new(PARTS).join(name)));
                }
            }
        }
        let mut rings = Vec::new();
        for path in paths {
            let subject = Subject::followed(&path, host)?;
            if !matches!(subject.look, Look::Is(_)) {
                continue;
            }
            let bytes = host.fetch(&host.content(&subject.path)?)?;
            let bytes = plain(&bytes).unwrap_or_default();
            let keys = keys(&bytes).unwrap_or_default();
            rings.push(Ring { subject, bytes, keys });
        }
        Ok(rings)
    }

    /// The keys that were given, in bytes.
    fn bytes(&self, host: &dyn Host) -> Result<Vec<u8>> {
        let (given, from) = match (&self.data, &self.file, &self.url) {
            (Some(data), _, _) => (data.clone().into_bytes(), "`data`".to_owned()),
            (_, Some(file), _) => {
                let bytes = host.fetch(&host.content(file)?)?;
                (bytes.to_vec(), format!("`{}`", file.display()))
            }
            (_, _, Some(url)) => (get(host, url, self.validate_certs)?, format!("`{url}`")),
            _ => {
                return Err(Stop::failed(
                    "one of `data`, `file`, `keyserver` and `url` must be given: the key is not there yet",
                ));
            }
        };
        plain(&given).ok_or_else(|| Stop::failed(format!("{from} is no public key of OpenPGP")))
    }

    /// The key that `data` or `file` names.
    fn named(&self, host: &dyn Host) -> Result<Option<String>> {
        if self.data.is_none() && self.file.is_none() && self.url.is_none() {
            return Ok(None);
        }
        let bytes = self.bytes(host)?;
        let first = keys(&bytes).unwrap_or_default().into_iter().next();
        Ok(first.map(|key| key.fingerprints[0].clone()))
    }

    fn remove(
        &self,
        id: &str,
        rings: &[Ring<'_>],
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let mut after = Vec::new();
        for ring in rings {
            let (gone, left): (Vec<_>, Vec<_>) = ring.keys.iter().partition(|key| key.is(id));
            after.extend(left.iter().map(|key| key.long_id().to_owned()));
            if !gone.is_empty() {
                let kept: Vec<u8> =
                    left.iter().flat_map(|key| ring.bytes[key.range.clone()].to_vec()).collect();
                write(&ring.subject, (!kept.is_empty()).then_some(kept), changes)?;
            }
        }
        changes.set("after", Data::from(after));
        let name = self.label(id);
        if host.planned(&name)?.flatten().is_some() {
            return Err(Stop::unknown(format!("key {id} being received")));
        }
        Ok(())
    }

    /// Has gpg fetch a key from a server into the keyring.
    fn receive(
        &self,
        server: &str,
        id: &str,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let name = self.label(id);
        if host.planned(&name)?.flatten().is_some() {
            return Ok(());
        }
        let unknown = match host.program("gpg") {
            Ok(Some(_)) => None,
            Ok(None) => {
                return Err(Stop::failed("this host has no `gpg`, which `keyserver` needs"));
            }
            Err(Stop::Unknown(why)) => Some(why),
            Err(stop) => return Err(stop),
        };
        let path = self.keyring.clone().unwrap_or_else(|| TRUSTED.into());
        let ring = format!("gnupg-ring:{}", path.display());
        let argv = ["gpg", "--batch", "--no-tty", "--no-default-keyring", "--keyring", &ring];
        let receive = argv.into_iter().chain(["--keyserver", server, "--recv-keys", "--", id]);
        let open = ["chmod", "0644", "--", &path.display().to_string()].map(ToOwned::to_owned);
        let act = ActChange::new(Sign::Create, format!("key {id}"))
            .fact(format!("from {server}"))
            .fact(format!("in {}", path.display()))
            .sets(name, None, Some("present".into()))
            .does(Command::new(receive))
            .does(Command::new(open));
        changes.push(Change::Act(ActChange { unknown, ..act }));
        Ok(())
    }

    fn label(&self, id: &str) -> String {
        let ring = self.keyring.as_ref().map_or(TRUSTED.into(), |path| path.display().to_string());
        format!("key {ring} {}", &id[id.len().saturating_sub(16)..])
    }
}

fn write(subject: &Subject<'_>, bytes: Option<Vec<u8>>, changes: &mut Changes) -> Result<()> {
    let before = subject.before_with_content()?;
    let after = match bytes {
        None => None,
        Some(bytes) => {
            let mut state = subject.after(FileKind::File(Blob::new(bytes)))?;
            // apt reads it as a user of its own.
            if !matches!(subject.look, Look::Is(_)) {
                state.mode = Some(0o644);
            }
            Some(state)
        }
    };
    changes.push(Change::File(FileChange::new(&subject.path, before, after)));
    Ok(())
}

fn tell(id: &str, changes: &mut Changes) {
    let end = |digits: usize| &id[id.len().saturating_sub(digits)..];
    changes.set("id", id);
    changes.set("fp", id);
    changes.set("key_id", end(16));
    changes.set("short_id", end(8));
}

fn ids(rings: &[Ring<'_>]) -> Data {
    Data::from(long_ids(rings))
}

fn long_ids(rings: &[Ring<'_>]) -> Vec<String> {
    rings.iter().flat_map(|ring| ring.keys.iter().map(|key| key.long_id().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};
    use crate::modules::http::get::tests::answer;
    use crate::openpgp::tests::{FINGERPRINT, KEY};

    #[test]
    fn a_key_is_kept_in_a_keyring() {
        let mut desk = Desk::new(Memory::new().with_dir("/etc/apt", 0o755, "root"));
        let args = [("data", KEY.into()), ("id", FINGERPRINT[32..].into())];
        let done = desk.run("apt_key", &args);
        assert_eq!(done.results["after"], Data::from(vec![&FINGERPRINT[24..]]));
        assert_eq!(done.results["fp"], Data::from(FINGERPRINT));
        let gone = [("id", FINGERPRINT.into()), ("state", "absent".into())];
        assert!(desk.run("apt_key", &gone).changed);
        assert!(!desk.run("apt_key", &gone).changed);
        desk.fails("apt_key", &[("data", "<html>".into())], "`data` is no public key of OpenPGP");
        desk.fails(
            "apt_key",
            &[("data", KEY.into()), ("id", "DEADBEEF".into())],
            &format!("the key `DEADBEEF` is not what was given, which is `{FINGERPRINT}`"),
        );
    }

    #[test]
    fn keys_come_from_urls_and_servers() {
        let memory = Memory::new()
            .with_dir("/etc/apt", 0o755, "root")
            .with_output("curl -q --config -", 0, &answer("200 OK", KEY))
            .with_output("gpg", 0, "");
        let mut desk = Desk::new(memory);
        let server =
            [("keyserver", "keys.example.org".into()), ("id", "0x0123 4567 89AB CDEF".into())];
        let done = desk.run("apt_key", &server);
        assert_eq!(
            commands(&done.changes[0])[0],
            "gpg --batch --no-tty --no-default-keyring --keyring gnupg-ring:/etc/apt/trusted.gpg --keyserver keys.example.org --recv-keys -- 0123456789ABCDEF"
        );
        assert!(desk.run("apt_key", &[("url", "https://k.example.org/k.asc".into())]).changed);
    }
}
