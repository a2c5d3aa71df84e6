//! What dnf or yum would do, as it says before it asks whether to. It is told to answer "no" itself.

use crate::change::PackageAction;
use crate::host::{Command, Host, Installed, Output};
use crate::stop::Result;

/// What dnf or yum would do.
pub(super) enum Foreseen {
    /// This.
    Done(Vec<Row>),
    /// It refuses; these names it knows nothing of.
    Refused(Vec<String>, Output),
}

/// One line of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) arch: String,
    pub(super) version: String,
}

/// What happens to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Install,
    Upgrade,
    Downgrade,
    Reinstall,
    Remove,
    /// A group or stream is marked as installed.
    Mark,
}

/// Lets dnf or yum say what it would do.
pub(super) fn foresee(host: &dyn Host, command: &Command) -> Result<Foreseen> {
    let mut question = command.clone();
    for word in &mut question.argv {
        if word == "-y" {
            *word = "--assumeno".into();
        }
    }
    let output = host.observe(&question)?;
    let text = output.text();
    // To be told "no" is a failure to them as well, so the exit code does not tell.
    let complete = text.contains("Transaction Summary") || text.contains("Nothing to do.\n");
    let refused =
        output.error_text().lines().chain(text.lines()).any(|line| line.starts_with("Error: "));
    Ok(if (output.ok() || complete) && !refused {
        Foreseen::Done(read(&text))
    } else {
        let both = format!("{text}\n{}", output.error_text());
        Foreseen::Refused(missing(&both), output)
    })
}

/// The rows of a transaction as changes of packages. What is planned already is left out.
pub(super) fn actions(rows: &[Row], installed: &Installed) -> Vec<PackageAction> {
    let mut actions = Vec::new();
    for row in rows {
        let name = key(row);
        let from = installed.get(&name).cloned();
        let to = match row.kind {
            Kind::Remove => None,
            Kind::Mark => Some(String::new()),
            _ => Some(row.version.clone()),
        };
        let planned = match (&from, &to) {
            (None, None) => true,
            (Some(from), Some(to)) => {
                (from == to && row.kind != Kind::Reinstall) || from.is_empty()
            }
            _ => false,
        };
        if !planned {
            actions.push(PackageAction { name, from, to, asked: false });
        }
    }
    actions
}

/// What Ansible returns of them.
pub(super) fn told(rows: &[Row], installed: &Installed) -> Vec<String> {
    let full = |row: &Row, version: &str| format!("{}-{version}.{}", row.name, row.arch);
    let mut come: Vec<_> = Vec::new();
    let mut go: Vec<_> = Vec::new();
    for row in rows {
        match row.kind {
            Kind::Mark => {
                come.push(format!("Group {} installed.", row.name.trim_start_matches('@')));
            }
            Kind::Remove => go.push(format!("Removed: {}", full(row, &row.version))),
            _ => {
                come.push(format!("Installed: {}", full(row, &row.version)));
                if let Some(old) = installed.get(&key(row)).filter(|_| row.kind != Kind::Install) {
                    go.push(format!("Removed: {}", full(row, old)));
                }
            }
        }
    }
    come.extend(go);
    come
}

/// How the package goes by here: with its architecture where that is not the machine's.
fn key(row: &Row) -> String {
    let own = matches!(row.arch.as_str(), "noarch" | "") || row.arch == std::env::consts::ARCH;
    if own { row.name.clone() } else { format!("{}.{}", row.name, row.arch) }
}

/// The table: headings that end in a colon, and lines below them that begin with one space. A line that is too long for the
/// table goes on in the next, further to the right.
fn read(text: &str) -> Vec<Row> {
    let mut rows: Vec<(Kind, Vec<String>)> = Vec::new();
    let mut kind = None;
    for line in text.lines() {
        if line.starts_with("Transaction Summary") {
            break;
        }
        if let Some(heading) = line.trim_end().strip_suffix(':').filter(|_| !line.starts_with(' '))
        {
            kind = heading_kind(heading);
            continue;
        }
        let (Some(kind), Some(rest)) = (kind, line.strip_prefix(' ')) else { continue };
        let words = rest.split_whitespace().map(ToOwned::to_owned);
        let replaces = rest.trim_start().starts_with("replacing ");
        match rows.last_mut() {
            _ if replaces => {}
            Some((_, row)) if rest.starts_with(' ') => row.extend(words),
            _ => rows.push((kind, words.collect())),
        }
    }
    let mut found = Vec::new();
    for (kind, words) in rows {
        match (kind, words.as_slice()) {
            (Kind::Mark, words) if !words.is_empty() => found.push(Row {
                kind,
                name: format!("@{}", words.join(" ")),
                arch: String::new(),
                version: String::new(),
            }),
            (_, [name, arch, version, ..]) => found.push(Row {
                kind,
                name: name.clone(),
                arch: arch.clone(),
                version: version.strip_prefix("0:").unwrap_or(version).to_owned(),
            }),
            _ => {}
        }
    }
    found
}

