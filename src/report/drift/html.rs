//! One self-contained page: hosts by items, filters, diffs side by side, earlier checks as a chart.
//!
//! Everything is in the page: its style and its script are allowed by their digests (CSP), and nothing else is loaded or run. It
//! can be read without the script, which only filters.

use base64::Engine as _;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::drift::{Class, Counts, Host, Item, Report, Verdict};
use crate::report::drift::markup::escape;
use crate::report::drift::side::{Row, rows};
use crate::report::drift::time::minute;
use crate::report::drift::{about, text};
use crate::report::hosts::count;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The classes that are shown, in this order, and what they are called.
const CLASSES: [(Class, &str); 5] = [
    (Class::Drift, "drifted"),
    (Class::Failed, "failed"),
    (Class::Unknown, "unknown"),
    (Class::Pending, "pending"),
    (Class::Ignored, "left alone"),
];

/// The whole page. `past` are earlier checks and this one: when, and what they amounted to; the oldest first.
pub fn draw(report: &Report, past: &[(i64, Counts)], zone: &TimeZone) -> String {
    let title = escape(&format!("Drift of {}", about(report)));
    let body = [
        head(report, &title, zone),
        chart(past, zone),
        hosts(report, zone),
        filters(report),
        items(report, zone),
        rest(report, zone),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{}'; script-src 'sha256-{}'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{}\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        digest(STYLE),
        digest(SCRIPT),
        body.concat(),
    )
}

fn head(report: &Report, title: &str, zone: &TimeZone) -> String {
    let (word, class) = match report.verdict() {
        Verdict::Failed => ("failed", "failed"),
        Verdict::Unreachable => ("incomplete", "failed"),
        Verdict::Drifted => ("drifted", "drift"),
        Verdict::Unknown => ("unknown", "unknown"),
        Verdict::Clean => ("clean", "clean"),
    };
    let revision = report.revision.as_ref().map(|revision| format!(" at {}", revision.shown()));
    let taken = minute(report.taken_ms, zone);
    let previous =
        report.previous_ms.map(|before| format!("; the check before: {}", minute(before, zone)));
    format!(
        "<header>\n<h1>{title} <span class=\"badge {class}\" id=\"verdict\">{word}</span></h1>\n\
         <p>{}</p>\n<p class=\"quiet\">{}{}; checked {taken}, took {:.1} s{}</p>\n</header>\n",
        escape(&text::summary(report, false)),
        escape(&report.project),
        escape(&revision.unwrap_or_default()),
        report.took_ms as f64 / 1000.0,
        previous.unwrap_or_default(),
    )
}

/// Earlier checks as bars: what drifted, and above it what could not be told or reached.
fn chart(past: &[(i64, Counts)], zone: &TimeZone) -> String {
    const HEIGHT: usize = 60;
    const STEP: usize = 8;
    if past.len() < 2 {
        return String::new();
    }
    let of =
        |counts: &Counts| (counts.drifted, counts.failed + counts.unknown + counts.unreachable);
    let most = past.iter().map(|(_, counts)| of(counts).0 + of(counts).1).max().unwrap_or(0).max(1);
    let mut bars = String::new();
    for (at, (taken, counts)) in past.iter().enumerate() {
        let (drifted, open) = of(counts);
        let (low, high) = (drifted * HEIGHT / most, open * HEIGHT / most);
        // A check that found nothing is a line at the bottom.
        let base = usize::from(low + high == 0);
        let x = at * STEP;
        bars.push_str(&format!(
            "<g><title>{}: {drifted} drifted, {open} open</title>\
             <rect class=\"hit\" x=\"{x}\" y=\"0\" width=\"{STEP}\" height=\"{HEIGHT}\"/>\
             <rect class=\"bar clean\" x=\"{x}\" y=\"{}\" width=\"6\" height=\"{base}\"/>\
             <rect class=\"bar drift\" x=\"{x}\" y=\"{}\" width=\"6\" height=\"{low}\"/>\
             <rect class=\"bar unknown\" x=\"{x}\" y=\"{}\" width=\"6\" height=\"{high}\"/></g>",
            minute(*taken, zone),
            HEIGHT - base,
            HEIGHT - low,
            HEIGHT - low - high,
        ));
    }
    let width = past.len() * STEP;
    format!(
        "<section>\n<h2>Earlier checks</h2>\n<div class=\"scroll\"><svg id=\"chart\" role=\"img\" \
         aria-label=\"what drifted at the last {} checks\" width=\"{width}\" height=\"{HEIGHT}\" \
         viewBox=\"0 0 {width} {HEIGHT}\">{bars}</svg></div>\n</section>\n",
        past.len()
    )
}

