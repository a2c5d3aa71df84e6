//! For a terminal, and for mail.

use jiff::tz::TimeZone;

use crate::drift::{Class, Counts, Host, Item, Report, Verdict};
use crate::report::diff;
use crate::report::drift::time::minute;
use crate::report::hosts::count;
use crate::report::theme::{Label, Theme};

/// How a report is drawn.
#[derive(Clone, Debug)]
pub struct Style {
    /// With which colours.
    pub theme: Theme,
    /// In which time zone times are told.
    pub zone: TimeZone,
    /// Whole diffs, and what is pending or left alone thing by thing.
    pub verbose: bool,
    /// Only what is new is in the report.
    pub news: bool,
}

/// The classes that are listed, in this order.
const LISTED: [(Class, &str); 5] = [
    (Class::Failed, "Failed"),
    (Class::Drift, "Drift"),
    (Class::Unknown, "Unknown"),
    (Class::Pending, "Pending"),
    (Class::Ignored, "Left alone"),
];

/// The whole report, ending in a line that sums up.
pub fn draw(report: &Report, style: &Style) -> String {
    let theme = style.theme;
    let mut text = String::new();
    for (class, title) in LISTED {
        let items: Vec<&Item> = report.of(class).collect();
        if items.is_empty() {
            continue;
        }
        let quiet = matches!(class, Class::Pending | Class::Ignored) && !style.verbose;
        text.push_str(&format!(
            "{}\n",
            theme.paint(Label::Title, &format!("{title}{}", explained(class)))
        ));
        if quiet {
            text.push_str(&format!("  {}; -v lists them\n\n", count(items.len(), "thing")));
            continue;
        }
        let mut host = "";
        for item in items {
            if item.host != host {
                host = &item.host;
                text.push_str(&format!(
                    "  {}{}\n",
                    theme.paint(Label::Host, host),
                    of_host(report, host, style)
                ));
            }
            text.push_str(&of_item(item, report, style));
        }
        text.push('\n');
    }
    text.push_str(&unreachable(report, theme));
    text.push_str(&recovered(report, style));
    let summary = summary(report, style.news);
    text.push_str(&format!("{}\n", theme.paint(label(report.verdict()), &summary)));
    text
}

/// One sentence or two.
pub fn summary(report: &Report, news: bool) -> String {
    let counts = report.counts();
    let mut parts = Vec::new();
    if counts.drifted > 0 {
        let new =
            if counts.new > 0 && !news { format!(" ({} new)", counts.new) } else { String::new() };
        let word = if news { "new " } else { "" };
        let hosts = count(counts.hosts_drifted, "host");
        parts.push(format!(
            "{} drifted on {hosts}{new}",
            count(counts.drifted, &format!("{word}thing"))
        ));
    }
    parts.extend(rest(&counts));
    if parts.is_empty() {
        let hosts = count(counts.hosts, "host");
        let verb = if counts.hosts == 1 { "is" } else { "are" };
        return match news {
            true => "Nothing new.".to_owned(),
            false => format!("No drift. {hosts} {verb} as they were left.", verb = verb)
                .replace("1 host is as they were left", "1 host is as it was left"),
        };
    }
    let clean =
        if counts.drifted == 0 && report.verdict() == Verdict::Clean { "No drift; " } else { "" };
    format!("{clean}{}.", parts.join(", "))
}

fn rest(counts: &Counts) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    };
    part(counts.failed, "failed");
    part(counts.unknown, "unknown");
    part(counts.pending, "pending");
    part(counts.ignored, "left alone");
    part(counts.recovered, "recovered");
    if counts.unreachable > 0 {
        parts.push(format!("{} could not be reached", count(counts.unreachable, "host")));
    }
    parts
}

fn explained(class: Class) -> &'static str {
    match class {
        Class::Drift => ": the host moved away from what was applied",
        Class::Failed => ": a task that only looks fails",
        Class::Unknown => ": only applying can tell",
        Class::Pending => ": the code moved since it was applied",
        Class::Ignored => ": a rule lets it pass",
    }
}

