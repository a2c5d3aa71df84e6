//! `converge apply FILE`: a saved plan is held against what is, and applied as it is or not at all.
//!
//! First the file, then the project, then the hosts: everything is planned once more and compared, before anything is done anywhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cli::args::{ApplyArgs, Format};
use crate::cli::at::Checkout;
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::Output;
use crate::cli::project::Project;
use crate::cli::run::answer;
use crate::cli::run::flow::{Flow, Told};
use crate::cli::run::kept::Kept;
use crate::cli::run::prepare::{Refused, prepare};
use crate::cli::run::refusal::Refusal;
use crate::cli::run::secrets::Prompter;
use crate::cli::terminal::Terminal;
use crate::git;
use crate::record::Head;
use crate::redact::Redactor;
use crate::report::head;
use crate::report::screen::Screen as _;
use crate::saved::{self, Machine, PlanKey, Saved, SavedError};

/// Applies a saved plan.
pub(crate) fn apply(args: ApplyArgs, environment: &Environment, redactor: &Arc<Redactor>) -> End {
    let output = Output::new(&args.output);
    let terminal = Terminal::new(Arc::clone(redactor), output.color)
        .answer_only(output.format == Format::Json);
    let applying = Applying { args: &args, environment, terminal: &terminal, redactor };
    let mut about = Head::default();
    let told = applying.go(&mut about).unwrap_or_else(|refusal| {
        let errors = vec![redactor.redact(&refusal.tell(&terminal)).into_owned()];
        Told { errors, ..Told::new(refusal.end) }
    });
    let end = told.end;
    answer(output.format, Name::Converge, &terminal, about, told);
    end
}

struct Applying<'a> {
    args: &'a ApplyArgs,
    environment: &'a Environment,
    terminal: &'a Terminal,
    redactor: &'a Arc<Redactor>,
}

