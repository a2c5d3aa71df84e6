//! `converge resume RUN`: goes on with the hosts that failed or were not reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cli::args::{Format, ResumeArgs};
use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Output, Request};
use crate::cli::run::{Resumed, run_resumed};
use crate::cli::terminal::Terminal;
use crate::git;
use crate::history::{History, HistoryError, Mode, Run};
use crate::record::{Story, TaskRecord, Verdict};
use crate::redact::Redactor;
use crate::report::hosts;
use crate::report::screen::Screen as _;
use crate::run::{GoOn, Mark, Resume};

/// How many runs are looked through for the last one that applied something.
const RECENT: usize = 1000;

/// How many runs that went on with each other are followed.
const CHAIN: usize = 50;

/// The option of a run that went on with another, before its name.
const RESUMED: &str = "resume ";

/// Goes on with a run.
pub(crate) fn resume(args: ResumeArgs, environment: &Environment, redactor: &Arc<Redactor>) -> End {
    let output = Output::new(&args.shared.reach.output);
    let terminal = Terminal::new(Arc::clone(redactor), output.color)
        .answer_only(output.format == Format::Json);
    let (run, before) = match read(args.id.as_deref(), environment) {
        Ok(read) => read,
        Err(error) => {
            terminal.error(&error.to_string(), error.help().as_slice());
            return End::Invalid;
        }
    };
    let about = &run.summary;
    if about.mode != Mode::Apply {
        let help = "`converge history` lists what was applied".to_owned();
        terminal.error(&format!("run `{}` applied nothing", about.id), &[help]);
        return End::Invalid;
    }
    let by_name = moved(&run);
    let resume = Resume { hosts: left(&run.story, about.outcome.is_none(), &before), by_name };
    if resume.hosts.is_empty() {
        terminal.out(&format!("Run {} left nothing to go on with.\n", about.id));
        return End::Unchanged;
    }
    terminal.out(&told(&about.id, &resume));
    let options = about.head.options.iter().filter(|option| !option.starts_with(RESUMED));
    let options = options.cloned().collect::<Vec<_>>().join(" ");
    if !options.is_empty() {
        terminal.warn(
            &format!("the run had options, which count only where they are given again: {options}"),
            &[],
        );
    }
    let mut words = args.shared.into_run();
    words.scope.playbooks = about.head.playbooks.iter().map(Into::into).collect();
    words.scope.inventory.clone_from(&about.head.inventory);
    let request = Request::new(words, Name::Converge);
    let environment =
        Environment { here: about.head.project.clone().into(), ..environment.clone() };
    run_resumed(
        &request,
        &environment,
        &terminal,
        redactor,
        Some(Resumed::Run(about.id.clone(), resume)),
    )
}

/// The run of this name, or the last one that applied something; and where hosts were that it went on with.
fn read(
    id: Option<&str>,
    environment: &Environment,
) -> Result<(Run, BTreeMap<String, GoOn>), HistoryError> {
    let missing = || HistoryError::NoSuchRun { id: id.unwrap_or("last").to_owned() };
    let history = History::existing(&environment.history)?.ok_or_else(missing)?;
    let run = match id {
        Some(id) => history.run(id)?,
        None => {
            let runs = history.runs(RECENT)?;
            let last = runs.iter().find(|run| run.mode == Mode::Apply).ok_or_else(missing)?;
            history.run(&last.id)?
        }
    };
    let before = before(&history, &run, CHAIN);
    Ok((run, before))
}

/// Where hosts were that a run went on with: what they were to do still was not told again.
fn before(history: &History, run: &Run, depth: usize) -> BTreeMap<String, GoOn> {
    let options = &run.summary.head.options;
    let earlier = options.iter().find_map(|option| option.strip_prefix(RESUMED));
    let earlier = earlier.filter(|_| depth > 0).and_then(|id| history.run(id).ok());
    let Some(earlier) = earlier else { return BTreeMap::new() };
    let first = before(history, &earlier, depth - 1);
    left(&earlier.story, earlier.summary.outcome.is_none(), &first)
}

/// Whether the project is not as it was: places in its files say nothing then.
fn moved(run: &Run) -> bool {
    let head = &run.summary.head;
    let now = git::revision(head.project.as_ref()).ok().flatten();
    match (&head.revision, now) {
        (Some(then), Some(now)) => {
            then.commit != now.commit || !then.dirty.is_empty() || !now.dirty.is_empty()
        }
        _ => true,
    }
}

/// The hosts that did not come to their end, and from where they go on.
fn left(
    story: &Story,
    unfinished: bool,
    before: &BTreeMap<String, GoOn>,
) -> BTreeMap<String, GoOn> {
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    for play in &story.plays {
        hosts.extend(play.hosts.iter().map(String::as_str));
    }
    let mut left = BTreeMap::new();
    for host in hosts {
        let begun = before.get(host).cloned().unwrap_or_default();
        let (mut from, last, failed) = follow(story, host, begun.clone());
        let lost = story.lost.iter().find(|lost| lost.host == host && !lost.ignored);
        let task = lost.and_then(|lost| story.tasks().find(|task| task.number == lost.task));
        from.start = match (failed, lost) {
            (Some(failed), _) => Some(failed),
            (None, Some(_)) if last.is_none() => begun.start,
            (None, Some(_)) => task.map(mark).or(last),
            // It was killed in the middle: what was told last is done once more, or was the last.
            (None, None) if unfinished => last,
            (None, None) if last.is_none() => begun.start,
            (None, None) => continue,
        };
        left.insert(host.to_owned(), from);
    }
    left
}

