//! Repository files: sections of `key = value`, read and written as Python's `configparser` does, since that is what other
//! tools write them with. Comments are not kept.

/// A repository file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RepoFile {
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl RepoFile {
    /// Reads a file. Lines that are neither section, option nor continuation are told.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        for (number, line) in text.lines().enumerate() {
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with(char::is_whitespace)
                && let Some((_, value)) =
                    file.sections.last_mut().and_then(|(_, options)| options.last_mut())
            {
                value.push('\n');
                value.push_str(bare);
                continue;
            }
            if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                file.sections.push((name.to_owned(), Vec::new()));
                continue;
            }
            let option = bare.split_once(['=', ':']);
            match (option, file.sections.last_mut()) {
                (Some((key, value)), Some((_, options))) => {
                    options.push((key.trim().to_lowercase(), value.trim().to_owned()));
                }
                _ => {
                    return Err(format!(
                        "line {} is no part of a repository file: `{bare}`",
                        number + 1
                    ));
                }
            }
        }
        Ok(file)
    }

    /// Sets a section, at the end unless it is there as it shall be. Says whether that changed anything.
    pub(super) fn set(&mut self, name: &str, options: Vec<(String, String)>) -> bool {
        let place = self.sections.iter().position(|(other, _)| other == name);
        if let Some(place) = place {
            let mut sorted = self.sections[place].1.clone();
            sorted.sort();
            if sorted == options {
                return false;
            }
            self.sections.remove(place);
        }
        self.sections.push((name.to_owned(), options));
        true
    }

    /// Takes a section out. Says whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let count = self.sections.len();
        self.sections.retain(|(other, _)| other != name);
        self.sections.len() != count
    }

    /// Whether it has no section.
    pub(super) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, options) in &self.sections {
            text.push_str(&format!("[{name}]\n"));
            for (key, value) in options {
                text.push_str(&format!("{key} = {}\n", value.replace('\n', "\n\t")));
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::RepoFile;

    #[test]
    fn a_file_is_written_as_configparser_writes_it() {
        let text = "# x\n[a]\nName=A\nbaseurl = http://a/1\n\thttp://a/2\n\n[b]\nname = B\n\n";
        let mut file = RepoFile::read(text).unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert!(!file.set("b", vec![pair("name", "B")]));
        assert!(file.set("b", vec![pair("baseurl", "http://b"), pair("name", "B")]));
        let written = "[a]\nname = A\nbaseurl = http://a/1\n\thttp://a/2\n\n[b]\nbaseurl = http://b\nname = B\n\n";
        assert_eq!(file.text(), written);
        assert!(file.remove("a") && !file.remove("a") && file.remove("b") && file.is_empty());
        assert_eq!(
            RepoFile::read("name=x\n").unwrap_err(),
            "line 1 is no part of a repository file: `name=x`"
        );
    }
}
