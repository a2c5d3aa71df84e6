//! What a plan would change, as items of a report.

use crate::drift::{Class, Item};
use crate::record::{
    ChangeRecord, HIDDEN, Kind, StepRecord, Story, TaskRecord, TouchRecord, Verdict,
};

/// What stands for an attribute that has no name.
const STATE: &str = "state";

/// Everything that a plan says of hosts, by host and then in the order of the tasks. What would change is of the class `class`.
///
/// Handlers are left out: they follow from what is listed.
pub fn items(story: &Story, class: Class) -> Vec<Item> {
    let tasks = story.tasks().filter(|task| !task.handler);
    let mut items: Vec<Item> = tasks
        .flat_map(|task| task.steps.iter().map(move |step| (task, step)))
        .filter(|(task, step)| !task.sums_up(step))
        .flat_map(|(task, step)| of_step(task, step, class))
        .collect();
    items.sort_by(|one, other| one.host.cmp(&other.host));
    items
}

/// Those of some items that the others do not say already: what is pending beyond what drifted.
pub fn beyond(pending: Vec<Item>, drifted: &[Item]) -> Vec<Item> {
    let known = |item: &Item| drifted.iter().any(|other| other.says_the_same(item));
    pending.into_iter().filter(|item| item.class == Class::Pending && !known(item)).collect()
}

fn of_step(task: &TaskRecord, step: &StepRecord, class: Class) -> Vec<Item> {
    let whole = |class, attribute: &str, fact: Option<&str>| Item {
        class,
        host: step.delegated.clone().unwrap_or_else(|| step.host.clone()),
        resource: match &step.item {
            Some(item) => format!("task {} ({item})", task.name),
            None => format!("task {}", task.name),
        },
        attribute: attribute.to_owned(),
        fact: fact.map(str::to_owned),
        diff: None,
        line: None,
        task: task.name.clone(),
        place: task.place.clone(),
        since_ms: 0,
        ignored: None,
    };
    match &step.verdict {
        Verdict::Failed { message, .. } if step.failed_for_good() => {
            return vec![whole(Class::Failed, "failure", Some(message))];
        }
        Verdict::Unknown { why } => return vec![whole(Class::Unknown, STATE, Some(why))],
        Verdict::Ok | Verdict::Skipped { .. } | Verdict::Failed { .. } => return Vec::new(),
        Verdict::Changed => {}
    }
    if step.probed || step.changes.is_empty() {
        // It only says that it changes something.
        return Vec::new();
    }
    let mut items = Vec::new();
    for change in step.changes.iter().filter(|change| change.counts) {
        let class = match (change.kind, &change.unknown) {
            (Kind::Run, _) => Class::Unknown,
            (Kind::Unit | Kind::Act, Some(_)) => Class::Unknown,
            _ => class,
        };
        if step.hidden || change.touches.is_empty() {
            let fact = change.facts.first().map_or(HIDDEN, String::as_str);
            items.push(whole(class, STATE, Some(fact)));
            continue;
        }
        items.extend(change.touches.iter().map(|touch| {
            let item = whole(class, &touch.attribute, touch.fact.as_deref());
            of_touch(item, change, touch)
        }));
    }
    items
}

fn of_touch(mut item: Item, change: &ChangeRecord, touch: &TouchRecord) -> Item {
    item.resource.clone_from(&touch.resource);
    if ["existence", "content", STATE].contains(&touch.attribute.as_str()) {
        item.diff = change.diff.as_deref().map(|diff| turned(diff, item.class));
        item.line = change.diff.as_deref().and_then(line);
        item.fact = item.fact.or_else(|| why(change));
    }
    item
}

/// What is to be said of something that only is there or not.
fn why(change: &ChangeRecord) -> Option<String> {
    use converge_host::change::Sign;
    if let Some(unknown) = &change.unknown {
        return Some(format!("depends on {unknown}"));
    }
    match change.sign {
        Sign::Create => Some("missing".to_owned()),
        Sign::Remove => Some("should not be there".to_owned()),
        Sign::Modify | Sign::Act => change.facts.first().cloned(),
    }
}

/// A diff whose sides are called what they are to a reader of reports.
fn turned(diff: &str, class: Class) -> String {
    let wanted = if class == Class::Pending { "as the project says" } else { "as applied" };
    let mut lines: Vec<String> = diff.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().take(2) {
        for (side, called) in [("--- before", "--- on the host"), ("+++ after", "+++ ")] {
            if let Some(rest) = line.strip_prefix(side) {
                *line = match side {
                    "+++ after" => format!("{called}{wanted}{rest}"),
                    _ => format!("{called}{rest}"),
                };
                break;
            }
        }
    }
    lines.join("\n") + "\n"
}

