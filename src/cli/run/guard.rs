//! What the declared environments ask for before they are applied, and what is known of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::args::Listing;
use crate::cli::at::{Checkout, told};
use crate::cli::environment::Environment as Around;
use crate::cli::options::{Goal, Request};
use crate::cli::project::Project;
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::git::{self, Dirty, GitError, Resolved};
use crate::inventory::{Inventory, Origin};
use crate::project::{FileKind, Inputs};
use crate::promotion::{self, Pass, Wanted};
use crate::saved::PlanKey;

/// The playbook that need not be named.
const DEFAULT: &str = "playbooks/site.yml";

/// The environments that a run is about, and the commit that it applies.
pub(super) struct Guard {
    /// The environments.
    pub(super) environments: Vec<Environment>,
    /// Of all declared ones, those that others come after.
    waited_for: Vec<String>,
    /// The project in the working tree.
    pub(super) origin: PathBuf,
    /// The folder that it is read from.
    root: PathBuf,
    /// The project's path in its repository; none outside of git.
    prefix: Option<PathBuf>,
    /// The commit.
    pub(super) resolved: Option<Resolved>,
    /// What differs from it.
    unclean: Vec<Dirty>,
    /// The digest of what it holds.
    pub(super) digest: Option<String>,
    /// The inventories of all environments: the paths that were read, which prove nothing to others.
    own: Vec<PathBuf>,
    /// The playbooks, as they are called.
    pub(super) playbooks: Vec<String>,
    /// Variables that were given in words.
    vars: Vec<String>,
    /// Options that let a run do less than everything.
    narrowed: bool,
    /// The playbook is none of the project's.
    written: bool,
    /// The commit that was written out.
    at: Option<Arc<Checkout>>,
}

/// Something that is missing, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// What.
    pub(super) what: String,
    /// What to do.
    pub(super) help: Vec<String>,
}

impl Guard {
    /// The environments that these inventories belong to; none where they belong to none.
    pub(super) fn new(
        project: &Project,
        request: &Request,
        around: &Around,
        inventory: &Inventory,
        playbooks: &[String],
    ) -> Result<Option<Self>, Diagnostic> {
        let settings = &project.settings;
        if settings.environments.is_empty() {
            return Ok(None);
        }
        // One whose inventory is nowhere would protect nothing, and nobody would notice.
        for environment in settings.environments.iter().filter(|one| one.protected) {
            project.inventories(environment)?;
        }
        let environments = matching(project, request, inventory);
        if environments.is_empty() {
            return Ok(None);
        }
        let own = settings.environments.iter().flat_map(|one| paths(project, one)).collect();
        let after = settings.environments.iter().flat_map(|one| &one.after);
        let selection = &request.selection;
        let mut guard = Self {
            environments,
            waited_for: after.map(|name| name.value.clone()).collect(),
            origin: project.origin.clone(),
            root: project.root().to_owned(),
            prefix: git::prefix(&project.origin),
            resolved: None,
            unclean: Vec::new(),
            digest: None,
            own,
            playbooks: playbooks.to_vec(),
            vars: request
                .extra_vars
                .iter()
                .filter(|vars| !vars.starts_with('@'))
                .cloned()
                .collect(),
            narrowed: selection.limit.is_some()
                || !selection.tags.is_empty()
                || !selection.skip_tags.is_empty()
                || selection.start_at.is_some(),
            written: request.written.is_some(),
            at: around.at.clone(),
        };
        guard.read().map_err(told)?;
        Ok(Some(guard))
    }

    /// Reads what git has.
    fn read(&mut self) -> Result<(), GitError> {
        if self.prefix.is_none() {
            return Ok(());
        }
        self.resolved = match &self.at {
            Some(at) => Some(at.resolved.clone()),
            None => match git::resolve(&self.origin, "HEAD") {
                Err(GitError::Unknown { .. }) => None,
                resolved => Some(resolved?),
            },
        };
        if self.at.is_none() {
            self.unclean = git::unclean(&self.origin)?;
        }
        if let Some(resolved) = &self.resolved {
            let own: Vec<PathBuf> =
                self.own.iter().filter_map(|path| self.in_repository(path)).collect();
            self.digest = Some(promotion::digest(&self.origin, &resolved.commit, &own)?);
        }
        Ok(())
    }

    /// The path in the repository of a file that is read.
    fn in_repository(&self, path: &Path) -> Option<PathBuf> {
        if let Some(at) = &self.at {
            return at.in_repository(path);
        }
        let prefix = self.prefix.as_ref()?;
        if let Ok(rest) = path.strip_prefix(&self.root) {
            return Some(prefix.join(rest));
        }
        let top = self.root.ancestors().nth(prefix.components().count())?;
        path.strip_prefix(top).ok().map(Path::to_path_buf)
    }