fn hosts(report: &Report, zone: &TimeZone) -> String {
    let heads: String = CLASSES.iter().map(|(_, word)| format!("<th>{word}</th>")).collect();
    let lines: String = report.hosts.iter().map(|host| of_host(host, report, zone)).collect();
    format!(
        "<section>\n<h2>{}</h2>\n<div class=\"scroll\"><table id=\"hosts\">\n\
         <thead><tr><th>host</th>{heads}<th>applied</th></tr></thead>\n<tbody>\n{lines}</tbody></table></div>\n</section>\n",
        count(report.hosts.len(), "host"),
    )
}

fn of_host(host: &Host, report: &Report, zone: &TimeZone) -> String {
    let name = escape(&host.name);
    let cells: String = CLASSES
        .iter()
        .map(|(class, _)| {
            let count = report.of(*class).filter(|item| item.host == host.name).count();
            match count {
                0 => "<td class=\"quiet\">·</td>".to_owned(),
                count => format!("<td class=\"count {}\">{count}</td>", class.word()),
            }
        })
        .collect();
    let cells = match &host.unreachable {
        Some(why) => {
            format!("<td class=\"failed\" colspan=\"5\">unreachable: {}</td>", escape(why))
        }
        None => cells,
    };
    let applied = host.applied.as_ref().map_or("never".to_owned(), |applied| {
        let commit = applied.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit));
        let dirty = if applied.dirty { "+" } else { "" };
        format!("{}{dirty} {}", escape(commit.unwrap_or("")), minute(applied.at_ms, zone))
    });
    format!(
        "<tr><th scope=\"row\"><button type=\"button\" class=\"host\" data-host=\"{name}\">{name}</button></th>{cells}<td class=\"applied\">{applied}</td></tr>\n"
    )
}

fn filters(report: &Report) -> String {
    let classes: String = CLASSES
        .iter()
        .map(|(class, word)| (class, word, report.of(*class).count()))
        .filter(|(_, _, count)| *count > 0)
        .map(|(class, word, count)| {
            format!(
                "<button type=\"button\" class=\"class {0}\" data-class=\"{0}\" aria-pressed=\"true\">{count} {word}</button>",
                class.word()
            )
        })
        .collect();
    format!(
        "<section>\n<h2>What differs <span class=\"quiet\" id=\"shown\"></span></h2>\n<form id=\"filters\">\n{classes}\n\
         <button type=\"button\" id=\"new\" aria-pressed=\"false\">only new</button>\n\
         <input type=\"search\" id=\"search\" placeholder=\"host, path, task\" aria-label=\"search\">\n\
         <button type=\"button\" id=\"all\" hidden>every host</button>\n</form>\n"
    )
}

fn items(report: &Report, zone: &TimeZone) -> String {
    if report.items.is_empty() {
        return "<p>Nothing.</p>\n</section>\n".to_owned();
    }
    let items: String = report.items.iter().map(|item| of_item(item, report, zone)).collect();
    format!("<div id=\"items\">\n{items}</div>\n</section>\n")
}

fn of_item(item: &Item, report: &Report, zone: &TimeZone) -> String {
    let class = item.class.word();
    let new = report.is_new(item) && report.previous_ms.is_some();
    let since = if new {
        "<span class=\"badge new\">new</span>".to_owned()
    } else {
        format!("<span class=\"quiet\">since {}</span>", minute(item.since_ms, zone))
    };
    let ignored = item.ignored.as_ref().map(|why| {
        format!("<p>Left alone until {}: {}</p>", escape(&why.until), escape(&why.reason))
    });
    format!(
        "<details class=\"item {class}\" data-class=\"{class}\" data-host=\"{0}\" data-new=\"{new}\"{1}>\n\
         <summary><b>{0}</b> <code>{2}</code> {3} {since}</summary>\n\
         <p class=\"quiet\">{4} <code>{5}</code></p>\n{6}{7}</details>\n",
        escape(&item.host),
        if item.diff.is_some() && item.class == Class::Drift { " open" } else { "" },
        escape(&item.resource),
        escape(&item.words()),
        escape(&item.task),
        escape(&item.place),
        ignored.unwrap_or_default(),
        item.diff.as_deref().map(|diff| of_diff(diff, item.class)).unwrap_or_default(),
    )
}

