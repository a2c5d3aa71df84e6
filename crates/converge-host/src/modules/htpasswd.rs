//! `htpasswd`: who may come in at a web server.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::base64;
use crate::bcrypt;
use crate::blob::Digest;
use crate::change::{Change, Changes};
use crate::checksum::Algorithm;
use crate::crypt::{DIGITS, Scheme, hash, verifies};
use crate::host::{Host, Look};
use crate::modules::Module;
use crate::modules::files::{Attributes, Page};
use crate::stop::{Result, Stop};

/// Keeps a user and the hash of their password in a file of a web server, see htpasswd(1).
#[derive(Args, Debug)]
#[module(name = "htpasswd", collection = "community.general")]
pub(crate) struct Htpasswd {
    /// The file.
    #[arg(alias = "dest", alias = "destfile")]
    path: PathBuf,
    /// The user.
    #[arg(alias = "username")]
    name: String,
    /// Their password.
    password: Option<String>,
    /// How the password is hashed.
    #[arg(alias = "crypt_scheme", default = "apr_md5_crypt")]
    hash_scheme: String,
    /// Whether the user may come in.
    #[arg(default = "present")]
    state: State,
    /// Make the file where there is none.
    #[arg(default = "yes")]
    create: bool,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

/// Whether the user may come in.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They may not.
    Absent,
    /// They may.
    Present,
}

/// How often bcrypt is done, as a power of two: as passlib does it.
const COST: u32 = 12;

/// What tells this installation from every other; machine-id(5).
const MACHINE_ID: &str = "/etc/machine-id";

impl Module for Htpasswd {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let page = Page::open(&self.path, host)?;
        let name = &self.name;
        if name.contains([':', '\n']) {
            return Err(Stop::failed(format!(
                "`{name}` is no name of a user: it has a colon or a line break in it"
            )));
        }
        let mut lines: Vec<String> = page.letters().lines().map(ToOwned::to_owned).collect();
        let theirs =
            |line: &String| line.split_once(':').filter(|(user, _)| user == name).is_some();
        let at = lines.iter().position(theirs);
        let msg = match self.state {
            State::Absent => {
                if !page.exists() {
                    changes.warn(format!("there is no file `{}`", self.path.display()));
                }
                lines.retain(|line| !theirs(line));
                at.map_or("has no entry", |_| "was removed")
            }
            State::Present => {
                if !page.exists() && !self.create {
                    return Err(Stop::failed(format!(
                        "there is no file `{}`, and `create` is off",
                        self.path.display()
                    )));
                }
                let password = self.password.as_deref();
                let password = password.ok_or_else(|| Stop::failed("`password` is not given"))?;
                let kept = at.and_then(|at| lines[at].split_once(':')).map(|(_, kept)| kept);
                if kept.is_some_and(|kept| is(kept, password)) {
                    "has this password"
                } else {
                    let line = format!("{name}:{}", self.hash(password, host)?);
                    match at {
                        Some(at) => lines[at] = line,
                        None => lines.push(line),
                    }
                    if at.is_some() { "has another password" } else { "was added" }
                }
            }
        };
        changes.set("msg", format!("{name} {msg}"));
        if !page.exists() && self.state == State::Absent {
            return Ok(());
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let text = if at.is_none() && self.state == State::Absent { page.letters() } else { &text };
        page.write_as(text, &self.attributes, false, changes)?;
        // Whoever has a hash can try passwords for as long as they like.
        for change in &mut changes.list {
            if let Change::File(file) = change {
                file.private = true;
            }
        }
        Ok(())
    }
}

impl Htpasswd {
    fn hash(&self, password: &str, host: &dyn Host) -> Result<String> {
        let scheme = match self.hash_scheme.as_str() {
            "apr_md5_crypt" | "portable" | "portable_apache22" | "portable_apache24" => {
                Scheme::Apr1
            }
            "md5_crypt" => Scheme::Md5,
            "sha256_crypt" => Scheme::Sha256,
            "sha512_crypt" => Scheme::Sha512,
            "plaintext" => return Ok(password.to_owned()),
            "ldap_sha1" => return Ok(sha1(password)),
            "bcrypt" => return Ok(bcrypt::hash(password, self.bytes(host)?, COST)),
            "ldap_salted_sha1" => return Ok(salted(password, &self.bytes(host)?[..8])),
            other => {
                return Err(Stop::failed(format!(
                    "converge makes no hashes of the kind `{other}`; there are apr_md5_crypt, bcrypt, sha256_crypt, sha512_crypt, ldap_sha1, ldap_salted_sha1 and plaintext"
                )));
            }
        };
        hash(scheme, password, &self.salt(scheme, host)?, None).map_err(Stop::failed)
    }

