//! Databases that go to a file, and come from it.

use crate::host::Command;

/// A program that writes a file, or reads it, packed or not. The shell gets words only, never text to read as its own.
pub(crate) fn piped(
    mut command: Command,
    target: &str,
    packer: Option<&str>,
    writes: bool,
) -> Command {
    let script = match (writes, packer) {
        (true, None) => "umask 077; f=$1; shift; exec \"$@\" > \"$f\"",
        (true, Some(_)) => "umask 077; f=$1; p=$2; shift 2; \"$@\" | \"$p\" > \"$f\"",
        (false, None) => "f=$1; shift; exec \"$@\" < \"$f\"",
        (false, Some(_)) => "f=$1; p=$2; shift 2; \"$p\" -dc \"$f\" | \"$@\"",
    };
    // A pipe fails with its first part too: bash tells, sh does not.
    let (shell, script) = match packer {
        Some(_) => ("bash", format!("set -o pipefail; {script}")),
        None => ("sh", script.to_owned()),
    };
    let mut argv = vec![shell.to_owned(), "-c".into(), script, shell.to_owned(), target.to_owned()];
    argv.extend(packer.map(ToOwned::to_owned));
    argv.append(&mut command.argv);
    Command { argv, ..command }
}
