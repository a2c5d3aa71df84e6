//! The body of a webhook for chat: `text` is what Slack, Mattermost and Rocket.Chat read, `content` what Discord reads.

use crate::drift::{Class, Report};
use crate::report::drift::{about, text};

/// Discord takes no more letters.
const LETTERS: usize = 2000;

/// So many things are named.
const NAMED: usize = 10;

/// The JSON to post. Of `news`, a report of only what is new, nothing is repeated.
pub fn draw(report: &Report, news: bool) -> String {
    let said = said(report, news);
    let content: String = said.chars().take(LETTERS).collect();
    format!("{:#}\n", serde_json::json!({ "text": said, "content": content }))
}

fn said(report: &Report, news: bool) -> String {
    if news && report.is_no_news() {
        return format!("{}: Nothing new.", about(report));
    }
    let mut lines = vec![format!("{}: {}", about(report), text::summary(report, news))];
    for host in report.hosts.iter().filter(|host| !news || report.is_newly_lost(host)) {
        if let Some(why) = &host.unreachable {
            lines.push(format!("• {}: unreachable: {}", host.name, first_line(why)));
        }
    }
    let told =
        report.items.iter().filter(|item| matches!(item.class, Class::Drift | Class::Failed));
    let told: Vec<_> = told.collect();
    for item in told.iter().take(NAMED) {
        let words = item.words();
        lines.push(format!("• {}: {} {}", item.host, item.resource, first_line(&words)));
    }
    if told.len() > NAMED {
        lines.push(format!("… and {} more", told.len() - NAMED));
    }
    lines.join("\n")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::drift::testing::report;

    #[test]
    fn a_message_names_hosts_and_things() {
        insta::assert_snapshot!(draw(&report(), false));
        insta::assert_snapshot!(draw(&report().news(), true));
    }
}