fn of_diff(diff: &str, class: Class) -> String {
    let side = |side: Option<(usize, String)>, kind: &str| match side {
        Some((number, text)) => {
            format!("<td class=\"no\">{number}</td><td class=\"{kind}\">{}</td>", escape(&text))
        }
        None => "<td class=\"no\"></td><td class=\"none\"></td>".to_owned(),
    };
    let row = |row| match row {
        Row::Same(left, right, text) => {
            let same = |number| side(Some((number, text.clone())), "same");
            format!("<tr class=\"both\">{}{}</tr>\n", same(left), same(right))
        }
        Row::Differs(left, right) => {
            format!("<tr>{}{}</tr>\n", side(left, "gone"), side(right, "come"))
        }
        Row::Gap => "<tr class=\"gap\"><td colspan=\"4\">⋯</td></tr>\n".to_owned(),
    };
    let wanted = if class == Class::Pending { "as the project says" } else { "as applied" };
    let rows: String = rows(diff).into_iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table class=\"diff\">\n\
         <colgroup><col class=\"no\"><col><col class=\"no\"><col></colgroup>\n<thead><tr><th colspan=\"2\">on the host</th>\
         <th colspan=\"2\">{wanted}</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// What recovered, and what else the reader should know.
fn rest(report: &Report, zone: &TimeZone) -> String {
    let mut text = String::new();
    let list = |title: &str, lines: Vec<String>| {
        let lines: String = lines.iter().map(|line| format!("<li>{line}</li>\n")).collect();
        format!("<section>\n<h2>{title}</h2>\n<ul>\n{lines}</ul>\n</section>\n")
    };
    if !report.recovered.is_empty() {
        let told = report.recovered.iter().map(|item| {
            let (host, resource) = (escape(&item.host), escape(&item.resource));
            let since = minute(item.since_ms, zone);
            format!(
                "<b>{host}</b> <code>{resource}</code> {} (since {since})",
                escape(&item.attribute)
            )
        });
        text.push_str(&list("Recovered", told.collect()));
    }
    if !report.warnings.is_empty() {
        text.push_str(&list("Remarks", report.warnings.iter().map(|told| escape(told)).collect()));
    }
    text
}

/// A digest as CSP names it.
fn digest(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::draw;
    use crate::drift::testing::report;
    use crate::drift::{Counts, Report};

    fn page(report: &Report) -> String {
        let past = [(0, Counts::default()), (60_000, report.counts())];
        let page = draw(report, &past, &TimeZone::UTC);
        let (start, end) = (page.find("<header>").unwrap_or(0), page.find("<script>").unwrap_or(0));
        page[start..end].to_owned()
    }

    #[test]
    fn everything_of_a_report_stands_in_the_page() {
        insta::assert_snapshot!(page(&report()));
    }

    #[test]
    fn what_hosts_say_is_text_and_nothing_else() {
        let mut report = report();
        let evil = "</script><img src=x onerror=alert(1)>\"'";
        report.items[0].resource = evil.into();
        report.items[0].fact = Some(evil.into());
        report.hosts[0].name = evil.into();
        let page = page(&report);
        assert!(!page.contains("<img"), "{page}");
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = draw(&report(), &[], &TimeZone::UTC);
        assert!(page.contains("default-src 'none'"));
        for outside in ["http://", "https://", "src=", "url(", "@import", "<link"] {
            assert!(
                !page
                    .replace("script-src", "")
                    .replace("style-src", "")
                    .replace("default-src", "")
                    .contains(outside),
                "{outside}"
            );
        }
    }
}
