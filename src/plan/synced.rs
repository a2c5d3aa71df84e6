//! `synchronize`: which side has the tree, and what of it goes along with the call.

use std::path::{Path, PathBuf};

use converge_host::blob::TreeKind;
use converge_host::data::{Data, Map};
use converge_host::host::real::Real;
use converge_host::modules::synchronize::{Gathered, gather_for, inlined};
use converge_host::stop::Stop;

use crate::plan::eval::Eval;
use crate::plan::files::Files;
use crate::plan::halt::Halt;
use crate::playbook::Task;
use crate::target::Blobs;
use crate::vars::Vars;

/// The module that this is about.
pub(crate) const MODULE: &str = "ansible.posix.synchronize";

/// The argument that says that both sides are on the host.
pub(crate) const ON_HOST: &str = "_on_host";

/// Names of the machine that converge runs on.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Which machine is the other side of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The one that converge runs on.
    Controller,
    /// The host itself.
    Host,
}

/// The other side, by the host that the task is delegated to.
pub(crate) fn origin(task: &Task, vars: &Vars, eval: &Eval) -> Result<Origin, Halt> {
    let Some(node) = task.scope.nearest(|own| &own.delegate_to) else {
        return Ok(Origin::Controller);
    };
    let name = eval.text(node, vars)?;
    let host = eval.variable("inventory_hostname", vars)?;
    if host.as_str() == Some(name.as_str()) && !HERE.contains(&name.as_str()) {
        return Ok(Origin::Host);
    }
    if name.is_empty() || HERE.contains(&name.as_str()) {
        return Ok(Origin::Controller);
    }
    Err(Halt::new(format!("`synchronize` can't copy from `{name}` to another host"))
        .help("bring it to the controller with `mode: pull` first, or run `command: rsync …` on one of them"))
}

/// Whether the tree is the host's, and this machine is written.
pub(crate) fn pulls(args: &Map) -> bool {
    args.get("mode").and_then(Data::as_str) == Some("pull") && !args.contains_key(ON_HOST)
}

/// Puts patterns in place of the files of this machine that hold them.
pub(crate) fn inline(
    args: &mut Map,
    find: &dyn Fn(&str) -> Result<PathBuf, Halt>,
) -> Result<(), Halt> {
    if let Some(Data::List(words)) = args.get("rsync_opts") {
        let words: Vec<String> = words.iter().filter_map(Data::as_str).map(str::to_owned).collect();
        let words = inlined(&found(&words, find), &Real::new()).map_err(failed)?;
        args.insert("rsync_opts".into(), words.into());
    }
    Ok(())
}

/// Puts the tree that `src` means in its place.
pub(crate) fn send(
    args: &mut Map,
    find: &dyn Fn(&str) -> Result<PathBuf, Halt>,
    files: &Files,
    blobs: &Blobs,
) -> Result<(), Halt> {
    let Some(src) = args.get("src").and_then(Data::as_str).map(str::to_owned) else {
        return Ok(());
    };
    if src.starts_with("rsync:") {
        return Ok(());
    }
    let found = find(&src)?;
    let mut path = found.as_os_str().to_owned();
    if src.ends_with('/') && !found.as_os_str().as_encoded_bytes().ends_with(b"/") {
        path.push("/");
    }
    let path = PathBuf::from(path);
    let Gathered { tree, left_out } = gather_for(args, &path, &Real::new()).map_err(failed)?;
    for entry in &tree.entries {
        if let TreeKind::File(blob) = &entry.kind {
            let file = if entry.path.as_os_str().is_empty() {
                found.clone()
            } else {
                found.join(&entry.path)
            };
            files.inputs().note_digest(&file, blob.digest);
            if blob.bytes.is_none() {
                blobs.keep_file(blob.digest, &file);
            }
        }
    }
    args.insert("src".into(), Data::Tree(tree));
    if !left_out.is_empty() {
        args.insert("_left_out".into(), left_out.into());
    }
    Ok(())
}

fn failed(stop: Stop) -> Halt {
    Halt::new(stop.to_string())
}

/// Options with the paths of files of patterns as they were found.
fn found(words: &[String], find: &dyn Fn(&str) -> Result<PathBuf, Halt>) -> Vec<String> {
    let from = |word: &str| {
        ["--exclude-from=", "--include-from="].into_iter().find_map(|name| {
            let path = find(word.strip_prefix(name)?.trim_matches(['\'', '"'])).ok()?;
            Some(format!("{name}{}", path.display()))
        })
    };
    words.iter().map(|word| from(word).unwrap_or_else(|| word.clone())).collect()
}

/// Where a file of the controller is, for a path that is relative to the playbook.
pub(crate) fn local(path: &Path, files: &Files) -> PathBuf {
    files.playbook().join(crate::plan::files::expand_home(path))
}
