//! Planning, the question, applying.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use converge_host::wire::Holder;
use jiff::Timestamp;

use crate::cli::args::Format;
use crate::cli::confirm::{self, Answer};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Goal, Request};
use crate::cli::pager::page;
use crate::cli::run::Resumed;
use crate::cli::run::prepare::Prepared;
use crate::cli::run::rollout::State;
use crate::cli::run::secrets::Prompter;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Listener};
use crate::history::{History, HistoryError, Keeper, Mode as Kind, Writer};
use crate::record::{Collector, Head, Recorder, Story, Totals};
use crate::redact::Redactor;
use crate::report::head;
use crate::report::json;
use crate::report::plan::{self, Style};
use crate::report::progress::{Above, Progress};
use crate::report::screen::Screen;
use crate::report::summary;
use crate::report::tell::{Manner, Teller};
use crate::run::{Mode, Reviewed};

/// What happened, for the document and the exit code.
pub(super) struct Told {
    pub(super) end: End,
    pub(super) plan: Option<json::Told>,
    pub(super) run: Option<json::Told>,
    pub(super) id: Option<String>,
    pub(super) errors: Vec<String>,
}

/// One invocation on its way.
pub(super) struct Flow<'a> {
    pub(super) request: &'a Request,
    pub(super) environment: &'a Environment,
    pub(super) terminal: &'a Terminal,
    pub(super) redactor: &'a Arc<Redactor>,
    pub(super) prompter: &'a Arc<Prompter>,
    pub(super) prepared: &'a Prepared,
    pub(super) started: SystemTime,
    /// The saved plan that is applied, or the run that is gone on with, as the history names it.
    pub(super) saved: Option<String>,
    /// What it is about, with what is found out on the way.
    pub(super) head: RefCell<Head>,
    /// Less than everything is applied, since another run did the rest.
    pub(super) partial: bool,
    /// The rollout that is gone on with.
    pub(super) resumed: Option<State>,
    /// Which part of a rollout is run: hosts are held by the name of the whole then.
    pub(super) part: RefCell<Option<String>>,
}

/// What a walk left.
pub(super) struct Walked {
    pub(super) story: Story,
    pub(super) reviewed: Reviewed,
    pub(super) broken: Option<Diagnostic>,
}

/// The records, and what takes a run back.
struct Both<'a>(&'a Recorder, Option<&'a Keeper>);

impl Listener for Both<'_> {
    fn hear(&self, event: &Event) {
        self.0.hear(event);
        if let Some(keeper) = self.1 {
            keeper.hear(event);
        }
    }
}

impl Told {
    /// Nothing but an end.
    pub(super) fn new(end: End) -> Self {
        Self { end, plan: None, run: None, id: None, errors: Vec::new() }
    }
}

impl<'a> Flow<'a> {
    /// Begins now.
    pub(super) fn new(
        request: &'a Request,
        environment: &'a Environment,
        terminal: &'a Terminal,
        redactor: &'a Arc<Redactor>,
        prompter: &'a Arc<Prompter>,
        prepared: &'a Prepared,
    ) -> Self {
        let (started, saved) = (SystemTime::now(), None);
        let head = RefCell::new(prepared.head.clone());
        let (resumed, part) = (None, RefCell::default());
        let flow = Self {
            request,
            environment,
            terminal,
            redactor,
            prompter,
            prepared,
            started,
            saved,
            head,
            resumed,
            partial: false,
            part,
        };
        flow.survey();
        flow
    }

    /// Goes on with something: hosts that it is through with are left alone.
    pub(super) fn resume(&mut self, resumed: Option<Resumed>) {
        let session = &self.prepared.session;
        match resumed {
            None => {}
            Some(Resumed::Rollout(state)) => self.resumed = Some(*state),
            Some(Resumed::Run(id, resume)) => {
                let plays = session.hosts().map(|(plays, _)| plays).unwrap_or_default();
                let all = plays.into_iter().flat_map(|(_, hosts)| hosts);
                session.set_aside(all.filter(|host| !resume.hosts.contains_key(host)));
                session.resume(resume);
                self.saved = Some(format!("resume {id}"));
                self.partial = true;
            }
        }
    }

