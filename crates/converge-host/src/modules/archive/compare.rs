//! Whether an archive that is there has what would be packed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::host::{Command, Host};
use crate::modules::archive::members::Member;
use crate::modules::archive::{Format, program};
use crate::stop::Result;

/// Whether a compressed file has the content of another.
pub(super) fn content(format: Format, dest: &Path, path: &Path, host: &dyn Host) -> Result<bool> {
    // Both are compared where they are: neither is known here.
    let script = "\"$1\" -dc -- \"$2\" 2>/dev/null | cmp -s -- - \"$3\"";
    let (dest, path) = (dest.display().to_string(), path.display().to_string());
    let command = Command::new(["sh", "-c", script, "sh", program(format), &dest, &path]);
    Ok(host.probe(&command)?.ok())
}

/// Whether an archive of tar has these members, as they are now.
pub(super) fn tar(
    compression: &str,
    dest: &Path,
    root: &Path,
    members: &[Member],
    host: &dyn Host,
) -> Result<bool> {
    let (dest, root) = (dest.display().to_string(), root.display().to_string());
    let words = |action: &str| {
        let mut words = vec!["tar".to_owned(), action.to_owned()];
        words.extend(Some(compression.to_owned()).filter(|flag| !flag.is_empty()));
        words.extend(["--file".to_owned(), dest.clone()]);
        words
    };
    let mut listing = words("--list");
    listing.push("--quoting-style=literal".into());
    let listed = host.probe(&Command::new(listing).env("LC_ALL", "C.UTF-8"))?;
    if !listed.ok() {
        return Ok(false);
    }
    let mut names: Vec<String> = listed
        .text()
        .lines()
        .map(|line| line.trim_start_matches("./").trim_end_matches('/').to_owned())
        .collect();
    names.sort();
    if names != members.iter().map(|member| member.name.clone()).collect::<Vec<_>>() {
        return Ok(false);
    }
    let mut differing = words("--diff");
    differing.extend(["--directory".into(), root]);
    Ok(host.probe(&Command::new(differing).env("LC_ALL", "C.UTF-8"))?.ok())
}

/// Whether an archive of zip has these members, by their sizes and times: times in it have two seconds.
pub(super) fn zip(dest: &Path, members: &[Member], host: &dyn Host) -> Result<bool> {
    let dest = dest.display().to_string();
    let listed = host
        .probe(&Command::new(["unzip", "-Z", "-T", "-l", "--", &dest]).env("LC_ALL", "C.UTF-8"))?;
    if !listed.ok() {
        return Ok(false);
    }
    let text = listed.text();
    // `-rw-r--r--  3.0 unx        4 tx        6 defX 20261126.101800 src/a.txt`
    let there: BTreeMap<&str, (u64, &str)> = text
        .lines()
        .filter_map(|line| {
            let time = line.split_whitespace().find(|word| is_time(word))?;
            let (before, name) = line.split_once(time)?;
            let size = before.split_whitespace().nth(3)?.parse().ok()?;
            Some((name.strip_prefix(' ')?.trim_end_matches('/'), (size, time)))
        })
        .collect();
    Ok(there.len() == members.len()
        && members.iter().all(|member| {
            let folder = member.sort == 'd';
            there.get(member.name.as_str()).is_some_and(|(size, time)| {
                // A link goes in as what it points to.
                folder || member.sort == 'l' || *size == member.size && near(time, &member.time)
            })
        }))
}

fn is_time(word: &str) -> bool {
    word.len() == 15
        && word.as_bytes()[8] == b'.'
        && word.bytes().enumerate().all(|(at, byte)| at == 8 || byte.is_ascii_digit())
}

/// Whether two times of a day are no more than two seconds apart.
fn near(one: &str, other: &str) -> bool {
    let seconds = |time: &str| {
        let (day, clock) = time.split_once('.')?;
        let part = |at: usize| clock.get(at..at + 2)?.parse::<i64>().ok();
        Some((day.parse::<i64>().ok()?, part(0)? * 3600 + part(2)? * 60 + part(4)?))
    };
    match (seconds(one), seconds(other)) {
        (Some((day, one)), Some((other_day, other))) => {
            day == other_day && (one - other).abs() <= 2
        }
        _ => false,
    }
}