/// What was applied to a host, behind its name.
fn of_host(report: &Report, name: &str, style: &Style) -> String {
    let host = report.hosts.iter().find(|host| host.name == name);
    let Some(Host { applied: Some(applied), .. }) = host else { return String::new() };
    let commit = applied.commit.as_deref().map(|commit| {
        let dirty = if applied.dirty { "+" } else { "" };
        format!("{}{dirty} ", commit.get(..7).unwrap_or(commit))
    });
    let told =
        format!("  ({}applied {})", commit.unwrap_or_default(), minute(applied.at_ms, &style.zone));
    style.theme.paint(Label::Quiet, &told)
}

fn of_item(item: &Item, report: &Report, style: &Style) -> String {
    let theme = style.theme;
    let what = format!("{} {}", item.resource, item.words());
    let since = match (report.is_new(item), report.previous_ms) {
        (true, Some(_)) => "  new".to_owned(),
        (true, None) => String::new(),
        (false, _) => format!("  since {}", minute(item.since_ms, &style.zone)),
    };
    let mut text = format!(
        "    {}{}\n",
        theme.paint(of_class(item.class), &what),
        theme.paint(Label::Quiet, &since)
    );
    if let Some(ignored) = &item.ignored {
        let why = format!("{}, until {}", ignored.reason, ignored.until);
        text.push_str(&format!("      {}\n", theme.paint(Label::Quiet, &why)));
    }
    if !item.place.is_empty() {
        let from = format!("{} ({})", item.task, item.place);
        text.push_str(&format!("      {}\n", theme.paint(Label::Quiet, &from)));
    }
    if let Some(diff) = &item.diff {
        let limit = (!style.verbose).then_some(diff::LIMIT);
        for line in diff::draw(diff, theme, limit) {
            text.push_str(&format!("        {line}\n"));
        }
    }
    text
}

fn unreachable(report: &Report, theme: Theme) -> String {
    let mut text = String::new();
    for host in &report.hosts {
        let Some(why) = &host.unreachable else { continue };
        if text.is_empty() {
            text.push_str(&format!(
                "{}\n",
                theme.paint(Label::Title, "Unreachable: nothing is known of them")
            ));
        }
        let (name, why) =
            (theme.paint(Label::Host, &host.name), theme.paint(Label::Unreachable, why));
        text.push_str(&format!("  {name}: {why}\n"));
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn recovered(report: &Report, style: &Style) -> String {
    if report.recovered.is_empty() {
        return String::new();
    }
    let mut text =
        format!("{}\n", style.theme.paint(Label::Title, "Recovered: as it was left again"));
    for item in &report.recovered {
        let since = minute(item.since_ms, &style.zone);
        let what = format!("{} {} {} (since {since})", item.host, item.resource, item.attribute);
        text.push_str(&format!("  {}\n", style.theme.paint(Label::Ok, &what)));
    }
    text + "\n"
}

fn of_class(class: Class) -> Label {
    match class {
        Class::Drift => Label::Changed,
        Class::Failed => Label::Failed,
        Class::Unknown => Label::Unknown,
        Class::Pending | Class::Ignored => Label::Skipped,
    }
}

fn label(verdict: Verdict) -> Label {
    match verdict {
        Verdict::Failed => Label::Failed,
        Verdict::Unreachable => Label::Unreachable,
        Verdict::Drifted => Label::Changed,
        Verdict::Unknown => Label::Unknown,
        Verdict::Clean => Label::Ok,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Style, draw, summary};
    use crate::drift::Report;
    use crate::drift::testing::{host, report};
    use crate::report::theme::Theme;

    fn style(verbose: bool, news: bool) -> Style {
        Style { theme: Theme::default(), zone: TimeZone::UTC, verbose, news }
    }

    #[test]
    fn a_report_says_where_what_and_since_when() {
        insta::assert_snapshot!(draw(&report(), &style(false, false)));
        insta::assert_snapshot!(draw(&report().news(), &style(true, true)));
    }

    #[test]
    fn nothing_is_said_in_a_sentence() {
        let clean = |hosts: &[&str]| Report {
            hosts: hosts.iter().map(|name| host(name)).collect(),
            ..Report::default()
        };
        assert_eq!(summary(&clean(&["a"]), false), "No drift. 1 host is as it was left.");
        assert_eq!(summary(&clean(&["a", "b"]), false), "No drift. 2 hosts are as they were left.");
        assert_eq!(summary(&clean(&["a"]), true), "Nothing new.");
    }
}
