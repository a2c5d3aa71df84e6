//! Installing what a chore needs on this machine, because a fresh one has none of it.

use anyhow::{Context, Result, bail};

use crate::process::Run;
use crate::say;

/// Installs those of `names` (Debian packages) that this machine lacks.
///
/// # Errors
/// On a machine without apt, or for someone who is not root, the error says what to install by hand.
pub fn ensure(chore: &str, names: &[&str]) -> Result<()> {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !rustix::process::geteuid().is_root() {
        bail!(
            "this machine lacks the packages `{list}`, and only root may install them; run `apt-get install {list}` as root"
        );
    }
    say::progress(chore, &format!("installing {list}"));
    // Package lists may be missing or old on a fresh machine, and an install from old lists fails on files that are gone.
    // A source that cannot be reached is no failure as long as the others have the packages.
    let updated = Run::new("apt-get").args(["-qq", "update"]).run();
    let install = Run::new("apt-get")
        .args(["-qq", "install", "--yes", "--no-install-recommends", "--"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run();
    let before = updated.err().map_or_else(String::new, |error| format!(", after {error:#}"));
    install.with_context(|| format!("cannot install `{list}`{before}"))
}

/// Whether dpkg knows the package as installed.
fn installed(name: &str) -> bool {
    Run::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", "--", name])
        .output()
        .is_ok_and(|status| status == "installed")
}

#[cfg(test)]
mod tests {
    use crate::packages::installed;

    #[test]
    fn a_package_is_installed_or_not() {
        for (name, expected) in [("dpkg", true), ("no-such-package-as-this", false)] {
            assert_eq!(installed(name), expected, "{name}");
        }
    }
}