impl Applying<'_> {
    fn go(&self, about: &mut Head) -> Result<Told, Refusal> {
        let environment = self.environment;
        let key = PlanKey::open(environment.state.as_deref(), environment.plan_key.as_deref())?;
        let path = environment.here.join(&self.args.file);
        let plan = saved::read(&path, Some(&key))?;
        if !plan.verified {
            return Err(SavedError::OtherKey { path }.into());
        }
        about.clone_from(&plan.about.head);
        self.refuse_spent(&plan)?;
        let kept: Kept = serde_json::from_value(plan.about.options.clone()).map_err(|error| {
            SavedError::NoPlan { path: path.clone(), why: format!("its options: {error}") }
        })?;
        let environment = match &kept.at {
            Some(commit) => {
                let checkout = Checkout::new(environment, commit);
                &environment.at(checkout.map_err(|problem| Refusal::invalid(vec![problem]))?)
            }
            None => environment,
        };
        let (project, _) = Project::of(environment, self.redactor).map_err(Refusal::invalid)?;
        same_project(&plan, &project.origin, environment.at.is_some())?;
        same_inputs(&plan, &project, &key)?;
        let request = kept.request(&plan.about.head, self.args, &key).map_err(|why| {
            let file = self.args.file.display();
            Refusal::of(why).help(format!(
                "give the same variables again: `converge apply {file} --extra-vars …`"
            ))
        })?;
        let here = Environment { here: project.root().to_owned(), ..environment.clone() };
        let prompter = Arc::new(Prompter::new(Arc::clone(self.redactor)));
        let prepared = prepare(&request, &here, self.terminal, self.redactor, &prompter).map_err(
            |Refused { end, diagnostics }| Refusal { end, ..Refusal::invalid(diagnostics) },
        )?;
        if !kept.answered_alike(prepared.session.answers(), &key) {
            return Err(Refusal::of(
                "the answers are not those that the plan was made with".into(),
            ));
        }
        let mut flow =
            Flow::new(&request, &here, self.terminal, self.redactor, &prompter, &prepared);
        flow.saved = Some(format!("plan {}", short(&plan.id)));
        self.hold(&plan, &flow, &key)
    }

    /// Plans once more and applies where nothing moved.
    fn hold(&self, plan: &Saved, flow: &Flow<'_>, key: &PlanKey) -> Result<Told, Refusal> {
        let tasks = plan.story.totals().tasks;
        let looked = flow.look("comparing", Some(tasks));
        if let Some(problem) = looked.broken {
            return Err(Refusal::invalid(vec![problem]));
        }
        let now = flow.as_saved(&looked, key);
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        for lost in &plan.story.lost {
            let message =
                format!("{} is left out: it was out of reach when the plan was made", lost.host);
            self.terminal.warn(&message, &[]);
            left_out.insert(lost.host.clone());
        }
        for lost in now.story.lost.iter().filter(|lost| !left_out.contains(&lost.host)) {
            self.terminal.warn(&format!("{} is left out: {}", lost.host, lost.message), &lost.help);
        }
        left_out.extend(now.story.lost.iter().map(|lost| lost.host.clone()));
        if !plan.machines.is_empty()
            && plan.machines.iter().all(|machine| left_out.contains(&machine.host))
        {
            let refusal = Refusal::of("no host of the plan can be reached".into());
            return Err(Refusal { end: End::Unreachable, ..refusal }
                .help("the plan was not applied, and can still be".into()));
        }
        self.refuse_moved(plan, &now, &left_out)?;
        if let Some(refused) = flow.refused() {
            return Ok(refused);
        }
        self.spend(plan)?;
        let mut reviewed = looked.reviewed;
        reviewed.leave_out(left_out.iter().cloned());
        if flow.request.output.format == Format::Human {
            let verbose = flow.request.output.verbosity > 0;
            let text = head::draw(&plan.about.head, &[], self.terminal.theme, verbose);
            self.terminal.out(&text);
        }
        let mut told = flow.apply(Some(reviewed), Some(tasks), Some(&now.story));
        if !left_out.is_empty() {
            told.end = told.end.min(End::Unreachable);
        }
        if !matches!(told.end, End::Applied | End::Unchanged) {
            self.terminal.err(&format!(
                "The plan is spent. What is left is planned by `{}`.\n",
                again(&plan.about.head)
            ));
        }
        Ok(told)
    }

    fn refuse_spent(&self, plan: &Saved) -> Result<(), Refusal> {
        let state = self.state()?;
        match saved::spent(state, &plan.id) {
            Ok(None) => Ok(()),
            Ok(Some(note)) => Err(already(plan, &note)),
            Err(error) => Err(unmarked(&error)),
        }
    }

    /// Nobody else can apply the plan from here on.
    fn spend(&self, plan: &Saved) -> Result<(), Refusal> {
        let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let note = format!("{}", now.strftime("%Y-%m-%d %H:%M:%S UTC"));
        match saved::spend(self.state()?, &plan.id, &note) {
            Ok(true) => Ok(()),
            Ok(false) => Err(already(plan, "just now, by another process")),
            Err(error) => Err(unmarked(&error)),
        }
    }

    fn state(&self) -> Result<&Path, Refusal> {
        self.environment.state.as_deref().ok_or_else(|| {
            unmarked(&std::io::Error::other("there is no folder for the state of converge"))
        })
    }

    /// The hosts are what they were, and what would be done is what was planned.
    fn refuse_moved(
        &self,
        plan: &Saved,
        now: &Saved,
        left_out: &BTreeSet<String>,
    ) -> Result<(), Refusal> {
        let mut moved = Vec::new();
        for then in plan.machines.iter().filter(|then| !left_out.contains(&then.host)) {
            let host = &then.host;
            match now.machines.iter().find(|now| now.host == *host) {
                Some(now) => moved.extend(other_machine(then, now)),
                None => moved.push(format!("{host}: it is not asked any more")),
            }
        }
        if moved.is_empty() {
            let known: BTreeSet<&str> =
                plan.inputs.iter().map(|input| input.path.as_str()).collect();
            let new = now.inputs.iter().filter(|input| !known.contains(input.path.as_str()));
            moved.extend(
                new.map(|input| format!("{}: it is read now, and was not then", input.path)),
            );
        }
        if moved.is_empty() {
            let told = saved::differences(&plan.steps, &now.steps, left_out);
            moved.extend(told.iter().map(|one| {
                format!(
                    "{}: {} ({})\n    planned: {}\n    now:     {}",
                    one.host, one.object, one.place, one.planned, one.now
                )
            }));
        }
        refuse(plan, "what the plan rests on has moved", moved)
    }
}

