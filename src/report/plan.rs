//! A plan as a person reads it, and a finished run likewise.
//!
//! Tasks stand in their order. Hosts for which a task would do the very same, down to the diff, are shown once. Tasks that
//! have nothing to do are only counted, unless more is asked for.

use crate::record::{Head, StepRecord, Story, TaskRecord, Verdict};
use crate::report::change::{self, indent};
use crate::report::theme::{Label, Theme};
use crate::report::{diff, head, hosts, lost, probes, summary};

/// How plans are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colours.
    pub theme: Theme,
    /// Show tasks without changes, whole diffs and every host's name.
    pub verbose: bool,
}

/// The hosts for which a task does the same.
struct Group<'a> {
    hosts: Vec<&'a str>,
    steps: Vec<&'a StepRecord>,
}

/// A whole plan: what it is about, what would change, and a line that sums it up.
pub fn draw(about: &Head, story: &Story, style: Style) -> String {
    let mut text = head::draw(about, &names(story), style.theme, style.verbose);
    text.push('\n');
    text.push_str(&changes(story, style));
    text.push_str(&style.theme.paint(Label::Title, &summary::plan(&story.totals())));
    text.push('\n');
    text
}

/// What would change, or changed, without head and summary. Each task is followed by an empty line.
pub fn changes(story: &Story, style: Style) -> String {
    let mut text = String::new();
    for play in &story.plays {
        let mut titled = story.plays.len() < 2;
        for task in &play.tasks {
            let groups = groups(task, style.verbose);
            if groups.is_empty() {
                continue;
            }
            if !titled {
                titled = true;
                let title = style.theme.paint(Label::Title, &format!("Play {}", play.name));
                text.push_str(&format!("{title}\n\n"));
            }
            text.push_str(&draw_task(task, &groups, style));
            text.push('\n');
        }
    }
    text.push_str(&probes::draw(story, style.theme, style.verbose));
    for lost in &story.lost {
        text.push_str(&lost::draw(lost, style.theme));
        text.push('\n');
    }
    text
}

/// Every host of a story once, in the order in which the plays name them.
pub(crate) fn names(story: &Story) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for host in story.plays.iter().flat_map(|play| &play.hosts) {
        if !names.contains(&host.as_str()) {
            names.push(host);
        }
    }
    names
}

/// What of a story is about one host.
pub fn only(story: &Story, host: &str) -> Story {
    let mut story = story.clone();
    let tasks = story.plays.iter_mut().flat_map(|play| &mut play.tasks);
    tasks.for_each(|task| task.steps.retain(|step| step.host == host));
    story.lost.retain(|lost| lost.host == host);
    story
}