/// What a host did, in order: what changed and was not followed by handlers, the last task, and the one that failed.
fn follow(story: &Story, host: &str, mut from: GoOn) -> (GoOn, Option<Mark>, Option<Mark>) {
    let (mut last, mut failed) = (None, None);
    let mut flushing = false;
    for task in story.tasks() {
        for step in task.steps.iter().filter(|step| step.host == host) {
            if flushing && !task.handler {
                from.changed.clear();
                from.ran.clear();
            }
            flushing = task.handler;
            last = Some(mark(task));
            match &step.verdict {
                _ if step.failed_for_good() => failed = Some(mark(task)),
                Verdict::Changed if !task.handler => drop(from.changed.insert(mark(task))),
                Verdict::Ok | Verdict::Changed if task.handler => {
                    from.ran.insert(mark(task));
                }
                _ => {}
            }
        }
    }
    (from, last, failed)
}

fn mark(task: &TaskRecord) -> Mark {
    Mark { place: task.place.clone(), name: task.name.clone() }
}

fn told(id: &str, resume: &Resume) -> String {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (host, from) in &resume.hosts {
        let start = match &from.start {
            Some(mark) => format!("from `{}` ({})", mark.name, mark.place),
            None => "from the beginning".to_owned(),
        };
        groups.entry(start).or_default().push(host);
    }
    let mut text = format!("Going on with {id}\n");
    for (start, names) in groups {
        text.push_str(&format!("  {}  {start}\n", hosts::list(&names, false)));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{left, told};
    use crate::record::testing::{changed, edited, failed, handler, play, step, story, task};
    use crate::record::{Lost, Record, Verdict};
    use crate::run::Resume;

    fn shown(records: Vec<Record>, unfinished: bool) -> String {
        let hosts = left(&story(records), unfinished, &BTreeMap::new());
        let mut text = told("x", &Resume { hosts: hosts.clone(), by_name: false });
        for (host, from) in &hosts {
            let names = |marks: &std::collections::BTreeSet<crate::run::Mark>| {
                marks.iter().map(|mark| mark.name.clone()).collect::<Vec<_>>().join(",")
            };
            text.push_str(&format!(
                "{host}: changed {}; ran {}\n",
                names(&from.changed),
                names(&from.ran)
            ));
        }
        text
    }

    fn lost(host: &str, task: usize) -> Record {
        Record::Lost(Lost { task, host: host.into(), ..Lost::default() })
    }

    fn ok(host: &str) -> crate::record::StepRecord {
        step(host, Verdict::Ok)
    }

    fn edit(host: &str) -> crate::record::StepRecord {
        changed(host, vec![edited("/x", "1", "2")])
    }

    #[test]
    fn hosts_go_on_where_they_failed_with_what_was_not_followed_by_handlers() {
        let text = shown(
            vec![
                play("p", &["a", "b", "c", "d"]),
                task(1, "one", "copy"),
                Record::Step(1, edit("a")),
                Record::Step(1, edit("b")),
                Record::Step(1, ok("c")),
                handler(2, "restart", "service"),
                Record::Step(2, edit("b")),
                task(3, "two", "copy"),
                Record::Step(3, failed("a", "no")),
                Record::Step(3, edit("b")),
                Record::Step(3, ok("c")),
                handler(4, "first", "service"),
                Record::Step(4, ok("b")),
                handler(5, "second", "service"),
                Record::Step(5, failed("b", "no")),
            ],
            false,
        );
        insta::assert_snapshot!(text, @r"
        Going on with x
          b  from `second` (roles/nginx/tasks/main.yml:5:3)
          a  from `two` (roles/nginx/tasks/main.yml:3:3)
          d  from the beginning

        a: changed one; ran 
        b: changed two; ran first
        d: changed ; ran 
        ");
    }

    #[test]
    fn hosts_that_were_lost_and_runs_that_were_killed() {
        let records = || {
            vec![
                play("p", &["a", "b"]),
                task(1, "one", "copy"),
                Record::Step(1, edit("a")),
                Record::Step(1, ok("b")),
            ]
        };
        let mut with_lost = records();
        with_lost.extend([task(2, "two", "copy"), lost("b", 2)]);
        insta::assert_snapshot!(shown(with_lost, false), @r"
        Going on with x
          b  from `two` (roles/nginx/tasks/main.yml:2:3)

        b: changed ; ran 
        ");
        insta::assert_snapshot!(shown(records(), true), @r"
        Going on with x
          a, b (2 hosts)  from `one` (roles/nginx/tasks/main.yml:1:3)

        a: changed one; ran 
        b: changed ; ran 
        ");
        assert!(left(&story(records()), false, &BTreeMap::new()).is_empty());
    }
}
