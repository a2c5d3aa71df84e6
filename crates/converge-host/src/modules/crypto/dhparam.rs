//! `openssl_dhparam`: numbers for an exchange of keys, which take minutes to be found.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Changes, Maker};
use crate::data::Map;
use crate::host::{Host, Look};
use crate::modules::Module;
use crate::modules::crypto::arguments::State;
use crate::modules::crypto::kept::Kept;
use crate::modules::crypto::key::{need_openssl, openssl};
use crate::modules::files::{Attributes, absolute};
use crate::stop::{Result, Stop};

/// Keeps parameters for the exchange of keys by Diffie and Hellman.
#[derive(Args)]
#[module(name = "openssl_dhparam", collection = "community.crypto")]
pub(crate) struct OpensslDhparam {
    /// The file.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// How many bits.
    #[arg(default = "4096")]
    size: i64,
    /// Make them anew even where they are right.
    #[arg(default = "no")]
    force: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Return the parameters themselves.
    #[arg(default = "no")]
    return_content: bool,
    /// Which program or library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

/// Programs and libraries of Ansible.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    /// Whichever there is.
    Auto,
    /// Python's.
    Cryptography,
    /// The program.
    Openssl,
}

impl Module for OpensslDhparam {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("filename", self.path.display().to_string());
        changes.set("size", self.size);
        let kept = self.kept();
        if self.state == State::Absent {
            return kept.goes(host, changes);
        }
        need_openssl(host, "openssl_dhparam")?;
        match kept.subject(host)?.look {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Is(_) if !self.force && self.right(host)? => return kept.stays(host, changes),
            _ => {}
        }
        let size = self.size.to_string();
        let maker = Maker {
            command: openssl(&["dhparam", "-out", "%s", &size], None),
            shown: format!("find parameters of {size} bits"),
            ..Maker::default()
        };
        kept.made(maker, "new parameters", host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if self.return_content && self.state == State::Present {
            results.insert("dhparams".into(), self.kept().text(host)?.into());
        }
        Ok(())
    }
}

impl OpensslDhparam {
    fn kept(&self) -> Kept<'_> {
        Kept::of(&self.path, &self.attributes, self.backup)
    }

    /// Whether the file has parameters of so many bits.
    fn right(&self, host: &dyn Host) -> Result<bool> {
        let path = absolute(&self.path, host).display().to_string();
        let output = host.probe(&openssl(&["dhparam", "-in", &path, "-noout", "-text"], None))?;
        Ok(output.ok() && output.text().contains(&format!("({} bit)", self.size)))
    }
}