/// Why a host is not the machine that was planned for, if so.
fn other_machine(then: &Machine, now: &Machine) -> Option<String> {
    let what = if now.machine != then.machine {
        "its machine id".to_owned()
    } else if now.host_key != then.host_key {
        let word = |key: &Option<String>| key.clone().unwrap_or_else(|| "none".to_owned());
        format!("its SSH host key: it was {}, and is {}", word(&then.host_key), word(&now.host_key))
    } else {
        return None;
    };
    Some(format!("{}: it is another machine, or was set up anew ({what})", then.host))
}

/// The project is the one that the plan was made in, at the same commit; or that commit was written out.
fn same_project(plan: &Saved, root: &Path, written_out: bool) -> Result<(), Refusal> {
    let head = &plan.about.head;
    let other = || {
        Refusal::of(format!("the plan was made in another project: `{}`", head.project))
            .help("call converge in that project".into())
    };
    let prefix = git::prefix(root).map(|prefix| prefix.display().to_string());
    if prefix != plan.about.prefix {
        return Err(other());
    }
    let then = head.revision.as_ref().and_then(|revision| revision.commit.as_deref());
    let Some(then) = then else {
        return if Path::new(&head.project) == root { Ok(()) } else { Err(other()) };
    };
    let revision = git::revision(root).ok().flatten().unwrap_or_default();
    match revision.commit.as_deref() {
        _ if written_out => Ok(()),
        Some(now) if now == then => Ok(()),
        _ if !git::has_commit(root, then) => Err(other()),
        now => {
            let digits = |commit: &str| commit.chars().take(10).collect::<String>();
            let now = now.map_or_else(|| "no commit".to_owned(), digits);
            let moved =
                format!("the project: at commit {now}, and the plan was made at {}", digits(then));
            refuse(plan, "what the plan rests on has moved", vec![moved])
        }
    }
}

/// Every file that was read is as it was.
fn same_inputs(plan: &Saved, project: &Project, key: &PlanKey) -> Result<(), Refusal> {
    let mut moved = Vec::new();
    for input in &plan.inputs {
        match std::fs::read(project.root().join(&input.path)) {
            Ok(bytes) => {
                let digest = converge_host::blob::Digest::of(&bytes);
                if key.digest("input", &digest.0) != input.digest {
                    moved.push(format!("{}: its content is another", input.path));
                }
            }
            Err(error) => moved.push(format!("{}: {error}", input.path)),
        }
    }
    refuse(plan, "what the plan was made of has moved", moved)
}

/// How many of the objects that moved are named.
const NAMED: usize = 20;

fn refuse(plan: &Saved, what: &str, moved: Vec<String>) -> Result<(), Refusal> {
    if moved.is_empty() {
        return Ok(());
    }
    let mut message = format!("{what}; nothing was applied");
    for one in moved.iter().take(NAMED) {
        message.push_str(&format!("\n  {one}"));
    }
    if moved.len() > NAMED {
        message.push_str(&format!("\n  … and {} more", moved.len() - NAMED));
    }
    Err(Refusal::of(message).help(format!("make a new plan: `{}`", again(&plan.about.head))))
}

fn already(plan: &Saved, note: &str) -> Refusal {
    Refusal::of(format!("the plan was applied already ({note}); each is applied once"))
        .help(format!("make a new plan: `{}`", again(&plan.about.head)))
}

fn unmarked(error: &std::io::Error) -> Refusal {
    let message = format!("nobody can tell whether the plan was applied already: {error}");
    Refusal { end: End::Invalid, ..Refusal::of(message) }
}

/// The command that makes the plan anew.
fn again(head: &Head) -> String {
    let mut words = vec!["converge plan".to_owned()];
    words.extend(head.playbooks.iter().cloned());
    words.extend(head.inventory.iter().map(|name| format!("-i {name}")));
    words.extend(head.options.iter().cloned());
    words.push("-o FILE".into());
    words.join(" ")
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}
