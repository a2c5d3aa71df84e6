//! Where what can't be told comes from: the tasks that plan the changes which reasons name.

use std::collections::HashMap;

use converge_host::change::Change;
use converge_host::stop::Why;

/// The tasks that reasons come from, by host and the words of the reason.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    places: HashMap<(String, String), String>,
}

impl Reasons {
    /// Notes what a task plans on a host. The first task that plans a thing is where it comes from.
    pub(crate) fn note(&mut self, host: &str, place: &str, changes: &[Change]) {
        for reason in changes.iter().flat_map(reasons) {
            self.places.entry((host.to_owned(), reason)).or_insert_with(|| place.to_owned());
        }
    }

    /// A reason with the place that it comes from, where that is known.
    pub(crate) fn placed(&self, host: &str, why: &Why) -> Why {
        let place = |reason: &str| self.places.get(&(host.to_owned(), reason.to_owned()));
        let parts = why.0.split(", ").map(|reason| match place(reason) {
            Some(place) => format!("{reason} ({place})"),
            None => reason.to_owned(),
        });
        Why(parts.collect::<Vec<_>>().join(", "))
    }
}

/// The words in which hosts name a change as a reason.
fn reasons(change: &Change) -> Vec<String> {
    let planned = |what: String| vec![format!("the planned change of {what}")];
    match change {
        Change::Packages(packages) => {
            let names = packages.actions.iter().map(|action| &action.name);
            names
                .flat_map(|name| {
                    [format!("package {name}"), format!("the planned change of package {name}")]
                })
                .collect()
        }
        Change::Run(run) => vec![format!("command `{}`", run.shown)],
        Change::File(file) => planned(file.path.display().to_string()),
        Change::Unit(unit) => {
            let names = unit.name.iter();
            names
                .flat_map(|name| {
                    [format!("unit {name}"), format!("the planned change of unit {name}")]
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use converge_host::change::{Change, RunChange};
    use converge_host::host::Command;
    use converge_host::stop::Why;

    use super::Reasons;

    #[test]
    fn a_reason_is_told_with_the_first_task_that_it_comes_from() {
        let run = Change::Run(RunChange {
            command: Command::new(["initdb"]),
            shown: "initdb".into(),
            creates: None,
            removes: None,
            script: None,
            strip: true,
        });
        let mut reasons = Reasons::default();
        reasons.note("a", "site.yml:3:7", std::slice::from_ref(&run));
        reasons.note("a", "site.yml:9:7", &[run]);
        let placed = |host: &str, why: &str| reasons.placed(host, &Why(why.into())).0;
        assert_eq!(placed("a", "command `initdb`, x"), "command `initdb` (site.yml:3:7), x");
        assert_eq!(placed("b", "command `initdb`"), "command `initdb`");
    }
}
