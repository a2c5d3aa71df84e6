//! Tests of paths on the controller: `file`, `directory`, `exists`, … and of addresses: `url`, `uri`, `urn`.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{items, sequence};
use crate::template::registry::TestFn;
use crate::value::{Stop, Value, text};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("file", TestFn::new(|machine, given| path(machine, given, Path::is_file))),
    ("is_file", TestFn::new(|machine, given| path(machine, given, Path::is_file))),
    ("directory", TestFn::new(|machine, given| path(machine, given, Path::is_dir))),
    ("is_dir", TestFn::new(|machine, given| path(machine, given, Path::is_dir))),
    ("exists", TestFn::new(|machine, given| path(machine, given, Path::exists))),
    ("link", TestFn::new(|machine, given| path(machine, given, Path::is_symlink))),
    ("is_link", TestFn::new(|machine, given| path(machine, given, Path::is_symlink))),
    (
        "link_exists",
        TestFn::new(|machine, given| path(machine, given, |path| path.symlink_metadata().is_ok())),
    ),
    ("abs", TestFn::new(is_abs)),
    ("is_abs", TestFn::new(is_abs)),
    ("mount", TestFn::new(|machine, given| path(machine, given, is_mount))),
    ("is_mount", TestFn::new(|machine, given| path(machine, given, is_mount))),
    ("same_file", TestFn::new(same_file)),
    ("is_same_file", TestFn::new(same_file)),
    ("vaulted_file", TestFn::new(vaulted_file)),
    ("uri", TestFn::new(|_, given| uri(given, false))),
    ("url", TestFn::new(|_, given| uri(given, true))),
    ("urn", TestFn::new(urn)),
];

fn at(machine: &Machine, path: &str) -> PathBuf {
    let path = Path::new(path);
    if path.is_absolute() { path.to_owned() } else { machine.context.lookups.base().join(path) }
}

fn path(machine: &mut Machine, mut given: Given, holds: fn(&Path) -> bool) -> Result<bool, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    Ok(holds(&at(machine, &path)))
}

fn is_abs(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let path = given.text("path")?;
    given.finish()?;
    Ok(path.starts_with('/'))
}

/// A folder on another device than the one above it, or the root.
fn is_mount(path: &Path) -> bool {
    let (Ok(here), Ok(above)) = (path.symlink_metadata(), path.join("..").symlink_metadata())
    else {
        return false;
    };
    here.is_dir() && (here.dev() != above.dev() || here.ino() == above.ino())
}

fn same_file(machine: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let one = at(machine, &given.text("path1")?);
    let two = at(machine, &given.text("path2")?);
    given.finish()?;
    match (one.metadata(), two.metadata()) {
        (Ok(a), Ok(b)) => Ok(a.dev() == b.dev() && a.ino() == b.ino()),
        (Err(error), _) => Err(Stop::value(format!("`{}` cannot be read: {error}", one.display()))),
        (_, Err(error)) => Err(Stop::value(format!("`{}` cannot be read: {error}", two.display()))),
    }
}

fn vaulted_file(machine: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let path = at(machine, &given.text("path")?);
    given.finish()?;
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes.starts_with(b"$ANSIBLE_VAULT;")),
        Err(error) => Err(Stop::value(format!("`{}` cannot be read: {error}", path.display()))),
    }
}

/// `text is url(schemes=['http'])`
fn uri(mut given: Given, needs_host: bool) -> Result<bool, Stop> {
    let value = given.text("value")?;
    let schemes = given.optional("schemes")?.filter(|schemes| !schemes.is_null());
    given.finish()?;
    let Some((scheme, rest)) = value.split_once(':') else { return Ok(false) };
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !valid {
        return Ok(false);
    }
    if let Some(schemes) = schemes {
        let allowed: Vec<Value> =
            sequence(&schemes)?.map_or_else(|| items(&Value::list([schemes.clone()])), Ok)?;
        let mut known = false;
        for other in &allowed {
            known |= text(other)?.eq_ignore_ascii_case(scheme);
        }
        if !known {
            return Ok(false);
        }
    }
    let host =
        rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    Ok(host || !needs_host && !rest.is_empty())
}

fn urn(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.text("value")?;
    given.finish()?;
    let mut parts = value.splitn(3, ':');
    let is_urn = parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn"));
    Ok(is_urn && parts.all(|part| !part.is_empty()))
}
