//! Signatures of packages, by a key that is made for them and thrown away.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::process::Run;

/// Whom the key is said to belong to.
const OWNER: &str = "EPEL of the tests <epel@example.org>";

/// Signs the packages of a folder, and lays the key beside them with which they are checked.
pub(crate) fn all(packages: &Path) -> Result<()> {
    // A short path, because the agent's socket lies in it.
    let home = tempfile::tempdir()?;
    let home = home.path();
    let gpg = |args: &[&str]| {
        Run::new("gpg").env("GNUPGHOME", home).args(["--batch", "--quiet"]).args(args)
    };
    let made = ["--passphrase", "", "--quick-generate-key", OWNER, "rsa2048", "sign", "never"];
    gpg(&made).run()?;
    fs::write(packages.join("RPM-GPG-KEY-EPEL"), gpg(&["--armor", "--export"]).output()?)?;
    let mut sign = Run::new("rpmsign").env("GNUPGHOME", home);
    let named = format!("_gpg_name {OWNER}");
    sign = sign.args(["--addsign", "--define", "__gpg /usr/bin/gpg", "--define", &named]);
    for entry in fs::read_dir(packages)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "rpm") {
            sign = sign.arg(entry.path());
        }
    }
    // It prints each name.
    let signed = sign.output().map(drop);
    // The agent that gpg started would outlive the folder of its keys.
    let ended = Run::new("gpgconf").env("GNUPGHOME", home).args(["--kill", "all"]).run();
    signed.and(ended)
}
