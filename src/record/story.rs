//! A whole plan or run, from first to last.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::event::Recap;
use crate::record::{Kind, Lost, PlayRecord, Reader, Record, StepRecord, TaskRecord, Verdict};

/// Everything that happened in a plan or run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The plays, in order.
    pub plays: Vec<PlayRecord>,
    /// Hosts that could not be reached, or were lost.
    #[serde(default, rename = "unreachable")]
    pub lost: Vec<Lost>,
    /// What belongs to no host.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What happened on each host, counted as Ansible counts.
    #[serde(default)]
    pub hosts: Recap,
}

/// What a story amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Changes, commands left out, counted on each host.
    pub changes: usize,
    /// Hosts that something changes on, commands included.
    pub hosts_changed: usize,
    /// Hosts that applying would do something on, or may; commands and what can't be told included.
    pub hosts_pending: usize,
    /// Commands whose effect can't be told.
    pub commands: usize,
    /// Steps that can't be seen through before applying.
    pub unknown: usize,
    /// Steps that fail, and nothing makes up for it.
    pub failed: usize,
    /// Hosts that could not be reached, or were lost.
    pub unreachable: usize,
    /// Every host of every play.
    pub hosts: usize,
    /// Tasks that were reached.
    pub tasks: usize,
    /// Of these, the tasks whose effect is known on every host.
    pub seen_through: usize,
}

/// Collects records into a story.
#[derive(Debug, Default)]
pub struct Collector(Mutex<Story>);

impl Story {
    /// Adds what happened next.
    pub fn add(&mut self, record: Record) {
        match record {
            Record::Play(play) => self.plays.push(play),
            Record::Task(task) => {
                if self.plays.is_empty() {
                    self.plays.push(PlayRecord::default());
                }
                if let Some(play) = self.plays.last_mut() {
                    play.tasks.push(task);
                }
            }
            Record::Step(number, mut step) => {
                let Some(task) = self.task(number) else { return };
                if step.item.is_none() && task.loops_on(&step.host) {
                    step.changes.clear();
                }
                task.steps.push(step);
            }
            Record::Lost(lost) => self.lost.push(lost),
            Record::Warning(warning) => self.warnings.push(warning),
        }
    }

    /// What happened as records again, in an order that tells the same story.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let plays = self.plays.iter().flat_map(|play| {
            let head = PlayRecord { tasks: Vec::new(), ..play.clone() };
            std::iter::once(Record::Play(head)).chain(play.tasks.iter().flat_map(task_records))
        });
        let lost = self.lost.iter().cloned().map(Record::Lost);
        plays.chain(lost).chain(self.warnings.iter().cloned().map(Record::Warning))
    }

    /// Every task of every play.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskRecord> {
        self.plays.iter().flat_map(|play| &play.tasks)
    }

    /// What it amounts to.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { unreachable: self.lost.len(), ..Totals::default() };
        let mut changed = BTreeSet::new();
        let mut pending = BTreeSet::new();
        for task in self.tasks() {
            let mut blind = false;
            for step in &task.steps {
                let (changes, commands) = (step.count_changes(task), step.count_commands());
                totals.changes += changes;
                totals.commands += commands;
                if changes + commands > 0 {
                    changed.insert(step.host.as_str());
                }
                blind |= commands > 0;
                if matches!(step.verdict, Verdict::Unknown { .. }) && !task.sums_up(step) {
                    totals.unknown += 1;
                    pending.insert(step.host.as_str());
                    blind = true;
                }
                totals.failed += usize::from(step.failed_for_good() && !task.sums_up(step));
            }
            totals.tasks += 1;
            totals.seen_through += usize::from(!blind);
        }
        totals.hosts_changed = changed.len();
        totals.hosts_pending = pending.union(&changed).count();
        let hosts: BTreeSet<&String> = self.plays.iter().flat_map(|play| &play.hosts).collect();
        totals.hosts = hosts.len();
        totals
    }

    fn task(&mut self, number: usize) -> Option<&mut TaskRecord> {
        self.plays
            .iter_mut()
            .rev()
            .flat_map(|play| play.tasks.iter_mut().rev())
            .find(|task| task.number == number)
    }
}

fn task_records(task: &TaskRecord) -> impl Iterator<Item = Record> {
    let head = TaskRecord { steps: Vec::new(), ..task.clone() };
    let steps = task.steps.iter().map(|step| Record::Step(task.number, step.clone()));
    std::iter::once(Record::Task(head)).chain(steps)
}

impl Totals {
    /// Whether applying would do anything that counts.
    pub fn pending(&self) -> bool {
        self.changes + self.commands + self.unknown > 0
    }
}

