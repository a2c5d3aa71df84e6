//! Matches by the steps of a program, going back where they fail: the way Python's engine finds what it finds.

use crate::python_re::node::{At, Fold, One, is_word};
use crate::python_re::program::{Program, Step};

/// A match that needs to go back more often than this is given up. It takes about a second.
const MOST_RETURNS: usize = 30_000_000;

/// Where a place has not been kept.
const NOWHERE: usize = usize::MAX;

/// Matching was given up.
pub(super) struct GaveUp;

/// One search in a text.
pub(super) struct Machine<'a> {
    steps: &'a [Step],
    text: &'a str,
    places: Vec<usize>,
    /// What to do on failure, the last first.
    back: Vec<Way>,
    returns: usize,
    /// An empty match is refused here.
    not_empty_at: Option<usize>,
}

/// A way back.
enum Way {
    /// To a step, at a byte of the text.
    To(usize, usize),
    /// A place was this before.
    Was(usize, usize),
    /// To a step with one character less, down to the first byte.
    Less { step: usize, first: usize, at: usize },
    /// To the step after this one with one character more; so many may follow.
    More { step: usize, at: usize, left: usize },
}

impl<'a> Machine<'a> {
    /// A search by a program.
    pub(super) fn new(program: &'a Program, text: &'a str, not_empty_at: Option<usize>) -> Self {
        let places = vec![NOWHERE; program.places];
        Self { steps: &program.steps, text, places, back: Vec::new(), returns: 0, not_empty_at }
    }

    /// The groups of the first match that begins at or behind a byte.
    pub(super) fn search(&mut self, from: usize) -> Result<Option<&[usize]>, GaveUp> {
        let mut at = from;
        while let Some(start) = self.candidate(at) {
            self.places.fill(NOWHERE);
            self.back.clear();
            let refused = self.not_empty_at.filter(|refused| *refused == start);
            if let Some(end) = self.run(0, start, refused)? {
                self.places[0] = start;
                self.places[1] = end;
                return Ok(Some(&self.places));
            }
            let Some(next) = self.text[start..].chars().next() else { break };
            at = start + next.len_utf8();
        }
        Ok(None)
    }

    /// Where a match can begin next, as its first step lets see.
    fn candidate(&self, at: usize) -> Option<usize> {
        let first = self.steps.iter().find(|step| !matches!(step, Step::Keep(_)));
        match first {
            Some(Step::One(One::Is(character, Fold::No))) => {
                self.text[at..].find(*character).map(|found| at + found)
            }
            Some(Step::At(At::Start)) => (at == 0).then_some(0),
            Some(Step::At(At::LineStart)) if at > 0 && !self.text[..at].ends_with('\n') => {
                self.text[at..].find('\n').map(|found| at + found + 1)
            }
            _ => Some(at),
        }
    }

    /// Runs from a step to `Done`, and gives the byte that was reached, which must not be `refused`.
    fn run(
        &mut self,
        step: usize,
        at: usize,
        refused: Option<usize>,
    ) -> Result<Option<usize>, GaveUp> {
        let bottom = self.back.len();
        let (mut step, mut at) = (step, at);
        loop {
            let next = match &self.steps[step] {
                Step::Done if refused != Some(at) => return Ok(Some(at)),
                Step::Done => None,
                _ => self.step(step, at)?,
            };
            let next = if next.is_none() { self.go_back(bottom)? } else { next };
            let Some(next) = next else { return Ok(None) };
            (step, at) = next;
        }
    }

    /// Takes one step; none where it fails.
    fn step(&mut self, step: usize, at: usize) -> Result<Option<(usize, usize)>, GaveUp> {
        let steps = self.steps;
        Ok(match &steps[step] {
            Step::Done => None,
            Step::One(one) => self.one(one, at).map(|at| (step + 1, at)),
            Step::Run { one, least, most, greedy } => {
                self.many(one, *least, *most, *greedy, step, at)
            }
            Step::At(place) => self.is_at(*place, at).then_some((step + 1, at)),
            Step::Keep(place) => {
                self.keep(*place, at);
                Some((step + 1, at))
            }
            Step::Try(first, second) => {
                self.back.push(Way::To(*second, at));
                Some((*first, at))
            }
            Step::Jump(to) => Some((*to, at)),
            Step::Idle(place, behind) if self.places[*place] == at => Some((*behind, at)),
            Step::Idle(..) => Some((step + 1, at)),
            Step::Back { group, fold } => self.again(*group, *fold, at).map(|at| (step + 1, at)),
            Step::If { group, otherwise } => {
                let took_part = self.group(*group).is_some();
                Some((if took_part { step + 1 } else { *otherwise }, at))
            }
            Step::Atomic(end) => {
                let bottom = self.back.len();
                let reached = self.run(step + 1, at, None)?;
                self.forget(bottom);
                reached.map(|at| (*end, at))
            }
            Step::Look { behind, wanted, end } => {
                let from = match behind {
                    None | Some(0) => Some(at),
                    Some(count) => {
                        self.text[..at].char_indices().nth_back(count - 1).map(|found| found.0)
                    }
                };
                let bottom = self.back.len();
                let found = match from {
                    Some(from) => self.run(step + 1, from, None)?.is_some(),
                    None => false,
                };
                match *wanted {
                    true => self.forget(bottom),
                    // What it kept on its way is not to be seen.
                    false => self.undo(bottom),
                }
                (found == *wanted).then_some((*end, at))
            }
        })
    }