    /// A salt of digits.
    fn salt(&self, scheme: Scheme, host: &dyn Host) -> Result<String> {
        let bytes = self.bytes(host)?;
        let digits = bytes.iter().map(|byte| char::from(DIGITS[usize::from(byte % 64)]));
        Ok(digits.take(scheme.longest_salt()).collect())
    }

    /// A salt that is another one for every host, file and user, and the same for each plan of it.
    fn bytes(&self, host: &dyn Host) -> Result<[u8; 16]> {
        let id = Path::new(MACHINE_ID);
        let machine = match host.resolve(id)?.1 {
            Look::Is(_) => host.content(id)?.text().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let seed = format!("{machine}\n{}\n{}", self.path.display(), self.name);
        let Digest([salt @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) =
            Digest::of(seed.as_bytes());
        Ok(salt)
    }
}

/// Whether what is kept is a hash of this password.
fn is(kept: &str, password: &str) -> bool {
    if let Some(is) = verifies(kept, password).or_else(|| bcrypt::verifies(kept, password)) {
        return is;
    }
    if let Some(digits) = kept.strip_prefix("{SSHA}") {
        let salt = base64::decode(digits).and_then(|bytes| bytes.get(20..).map(<[u8]>::to_vec));
        return salt.is_some_and(|salt| salted(password, &salt) == kept);
    }
    kept == sha1(password) || kept == password
}

/// The same with a salt.
fn salted(password: &str, salt: &[u8]) -> String {
    let digest = Algorithm::Sha1.raw(&[password.as_bytes(), salt].concat());
    format!("{{SSHA}}{}", base64::encode(&[&digest, salt].concat()))
}

/// As LDAP keeps it, and `htpasswd -s`.
fn sha1(password: &str) -> String {
    format!("{{SHA}}{}", base64::encode(&Algorithm::Sha1.raw(password.as_bytes())))
}

#[cfg(test)]
mod tests {
    use crate::crypt::verifies;
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    fn args<'a>(more: &[(&'a str, &str)]) -> Vec<(&'a str, Data)> {
        let mut args = vec![("path", "$T/f".into()), ("name", "bob".into())];
        args.extend(more.iter().map(|(name, value)| (*name, (*value).into())));
        args
    }

    #[test]
    fn users_are_added_changed_and_removed() {
        let scenario = Scenario::new(&[]);
        let run = |more: &[(&'static str, &str)]| scenario.run("htpasswd", &args(more));
        assert!(run(&[("password", "secret"), ("mode", "0640")]).changed);
        assert!(!run(&[("password", "secret")]).changed);
        let first = scenario.text("f");
        let kept = first.trim().strip_prefix("bob:").unwrap();
        assert!(kept.starts_with("$apr1$") && verifies(kept, "secret") == Some(true));
        let changed = run(&[("password", "other")]);
        let shown = changed.changes[0].effect().describe();
        assert_eq!((shown.diff, shown.facts), (None, vec!["secret content, 42 → 42 bytes".into()]));
        assert_ne!(scenario.text("f"), first);
        assert!(run(&[("state", "absent")]).changed);
        assert!(!run(&[("state", "absent")]).changed);
        assert_eq!(scenario.text("f"), "");
    }

    #[test]
    fn hashes_of_others_are_known_again() {
        let kept = "al:{SHA}0JQeaNqPOBUf+Gph/Fn3xc+fyqI=\nbob:$apr1$pe74rvb6$3TzL5sXFYP86Ds65.KQBP/\nd:other\n";
        let scenario = Scenario::new(&[&format!("f={kept}")]);
        for (name, password) in [("al", "other"), ("bob", "other"), ("d", "other")] {
            let args =
                [("path", "$T/f".into()), ("name", name.into()), ("password", password.into())];
            assert!(!scenario.run("htpasswd", &args).changed, "{name}");
        }
        for scheme in
            ["sha512_crypt", "sha256_crypt", "bcrypt", "ldap_salted_sha1", "ldap_sha1", "plaintext"]
        {
            let args = args(&[("password", scheme), ("hash_scheme", scheme)]);
            assert!(scenario.run("htpasswd", &args).changed);
        }
    }

    #[test]
    fn what_can_not_be_is_a_failure() {
        let scenario = Scenario::new(&[]);
        scenario.fails("htpasswd", &args(&[]), "`password` is not given");
        scenario.fails(
            "htpasswd",
            &args(&[("password", "x"), ("create", "no")]),
            "there is no file `$T/f`, and `create` is off",
        );
        scenario.fails(
            "htpasswd",
            &args(&[("password", "x"), ("hash_scheme", "des_crypt")]),
            "converge makes no hashes of the kind `des_crypt`; there are apr_md5_crypt, bcrypt, sha256_crypt, sha512_crypt, ldap_sha1, ldap_salted_sha1 and plaintext",
        );
    }
}
