//! JUnit's XML, as CI systems read it: a host is a suite, a thing that drifted a failure.
//!
//! The form is that of `junit-10.xsd` of the Jenkins project, which GitLab, GitHub and others read as well.

use crate::drift::{Class, Host, Item, Report};
use crate::report::drift::about;
use crate::report::drift::markup::escape;

/// The whole document.
pub fn draw(report: &Report) -> String {
    let suites: Vec<Suite> = report.hosts.iter().map(|host| Suite::new(host, report)).collect();
    let sum = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let seconds = report.took_ms as f64 / 1000.0;
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"drift of {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{seconds:.3}\">\n",
        escape(&about(report)),
        sum(|suite| suite.cases.len()),
        sum(|suite| suite.failures),
        sum(|suite| suite.errors),
    );
    for suite in &suites {
        text.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n{}  </testsuite>\n",
            escape(&suite.host),
            suite.cases.len(),
            suite.failures,
            suite.errors,
            suite.skipped,
            suite.cases.concat(),
        ));
    }
    text + "</testsuites>\n"
}

#[derive(Default)]
struct Suite {
    host: String,
    failures: usize,
    errors: usize,
    skipped: usize,
    cases: Vec<String>,
}

impl Suite {
    fn new(host: &Host, report: &Report) -> Self {
        let mut suite = Self { host: host.name.clone(), ..Self::default() };
        if let Some(why) = &host.unreachable {
            suite.errors += 1;
            suite.case("can be reached", &element("error", why, ""));
        }
        for item in report.items.iter().filter(|item| item.host == host.name) {
            suite.item(item);
        }
        if suite.cases.is_empty() {
            suite.case("is as it was left", "");
        }
        suite
    }

    fn item(&mut self, item: &Item) {
        let name = format!("{} {}", item.resource, item.attribute);
        let message = item.fact.clone().unwrap_or_else(|| "differs from what was applied".into());
        let detail =
            format!("{}\n{}\n{}", item.task, item.place, item.diff.as_deref().unwrap_or(""));
        let inside = match item.class {
            Class::Drift => {
                self.failures += 1;
                element("failure", &message, &detail)
            }
            Class::Failed => {
                self.errors += 1;
                element("error", &message, &detail)
            }
            Class::Unknown | Class::Ignored => {
                self.skipped += 1;
                let why = item.ignored.as_ref();
                let why = why.map(|why| format!("{}, until {}", why.reason, why.until));
                element("skipped", &why.unwrap_or(message), "")
            }
            // The code moved, and the host did not.
            Class::Pending => return,
        };
        self.case(&name, &inside);
    }

    fn case(&mut self, name: &str, inside: &str) {
        let (host, name) = (escape(&self.host), escape(name));
        let start = format!("    <testcase classname=\"{host}\" name=\"{name}\"");
        self.cases.push(match inside {
            "" => format!("{start}/>\n"),
            inside => format!("{start}>\n      {inside}\n    </testcase>\n"),
        });
    }
}

fn element(name: &str, message: &str, detail: &str) -> String {
    let message = escape(message);
    match detail {
        "" => format!("<{name} message=\"{message}\"/>"),
        detail => format!("<{name} message=\"{message}\">{}</{name}>", escape(detail)),
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::drift::testing::report;

    #[test]
    fn a_thing_that_drifted_is_a_failure() {
        insta::assert_snapshot!(draw(&report()));
    }
}
