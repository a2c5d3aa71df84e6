//! `converge explain`: why a task would change something or is skipped, with where each variable that it read came from.

use std::sync::Arc;

use crate::cli::args::ExplainArgs;
use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::options::{Question, Request};
use crate::cli::project::Project;
use crate::cli::run::flow::{Flow, Walked};
use crate::cli::run::prepare::{Refused, prepare};
use crate::cli::run::secrets::Prompter;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, nearest};
use crate::plan::explain::Explain;
use crate::record::Story;
use crate::redact::Redactor;
use crate::report::explain::{self, Reading, Used};
use crate::report::plan::Style;
use crate::report::screen::Screen as _;

/// Explains a task or a host.
pub(crate) fn explain(
    args: ExplainArgs,
    environment: &Environment,
    redactor: &Arc<Redactor>,
) -> End {
    let what = args.what.clone();
    let mut request = Request::look(args.look.into_run());
    let terminal = Terminal::new(Arc::clone(redactor), request.output.color);
    let asked = Asked { environment, terminal: &terminal, redactor };
    match asked.answer(&what, &mut request) {
        Ok(()) => End::Shown,
        Err(Refused { end, diagnostics }) => {
            terminal.diagnostics(&diagnostics);
            end
        }
    }
}

struct Asked<'a> {
    environment: &'a Environment,
    terminal: &'a Terminal,
    redactor: &'a Arc<Redactor>,
}

impl Asked<'_> {
    fn answer(&self, what: &str, request: &mut Request) -> Result<(), Refused> {
        let terminal = self.terminal;
        let prompter = Arc::new(Prompter::new(Arc::clone(self.redactor)));
        let mut text = String::new();
        let groups = self.groups_of(what, request)?;
        if let Some(groups) = &groups {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            text.push_str(&explain::host(what, &groups, terminal.theme));
            request.selection.limit = Some(what.to_owned());
            request.question = Some(Question::Everything);
        } else {
            request.question = Some(Question::Task(what.to_owned()));
        }
        let prepared = prepare(request, self.environment, terminal, self.redactor, &prompter)?;
        let flow =
            Flow::new(request, self.environment, terminal, self.redactor, &prompter, &prepared);
        let Walked { story, broken, .. } = flow.look("explaining", None);
        if let Some(problem) = broken {
            return Err(invalid(problem));
        }
        let readings: Vec<Reading> = prepared.session.explained().map(told).unwrap_or_default();
        let verbose = request.output.verbosity > 0;
        let style = Style { theme: terminal.theme, verbose };
        let drawn = explain::draw(&story, &readings, groups.is_some() && !verbose, style);
        if readings.is_empty() {
            return Err(invalid(nothing(what, &story)));
        }
        if drawn.is_empty() {
            text.push_str("There is nothing to do on it; -v tells task by task.\n");
        }
        terminal.out(&(text + &drawn));
        for lost in &story.lost {
            terminal.warn(&format!("{}: {}", lost.host, lost.message), &lost.help);
        }
        Ok(())
    }

    /// The groups of a host; none where there is no host of this name.
    fn groups_of(&self, name: &str, request: &Request) -> Result<Option<Vec<String>>, Refused> {
        let refused = |diagnostics| Refused { end: End::Invalid, diagnostics };
        let (project, _) = Project::of(self.environment, self.redactor).map_err(refused)?;
        let (inventory, ..) = project.inventory(&request.inventory).map_err(refused)?;
        let groups = inventory.host(name).map(|_| inventory.groups_of(name));
        let named = |group: &&crate::inventory::Group| group.name.to_string();
        Ok(groups.map(|groups| groups.iter().map(named).collect()))
    }
}

/// What tasks read, in words.
fn told(explain: &Explain) -> Vec<Reading> {
    let told = |reading: &crate::plan::explain::Reading| Reading {
        place: reading.place.clone(),
        host: reading.host.clone(),
        used: reading
            .used()
            .into_iter()
            .map(|used| Used {
                from: match used.place {
                    Some(place) => format!("{}, {place}", used.origin),
                    None => used.origin.to_string(),
                },
                name: used.name,
                value: used.value,
            })
            .collect(),
    };
    explain.found().iter().map(told).collect()
}

/// Nothing is called so.
fn nothing(what: &str, story: &Story) -> Diagnostic {
    let problem =
        Diagnostic::error(format!("no host and no task that is reached is called `{what}`"));
    match nearest(what, story.tasks().map(|task| task.name.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`converge --list-tasks` lists the tasks".to_owned()),
    }
}

fn invalid(problem: Diagnostic) -> Refused {
    Refused { end: End::Invalid, diagnostics: vec![problem] }
}