    /// Does what the goal says.
    pub(super) fn go(&self) -> Told {
        if matches!(self.request.goal, Goal::Straight | Goal::Yes)
            && let Some(refused) = self.refused()
        {
            return refused;
        }
        match self.request.goal {
            Goal::Straight => return self.apply(None, None, None),
            Goal::Yes => {
                if self.request.output.format == Format::Human {
                    let verbose = self.request.output.verbosity > 0;
                    self.terminal.out(&head::draw(
                        &self.head.borrow(),
                        &[],
                        self.terminal.theme,
                        verbose,
                    ));
                }
                return self.apply(None, None, None);
            }
            Goal::Ask | Goal::Check | Goal::Plan | Goal::List(_) => {}
        }
        let planned = self.plan();
        let totals = planned.story.totals();
        let mut end = match &planned.broken {
            Some(problem) => {
                self.terminal.diagnostics(std::slice::from_ref(problem));
                End::Invalid
            }
            None => planned_end(&totals),
        };
        let mut errors: Vec<String> = Vec::new();
        if let (Some(out), None) = (&self.request.out, &planned.broken) {
            match self.save(&planned, out) {
                Ok(told) => self.terminal.out(&told),
                Err(error) => {
                    self.terminal.error(&error.to_string(), error.help().as_slice());
                    errors.push(error.to_string());
                    end = End::Invalid;
                }
            }
        }
        if planned.broken.is_none()
            && self.request.goal == Goal::Ask
            && totals.pending()
            && let Some(refused) = self.refused()
        {
            let plan = json::Told::new(planned.story);
            let id = self.keep_plan(&plan.story, refused.end);
            return Told { id, plan: Some(plan), ..refused };
        }
        let agreed = planned.broken.is_none() && self.agreed(&totals, &planned.story);
        let plan = json::Told::new(planned.story);
        if agreed {
            let told = self.apply(Some(planned.reviewed), Some(totals.tasks), Some(&plan.story));
            return Told { plan: Some(plan), ..told };
        }
        let id = self.keep_plan(&plan.story, end);
        self.conclude(end, &plan.story, id.as_deref());
        let broken = planned.broken.iter();
        errors
            .extend(broken.map(|problem| self.redactor.redact(&problem.to_string()).into_owned()));
        Told { id, errors, plan: Some(plan), ..Told::new(end) }
    }

    /// Finds out what would change and shows it.
    fn plan(&self) -> Walked {
        let strict = self.request.name == Name::AnsiblePlaybook;
        let progress = self.progress("planning", None);
        let teller = strict.then(|| Arc::new(self.teller(progress.as_ref())));
        let walked = self.walk(Mode::Plan, progress, teller.clone(), None);
        if walked.broken.is_some() {
            return walked;
        }
        if let Some(teller) = teller {
            teller.recap(&walked.story.hosts);
            return walked;
        }
        for warning in &walked.story.warnings {
            self.terminal.warn(warning, &[]);
        }
        if self.request.output.format == Format::Human {
            self.show(&plan::draw(&self.head.borrow(), &walked.story, self.style()));
        }
        self.compare(&walked.story);
        walked
    }

    fn style(&self) -> Style {
        Style { theme: self.terminal.theme, verbose: self.request.output.verbosity > 0 }
    }

    /// Shows a text, in a pager where it is longer than the screen that somebody looks at.
    fn show(&self, text: &str) {
        let long = self.request.output.pager
            && self.terminal.can_ask()
            && Terminal::rows().is_some_and(|rows| text.lines().count() >= rows);
        let pager = self.environment.pager.as_deref().filter(|_| long);
        let paged = pager.is_some_and(|pager| page(pager, &self.redactor.redact(text)));
        if !paged {
            self.terminal.out(text);
        }
    }

    /// Applies what was shown, or straight away where nothing was.
    pub(super) fn apply(
        &self,
        reviewed: Option<Reviewed>,
        tasks: Option<usize>,
        shown: Option<&Story>,
    ) -> Told {
        if let Some((environment, rollout)) = self.rolled() {
            let shown = shown.zip(reviewed.as_ref());
            return self.roll_out(environment, rollout, shown);
        }
        let told = self.apply_once(reviewed, tasks);
        if let Some(run) = &told.run {
            self.conclude(told.end, &run.story, told.id.as_deref());
        }
        told
    }

