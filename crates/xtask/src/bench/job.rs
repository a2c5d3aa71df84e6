//! What is benchmarked: one description, from which each tool's input and the check of the result are made.

/// The folder on the host that everything but accounts, services and packages is below.
pub(crate) const ROOT: &str = "/srv/bench";

/// Small packages of Debian without dependencies that matter, none of which a minimal system has.
const PACKAGES: [&str; 10] =
    ["tree", "rsync", "bc", "dc", "less", "file", "psmisc", "lsof", "time", "unzip"];

/// What the templates list.
pub(crate) const PEERS: [&str; 4] = ["192.0.2.11", "192.0.2.12", "192.0.2.13", "2001:db8::14"];

/// The templates' text, in Jinja.
pub(crate) const TEMPLATE: &str = "\
# Service {{ number }}
[service]
name = app-{{ number }}
port = {{ 8000 + number }}
{% for peer in peers %}
peer.{{ loop.index }} = {{ peer }} port {{ 8000 + number }}
{% endfor %}
[end]
";

/// A kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Copy,
    Template,
    Line,
    Command,
    Link,
    User,
    Service,
    Package,
    Stat,
}

/// One task: the same for every tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub(crate) kind: Kind,
    /// Tells the tasks of one kind apart, from 1.
    pub(crate) number: usize,
}

impl Kind {
    /// Each kind, in an order in which each finds what it needs.
    pub(crate) const ALL: [Self; 10] = [
        Self::Directory,
        Self::Copy,
        Self::Template,
        Self::Line,
        Self::Command,
        Self::Link,
        Self::User,
        Self::Service,
        Self::Package,
        Self::Stat,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Copy => "copy",
            Self::Template => "template",
            Self::Line => "line",
            Self::Command => "command",
            Self::Link => "link",
            Self::User => "user",
            Self::Service => "service",
            Self::Package => "package",
            Self::Stat => "stat",
        }
    }
}

/// A job of `count` tasks, as many of each kind, mixed.
pub(crate) fn mixed(count: usize) -> Vec<Task> {
    let numbers = 1..=count / Kind::ALL.len();
    numbers.flat_map(|number| Kind::ALL.map(|kind| Task { kind, number })).collect()
}

impl Task {
    /// Its name.
    pub(crate) fn name(self) -> String {
        format!("{} {}", self.kind.word(), self.number)
    }

    /// The folder that tasks of this number put files into.
    pub(crate) fn folder(self) -> String {
        format!("{ROOT}/app-{}", self.number)
    }

    /// The path that the task is about, where it is about one.
    pub(crate) fn path(self) -> String {
        match self.kind {
            Kind::Copy | Kind::Stat => format!("{}/app.conf", self.folder()),
            Kind::Template => format!("{}/service.conf", self.folder()),
            Kind::Line => format!("{}/settings", self.folder()),
            Kind::Link => format!("{ROOT}/current-{}", self.number),
            _ => self.folder(),
        }
    }

    /// The name of the file on this machine that is copied.
    pub(crate) fn source(self) -> String {
        format!("app-{}.conf", self.number)
    }

    /// The account, service unit or package.
    pub(crate) fn subject(self) -> String {
        match self.kind {
            Kind::Service => format!("bench-{}", self.number),
            Kind::Package => PACKAGES[(self.number - 1) % PACKAGES.len()].to_owned(),
            _ => format!("bench{}", self.number),
        }
    }

    /// The line that is kept.
    pub(crate) fn line(self) -> String {
        format!("setting_{} = value {}", self.number, self.number)
    }

    /// What the file holds that the task writes: about a kilobyte where it is copied.
    pub(crate) fn content(self) -> String {
        let number = self.number;
        match self.kind {
            Kind::Template => {
                let port = 8000 + number;
                let peers = PEERS.iter().enumerate();
                let peers: String = peers
                    .map(|(at, peer)| format!("peer.{} = {peer} port {port}\n", at + 1))
                    .collect();
                format!(
                    "# Service {number}\n[service]\nname = app-{number}\nport = {port}\n{peers}[end]\n"
                )
            }
            _ => (1..=30)
                .map(|line| format!("option_{line} = the value {line} of file {number}\n"))
                .collect(),
        }
    }
}

/// The unit files that the service tasks need, as a shell script that also refreshes the package lists. Not measured.
pub(crate) fn preparation(tasks: &[Task]) -> String {
    let mut script = String::from("set -eu\n");
    for task in tasks.iter().filter(|task| task.kind == Kind::Service) {
        let unit = task.subject();
        script.push_str(&format!(
            "cat > /etc/systemd/system/{unit}.service <<'END'\n[Unit]\nDescription={unit}\n[Service]\n\
             ExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\nEND\n"
        ));
    }
    script.push_str("systemctl daemon-reload\napt-get -qq update\n");
    script
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use crate::bench::job::{Kind, mixed};

    #[test]
    fn a_job_has_as_many_tasks_of_each_kind_and_none_twice() {
        for count in [20, 100] {
            let tasks = mixed(count);
            assert_eq!(tasks.len(), count);
            let names: BTreeSet<String> = tasks.iter().map(|task| task.name()).collect();
            assert_eq!(names.len(), count);
            for kind in Kind::ALL {
                assert_eq!(tasks.iter().filter(|task| task.kind == kind).count(), count / 10);
            }
        }
    }

    #[test]
    fn the_small_job_is_part_of_the_large_one() {
        let large: BTreeSet<String> = mixed(100).iter().map(|task| task.name()).collect();
        assert!(mixed(20).iter().all(|task| large.contains(&task.name())));
    }
}
