//! `converge history` and `converge show`; files of saved plans are shown by [`saved`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::cli::args::{DiffArgs, HistoryArgs, ShowArgs};
use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::saved;
use crate::cli::terminal::Terminal;
use crate::history::{History, HistoryError, Mode, Run, Summary};
use crate::report::screen::Screen as _;
use crate::report::theme::{Label, Theme};
use crate::report::{compare, head, hosts, plan, recap, summary};

/// Lists earlier runs, prints them whole, or forgets old ones.
pub(crate) fn history(args: &HistoryArgs, environment: &Environment, terminal: &Terminal) -> End {
    if let Some(age) = args.forget {
        return forget(age, environment, terminal);
    }
    if args.export {
        return export(args.limit, environment, terminal);
    }
    let runs = open(environment).and_then(|history| match history {
        Some(history) => history.runs(args.limit),
        None => Ok(Vec::new()),
    });
    let runs = match runs {
        Ok(runs) => runs,
        Err(error) => return refuse(&error, terminal),
    };
    if args.json {
        terminal.answer(&json(&runs));
    } else if runs.is_empty() {
        terminal.err("Nothing was run so far.\n");
    } else {
        terminal.out(&list(&runs, terminal.theme, &environment.zone));
    }
    End::Shown
}

/// Each run as a line of JSON, the oldest first.
fn export(limit: usize, environment: &Environment, terminal: &Terminal) -> End {
    let whole = open(environment).and_then(|history| {
        let Some(history) = history else { return Ok(()) };
        for run in history.runs(limit)?.iter().rev() {
            let line = serde_json::to_string(&history.run(&run.id)?).unwrap_or_default();
            terminal.answer(&format!("{line}\n"));
        }
        Ok(())
    });
    whole.map_or_else(|error| refuse(&error, terminal), |()| End::Shown)
}

fn forget(age: Duration, environment: &Environment, terminal: &Terminal) -> End {
    let before = SystemTime::now().checked_sub(age).unwrap_or(UNIX_EPOCH);
    let before = before.duration_since(UNIX_EPOCH).unwrap_or_default();
    let before = i64::try_from(before.as_millis()).unwrap_or(i64::MAX);
    let forgotten = open(environment)
        .and_then(|history| history.map_or(Ok(0), |history| history.forget(before)));
    match forgotten {
        Ok(count) => {
            terminal.out(&format!("{} forgotten.\n", hosts::count(count, "run")));
            End::Shown
        }
        Err(error) => refuse(&error, terminal),
    }
}

/// Shows what two runs did differently.
pub(crate) fn diff(args: &DiffArgs, environment: &Environment, terminal: &Terminal) -> End {
    let missing = || HistoryError::NoSuchRun { id: args.one.clone() };
    let runs = open(environment)
        .and_then(|history| history.ok_or_else(missing))
        .and_then(|history| Ok((history.run(&args.one)?, history.run(&args.other)?)));
    let (one, other) = match runs {
        Ok(runs) => runs,
        Err(error) => return refuse(&error, terminal),
    };
    let theme = terminal.theme;
    let mut text = String::new();
    for (sign, label, run) in [('-', Label::Removed, &one), ('+', Label::Added, &other)] {
        let about = &run.summary;
        let when = time(about.started_ms, &environment.zone).strftime("%Y-%m-%d %H:%M");
        let revision =
            about.head.revision.as_ref().map(|revision| format!("  at {}", revision.shown()));
        let line = format!(
            "{sign} {}  {when}  {} {}{}",
            about.id,
            about.mode.word(),
            about.outcome.as_deref().unwrap_or("unfinished"),
            revision.unwrap_or_default()
        );
        text.push_str(&format!("{}\n", theme.paint(label, &line)));
    }
    let differs = compare::draw(&one.story, &other.story, theme);
    match differs.as_str() {
        "" => text.push_str("Both did the same.\n"),
        differs => text.push_str(&format!("\n{differs}")),
    }
    terminal.out(&text);
    End::Shown
}

