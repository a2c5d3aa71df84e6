//! `converge promote` and `converge rollout`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::args::{
    AbortArgs, ApplyArgs, Format, PromoteArgs, ReachArgs, ResumeArgs, RolloutArgs, RolloutCommand,
    SharedArgs, StatusArgs,
};
use crate::cli::at::Checkout;
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Goal, Output, Request};
use crate::cli::project::Project;
use crate::cli::run::flow::{Flow, Told};
use crate::cli::run::kept::Kept as Options;
use crate::cli::run::prepare::{Refused, prepare};
use crate::cli::run::rollout::state::{self, Kept, Shelf, Stage, State};
use crate::cli::run::secrets::Prompter;
use crate::cli::run::{Resumed, answer, run, run_resumed};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, nearest};
use crate::promotion::items;
use crate::record::Head;
use crate::redact::Redactor;
use crate::report::hosts;
use crate::report::screen::Screen as _;
use crate::report::theme::Label;
use crate::saved::PlanKey;

/// Applies to one environment what has passed another: checks that it did and still is what it was, plans, asks, rolls out.
pub(crate) fn promote(args: PromoteArgs, around: &Environment, redactor: &Arc<Redactor>) -> End {
    let output = Output::new(&args.shared.reach.output);
    let terminal = Terminal::new(Arc::clone(redactor), output.color)
        .answer_only(output.format == Format::Json);
    match promoted(args, around, redactor, &terminal) {
        Ok(end) => end,
        Err((end, problems)) => {
            terminal.diagnostics(&problems);
            let errors = problems.iter().map(ToString::to_string).collect();
            let told = Told { errors, ..Told::new(end) };
            answer(output.format, Name::Converge, &terminal, Head::default(), told);
            end
        }
    }
}

fn promoted(
    args: PromoteArgs,
    around: &Environment,
    redactor: &Arc<Redactor>,
    terminal: &Terminal,
) -> Result<End, (End, Vec<Diagnostic>)> {
    let invalid = |problem: Diagnostic| (End::Invalid, vec![problem]);
    let checkout = Checkout::new(around, &args.at).map_err(invalid)?;
    let commit = checkout.resolved.commit.clone();
    let written_out = around.at(checkout);
    let (project, warnings) =
        Project::of(&written_out, redactor).map_err(|problems| (End::Invalid, problems))?;
    terminal.diagnostics(&warnings);
    let known = |name: &str| {
        project.settings.get(name).ok_or_else(|| {
            let problem = Diagnostic::error(format!("there is no environment `{name}`"));
            match nearest(name, project.settings.names()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("declare it in `converge.toml`"),
            }
        })
    };
    known(&args.from).map_err(invalid)?;
    let to = known(&args.to).map_err(invalid)?;
    if !to.after.iter().any(|after| after.value == args.from) {
        let message = format!("`{}` does not come after `{}`", args.to, args.from);
        let problem = Diagnostic::error(message).at(&to.name.span, "");
        return Err(invalid(problem.help(format!("add `after = \"{}\"` there", args.from))));
    }
    // What is written is the commit, not how it was called: a branch may move on meanwhile.
    let request = |inventory: &str, shared: SharedArgs| Request {
        inventory: vec![inventory.to_owned()],
        at: Some(commit.clone()),
        ..Request::new(shared.into_run(), Name::Converge)
    };
    let PromoteArgs { from, to, shared, .. } = args;
    let to = request(&to, shared);
    let from_request = Request {
        inventory: vec![from.clone()],
        goal: Goal::Check,
        overriding: None,
        ..to.clone()
    };
    if to.overriding.is_none() {
        still(&from, &from_request, &written_out, redactor, terminal)?;
    }
    Ok(run(&to, around, terminal, redactor))
}

