//! Which tasks run, by their tags.
//!
//! The rules are Ansible's: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html>.

/// What `--tags` and `--skip-tags` say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    /// Of the two options; each may hold several tags between commas.
    pub(crate) fn new(only: &[String], skip: &[String]) -> Self {
        let words = |given: &[String]| {
            let words = given.iter().flat_map(|text| text.split(','));
            words
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
        };
        let only = words(only);
        Self { only: if only.is_empty() { vec!["all".into()] } else { only }, skip: words(skip) }
    }

    /// Whether a task with these tags runs.
    pub(crate) fn takes<S: AsRef<str>>(&self, tags: &[S]) -> bool {
        let has = |tag: &str| tags.iter().any(|own| own.as_ref() == tag);
        let asked = |tag: &str| self.only.iter().any(|only| only == tag);
        let named = tags.iter().any(|tag| asked(tag.as_ref()));
        let tagged = tags.iter().any(|tag| !matches!(tag.as_ref(), "untagged"));
        let wanted = if has("always") {
            true
        } else if has("never") {
            named
        } else {
            asked("all") || named || (asked("tagged") && tagged) || (asked("untagged") && !tagged)
        };
        wanted && !self.skips(&has, tagged, tags)
    }

    fn skips<S: AsRef<str>>(&self, has: &dyn Fn(&str) -> bool, tagged: bool, tags: &[S]) -> bool {
        let skip = |tag: &str| self.skip.iter().any(|skip| skip == tag);
        if skip("all") {
            return !has("always") || skip("always");
        }
        tags.iter().any(|tag| skip(tag.as_ref()))
            || (skip("tagged") && tagged)
            || (skip("untagged") && !tagged)
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[track_caller]
    fn check(only: &str, skip: &str, tags: &[&str], takes: bool) {
        let split = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        assert_eq!(
            Selection::new(&split(only), &split(skip)).takes(tags),
            takes,
            "--tags {only} --skip-tags {skip} on {tags:?}"
        );
    }

    #[test]
    fn tags_choose_as_in_ansible() {
        check("", "", &[], true);
        check("", "", &["a"], true);
        check("a,b", "", &["b"], true);
        check("a", "", &[], false);
        check("a", "", &["always"], true);
        check("a", "always", &["always"], false);
        check("", "", &["never"], false);
        check("never", "", &["never"], true);
        check("a", "", &["never", "a"], true);
        check("all", "", &["never", "a"], false);
        check("tagged", "", &[], false);
        check("tagged", "", &["x"], true);
        check("untagged", "", &["x"], false);
        check("untagged", "", &[], true);
        check("", "a", &["a", "b"], false);
        check("", "tagged", &["x"], false);
        check("", "all", &["always"], true);
    }
}