/// Shows an earlier run again.
pub(crate) fn show(args: &ShowArgs, environment: &Environment, terminal: &Terminal) -> End {
    let file = environment.here.join(&args.run);
    if file.is_file() {
        return saved::show(&file, args, environment, terminal);
    }
    let missing = || HistoryError::NoSuchRun { id: args.run.clone() };
    let run = open(environment)
        .and_then(|history| history.ok_or_else(missing))
        .and_then(|history| history.run(&args.run));
    match run {
        Err(error) => refuse(&error, terminal),
        Ok(run) if args.json => {
            terminal.answer(&json(&run));
            End::Shown
        }
        Ok(run) => {
            let style = plan::Style { theme: terminal.theme, verbose: args.verbose };
            terminal.out(&draw(&run, style, &environment.zone));
            End::Shown
        }
    }
}

fn open(environment: &Environment) -> Result<Option<History>, HistoryError> {
    History::existing(&environment.history)
}

fn refuse(error: &HistoryError, terminal: &Terminal) -> End {
    let help: Vec<String> = error.help().into_iter().collect();
    terminal.error(&error.to_string(), &help);
    End::Invalid
}

/// One line for each run.
fn list(runs: &[Summary], theme: Theme, zone: &TimeZone) -> String {
    let mut text = String::new();
    let word = |run: &Summary| run.outcome.clone().unwrap_or_else(|| "unfinished".into());
    let width = runs.iter().map(|run| word(run).len()).max().unwrap_or(0);
    for run in runs {
        let outcome = word(run);
        let when = time(run.started_ms, zone).strftime("%Y-%m-%d %H:%M").to_string();
        let commit = run.head.revision.as_ref().map(|revision| {
            let dirty = if revision.dirty.is_empty() { "" } else { "+" };
            format!("{}{dirty}", revision.short.as_deref().unwrap_or("none"))
        });
        let rest = [
            Some(format!("{} changed", run.counts.changed)),
            Some(if run.hosts == 1 { "1 host".into() } else { format!("{} hosts", run.hosts) }),
            Some(run.head.inventory.join(",")).filter(|names| !names.is_empty()),
            commit,
            run.head
                .environments
                .iter()
                .find_map(|one| one.overridden.as_ref())
                .map(|_| "overridden".into()),
            Some(run.head.project.clone()),
        ];
        let rest: Vec<String> = rest.into_iter().flatten().collect();
        text.push_str(&format!(
            "{}  {when}  {:5}  {}  {}\n",
            theme.paint(Label::Title, &run.id),
            run.mode.word(),
            theme.paint(label(&outcome), &format!("{outcome:width$}")),
            theme.paint(Label::Plain, &rest.join("  ")),
        ));
    }
    text
}

