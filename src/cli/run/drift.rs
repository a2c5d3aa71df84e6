//! `converge drift`: what was applied to each host last is planned again, and what the project says now beside it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::options::{Request, Selection};
use crate::cli::project::refuse_errors;
use crate::cli::run::flow::{Flow, Walked};
use crate::cli::run::prepare::{Prepared, Refused, prepare};
use crate::cli::run::promote::passes_of;
use crate::cli::run::secrets::Prompter;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::drift::{Applied, Class, Host, Item, Report, Rules, SCHEMA, beyond, items};
use crate::git;
use crate::history::{History, HistoryError};
use crate::promotion::Pass;
use crate::record::{Head, Story};
use crate::redact::Redactor;

/// A check on its way.
pub(crate) struct Checking<'a> {
    pub(crate) request: &'a Request,
    pub(crate) environment: &'a Environment,
    pub(crate) terminal: &'a Terminal,
    pub(crate) redactor: &'a Arc<Redactor>,
    /// Where it is remembered what was applied.
    pub(crate) history: &'a History,
    /// What was applied to every host, where somebody says so.
    pub(crate) applied: Option<&'a str>,
}

/// What a host is held to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    /// To a commit.
    To(String),
    /// To the project as it is, which is what was applied.
    Here,
    /// To nothing: nothing is known to have been applied.
    Nothing,
}

impl Checking<'_> {
    /// Looks at every host. The report has not been compared with earlier ones.
    pub(crate) fn check(&self) -> Result<Report, Refused> {
        let (started, begun) = (SystemTime::now(), Instant::now());
        let prompter = Arc::new(Prompter::new(Arc::clone(self.redactor)));
        let prepared = self.prepare(self.request, self.environment, &prompter)?;
        let (rules, told) = Rules::load(&prepared.loader);
        let told = refuse_errors(told).map_err(invalid)?;
        self.terminal.diagnostics(&told);
        let names = names(&prepared)?;
        let applied = self.applied(&prepared, &names)?;
        let mut report = begin(&prepared.head, started);
        report.hosts = names.iter().map(|name| host(name, &applied)).collect();
        report.warnings = report.hosts.iter().filter_map(uncommitted).collect();

        let now = self.look(self.request, self.environment, &prompter, &prepared)?;
        let mut found: Vec<Item> = Vec::new();
        note_lost(&mut report, &now);
        for (held, hosts) in groups(&report.hosts, &prepared.head) {
            let of_these = |item: &Item| hosts.contains(&item.host);
            let here = |class| items(&now, class).into_iter().filter(of_these);
            match held {
                Held::Here => found.extend(here(Class::Drift)),
                Held::Nothing => {
                    found.extend(here(Class::Pending));
                    // Of a host out of reach nothing is known anyway.
                    let reached = |host: &&String| !report.is_lost(host);
                    found.extend(hosts.iter().filter(reached).map(|host| nothing_applied(host)));
                }
                Held::To(commit) => {
                    let pending: Vec<Item> = here(Class::Pending).collect();
                    match self.at(&commit, &hosts, &prompter) {
                        Ok(then) => {
                            note_lost(&mut report, &then);
                            let drifted: Vec<Item> =
                                items(&then, Class::Drift).into_iter().filter(of_these).collect();
                            found.extend(beyond(pending, &drifted));
                            found.extend(drifted);
                        }
                        Err(problem) => {
                            found.extend(pending);
                            found.extend(hosts.iter().map(|host| gone(host, &commit, &problem)));
                        }
                    }
                }
            }
        }
        // Stable: within a class the order of the tasks stays.
        let place = |item: &Item| names.iter().position(|name| *name == item.host);
        found.sort_by_key(|item| (place(item), item.class));
        let today = Timestamp::try_from(started).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        report.warnings.extend(rules.apply(&mut found, today));
        report.items = found;
        report.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(report)
    }

    fn prepare(
        &self,
        request: &Request,
        environment: &Environment,
        prompter: &Arc<Prompter>,
    ) -> Result<Prepared, Refused> {
        prepare(request, environment, self.terminal, self.redactor, prompter)
    }

    /// What would change.
    fn look(
        &self,
        request: &Request,
        environment: &Environment,
        prompter: &Arc<Prompter>,
        prepared: &Prepared,
    ) -> Result<Story, Refused> {
        let flow =
            Flow::new(request, environment, self.terminal, self.redactor, prompter, prepared);
        let Walked { story, broken, .. } = flow.look("checking", None);
        broken.map_or(Ok(story), |problem| Err(invalid(vec![problem])))
    }

    /// What would change on some hosts if a commit were applied to them.
    fn at(
        &self,
        commit: &str,
        hosts: &[String],
        prompter: &Arc<Prompter>,
    ) -> Result<Story, String> {
        let limit = Some(hosts.join(","));
        let selection = Selection { limit, ..self.request.selection.clone() };
        let request = Request { at: Some(commit.to_owned()), selection, ..self.request.clone() };
        let first = |refused: Refused| {
            let told = refused.diagnostics.first().map(ToString::to_string).unwrap_or_default();
            self.redactor.redact(&told).into_owned()
        };
        let (request, environment) = super::at(&request, self.environment, self.terminal)
            .map_err(|problem| first(invalid(vec![problem])))?;
        let prepared = self.prepare(&request, &environment, prompter).map_err(first)?;
        self.look(&request, &environment, prompter, &prepared).map_err(first)
    }

    /// What was applied to each host last: as the history here says, or the records in git of what others did.
    fn applied(
        &self,
        prepared: &Prepared,
        names: &[String],
    ) -> Result<BTreeMap<String, Applied>, Refused> {
        let Some(revision) = self.applied else {
            let mut applied =
                self.history.applied(&prepared.head).map_err(|error| unreadable(&error))?;
            let guard = prepared.guard.iter();
            let named = guard.flat_map(|guard| {
                let names = guard.environments.iter().map(|one| &one.name.value);
                names.flat_map(|name| passes_of(guard, name))
            });
            named.for_each(|pass| note_pass(&mut applied, pass, &prepared.head));
            return Ok(applied);
        };
        let resolved = git::resolve(&self.environment.here, revision)
            .map_err(|error| invalid(vec![Diagnostic::error(error.to_string())]))?;
        let said = Applied { commit: Some(resolved.commit), ..Applied::default() };
        Ok(names.iter().map(|name| (name.clone(), said.clone())).collect())
    }
}

