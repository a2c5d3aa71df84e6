//! `uri`: a request of HTTP, made by the host.

mod body;
mod results;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind, Sign, ToolChange};
use crate::data::{Data, Map};
use crate::host::{Host, Look, Node, NodeKind, Output};
use crate::modules::Module;
use crate::modules::files::{Attributes, Subject, absolute, file_results};
use crate::modules::http::{Request, Requesting, Response};
use crate::stop::{Result, Stop, Why};

/// Asks a web server.
///
/// What only reads (`GET`, `HEAD`, `OPTIONS`) is asked while planning already, unless something that is planned may change the
/// answer. Anything else is sent when it is applied.
#[derive(Args)]
#[module(name = "uri")]
pub(crate) struct Uri {
    /// What is asked.
    url: String,
    /// The method of the request.
    #[arg(default = "GET")]
    method: String,
    /// What is sent with it.
    body: Option<Data>,
    /// How `body` is written.
    #[arg(default = "raw")]
    body_format: BodyFormat,
    /// A file whose content is sent.
    #[arg(upload)]
    src: Option<Data>,
    /// `src` is a path of the host.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the controller reads it")]
    remote_src: bool,
    /// Where the answer is kept.
    #[arg(path)]
    dest: Option<PathBuf>,
    /// Return the answer.
    #[arg(default = "no")]
    return_content: bool,
    /// The statuses that are no failure.
    #[arg(default = "200")]
    status_code: Vec<i64>,
    /// Which redirections are followed.
    #[arg(default = "safe")]
    follow_redirects: Follow,
    /// Don't ask where this path exists.
    #[arg(path)]
    creates: Option<PathBuf>,
    /// Don't ask where this path does not exist.
    #[arg(path)]
    removes: Option<PathBuf>,
    /// Take no answer that somebody kept on the way.
    #[arg(default = "no")]
    force: bool,
    /// How many seconds nothing may come.
    #[arg(default = "30")]
    timeout: i64,
    /// A socket of the host that stands for the server.
    #[arg(path)]
    unix_socket: Option<String>,
    /// How it is asked for.
    #[arg(shared)]
    requesting: Requesting,
    /// Owner, group and mode of `dest`.
    #[arg(shared)]
    attributes: Attributes,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum BodyFormat {
    Raw,
    Json,
    #[choice("form-urlencoded")]
    FormUrlencoded,
    #[choice("form-multipart")]
    FormMultipart,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    #[choice(alias = "yes")]
    All,
    #[choice(alias = "no")]
    None,
    #[choice(alias = "urllib2")]
    Safe,
}

impl Module for Uri {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if let Some(why) = self.needless(host)? {
            changes.set("stdout", format!("skipped, since {why}"));
            changes.set("msg", format!("not asked, since {why}"));
            return Ok(());
        }
        changes.set("url", self.url.as_str());
        let method = self.method.to_ascii_uppercase();
        let (body, content_type) = self.sent()?;
        let mut request = self.request(&method);
        request.body = body;
        if let Some(content_type) = content_type {
            request.headers.push(("Content-Type".into(), content_type.into()));
        }
        if self.force {
            request.headers.push(("cache-control".into(), "no-cache".into()));
        }
        let only_reads = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
        if !only_reads || host.unsettled().is_some() && request.is_here() {
            return self.later(&request, host, changes);
        }
        match request.ask(None, host) {
            Ok(answer) => self.answered(&answer, host, changes),
            Err(Stop::Failed(_)) if host.unsettled().is_some() => {
                self.later(&request, host, changes)
            }
            Err(Stop::Unknown(_)) => self.later(&request, host, changes),
            Err(Stop::Failed(mut failure)) => {
                failure.results.insert("elapsed".into(), 0_i64.into());
                Err(Stop::Failed(failure))
            }
            Err(stop) => Err(stop),
        }
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        if let Some(stdout) = performed.get("stdout").and_then(Data::as_str) {
            let stdout = stdout.as_bytes().to_vec();
            let answer = Response::of_curl(&Output { stdout, ..Output::default() }, &self.url)?;
            self.judge(&answer, results)?;
        }
        if let Some(dest) = results.get("path").and_then(Data::as_str).map(PathBuf::from) {
            file_results("path", &dest, host, results)?;
        }
        Ok(())
    }
}

impl Uri {
    fn needless(&self, host: &dyn Host) -> Result<Option<String>> {
        if let Some(path) = &self.creates
            && host.exists(&absolute(path, host))?
        {
            return Ok(Some(format!("{} exists", path.display())));
        }
        if let Some(path) = &self.removes
            && !host.exists(&absolute(path, host))?
        {
            return Ok(Some(format!("{} does not exist", path.display())));
        }
        Ok(None)
    }

    fn request<'r>(&'r self, method: &'r str) -> Request<'r> {
        let follow = match self.follow_redirects {
            Follow::All => true,
            Follow::None => false,
            Follow::Safe => matches!(method, "GET" | "HEAD"),
        };
        Request {
            url: &self.url,
            method,
            how: &self.requesting,
            headers: Vec::new(),
            body: crate::modules::http::Body::None,
            follow,
            timeout: self.timeout,
            unix_socket: self.unix_socket.as_deref(),
        }
    }

    /// The answer is at hand.
    fn answered(&self, answer: &Response, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if let Err(stop) = self.judge(answer, &mut changes.results) {
            // What is wrong now may be right once everything that is planned is there.
            return Err(host.unsettled().map_or(stop, Stop::Unknown));
        }
        let Some(dest) = &self.dest else { return Ok(()) };
        let mut path = absolute(dest, host);
        if matches!(host.resolve(&path)?.1, Look::Is(Node { kind: NodeKind::Dir, .. })) {
            let last = answer.url.rsplit('/').next().filter(|last| !last.is_empty());
            path = path.join(last.unwrap_or("index.html"));
        }
        changes.set("path", path.display().to_string());
        let subject = Subject::followed(&path, host)?;
        subject.need_folder()?;
        let before = subject.before_with_content()?;
        let blob = Blob::new(answer.body.as_deref().unwrap_or_default());
        let mut after = subject.after(FileKind::File(blob))?;
        self.attributes.onto(&subject.path, &mut after, host)?;
        if before != Before::Is(after.clone()) {
            let change = FileChange::new(&subject.path, before, Some(after));
            changes.push(Change::File(FileChange {
                unsafe_writes: self.attributes.unsafe_writes,
                ..change
            }));
        }
        Ok(())
    }

    /// The answer can be had only when it is applied.
    fn later(&self, request: &Request<'_>, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let command = request.command(host)?;
        if let Some(dest) = &self.dest {
            return Err(match host.unsettled() {
                Some(why) => Stop::Unknown(why),
                None => Stop::failed(format!(
                    "can't keep what `{}` answers to {} in `{}`: only what is read by GET is kept",
                    self.url,
                    request.method,
                    Path::new(dest).display()
                )),
            });
        }
        let what = format!("ask `{}` by {}", self.url, request.method);
        let mut tool = ToolChange::new(Sign::Act, &what, vec![command]);
        tool.on_failure =
            [("status".to_owned(), Data::Int(-1)), ("elapsed".to_owned(), Data::Int(0))]
                .into_iter()
                .collect();
        tool.unknown = Some(Why(format!("what `{}` answers", self.url)));
        (tool.tells, tool.counts) = (true, false);
        changes.push(Change::Tool(tool));
        Ok(())
    }
}
