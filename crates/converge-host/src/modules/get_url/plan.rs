//! What of a download can be told beforehand.

use std::path::{Path, PathBuf};

use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState, Maker};
use crate::checksum::Algorithm;
use crate::clock::{http_date, read_http_date};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::files::{Subject, absolute};
use crate::modules::get_url::GetUrl;
use crate::modules::get_url::checksum::file_name;
use crate::modules::http::{Body, Program, Request, Response, is_for_apt, program};
use crate::stop::{Failure, Result, Stop, Why};

/// What is no longer than this many bytes is looked at while planning.
const SHORT: u64 = 1024 * 1024;

impl GetUrl {
    /// Asks for the file to be downloaded where that is needed.
    pub(super) fn planned(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let dest = absolute(&self.dest, host);
        let is_dir = matches!(host.resolve(&dest)?.1, Look::Is(Node { kind: NodeKind::Dir, .. }));
        if !is_dir {
            changes.set("dest", self.dest.display().to_string());
        }
        let wanted = match self.wanted(host) {
            // The list of checksums can't be read before, so that neither the file can be judged.
            Err(Stop::Unknown(why)) if !is_dir => {
                return self.blindly(&dest, why, None, host, changes);
            }
            other => other?,
        };
        let subject = Subject::followed(&dest, host)?;
        let mut since = None;
        if !is_dir && !self.force {
            match (&subject.look, &wanted) {
                (Look::Is(_), Some((algorithm, digits))) => {
                    match host.checksum(&subject.path, *algorithm) {
                        Ok(there) if there == *digits => {
                            changes.set("checksum_dest", crate::data::Data::Null);
                            changes.set("checksum_src", crate::data::Data::Null);
                            changes.set("msg", "file already exists");
                            return subject.give(&self.attributes, changes);
                        }
                        Ok(_) | Err(Stop::Unknown(_)) => {}
                        Err(stop) => return Err(stop),
                    }
                }
                (Look::Is(node), None) => since = Some(node.modified),
                _ => {}
            }
        }
        let mut request = self.request(&self.url);
        if let Some(time) = since {
            request.headers.push(("If-Modified-Since".into(), http_date(time)));
        }
        let doubtful = host.unsettled().filter(|_| request.is_here());
        if let Some(why) = doubtful.clone().filter(|_| !is_dir) {
            return self.blindly(&dest, why, wanted, host, changes);
        }
        let by_apt =
            matches!(program(host), Ok(Program::Apt)) && is_for_apt(&self.request(&self.url));
        if by_apt && since.is_none() {
            // It tells nothing beforehand.
            let path = if is_dir { dest.join(file_name(&self.url)) } else { dest };
            changes.set("dest", path.display().to_string());
            let why = Why(format!("what is downloaded from {}", self.url));
            return self.blindly(&path, why, wanted, host, changes);
        }
        let answer = match request.ask(Some(SHORT), host) {
            Ok(answer) => answer,
            Err(Stop::Unknown(why)) if !is_dir => {
                return self.blindly(&dest, why, wanted, host, changes);
            }
            Err(Stop::Failed(failure)) if by_apt => {
                changes.warn(format!(
                    "a newer file on the server goes unnoticed, since it can't be asked: {}",
                    failure.msg
                ));
                return subject.give(&self.attributes, changes);
            }
            // What fails now may work once everything that is planned is there.
            Err(stop) => match (stop, host.unsettled()) {
                (Stop::Failed(_), Some(why)) if !is_dir => {
                    return self.blindly(&dest, why, wanted, host, changes);
                }
                (Stop::Failed(_), Some(why)) => return Err(Stop::Unknown(why)),
                (stop, _) => return Err(stop),
            },
        };
        if is_dir && answer.body.is_none() {
            // `curl` stops at the header that tells the length; those after it may name the file.
            let mut head = self.request(&self.url);
            head.method = "HEAD";
            if let Ok(told) = head.ask(None, host)
                && told.status == 200
            {
                let told = Response { body: None, ..told };
                return self.answered(&dest, is_dir, &told, wanted, host, changes);
            }
        }
        self.answered(&dest, is_dir, &answer, wanted, host, changes)
    }

