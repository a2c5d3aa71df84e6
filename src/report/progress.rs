//! Who is busy with what, at the bottom of a terminal.
//!
//! Everything else that is written goes through [`Above`], which lets it scroll by above.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::record::{Reader, Record, StepRecord, Verdict, clean};
use crate::report::hosts::count;
use crate::report::screen::Screen;

/// Lines of a terminal that stay free for what scrolls by.
const FREE: usize = 4;

/// More busy hosts than this are only counted, however high the terminal is.
const MOST: usize = 16;

/// Between two pictures.
const TICK: Duration = Duration::from_millis(100);

/// The picture of the hosts at work.
pub struct Progress {
    bar: ProgressBar,
    columns: usize,
    /// Busy hosts that have a line of their own.
    lines: usize,
    state: Mutex<State>,
}

/// Writes above a [`Progress`].
pub struct Above {
    progress: Arc<Progress>,
    screen: Arc<dyn Screen>,
}

#[derive(Default)]
struct State {
    /// `planning`, `applying`.
    verb: &'static str,
    /// Tasks expected in all.
    total: Option<usize>,
    tasks: usize,
    changed: usize,
    failed: usize,
    /// The hosts of the play that are still with us, in order.
    hosts: Vec<String>,
    /// Those that are not through with the task.
    busy: BTreeSet<String>,
    task: String,
}

impl Progress {
    /// A picture on standard error of a terminal with so many columns and rows; nothing is drawn where it is none. `verb` says
    /// what is going on, `total` how many tasks are expected.
    pub fn new(verb: &'static str, total: Option<usize>, columns: usize, rows: usize) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed}{msg}") {
            bar.set_style(style);
        }
        let state = State { verb, total, ..State::default() };
        bar.set_prefix(state.sum());
        bar.enable_steady_tick(TICK);
        let lines = rows.saturating_sub(FREE).clamp(1, MOST);
        Self { bar, columns, lines, state: Mutex::new(state) }
    }

    /// Does something with the terminal while nothing is drawn: asks for a passphrase, say.
    pub fn aside<T>(&self, something: impl FnOnce() -> T) -> T {
        self.bar.suspend(something)
    }

    /// Takes the picture away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, state: &State) {
        self.bar.set_prefix(state.sum());
        self.bar.set_message(state.busy_hosts(self.lines, self.columns));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for Progress {
    fn read(&self, record: &Record) {
        let mut state = self.lock();
        state.hear(record);
        self.show(&state);
    }
}

impl State {
    fn hear(&mut self, record: &Record) {
        match record {
            Record::Play(play) => {
                self.hosts.clone_from(&play.hosts);
                self.busy.clear();
                self.task.clear();
            }
            Record::Task(task) => {
                self.tasks += 1;
                self.task = clean(&task.title()).replace('\n', " ");
                self.busy = self.hosts.iter().cloned().collect();
            }
            Record::Step(_, step) => self.step(step),
            Record::Lost(lost) => self.leave(&lost.host),
            Record::Warning(_) => {}
        }
    }

    fn step(&mut self, step: &StepRecord) {
        if step.item.is_some() {
            return;
        }
        self.busy.remove(&step.host);
        self.changed += usize::from(step.verdict == Verdict::Changed);
        if step.failed_for_good() {
            self.failed += 1;
            self.leave(&step.host);
        }
    }

    fn leave(&mut self, host: &str) {
        self.hosts.retain(|one| one != host);
        self.busy.remove(host);
    }

    /// `applying: 12 of 44 tasks, 3 changed`.
    fn sum(&self) -> String {
        let tasks = match self.total {
            Some(total) => format!("{} of {}", self.tasks, count(total.max(self.tasks), "task")),
            None => count(self.tasks, "task"),
        };
        let mut text = format!("{}: {tasks}", self.verb);
        if self.changed > 0 {
            text.push_str(&format!(", {} changed", self.changed));
        }
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        text
    }

    /// A line for each busy host, at most `lines`, none wider than `columns`.
    fn busy_hosts(&self, lines: usize, columns: usize) -> String {
        let busy: Vec<&String> =
            self.hosts.iter().filter(|host| self.busy.contains(*host)).collect();
        let shown = if busy.len() > lines { lines.saturating_sub(1) } else { busy.len() };
        let width = busy[..shown].iter().map(|host| host.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for host in &busy[..shown] {
            let line = format!("  {host:width$}  {}", self.task);
            text.push('\n');
            text.extend(line.chars().take(columns.saturating_sub(1)));
        }
        if shown < busy.len() {
            text.push_str(&format!("\n  and {}", count(busy.len() - shown, "more host")));
        }
        text
    }
}

impl Above {
    /// Writes to `screen`, above `progress`.
    pub fn new(progress: Arc<Progress>, screen: Arc<dyn Screen>) -> Self {
        Self { progress, screen }
    }
}

impl Screen for Above {
    fn out(&self, text: &str) {
        self.progress.bar.suspend(|| self.screen.out(text));
    }

    fn err(&self, text: &str) {
        self.progress.bar.suspend(|| self.screen.err(text));
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::record::testing::{changed, failed, play, step, task};
    use crate::record::{Lost, Record, Verdict};

    fn state(records: &[Record]) -> State {
        let mut state = State { verb: "applying", total: Some(3), ..State::default() };
        records.iter().for_each(|record| state.hear(record));
        state
    }

    fn begun() -> Vec<Record> {
        vec![play("p", &["web1", "web2", "db", "cache"]), task(1, "nginx : Configure", "template")]
    }

    #[test]
    fn hosts_leave_as_they_are_through() {
        let mut records = begun();
        assert_eq!(
            state(&records).busy_hosts(9, 80),
            "\n  web1   nginx : Configure\n  web2   nginx : Configure\n  db     nginx : Configure\n  cache  nginx : Configure"
        );
        records.push(Record::Step(1, changed("web1", Vec::new())));
        records.push(Record::Step(1, failed("web2", "x")));
        records.push(Record::Lost(Lost {
            host: "db".into(),
            message: "x".into(),
            ..Lost::default()
        }));
        let after = state(&records);
        assert_eq!(after.busy_hosts(9, 80), "\n  cache  nginx : Configure");
        assert_eq!(after.sum(), "applying: 1 of 3 tasks, 1 changed, 1 failed");
        records.push(task(2, "next", "ping"));
        records.push(Record::Step(2, step("cache", Verdict::Ok)));
        assert_eq!(
            state(&records).busy_hosts(9, 80),
            "\n  web1  next",
            "those that failed are gone"
        );
    }

    #[test]
    fn the_picture_fits_the_terminal() {
        assert_eq!(state(&begun()).busy_hosts(2, 12), "\n  web1  ngi\n  and 3 more hosts");
    }
}
