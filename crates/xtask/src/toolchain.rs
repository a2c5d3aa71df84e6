//! The standard libraries that the helpers are built with, because a fresh toolchain has only the machine's own.

use anyhow::{Context, Result};

use crate::fleet::place::workspace;
use crate::process::Run;
use crate::say;

/// The targets of the helpers that `build.rs` builds and rust-toolchain.toml names. rustup does not always heed that file.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// Adds those of the targets that this machine's toolchain lacks.
///
/// # Errors
/// Where the toolchain is not rustup's, the error says what it lacks; `CONVERGE_HELPER_DIR` is the way out then.
pub fn ensure(chore: &str) -> Result<()> {
    if std::env::var_os("CONVERGE_HELPER_DIR").is_some_and(|folder| !folder.is_empty()) {
        return Ok(());
    }
    let missing: Vec<&str> = TARGETS.into_iter().filter(|target| !installed(target)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say::progress(chore, &format!("adding the targets {}", missing.join(" ")));
    Run::new("rustup").args(["target", "add"]).args(&missing).dir(workspace()).run().with_context(
        || {
            format!(
                "this toolchain cannot build the helpers: it lacks {}; name a folder of finished ones by CONVERGE_HELPER_DIR",
                missing.join(" and ")
            )
        },
    )
}

/// Whether the toolchain has the standard library of a target.
fn installed(target: &str) -> bool {
    Run::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .dir(workspace())
        .output()
        .is_ok_and(|folder| std::path::Path::new(folder.trim()).exists())
}

#[cfg(test)]
mod tests {
    use crate::toolchain::{TARGETS, installed};

    #[test]
    fn the_library_of_a_target_is_there_or_not() {
        for (target, expected) in [(TARGETS[0], true), ("sparc64-unknown-netbsd", false)] {
            assert_eq!(installed(target), expected, "{target}");
        }
    }
}
