//! `synchronize` with `mode: pull`: the host says what it has, and this machine takes what it lacks.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use converge_host::blob::{Blob, Tree, TreeEntry, TreeKind};
use converge_host::change::Change;
use converge_host::data::{Data, Map};
use converge_host::host::real::Real;
use converge_host::host::{Host, Look, NodeKind};
use converge_host::wire::{Call, Done, Reply};

use crate::plan::call::BoundCall;
use crate::plan::outcome::Outcome;
use crate::plan::synced;
use crate::playbook::Task;
use crate::run::fetch::reading;
use crate::run::pending::Answer;
use crate::run::prepare::Request;
use crate::run::walk::Walk;

/// So many files are asked for before the first has come.
const AHEAD: usize = 16;

impl Walk<'_> {
    /// Makes a folder of this machine like one of a host.
    pub(super) fn pull(
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
        let Some(Data::Tree(mut tree)) = read.results.shift_remove("tree") else {
            read.planned = self.mode.plans();
            return read;
        };
        let args = &request.bound.call.args;
        let text = |name: &str| args.get(name).and_then(Data::as_str).unwrap_or_default();
        let dest = synced::local(Path::new(text("dest")), &self.play.files);
        let checksum = args
            .get("checksum")
            .is_some_and(|flag| self.env.eval.boolean(&flag.clone().into()).unwrap_or(true));
        if let Err(outcome) = self.take(host, request, &mut tree, (text("src"), &dest), checksum) {
            return *outcome;
        }
        let mut args = args.clone();
        args.insert("src".into(), Data::Tree(tree));
        args.insert("dest".into(), dest.display().to_string().into());
        if let Some(left_out) = read.results.shift_remove("left_out") {
            args.insert("_left_out".into(), left_out);
        }
        let writing = Request {
            bound: BoundCall {
                call: Call { module: "synchronize".into(), args, env: Vec::new() },
                partly: None,
            },
            endpoint: here,
            escalation: None,
            nature: request.nature,
            doubt: None,
            background: false,
        };
        self.connections.prepare(std::slice::from_ref(&writing.endpoint));
        self.attempt(host, &writing, true, reviewed)
    }

    /// Takes the contents of a tree that this machine lacks and that did not come with it.
    fn take(
        &mut self,
        host: &str,
        request: &Request,
        tree: &mut Tree,
        (src, dest): (&str, &Path),
        checksum: bool,
    ) -> Result<(), Box<Outcome>> {
        let real = Real::new();
        let root = root(&real, tree, dest);
        let wanted: Vec<String> = tree
            .entries
            .iter()
            .filter(|entry| lacks(&real, &root, entry, checksum))
            .map(|entry| beyond(src, &entry.path))
            .collect();
        let mut coming: VecDeque<Answer> = VecDeque::new();
        let mut wanted = wanted.into_iter();
        loop {
            while coming.len() < AHEAD
                && let Some(path) = wanted.next()
            {
                let asking = file(request, path);
                coming.push_back(self.submit(host, &asking, false, None, &mut Vec::new()));
            }
            let reply = match coming.pop_front() {
                None => return Ok(()),
                Some(Answer::Here(outcome)) => return Err(outcome),
                Some(Answer::Coming(ticket, _)) => ticket.wait(),
            };
            let content = match &*reply {
                Reply::Done(Done { results, .. }) => {
                    results.get("content").and_then(Data::as_str).map(|text| STANDARD.decode(text))
                }
                other => return Err(Box::new(Outcome::from_reply(other, self.mode.plans()))),
            };
            let Some(Ok(bytes)) = content else {
                return Err(Box::new(Outcome::failed("what the host sent can't be read")));
            };
            self.env.blobs.keep(&Blob::new(bytes));
        }
    }
}

/// The folder or file that the root of a tree becomes, see rsync(1).
fn root(real: &Real, tree: &Tree, dest: &Path) -> PathBuf {
    let folder = tree.entries.first().is_some_and(|entry| entry.kind == TreeKind::Dir);
    let there = matches!(real.resolve(dest), Ok((_, Look::Is(node))) if node.kind == NodeKind::Dir);
    let slash = dest.as_os_str().as_encoded_bytes().ends_with(b"/");
    if folder && !tree.contents_only || !folder && (slash || there) {
        dest.join(&tree.name)
    } else {
        dest.to_path_buf()
    }
}

/// Whether this machine has another file at a path, whose content did not come along.
fn lacks(real: &Real, root: &Path, entry: &TreeEntry, checksum: bool) -> bool {
    let TreeKind::File(blob) = &entry.kind else { return false };
    if blob.bytes.is_some() {
        return false;
    }
    let path =
        if entry.path.as_os_str().is_empty() { root.to_path_buf() } else { root.join(&entry.path) };
    let seconds = |time: std::time::SystemTime| {
        time.duration_since(std::time::UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
    };
    match real.look(&path) {
        Ok(Look::Is(node)) if node.kind == NodeKind::File && node.size == blob.size => {
            let same = entry
                .stamp
                .as_ref()
                .is_some_and(|stamp| seconds(stamp.modified) == seconds(node.modified));
            !(same && !checksum || real.fingerprint(&path).is_ok_and(|own| own == *blob))
        }
        _ => true,
    }
}

/// The path of an entry on the host.
fn beyond(src: &str, path: &Path) -> String {
    if path.as_os_str().is_empty() {
        return src.to_owned();
    }
    format!("{}/{}", src.trim_end_matches('/'), path.display())
}

/// One file of the host, which is only read.
fn file(request: &Request, path: String) -> Request {
    let args =
        Map::from([("src".to_owned(), Data::from(path)), ("dest".to_owned(), Data::from("/"))]);
    let mut asking = reading(request);
    asking.bound.call = Call { module: "fetch".into(), args, env: Vec::new() };
    asking
}
