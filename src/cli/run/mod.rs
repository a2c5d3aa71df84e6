//! `converge [PLAYBOOK…]`: plan, show, ask, apply.

mod apply;
mod drift;
mod explain;
mod extra;
mod flow;
mod guard;
mod kept;
mod listing;
mod lock;
mod options;
mod prepare;
mod promote;
mod prompts;
mod refusal;
mod resume;
mod rollout;
mod save;
mod secrets;
mod undo;
mod vars_files;
mod wanted;

use std::borrow::Cow;
use std::sync::Arc;

use crate::cli::args::Format;
use crate::cli::at::Checkout;
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Goal, Request};
use crate::cli::run::flow::{Flow, Told};
use crate::cli::run::rollout::State;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::record::Head;
use crate::redact::Redactor;
use crate::report::json::{Document, SCHEMA};
use crate::report::screen::Screen as _;
use crate::run::Resume;

pub(crate) use apply::apply;
pub(crate) use drift::Checking;
pub(crate) use explain::explain;
pub(crate) use lock::lock;
pub(crate) use prepare::Refused;
pub(crate) use resume::resume;
pub(crate) use rollout::{promote, rollout};
pub(crate) use secrets::Prompter;

/// Runs playbooks as the options say.
pub(crate) fn run(
    request: &Request,
    environment: &Environment,
    terminal: &Terminal,
    redactor: &Arc<Redactor>,
) -> End {
    run_resumed(request, environment, terminal, redactor, None)
}

/// What is gone on with.
enum Resumed {
    /// A rollout.
    Rollout(Box<State>),
    /// A run of this name.
    Run(String, Resume),
}

/// The same, where something may be gone on with.
fn run_resumed(
    request: &Request,
    environment: &Environment,
    terminal: &Terminal,
    redactor: &Arc<Redactor>,
    resumed: Option<Resumed>,
) -> End {
    let (request, environment) = match at(request, environment, terminal) {
        Ok(pair) => pair,
        Err(problem) => {
            terminal.diagnostics(std::slice::from_ref(&problem));
            let told = Told { errors: vec![problem.to_string()], ..Told::new(End::Invalid) };
            answer(request.output.format, request.name, terminal, Head::default(), told);
            return End::Invalid;
        }
    };
    let (request, environment) = (&*request, &*environment);
    let prompter = Arc::new(Prompter::new(Arc::clone(redactor)));
    let prepared = match prepare::prepare(request, environment, terminal, redactor, &prompter) {
        Ok(prepared) => prepared,
        Err(Refused { end, diagnostics }) => {
            terminal.diagnostics(&diagnostics);
            let errors = diagnostics
                .iter()
                .map(|problem| redactor.redact(&problem.to_string()).into_owned());
            let told = Told { errors: errors.collect(), ..Told::new(end) };
            answer(request.output.format, request.name, terminal, Head::default(), told);
            return end;
        }
    };
    if let Goal::List(listing) = request.goal {
        return match listing::draw(&prepared, listing) {
            Ok(text) => {
                terminal.out(&text);
                End::Shown
            }
            Err(problem) => {
                terminal.diagnostics(&[problem]);
                End::Invalid
            }
        };
    }
    let mut flow = Flow::new(request, environment, terminal, redactor, &prompter, &prepared);
    flow.resume(resumed);
    let told = flow.go();
    let end = told.end;
    answer(request.output.format, request.name, terminal, flow.head.into_inner(), told);
    end
}

/// What was asked for as of the commit, where one was named.
fn at<'a>(
    request: &'a Request,
    environment: &'a Environment,
    terminal: &Terminal,
) -> Result<(Cow<'a, Request>, Cow<'a, Environment>), Diagnostic> {
    let Some(revision) = &request.at else {
        return Ok((Cow::Borrowed(request), Cow::Borrowed(environment)));
    };
    let checkout = Checkout::new(environment, revision)?;
    for submodule in &checkout.left_out {
        let message = format!(
            "the submodule `{}` is not there: a commit only names what is in it",
            submodule.display()
        );
        terminal.warn(&message, &[]);
    }
    let mut request = request.clone();
    checkout.retell(&mut request);
    Ok((Cow::Owned(request), Cow::Owned(environment.at(checkout))))
}

/// Prints the document where one is wanted.
fn answer(format: Format, name: Name, terminal: &Terminal, head: Head, told: Told) {
    if format != Format::Json {
        return;
    }
    let document = Document {
        schema: SCHEMA,
        converge: env!("CARGO_PKG_VERSION"),
        head,
        plan: told.plan,
        run: told.run,
        id: told.id,
        outcome: told.end.word().to_owned(),
        exit_code: told.end.code(name),
        errors: told.errors,
    };
    terminal.answer(&document.text());
}