fn heading_kind(heading: &str) -> Option<Kind> {
    let begins = |words: &[&str]| words.iter().any(|word| heading.starts_with(word));
    if begins(&[
        "Installing Groups",
        "Installing groups",
        "Installing Environment",
        "Installing environmental",
        "Enabling module streams",
        "Installing module profiles",
    ]) {
        Some(Kind::Mark)
    } else if begins(&["Installing"]) {
        Some(Kind::Install)
    } else if begins(&["Upgrading", "Updating"]) {
        Some(Kind::Upgrade)
    } else if begins(&["Downgrading"]) {
        Some(Kind::Downgrade)
    } else if begins(&["Reinstalling"]) {
        Some(Kind::Reinstall)
    } else if begins(&["Removing"]) {
        Some(Kind::Remove)
    } else {
        None
    }
}

/// The names that dnf or yum knows nothing of.
fn missing(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = name.trim();
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("No match for argument: ") {
            add(name);
        } else if let Some(list) = line.strip_prefix("Error: Unable to find a match: ") {
            // A name with a space in it is in a line of its own as well.
            if !list.contains(" >= ") {
                list.split(' ').for_each(&mut add);
            }
        } else if let Some(name) =
            line.strip_prefix("No package ").and_then(|rest| rest.strip_suffix(" available."))
        {
            add(name);
        } else if let Some(rest) = line.strip_prefix("Module or Group '") {
            rest.split('\'').next().into_iter().for_each(|name| add(&format!("@{name}")));
        } else if let Some(rest) = line
            .strip_prefix("Warning: Group ")
            .and_then(|rest| rest.strip_suffix(" does not exist."))
        {
            add(&format!("@{rest}"));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Kind, actions, missing, read, told};
    use crate::host::Installed;

    const DNF: &str = include_str!("testdata/dnf-install");
    const YUM: &str = include_str!("testdata/yum-update");

    fn shown(text: &str) -> Vec<String> {
        let rows = read(text);
        rows.iter()
            .map(|row| format!("{:?} {} {} {}", row.kind, row.name, row.arch, row.version))
            .collect()
    }

    #[test]
    fn the_table_of_dnf_is_read() {
        assert_eq!(
            shown(DNF),
            [
                "Install nginx x86_64 1:1.20.1-14.el9",
                "Upgrade hello-converge noarch 2.0-1.el7",
                "Install nginx-core x86_64 1:1.20.1-14.el9",
                "Install a-package-with-a-name-that-is-too-long-for-it noarch 90.4-1.el9",
                "Install logrotate x86_64 3.18.0-8.el9",
                "Remove tree x86_64 2.1.0-1.el7",
                "Mark @Development Tools  ",
            ]
        );
    }

    #[test]
    fn the_table_of_yum_is_read() {
        assert_eq!(
            shown(YUM),
            [
                "Install kernel x86_64 3.10.0-1160.119.1.el7",
                "Upgrade bash x86_64 4.2.46-35.el7_9",
                "Install libfoo i686 1.0-1.el7",
                "Remove kernel x86_64 3.10.0-957.el7",
            ]
        );
    }

    #[test]
    fn what_happens_is_told_as_ansible_tells_it() {
        let installed = Installed::from([
            ("hello-converge".into(), "1.0-1.el7".into()),
            ("tree".into(), "2.1.0-1.el7".into()),
            ("logrotate".into(), "3.18.0-8.el9".into()),
        ]);
        let rows: Vec<_> = read(DNF).into_iter().filter(|row| row.kind != Kind::Mark).collect();
        assert_eq!(
            told(&rows[..2], &installed),
            [
                "Installed: nginx-1:1.20.1-14.el9.x86_64",
                "Installed: hello-converge-2.0-1.el7.noarch",
                "Removed: hello-converge-1.0-1.el7.noarch",
            ]
        );
        let names: Vec<_> =
            actions(&rows, &installed).into_iter().map(|action| action.name).collect();
        assert_eq!(names.len(), 5, "what is installed as planned is left out: {names:?}");
    }

    #[test]
    fn unknown_names_are_found() {
        let dnf = "No match for argument: nosuch\nError: Unable to find a match: nosuch other\n";
        assert_eq!(missing(dnf), ["nosuch", "other"]);
        assert_eq!(missing("No package nosuch available.\nError: Nothing to do\n"), ["nosuch"]);
        assert_eq!(
            missing("Module or Group 'grp' is not available.\nError: Nothing to do.\n"),
            ["@grp"]
        );
    }
}
