//! `converge lock`: who changes hosts, and whom others are kept away for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::cli::args::{Format, LockArgs, LockCommand, LockHostsArgs};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Output, Request, Written};
use crate::cli::run::flow::Flow;
use crate::cli::run::prepare::{Refused, prepare};
use crate::cli::run::secrets::Prompter;
use crate::cli::terminal::Terminal;
use crate::environment::told;
use crate::record::{StepRecord, Story, Verdict};
use crate::redact::Redactor;
use crate::report::screen::Screen as _;
use crate::report::theme::Label;
use crate::run::Mode;

/// What is wanted of the module that looks after locks.
struct Wanted {
    /// Its arguments.
    args: Value,
    /// What is said of a host that it was done on; nothing where it was only looked at.
    done: Option<&'static str>,
}

/// Looks at locks, holds and releases them.
pub(crate) fn lock(args: LockArgs, environment: &Environment, redactor: &Arc<Redactor>) -> End {
    let now = Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let who = environment.who.as_str();
    let run = format!("{:016x}", rand::random::<u64>());
    let (wanted, hosts): (Wanted, LockHostsArgs) = match args.command {
        LockCommand::List(hosts) => (Wanted { args: json!({"state": "told"}), done: None }, *hosts),
        LockCommand::Hold(hold) => {
            let mut args = json!({
                "state": "held", "who": who, "run": run, "since": now, "reason": hold.reason,
            });
            if let Some(lasts) = hold.lasts {
                args["seconds"] = lasts.as_secs().into();
            }
            (Wanted { args, done: Some("others are kept away") }, hold.hosts)
        }
        LockCommand::Release(release) => {
            let args = json!({"state": "released", "who": who, "force": release.force});
            (Wanted { args, done: Some("nobody is kept away any more") }, release.hosts)
        }
    };
    let output = Output { verbosity: 1, ..Output::new(&hosts.reach.output) };
    let terminal = Terminal::new(Arc::clone(redactor), output.color)
        .answer_only(output.format == Format::Json);
    let mut request = Request::new(hosts.into_run(), Name::Converge);
    request.written =
        Some(Written { name: PathBuf::from("lock.yml"), text: playbook(&wanted.args) });
    request.output = output;
    let prompter = Arc::new(Prompter::new(Arc::clone(redactor)));
    let prepared = match prepare(&request, environment, &terminal, redactor, &prompter) {
        Ok(prepared) => prepared,
        Err(Refused { end, diagnostics }) => {
            terminal.diagnostics(&diagnostics);
            return end;
        }
    };
    let flow = Flow::new(&request, environment, &terminal, redactor, &prompter, &prepared);
    let walked = match wanted.done {
        None => flow.look("asking", None),
        Some(_) => {
            prepared.session.lease(flow.holder(Some(run)));
            flow.quietly(Mode::Apply { reviewed: None })
        }
    };
    if let Some(problem) = walked.broken {
        terminal.diagnostics(&[problem]);
        return End::Invalid;
    }
    tell(&walked.story, &wanted, output.format, &terminal)
}

/// Asks every host as the user that changes hosts, who has the lease that matters.
fn playbook(args: &Value) -> String {
    let play = json!([{
        "name": "Locks",
        "hosts": "all",
        "gather_facts": false,
        "become": true,
        "tasks": [{"name": "Locks", "converge.core.hold": args}],
    }]);
    format!("{play:#}\n")
}

fn tell(story: &Story, wanted: &Wanted, format: Format, terminal: &Terminal) -> End {
    let mut end = if wanted.done.is_some() { End::Applied } else { End::Shown };
    let mut document = Map::new();
    for step in story.tasks().flat_map(|task| &task.steps) {
        if let Verdict::Failed { message, .. } = &step.verdict {
            terminal.error(&format!("{}: {message}", step.host), &[]);
            end = end.min(End::Failed);
            continue;
        }
        let of = |name: &str| {
            let found = step.results.as_ref().and_then(|results| results.get(name)).cloned();
            found.unwrap_or_default()
        };
        document.insert(step.host.clone(), json!({"run": of("run"), "hold": of("hold")}));
        if format == Format::Human {
            // What is told there comes from the host.
            let text = lines(step, wanted, &of("run"), &of("hold"));
            terminal.out(&terminal.theme.paint(Label::Plain, &text));
        }
    }
    for lost in &story.lost {
        terminal.error(&format!("{}: {}", lost.host, lost.message), &lost.help);
        end = end.min(End::Unreachable);
    }
    if format == Format::Json {
        terminal.answer(&format!("{:#}\n", Value::Object(document)));
    }
    end
}

fn lines(step: &StepRecord, wanted: &Wanted, run: &Value, hold: &Value) -> String {
    let host = &step.host;
    if let Some(done) = wanted.done {
        return format!("{host}: {done}\n");
    }
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut lines = String::new();
    if run.is_object() {
        let (who, since, id) = (text(run, "who"), text(run, "since"), text(run, "run"));
        lines.push_str(&format!("{host}: {who} changes it since {since} (run {id})\n"));
    }
    if hold.is_object() {
        let (who, since, reason) = (text(hold, "who"), text(hold, "since"), text(hold, "reason"));
        let left = hold["left"].as_u64().map_or_else(
            || "until it is released".to_owned(),
            |seconds| format!("for {} more", told(Duration::from_secs(seconds))),
        );
        lines.push_str(&format!(
            "{host}: {who} keeps others away since {since}, {left}: {reason}\n"
        ));
    }
    if lines.is_empty() { format!("{host}: free\n") } else { lines }
}
