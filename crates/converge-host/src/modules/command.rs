//! `command`: a program run with arguments, without a shell.

use crate::args::Args;
use crate::change::Changes;
use crate::expand::path;
use crate::host::{Command as Shown, Host};
use crate::modules::Module;
use crate::modules::commands::Circumstances;
use crate::stop::{Result, Stop};
use crate::words::split;

/// Runs a program. No shell reads the words: `|`, `>` and `&` are arguments like others.
///
/// What it does can't be told before it runs, unless the task says `changed_when: false`.
#[derive(Args)]
#[module(name = "command", free_form = "cmd", exclusive("cmd", "argv"), one_of("cmd", "argv"))]
pub(crate) struct Command {
    /// The program and its arguments, in one line.
    #[arg(alias = "_raw_params")]
    cmd: Option<String>,
    /// The program and its arguments, each by itself.
    argv: Option<Vec<String>>,
    /// Replace `$VAR` and `~` in the arguments.
    #[arg(default = "yes")]
    expand_argument_vars: bool,
    /// A shell, which this module has no use for.
    executable: Option<String>,
    /// Where and when it runs.
    #[arg(shared)]
    circumstances: Circumstances,
}

impl Module for Command {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let words = match (&self.argv, &self.cmd) {
            (Some(argv), _) => argv.clone(),
            (None, Some(cmd)) => split(cmd).map_err(|why| {
                Stop::failed(format!("can't read the command `{}`: {why}", cmd.trim()))
            })?,
            (None, None) => Vec::new(),
        };
        if self.executable.is_some() {
            changes.warn("`executable` names a shell, and `command` uses none; `shell` does");
        }
        let argv = if self.expand_argument_vars {
            words.iter().map(|word| path(word, host)).collect::<Result<_>>()?
        } else {
            words.clone()
        };
        let shown = Shown::new(words.iter().cloned()).shown();
        self.circumstances.run(argv, words.into(), shown, host, changes)
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::{Ask, Call, Done, Reply};

    const DO: Ask = Ask::Perform { gate: false, reviewed: None };

    fn call(scenario: &Scenario, args: &[(&str, Data)]) -> Call {
        scenario.call("command", args)
    }

    fn run(entries: &[&str], args: &[(&str, Data)]) -> Done {
        let scenario = Scenario::new(entries);
        done(Answerer::new(Real::new()).answer(&DO, &call(&scenario, args)).unwrap())
    }

    #[test]
    fn words_are_read_without_a_shell() {
        let home = Real::new().identity.home;
        for (cmd, want) in [
            ("echo 'a  b' c\\ d | $NOPE", "a  b c d | $NOPE"),
            ("echo $HOME ~ a~", &format!("{} {home} a~", std::env::var("HOME").unwrap())),
            ("printf a\\n\\n\\n", "annn"),
        ] {
            let done = run(&[], &[("cmd", cmd.into())]);
            assert_eq!(done.results["stdout"], Data::from(want));
            assert!(done.changed);
        }
        let argv = Data::List(vec!["echo".into(), "a  b".into(), Data::Int(3)]);
        let done = run(&[], &[("argv", argv)]);
        assert_eq!(done.results["stdout"], Data::from("a  b 3"));
        assert_eq!(done.results["cmd"], vec!["echo", "a  b", "3"].into());
        let raw = [("cmd", "echo $HOME ~".into()), ("expand_argument_vars", false.into())];
        assert_eq!(run(&[], &raw).results["stdout"], Data::from("$HOME ~"));
    }

