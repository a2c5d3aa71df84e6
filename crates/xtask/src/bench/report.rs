//! The results: every run as a line of CSV, and a page that sums up.

use std::time::Duration;

use crate::bench::measure::Sample;
use crate::bench::stage::Setting;
use crate::bench::tool::Tool;

/// The head of the CSV.
const COLUMNS: &str = "round,tasks,hosts,delay_ms,tool,state,seconds,connections,exchanges,turns,bytes_sent,bytes_received,peak_kib,helper_kib\n";

/// What converge has to reach: tasks, hosts, milliseconds of delay, how it is run, and one of these.
const GOALS: [(usize, usize, u64, Tool, Goal); 6] = [
    (100, 1, 0, Tool::Converge, Goal::Seconds(1.0)),
    (100, 1, 25, Tool::Converge, Goal::Seconds(1.6)),
    (20, 1, 0, Tool::Converge, Goal::Exchanges(14)),
    (20, 1, 25, Tool::Converge, Goal::Exchanges(14)),
    (1000, 1, 0, Tool::ConvergePlan, Goal::Seconds(2.0)),
    (1000, 1, 0, Tool::ConvergePlan, Goal::Helper(50)),
];

#[derive(Clone, Copy, Debug)]
enum Goal {
    /// Less than this.
    Seconds(f64),
    /// This at most.
    Exchanges(u64),
    /// Less than so many MB of memory on the host.
    Helper(u64),
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) round: usize,
    pub(crate) setting: Setting,
    pub(crate) tool: Tool,
    pub(crate) sample: Sample,
}

/// The medians of all runs of a tool in a setting.
#[derive(Debug)]
struct Medians {
    seconds: f64,
    exchanges: u64,
    sent: u64,
    received: u64,
    connections: u64,
    peak: u64,
    helper: u64,
}

/// All runs.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text = COLUMNS.to_owned();
    for Row { round, setting, tool, sample } in rows {
        let counts = sample.counts;
        text.push_str(&format!(
            "{round},{},{},{},{},{},{:.3},{},{},{},{},{},{},{}\n",
            setting.tasks,
            setting.hosts,
            setting.delay.as_millis(),
            tool.name(),
            tool.state(),
            sample.wall.as_secs_f64(),
            counts.connections,
            counts.exchanges,
            counts.turns,
            counts.sent,
            counts.received,
            sample.memory,
            sample.helper
        ));
    }
    text
}

/// The page, in Markdown. `about` says what was measured and where.
pub(crate) fn summary(rows: &[Row], about: &str) -> String {
    let mut text = format!("# Benchmark\n\n{about}\n");
    let mut settings: Vec<Setting> = Vec::new();
    for row in rows {
        if !settings.contains(&row.setting) {
            settings.push(row.setting);
        }
    }
    for setting in settings {
        text.push_str(&table(rows, setting));
    }
    text.push_str(&goals(rows));
    text
}

