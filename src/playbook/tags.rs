//! Which tasks `--tags` and `--skip-tags` leave.
//!
//! Reference: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html>.

/// What was asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    only: Vec<String>,
    skip: Vec<String>,
}

impl TagFilter {
    /// Takes the values of `--tags` and `--skip-tags`, each of which may hold several with commas. None is `all`.
    pub fn new(only: &[String], skip: &[String]) -> Self {
        let mut only = separate(only);
        if only.is_empty() {
            only.push("all".to_owned());
        }
        Self { only, skip: separate(skip) }
    }

    /// Whether a task with these tags, inherited ones among them, is to run.
    ///
    /// `always` runs unless skipped by name, `never` only if one of its tags is asked for; `tagged`, `untagged` and `all` mean what they say.
    pub fn selects<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> bool {
        let mut tags: Vec<&str> = tags.into_iter().collect();
        if tags.is_empty() {
            tags.push("untagged");
        }
        let has = |tag: &str| tags.contains(&tag);
        let tagged = tags.iter().any(|tag| *tag != "untagged");
        let wants = |tag: &str| self.only.iter().any(|wanted| wanted == tag);
        let skips = |tag: &str| self.skip.iter().any(|skipped| skipped == tag);
        let wanted = has("always")
            || (wants("all") && !has("never"))
            || tags.iter().any(|tag| wants(tag))
            || (wants("tagged") && tagged && !has("never"));
        let skipped = if skips("all") {
            !has("always") || skips("always")
        } else {
            tags.iter().any(|tag| skips(tag)) || (skips("tagged") && tagged)
        };
        wanted && !skipped
    }

    /// The tags that were asked for or skipped, without those that have a meaning of their own.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let special = ["all", "always", "never", "tagged", "untagged"];
        self.only
            .iter()
            .chain(&self.skip)
            .map(String::as_str)
            .filter(move |tag| !special.contains(tag))
    }
}

impl Default for TagFilter {
    /// Everything but `never`.
    fn default() -> Self {
        Self::new(&[], &[])
    }
}

fn separate(values: &[String]) -> Vec<String> {
    values
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::TagFilter;

    /// Tasks by name, with their tags; those before the bar are in a play tagged `pt`.
    const TASKS: [(&str, &[&str]); 17] = [
        ("none", &["pt"]),
        ("t1", &["t1", "pt"]),
        ("al", &["always", "pt"]),
        ("nev", &["never", "pt"]),
        ("nevt", &["never", "t2", "pt"]),
        ("alt", &["always", "t3", "pt"]),
        ("nval", &["always", "never", "pt"]),
        ("2none", &[]),
        ("2t1", &["t1"]),
        ("2al", &["always"]),
        ("2nev", &["never"]),
        ("2nevt", &["never", "t2"]),
        ("2alt", &["always", "t3"]),
        ("2nval", &["always", "never"]),
        ("2all", &["all"]),
        ("2tagged", &["tagged"]),
        ("2unt", &["untagged"]),
    ];

    fn check(only: &str, skip: &str, expected: &str) {
        let filter = TagFilter::new(&[only.to_owned()], &[skip.to_owned()]);
        let selected = TASKS
            .iter()
            .filter(|(_, tags)| filter.selects(tags.iter().copied()))
            .map(|(name, _)| *name);
        assert_eq!(
            selected.collect::<Vec<_>>().join(" "),
            expected,
            "--tags {only} --skip-tags {skip}"
        );
    }

    /// Every expectation was seen from `ansible-playbook --list-tasks`.
    #[test]
    fn tags_as_ansible() {
        check("", "", "none t1 al alt nval 2none 2t1 2al 2alt 2nval 2all 2tagged 2unt");
        check("t1", "", "t1 al alt nval 2t1 2al 2alt 2nval");
        check("all", "", "none t1 al alt nval 2none 2t1 2al 2alt 2nval 2all 2tagged 2unt");
        check("tagged", "", "none t1 al alt nval 2t1 2al 2alt 2nval 2all 2tagged");
        check("untagged", "", "al alt nval 2none 2al 2alt 2nval 2unt");
        check("t2", "", "al nevt alt nval 2al 2nevt 2alt 2nval");
        check("never", "", "al nev nevt alt nval 2al 2nev 2nevt 2alt 2nval");
        check("t1,t2", "", "t1 al nevt alt nval 2t1 2al 2nevt 2alt 2nval");
        check("", "t1", "none al alt nval 2none 2al 2alt 2nval 2all 2tagged 2unt");
        check("", "always", "none t1 2none 2t1 2all 2tagged 2unt");
        check("", "tagged", "2none 2unt");
        check("", "untagged", "none t1 al alt nval 2t1 2al 2alt 2nval 2all 2tagged");
        check("", "all", "al alt nval 2al 2alt 2nval");
        check("", "t3", "none t1 al nval 2none 2t1 2al 2nval 2all 2tagged 2unt");
        check("t1", "always", "t1 2t1");
        check("tagged", "t1", "none al alt nval 2al 2alt 2nval 2all 2tagged");
        check(
            "all,never",
            "",
            "none t1 al nev nevt alt nval 2none 2t1 2al 2nev 2nevt 2alt 2nval 2all 2tagged 2unt",
        );
        check("t1", "t1", "al alt nval 2al 2alt 2nval");
        check("t2", "never", "al alt 2al 2alt");
        check("pt", "", "none t1 al nev nevt alt nval 2al 2alt 2nval");
        check("nope", "", "al alt nval 2al 2alt 2nval");
        check("untagged,t1", "", "t1 al alt nval 2none 2t1 2al 2alt 2nval 2unt");
        check("", "never", "none t1 al alt 2none 2t1 2al 2alt 2all 2tagged 2unt");
        check("", "all,always", "");
        check("t3", "always", "");
        check("", "tagged,always", "2none 2unt");
    }
}
