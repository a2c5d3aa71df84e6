//! What is missing in a working copy.

use std::collections::BTreeSet;
use std::path::Path;

use crate::change::{Change, Changes, FileKind, Sign, ToolChange};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::files::{Attributes, Subject, absolute, make_folders};
use crate::modules::git::Git;
use crate::modules::git::refs::Target;
use crate::stop::{Failure, Result, Stop, Why};

impl Git {
    /// Asks for the working copy to be made or updated.
    pub(super) fn planned(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.need_program(host)?;
        let dest = absolute(&self.dest, host);
        let mark = if self.bare { dest.join("HEAD") } else { dest.join(".git") };
        match host.look(&mark)? {
            Look::Unknown(why) => Err(Stop::Unknown(why)),
            Look::Absent => self.cloned(&dest, host, changes),
            Look::Is(_) => self.updated(host, changes),
        }
    }

    fn cloned(&self, dest: &Path, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let target = self.target(host)?;
        changes.set("before", Data::Null);
        self.tell_after(&target, changes);
        if !self.clone {
            return Ok(());
        }
        let subject = Subject::followed(dest, host)?;
        match &subject.look {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                if !host.list(&subject.path)?.is_empty() {
                    return Err(Stop::failed(format!(
                        "can't clone into `{}`: the directory is not empty and no working copy",
                        self.dest.display()
                    )));
                }
            }
            Look::Is(_) => {
                return Err(Stop::failed(format!(
                    "can't clone into `{}`: it is no directory",
                    self.dest.display()
                )));
            }
            Look::Absent | Look::Unknown(_) => {
                if let Some(above) = dest.parent() {
                    make_folders(
                        above,
                        &Attributes::default(),
                        &mut BTreeSet::new(),
                        host,
                        changes,
                    )?;
                }
            }
        }
        let mut steps = vec![self.clone_command(dest, &target)];
        if let Some(refspec) = &self.refspec {
            steps.push(self.inside(host, &["fetch", &self.remote, refspec]));
        }
        if !self.bare {
            match &target {
                Target::Head(_) => {}
                _ => steps.extend(self.checkout(&target, host)),
            }
            steps.extend(self.submodules(host));
        }
        let what = format!("clone {} into {}", self.shown_repo(), self.dest.display());
        let mut tool = ToolChange::new(Sign::Create, what, steps);
        tool.facts.push(self.at(&target));
        if subject.look == Look::Absent {
            let mut state = subject.fresh(FileKind::Dir)?;
            if let Some(bits) = self.umask.as_ref().and_then(|mode| octal(&mode.0)) {
                state.mode = Some(0o777 & !bits);
            }
            tool.makes.push((subject.path.clone(), Some(state)));
        }
        self.push(tool, &target, host, changes)
    }

    fn updated(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let before = self.head(host)?;
        changes.set("before", before.clone());
        changes.set("after", before.clone());
        if !self.update {
            return Ok(());
        }
        let status = host.probe(&self.inside(host, &["status", "--porcelain", "-uno"]));
        let modified = match status {
            Ok(output) if !self.bare => {
                if !output.ok() {
                    let told = output.error_text();
                    return Err(Stop::failed(format!(
                        "can't look at `{}`: {}",
                        self.dest.display(),
                        told.trim()
                    )));
                }
                output.text().lines().filter(|line| !line.starts_with("??")).count()
            }
            Ok(_) => 0,
            Err(stop) => return Err(stop),
        };
        if modified > 0 && !self.force {
            let mut results = Map::new();
            results.insert("before".into(), before.into());
            let msg = format!(
                "Local modifications exist in the destination: {} (force=no)",
                self.dest.display()
            );
            return Err(Stop::Failed(Failure { msg, results }));
        }
        let url = format!("remote.{}.url", self.remote);
        let known = host.probe(&self.inside(host, &["config", "--get", &url]))?.text();
        let moved = known.trim() != self.repo;
        let target = self.target(host)?;
        let there = match (&target, &before) {
            (Target::Revision(digits), Some(before)) => before.starts_with(digits.as_str()),
            (target, before) => target.revision() == before.as_deref(),
        };
        self.tell_after(&target, changes);
        if there {
            changes.set("after", before.clone());
        }
        let mut steps = Vec::new();
        if moved {
            let known = !known.trim().is_empty();
            let verb = if known { "set-url" } else { "add" };
            steps.push(self.inside(host, &["remote", verb, &self.remote, &self.repo]));
            changes.set("remote_url_changed", true);
        }
        if modified > 0 {
            steps.push(self.inside(host, &["reset", "--hard", "--quiet", "HEAD"]));
        }
        if !there {
            steps.extend(self.fetch(&target, host));
            if !self.bare {
                steps.extend(self.checkout(&target, host));
            }
        }
        if !self.bare && (!there || modified > 0) {
            steps.extend(self.submodules(host));
        }
        let archived = match &self.archive {
            Some(path) => host.exists(&absolute(path, host))?,
            None => true,
        };
        if steps.is_empty() && archived {
            return Ok(());
        }
        let what = format!("update {}", self.dest.display());
        let mut tool = ToolChange::new(Sign::Modify, what, steps);
        if !there {
            let old = before.as_deref().map_or("nothing".into(), short);
            tool.facts.push(format!("{old} → {}", self.at(&target)));
        }
        if moved {
            tool.facts.push(format!("{} is {}", self.remote, self.shown_repo()));
        }
        match modified {
            0 => {}
            1 => tool.facts.push("the changes of 1 file are thrown away".into()),
            count => tool.facts.push(format!("the changes of {count} files are thrown away")),
        }
        self.push(tool, &target, host, changes)
    }

    fn push(
        &self,
        mut tool: ToolChange,
        target: &Target,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        if let Some(path) = &self.archive {
            let path = absolute(path, host);
            tool.steps.push(self.archive_command(&path, host)?);
            let kind = FileKind::Open(Why("an archive of the revision".into()));
            tool.makes.push((path.clone(), Some(Subject::at(&path, host)?.after(kind)?)));
        }
        let dest = host.resolve(&absolute(&self.dest, host))?.0;
        tool.below.push(dest);
        match target {
            Target::Unknown(why) => tool.unknown = Some(why.clone()),
            Target::Revision(digits) if digits.len() < 40 => {
                tool.unknown = Some(Why(format!("which revision {digits} is")));
            }
            _ => {}
        }
        tool.tells = tool.unknown.is_some();
        changes.push(Change::Tool(tool));
        Ok(())
    }

    fn clone_command(&self, dest: &Path, target: &Target) -> Command {
        let mut words = vec!["clone".to_owned(), "--quiet".into(), "--origin".into()];
        words.push(self.remote.clone());
        if self.bare {
            words.push("--bare".into());
        }
        if let Some(reference) = &self.reference {
            words.extend(["--reference".into(), reference.clone()]);
        }
        let named = matches!(target, Target::Branch(_) | Target::Tag(_));
        // The digits of a revision say nothing about how deep it is.
        if let Some(depth) = self.depth.filter(|_| named || matches!(target, Target::Head(_))) {
            words.extend(["--depth".into(), depth.to_string()]);
        }
        if named && (self.depth.is_some() || self.single_branch || self.bare) {
            words.extend(["--branch".into(), self.version.clone()]);
        }
        if self.single_branch {
            words.push("--single-branch".into());
        }
        if let Some(path) = &self.separate_git_dir {
            words.push(format!("--separate-git-dir={}", path.display()));
        }
        words.extend(["--".into(), self.repo.clone(), dest.display().to_string()]);
        self.command(words)
    }

    fn fetch(&self, target: &Target, host: &dyn Host) -> Vec<Command> {
        let remote = self.remote.as_str();
        let depth = self.depth.map(|depth| depth.to_string());
        let mut words = vec!["fetch", "--quiet", "--force"];
        if let Some(depth) = &depth {
            words.extend(["--depth", depth]);
        }
        let refspec = match target {
            _ if self.bare => "+refs/heads/*:refs/heads/*".to_owned(),
            Target::Branch(_) if depth.is_some() => {
                format!("+refs/heads/{0}:refs/remotes/{remote}/{0}", self.version)
            }
            Target::Tag(_) if depth.is_some() => {
                format!("+refs/tags/{0}:refs/tags/{0}", self.version)
            }
            Target::Head(_) => "+HEAD:refs/remotes/converge/HEAD".to_owned(),
            _ => format!("+refs/heads/*:refs/remotes/{remote}/*"),
        };
        if depth.is_none() {
            words.push("--tags");
        }
        words.extend([remote, &refspec]);
        words.extend(self.refspec.as_deref());
        vec![self.inside(host, &words)]
    }

    fn checkout(&self, target: &Target, host: &dyn Host) -> Vec<Command> {
        let version = self.version.as_str();
        let mut steps = match target {
            Target::Head(_) => {
                vec![
                    self.inside(
                        host,
                        &["reset", "--hard", "--quiet", "refs/remotes/converge/HEAD"],
                    ),
                ]
            }
            Target::Branch(_) => {
                let tracked = format!("{}/{version}", self.remote);
                vec![
                    self.inside(host, &["checkout", "--quiet", "--force", "-B", version, &tracked]),
                ]
            }
            Target::Tag(_) => {
                let tag = format!("refs/tags/{version}");
                vec![self.inside(host, &["checkout", "--quiet", "--force", &tag])]
            }
            Target::Revision(_) | Target::Unknown(_) => {
                vec![self.inside(host, &["checkout", "--quiet", "--force", version])]
            }
        };
        if self.verify_commit {
            let verify = if matches!(target, Target::Tag(_)) {
                ["verify-tag", version]
            } else {
                ["verify-commit", "HEAD"]
            };
            steps.push(self.inside(host, &verify));
        }
        steps
    }

    fn submodules(&self, host: &dyn Host) -> Vec<Command> {
        if !self.recursive {
            return Vec::new();
        }
        let mut update = vec!["submodule", "--quiet", "update", "--init", "--recursive"];
        if self.track_submodules {
            update.push("--remote");
        }
        vec![
            self.inside(host, &["submodule", "--quiet", "sync", "--recursive"]),
            self.inside(host, &update),
        ]
    }

    fn tell_after(&self, target: &Target, changes: &mut Changes) {
        match target.revision() {
            Some(revision) => changes.set("after", revision),
            None => drop(changes.results.shift_remove("after")),
        }
    }

    /// The version with its revision, for a person.
    fn at(&self, target: &Target) -> String {
        match target.revision() {
            Some(revision) if self.version.len() == 40 => short(revision),
            Some(revision) => format!("{} ({})", self.version, short(revision)),
            None => self.version.clone(),
        }
    }

    /// The repository without a password in it.
    fn shown_repo(&self) -> String {
        let Some((scheme, rest)) = self.repo.split_once("://") else { return self.repo.clone() };
        let end = rest.find('/').unwrap_or(rest.len());
        match rest[..end].rfind('@') {
            Some(at) if rest[..at].contains(':') => format!("{scheme}://•••@{}", &rest[at + 1..]),
            _ => self.repo.clone(),
        }
    }
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim_start_matches("0o"), 8).ok()
}

fn short(revision: &str) -> String {
    revision.chars().take(7).collect()
}
