//! What must hold after a batch, asked by the modules that every playbook has.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::cli::exit::Name;
use crate::cli::options::{Goal, Request, Selection, Written};
use crate::cli::run::flow::Flow;
use crate::cli::run::prepare::prepare;
use crate::environment::{Check, Probe};
use crate::record::Verdict;
use crate::run::Mode;

/// What stands for the address of a host.
const HOST: &str = "{host}";

/// What it is in a template.
const ADDRESS: &str = "{{ ansible_host | default(inventory_hostname) }}";

/// How many times a check is asked at most, the first time included, unless a second lies between two of them.
const ATTEMPTS: u64 = 15;

/// Checks that did not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ill {
    /// The hosts.
    pub(super) hosts: BTreeSet<String>,
    /// Whether one of them is about no host alone.
    pub(super) whole: bool,
    /// What was found, in words.
    pub(super) why: Vec<String>,
}

/// Asks whether all checks hold on these hosts.
pub(super) fn ask(flow: &Flow<'_>, checks: &[Check], hosts: &[String]) -> Ill {
    let mut ill = Ill::default();
    if checks.is_empty() || hosts.is_empty() {
        return ill;
    }
    let text = playbook(checks, hosts);
    let request = Request {
        name: Name::Converge,
        playbooks: Vec::new(),
        written: Some(Written { name: PathBuf::from("rollout-checks.yml"), text }),
        goal: Goal::Yes,
        selection: Selection::default(),
        out: None,
        overriding: None,
        ..flow.request.clone()
    };
    let terminal = flow.terminal.hushed();
    let prepared =
        match prepare(&request, flow.environment, &terminal, flow.redactor, flow.prompter) {
            Ok(prepared) => prepared,
            Err(refused) => {
                ill.whole = true;
                ill.why = refused.diagnostics.iter().map(ToString::to_string).collect();
                return ill;
            }
        };
    let inner =
        Flow::new(&request, flow.environment, &terminal, flow.redactor, flow.prompter, &prepared);
    let walked = inner.quietly(Mode::Apply { reviewed: None });
    if let Some(problem) = walked.broken {
        ill.whole = true;
        ill.why.push(problem.to_string());
    }
    for task in walked.story.tasks() {
        for step in task.steps.iter().filter(|step| step.failed_for_good()) {
            let Verdict::Failed { message, .. } = &step.verdict else { continue };
            let whole = task.name.starts_with("promql ") && !task.name.contains(HOST);
            ill.whole |= whole;
            ill.hosts.insert(step.host.clone());
            let on = if whole { String::new() } else { format!("{}: ", step.host) };
            ill.why.push(format!("{on}{}: {message}", task.name));
        }
    }
    for lost in &walked.story.lost {
        ill.hosts.insert(lost.host.clone());
        ill.why.push(format!("{}: {}", lost.host, lost.message));
    }
    ill
}

fn playbook(checks: &[Check], hosts: &[String]) -> String {
    let play = json!([{
        "name": "Checks of the rollout",
        "hosts": hosts,
        "gather_facts": false,
        "tasks": checks.iter().map(task).collect::<Vec<_>>(),
    }]);
    format!("{play:#}\n")
}

fn task(check: &Check) -> Value {
    let mut task = match &check.probe {
        Probe::Http { url, status, contains } => http(url, *status, contains.as_deref()),
        Probe::Tcp { port } => json!({
            "name": format!("tcp {port}"),
            "wait_for": {"host": ADDRESS, "port": port, "timeout": check.within.as_secs().max(1)},
            "delegate_to": "localhost",
            "become": false,
        }),
        Probe::Unit { name } => json!({
            "name": format!("unit {name}"),
            "command": {"argv": ["systemctl", "is-active", "--", name]},
            "changed_when": false,
            "until": "outcome is succeeded",
        }),
        Probe::Command { argv } => json!({
            "name": format!("command {}", argv.join(" ")),
            "command": {"argv": argv.iter().map(|word| with_host(word)).collect::<Vec<_>>()},
            "changed_when": false,
            "until": "outcome is succeeded",
        }),
        Probe::PromQl { query, server } => promql(query, server),
    };
    if task.get("until").is_some() {
        task["register"] = "outcome".into();
        let (retries, delay) = patience(check.within);
        task["retries"] = retries.into();
        task["delay"] = delay.into();
    }
    task
}

fn http(url: &str, status: usize, contains: Option<&str>) -> Value {
    let mut task = json!({
        "name": format!("http {url}"),
        "uri": {"url": with_host(url), "status_code": [status], "return_content": true, "timeout": 10},
        "delegate_to": "localhost",
        "become": false,
        "until": "outcome is succeeded",
    });
    if let Some(text) = contains {
        task["vars"] = json!({"wanted_text": text});
        task["until"] = "outcome is succeeded and wanted_text in outcome.content".into();
        task["failed_when"] =
            "outcome is failed or wanted_text not in (outcome.content | default(''))".into();
    }
    task
}

fn promql(query: &str, server: &str) -> Value {
    let encoded: String = query
        .split(HOST)
        .map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string())
        .collect::<Vec<_>>()
        .join(ADDRESS);
    let server = server.trim_end_matches('/');
    // A comparison leaves those series for which it holds; a number is true where it is not 0.
    let holds = "(outcome.json.data.result if outcome.json.data.resultType != 'scalar' \
                 else ([1] if (outcome.json.data.result[1] | float) != 0 else [])) | length > 0";
    json!({
        "name": format!("promql {query}"),
        "uri": {"url": format!("{server}/api/v1/query?query={encoded}"), "return_content": true, "timeout": 10},
        "delegate_to": "localhost",
        "become": false,
        "run_once": !query.contains(HOST),
        "until": format!("outcome is succeeded and {holds}"),
        "failed_when": format!("outcome is failed or not ({holds})"),
    })
}

fn with_host(text: &str) -> String {
    text.replace(HOST, ADDRESS)
}

/// How often something is asked again, and after how many seconds.
fn patience(within: Duration) -> (u64, u64) {
    let seconds = within.as_secs().max(1);
    let delay = seconds.div_ceil(ATTEMPTS);
    (seconds.div_ceil(delay), delay)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::patience;

    #[test]
    fn a_check_is_asked_as_long_as_it_may_take() {
        for (seconds, expected) in
            [(0, (1, 1)), (1, (1, 1)), (10, (10, 1)), (30, (15, 2)), (300, (15, 20))]
        {
            assert_eq!(patience(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}