    /// Applies on all hosts that take part, as one run.
    pub(super) fn apply_once(&self, reviewed: Option<Reviewed>, tasks: Option<usize>) -> Told {
        let begun = Instant::now();
        let writer = self.begin(Kind::Apply);
        let run = writer.as_ref().map(|writer| writer.id().to_owned());
        if self.part.borrow().is_none() {
            self.prepared.session.lease(self.holder(run));
        }
        let progress = self.progress("applying", tasks);
        let human = self.request.output.format == Format::Human;
        let teller = human.then(|| Arc::new(self.teller(progress.as_ref())));
        let walked = self.walk(Mode::Apply { reviewed }, progress, teller.clone(), writer.clone());
        let totals = walked.story.totals();
        let mut end = applied_end(&totals);
        if let Some(teller) = teller {
            teller.recap(&walked.story.hosts);
        }
        let mut errors = Vec::new();
        if let Some(problem) = &walked.broken {
            self.terminal.diagnostics(std::slice::from_ref(problem));
            errors.push(self.redactor.redact(&problem.to_string()).into_owned());
            end = End::Failed;
        }
        let id = writer.as_ref().map(|writer| writer.id().to_owned());
        if human && self.request.name == Name::Converge {
            let mut text = summary::run(&totals, begun.elapsed());
            if let Some(id) = &id {
                text.push_str(&format!(" `converge show {id}` shows it again."));
            }
            self.terminal.out(&format!("{text}\n"));
        }
        self.finish(writer.as_deref(), end, &walked.story);
        Told { id, run: Some(json::Told::new(walked.story)), errors, ..Told::new(end) }
    }