fn table(rows: &[Row], setting: Setting) -> String {
    let Setting { tasks, hosts, delay } = setting;
    let hosts_words = if hosts == 1 { "one host".to_owned() } else { format!("{hosts} hosts") };
    let delay_words = if delay == Duration::ZERO {
        "without delay".to_owned()
    } else {
        format!("with {} ms each way", delay.as_millis())
    };
    let mut text = format!(
        "\n## {tasks} tasks on {hosts_words}, {delay_words}\n\n\
         | tool | | median s | times converge | exchanges | connections | KB sent | KB received | peak MB | on the host |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    let mut tools: Vec<Tool> = rows.iter().map(|row| row.tool).collect();
    tools.sort_unstable();
    tools.dedup();
    let base = medians(rows, setting, Tool::Converge).map(|own| own.seconds);
    for tool in tools {
        let Some(own) = medians(rows, setting, tool) else { continue };
        let ratio =
            base.map_or_else(|| "-".to_owned(), |base| format!("{:.1}", own.seconds / base));
        let helper = match own.helper {
            0 => "-".to_owned(),
            kib => format!("{:.1}", kib as f64 / 1024.0),
        };
        text.push_str(&format!(
            "| {} | {} | {:.2} | {ratio} | {} | {} | {:.1} | {:.1} | {:.1} | {helper} |\n",
            tool.name(),
            tool.state(),
            own.seconds,
            own.exchanges,
            own.connections,
            own.sent as f64 / 1000.0,
            own.received as f64 / 1000.0,
            own.peak as f64 / 1024.0
        ));
    }
    text
}

/// Whether converge reached what it has to.
fn goals(rows: &[Row]) -> String {
    let mut text = String::new();
    for (tasks, hosts, delay, tool, goal) in GOALS {
        let setting = Setting { tasks, hosts, delay: Duration::from_millis(delay) };
        let Some(own) = medians(rows, setting, tool) else { continue };
        let (wanted, reached, found) = match goal {
            Goal::Seconds(limit) => {
                (format!("under {limit} s"), own.seconds < limit, format!("{:.2} s", own.seconds))
            }
            Goal::Exchanges(limit) => (
                format!("at most {limit} exchanges"),
                own.exchanges <= limit,
                own.exchanges.to_string(),
            ),
            Goal::Helper(limit) => (
                format!("under {limit} MB on the host"),
                own.helper < limit * 1024,
                format!("{:.1} MB", own.helper as f64 / 1024.0),
            ),
        };
        let word = if reached { "reached" } else { "MISSED" };
        text.push_str(&format!(
            "- {} {}: {wanted}: {found}, {word}\n",
            setting.name(),
            tool.state()
        ));
    }
    if text.is_empty() { text } else { format!("\n## What converge has to reach\n\n{text}") }
}

fn medians(rows: &[Row], setting: Setting, tool: Tool) -> Option<Medians> {
    let samples: Vec<&Sample> = rows
        .iter()
        .filter(|row| row.setting == setting && row.tool == tool)
        .map(|row| &row.sample)
        .collect();
    let of = |value: &dyn Fn(&Sample) -> u64| {
        median(samples.iter().map(|sample| value(sample)).collect())
    };
    Some(Medians {
        seconds: of(&|sample| sample.wall.as_micros() as u64)? as f64 / 1e6,
        exchanges: of(&|sample| sample.counts.exchanges)?,
        sent: of(&|sample| sample.counts.sent)?,
        received: of(&|sample| sample.counts.received)?,
        connections: of(&|sample| sample.counts.connections)?,
        peak: of(&|sample| sample.memory)?,
        helper: of(&|sample| sample.helper)?,
    })
}

/// The middle value; of an even number of values, the mean of the two in the middle.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(lower.midpoint(*upper))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::bench::measure::Sample;
    use crate::bench::report::{Row, csv, median, summary};
    use crate::bench::stage::Setting;
    use crate::bench::tool::Tool;
    use crate::relay::Counts;

    fn row(tool: Tool, millis: u64, exchanges: u64) -> Row {
        let setting = Setting { tasks: 20, hosts: 1, delay: Duration::from_millis(25) };
        let counts = Counts { connections: 1, sent: 2000, received: 1500, turns: 30, exchanges };
        Row {
            round: 1,
            setting,
            tool,
            sample: Sample {
                wall: Duration::from_millis(millis),
                counts,
                memory: 2048,
                helper: 3072,
            },
        }
    }

    #[test]
    fn a_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], None),
            (vec![3], Some(3)),
            (vec![9, 1, 5], Some(5)),
            (vec![4, 1, 2, 9], Some(3)),
        ] {
            assert_eq!(median(values.clone()), expected, "{values:?}");
        }
    }

    #[test]
    fn ratios_are_to_converge_and_goals_are_judged() {
        let rows = [
            row(Tool::Ansible, 4000, 99),
            row(Tool::Converge, 1000, 15),
            row(Tool::Converge, 500, 15),
        ];
        let page = summary(&rows, "About.");
        assert!(
            page.contains("| converge | warm | 0.75 | 1.0 | 15 | 1 | 2.0 | 1.5 | 2.0 | 3.0 |"),
            "{page}"
        );
        assert!(page.contains("| ansible | - | 4.00 | 5.3 | 99 |"), "{page}");
        assert!(page.contains("- 20x1-25ms warm: at most 14 exchanges: 15, MISSED"), "{page}");
    }

    #[test]
    fn every_run_is_a_line() {
        let text = csv(&[row(Tool::Ssh, 500, 9)]);
        assert_eq!(text.lines().nth(1), Some("1,20,1,25,ssh,-,0.500,1,9,30,2000,1500,2048,3072"));
    }
}
