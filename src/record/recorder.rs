//! The one way from events to records.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use converge_host::change::Change;

use crate::event::{Event, Listener, Recap, Step, TaskInfo};
use crate::record::data::json_map;
use crate::record::{
    ChangeRecord, HIDDEN, Lost, PlayRecord, Reader, Record, StepRecord, TaskRecord, Verdict,
};
use crate::redact::{Redactor, Secret};

/// What stands where the message of a failure is hidden.
const HIDDEN_MESSAGE: &str = "the task failed; its message is hidden by `no_log`";

/// Modules whose whole point is what they show.
const SHOWING: [&str; 2] = ["debug", "assert"];

/// Turns events into records and hands each to every reader. Counts by host on the way.
pub struct Recorder {
    redactor: Arc<Redactor>,
    /// Whether the return values of every step are kept.
    all_results: bool,
    readers: Vec<Arc<dyn Reader>>,
    recap: Mutex<Recap>,
    /// The numbers that tasks were handed out by, in the order in which they are told. How many were handed out ahead of a failure
    /// that nobody had heard of is another number each time.
    told: Mutex<Vec<usize>>,
}

impl Recorder {
    /// A recorder without readers.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            all_results: false,
            readers: Vec::new(),
            recap: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Keeps the return values of every step, not only of failures.
    #[must_use]
    pub fn all_results(mut self, all: bool) -> Self {
        self.all_results = all;
        self
    }

    /// Adds a reader.
    #[must_use]
    pub fn to(mut self, reader: Arc<dyn Reader>) -> Self {
        self.readers.push(reader);
        self
    }

    /// What happened on each host so far.
    pub fn recap(&self) -> Recap {
        self.lock().clone()
    }

    /// An event in words.
    pub fn record(&self, event: &Event) -> Record {
        match event {
            Event::Play(play) => Record::Play(PlayRecord {
                name: self.text(&play.name),
                hosts: play.hosts.clone(),
                tasks: Vec::new(),
            }),
            Event::Task(task) => Record::Task(self.task(task)),
            Event::Step(step) => Record::Step(self.number(step.task.number), self.step(step)),
            Event::Unreachable { task, host, message, help, ignored } => Record::Lost(Lost {
                task: self.number(*task),
                ignored: *ignored,
                host: host.clone(),
                message: self.text(message),
                help: help.iter().map(|help| self.text(help)).collect(),
            }),
            Event::Warning(warning) => Record::Warning(self.text(warning)),
        }
    }

    /// The number of a task among those that were told.
    fn number(&self, handed_out: usize) -> usize {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let at = told.iter().rposition(|number| *number == handed_out).unwrap_or_else(|| {
            told.push(handed_out);
            told.len() - 1
        });
        at + 1
    }

    fn task(&self, task: &TaskInfo) -> TaskRecord {
        TaskRecord {
            number: self.number(task.number),
            name: self.text(&task.name),
            module: task.module.clone(),
            place: task.place.clone(),
            handler: task.handler,
            steps: Vec::new(),
        }
    }