/// Whether an environment still is as it was when the commit passed: nothing would change there.
fn still(
    from: &str,
    request: &Request,
    around: &Environment,
    redactor: &Arc<Redactor>,
    terminal: &Terminal,
) -> Result<(), (End, Vec<Diagnostic>)> {
    let prompter = Arc::new(Prompter::new(Arc::clone(redactor)));
    let prepared = prepare(request, around, terminal, redactor, &prompter)
        .map_err(|Refused { end, diagnostics }| (end, diagnostics))?;
    let flow = Flow::new(request, around, terminal, redactor, &prompter, &prepared);
    let looked = flow.look("checking", None);
    if let Some(problem) = looked.broken {
        return Err((End::Invalid, vec![problem]));
    }
    let totals = looked.story.totals();
    let refuse =
        |what: String, help: String| Err((End::Refused, vec![Diagnostic::error(what).help(help)]));
    if totals.unreachable > 0 {
        let lost: Vec<&str> = looked.story.lost.iter().map(|lost| lost.host.as_str()).collect();
        return refuse(
            format!("`{from}` can't be looked at: {} can't be reached", hosts::list(&lost, false)),
            "nothing was applied; bring it back, or apply without that look: `converge -i …`"
                .into(),
        );
    }
    if totals.pending() || totals.failed > 0 {
        let moved = items(&looked.story);
        let moved = moved
            .iter()
            .take(5)
            .map(|item| format!("{}  {}  ({})", item.task, item.what, item.hosts.join(", ")));
        let moved: Vec<String> = moved.collect();
        return refuse(
            format!(
                "`{from}` is not as this commit left it, so nothing was applied:\n  {}",
                moved.join("\n  ")
            ),
            format!("let it pass: `converge -i {from}`"),
        );
    }
    Ok(())
}

/// Shows rollouts, goes on with one, or gives it up.
pub(crate) fn rollout(args: RolloutArgs, around: &Environment, redactor: &Arc<Redactor>) -> End {
    let color = match &args.command {
        RolloutCommand::Resume(args) => args.shared.reach.output.color,
        _ => crate::cli::args::ColorArg::Auto,
    };
    let terminal = Terminal::new(Arc::clone(redactor), color);
    let done = match args.command {
        RolloutCommand::Status(args) => status(&args, around, &terminal),
        RolloutCommand::Abort(args) => abort(&args, around, &terminal),
        RolloutCommand::Resume(args) => resume(*args, around, redactor, &terminal),
    };
    done.unwrap_or_else(|problem| {
        terminal.diagnostics(&[problem]);
        End::Invalid
    })
}

fn shelf(around: &Environment) -> Result<Shelf<'_>, Diagnostic> {
    Shelf::of(around).ok_or_else(|| {
        Diagnostic::error("there is no folder for the state of converge")
            .help("set HOME or XDG_STATE_HOME")
    })
}

fn known(around: &Environment, terminal: &Terminal) -> Result<Vec<State>, Diagnostic> {
    let (known, unread) = state::all(shelf(around)?)
        .map_err(|error| Diagnostic::error(format!("rollouts can't be read: {error}")))?;
    unread.iter().for_each(|why| terminal.warn(&format!("a rollout can't be read: {why}"), &[]));
    Ok(known)
}

/// The rollout of a name, or the only one that is not over.
fn find(known: Vec<State>, id: Option<&str>) -> Result<State, Diagnostic> {
    let names: Vec<String> = known.iter().map(|one| one.id.clone()).collect();
    let mut found: Vec<State> = match id {
        Some(id) => known.into_iter().filter(|one| one.id == id).collect(),
        None => known.into_iter().filter(State::is_open).collect(),
    };
    match (found.len(), id) {
        (1, _) => Ok(found.remove(0)),
        (0, None) => Err(Diagnostic::error("no rollout is stopped or under way")),
        (_, Some(id)) => {
            let problem = Diagnostic::error(format!("there is no rollout `{id}`"));
            Err(match nearest(id, names.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`converge rollout status` lists them"),
            })
        }
        (_, None) => {
            let open: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
            Err(Diagnostic::error(format!("which rollout? there are {}", open.join(", "))))
        }
    }
}

fn status(args: &StatusArgs, around: &Environment, terminal: &Terminal) -> Result<End, Diagnostic> {
    let known = known(around, terminal)?;
    let shown: Vec<State> = match &args.id {
        Some(id) => vec![find(known, Some(id))?],
        None => known.into_iter().filter(State::is_open).collect(),
    };
    if args.json {
        let text = serde_json::to_string_pretty(&shown).unwrap_or_default();
        terminal.answer(&format!("{text}\n"));
        return Ok(End::Shown);
    }
    if shown.is_empty() {
        terminal.out("No rollout is stopped or under way.\n");
    }
    let shelf = shelf(around)?;
    for one in &shown {
        let text = draw(one, state::is_alive(shelf, &one.id));
        terminal.out(&terminal.theme.paint(Label::Plain, &text));
    }
    Ok(End::Shown)
}

