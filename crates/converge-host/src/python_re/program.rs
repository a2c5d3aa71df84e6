//! From the tree of a pattern to the steps that match it.

use crate::python_re::node::{At, Fold, Node, One, Repeat};
use crate::python_re::width::may_be_empty;

/// A program may have this many steps: a pattern that counts to thousands within thousands is refused.
const MOST_STEPS: usize = 200_000;

/// A step. Steps follow one another unless they say otherwise.
#[derive(Clone, Debug)]
pub(super) enum Step {
    One(One),
    /// One character again and again, without going back through the steps for each.
    Run {
        one: One,
        least: usize,
        most: usize,
        greedy: bool,
    },
    At(At),
    /// Keeps the place.
    Keep(usize),
    /// Goes to the first, and on failure to the second.
    Try(usize, usize),
    Jump(usize),
    /// Goes elsewhere if nothing was taken since the place was kept.
    Idle(usize, usize),
    Back {
        group: usize,
        fold: Fold,
    },
    /// Looks by the steps up to `end`, which follow.
    Look {
        behind: Option<usize>,
        wanted: bool,
        end: usize,
    },
    /// Matches by the steps up to the end, which follow, and never comes back to them.
    Atomic(usize),
    /// Goes elsewhere if the group took no part.
    If {
        group: usize,
        otherwise: usize,
    },
    /// The pattern, or the steps of `Look` or `Atomic`, matched.
    Done,
}

/// A pattern as steps.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// How many places it keeps: two for each group, the whole match included, and one for each loop that may idle.
    pub(super) places: usize,
}

/// Writes the program. None where it would be too long.
pub(super) fn compile(node: &Node, groups: usize) -> Option<Program> {
    let mut writer = Writer { steps: Vec::new(), places: 2 * (groups + 1) };
    writer.write(node);
    writer.steps.push(Step::Done);
    (writer.steps.len() <= MOST_STEPS)
        .then_some(Program { steps: writer.steps, places: writer.places })
}

struct Writer {
    steps: Vec<Step>,
    places: usize,
}

impl Writer {
    fn write(&mut self, node: &Node) {
        if self.steps.len() > MOST_STEPS {
            return;
        }
        match node {
            Node::One(one) => self.steps.push(Step::One(one.clone())),
            Node::At(at) => self.steps.push(Step::At(*at)),
            Node::Row(row) => row.iter().for_each(|node| self.write(node)),
            Node::Either(choices) => self.either(choices),
            Node::Group(group, node) => {
                self.steps.push(Step::Keep(2 * group));
                self.write(node);
                self.steps.push(Step::Keep(2 * group + 1));
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Look { node, behind, wanted } => {
                let (behind, wanted) = (*behind, *wanted);
                self.inner(node, |end| Step::Look { behind, wanted, end });
            }
            Node::Atomic(node) => self.inner(node, Step::Atomic),
            Node::Back { group, fold } => {
                self.steps.push(Step::Back { group: *group, fold: *fold });
            }
            Node::If { group, then, otherwise } => {
                let condition = self.hole();
                self.write(then);
                let jump = self.hole();
                self.fill(condition, |here| Step::If { group: *group, otherwise: here });
                self.write(otherwise);
                self.fill(jump, Step::Jump);
            }
        }
    }

    /// A step that is filled in later.
    fn hole(&mut self) -> usize {
        self.steps.push(Step::Done);
        self.steps.len() - 1
    }

    fn fill(&mut self, hole: usize, step: impl FnOnce(usize) -> Step) {
        self.steps[hole] = step(self.steps.len());
    }

    fn inner(&mut self, node: &Node, step: impl FnOnce(usize) -> Step) {
        let hole = self.hole();
        self.write(node);
        self.steps.push(Step::Done);
        self.fill(hole, step);
    }

    fn either(&mut self, choices: &[Node]) {
        let Some((last, before)) = choices.split_last() else { return };
        let mut jumps = Vec::new();
        for choice in before {
            let fork = self.hole();
            self.write(choice);
            jumps.push(self.hole());
            self.fill(fork, |here| Step::Try(fork + 1, here));
        }
        self.write(last);
        for jump in jumps {
            self.fill(jump, Step::Jump);
        }
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let Repeat { node, least, most, greedy } = repeat;
        if let Node::One(one) = &**node {
            let most = most.unwrap_or(usize::MAX);
            self.steps.push(Step::Run { one: one.clone(), least: *least, most, greedy: *greedy });
            return;
        }
        for _ in 0..(*least).min(MOST_STEPS) {
            self.write(node);
        }
        match most {
            None => self.again(node, *greedy),
            Some(most) => {
                let mut forks = Vec::new();
                for _ in *least..(*most).min(least.saturating_add(MOST_STEPS)) {
                    forks.push(self.hole());
                    self.write(node);
                    if self.steps.len() > MOST_STEPS {
                        break;
                    }
                }
                for fork in forks {
                    self.fill(fork, |here| order(fork + 1, here, *greedy));
                }
            }
        }
    }

    /// Any number of times. Once it takes nothing, it is enough.
    fn again(&mut self, node: &Node, greedy: bool) {
        let fork = self.hole();
        let idles = may_be_empty(node);
        let place = self.places;
        if idles {
            self.places += 1;
            self.steps.push(Step::Keep(place));
        }
        self.write(node);
        let idle = idles.then(|| self.hole());
        self.steps.push(Step::Jump(fork));
        if let Some(idle) = idle {
            self.fill(idle, |here| Step::Idle(place, here));
        }
        self.fill(fork, |here| order(fork + 1, here, greedy));
    }
}

fn order(body: usize, behind: usize, greedy: bool) -> Step {
    if greedy { Step::Try(body, behind) } else { Step::Try(behind, body) }
}
