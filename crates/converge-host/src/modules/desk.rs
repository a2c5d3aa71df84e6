//! What must hold for every module about the system, checked on a machine in memory.
//!
//! What is planned needs no planning again, and neither does what is done.

use crate::answer::Answerer;
use crate::change::Change;
use crate::data::{Data, Map};
use crate::host::memory::Memory;
use crate::host::overlay::Overlay;
use crate::modules::scenario::done;
use crate::wire::{Ask, Call, Done, Reply};

/// A machine in memory that modules work on.
pub(crate) struct Desk {
    pub(crate) answerer: Answerer<Memory>,
}

impl Desk {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { answerer: Answerer::new(memory) }
    }

    /// Plans and keeps the plan.
    pub(crate) fn ask(&mut self, module: &str, args: &[(&str, Data)]) -> Reply {
        self.answerer.answer(&Ask::Plan, &call(module, args)).unwrap()
    }

    /// Plans, plans again, performs, and plans again; returns what performing told.
    #[track_caller]
    pub(crate) fn run(&mut self, module: &str, args: &[(&str, Data)]) -> Done {
        let planned = done(self.ask(module, args));
        let again = done(self.ask(module, args));
        assert_eq!(again.changes, [], "what is planned needs no planning");
        self.answerer.reset();
        let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes.clone()) };
        let performed = done(self.answerer.answer(&perform, &call(module, args)).unwrap());
        assert_eq!(performed.changed, planned.changed);
        let again = done(self.ask(module, args));
        assert_eq!(again.changes, [], "what is done needs no doing");
        self.answerer.reset();
        performed
    }

    /// Performs without a look before and after.
    pub(crate) fn perform(&mut self, module: &str, args: &[(&str, Data)]) -> Reply {
        let perform = Ask::Perform { gate: false, reviewed: None };
        self.answerer.answer(&perform, &call(module, args)).unwrap()
    }

    /// Plans, and returns how it fails.
    #[track_caller]
    pub(crate) fn fails(&mut self, module: &str, args: &[(&str, Data)], want: &str) {
        match self.ask(module, args) {
            Reply::Failed(failure, _) => assert_eq!(failure.msg, want),
            other => panic!("it should fail: {other:?}"),
        }
        self.answerer.reset();
    }

    /// The text of a file as it is planned.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> String {
        let overlay = Overlay { base: &self.answerer.machine, expected: &self.answerer.expected };
        let blob = crate::host::Host::content(&overlay, path.as_ref()).unwrap();
        String::from_utf8(blob.bytes.unwrap().to_vec()).unwrap()
    }
}

/// The changes in words, with their facts; files by their paths.
pub(crate) fn words(changes: &[Change]) -> Vec<String> {
    let words = |change: &Change| {
        let description = change.effect().describe();
        // What is new about a file is in its diff.
        let facts = description.facts.iter().filter(|_| !matches!(change, Change::File(_)));
        let facts: String = facts.map(|fact| format!("; {fact}")).collect();
        format!("{}{facts}", description.what)
    };
    changes.iter().map(words).collect()
}

/// The commands of a change whose effect is known, as a person would type them.
#[track_caller]
pub(crate) fn commands(change: &Change) -> Vec<String> {
    match change {
        Change::Act(act) => act.commands.iter().map(crate::host::Command::shown).collect(),
        other => panic!("no commands with a known effect: {other:?}"),
    }
}

/// Arguments as a mapping.
pub(crate) fn call(module: &str, args: &[(&str, Data)]) -> Call {
    let args: Map = args.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect();
    Call { module: module.into(), args, env: Vec::new() }
}
