//! The recap: one line per host in Ansible's format, which scripts read.

use crate::event::{Counts, Recap};
use crate::report::theme::{Label, Theme};

/// The width of the column of host names.
const HOSTS: usize = 26;

/// One line per host: `web1 : ok=3 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0`, in columns. What could
/// not be seen through is added at the end where there is any; Ansible knows no such thing.
pub fn draw(recap: &Recap, theme: Theme) -> String {
    recap.iter().map(|(host, counts)| format!("{}\n", line(host, counts, theme))).collect()
}

fn line(host: &str, counts: &Counts, theme: Theme) -> String {
    let painted = theme.paint(host_label(counts), host);
    let padding = HOSTS.saturating_sub(host.chars().count());
    let fields = [
        ("ok", counts.ok, Label::Ok),
        ("changed", counts.changed, Label::Changed),
        ("unreachable", counts.unreachable, Label::Unreachable),
        ("failed", counts.failed, Label::Failed),
        ("skipped", counts.skipped, Label::Skipped),
        ("rescued", counts.rescued, Label::Ok),
        ("ignored", counts.ignored, Label::Warning),
    ];
    let mut parts: Vec<String> =
        fields.into_iter().map(|(name, count, label)| field(name, count, label, theme)).collect();
    if counts.unknown > 0 {
        parts.push(field("unknown", counts.unknown, Label::Unknown, theme));
    }
    format!("{painted}{:padding$} : {}", "", parts.join(" "))
}

fn field(name: &str, count: usize, label: Label, theme: Theme) -> String {
    let text = format!("{name}={count:<4}");
    theme.paint(if count == 0 { Label::Plain } else { label }, &text)
}

fn host_label(counts: &Counts) -> Label {
    if counts.failed > 0 || counts.unreachable > 0 {
        Label::Failed
    } else if counts.changed > 0 {
        Label::Changed
    } else {
        Label::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::event::{Counts, Recap};
    use crate::report::theme::Theme;

    #[test]
    fn the_format_is_ansibles() {
        let a =
            Counts { ok: 35, changed: 17, skipped: 3, rescued: 1, ignored: 5, ..Counts::default() };
        let gone = Counts { unreachable: 1, ..Counts::default() };
        let recap = Recap::from([("a".into(), a), ("gone".into(), gone)]);
        let expected = "a                          : ok=35   changed=17   unreachable=0    failed=0    skipped=3    rescued=1    ignored=5   \n\
                        gone                       : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   \n";
        assert_eq!(draw(&recap, Theme::default()), expected);
        let colored = draw(&recap, Theme::new(true));
        assert!(
            colored
                .starts_with("\x1b[33ma\x1b[0m                          : \x1b[32mok=35  \x1b[0m"),
            "{colored:?}"
        );
        let planned = Recap::from([("a".into(), Counts { unknown: 2, ..a })]);
        assert!(draw(&planned, Theme::default()).ends_with("ignored=5    unknown=2   \n"));
    }
}
