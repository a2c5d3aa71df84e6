//! The command line: the only part that knows arguments, standard output and exit codes.
//!
//! `main` reads the words, and each command has a file that does it with the layers below. Everything ends in one value, whose
//! code is made in `exit`.

mod args;
mod at;
mod completions;
mod confirm;
mod doc;
mod drift;
mod environment;
mod exit;
mod inventory;
mod options;
mod pager;
mod project;
mod revert;
mod run;
mod saved;
mod show;
mod sudoers;
mod terminal;
mod vault;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::args::{ColorArg, Command, Format};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::Request;
use crate::cli::project::Project;
use crate::cli::run::Prompter;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::redact::Redactor;

/// Does what the command line says and returns the exit code. `words` begins with the program's name.
pub fn main(words: &[OsString]) -> ExitCode {
    let name = name(words.first().map(OsString::as_os_str));
    let end = std::panic::catch_unwind(|| invoke(words, name)).unwrap_or(End::Fault);
    ExitCode::from(end.code(name))
}

/// By which name converge was called.
fn name(word: Option<&OsStr>) -> Name {
    match word.map(Path::new).and_then(Path::file_name) {
        Some(file) if file == "ansible-playbook" => Name::AnsiblePlaybook,
        _ => Name::Converge,
    }
}

fn invoke(words: &[OsString], name: Name) -> End {
    let redactor = Arc::new(Redactor::new());
    let parsed = match name {
        Name::AnsiblePlaybook => args::parse_ansible(words).map(|run| (None, run)),
        Name::Converge => args::parse(words).map(|cli| (cli.command, cli.run)),
    };
    let (command, run) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error),
    };
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(error) => {
            let terminal = Terminal::new(redactor, ColorArg::Auto);
            terminal.error(&format!("the current folder can't be told: {error}"), &[]);
            return End::Invalid;
        }
    };
    match command {
        Some(Command::Plan(args)) => playbooks(Request::plan(*args), &environment, &redactor),
        Some(Command::Explain(args)) => run::explain(*args, &environment, &redactor),
        Some(Command::Drift(args)) => drift::drift(*args, &environment, &redactor),
        Some(Command::Apply(args)) => run::apply(*args, &environment, &redactor),
        Some(Command::Promote(args)) => run::promote(*args, &environment, &redactor),
        Some(Command::Rollout(args)) => run::rollout(args, &environment, &redactor),
        Some(Command::Resume(args)) => run::resume(*args, &environment, &redactor),
        Some(Command::Lock(args)) => run::lock(args, &environment, &redactor),
        Some(command) => other(command, &environment, redactor),
        None => playbooks(Request::new(run, name), &environment, &redactor),
    }
}

/// Prints help, the version, or what is wrong with the command line.
fn refuse(error: &clap::Error) -> End {
    // Whoever closed the stream does not want to read it.
    let _ = error.print();
    if error.use_stderr() { End::Usage } else { End::Shown }
}

fn playbooks(request: Request, environment: &Environment, redactor: &Arc<Redactor>) -> End {
    let terminal = Terminal::new(Arc::clone(redactor), request.output.color)
        .answer_only(request.output.format == Format::Json);
    run::run(&request, environment, &terminal, redactor)
}

fn other(command: Command, environment: &Environment, redactor: Arc<Redactor>) -> End {
    let color = match &command {
        Command::History(args) => args.color,
        Command::Show(args) => args.color,
        Command::Diff(args) => args.color,
        Command::Revert(args) => args.reach.output.color,
        _ => ColorArg::Auto,
    };
    let terminal = Terminal::new(Arc::clone(&redactor), color);
    let prompter = Prompter::new(Arc::clone(&redactor));
    match command {
        Command::History(args) => show::history(&args, environment, &terminal),
        Command::Show(args) => show::show(&args, environment, &terminal),
        Command::Diff(args) => show::diff(&args, environment, &terminal),
        // These run playbooks, and are on their way there.
        Command::Plan(_)
        | Command::Drift(_)
        | Command::Explain(_)
        | Command::Apply(_)
        | Command::Promote(_)
        | Command::Rollout(_)
        | Command::Resume(_)
        | Command::Lock(_) => End::Fault,
        Command::Revert(args) => revert::revert(args, environment, &redactor),
        Command::Doc(args) => doc::doc(args.module.as_deref(), &terminal),
        Command::Completions(args) => completions::completions(args.shell, &terminal),
        Command::Vault(args) => {
            let done =
                Project::open(&environment.here, &redactor).and_then(|(project, warnings)| {
                    terminal.diagnostics(&warnings);
                    vault::vault(&args.command, &project, environment, &prompter, &terminal)
                        .map_err(|problem| vec![problem])
                });
            told(done, &terminal)
        }
        Command::Man => completions::man(&terminal).unwrap_or_else(|error| {
            terminal.error(&format!("the manual can't be made: {error}"), &[]);
            End::Fault
        }),
        Command::Inventory(args) => {
            let done =
                Project::open(&environment.here, &redactor).and_then(|(project, warnings)| {
                    terminal.diagnostics(&warnings);
                    vault::unlock(&args.unlock, &project, environment, &prompter)
                        .map_err(|problem| vec![problem])?;
                    inventory::inventory(&args, &project, &terminal)
                });
            told(done, &terminal)
        }
    }
}

/// How a command ended, or what is wrong with what it was given.
fn told(done: Result<End, Vec<Diagnostic>>, terminal: &Terminal) -> End {
    done.unwrap_or_else(|problems| {
        terminal.diagnostics(&problems);
        End::Invalid
    })
}
