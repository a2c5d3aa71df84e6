//! How a change goes over the hosts of an environment.

use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;

use crate::diagnostic::Diagnostic;
use crate::environment::table::{Part, Table, whole, wrong};
use crate::source::{Source, Spanned};

/// How a change goes over the hosts of an environment: canaries first, then batches, with checks between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// The hosts that go first, alone; none where nothing is said.
    pub canary: Option<Canary>,
    /// The sizes of the batches; the last one counts for all that follow. All at once where none is given.
    pub batches: Vec<Size>,
    /// How long a batch is left alone before it is checked again and the next one begins.
    pub soak: Duration,
    /// How many hosts may fail in all before it stops.
    pub max_failures: usize,
    /// How many hosts of one batch may fail before it stops.
    pub max_failures_per_batch: usize,
    /// What happens then.
    pub on_stop: OnStop,
    /// What must hold after each batch.
    pub checks: Vec<Check>,
}

/// The hosts that go first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// Those that a pattern matches, as `--limit` takes it.
    Hosts(Spanned<String>),
    /// So many, in the order of the inventory.
    First(usize),
}

/// How large a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many hosts.
    Count(usize),
    /// So many percent of all hosts, at least one.
    Percent(usize),
}

/// What happens when a rollout stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStop {
    /// Everything is left as it is until somebody decides.
    #[default]
    Hold,
    /// It goes on, and the failure is told.
    GoOn,
    /// Files and units of the batch that stopped it are taken back, and it is held.
    Revert,
}

/// What must hold after a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is asked.
    pub probe: Probe,
    /// How long it may take until it holds.
    pub within: Duration,
    /// Where it stands.
    pub at: Spanned<()>,
}

/// What is asked. `{host}` in a text stands for the address of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A page that this machine gets.
    Http {
        /// Its address.
        url: String,
        /// What it must answer.
        status: usize,
        /// What must be in it.
        contains: Option<String>,
    },
    /// A port that this machine connects to.
    Tcp {
        /// The port.
        port: usize,
    },
    /// A unit of systemd that must be active on the host.
    Unit {
        /// Its name.
        name: String,
    },
    /// A program and its arguments that must succeed on the host.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
    },
    /// A query to Prometheus that must have a result.
    PromQl {
        /// The query.
        query: String,
        /// The address of Prometheus.
        server: String,
    },
}

/// How long a check may take until it holds, where nothing is said.
const WITHIN: Duration = Duration::from_secs(30);

impl Rollout {
    /// The sizes as numbers of hosts, for so many hosts in all; every host is in one of the batches.
    pub fn sizes(&self, hosts: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut left = hosts;
        while left > 0 {
            let size = self.batches.get(sizes.len()).or(self.batches.last());
            let size = match size {
                Some(Size::Count(count)) => *count,
                Some(Size::Percent(percent)) => (hosts * percent).div_ceil(100),
                None => left,
            };
            sizes.push(size.clamp(1, left));
            left -= size.clamp(1, left);
        }
        sizes
    }
}