    /// The files that were read and are not in the commit: their names and keyed digests. Inventories that the commit does not
    /// hold are left out; they are other ones in each environment.
    pub(super) fn outside(
        &self,
        inputs: &Inputs,
        key: &PlanKey,
    ) -> Result<Vec<(String, String)>, GitError> {
        let Some(resolved) = &self.resolved else { return Ok(Vec::new()) };
        let keyed = |digest: &[u8; 32]| key.digest("outside", digest);
        let own = |path: &Path| self.own.iter().any(|own| path.starts_with(own));
        let mut outside = Vec::new();
        let mut inside = Vec::new();
        for (path, digest) in inputs.all() {
            match self.in_repository(&path) {
                Some(relative) => inside.push((relative, digest, own(&path))),
                None if own(&path) => {}
                None => outside.push((path.display().to_string(), keyed(&digest.0))),
            }
        }
        let files = inside.iter().map(|(path, digest, _)| (path.clone(), *digest)).collect();
        for unlike in git::unlike(&self.origin, &resolved.commit, files)? {
            let own = inside.iter().any(|(path, _, own)| *path == unlike.path && *own);
            if unlike.held || !own {
                outside.push((unlike.path.display().to_string(), keyed(&unlike.digest.0)));
            }
        }
        Ok(outside)
    }

    /// Keyed digests of the variables that were given in words.
    pub(super) fn vars(&self, key: &PlanKey) -> Vec<String> {
        self.vars.iter().map(|vars| key.digest("variables", vars.as_bytes())).collect()
    }

    /// What is missing to apply an environment, and what passed where it must.
    pub(super) fn judge(
        &self,
        environment: &Environment,
        inputs: &Inputs,
        key: Option<&PlanKey>,
    ) -> Result<(Vec<Pass>, Vec<Missing>), GitError> {
        let mut missing = Vec::new();
        let mut passes = Vec::new();
        if !environment.protected {
            return Ok((passes, missing));
        }
        let name = &environment.name.value;
        if self.written {
            let what = "what a run did is taken back, which is in no commit".to_owned();
            missing.push(Missing { what, help: Vec::new() });
        }
        let (Some(_), Some(resolved), Some(digest)) = (&self.prefix, &self.resolved, &self.digest)
        else {
            let (what, help) = match git::revision(&self.origin) {
                Err(error) => (error.to_string(), Vec::new()),
                Ok(None) => {
                    ("the project is in no git repository".into(), vec!["commit it".into()])
                }
                Ok(Some(_)) => ("the project has no commit".into(), vec!["commit it".into()]),
            };
            missing.push(Missing { what, help });
            return Ok((passes, missing));
        };
        missing.extend(self.dirt(name));
        let outside = key.map(|key| self.outside(inputs, key)).transpose()?.unwrap_or_default();
        if environment.after.is_empty() && !outside.is_empty() {
            let names: Vec<&str> = outside.iter().map(|(path, _)| path.as_str()).collect();
            let what = format!("what was read is not in the commit: {}", listed(&names));
            missing.push(Missing { what, help: vec!["commit it".into()] });
        }
        let vars = key.map(|key| self.vars(key)).unwrap_or_default();
        let lines = git::notes(&self.origin, &resolved.commit)?;
        for after in &environment.after {
            let wanted = Wanted {
                environment,
                commit: &resolved.commit,
                made: resolved.made,
                digest,
                playbooks: &self.playbooks,
                vars: &vars,
                outside: &outside,
                now: Timestamp::now(),
            };
            match promotion::judge(&wanted, &after.value, &lines, key) {
                Ok(pass) => passes.push(pass),
                Err(lack) => {
                    let short = resolved.revision.short.as_deref().unwrap_or_default();
                    let mut help = vec![self.command(&after.value)];
                    help.extend(lack.help().map(str::to_owned));
                    if lack == promotion::Lack::None {
                        help.extend(self.elsewhere());
                    }
                    let what = format!("`{}` has not passed {short}: {lack}", after.value);
                    missing.push(Missing { what, help });
                }
            }
        }
        Ok((passes, missing))
    }

    /// The command that lets this commit pass an environment.
    fn command(&self, environment: &str) -> String {
        let mut words = vec!["converge".to_owned()];
        if self.playbooks.iter().any(|name| name != DEFAULT) {
            words.extend(self.playbooks.iter().cloned());
        }
        words.extend(["-i".to_owned(), environment.to_owned()]);
        if let Some(at) = &self.at {
            let short = at.resolved.revision.short.as_deref();
            words.extend(["--at".to_owned(), short.unwrap_or(&at.resolved.commit).to_owned()]);
        }
        format!("let it pass: `{}`", words.join(" "))
    }

    /// Where a record may be that is not here.
    fn elsewhere(&self) -> Option<String> {
        let fetch = format!("git fetch origin {0}:{0}", git::NOTES);
        if git::is_shallow(&self.origin) {
            return Some(format!(
                "this is a shallow clone, which has no records unless they are fetched: `{fetch}`"
            ));
        }
        let none = git::all_notes(&self.origin).is_ok_and(|all| all.is_empty());
        none.then(|| format!("this clone has no records at all; to get those of others: `{fetch}`"))
    }