/// The hosts of all plays, in their order.
fn names(prepared: &Prepared) -> Result<Vec<String>, Refused> {
    let (plays, _) = prepared.session.hosts().map_err(|problem| invalid(vec![problem]))?;
    let mut names: Vec<String> = Vec::new();
    for host in plays.into_iter().flat_map(|(_, hosts)| hosts) {
        if !names.contains(&host) {
            names.push(host);
        }
    }
    Ok(names)
}

fn begin(head: &Head, started: SystemTime) -> Report {
    let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    Report {
        schema: SCHEMA,
        taken_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        project: head.project.clone(),
        revision: head.revision.clone(),
        inventory: head.inventory.clone(),
        playbooks: head.playbooks.clone(),
        ..Report::default()
    }
}

fn host(name: &str, applied: &BTreeMap<String, Applied>) -> Host {
    Host { name: name.to_owned(), applied: applied.get(name).cloned(), ..Host::default() }
}

/// Takes in that a commit passed, where that is the newest that is known of a host.
fn note_pass(applied: &mut BTreeMap<String, Applied>, pass: Pass, about: &Head) {
    if pass.playbooks != about.playbooks {
        return;
    }
    let at_ms = pass.at.as_millisecond();
    for host in pass.hosts {
        if applied.get(&host).is_none_or(|known| known.at_ms < at_ms && known.run != pass.run) {
            let (run, commit) = (pass.run.clone(), Some(pass.commit.clone()));
            applied.insert(host, Applied { run, commit, dirty: false, at_ms });
        }
    }
}

/// What is to be said of a host that was not left as a commit says.
fn uncommitted(host: &Host) -> Option<String> {
    let applied = host.applied.as_ref().filter(|applied| applied.dirty)?;
    Some(format!(
        "{}: run {} applied changes that were not committed; they count as drift",
        host.name, applied.run
    ))
}

/// Hosts by what they are held to.
fn groups(hosts: &[Host], head: &Head) -> BTreeMap<Held, Vec<String>> {
    let now = head.revision.as_ref();
    let clean = now.is_some_and(|revision| revision.dirty.is_empty());
    let mut groups: BTreeMap<Held, Vec<String>> = BTreeMap::new();
    for host in hosts {
        let held = match &host.applied {
            None => Held::Nothing,
            Some(Applied { commit: None, .. }) => Held::Here,
            Some(Applied { commit: Some(commit), .. }) => {
                let same = now.and_then(|revision| revision.commit.as_ref()) == Some(commit);
                if same && clean { Held::Here } else { Held::To(commit.clone()) }
            }
        };
        groups.entry(held).or_default().push(host.name.clone());
    }
    groups
}

fn note_lost(report: &mut Report, story: &Story) {
    for lost in story.lost.iter().filter(|lost| !lost.ignored) {
        let host = report.hosts.iter_mut().find(|host| host.name == lost.host);
        if let Some(host) = host {
            host.unreachable.get_or_insert_with(|| lost.message.clone());
        }
    }
}

/// A host of which nobody knows how it was left.
fn nothing_applied(host: &str) -> Item {
    let fact = "nothing is known to have been applied to it; --applied REV says what was";
    unknown(host, "what was applied", fact.to_owned())
}

/// A host that was left as a commit says that can't be planned any more.
fn gone(host: &str, commit: &str, why: &str) -> Item {
    let short = commit.get(..7).unwrap_or(commit);
    unknown(host, &format!("commit {short}"), format!("it can't be planned: {why}"))
}

fn unknown(host: &str, resource: &str, fact: String) -> Item {
    Item {
        class: Class::Unknown,
        host: host.to_owned(),
        resource: resource.to_owned(),
        attribute: "state".to_owned(),
        fact: Some(fact),
        diff: None,
        line: None,
        task: "what was applied".to_owned(),
        place: String::new(),
        since_ms: 0,
        ignored: None,
    }
}

fn unreadable(error: &HistoryError) -> Refused {
    let problem = Diagnostic::error(format!("it can't be told what was applied: {error}"));
    let help = "`--applied REV` says what was applied to every host".to_owned();
    invalid(vec![problem.help(error.help().unwrap_or(help))])
}

fn invalid(diagnostics: Vec<Diagnostic>) -> Refused {
    Refused { end: End::Invalid, diagnostics }
}
