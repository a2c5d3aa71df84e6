//! `fetch`: the file is asked of one host and laid down on this machine, which is a host like any other then.

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use converge_host::blob::Blob;
use converge_host::change::Change;
use converge_host::checksum::Algorithm;
use converge_host::data::{Data, Map};
use converge_host::wire::Call;

use crate::plan::call::BoundCall;
use crate::plan::endpoint::endpoint;
use crate::plan::files::expand_home;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::Task;
use crate::run::mode::Nature;
use crate::run::prepare::Request;
use crate::run::walk::Walk;
use crate::target::{Connection, Endpoint};
use crate::value::Value;

/// This machine, by the name that it has where nothing else is said.
pub(super) const HERE: &str = "localhost";

impl Walk<'_> {
    /// Brings a file of a host to this machine.
    pub(super) fn fetch(
        &mut self,
        task: &Task,
        host: &str,
        request: &Request,
        reviewed: Option<&Vec<Change>>,
    ) -> Outcome {
        if let Some(why) = &request.doubt {
            return Outcome::unknown(why);
        }
        let here = match self.here(task) {
            Ok(here) => here,
            Err(stop) => return self.stopped(&stop),
        };
        let mut read = self.attempt(host, &reading(request), false, None);
        let content =
            read.value.get("content").and_then(Value::as_str).map(|text| STANDARD.decode(text));
        let Some(content) = content.filter(|_| !read.is_failed()) else {
            read.planned = self.mode.plans();
            return read;
        };
        let Ok(bytes) = content else { return Outcome::failed("what the host sent can't be read") };
        let dest = self.destination(host, &request.bound.call.args);
        let (sha1, md5) = (Algorithm::Sha1.of(&bytes), Algorithm::Md5.of(&bytes));
        let blob = self.env.blobs.keep(&Blob::new(bytes));
        let writing = writing(here, &dest, blob, request.nature);
        self.connections.prepare(std::slice::from_ref(&writing.endpoint));
        let mut outcome = self.attempt(host, &writing, true, reviewed);
        if outcome.is_failed() {
            return outcome;
        }
        let changed = outcome.is_changed();
        outcome.set("dest", dest.display().to_string().into());
        outcome.set("checksum", sha1.as_str().into());
        outcome.set("md5sum", md5.into());
        if changed {
            outcome.set("remote_checksum", sha1.into());
            outcome.set("remote_md5sum", Value::Null);
        } else if let Some(src) = request.bound.call.args.get("src").and_then(Data::as_str) {
            outcome.set("file", src.into());
        }
        outcome
    }

    /// Where a file goes on this machine: below the host's name and its own path, or with `flat` where `dest` says.
    fn destination(&self, host: &str, args: &Map) -> PathBuf {
        let text = |name: &str| args.get(name).and_then(Data::as_str).unwrap_or_default();
        let (src, written) = (Path::new(text("src")), text("dest"));
        let flat = args
            .get("flat")
            .is_some_and(|flat| self.env.eval.boolean(&flat.clone().into()).unwrap_or(false));
        let mut dest = plain(&self.play.files.playbook().join(expand_home(Path::new(written))));
        if !flat {
            dest.push(host);
            dest.extend(src.components().filter(|part| matches!(part, Component::Normal(_))));
        } else if written.ends_with('/') {
            dest.extend(src.file_name());
        }
        dest
    }

    /// This machine, as tasks that are delegated to it reach it: what is laid down is there for them too.
    pub(super) fn here(&self, task: &Task) -> Result<Endpoint, Halt> {
        let vars = self.vars(HERE, None, &self.play.play.scope);
        let defaults = &self.env.options.connection;
        let here = endpoint(HERE, &task.scope, &vars, &self.env.eval, defaults)?;
        Ok(Endpoint { connection: Connection::Local, ..here })
    }
}

/// What the host is asked, whose file is only read.
pub(super) fn reading(request: &Request) -> Request {
    Request {
        bound: BoundCall { call: request.bound.call.clone(), partly: None },
        endpoint: request.endpoint.clone(),
        escalation: request.escalation.clone(),
        nature: Nature::PreviewOnly,
        doubt: None,
        background: false,
    }
}

/// What this machine is asked, as the user who runs converge.
fn writing(here: Endpoint, dest: &Path, blob: Blob, nature: Nature) -> Request {
    let args = Map::from([
        ("dest".to_owned(), Data::from(dest.display().to_string())),
        ("content".to_owned(), Data::Blob(blob)),
    ]);
    Request {
        bound: BoundCall {
            call: Call { module: "converge.core.put".into(), args, env: Vec::new() },
            partly: None,
        },
        endpoint: here,
        escalation: None,
        nature,
        doubt: None,
        background: false,
    }
}

/// The path without `.` and `..`, whatever is there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