    fn step(&self, step: &Step) -> StepRecord {
        let verdict = self.verdict(step);
        let shows = SHOWING.contains(&step.task.module.as_str());
        let failed = matches!(verdict, Verdict::Failed { .. });
        let results = !step.hidden && (self.all_results || shows || failed);
        let item = step.item.as_deref();
        StepRecord {
            host: step.host.clone(),
            delegated: step.delegated.clone(),
            item: item.map(|item| if step.hidden { HIDDEN.into() } else { self.text(item) }),
            verdict,
            changes: self.changes(step),
            hidden: step.hidden,
            results: results.then(|| json_map(&step.results, &self.redactor)),
            warnings: self.warnings(step),
            planned: step.planned,
            probed: step.probed,
            took_ms: u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn verdict(&self, step: &Step) -> Verdict {
        use crate::event::Verdict as Told;
        match &step.verdict {
            Told::Ok => Verdict::Ok,
            Told::Changed => Verdict::Changed,
            Told::Skipped { condition } => Verdict::Skipped {
                condition: condition.as_deref().map(|condition| self.text(condition)),
            },
            Told::Failed { message, ignored, rescued } => Verdict::Failed {
                message: if step.hidden { HIDDEN_MESSAGE.into() } else { self.text(message) },
                ignored: *ignored,
                rescued: *rescued,
            },
            Told::Unknown(why) => Verdict::Unknown { why: self.text(&why.0) },
        }
    }

    fn changes(&self, step: &Step) -> Vec<ChangeRecord> {
        let record = |change: &Change| {
            if step.hidden {
                return ChangeRecord::hidden(change);
            }
            ChangeRecord::new(change, step.diff, &self.redactor)
        };
        step.changes.iter().map(record).collect()
    }

    fn warnings(&self, step: &Step) -> Vec<String> {
        if step.hidden {
            return Vec::new();
        }
        step.warnings.iter().map(|warning| self.text(warning)).collect()
    }

    /// What comes after a hidden command may say that it depends on it, and must not tell it then.
    fn keep_hidden(&self, event: &Event) {
        let Event::Step(Step { hidden: true, changes, .. }) = event else { return };
        for change in changes {
            if let Change::Run(run) = change {
                self.redactor.add(&Secret::new(&run.shown));
            }
        }
    }

    fn text(&self, text: &str) -> String {
        self.redactor.redact(text).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Recap> {
        self.recap.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Recorder {
    fn hear(&self, event: &Event) {
        event.count(&mut self.lock());
        self.keep_hidden(event);
        let record = self.record(event);
        for reader in &self.readers {
            reader.read(&record);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use converge_host::blob::Blob;
    use converge_host::change::{
        Before, Change, FileChange, FileKind, FileState, WaitChange, WaitFor,
    };
    use converge_host::data::{Data, Map};

    use super::Recorder;
    use crate::event::{Counts, Event, Listener, PlayInfo, Step, TaskInfo, Verdict};
    use crate::record::{Collector, Kind, Record};
    use crate::redact::{Redactor, Secret};

    fn file() -> Change {
        let state = |text: &str, mode| FileState {
            kind: FileKind::File(Blob::new(text.as_bytes())),
            mode: Some(mode),
            owner: None,
            group: None,
            selinux: None,
            flags: None,
            times: None,
        };
        let before = Before::Is(state("password=old\n", 0o644));
        let after = Some(state("password=hunter22\n", 0o600));
        Change::File(FileChange::new(Path::new("/etc/app.conf"), before, after))
    }

    /// Something that does not count.
    fn refresh() -> Change {
        Change::Wait(WaitChange {
            until: WaitFor::Time,
            delay: Duration::ZERO,
            sleep: Duration::ZERO,
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            msg: None,
        })
    }

    fn step(verdict: Verdict) -> Step {
        let task = TaskInfo {
            number: 1,
            name: "app : Write hunter22".into(),
            module: "copy".into(),
            place: "a.yml:1:3".into(),
            handler: false,
        };
        Step {
            task: Arc::new(task),
            host: "web1".into(),
            delegated: None,
            user: None,
            item: Some("item hunter22".into()),
            verdict,
            changes: vec![file(), refresh()],
            results: Map::from([("msg".into(), Data::from("hunter22 refused"))]),
            warnings: vec!["hunter22 is weak".into()],
            hidden: false,
            diff: true,
            planned: true,
            probed: false,
            took: Duration::from_millis(12),
        }
    }

    fn failed() -> Verdict {
        let message = "hunter22 refused".into();
        Verdict::Failed { message, ignored: false, rescued: false }
    }

    fn recorder() -> Recorder {
        let redactor = Redactor::new();
        redactor.add(&Secret::new("hunter22"));
        Recorder::new(Arc::new(redactor))
    }

    #[test]
    fn no_part_of_a_record_holds_a_secret() {
        let recorder = recorder();
        let step = step(failed());
        let events = [
            Event::Play(PlayInfo { name: "hunter22".into(), hosts: vec!["web1".into()] }),
            Event::Task(Arc::clone(&step.task)),
            Event::Step(step),
            Event::Unreachable {
                task: 1,
                host: "web1".into(),
                message: "hunter22".into(),
                help: vec!["hunter22".into()],
                ignored: false,
            },
            Event::Warning("hunter22".into()),
        ];
        for event in &events {
            let text = format!("{:?}", recorder.record(event));
            assert!(text.contains("•••") && !text.contains("hunter22"), "{text}");
        }
    }

    #[test]
    fn a_step_in_words() {
        let Record::Step(1, step) = recorder().record(&Event::Step(step(failed()))) else {
            panic!()
        };
        insta::assert_snapshot!(serde_json::to_string_pretty(&step).unwrap(), @r#"
        {
          "host": "web1",
          "item": "item •••",
          "verdict": "failed",
          "message": "••• refused",
          "ignored": false,
          "rescued": false,
          "changes": [
            {
              "kind": "file",
              "sign": "modify",
              "what": "/etc/app.conf",
              "facts": [
                "mode 0644 → 0600",
                "secret content, 13 → 18 bytes"
              ],
              "diff": "--- before: /etc/app.conf\n+++ after: /etc/app.conf\n@@ -1 +1 @@\n-password=•••\n+password=•••\n",
              "counts": true,
              "touches": [
                {
                  "resource": "/etc/app.conf",
                  "attribute": "content"
                },
                {
                  "resource": "/etc/app.conf",
                  "attribute": "mode",
                  "fact": "mode 0644 → 0600"
                }
              ]
            },
            {
              "kind": "wait",
              "sign": "act",
              "what": "wait a while",
              "facts": [
                "1 s"
              ],
              "counts": false
            }
          ],
          "results": {
            "msg": "••• refused"
          },
          "warnings": [
            "••• is weak"
          ],
          "planned": true,
          "took_ms": 12
        }
        "#);
    }

    #[test]
    fn hidden_steps_keep_that_something_changes_and_nothing_else() {
        let hidden = Step { hidden: true, ..step(failed()) };
        let Record::Step(1, step) = recorder().record(&Event::Step(hidden)) else { panic!() };
        insta::assert_snapshot!(serde_json::to_string_pretty(&step).unwrap(), @r#"
        {
          "host": "web1",
          "item": "(hidden by no_log)",
          "verdict": "failed",
          "message": "the task failed; its message is hidden by `no_log`",
          "ignored": false,
          "rescued": false,
          "changes": [
            {
              "kind": "file",
              "sign": "modify",
              "what": "(hidden by no_log)",
              "facts": [
                "secret content, 13 → 18 bytes"
              ],
              "counts": true
            },
            {
              "kind": "wait",
              "sign": "act",
              "what": "(hidden by no_log)",
              "counts": false
            }
          ],
          "hidden": true,
          "planned": true,
          "took_ms": 12
        }
        "#);
    }

    #[test]
    fn content_is_left_out_where_the_task_forbids_it() {
        let quiet = Step { diff: false, ..step(Verdict::Changed) };
        let Record::Step(1, step) = recorder().record(&Event::Step(quiet)) else { panic!() };
        assert_eq!(step.changes[0].diff, None);
        assert_eq!(
            step.changes[0].facts,
            ["mode 0644 → 0600", "content not shown (`diff: false`)"]
        );
        assert_eq!(step.changes[1].kind, Kind::Wait);
        assert_eq!(step.results, None, "nobody asked for the results of what went well");
    }

    #[test]
    fn every_reader_hears_and_hosts_are_counted() {
        let collector = Arc::new(Collector::new());
        let recorder = recorder().to(collector.clone());
        let step = Step { item: None, ..step(Verdict::Changed) };
        recorder.hear(&Event::Play(PlayInfo { name: "p".into(), hosts: vec!["web1".into()] }));
        recorder.hear(&Event::Task(Arc::clone(&step.task)));
        recorder.hear(&Event::Step(step));
        let story = collector.story();
        assert_eq!(story.plays[0].tasks[0].steps[0].host, "web1");
        let counts = Counts { ok: 1, changed: 1, ..Counts::default() };
        assert_eq!(recorder.recap()["web1"], counts);
    }
}