    /// On whose behalf hosts are changed. A run that is not kept has a name all the same.
    pub(super) fn holder(&self, run: Option<String>) -> Holder {
        let began = Timestamp::try_from(self.started).unwrap_or_default();
        Holder {
            run: run.unwrap_or_else(|| format!("{:016x}", rand::random::<u64>())),
            who: self.environment.who.clone(),
            since: began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }

    /// Finds out what would change, and shows nothing but how far it is.
    pub(super) fn look(&self, verb: &'static str, tasks: Option<usize>) -> Walked {
        self.walk(Mode::Plan, self.progress(verb, tasks), None, None)
    }

    /// Does something, and shows nothing of it.
    pub(super) fn quietly(&self, mode: Mode) -> Walked {
        self.walk(mode, None, None, None)
    }

    fn walk(
        &self,
        mode: Mode,
        progress: Option<Arc<Progress>>,
        teller: Option<Arc<Teller>>,
        writer: Option<Arc<Writer>>,
    ) -> Walked {
        let collector = Arc::new(Collector::new());
        let mut recorder = Recorder::new(Arc::clone(self.redactor))
            .all_results(self.request.output.verbosity > 0)
            .to(collector.clone());
        if let Some(teller) = teller {
            recorder = recorder.to(teller);
        }
        if let Some(writer) = &writer {
            recorder = recorder.to(writer.clone());
        }
        if let Some(progress) = &progress {
            recorder = recorder.to(progress.clone());
        }
        self.prompter.beside(progress.clone());
        let keeper = writer.map(|writer| writer.keeper(Arc::clone(self.redactor)));
        let both = Both(&recorder, keeper.as_ref());
        let walked = self.prepared.session.walk(mode, &both);
        self.prompter.beside(None);
        if let Some(progress) = progress {
            progress.finish();
        }
        let mut story = collector.story();
        story.hosts = recorder.recap();
        let aside = self.prepared.session.aside();
        story.hosts.retain(|host, _| !aside.contains(host));
        match walked {
            Ok(ended) => Walked { story, reviewed: ended.planned, broken: None },
            Err(problem) => Walked { story, reviewed: Reviewed::default(), broken: Some(problem) },
        }
    }

    /// Whether what was shown shall be applied. Says so where it shall not.
    fn agreed(&self, totals: &Totals, story: &Story) -> bool {
        if !totals.pending() {
            return false;
        }
        match self.request.goal {
            Goal::Ask if self.terminal.can_ask() => {
                let hosts = if totals.hosts_pending == 1 {
                    "1 host".to_owned()
                } else {
                    format!("{} hosts", totals.hosts_pending)
                };
                let question = format!("\nApply these changes to {hosts}?");
                let show = |host: Option<&str>| {
                    let text = match host {
                        Some(host) => plan::changes(&plan::only(story, host), self.style()),
                        None => plan::changes(story, self.style()),
                    };
                    self.redactor.redact(&text).into_owned()
                };
                let answer = confirm::ask(
                    &question,
                    &plan::names(story),
                    &show,
                    &mut io::stdin().lock(),
                    &mut io::stdout().lock(),
                );
                let yes = matches!(answer, Ok(Answer::Yes));
                if !yes {
                    self.terminal.out("Nothing was applied.\n");
                }
                yes
            }
            Goal::Ask => {
                self.terminal.err(
                    "Nothing was applied: there is no terminal to ask on. Use --yes to apply without asking.\n",
                );
                false
            }
            Goal::Check | Goal::Plan | Goal::List(_) | Goal::Straight | Goal::Yes => false,
        }
    }

    fn teller(&self, progress: Option<&Arc<Progress>>) -> Teller {
        let terminal: Arc<dyn Screen> = Arc::new(self.terminal.clone());
        let screen = match progress {
            Some(progress) => Arc::new(Above::new(Arc::clone(progress), terminal)),
            None => terminal,
        };
        let strict = self.request.name == Name::AnsiblePlaybook;
        let output = self.request.output;
        let watched = self.terminal.is_watched();
        let manner = Manner {
            theme: self.terminal.theme,
            width: if watched { Terminal::size().0 } else { Manner::default().width },
            verbosity: output.verbosity,
            diff: output.diff,
            brief: watched && !strict && output.verbosity == 0,
            strict,
        };
        Teller::new(screen, manner)
    }

    fn progress(&self, verb: &'static str, tasks: Option<usize>) -> Option<Arc<Progress>> {
        if self.request.name == Name::AnsiblePlaybook || !self.terminal.shows_progress() {
            return None;
        }
        let (columns, rows) = Terminal::size();
        Some(Arc::new(Progress::new(verb, tasks, columns, rows)))
    }

    fn begin(&self, kind: Kind) -> Option<Arc<Writer>> {
        let mut head = self.head.borrow().clone();
        head.options.extend(self.saved.clone());
        head.options.extend(self.part.borrow().clone());
        let writer = History::open(&self.environment.history)
            .and_then(|history| history.begin(&head, kind, self.started));
        match writer {
            Ok(writer) => Some(Arc::new(writer)),
            Err(error) => {
                self.warn_of_history(&error);
                None
            }
        }
    }

    fn finish(&self, writer: Option<&Writer>, end: End, story: &Story) {
        let Some(writer) = writer else { return };
        let code = end.code(self.request.name);
        if let Err(error) = writer.finish(end.word(), code, &story.hosts, SystemTime::now()) {
            self.warn_of_history(&error);
        }
    }

    fn keep_plan(&self, story: &Story, end: End) -> Option<String> {
        let kind = match self.request.goal {
            Goal::Check => Kind::Check,
            Goal::Yes => Kind::Apply,
            _ => Kind::Plan,
        };
        let writer = self.begin(kind)?;
        writer.tell(story);
        self.finish(Some(&writer), end, story);
        Some(writer.id().to_owned())
    }

    fn warn_of_history(&self, error: &HistoryError) {
        let help: Vec<String> = error.help().into_iter().collect();
        self.terminal.warn(&format!("this run is not kept: {error}"), &help);
    }
}

/// How planning ended.
fn planned_end(totals: &Totals) -> End {
    let pending = match (totals.changes + totals.commands, totals.unknown) {
        (0, 0) => End::Unchanged,
        (0, _) => End::Unknown,
        _ => End::Pending,
    };
    trouble(totals).unwrap_or(pending)
}

/// How applying ended.
fn applied_end(totals: &Totals) -> End {
    let done = if totals.pending() { End::Applied } else { End::Unchanged };
    trouble(totals).unwrap_or(done)
}

fn trouble(totals: &Totals) -> Option<End> {
    let failed = (totals.failed > 0).then_some(End::Failed);
    let unreachable = (totals.unreachable > 0).then_some(End::Unreachable);
    failed.into_iter().chain(unreachable).min()
}

#[cfg(test)]
mod tests {
    use super::{applied_end, planned_end};
    use crate::cli::exit::End;
    use crate::record::Totals;

    #[test]
    fn ends_from_totals() {
        let quiet = Totals::default();
        let busy = Totals { changes: 1, ..quiet };
        assert_eq!((planned_end(&quiet), applied_end(&quiet)), (End::Unchanged, End::Unchanged));
        assert_eq!((planned_end(&busy), applied_end(&busy)), (End::Pending, End::Applied));
        let gone = Totals { unreachable: 1, ..busy };
        assert_eq!((planned_end(&gone), applied_end(&gone)), (End::Unreachable, End::Unreachable));
        let failed = Totals { failed: 1, ..gone };
        assert_eq!((planned_end(&failed), applied_end(&failed)), (End::Failed, End::Failed));
        assert_eq!(planned_end(&Totals { unknown: 1, ..quiet }), End::Unknown);
        assert_eq!(planned_end(&Totals { unknown: 1, ..busy }), End::Pending);
        assert_eq!(planned_end(&Totals { commands: 1, ..quiet }), End::Pending);
    }
}