fn draw_task(task: &TaskRecord, groups: &[Group<'_>], style: Style) -> String {
    let theme = style.theme;
    let title = theme.paint(Label::Title, &task.title());
    let place = theme.paint(Label::Quiet, &format!("({})", task.place));
    let mut lines = vec![format!("{title}  {place}")];
    for group in groups {
        let hosts = hosts::list(&group.hosts, style.verbose);
        lines.push(indent(2, &theme.paint(Label::Host, &hosts)));
        for step in &group.steps {
            lines.extend(draw_step(step, style).iter().map(|line| indent(4, line)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The hosts of a task, put together where their steps are the same.
fn groups(task: &TaskRecord, verbose: bool) -> Vec<Group<'_>> {
    let mut by_host: Vec<Group<'_>> = Vec::new();
    for step in &task.steps {
        if task.sums_up(step) || !(verbose || worth_showing(step)) {
            continue;
        }
        match by_host.iter_mut().find(|group| group.hosts == [step.host.as_str()]) {
            Some(group) => group.steps.push(step),
            None => by_host.push(Group { hosts: vec![&step.host], steps: vec![step] }),
        }
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in by_host {
        match groups.iter_mut().find(|group| same(&group.steps, &one.steps)) {
            Some(group) => group.hosts.extend(one.hosts),
            None => groups.push(one),
        }
    }
    groups
}

fn worth_showing(step: &StepRecord) -> bool {
    match step.verdict {
        // What was run while planning has a list of its own.
        Verdict::Changed if step.probed => !step.warnings.is_empty(),
        Verdict::Ok => step.changes_something() || !step.warnings.is_empty(),
        Verdict::Skipped { .. } => !step.warnings.is_empty(),
        Verdict::Changed | Verdict::Failed { .. } | Verdict::Unknown { .. } => true,
    }
}

/// Whether two hosts would be drawn alike.
fn same(left: &[&StepRecord], right: &[&StepRecord]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| {
            left.verdict == right.verdict
                && assertion(left) == assertion(right)
                && left.item == right.item
                && left.delegated == right.delegated
                && left.changes == right.changes
                && left.warnings == right.warnings
        })
}

/// The condition that an `assert` found not to hold.
fn assertion(step: &StepRecord) -> Option<&str> {
    let failed = matches!(step.verdict, Verdict::Failed { .. });
    step.results.as_ref().filter(|_| failed)?.get("assertion")?.as_str()
}

fn draw_step(step: &StepRecord, style: Style) -> Vec<String> {
    let theme = style.theme;
    let mut lines = Vec::new();
    if let Some(host) = &step.delegated {
        lines.push(theme.paint(Label::Quiet, &format!("on {host}")));
    }
    let limit = (!style.verbose).then_some(diff::LIMIT);
    for one in &step.changes {
        lines.extend(change::draw(one, step.planned, theme, limit));
    }
    let verdict = match &step.verdict {
        Verdict::Changed if step.changes.is_empty() => {
            Some((Label::Changed, "~ changed: the task says so".to_owned()))
        }
        Verdict::Ok if step.changes.is_empty() => Some((Label::Ok, "· ok".to_owned())),
        Verdict::Ok | Verdict::Changed => None,
        Verdict::Skipped { condition: Some(condition) } => {
            Some((Label::Skipped, format!("· skipped: {condition}")))
        }
        Verdict::Skipped { condition: None } => Some((Label::Skipped, "· skipped".to_owned())),
        Verdict::Failed { message, ignored, rescued } => {
            let verb = if step.planned { "would fail" } else { "failed" };
            let but = match (ignored, rescued) {
                (true, _) => " (ignored)",
                (_, true) => " (rescued)",
                _ => "",
            };
            Some((Label::Failed, format!("× {verb}{but}: {}", message.trim_end())))
        }
        Verdict::Unknown { why } => Some((Label::Unknown, format!("? may change: {why}"))),
    };
    if let Some((label, text)) = verdict {
        let mut rows = text.lines();
        lines.extend(rows.next().map(|line| theme.paint(label, line)));
        lines.extend(rows.map(|line| indent(2, &theme.paint(label, line))));
    }
    if let Some(condition) = assertion(step) {
        let told = format!("  this does not hold: {condition}");
        lines.push(theme.paint(Label::Quiet, &told));
    }
    let warnings = step.warnings.iter();
    lines.extend(
        warnings.map(|warning| theme.paint(Label::Warning, &format!("warning: {warning}"))),
    );
    let Some(item) = &step.item else { return lines };
    let mut under_item = vec![theme.paint(Label::Quiet, &format!("item {item}"))];
    under_item.extend(lines.iter().map(|line| indent(2, line)));
    under_item
}

#[cfg(test)]
mod tests {
    use converge_host::change::Sign;

    use super::{Style, draw};
    use crate::git::{Dirty, How, Revision};
    use crate::record::testing::{
        change, changed, edited, failed, handler, play, results, step, story, task,
    };
    use crate::record::{ChangeRecord, Head, Kind, Lost, Record, StepRecord, Story, Verdict};

    fn head() -> Head {
        let dirty = vec![Dirty { path: "site.yml".into(), how: How::Modified }];
        let revision = Revision {
            commit: Some("1a2b3c4d".into()),
            short: Some("1a2b3c4".into()),
            branch: Some("main".into()),
            dirty,
        };
        Head {
            project: "/srv/infra".into(),
            revision: Some(revision),
            inventory: vec!["inventory/staging".into()],
            playbooks: vec!["playbooks/site.yml".into()],
            options: vec!["--limit web*".into()],
            environments: Vec::new(),
        }
    }

    fn drawn(records: Vec<Record>, verbose: bool) -> String {
        draw(&head(), &story(records), Style { verbose, ..Style::default() })
    }

    fn skipped(host: &str) -> StepRecord {
        step(host, Verdict::Skipped { condition: Some("install_nginx".into()) })
    }

    fn records() -> Vec<Record> {
        let nginx = || vec![change(Kind::Packages, Sign::Create, "package nginx")];
        let conf = |after: &str| {
            let file = edited("/etc/nginx/nginx.conf", "workers 1", after);
            vec![ChangeRecord { facts: vec!["mode 0644 → 0600".into()], ..file }]
        };
        let run = vec![change(Kind::Run, Sign::Act, "shell: set -e\nmake install")];
        let unknown = Verdict::Unknown { why: "depends on the output of `make`".into() };
        vec![
            play("web", &["web1", "web2", "web3", "db1"]),
            task(1, "nginx : Install nginx", "apt"),
            Record::Step(1, changed("web1", nginx())),
            Record::Step(1, changed("web2", nginx())),
            Record::Step(1, skipped("db1")),
            Record::Step(1, changed("web3", nginx())),
            task(2, "nginx : Ping", "ping"),
            Record::Step(2, step("web1", Verdict::Ok)),
            task(3, "nginx : Configure", "template"),
            Record::Step(3, changed("web1", conf("workers 4"))),
            Record::Step(3, changed("web2", conf("workers 2"))),
            Record::Step(3, changed("web3", conf("workers 4"))),
            task(4, "nginx : Build", "shell"),
            Record::Step(4, changed("web1", run)),
            task(5, "nginx : After the build", "file"),
            Record::Step(5, step("web1", unknown)),
            handler(6, "nginx : reload nginx", "service"),
            Record::Step(
                6,
                changed("web1", vec![change(Kind::Unit, Sign::Act, "reload nginx.service")]),
            ),
        ]
    }

    #[test]
    fn a_failed_assertion_is_shown() {
        let results = results(r#"{"assertion": "workers > 4", "evaluated_to": false}"#);
        let failed = StepRecord { results, ..failed("web1", "Assertion failed") };
        let records =
            vec![play("web", &["web1"]), task(1, "Enough", "assert"), Record::Step(1, failed)];
        let drawn = drawn(records, false);
        assert!(
            drawn.contains("Assertion failed\n    \u{20} this does not hold: workers > 4\n"),
            "{drawn}"
        );
    }

    #[test]
    fn hosts_with_the_same_changes_are_shown_once() {
        insta::assert_snapshot!(drawn(records(), false), @r"
        Project    /srv/infra at 1a2b3c4 (main, dirty: 1 file)
        Inventory  inventory/staging
        Playbook   playbooks/site.yml
        Options    --limit web*
        Hosts      web1, web2, web3, db1 (4 hosts)

        nginx : Install nginx  (roles/nginx/tasks/main.yml:1:3)
          web1, web2, web3 (3 hosts)
            + package nginx

        nginx : Configure  (roles/nginx/tasks/main.yml:3:3)
          web1, web3 (2 hosts)
            ~ /etc/nginx/nginx.conf (mode 0644 → 0600)
                --- before: /etc/nginx/nginx.conf
                +++ after: /etc/nginx/nginx.conf
                @@ -1 +1 @@
                -workers 1
                +workers 4
          web2
            ~ /etc/nginx/nginx.conf (mode 0644 → 0600)
                --- before: /etc/nginx/nginx.conf
                +++ after: /etc/nginx/nginx.conf
                @@ -1 +1 @@
                -workers 1
                +workers 2

        nginx : Build  (roles/nginx/tasks/main.yml:4:3)
          web1
            ! shell: set -e (will run, effect unknown)
                make install

        nginx : After the build  (roles/nginx/tasks/main.yml:5:3)
          web1
            ? may change: depends on the output of `make`

        handler nginx : reload nginx  (roles/nginx/tasks/main.yml:6:3)
          web1
            ! reload nginx.service

        Plan: 7 changes on 3 hosts, 1 command with unknown effect, 1 unknown; 4 of 6 tasks seen through.
        ");
    }

    #[test]
    fn more_is_shown_where_it_is_asked_for() {
        let records = records().into_iter().take(7).collect();
        insta::assert_snapshot!(drawn(records, true), @r"
        Project    /srv/infra at 1a2b3c4 (main, dirty: 1 file)
                   modified site.yml
        Inventory  inventory/staging
        Playbook   playbooks/site.yml
        Options    --limit web*
        Hosts      web1, web2, web3, db1 (4 hosts)

        nginx : Install nginx  (roles/nginx/tasks/main.yml:1:3)
          web1, web2, web3 (3 hosts)
            + package nginx
          db1
            · skipped: install_nginx

        Plan: 3 changes on 3 hosts; 2 of 2 tasks seen through.
        ");
    }

    #[test]
    fn nothing_to_do() {
        let records = vec![
            play("web", &["web1"]),
            task(1, "t", "ping"),
            Record::Step(1, step("web1", Verdict::Ok)),
        ];
        insta::assert_snapshot!(drawn(records, false), @r"
        Project    /srv/infra at 1a2b3c4 (main, dirty: 1 file)
        Inventory  inventory/staging
        Playbook   playbooks/site.yml
        Options    --limit web*
        Hosts      web1

        No changes. 1 host is as the project says; 1 of 1 task seen through.
        ");
    }

    #[test]
    fn loops_failures_and_lost_hosts() {
        let item =
            |label: &str, changes| StepRecord { item: Some(label.into()), ..changed("a", changes) };
        let made = |path: &str| vec![change(Kind::File, Sign::Create, path)];
        let ignored =
            Verdict::Failed { message: "no such user".into(), ignored: true, rescued: false };
        let lost = Lost {
            host: "b".into(),
            message: "connecting to `b` port 22 timed out".into(),
            help: vec!["check that it is up".into()],
            ..Lost::default()
        };
        let records = vec![
            play("one", &["a"]),
            task(1, "folders", "file"),
            Record::Step(1, item("x", made("/srv/x"))),
            Record::Step(1, item("y", made("/srv/y"))),
            Record::Step(1, changed("a", made("/srv/x"))),
            play("two", &["a", "b"]),
            Record::Lost(lost),
            task(2, "fails", "user"),
            Record::Step(2, step("a", ignored)),
            task(3, "fails for good", "copy"),
            Record::Step(
                3,
                StepRecord { delegated: Some("c".into()), ..failed("a", "no disk\nat all") },
            ),
        ];
        insta::assert_snapshot!(drawn(records, false), @r"
        Project    /srv/infra at 1a2b3c4 (main, dirty: 1 file)
        Inventory  inventory/staging
        Playbook   playbooks/site.yml
        Options    --limit web*
        Hosts      a, b (2 hosts)

        Play one

        folders  (roles/nginx/tasks/main.yml:1:3)
          a
            item x
              + /srv/x
            item y
              + /srv/y

        Play two

        fails  (roles/nginx/tasks/main.yml:2:3)
          a
            × would fail (ignored): no such user

        fails for good  (roles/nginx/tasks/main.yml:3:3)
          a
            on c
            × would fail: no disk
              at all

        b unreachable
          connecting to `b` port 22 timed out
          help: check that it is up

        Plan: 2 changes on 1 host, 1 task would fail, 1 host could not be reached; 3 of 3 tasks seen through.
        ");
    }

    #[test]
    fn long_diffs_end_in_a_count() {
        let mut diff = String::from("--- before\n+++ after: /big\n@@ -0,0 +1,100 @@\n");
        (1..=100).for_each(|number| diff.push_str(&format!("+{number}\n")));
        let file = ChangeRecord { diff: Some(diff), ..change(Kind::File, Sign::Create, "/big") };
        let records = vec![
            play("p", &["a"]),
            task(1, "t", "copy"),
            Record::Step(1, changed("a", vec![file])),
        ];
        let text = drawn(records.clone(), false);
        assert!(
            text.contains("+57\n") && !text.contains("+58\n") && text.contains("… 43 more lines"),
            "{text}"
        );
        assert!(drawn(records, true).contains("+100\n"));
    }

    #[test]
    fn an_empty_story_is_drawn() {
        let text = draw(&head(), &Story::default(), Style::default());
        assert!(text.ends_with("Nothing to do: no play has a host.\n"), "{text}");
    }
}
