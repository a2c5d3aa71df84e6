//! What every kind of change can do.

use crate::change::{Change, Description, Touch};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::stop::{Result, Why};

/// What is written once per kind of change.
pub trait Effect {
    /// Says to a person what it does.
    fn describe(&self) -> Description;

    /// What it is about, by name and attribute.
    fn touches(&self) -> Vec<Touch> {
        Touch::of(&self.describe())
    }

    /// Whether it makes the task "changed". Refreshing a cache or waiting does not.
    fn counts(&self) -> bool {
        true
    }

    /// Why the task's results can't be known before performing, where performing tells more than that it was done.
    fn tells(&self) -> Option<Why> {
        None
    }

    /// Notes what the host looks like afterwards.
    fn expect(&self, expected: &mut Expected);

    /// Does it on the real host and returns what only doing it could tell (`rc`, `stdout`, …).
    ///
    /// Fails without having done anything where the host is no longer as it was when the change was planned.
    fn perform(&self, real: &Real) -> Result<Map>;

    /// The change that takes it back, where that makes sense.
    fn invert(&self) -> Option<Change>;
}
