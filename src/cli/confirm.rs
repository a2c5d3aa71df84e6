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

/// Asks `question`, and again where the answer is neither yes nor no. The name of a host, alone or after `d`, is answered with
/// what `show` tells about it, `d` alone with what it tells about all.
pub(crate) fn ask(
    question: &str,
    hosts: &[&str],
    show: &dyn Fn(Option<&str>) -> String,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<Answer> {
    loop {
        write!(output, "{question} [y/N/?] ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok(Answer::No);
        }
        let line = line.trim();
        let host = |name: &str| hosts.iter().find(|host| **host == name.trim()).copied();
        match line.to_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "" | "n" | "no" => return Ok(Answer::No),
            "d" => writeln!(output, "{}", show(None).trim_end())?,
            "?" => writeln!(
                output,
                "`y` applies, `n` does not, `d` shows the changes again, and the name of a host those of that host only: {}",
                hosts.join(", ")
            )?,
            _ => match host(line).or_else(|| host(line.strip_prefix("d ")?)) {
                Some(name) => writeln!(output, "{}", show(Some(name)).trim_end())?,
                None => writeln!(output, "Please answer `y` or `n`. `?` tells more.")?,
            },
        }
    }
}

/// Asks twice whether what protects an environment shall be set aside: once for a yes, once for the environment's name, so that it is
/// not done by habit.
pub(crate) fn twice(
    environment: &str,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<bool> {
    write!(output, "\nApply `{environment}` all the same? [y/N] ")?;
    output.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    if !matches!(line.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(false);
    }
    write!(output, "Type the name of the environment to confirm: ")?;
    output.flush()?;
    line.clear();
    input.read_line(&mut line)?;
    Ok(line.trim() == environment)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Answer, ask, twice};

    #[test]
    fn setting_protection_aside_takes_two_answers() {
        let answer = |typed: &str| twice("prod", &mut typed.as_bytes(), &mut Vec::new()).unwrap();
        assert!(answer("y\nprod\n"));
        for typed in ["", "y\n", "n\nprod\n", "y\ny\n", "y\nstaging\n", "prod\nprod\n"] {
            assert!(!answer(typed), "{typed:?}");
        }
    }

    #[track_caller]
    fn check(typed: &str, expected: Answer, asked: usize) -> String {
        let mut output = Vec::new();
        let show = |host: Option<&str>| format!("changes of {}\n", host.unwrap_or("all"));
        let hosts = ["web1", "web2"];
        let answer = ask("Apply?", &hosts, &show, &mut typed.as_bytes(), &mut output).unwrap();
        let shown = String::from_utf8(output).unwrap();
        assert_eq!(
            (answer, shown.matches("Apply? [y/N/?] ").count()),
            (expected, asked),
            "{typed:?}"
        );
        shown
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

    #[test]
    fn one_host_is_shown_by_its_name() {
        assert!(check("web2\nn\n", Answer::No, 2).contains("changes of web2\n"));
        assert!(check("d web1\ny\n", Answer::Yes, 2).contains("changes of web1\n"));
        assert!(check("d\n\n", Answer::No, 2).contains("changes of all\n"));
        assert!(check("?\n\n", Answer::No, 2).contains("web1, web2\n"));
        assert!(check("web3\n\n", Answer::No, 2).contains("Please answer"));
    }
}
