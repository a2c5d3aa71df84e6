//! The one question.

use std::io::{self, BufRead, Write};

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Apply.
    Yes,
    /// Don't. Also the answer of one who only presses enter, or closes the input.
    No,
}

/// Asks `question`, and again where the answer is neither yes nor no.
pub(crate) fn ask(
    question: &str,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<Answer> {
    loop {
        write!(output, "{question} [y/N] ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok(Answer::No);
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "" | "n" | "no" => return Ok(Answer::No),
            _ => writeln!(output, "Please answer `y` or `n`.")?,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Answer, ask};

    fn check(typed: &str, expected: Answer, asked: usize) {
        let mut output = Vec::new();
        let answer = ask("Apply?", &mut typed.as_bytes(), &mut output).unwrap();
        let shown = String::from_utf8(output).unwrap();
        assert_eq!(
            (answer, shown.matches("Apply? [y/N] ").count()),
            (expected, asked),
            "{typed:?}"
        );
    }

    #[test]
    fn only_yes_means_yes() {
        check("y\n", Answer::Yes, 1);
        check(" YES \n", Answer::Yes, 1);
        check("n\n", Answer::No, 1);
        check("\n", Answer::No, 1);
        check("", Answer::No, 1);
        check("yeah\ny\n", Answer::Yes, 2);
        check("sure", Answer::No, 2);
    }
}