    /// Behind the character here, if it is the one.
    fn one(&self, one: &One, at: usize) -> Option<usize> {
        let character = self.text[at..].chars().next()?;
        one.has(character).then(|| at + character.len_utf8())
    }

    /// As many as may be, or as few.
    fn many(
        &mut self,
        one: &One,
        least: usize,
        most: usize,
        greedy: bool,
        step: usize,
        at: usize,
    ) -> Option<(usize, usize)> {
        let mut at = at;
        for _ in 0..least {
            at = self.one(one, at)?;
        }
        let first = at;
        if greedy {
            for _ in least..most {
                let Some(next) = self.one(one, at) else { break };
                at = next;
            }
            if at > first {
                self.back.push(Way::Less { step: step + 1, first, at });
            }
        } else if most > least {
            self.back.push(Way::More { step, at, left: most - least });
        }
        Some((step + 1, at))
    }

    /// Goes the last way back that is above `bottom`; none where there is none.
    fn go_back(&mut self, bottom: usize) -> Result<Option<(usize, usize)>, GaveUp> {
        while self.back.len() > bottom {
            self.returns += 1;
            if self.returns > MOST_RETURNS {
                return Err(GaveUp);
            }
            match self.back.pop() {
                None => break,
                Some(Way::To(step, at)) => return Ok(Some((step, at))),
                Some(Way::Was(place, was)) => self.places[place] = was,
                Some(Way::Less { step, first, at }) => {
                    let shorter = self.text[..at].chars().next_back().map_or(0, char::len_utf8);
                    let at = at - shorter;
                    if at > first {
                        self.back.push(Way::Less { step, first, at });
                    }
                    return Ok(Some((step, at)));
                }
                Some(Way::More { step, at, left }) => {
                    let steps = self.steps;
                    let Step::Run { one, .. } = &steps[step] else { continue };
                    let Some(at) = self.one(one, at) else { continue };
                    if left > 1 {
                        self.back.push(Way::More { step, at, left: left - 1 });
                    }
                    return Ok(Some((step + 1, at)));
                }
            }
        }
        Ok(None)
    }

    fn keep(&mut self, place: usize, at: usize) {
        self.back.push(Way::Was(place, self.places[place]));
        self.places[place] = at;
    }

    /// There is no way back into what was matched above `bottom`, but what it kept can still be taken back.
    fn forget(&mut self, bottom: usize) {
        let above = self.back.split_off(bottom.min(self.back.len()));
        self.back.extend(above.into_iter().filter(|way| matches!(way, Way::Was(..))));
    }

    fn undo(&mut self, bottom: usize) {
        while self.back.len() > bottom {
            if let Some(Way::Was(place, was)) = self.back.pop() {
                self.places[place] = was;
            }
        }
    }

    fn group(&self, group: usize) -> Option<&'a str> {
        let (from, to) = (*self.places.get(2 * group)?, *self.places.get(2 * group + 1)?);
        self.text.get(from..to)
    }

    /// Behind the same text as a group found.
    fn again(&self, group: usize, fold: Fold, at: usize) -> Option<usize> {
        let mut rest = self.text[at..].chars();
        for wanted in self.group(group)?.chars() {
            let found = rest.next()?;
            if found != wanted && !fold.same(found, wanted) {
                return None;
            }
        }
        Some(self.text.len() - rest.as_str().len())
    }

    fn is_at(&self, place: At, at: usize) -> bool {
        let (before, rest) = self.text.split_at(at);
        match place {
            At::Start => before.is_empty(),
            At::End => rest.is_empty(),
            At::LineStart => before.is_empty() || before.ends_with('\n'),
            At::LineEnd => rest.is_empty() || rest.starts_with('\n'),
            At::Last => matches!(rest, "" | "\n"),
            // In an empty text there is neither.
            At::Word { .. } if self.text.is_empty() => false,
            At::Word { ascii, wanted } => {
                let word = |character: Option<char>| character.is_some_and(|it| is_word(it, ascii));
                let edge = word(before.chars().next_back()) != word(rest.chars().next());
                edge == wanted
            }
        }
    }
}
