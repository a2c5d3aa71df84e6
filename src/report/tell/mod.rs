//! A run told while it happens, in the lines that Ansible's users and their scripts know.

mod banner;
mod result;
mod step;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::Recap;
use crate::record::{Lost, PlayRecord, Reader, Record, StepRecord, TaskRecord};
use crate::report::recap;
use crate::report::screen::Screen;
use crate::report::tell::banner::banner;
use crate::report::theme::{Label, Theme};

/// How a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Colours.
    pub theme: Theme,
    /// The width of the terminal, in columns; 80 where there is none.
    pub width: usize,
    /// How often `-v` was given.
    pub verbosity: u8,
    /// Whether diffs are shown.
    pub diff: bool,
    /// Leave out what neither changes nor shows anything: hosts that are fine or skipped, and tasks that have no other.
    pub brief: bool,
    /// Show failures exactly as Ansible does: everything in one line of JSON.
    pub strict: bool,
}

/// Tells a run.
pub struct Teller {
    screen: Arc<dyn Screen>,
    manner: Manner,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    task: TaskRecord,
    /// Whether the title of the task was written.
    titled: bool,
    /// Hosts with items of the current task's loop.
    looped: BTreeSet<String>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            width: 80,
            verbosity: 0,
            diff: false,
            brief: false,
            strict: false,
        }
    }
}

impl Teller {
    /// Tells to this screen.
    pub fn new(screen: Arc<dyn Screen>, manner: Manner) -> Self {
        Self { screen, manner, state: Mutex::default() }
    }

    /// Ends with the recap.
    pub fn recap(&self, recap: &Recap) {
        let title = self.title("PLAY RECAP");
        self.screen.out(&format!("{title}{}\n", recap::draw(recap, self.manner.theme)));
    }

    fn play(&self, play: &PlayRecord) {
        if self.manner.brief && !play.hosts.is_empty() {
            return;
        }
        let mut text = self.title(&format!("PLAY [{}]", play.name));
        if play.hosts.is_empty() {
            text.push_str(&self.manner.theme.paint(Label::Skipped, "skipping: no hosts matched\n"));
        }
        self.screen.out(&text);
    }

    fn task(&self, state: &mut State, task: &TaskRecord) {
        state.task = task.clone();
        state.titled = false;
        state.looped.clear();
        if !self.manner.brief {
            self.title_task(state);
        }
    }

    fn step(&self, state: &mut State, step: &StepRecord) {
        let sums_up = step.item.is_none() && state.looped.contains(&step.host);
        if step.item.is_some() {
            state.looped.insert(step.host.clone());
        }
        let told = step::tell(&state.task, step, sums_up, &self.manner);
        if told.is_empty() {
            return;
        }
        self.title_task(state);
        if !told.err.is_empty() {
            self.screen.err(&told.err);
        }
        if !told.out.is_empty() {
            self.screen.out(&told.out);
        }
    }

    fn lost(&self, state: &mut State, lost: &Lost) {
        if state.task != TaskRecord::default() {
            self.title_task(state);
        }
        self.screen.out(&step::lost(lost, &self.manner));
    }

    fn title_task(&self, state: &mut State) {
        if std::mem::replace(&mut state.titled, true) {
            return;
        }
        let kind = if state.task.handler { "RUNNING HANDLER" } else { "TASK" };
        let mut text = self.title(&format!("{kind} [{}]", state.task.name));
        if self.manner.verbosity >= 2 {
            let place = format!("task path: {}\n", state.task.place);
            text.push_str(&self.manner.theme.paint(Label::Quiet, &place));
        }
        self.screen.out(&text);
    }

    fn title(&self, text: &str) -> String {
        format!("\n{}\n", self.manner.theme.paint(Label::Plain, &banner(text, self.manner.width)))
    }
}

impl Reader for Teller {
    fn read(&self, record: &Record) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match record {
            Record::Play(play) => {
                *state = State::default();
                self.play(play);
            }
            Record::Task(task) => self.task(&mut state, task),
            Record::Step(_, step) => self.step(&mut state, step),
            Record::Lost(lost) => self.lost(&mut state, lost),
            Record::Warning(warning) => {
                self.screen.err(&step::warning(warning, &self.manner));
            }
        }
    }
}
