//! The public keys of the host.

use crate::data::Map;
use crate::modules::setup::read::Reader;

/// Where they are looked for; the first folder that has any decides.
const FOLDERS: &[&str] = &["/etc/ssh", "/etc/openssh", "/etc"];

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    for folder in FOLDERS {
        let mut found = false;
        for kind in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let Some(text) = read.text(format!("{folder}/ssh_host_{kind}_key.pub")) else {
                continue;
            };
            let mut words = text.split_whitespace();
            let (Some(name), Some(key)) = (words.next(), words.next()) else { continue };
            facts.insert(format!("ssh_host_key_{kind}_public"), key.into());
            facts.insert(format!("ssh_host_key_{kind}_public_keytype"), name.into());
            found = true;
        }
        if found {
            return;
        }
    }
}
