//! `converge [PLAYBOOK…]`: plan, show, ask, apply.

mod apply;
mod extra;
mod flow;
mod kept;
mod listing;
mod options;
mod prepare;
mod prompts;
mod refusal;
mod save;
mod secrets;
mod vars_files;
mod wanted;

use std::sync::Arc;

use crate::cli::args::Format;
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Goal, Request};
use crate::cli::run::flow::{Flow, Told};
use crate::cli::run::prepare::Refused;
use crate::cli::terminal::Terminal;
use crate::record::Head;
use crate::redact::Redactor;
use crate::report::json::{Document, SCHEMA};
use crate::report::screen::Screen as _;

pub(crate) use apply::apply;
pub(crate) use secrets::Prompter;

/// Runs playbooks as the options say.
pub(crate) fn run(
    request: &Request,
    environment: &Environment,
    terminal: &Terminal,
    redactor: &Arc<Redactor>,
) -> End {
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
    let flow = Flow::new(request, environment, terminal, redactor, &prompter, &prepared);
    let told = flow.go();
    let end = told.end;
    answer(request.output.format, request.name, terminal, prepared.head, told);
    end
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
