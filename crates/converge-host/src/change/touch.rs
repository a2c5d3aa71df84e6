//! What a change is about, by name: the things that reports of drift list and that rules speak of.

use crate::change::{Description, Sign};

/// One attribute of one thing that a change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The thing: a path, `package nginx`, `nginx.service`, `user deploy`.
    pub resource: String,
    /// Which of its attributes, in one word: `existence`, `content`, `mode`, `version`, `active`, …
    pub attribute: String,
    /// What becomes of it, in words: `mode 0644 → 0600`. None where it is there or not, or where a diff says it.
    pub fact: Option<String>,
}

impl Touch {
    /// That something is there, or is not.
    pub const EXISTENCE: &'static str = "existence";
    /// What a file holds.
    pub const CONTENT: &'static str = "content";
    /// Anything else about something.
    pub const STATE: &'static str = "state";

    /// An attribute of something.
    pub fn new(resource: &str, attribute: impl Into<String>, fact: Option<String>) -> Self {
        Self { resource: resource.to_owned(), attribute: attribute.into(), fact }
    }

    /// What can be told of any change by its words: each fact is an attribute, called by its first word.
    pub(super) fn of(description: &Description) -> Vec<Self> {
        let what = &description.what;
        let of_fact = |fact: &String| {
            let first = fact.split(' ').next().unwrap_or(Self::STATE);
            Self::new(what, first.to_lowercase(), Some(fact.clone()))
        };
        let mut touches: Vec<Self> = match description.sign {
            Sign::Create | Sign::Remove => vec![Self::new(what, Self::EXISTENCE, None)],
            Sign::Modify => description.facts.iter().map(of_fact).collect(),
            Sign::Act => Vec::new(),
        };
        if description.sign == Sign::Modify && description.diff.is_some() {
            touches.insert(0, Self::new(what, Self::CONTENT, None));
        }
        if touches.is_empty() {
            touches.push(Self::new(what, Self::STATE, None));
        }
        touches
    }
}

#[cfg(test)]
mod tests {
    use super::Touch;
    use crate::blob::Blob;
    use crate::change::{
        Before, Change, Description, FileChange, FileKind, FileState, PackageAction,
        PackagesChange, Sign, UnitAction, UnitChange,
    };

    fn told(touches: &[Touch]) -> Vec<String> {
        let told = |touch: &Touch| {
            let fact = touch.fact.as_deref().unwrap_or("-");
            format!("{}: {}: {fact}", touch.resource, touch.attribute)
        };
        touches.iter().map(told).collect()
    }

    fn of(change: &Change) -> Vec<String> {
        told(&change.effect().touches())
    }

    #[test]
    fn a_file_that_differs_is_told_by_its_attributes() {
        let file = |text: &str, mode| FileState {
            mode: Some(mode),
            ..FileState::of(FileKind::File(Blob::new(text.as_bytes())))
        };
        let before = Before::Is(file("1", 0o644));
        let change = FileChange::new("/etc/motd", before, Some(file("2", 0o600)));
        assert_eq!(
            of(&Change::File(change)),
            ["/etc/motd: content: -", "/etc/motd: mode: mode 0644 → 0600"]
        );
        let gone = FileChange::new("/etc/motd", Before::Absent, Some(file("2", 0o600)));
        assert_eq!(of(&Change::File(gone)), ["/etc/motd: existence: -"]);
        let before = Before::Is(FileState::of(FileKind::Dir));
        let link = FileState::of(FileKind::Link("/x".into()));
        let change = FileChange::new("/srv", before, Some(link));
        assert_eq!(of(&Change::File(change)), ["/srv: kind: directory → link to /x"]);
    }

    #[test]
    fn each_package_is_a_thing_of_its_own() {
        let action = |name: &str, from: Option<&str>, to: Option<&str>| PackageAction {
            name: name.into(),
            from: from.map(Into::into),
            to: to.map(Into::into),
            asked: true,
        };
        let actions = vec![
            action("nginx", Some("1.0"), Some("1.2")),
            action("curl", None, Some("8")),
            action("telnet", Some("1"), None),
        ];
        let change = PackagesChange { actions, ..PackagesChange::default() };
        assert_eq!(
            of(&Change::Packages(change)),
            [
                "package nginx: version: 1.0 → 1.2",
                "package curl: existence: -",
                "package telnet: existence: -"
            ]
        );
    }

    #[test]
    fn a_unit_is_told_by_what_runs_and_what_is_enabled() {
        let change = UnitChange {
            name: Some("nginx.service".into()),
            actions: vec![UnitAction::Enable, UnitAction::Start],
            was_active: Some(false),
            ..UnitChange::default()
        };
        assert_eq!(
            of(&Change::Unit(change)),
            ["nginx.service: active: inactive → active", "nginx.service: enabled: -"]
        );
        let reload = UnitChange {
            name: Some("nginx.service".into()),
            actions: vec![UnitAction::Reload],
            ..UnitChange::default()
        };
        assert_eq!(of(&Change::Unit(reload)), ["nginx.service: state: -"]);
    }

    #[test]
    fn anything_else_is_told_by_its_words() {
        let modified = Description::new(Sign::Modify, "user deploy").fact("shell `/a` → `/b`");
        assert_eq!(told(&Touch::of(&modified)), ["user deploy: shell: shell `/a` → `/b`"]);
        let act = Description::new(Sign::Act, "run `make`").fact("in /srv");
        assert_eq!(told(&Touch::of(&act)), ["run `make`: state: -"]);
    }
}
