//! What a helper that only looks asks other programs (see [`crate::look`]).
//!
//! They run as whoever called it, without the right to read everything. So only those are asked that answer anybody as they
//! answer root, and those that tell a host's own facts; of what others say, nothing can be told.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::host::real::files;
use crate::host::{Command, Output, User};
use crate::stop::{Stop, Why};

/// Where programs are looked for.
const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Programs that answer anybody as they answer root.
const ALIKE: &[&str] = &[
    "apt-cache",
    "date",
    "dpkg",
    "dpkg-deb",
    "dpkg-query",
    "file",
    "getent",
    "locale",
    "python3",
    "rpm",
    "systemctl",
    "update-alternatives",
];

/// How many bytes of a file tell what sort of content it has.
const HEAD: u64 = 1024 * 1024;

/// Fails where a program may answer root otherwise than others.
pub(super) fn alike(command: &Command) -> Result<(), Stop> {
    let program = command.argv.first().map(String::as_str).unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    let simulates = name == "apt-get" && command.argv.iter().any(|word| word == "-s");
    // What the host tells of itself by programs of its own would be missed more than it could be wrong.
    let fact = command.argv.iter().find(|word| word.ends_with(".fact"));
    let tells = fact.is_some() && (name == "timeout" || fact.map(String::as_str) == Some(program));
    if ALIKE.contains(&name) || simulates || tells {
        return Ok(());
    }
    Err(Stop::Unknown(Why(format!(
        "`{name}`, which may answer root otherwise than others, and is not asked by a helper that only looks"
    ))))
}

/// Fails where an answer is that the one who asks has no right to it.
pub(super) fn answered(command: &Command, output: Output) -> Result<Output, Stop> {
    const NO_RIGHT: &[&str] = &[
        "ermission denied",
        "peration not permitted",
        "ccess denied",
        "nteractive authentication",
    ];
    let told = if output.ok() { String::new() } else { output.error_text() };
    if !NO_RIGHT.iter().any(|words| told.contains(words)) {
        return Ok(output);
    }
    let name = command.argv.first().map(String::as_str).unwrap_or_default();
    Err(Stop::Unknown(Why(format!("what `{name}` says to root alone"))))
}

/// The environment of a program that is asked, before what its task adds: nothing of whoever started the helper.
pub(super) fn environment(user: &User) -> BTreeMap<String, String> {
    let pairs = [
        ("HOME", user.home.as_str()),
        ("LOGNAME", &user.name),
        ("PATH", SEARCH),
        ("SHELL", &user.shell),
        ("USER", &user.name),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Whether root could run what is at a path.
pub(super) fn runs(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Asks file(1) about the content at a path that it could not open itself.
pub(super) fn sorts(path: &Path) -> Result<Command, Stop> {
    let mut head = Vec::new();
    files::regular(path)
        .and_then(|file| match file {
            Some(file) => file.take(HEAD).read_to_end(&mut head),
            None => Ok(0),
        })
        .map_err(|error| files::refused("read", path, &error))?;
    let words = ["file", "--brief", "--mime-type", "--mime-encoding", "-"];
    Ok(Command { stdin: Some(head), ..Command::new(words) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{alike, answered, sorts};
    use crate::host::real::Real;
    use crate::host::{Command, Host, Output};
    use crate::stop::Stop;

    #[test]
    fn only_what_answers_everybody_alike_is_asked() {
        for (argv, asked) in [
            (&["systemctl", "show", "--", "ssh.service"][..], true),
            (&["/usr/bin/dpkg-query", "-W"], true),
            (&["apt-get", "-s", "-y", "install", "--", "jq"], true),
            (&["apt-get", "update"], false),
            (&["dnf", "list"], false),
            (&["iptables", "-S"], false),
            (&["/etc/ansible/facts.d/own.fact"], true),
            (&["timeout", "10", "/etc/ansible/facts.d/own.fact"], true),
            (&["timeout", "10", "id"], false),
            (&["/bin/sh", "-c", "id"], false),
            (&[], false),
        ] {
            let command = Command::new(argv.iter().copied());
            assert_eq!(alike(&command).is_ok(), asked, "{argv:?}");
        }
    }

    #[test]
    fn an_answer_that_is_for_root_alone_is_none() {
        let command = Command::new(["systemctl"]);
        let output = |rc, told: &str| Output { rc, stderr: told.into(), ..Output::default() };
        assert!(answered(&command, output(0, "Permission denied")).is_ok());
        assert!(answered(&command, output(1, "disabled")).is_ok());
        let refused = answered(&command, output(1, "Failed: Permission denied\n"));
        assert!(matches!(refused, Err(Stop::Unknown(_))));
    }

    #[test]
    fn the_sort_of_a_content_is_told_by_the_content_alone() {
        let real = Real::new();
        if real.program("file").unwrap().is_none() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        for content in [&b"a\n"[..], b"#!/bin/sh\necho\n", "é\n".as_bytes(), b"\x89PNG\r\n\x1a\n"]
        {
            let path = root.path().join("f");
            fs::write(&path, content).unwrap();
            let whole = real.probe(&Command::sorts(&path)).unwrap();
            assert_eq!(real.probe(&sorts(&path).unwrap()).unwrap().text(), whole.text());
        }
    }
}