/// The first line on the host's side that a diff changes.
fn line(diff: &str) -> Option<u32> {
    let mut at: Option<u32> = None;
    for text in diff.lines().skip(2) {
        if let Some(hunk) = text.strip_prefix("@@ -") {
            at = hunk.split([',', ' ']).next().and_then(|number| number.parse().ok());
        } else if text.starts_with(['-', '+']) {
            return at.map(|at| at.max(1));
        } else {
            at = at.map(|at| at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use converge_host::change::Sign;

    use super::{beyond, items, line};
    use crate::drift::{Class, Item};
    use crate::record::testing::{
        change, changed, edited, failed, handler, play, step, story, task,
    };
    use crate::record::{ChangeRecord, Kind, Record, StepRecord, TouchRecord, Verdict};

    fn touching(change: ChangeRecord, touches: &[(&str, &str, Option<&str>)]) -> ChangeRecord {
        let touch = |(resource, attribute, fact): &(&str, &str, Option<&str>)| TouchRecord {
            resource: (*resource).into(),
            attribute: (*attribute).into(),
            fact: fact.map(Into::into),
        };
        ChangeRecord { touches: touches.iter().map(touch).collect(), ..change }
    }

    fn of(steps: Vec<StepRecord>) -> Vec<Item> {
        of_class(steps, Class::Drift)
    }

    fn of_class(steps: Vec<StepRecord>, class: Class) -> Vec<Item> {
        let mut records = vec![play("all", &["a", "b"]), task(1, "Configure", "template")];
        records.extend(steps.into_iter().map(|step| Record::Step(1, step)));
        records.push(handler(2, "Reload", "service"));
        let reload = changed("a", vec![change(Kind::Unit, Sign::Act, "reload nginx.service")]);
        records.push(Record::Step(2, reload));
        items(&story(records), class)
    }

    fn told(items: &[Item]) -> Vec<String> {
        let told = |item: &Item| {
            let fact = item.fact.as_deref().unwrap_or("-");
            let class = item.class.word();
            format!("{class} {} {} {} {fact}", item.host, item.resource, item.attribute)
        };
        items.iter().map(told).collect()
    }

    #[test]
    fn each_attribute_is_an_item_and_handlers_are_none() {
        let file = touching(
            edited("/etc/motd", "by hand", "managed"),
            &[("/etc/motd", "content", None), ("/etc/motd", "mode", Some("mode 0600 → 0644"))],
        );
        let package = touching(
            change(Kind::Packages, Sign::Create, "package tree"),
            &[("package tree", "existence", None)],
        );
        let found = of(vec![changed("b", vec![package]), changed("a", vec![file])]);
        assert_eq!(
            told(&found),
            [
                "drift a /etc/motd content -",
                "drift a /etc/motd mode mode 0600 → 0644",
                "drift b package tree existence missing",
            ]
        );
        assert_eq!(found[0].line, Some(1));
        let diff = found[0].diff.as_deref().unwrap_or_default();
        assert!(diff.starts_with("--- on the host: /etc/motd\n+++ as applied: /etc/motd\n"));
        assert!(diff.contains("-by hand\n+managed\n"), "{diff}");
        assert_eq!(found[1].diff, None, "the diff is told once");
    }

    #[test]
    fn what_can_not_be_told_is_no_drift() {
        let run = touching(change(Kind::Run, Sign::Act, "run `x`"), &[("run `x`", "state", None)]);
        let unknown = step("b", Verdict::Unknown { why: "the package lists".into() });
        let found = of(vec![changed("a", vec![run]), unknown, failed("c", "no disk")]);
        assert_eq!(
            told(&found),
            [
                "unknown a run `x` state -",
                "unknown b task Configure state the package lists",
                "failed c task Configure failure no disk",
            ]
        );
    }

    #[test]
    fn what_is_hidden_is_told_by_its_task() {
        let hidden = ChangeRecord {
            facts: vec!["secret content, 3 → 4 bytes".into()],
            ..change(Kind::File, Sign::Modify, "(hidden by no_log)")
        };
        let hidden = StepRecord { hidden: true, ..changed("a", vec![hidden]) };
        let found = of(vec![hidden]);
        assert_eq!(told(&found), ["drift a task Configure state secret content, 3 → 4 bytes"]);
    }

    #[test]
    fn what_drifted_is_not_pending_as_well() {
        let file = |text: &str| {
            let file = edited("/etc/motd", "by hand", text);
            vec![changed("a", vec![touching(file, &[("/etc/motd", "content", None)])])]
        };
        let drifted = of(file("old"));
        let pending = |text: &str| of_class(file(text), Class::Pending);
        assert_eq!(beyond(pending("old"), &drifted), []);
        assert_eq!(beyond(pending("new"), &drifted).len(), 1, "the code moved, too");
    }

    #[test]
    fn the_line_is_the_first_that_differs_on_the_host() {
        let diff = "--- a\n+++ b\n@@ -3,4 +3,4 @@\n same\n same\n-x\n+y\n same\n";
        assert_eq!(line(diff), Some(5));
        assert_eq!(line("--- a\n+++ b\n@@ -0,0 +1 @@\n+y\n"), Some(1));
    }
}
