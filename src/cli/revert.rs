//! `converge revert`: takes back what a run did, as a run of its own: planned, shown, asked about, applied.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use converge_host::change::Change;
use serde_json::{Map, Value, json};

use crate::cli::args::{ColorArg, Format, RevertArgs};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Request, Written};
use crate::cli::run;
use crate::cli::terminal::Terminal;
use crate::history::{History, HistoryError, Mode, Summary, Undo};
use crate::redact::Redactor;
use crate::report::hosts;
use crate::report::screen::Screen as _;

/// One task that takes something back: hosts and their changes.
struct Task<'a> {
    first: &'a Undo,
    changes: Map<String, Value>,
}

/// Takes a run back.
pub(crate) fn revert(args: RevertArgs, environment: &Environment, redactor: &Arc<Redactor>) -> End {
    let color: ColorArg = args.reach.output.color;
    let terminal = Terminal::new(Arc::clone(redactor), color)
        .answer_only(args.reach.output.format == Format::Json);
    let (about, undo) = match read(&args.run, environment) {
        Ok(found) => found,
        Err(error) => {
            let help: Vec<String> = error.help().into_iter().collect();
            terminal.error(&error.to_string(), &help);
            return End::Invalid;
        }
    };
    if about.mode != Mode::Apply {
        let help = "`converge history` lists what was applied".to_owned();
        terminal.error(&format!("run `{}` applied nothing", about.id), &[help]);
        return End::Invalid;
    }
    terminal.out(&left(&undo));
    if undo.iter().all(|undo| undo.changes.is_empty()) {
        terminal.out(&format!("There is nothing of run `{}` that can be taken back.\n", about.id));
        return End::Unchanged;
    }
    let written = Written {
        name: PathBuf::from(format!("revert-{}.yml", about.id)),
        text: playbook(&about.id, &undo),
    };
    let run = args.into_run(about.head.inventory);
    let request = Request { written: Some(written), ..Request::new(run, Name::Converge) };
    let environment = Environment { here: about.head.project.into(), ..environment.clone() };
    run::run(&request, &environment, &terminal, redactor)
}

fn read(run: &str, environment: &Environment) -> Result<(Summary, Vec<Undo>), HistoryError> {
    let history = History::existing(&environment.history)?
        .ok_or_else(|| HistoryError::NoSuchRun { id: run.to_owned() })?;
    let about = history.run(run)?.summary;
    let undo = history.undo(&about.id)?;
    Ok((about, undo))
}

/// What is not taken back, with the hosts and the task that it belongs to.
fn left(undo: &[Undo]) -> String {
    let mut known: Vec<(&str, &Undo, Vec<&str>)> = Vec::new();
    for (rest, one) in
        undo.iter().rev().flat_map(|one| one.rest.iter().map(move |rest| (rest, one)))
    {
        match known.iter_mut().find(|(what, other, _)| *what == rest && other.place == one.place) {
            Some((.., hosts)) if hosts.contains(&one.host.as_str()) => {}
            Some((.., hosts)) => hosts.push(&one.host),
            None => known.push((rest, one, vec![one.host.as_str()])),
        }
    }
    if known.is_empty() {
        return String::new();
    }
    let mut text = String::from("Not taken back\n");
    for (what, one, on) in known {
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "  {}  {what}  ({}, {})", hosts::list(&on, false), one.task, one.place);
    }
    text.push('\n');
    text
}

/// A playbook that makes the changes. JSON is YAML.
pub(crate) fn playbook(id: &str, undo: &[Undo]) -> String {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for one in undo.iter().filter(|one| !one.changes.is_empty()) {
        let packed = packed(&one.changes);
        let alike = |task: &&mut Task<'_>| {
            task.first.place == one.place
                && task.first.user == one.user
                && !task.changes.contains_key(&one.host)
        };
        match tasks.last_mut().filter(alike) {
            Some(task) => drop(task.changes.insert(one.host.clone(), packed)),
            None => {
                let changes = Map::from_iter([(one.host.clone(), packed)]);
                tasks.push(Task { first: one, changes });
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for host in tasks.iter().flat_map(|task| task.changes.keys()) {
        if !names.contains(&host.as_str()) {
            names.push(host);
        }
    }
    let play = json!([{
        "name": format!("Take back {id}"),
        "hosts": names,
        "gather_facts": false,
        "tasks": tasks.iter().map(task).collect::<Vec<_>>(),
    }]);
    format!("{play:#}\n")
}

fn task(task: &Task<'_>) -> Value {
    let mut value = json!({
        "name": format!("take back {}", task.first.task),
        "converge.core.revert": {"changes": "{{ taken_back[inventory_hostname] }}"},
        "when": "inventory_hostname in taken_back",
        "vars": {"taken_back": task.changes},
        "become": task.first.user.is_some(),
    });
    if let Some(user) = &task.first.user {
        value["become_user"] = user.as_str().into();
    }
    value
}

/// Changes in the form that the module `revert` takes. Lists of changes always have one.
fn packed(changes: &[Change]) -> Value {
    STANDARD.encode(postcard::to_allocvec(changes).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use converge_host::change::{Change, UnitChange};

    use super::{left, playbook};
    use crate::history::Undo;

    fn undo(host: &str, place: &str, rest: &[&str]) -> Undo {
        Undo {
            host: host.into(),
            user: Some("root".into()),
            task: format!("task of {place}"),
            place: place.into(),
            changes: vec![Change::Unit(UnitChange::default())],
            rest: rest.iter().map(|rest| (*rest).to_owned()).collect(),
        }
    }

    #[test]
    fn hosts_share_a_task_and_steps_of_one_host_do_not() {
        let all =
            [undo("b", "2", &[]), undo("a", "2", &[]), undo("a", "1", &[]), undo("a", "1", &[])];
        let text = playbook("x", &all);
        assert_eq!(text.matches("converge.core.revert").count(), 3, "{text}");
        assert_eq!(text.matches("take back task of 2").count(), 1);
    }

    #[test]
    fn what_is_left_is_told_in_the_order_of_the_run() {
        let all = [undo("a", "2", &["y"]), undo("b", "1", &["x"]), undo("a", "1", &["x"])];
        insta::assert_snapshot!(left(&all), @r"
        Not taken back
          a, b (2 hosts)  x  (task of 1, 1)
          a  y  (task of 2, 2)
        ");
        assert_eq!(left(&[undo("a", "1", &[])]), "");
    }
}