impl TaskRecord {
    /// Whether steps of single items are known on this host.
    pub(crate) fn loops_on(&self, host: &str) -> bool {
        self.steps.iter().rev().any(|step| step.item.is_some() && step.host == host)
    }

    /// Whether a step is the summary of a loop whose items are known.
    pub(crate) fn sums_up(&self, step: &StepRecord) -> bool {
        step.item.is_none() && self.loops_on(&step.host)
    }
}

impl StepRecord {
    /// Whether it changes, or would change, something that counts.
    pub fn changes_something(&self) -> bool {
        self.verdict == Verdict::Changed
            || self.changes.iter().any(|change| change.counts && change.kind != Kind::Run)
    }

    /// The changes that count; how far a failed step got with them can't be told.
    fn count_changes(&self, task: &TaskRecord) -> usize {
        if self.failed() {
            return 0;
        }
        let known = self.changes.iter().filter(|change| change.counts && change.kind != Kind::Run);
        let count = known.count();
        let says_so = !self.probed && self.verdict == Verdict::Changed && self.changes.is_empty();
        if count == 0 && says_so && !task.sums_up(self) { 1 } else { count }
    }

    fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. })
    }

    fn count_commands(&self) -> usize {
        if self.probed || self.verdict == Verdict::Ok || self.failed() {
            return 0;
        }
        self.changes.iter().filter(|change| change.kind == Kind::Run).count()
    }
}

impl Collector {
    /// A collector that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was collected.
    pub fn story(&self) -> Story {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Story> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for Collector {
    fn read(&self, record: &Record) {
        self.lock().add(record.clone());
    }
}

#[cfg(test)]
mod tests {
    use converge_host::change::Sign;

    use crate::record::testing::{change, changed, edited, failed, play, step, story, task};
    use crate::record::{ChangeRecord, Kind, Record, StepRecord, Totals, Verdict};

    fn totals(steps: Vec<StepRecord>) -> Totals {
        let mut records = vec![play("all", &["a", "b"]), task(1, "t", "copy")];
        records.extend(steps.into_iter().map(|step| Record::Step(1, step)));
        story(records).totals()
    }

    #[test]
    fn changes_count_on_each_host() {
        let file = || edited("/etc/motd", "1", "2");
        let refresh = ChangeRecord { counts: false, ..change(Kind::Cache, Sign::Act, "refresh") };
        let totals = totals(vec![changed("a", vec![file(), refresh]), changed("b", vec![file()])]);
        let expected = Totals {
            changes: 2,
            hosts_changed: 2,
            hosts_pending: 2,
            hosts: 2,
            tasks: 1,
            seen_through: 1,
            ..Totals::default()
        };
        assert_eq!(totals, expected);
        assert!(totals.pending());
    }

    #[test]
    fn the_items_of_a_loop_count_and_its_summary_does_not() {
        let item =
            StepRecord { item: Some("1".into()), ..changed("a", vec![edited("/x", "1", "2")]) };
        let summary = StepRecord { item: None, ..item.clone() };
        assert_eq!(totals(vec![item, summary.clone()]).changes, 1);
        assert_eq!(totals(vec![summary]).changes, 1);
    }

    #[test]
    fn commands_and_unknowns_are_not_seen_through() {
        let run = changed("a", vec![change(Kind::Run, Sign::Act, "run /bin/true")]);
        let one = totals(vec![run]);
        assert_eq!((one.changes, one.commands, one.seen_through), (0, 1, 0));
        let unknown = step("a", Verdict::Unknown { why: "depends on x".into() });
        let one = totals(vec![unknown]);
        assert_eq!((one.unknown, one.seen_through, one.pending()), (1, 0, true));
    }

    #[test]
    fn a_step_that_only_says_it_changed_counts_once() {
        assert_eq!(totals(vec![changed("a", Vec::new())]).changes, 1);
        let ran_as_probe = StepRecord {
            verdict: Verdict::Ok,
            ..changed("a", vec![change(Kind::Run, Sign::Act, "run")])
        };
        assert!(!totals(vec![ran_as_probe]).pending());
    }

    #[test]
    fn failures_count_unless_something_makes_up_for_them() {
        let ignored = Verdict::Failed { message: "x".into(), ignored: true, rescued: false };
        let broken = StepRecord { changes: vec![edited("/x", "1", "2")], ..failed("a", "x") };
        let totals = totals(vec![broken, step("b", ignored)]);
        assert_eq!((totals.failed, totals.changes), (1, 0), "how far it got can't be told");
    }
}
