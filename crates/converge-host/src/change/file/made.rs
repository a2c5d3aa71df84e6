//! Files whose content comes from a program when the change is performed: downloaded, packed, generated.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, fsync, openat};
use serde::{Deserialize, Serialize};

use crate::change::file::attributes::{Wanted, to_file};
use crate::change::file::perform::{by_default, like, refused_to_move, validate};
use crate::change::file::write::Temporary;
use crate::change::file::{FileChange, Signed};
use crate::change::laid::Laid;
use crate::checksum::Algorithm;
use crate::data::Map;
use crate::host::real::Real;
use crate::host::real::files::{checksum, refused};
use crate::host::{Command, Host, Node, NodeKind};
use crate::stop::{Failure, Result, Stop};

/// A program that makes a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maker {
    /// The program. A word `%s` is the path of the file that it writes; without one, it writes to its standard output.
    pub command: Command,
    /// What it does, for messages: `download https://…`.
    pub shown: String,
    /// An algorithm and the checksum that the file must have then, in hexadecimal digits.
    pub checksum: Option<(Algorithm, String)>,
    /// Exit codes other than 0 that are no failure.
    pub accepted: Vec<i32>,
    /// Contents that lie in private files while it runs; words `%0`, `%1`, … are their paths.
    pub inputs: Vec<Vec<u8>>,
    /// What the program signs, where it does that: it reads that, or finds it in the file `%b`, and writes the signature.
    pub signed: Option<Box<Signed>>,
}

impl Maker {
    /// Runs the program on a file that is empty.
    fn make(&self, real: &Real, file: &Path) -> Result<Map> {
        let path = file.display().to_string();
        let named = self.command.argv.iter().any(|word| word == "%s");
        let mut command = self.command.clone();
        command
            .argv
            .iter_mut()
            .filter(|word| *word == "%s")
            .for_each(|word| word.clone_from(&path));
        let body = self.signed.as_ref().map(|signed| signed.body()).transpose()?;
        let laid = self.lay(&mut command, body.as_deref())?;
        let output = real.run(&command)?;
        drop(laid);
        let mut results = Map::new();
        results.insert("rc".into(), i64::from(output.rc).into());
        results.insert("stderr".into(), output.error_text().into());
        if named {
            results.insert("stdout".into(), output.text().into());
        }
        if !output.ok() && !self.accepted.contains(&output.rc) {
            let told = output.error_text();
            let msg = format!("can't {}: {}", self.shown, told.trim());
            return Err(Stop::Failed(Failure { msg, results }));
        }
        if let (Some(signed), Some(body)) = (&self.signed, &body) {
            let text = signed.text(body, &output.stdout);
            fs::write(file, text).map_err(|error| refused("write", file, &error))?;
        } else if !named {
            fs::write(file, &output.stdout).map_err(|error| refused("write", file, &error))?;
        }
        if let Some((algorithm, wanted)) = &self.checksum {
            let got = checksum(file, *algorithm)?;
            if got != *wanted {
                results.insert("checksum".into(), got.as_str().into());
                let msg = format!("can't {}: its checksum is `{got}`, not `{wanted}`", self.shown);
                return Err(Stop::Failed(Failure { msg, results }));
            }
        }
        Ok(results)
    }
}

impl Maker {
    /// Lays down what the program finds in files.
    fn lay(&self, command: &mut Command, body: Option<&[u8]>) -> Result<Vec<Laid>> {
        let mut laid = Vec::new();
        let contents = self.inputs.iter().enumerate();
        let mut contents: Vec<(String, &[u8])> =
            contents.map(|(at, bytes)| (format!("%{at}"), bytes.as_slice())).collect();
        match body {
            Some(body) if command.argv.iter().any(|word| word == "%b") => {
                contents.push(("%b".into(), body));
            }
            Some(body) => command.stdin = Some(body.to_vec()),
            None => {}
        }
        for (word, bytes) in contents {
            let file = Laid::new("input", bytes)?;
            let path = file.path().display().to_string();
            let words = command.argv.iter_mut().filter(|one| **one == word);
            words.for_each(|one| one.clone_from(&path));
            laid.push(file);
        }
        Ok(laid)
    }
}

/// Makes the file beside its place and puts it there, unless the one that is there has the same content.
pub(super) fn make(
    change: &FileChange,
    maker: &Maker,
    real: &Real,
    wanted: Wanted,
    old: Option<&Node>,
    keep: &dyn Fn(&Node, &mut Map) -> Result<()>,
) -> Result<Map> {
    let path = &change.path;
    let failed = |what: &'static str| move |error: io::Error| refused(what, path, &error);
    let private = Wanted { mode: Some(0o600), ..Wanted::default() };
    let new = Temporary::file(path, b"", &private, None).map_err(failed("write"))?;
    let mut results = maker.make(real, &new.path)?;
    let old_file = old.filter(|node| node.kind == NodeKind::File);
    if let Some(node) = old_file
        && real.fingerprint(path)?.digest == real.fingerprint(&new.path)?.digest
    {
        let wanted = wanted.unlike(node);
        if wanted.is_nothing() {
            results.insert("unchanged".into(), true.into());
        }
        super::attributes::to_path(path, &node.kind, &wanted).map_err(failed("change"))?;
        results.insert("same".into(), true.into());
        return Ok(results);
    }
    validate(change, real, &new.path)?;
    let wanted = match old_file {
        Some(old) => like(wanted, old),
        None => by_default(wanted, 0o666, real),
    };
    finish(&new.path, &wanted, old_file).map_err(failed("write"))?;
    if let Some(node) = old {
        keep(node, &mut results)?;
    }
    new.put(path).map_err(|error| refused_to_move(path, &error))?;
    Ok(results)
}

/// Gives the made file its attributes and has it written to disk.
fn finish(path: &Path, wanted: &Wanted, old: Option<&Node>) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    let file = OwnedFd::from(file);
    to_file(&file, wanted, old)?;
    Ok(fsync(&file)?)
}