fn draw(state: &State, alive: bool) -> String {
    let stage = match state.stage {
        Stage::Running if alive => "under way",
        Stage::Running => "interrupted: nobody runs it any more",
        Stage::Stopped => "stopped",
        Stage::Done => "done",
        Stage::Aborted => "given up",
    };
    let short = state.head.revision.as_ref().and_then(|revision| revision.short.as_deref());
    let mut text = format!(
        "{}: {stage}\n  {} at {}, since {} by {}\n",
        state.id,
        state.environment,
        short.unwrap_or("no commit"),
        state.since,
        state.who
    );
    if let Some(why) = &state.why {
        text.push_str(&format!("  why        {why}\n"));
    }
    let untouched = state.untouched();
    let done: Vec<&str> = state.done.iter().map(String::as_str).collect();
    let failed: Vec<&str> = state.failed.iter().map(String::as_str).collect();
    let waiting: Vec<&str> = untouched.into_iter().filter(|host| !done.contains(host)).collect();
    for (name, names) in [("done", done), ("failed", failed), ("waiting", waiting)] {
        if !names.is_empty() {
            text.push_str(&format!("  {name:<10} {}\n", hosts::list(&names, false)));
        }
    }
    text
}

fn abort(args: &AbortArgs, around: &Environment, terminal: &Terminal) -> Result<End, Diagnostic> {
    let mut state = find(known(around, terminal)?, args.id.as_deref())?;
    let id = state.id.clone();
    let refuse = |why: String| {
        Err(Diagnostic::error(format!("the rollout `{id}` can't be given up: {why}")))
    };
    if !state.is_open() {
        return refuse("it is over".into());
    }
    let kept = match Kept::take(shelf(around)?, &state.id) {
        Ok(kept) => kept,
        Err(error) => return refuse(error.to_string()),
    };
    state.stage = Stage::Aborted;
    if let Err(error) = kept.write(&mut state) {
        return refuse(error.to_string());
    }
    terminal.out(&format!("{} is given up. Hosts stay as they are.\n", state.id));
    Ok(End::Applied)
}

fn resume(
    args: ResumeArgs,
    around: &Environment,
    redactor: &Arc<Redactor>,
    terminal: &Terminal,
) -> Result<End, Diagnostic> {
    let state = find(known(around, terminal)?, args.id.as_deref())?;
    let refuse = |why: &str| {
        Err(Diagnostic::error(format!("the rollout `{}` can't be resumed: {why}", state.id)))
    };
    if !state.is_open() {
        return refuse("it is over");
    }
    if state::is_alive(shelf(around)?, &state.id) {
        return refuse("it is under way");
    }
    let key = PlanKey::open(around.state.as_deref(), around.plan_key.as_deref())
        .map_err(|error| Diagnostic::error(error.to_string()))?;
    let Ok(options) = serde_json::from_value::<Options>(state.options.clone()) else {
        return refuse("another converge began it");
    };
    let goal = if args.shared.yes { Goal::Yes } else { Goal::Ask };
    let given = apply_args(args.shared);
    let request = options
        .request(&state.head, &given, &key)
        .map_err(|why| Diagnostic::error(format!("the rollout can't be resumed: {why}")))?;
    // The commit, wherever the working tree has moved to.
    let request = Request { goal, at: state.commit.clone(), ..request };
    let here = if state.adopted { around.here.clone() } else { state.head.project.clone().into() };
    let around = Environment { here, ..around.clone() };
    let output = request.output;
    let terminal = Terminal::new(Arc::clone(redactor), output.color)
        .answer_only(output.format == Format::Json);
    Ok(run_resumed(&request, &around, &terminal, redactor, Some(Resumed::Rollout(Box::new(state)))))
}

fn apply_args(shared: SharedArgs) -> ApplyArgs {
    let SharedArgs { extra_vars, overriding, forks, reach, .. } = shared;
    let ReachArgs { connect, escalate, unlock, output } = reach;
    ApplyArgs {
        file: PathBuf::new(),
        extra_vars,
        overriding,
        forks,
        unlock,
        ask_pass: connect.ask_pass,
        connection_password_file: connect.connection_password_file,
        private_key: connect.private_key,
        ask_become_pass: escalate.ask_become_pass,
        become_password_file: escalate.become_password_file,
        output,
    }
}
