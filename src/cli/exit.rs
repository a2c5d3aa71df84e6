//! The one place where exit codes are made.
//!
//! Everything that can happen ends in one [`End`]; scripts see its code. The numbers are explained in `--help` and in
//! `docs/exit-codes.md`.

/// How an invocation ended. Where several hold, the first of them in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// A fault of converge.
    Fault,
    /// A command line that can't be understood.
    Usage,
    /// A playbook that can't be understood.
    Syntax,
    /// Any other reason why nothing was done: no inventory, no such host, an unreadable file.
    Invalid,
    /// A saved plan that can't be applied any more: something that it rests on has moved, or it was applied already. Or a protected
    /// environment that lacks what it asks for.
    Refused,
    /// A task failed, or would fail.
    Failed,
    /// A host could not be reached or was lost; the others are done.
    Unreachable,
    /// Something would change, and nothing was applied.
    Pending,
    /// Nothing is known to change, but something may: only applying can tell.
    Unknown,
    /// Everything was applied.
    Applied,
    /// There was nothing to do.
    Unchanged,
    /// What was asked for was shown.
    Shown,
}

/// By which name converge was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its own.
    #[default]
    Converge,
    /// `ansible-playbook`: scripts that call it know Ansible's exit codes and expect no question.
    AnsiblePlaybook,
}

impl End {
    /// The exit code.
    pub(crate) fn code(self, name: Name) -> u8 {
        match name {
            Name::Converge => self.own_code(),
            Name::AnsiblePlaybook => self.ansible_code(),
        }
    }

    fn own_code(self) -> u8 {
        match self {
            Self::Applied | Self::Unchanged | Self::Shown => 0,
            Self::Fault | Self::Usage | Self::Syntax | Self::Invalid | Self::Failed => 1,
            Self::Pending => 2,
            Self::Unreachable | Self::Unknown => 3,
            Self::Refused => 4,
        }
    }

    /// As ansible-core 2.19 was seen to exit.
    fn ansible_code(self) -> u8 {
        match self {
            Self::Applied | Self::Unchanged | Self::Shown | Self::Pending | Self::Unknown => 0,
            Self::Invalid | Self::Refused => 1,
            Self::Usage | Self::Failed => 2,
            Self::Syntax | Self::Unreachable => 4,
            Self::Fault => 250,
        }
    }

    /// In one word, for the history and for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Usage | Self::Syntax | Self::Invalid => "error",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Shown => "shown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Name};

    #[test]
    fn codes_by_name() {
        let codes = |end: End| (end.code(Name::Converge), end.code(Name::AnsiblePlaybook));
        assert_eq!(codes(End::Unchanged), (0, 0));
        assert_eq!(codes(End::Applied), (0, 0));
        assert_eq!(codes(End::Pending), (2, 0), "ansible-playbook --check exits with 0");
        assert_eq!(codes(End::Unknown), (3, 0));
        assert_eq!(codes(End::Failed), (1, 2));
        assert_eq!(codes(End::Unreachable), (3, 4));
        assert_eq!(codes(End::Refused), (4, 1));
        assert_eq!(codes(End::Usage), (1, 2));
        assert_eq!(codes(End::Syntax), (1, 4));
        assert_eq!(codes(End::Invalid), (1, 1));
        assert_eq!(codes(End::Fault), (1, 250));
    }

    #[test]
    fn the_worst_counts() {
        assert_eq!([End::Applied, End::Unreachable, End::Failed].iter().min(), Some(&End::Failed));
        assert_eq!([End::Pending, End::Unreachable].iter().min(), Some(&End::Unreachable));
        assert_eq!([End::Unknown, End::Pending].iter().min(), Some(&End::Pending));
    }
}
