//! `ppa:owner/name`: archives of packages that Launchpad keeps for Ubuntu, each signed by a key of its own.

use std::path::{Path, PathBuf};

use crate::host::{Host, Look};
use crate::json::parse;
use crate::modules::http::get;
use crate::stop::{Result, Stop};

/// Where archives are, who knows their keys, and who has these. An environment may name stand-ins.
const ARCHIVES: &str = "https://ppa.launchpadcontent.net";
const LAUNCHPAD: (&str, &str) = ("CONVERGE_LAUNCHPAD_API", "https://api.launchpad.net/1.0");
const KEYSERVER: (&str, &str) = ("CONVERGE_KEYSERVER", "https://keyserver.ubuntu.com");

/// An archive.
pub(crate) struct Ppa {
    owner: String,
    name: String,
    codename: String,
}

impl Ppa {
    /// The archive that a text names; none where it is no such name.
    pub(crate) fn of(repo: &str, codename: Option<&str>, host: &dyn Host) -> Result<Option<Self>> {
        let Some(rest) = repo.strip_prefix("ppa:") else { return Ok(None) };
        let (owner, name) = rest.split_once('/').unwrap_or((rest, "ppa"));
        let plain = |word: &str| {
            let known = |letter: char| letter.is_ascii_alphanumeric() || "-+.~_".contains(letter);
            !word.is_empty() && word.chars().all(known)
        };
        if !plain(owner) || !plain(name) {
            return Err(Stop::failed(format!("`{repo}` names no archive: it is `ppa:owner/name`")));
        }
        let codename = match codename {
            Some(given) => given.to_owned(),
            None => released(host)?.ok_or_else(|| {
                Stop::failed(format!(
                    "`{repo}` is for Ubuntu, and this host is another; `codename` says for which release it is taken"
                ))
            })?,
        };
        Ok(Some(Self { owner: owner.into(), name: name.into(), codename }))
    }

    /// The line of a source list.
    pub(crate) fn line(&self) -> String {
        let Self { owner, name, codename } = self;
        format!("deb {ARCHIVES}/{owner}/{name}/ubuntu {codename} main")
    }

    /// The name of the list, without its end.
    pub(crate) fn list(&self) -> String {
        let all = format!("ppa_{}_{}_{}", self.owner, self.name, self.codename);
        let parts = all.split(|letter: char| !letter.is_ascii_alphanumeric());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
    }

    /// The file of its key.
    pub(crate) fn keyring(&self) -> PathBuf {
        let name = format!("{}-{}.asc", self.owner, self.name).replace(['~', '+'], "-");
        Path::new("/etc/apt/trusted.gpg.d").join(name)
    }

    /// The key that signs it: Launchpad tells which, and a server of keys has it.
    pub(crate) fn key(&self, host: &dyn Host) -> Result<Vec<u8>> {
        let at = |(variable, usual): (&str, &str)| {
            host.variable(variable).unwrap_or_else(|| usual.into())
        };
        let about = format!("{}/~{}/+archive/{}", at(LAUNCHPAD), self.owner, self.name);
        let told = String::from_utf8_lossy(&get(host, &about, true)?).into_owned();
        let fingerprint = parse(&told).and_then(|told| {
            Some(told.as_map()?.get("signing_key_fingerprint")?.as_str()?.to_owned())
        });
        let digits =
            |text: &String| text.len() >= 16 && text.chars().all(|one| one.is_ascii_hexdigit());
        let fingerprint = fingerprint.filter(digits).ok_or_else(|| {
            Stop::failed(format!(
                "`{about}` does not tell which key signs `ppa:{}/{}`",
                self.owner, self.name
            ))
        })?;
        let from = format!("{}/pks/lookup?op=get&options=mr&search=0x{fingerprint}", at(KEYSERVER));
        let key = get(host, &from, true)?;
        match String::from_utf8_lossy(&key).contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            true => Ok(key),
            false => Err(Stop::failed(format!("`{from}` has no key"))),
        }
    }
}

/// The code name of the Ubuntu that the host is; none where it is another system.
fn released(host: &dyn Host) -> Result<Option<String>> {
    let path = Path::new("/etc/os-release");
    if !matches!(host.resolve(path)?.1, Look::Is(_)) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&host.fetch(&host.content(path)?)?).into_owned();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    let ubuntu = value("ID").is_some_and(|id| id == "ubuntu");
    let codename =
        value("UBUNTU_CODENAME").or_else(|| value("VERSION_CODENAME").filter(|_| ubuntu));
    Ok(codename)
}

#[cfg(test)]
mod tests {
    use super::Ppa;
    use crate::host::memory::Memory;
    use crate::host::real::Real;
    use crate::modules::served::Server;

    #[test]
    fn names_become_lines_and_files() {
        let ubuntu = Memory::new().with_file(
            "/etc/os-release",
            "ID=ubuntu\nVERSION_CODENAME=jammy\n",
            0o644,
            "root",
        );
        let ppa = Ppa::of("ppa:nginx/stable-x", None, &ubuntu).unwrap().unwrap();
        assert_eq!(
            ppa.line(),
            "deb https://ppa.launchpadcontent.net/nginx/stable-x/ubuntu jammy main"
        );
        assert_eq!(ppa.list(), "ppa_nginx_stable_x_jammy");
        assert_eq!(
            ppa.keyring().display().to_string(),
            "/etc/apt/trusted.gpg.d/nginx-stable-x.asc"
        );
        let short = Ppa::of("ppa:ondrej", Some("noble"), &Memory::new()).unwrap().unwrap();
        assert_eq!(
            short.line(),
            "deb https://ppa.launchpadcontent.net/ondrej/ppa/ubuntu noble main"
        );
        assert!(Ppa::of("deb http://x y z", None, &ubuntu).unwrap().is_none());
        for (repo, says) in
            [("ppa:a/b/c d", "names no archive"), ("ppa:a/b", "`codename` says for which release")]
        {
            let told = Ppa::of(repo, None, &Memory::new()).err().unwrap().to_string();
            assert!(told.contains(says), "{told}");
        }
    }

    #[test]
    fn the_key_is_asked_for_in_two_steps() {
        const KEY: &str =
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n-----END PGP PUBLIC KEY BLOCK-----\n";
        let server = Server::new(|asked| {
            let body = match asked.line.split(' ').nth(1).unwrap_or_default() {
                "/1.0/~own/+archive/pkg" => {
                    "{\"signing_key_fingerprint\": \"0123456789ABCDEF0123456789ABCDEF01234567\"}"
                }
                path if path.contains("search=0x0123456789ABCDEF0123456789ABCDEF01234567") => KEY,
                "/1.0/~own/+archive/bare" => "{}",
                _ => return ("404 Not Found", Vec::new(), Vec::new()),
            };
            ("200 OK", Vec::new(), body.into())
        });
        let real = Real::new();
        real.set_env(vec![
            ("CONVERGE_LAUNCHPAD_API".into(), server.url("/1.0")),
            ("CONVERGE_KEYSERVER".into(), server.url("")),
        ]);
        let key = |repo: &str| Ppa::of(repo, Some("jammy"), &real).unwrap().unwrap().key(&real);
        assert_eq!(key("ppa:own/pkg").unwrap(), KEY.as_bytes());
        let bare = key("ppa:own/bare").unwrap_err().to_string();
        assert!(bare.ends_with("does not tell which key signs `ppa:own/bare`"), "{bare}");
        assert!(key("ppa:own/none").unwrap_err().to_string().contains("404"));
    }
}