pub(super) fn rollout(
    source: &Arc<Source>,
    part: &Part<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Rollout> {
    let mut table = Table::of(source, "rollout", part, problems)?;
    let canary = table.take("canary").and_then(|part| canary(&table, part, problems));
    let batches = table.take("batches").map(|part| batches(&table, part, problems));
    let soak = table.time("soak", problems);
    let max_failures = table.number("max_failures", 0, problems);
    let per_batch = table.number("max_failures_per_batch", 0, problems);
    let words = [("hold", OnStop::Hold), ("go_on", OnStop::GoOn), ("revert", OnStop::Revert)];
    let on_stop = table.word("on_stop", &words, problems).unwrap_or_default();
    let checks = table.take("checks").map(|part| checks(&table, part, problems));
    table.end("`rollout`", problems);
    Some(Rollout {
        canary,
        batches: batches.unwrap_or_default(),
        soak: soak.unwrap_or_default(),
        max_failures: max_failures.unwrap_or_default(),
        max_failures_per_batch: per_batch.or(max_failures).unwrap_or_default(),
        on_stop,
        checks: checks.unwrap_or_default(),
    })
}

fn canary(
    table: &Table<'_, '_>,
    part: &Part<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Canary> {
    if let Some(count) = whole(part).filter(|count| *count > 0) {
        return Some(Canary::First(count));
    }
    let names: Option<Vec<&str>> = match part.get_ref() {
        DeValue::String(pattern) => Some(vec![pattern]),
        DeValue::Array(items) => items.iter().map(|item| item.get_ref().as_str()).collect(),
        _ => None,
    };
    match names {
        Some(names) if names.iter().any(|name| !name.trim().is_empty()) => {
            Some(Canary::Hosts(Spanned::new(names.join(","), table.span(part))))
        }
        _ => {
            let wanted = "hosts, groups or a number of hosts";
            problems.push(wrong("canary", wanted, part.get_ref()).at(&table.span(part), ""));
            None
        }
    }
}

fn batches(table: &Table<'_, '_>, part: &Part<'_>, problems: &mut Vec<Diagnostic>) -> Vec<Size> {
    let items: Vec<&Part<'_>> = match part.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![part],
    };
    let mut sizes = Vec::new();
    for item in items {
        match size(item) {
            Some(size) => sizes.push(size),
            None => {
                let wanted = "a number of hosts, or a percentage like \"25%\"";
                problems.push(wrong("batches", wanted, item.get_ref()).at(&table.span(item), ""));
            }
        }
    }
    sizes
}

fn size(part: &Part<'_>) -> Option<Size> {
    if let Some(text) = part.get_ref().as_str() {
        let percent = text.strip_suffix('%')?.trim().parse().ok()?;
        return (1..=100).contains(&percent).then_some(Size::Percent(percent));
    }
    whole(part).filter(|count| *count > 0).map(Size::Count)
}

fn checks(table: &Table<'_, '_>, part: &Part<'_>, problems: &mut Vec<Diagnostic>) -> Vec<Check> {
    let items: Vec<&Part<'_>> = match part.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![part],
    };
    items.into_iter().filter_map(|item| check(table.source(), item, problems)).collect()
}

/// The kinds of checks, by their keys.
const KINDS: [&str; 5] = ["http", "tcp", "unit", "command", "promql"];

fn check(source: &Arc<Source>, part: &Part<'_>, problems: &mut Vec<Diagnostic>) -> Option<Check> {
    let mut table = Table::of(source, "checks", part, problems)?;
    let at = Spanned::new((), table.span(part));
    let kinds = KINDS.iter().filter(|kind| table.has(kind)).count();
    let within = table.time("within", problems).unwrap_or(WITHIN);
    let probe = probe(&mut table, problems);
    table.end("a check of `rollout`", problems);
    if kinds != 1 {
        let problem =
            Diagnostic::error("a check has exactly one of http, tcp, unit, command and promql");
        problems.push(problem.at(&at.span, ""));
        return None;
    }
    Some(Check { probe: probe?, within, at })
}

fn probe(table: &mut Table<'_, '_>, problems: &mut Vec<Diagnostic>) -> Option<Probe> {
    let url = table.text("http", problems).map(|url| url.value);
    let port = table.number("tcp", 1, problems);
    let unit = table.text("unit", problems).map(|unit| unit.value);
    let argv = table.texts("command", problems);
    let query = table.text("promql", problems);
    // Keys that belong to one kind only are unknown beside another.
    if let Some(url) = url {
        let status = table.number("status", 100, problems).unwrap_or(200);
        let contains = table.text("contains", problems).map(|text| text.value);
        return Some(Probe::Http { url, status, contains });
    }
    if let Some(query) = query {
        let server = table.text("server", problems);
        if server.is_none() {
            let problem = Diagnostic::error("`promql` needs the address of Prometheus in `server`");
            problems.push(problem.at(&query.span, ""));
        }
        return Some(Probe::PromQl { query: query.value, server: server?.value });
    }
    if let Some(argv) = argv {
        return command(argv, problems);
    }
    let unit = unit.map(|name| Probe::Unit { name });
    port.map(|port| Probe::Tcp { port }).or(unit)
}

/// One text is split into words as a shell does, and nothing else of a shell.
fn command(argv: Vec<Spanned<String>>, problems: &mut Vec<Diagnostic>) -> Option<Probe> {
    let argv = match <[Spanned<String>; 1]>::try_from(argv) {
        Ok([line]) => match shlex::split(&line.value) {
            Some(words) => words,
            None => {
                problems.push(Diagnostic::error("unclosed quotes").at(&line.span, ""));
                return None;
            }
        },
        Err(argv) => argv.into_iter().map(|word| word.value).collect(),
    };
    (!argv.is_empty()).then_some(Probe::Command { argv })
}