    #[test]
    fn results_are_those_of_ansible() {
        let results = run(&[], &[("cmd", "echo x".into())]).results;
        let mut keys: Vec<_> = results.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys.join(" "),
            "cmd delta end msg rc start stderr stderr_lines stdout stdout_lines"
        );
        let args =
            [("cmd", "cat".into()), ("stdin", "in".into()), ("strip_empty_ends", false.into())];
        assert_eq!(run(&[], &args).results["stdout"], Data::from("in\n"));
        let here = [("cmd", "pwd".into()), ("chdir", "/".into())];
        assert_eq!(run(&[], &here).results["stdout"], Data::from("/"));
    }

    #[test]
    fn what_need_not_run_does_not() {
        for (key, pattern, runs) in [
            ("creates", "$T/f", false),
            ("creates", "$T/no", true),
            ("creates", "$T/?", false),
            ("removes", "$T/f", true),
            ("removes", "$T/no", false),
            ("removes", "$T/n*", false),
        ] {
            let done = run(&["f="], &[("cmd", "echo x".into()), (key, pattern.into())]);
            assert_eq!(done.changed, runs, "{key} {pattern}");
            let skipped = done.results["stdout"].as_str().unwrap().starts_with("skipped, since ");
            assert_eq!(skipped, !runs, "{key} {pattern}");
        }
        let relative = [("cmd", "ls".into()), ("chdir", "$T".into()), ("creates", "f".into())];
        assert!(!run(&["f="], &relative).changed);
    }

    #[test]
    fn a_plan_runs_nothing_and_says_what_is_open() {
        let scenario = Scenario::new(&["f="]);
        let call = call(&scenario, &[("cmd", "rm $T/f".into()), ("chdir", "$T".into())]);
        let mut answerer = Answerer::new(Real::new());
        let planned = done(answerer.answer(&Ask::Plan, &call).unwrap());
        assert!(planned.changed && planned.open.is_some());
        assert!(planned.results.contains_key("cmd") && !planned.results.contains_key("rc"));
        assert!(scenario.path().join("f").exists());
        let reviewed = Ask::Perform { gate: true, reviewed: Some(planned.changes) };
        assert!(done(answerer.answer(&reviewed, &call).unwrap()).open.is_none());
        assert!(!scenario.path().join("f").exists());
    }

    #[test]
    fn failures_are_told() {
        let fails = |args: &[(&str, Data)], want: &str| {
            let scenario = Scenario::new(&["f="]);
            match Answerer::new(Real::new()).answer(&DO, &call(&scenario, args)).unwrap() {
                Reply::Failed(failure, done) => {
                    let msg = failure.msg.replace(&scenario.path().display().to_string(), "$T");
                    assert_eq!(msg, want);
                    (failure.results, done.len())
                }
                other => panic!("{other:?}"),
            }
        };
        let (results, done) = fails(&[("cmd", "ls /no/such".into())], "non-zero return code");
        assert_eq!(
            (&results["rc"], done),
            (&Data::Int(2), 1),
            "it ran, so it may have changed something"
        );
        assert!(results["stderr"].as_str().unwrap().contains("/no/such"));
        let (results, done) = fails(
            &[("cmd", "no-such-program x".into())],
            "can't run `no-such-program`: there is no such program",
        );
        assert_eq!((&results["rc"], done), (&Data::Int(2), 0));
        fails(
            &[("cmd", "ls".into()), ("chdir", "$T/no".into())],
            "can't run in `$T/no`: there is no such directory",
        );
        fails(
            &[("cmd", "ls".into()), ("chdir", "$T/f".into())],
            "can't run in `$T/f`: it is no directory",
        );
        fails(
            &[("cmd", "echo 'x".into())],
            "can't read the command `echo 'x`: a quotation mark `'` is not closed",
        );
        fails(&[("cmd", "".into())], "no command given");
        fails(
            &[("chdir", "/".into())],
            "invalid arguments of `command`: one of `cmd`, `argv` must be given",
        );
    }

    #[test]
    fn a_probe_runs_while_planning_unless_something_is_in_the_way() {
        let scenario = Scenario::new(&["f=x"]);
        let mut answerer = Answerer::new(Real::new());
        let cat = call(&scenario, &[("cmd", "cat $T/f".into())]);
        let probed = done(answerer.answer(&Ask::Probe, &cat).unwrap());
        assert_eq!(probed.results["stdout"], Data::from("x"));
        let copy = scenario.call("copy", &[("dest", "$T/f".into()), ("content", "y".into())]);
        done(answerer.answer(&Ask::Plan, &copy).unwrap());
        match answerer.answer(&Ask::Probe, &cat).unwrap() {
            Reply::Unknown(why) => assert!(why.0.starts_with("the planned change of "), "{why}"),
            other => panic!("{other:?}"),
        }
        let other = call(&scenario, &[("cmd", "echo still".into())]);
        assert_eq!(
            done(answerer.answer(&Ask::Probe, &other).unwrap()).results["stdout"],
            Data::from("still")
        );
    }
}
