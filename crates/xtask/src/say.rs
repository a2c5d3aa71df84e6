//! The only place of this crate that prints, so that data (stdout) and progress (stderr) stay apart.

/// Prints one line of progress to stderr, named after the chore that speaks.
#[expect(clippy::print_stderr, reason = "chores report to the person who started them")]
pub fn progress(chore: &str, line: &str) {
    eprintln!("{chore}: {line}");
}

/// Prints one line of output to stdout.
#[expect(clippy::print_stdout, reason = "chores report to the person who started them")]
pub fn line(text: &str) {
    println!("{text}");
}
