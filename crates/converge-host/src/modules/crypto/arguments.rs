//! Arguments that the modules of this family share.

use crate::args::Choice;

/// Whether a file shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// Libraries of Ansible.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    /// Whichever there is.
    Auto,
    /// Python's.
    Cryptography,
}