/// A run as its plan and its end were drawn.
fn draw(run: &Run, style: plan::Style, zone: &TimeZone) -> String {
    let Run { summary: about, story } = run;
    let theme = style.theme;
    let outcome = about.outcome.as_deref().unwrap_or("unfinished");
    let when = time(about.started_ms, zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let took = about.ended_ms.map_or_else(String::new, |ended| {
        format!(", took {}", seconds(ended.saturating_sub(about.started_ms)))
    });
    let mut text = format!(
        "{} {} {when}{took}: {}\n",
        theme.paint(Label::Title, &format!("{:<10}", "Run")),
        about.id,
        theme.paint(label(outcome), &format!("{} {outcome}", about.mode.word())),
    );
    let names: Vec<&str> = story.hosts.keys().map(String::as_str).collect();
    text.push_str(&head::draw(&about.head, &names, theme, style.verbose));
    text.push('\n');
    text.push_str(&plan::changes(story, style));
    for warning in &story.warnings {
        text.push_str(&theme.paint(Label::Warning, &format!("warning: {warning}\n")));
    }
    if about.mode == Mode::Apply {
        text.push_str(&recap::draw(&story.hosts, theme));
    } else {
        text.push_str(&theme.paint(Label::Title, &summary::plan(&story.totals())));
        text.push('\n');
    }
    text
}

fn label(outcome: &str) -> Label {
    match outcome {
        "applied" | "unchanged" => Label::Ok,
        "pending" => Label::Changed,
        "failed" | "unreachable" | "refused" | "error" | "fault" => Label::Failed,
        _ => Label::Unknown,
    }
}

fn time(millis: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(zone.clone())
}

fn seconds(millis: i64) -> String {
    let seconds = millis / 1000;
    if seconds < 60 {
        return format!("{seconds}.{} s", millis % 1000 / 100);
    }
    format!("{} min {} s", seconds / 60, seconds % 60)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    // Text, numbers and lists: all of them have a form in JSON.
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{draw, list, seconds};
    use crate::event::{Counts, Recap};
    use crate::git::{Dirty, How, Revision};
    use crate::history::{Mode, Run, Summary};
    use crate::record::testing::{changed, edited, play, story, task};
    use crate::record::{Head, Record, StepRecord};
    use crate::report::plan::Style;
    use crate::report::theme::Theme;

    fn summary(id: &str, mode: Mode, outcome: Option<&str>) -> Summary {
        let revision = Revision {
            commit: Some("1a2b3c4d".into()),
            short: Some("1a2b3c4".into()),
            branch: None,
            dirty: vec![Dirty { path: "x".into(), how: How::New }],
        };
        Summary {
            id: id.into(),
            started_ms: 1_795_223_679_000,
            ended_ms: outcome.map(|_| 1_795_223_690_500),
            mode,
            head: Head {
                project: "/srv/infra".into(),
                revision: Some(revision),
                inventory: vec!["staging".into()],
                playbooks: vec!["playbooks/site.yml".into()],
                options: Vec::new(),
                environments: Vec::new(),
            },
            converge: "0.1.0".into(),
            outcome: outcome.map(str::to_owned),
            exit_code: None,
            counts: Counts { changed: 2, ..Counts::default() },
            hosts: 1,
        }
    }

    #[test]
    fn runs_in_a_list() {
        let runs = [
            summary("1ng1w3zab", Mode::Apply, Some("applied")),
            summary("1ng1w3yab", Mode::Check, Some("pending")),
            summary("1ng1w3xab", Mode::Apply, None),
        ];
        insta::assert_snapshot!(list(&runs, Theme::default(), &TimeZone::UTC), @r"
        1ng1w3zab  2026-11-21 01:14  apply  applied     2 changed  1 host  staging  1a2b3c4+  /srv/infra
        1ng1w3yab  2026-11-21 01:14  check  pending     2 changed  1 host  staging  1a2b3c4+  /srv/infra
        1ng1w3xab  2026-11-21 01:14  apply  unfinished  2 changed  1 host  staging  1a2b3c4+  /srv/infra
        ");
    }

    #[test]
    fn a_run_is_drawn_again() {
        let step =
            StepRecord { planned: false, ..changed("web1", vec![edited("/etc/motd", "a", "b")]) };
        let mut told =
            story(vec![play("p", &["web1"]), task(1, "motd", "copy"), Record::Step(1, step)]);
        told.hosts =
            Recap::from([("web1".into(), Counts { ok: 1, changed: 1, ..Counts::default() })]);
        let run = Run { summary: summary("1ng1w3zab", Mode::Apply, Some("applied")), story: told };
        insta::assert_snapshot!(draw(&run, Style::default(), &TimeZone::UTC), @r"
        Run        1ng1w3zab 2026-11-21 01:14:39 +00:00, took 11.5 s: apply applied
        Project    /srv/infra at 1a2b3c4 (dirty: 1 file)
        Inventory  staging
        Playbook   playbooks/site.yml
        Hosts      web1

        motd  (roles/nginx/tasks/main.yml:1:3)
          web1
            ~ /etc/motd
                --- before: /etc/motd
                +++ after: /etc/motd
                @@ -1 +1 @@
                -a
                +b

        web1                       : ok=1    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
        ");
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        assert_eq!(seconds(450), "0.4 s");
        assert_eq!(seconds(11_500), "11.5 s");
        assert_eq!(seconds(125_000), "2 min 5 s");
    }
}
