//! Prometheus' text format, for the textfile collector of node_exporter.
//!
//! Labels are bounded: the inventory, the host, the class. Which things drifted stands in the other forms.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use crate::drift::{Class, Report};
use crate::report::drift::about;

/// The classes that are measured.
const CLASSES: [Class; 5] =
    [Class::Drift, Class::Failed, Class::Unknown, Class::Pending, Class::Ignored];

/// All metrics.
pub fn draw(report: &Report) -> String {
    let inventory = escape(&about(report));
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, f64)>| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in samples {
            text.push_str(&format!("{name}{{inventory=\"{inventory}\"{labels}}} {value}\n"));
        }
    };
    let hosts =
        || report.hosts.iter().map(|host| (host, format!(",host=\"{}\"", escape(&host.name))));
    // Of a host that nobody saw, 0 would be a lie.
    let seen = hosts().filter(|(host, _)| host.unreachable.is_none());
    let items = seen.flat_map(|(host, label)| {
        CLASSES.map(|class| {
            let count = report.of(class).filter(|item| item.host == host.name).count();
            (format!("{label},class=\"{}\"", class.word()), count as f64)
        })
    });
    family(
        "converge_drift_items",
        "Things of a host that are not as they should be, by class.",
        items.collect(),
    );
    let up = hosts().map(|(host, label)| (label, f64::from(u8::from(host.unreachable.is_none()))));
    family("converge_drift_host_up", "Whether the host could be reached.", up.collect());
    let seconds = |millis: i64| millis as f64 / 1000.0;
    family(
        "converge_drift_check_timestamp_seconds",
        "When the last check began.",
        vec![(String::new(), seconds(report.taken_ms))],
    );
    family(
        "converge_drift_last_success_timestamp_seconds",
        "When the last check began that reached every host and failed nowhere; 0 where there was none.",
        vec![(String::new(), seconds(report.success_ms.unwrap_or(0)))],
    );
    family(
        "converge_drift_duration_seconds",
        "How long the last check took.",
        vec![(String::new(), report.took_ms as f64 / 1000.0)],
    );
    text
}

/// The value of a label.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{draw, escape};
    use crate::drift::testing::report;

    #[test]
    fn each_host_is_measured_in_each_class() {
        insta::assert_snapshot!(draw(&report()));
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escape("a\"b\\c\n"), "a\\\"b\\\\c\\n");
    }
}
