//! A long text page by page.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What `less` does where its user did not say: end at once where all fits, draw colours, leave the text on the screen.
const LESS: &str = "FRX";

/// Shows a text in a pager. Says whether that worked; a pager that its user left early has.
pub(crate) fn page(command: &str, text: &str) -> bool {
    let words = shlex::split(command).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut pager = Command::new(program);
    pager.args(arguments).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        pager.env("LESS", LESS);
    }
    let Ok(mut child) = pager.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager has read enough.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::page;

    #[test]
    fn the_pager_gets_the_text_and_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        assert!(page(&format!("tee '{}'", file.display()), ""));
        assert!(page(&format!("cp /dev/stdin '{}'", file.display()), "page\n"));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "page\n");
    }

    #[test]
    fn a_pager_that_is_not_there_shows_nothing() {
        assert!(!page("no-such-pager -x", "text"));
        assert!(!page("", "text"));
        assert!(page("true", &"long\n".repeat(100_000)), "it was left early");
    }
}