    fn answered(
        &self,
        dest: &Path,
        is_dir: bool,
        answer: &Response,
        wanted: Option<(Algorithm, String)>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let dest = if is_dir { dest.join(named(answer, &self.url)) } else { dest.to_path_buf() };
        if is_dir {
            changes.set("dest", dest.display().to_string());
        }
        changes.set("status_code", answer.status);
        if answer.status == 304 {
            changes.set("msg", answer.error());
            return Subject::followed(&dest, host)?.give(&self.attributes, changes);
        }
        if answer.status != 200 {
            return Err(self.refused(&self.url, answer));
        }
        let subject = Subject::followed(&dest, host)?;
        let Some(body) = &answer.body else {
            // Only a file that may be replaced by the same one again needs a closer look.
            if is_dir && unmodified(answer, &subject) {
                changes.set("msg", "file already exists");
                return subject.give(&self.attributes, changes);
            }
            let why = Why(format!("what is downloaded from {}", self.url));
            return self.blindly(&dest, why, wanted, host, changes);
        };
        if let Some((algorithm, digits)) = &wanted {
            let got = algorithm.of(body);
            if got != *digits {
                let mut results = changes.results.clone();
                results.insert("checksum_src".into(), Algorithm::Sha1.of(body).into());
                let msg = format!("`{}` has the checksum `{got}`, not `{digits}`", self.url);
                return Err(Stop::Failed(Failure { msg, results }));
            }
        }
        subject.need_folder()?;
        let before = subject.before_with_content()?;
        let old = match &subject.look {
            Look::Is(_) => Some(host.checksum(&subject.path, Algorithm::Sha1)?),
            _ => None,
        };
        changes.set("checksum_dest", old);
        changes.set("checksum_src", Algorithm::Sha1.of(body));
        changes.set("md5sum", Algorithm::Md5.of(body));
        changes.set("msg", format!("OK ({} bytes)", body.len()));
        let mut after = subject.after(FileKind::File(Blob::new(body.as_slice())))?;
        self.attributes.onto(&subject.path, &mut after, host)?;
        if before != Before::Is(after.clone()) {
            changes.push(Change::File(FileChange {
                backup: self.backup,
                unsafe_writes: self.attributes.unsafe_writes,
                ..FileChange::new(&subject.path, before, Some(after))
            }));
        }
        Ok(())
    }

    /// A content that only downloading it can tell.
    fn blindly(
        &self,
        dest: &Path,
        why: Why,
        checksum: Option<(Algorithm, String)>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let subject = Subject::followed(dest, host)?;
        subject.need_folder()?;
        let (mut before, path) = (subject.before(), subject.path.clone());
        if let (Before::Is(FileState { kind, .. }), Look::Is(_)) = (&mut before, &subject.look)
            && *kind == FileKind::Untouched
        {
            match host.fingerprint(&path) {
                Ok(blob) => *kind = FileKind::File(blob),
                // The very same is downloaded to there before.
                Err(Stop::Unknown(planned)) if planned == why => {
                    return subject.give(&self.attributes, changes);
                }
                Err(Stop::Unknown(_)) => {}
                Err(stop) => return Err(stop),
            }
        }
        let mut after = subject.after(FileKind::Open(why))?;
        self.attributes.onto(&path, &mut after, host)?;
        let program = program(host).unwrap_or(Program::Curl);
        let maker = Maker {
            command: self.request(&self.url).download(program, host)?,
            shown: format!("download {}", shown(&self.url)),
            checksum,
            ..Maker::default()
        };
        changes.push(Change::File(FileChange {
            backup: self.backup,
            unsafe_writes: self.attributes.unsafe_writes,
            maker: Some(Box::new(maker)),
            ..FileChange::new(path, before, Some(after))
        }));
        Ok(())
    }

    /// The request of a URL.
    pub(super) fn request<'r>(&'r self, url: &'r str) -> Request<'r> {
        Request {
            url,
            method: "GET",
            how: &self.requesting,
            headers: Vec::new(),
            body: Body::None,
            follow: true,
            timeout: self.timeout,
            unix_socket: None,
        }
    }

    /// A failure of the server.
    pub(super) fn refused(&self, url: &str, answer: &Response) -> Stop {
        let mut results = crate::data::Map::new();
        results.insert("url".into(), url.into());
        results.insert("dest".into(), self.dest.display().to_string().into());
        results.insert("status_code".into(), answer.status.into());
        results.insert("response".into(), answer.error().into());
        let msg = format!("Request failed: `{}` answers {}", shown(url), answer.error());
        Stop::Failed(Failure { msg, results })
    }
}

/// A URL without the password in it.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://•••@{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// The name that the server gives, or the last part of the URL.
fn named(answer: &Response, url: &str) -> PathBuf {
    let given = answer.header("content-disposition").and_then(|value| {
        let value = value.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
        let name = value.trim_matches('"').rsplit('/').next()?.to_owned();
        (!name.is_empty() && name != "." && name != "..").then_some(name)
    });
    given.unwrap_or_else(|| file_name(url)).into()
}

/// Whether a file is as long as that of the server and no older.
fn unmodified(answer: &Response, subject: &Subject<'_>) -> bool {
    let Some(node) = subject.node() else { return false };
    let newest = answer.header("last-modified").and_then(read_http_date);
    answer.length() == Some(node.size) && newest.is_some_and(|newest| newest <= node.modified)
}