    fn dirt(&self, environment: &str) -> Option<Missing> {
        if self.unclean.is_empty() {
            return None;
        }
        let names: Vec<&str> = self.unclean.iter().map(|dirty| dirty.path.as_str()).collect();
        Some(Missing {
            what: format!("the working tree is not clean: {}", listed(&names)),
            help: vec![
                "commit the changes, and let them pass".into(),
                format!("or apply the commit without them: `converge -i {environment} --at HEAD`"),
            ],
        })
    }

    /// Whether the working tree has moved on since this was made: a rollout may take hours.
    pub(super) fn moved(&self) -> Option<String> {
        let then = self.resolved.as_ref().filter(|_| self.at.is_none())?;
        let now = git::resolve(&self.origin, "HEAD").ok();
        if now.is_none_or(|now| now.commit != then.commit) {
            return Some("another commit is checked out now".into());
        }
        let dirty = git::unclean(&self.origin).unwrap_or_default();
        let new = dirty.iter().filter(|dirty| !self.unclean.contains(dirty));
        let new: Vec<&str> = new.map(|dirty| dirty.path.as_str()).collect();
        (!new.is_empty()).then(|| format!("files were changed meanwhile: {}", listed(&new)))
    }

    /// Whether a run that went well is to be followed by a second plan and a record.
    pub(super) fn is_recorded(&self) -> bool {
        self.environments
            .iter()
            .any(|one| one.protected || self.waited_for.contains(&one.name.value))
    }

    /// Why such a run proves nothing all the same.
    pub(super) fn proves_nothing(&self) -> Option<String> {
        if self.written || self.prefix.is_none() || self.resolved.is_none() {
            return Some("what was applied is in no commit".into());
        }
        if self.narrowed {
            return Some(
                "only a part of it was applied (--limit, --tags, --skip-tags, --start-at-task)"
                    .into(),
            );
        }
        let names: Vec<&str> = self.unclean.iter().map(|dirty| dirty.path.as_str()).collect();
        (!names.is_empty()).then(|| format!("the working tree was not clean: {}", listed(&names)))
    }
}

/// The environments that inventories belong to: those whose inventory it is, or is a part of it, or holds it; and for hosts that come
/// from elsewhere those protected ones that have a host of the same name.
fn matching(project: &Project, request: &Request, inventory: &Inventory) -> Vec<Environment> {
    let mut origins = Vec::new();
    for name in &request.inventory {
        origins.extend(project.find_inventory(name).unwrap_or_default());
    }
    if request.inventory.is_empty() {
        origins.extend(project.inventory_files(&[]).into_iter().map(Origin::Path));
    }
    let mut strange = origins.is_empty();
    let mut named = vec![false; project.settings.environments.len()];
    for origin in &origins {
        let mut known = false;
        for (environment, named) in project.settings.environments.iter().zip(&mut named) {
            let theirs = project.inventories(environment).unwrap_or_default();
            let same = theirs.iter().any(|other| overlap(origin, other));
            *named |= same;
            known |= same;
        }
        strange |= !known;
    }
    let environments = project.settings.environments.iter().zip(named);
    let taken = environments.filter(|(environment, named)| {
        *named
            || (strange && environment.protected && shares_hosts(project, environment, inventory))
    });
    taken.map(|(environment, _)| environment.clone()).collect()
}

fn overlap(one: &Origin, other: &Origin) -> bool {
    match (one, other) {
        (Origin::Path(one), Origin::Path(other)) => {
            let (one, other) = (real(one), real(other));
            one.starts_with(&other) || other.starts_with(&one)
        }
        (one, other) => one == other,
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether an environment has a host of one of these names. Inventories that are programs are not run for that.
fn shares_hosts(project: &Project, environment: &Environment, inventory: &Inventory) -> bool {
    let mut origins = project.inventories(environment).unwrap_or_default();
    origins.retain(|origin| match origin {
        Origin::Path(path) => project.loader.kind(path) != Some(FileKind::Program),
        Origin::List(_) => true,
    });
    let (theirs, _) = Inventory::load(&origins, &project.loader);
    theirs.hosts().any(|host| inventory.host(&host.name).is_some())
}

/// The files and folders of an environment's inventories.
fn paths(project: &Project, environment: &Environment) -> Vec<PathBuf> {
    let origins = project.inventories(environment).unwrap_or_default();
    let path = |origin| match origin {
        Origin::Path(path) => Some(path),
        Origin::List(_) => None,
    };
    origins.into_iter().filter_map(path).collect()
}

/// The first of some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(5).copied().collect();
    match names.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Whether a goal applies something.
pub(super) fn applies(goal: Goal) -> bool {
    match goal {
        Goal::Ask | Goal::Yes | Goal::Straight => true,
        Goal::Check | Goal::Plan | Goal::List(Listing { .. }) => false,
    }
}
