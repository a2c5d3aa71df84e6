//! Draws what two plans or runs did differently.

use std::collections::BTreeMap;

use crate::record::{StepRecord, Story, Verdict};
use crate::report::theme::{Label, Theme};

/// One step by what it is about: the task, the host, the item, and how many times the same came before.
type Key<'a> = (&'a str, &'a str, Option<&'a str>, usize);

/// What one run did and the other did not, task by task; empty where they did the same.
pub fn draw(one: &Story, other: &Story, theme: Theme) -> String {
    let (before, after) = (steps(one), steps(other));
    let mut text = String::new();
    let mut title = "";
    // In the order of the second run; what only the first one had comes where its tasks end.
    let keys = after.keys().chain(before.keys().filter(|key| !after.contains_key(*key)));
    let mut order: Vec<&Key<'_>> = keys.collect();
    order.sort_by_key(|key| {
        let of = |all: &BTreeMap<Key<'_>, (usize, &StepRecord)>| all.get(*key).map(|(at, _)| *at);
        (of(&after).or_else(|| of(&before)), key.1)
    });
    for key in order {
        let told = |all: &BTreeMap<Key<'_>, (usize, &StepRecord)>| {
            all.get(key).map(|(_, step)| words(step))
        };
        let (was, is) = (told(&before), told(&after));
        if was == is {
            continue;
        }
        if title != key.0 {
            title = key.0;
            text.push_str(&format!("{}\n", theme.paint(Label::Title, title)));
        }
        let item = key.2.map(|item| format!(" ({item})")).unwrap_or_default();
        text.push_str(&format!("  {}\n", theme.paint(Label::Host, &format!("{}{item}", key.1))));
        for (sign, label, words) in [('-', Label::Removed, was), ('+', Label::Added, is)] {
            for line in words.iter().flatten() {
                text.push_str(&format!("    {}\n", theme.paint(label, &format!("{sign} {line}"))));
            }
        }
    }
    text
}

fn steps(story: &Story) -> BTreeMap<Key<'_>, (usize, &StepRecord)> {
    let mut steps = BTreeMap::new();
    for (at, task) in story.tasks().enumerate() {
        for step in task.steps.iter().filter(|step| !task.sums_up(step)) {
            let mut key = (task.name.as_str(), step.host.as_str(), step.item.as_deref(), 0);
            while steps.contains_key(&key) {
                key.3 += 1;
            }
            steps.insert(key, (at, step));
        }
    }
    steps
}

/// What a step did, in lines.
fn words(step: &StepRecord) -> Vec<String> {
    let told = match &step.verdict {
        Verdict::Ok => "ok".to_owned(),
        Verdict::Changed => "changed".to_owned(),
        Verdict::Skipped { .. } => "skipped".to_owned(),
        Verdict::Failed { message, .. } => format!("failed: {message}"),
        Verdict::Unknown { why } => format!("may change: {why}"),
    };
    let mut lines = vec![told];
    for change in step.changes.iter().filter(|change| change.counts) {
        let facts = match change.facts.as_slice() {
            [] => String::new(),
            facts => format!(" ({})", facts.join(", ")),
        };
        lines.push(format!("  {}{facts}", change.what));
        lines.extend(
            change
                .diff
                .iter()
                .flat_map(|diff| diff.lines().skip(2))
                .map(|line| format!("    {line}")),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::record::testing::{changed, edited, failed, play, step, story, task};
    use crate::record::{Record, StepRecord, Story, Verdict};
    use crate::report::theme::Theme;

    fn run(steps: Vec<StepRecord>) -> Story {
        let mut records = vec![play("all", &["a", "b"]), task(1, "Configure", "template")];
        records.extend(steps.into_iter().map(|step| Record::Step(1, step)));
        story(records)
    }

    #[test]
    fn only_what_differs_is_shown() {
        let file = |text: &str| changed("a", vec![edited("/x", "1", text)]);
        let same = || step("b", Verdict::Ok);
        let one = run(vec![file("2"), same()]);
        assert_eq!(draw(&one, &one, Theme::default()), "");
        let other = run(vec![file("3"), same()]);
        insta::assert_snapshot!(draw(&one, &other, Theme::default()), @r"
        Configure
          a
            - changed
            -   /x
            -     @@ -1 +1 @@
            -     -1
            -     +2
            + changed
            +   /x
            +     @@ -1 +1 @@
            +     -1
            +     +3
        ");
        let third = run(vec![failed("a", "no disk")]);
        insta::assert_snapshot!(draw(&third, &run(vec![same()]), Theme::default()), @r"
        Configure
          a
            - failed: no disk
          b
            + ok
        ");
    }
}
