//! What sudo, su and doas mean by what they print. Their messages are asked for in English.

use crate::wire::{BecomeMethod, OpenError};

/// A complaint longer than this many characters is cut: sudo quotes the whole command that it refuses.
const LONGEST: usize = 300;

/// What a program that did not start the helper said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over.
    Error(OpenError),
    /// It wants a terminal, which it can be given.
    WantsTerminal,
}

/// Whether the text ends with a question for a password.
pub(super) fn asks(method: BecomeMethod, text: &str, prompt: &str) -> bool {
    match method {
        BecomeMethod::Sudo => !prompt.is_empty() && text.contains(prompt),
        // `Password: ` of su, `doas (ann@host) password: `.
        BecomeMethod::Su | BecomeMethod::Doas => {
            let end = text.trim_end();
            end.len() < text.len() && end.to_lowercase().ends_with("password:")
                || end.ends_with("assword:")
        }
    }
}

/// Reads the complaints of a program that ended. `answered` says whether a password was told.
pub(super) fn read(
    method: BecomeMethod,
    text: &str,
    script: &str,
    status: &str,
    answered: bool,
) -> Verdict {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|one| lower.contains(one));
    if says(&["you must have a tty", "a tty is required", "must be run from a terminal"]) {
        return Verdict::WantsTerminal;
    }
    if says(&["unknown user", "does not exist", "user not found", "no passwd entry"]) {
        return Verdict::Error(OpenError::NoSuchUser);
    }
    if says(&[
        "a password is required",
        "no password was provided",
        "no tty present",
        "authentication required",
    ]) && !answered
    {
        return Verdict::Error(OpenError::PasswordNeeded);
    }
    if says(&[
        "incorrect password",
        "authentication failure",
        "authentication failed",
        "sorry, try again",
        "su: sorry",
    ]) {
        return Verdict::Error(match answered {
            true => OpenError::WrongPassword,
            false => OpenError::PasswordNeeded,
        });
    }
    let program = match method {
        BecomeMethod::Sudo => "sudo",
        BecomeMethod::Su => "su",
        BecomeMethod::Doas => "doas",
    };
    let text = if script.is_empty() { text.to_owned() } else { text.replace(script, "…") };
    let words =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ");
    let words = match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    };
    Verdict::Error(OpenError::Failed(match words.is_empty() {
        true => format!("{program} ended without a word ({status})"),
        false => words,
    }))
}

#[cfg(test)]
mod tests {
    use super::{Verdict, asks, read};
    use crate::wire::{BecomeMethod, OpenError};

    fn check(method: BecomeMethod, text: &str, answered: bool, expected: Verdict) {
        assert_eq!(read(method, text, "SCRIPT", "exit status: 1", answered), expected, "{text}");
    }

    fn failed(words: &str) -> Verdict {
        Verdict::Error(OpenError::Failed(words.to_owned()))
    }

    #[test]
    fn complaints_of_sudo() {
        use BecomeMethod::Sudo;
        check(
            Sudo,
            "sudo: a password is required\n",
            false,
            Verdict::Error(OpenError::PasswordNeeded),
        );
        let old = "sudo: no tty present and no askpass program specified\n";
        check(Sudo, old, false, Verdict::Error(OpenError::PasswordNeeded));
        let wrong = "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n";
        check(Sudo, wrong, true, Verdict::Error(OpenError::WrongPassword));
        check(
            Sudo,
            "sudo: unknown user: bob\nsudo: error initializing audit plugin",
            false,
            Verdict::Error(OpenError::NoSuchUser),
        );
        check(
            Sudo,
            "sudo: sorry, you must have a tty to run sudo\n",
            false,
            Verdict::WantsTerminal,
        );
        let refused =
            "Sorry, user joe is not allowed to execute '/bin/sh -c SCRIPT' as root on web.\n";
        check(
            Sudo,
            refused,
            false,
            failed("Sorry, user joe is not allowed to execute '/bin/sh -c …' as root on web."),
        );
        check(
            Sudo,
            "joe is not in the sudoers file.\n",
            true,
            failed("joe is not in the sudoers file."),
        );
        check(Sudo, "", false, failed("sudo ended without a word (exit status: 1)"));
    }

    #[test]
    fn complaints_of_su_and_doas() {
        use BecomeMethod::{Doas, Su};
        check(
            Su,
            "Password: su: Authentication failure\n",
            true,
            Verdict::Error(OpenError::WrongPassword),
        );
        check(
            Su,
            "Password: su: Authentication failure\n",
            false,
            Verdict::Error(OpenError::PasswordNeeded),
        );
        check(
            Su,
            "su: user bob does not exist or the user entry does not contain all the required fields\n",
            false,
            Verdict::Error(OpenError::NoSuchUser),
        );
        check(
            Doas,
            "doas: Authentication required\n",
            false,
            Verdict::Error(OpenError::PasswordNeeded),
        );
        check(Doas, "doas: a tty is required\n", true, Verdict::WantsTerminal);
        check(
            Doas,
            "doas: Operation not permitted\n",
            false,
            failed("doas: Operation not permitted"),
        );
    }

    #[test]
    fn questions() {
        assert!(asks(BecomeMethod::Sudo, "lecture\nPROMPT", "PROMPT"));
        assert!(!asks(BecomeMethod::Sudo, "Password: ", "PROMPT"));
        assert!(!asks(BecomeMethod::Sudo, "sudo: a password is required", ""));
        assert!(asks(BecomeMethod::Su, "Password: ", "PROMPT"));
        assert!(asks(BecomeMethod::Doas, "\rdoas (joe@web) password: ", "PROMPT"));
        assert!(!asks(BecomeMethod::Su, "su: Authentication failure\n", "PROMPT"));
    }

    #[test]
    fn long_complaints_are_cut() {
        let Verdict::Error(OpenError::Failed(words)) =
            read(BecomeMethod::Sudo, &"é".repeat(999), "S", "", false)
        else {
            panic!("not a failure");
        };
        assert_eq!(words.chars().count(), 301);
    }
}
