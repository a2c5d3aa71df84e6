//! `deb822_repository`: repositories of apt in the newer form, with their keys.

use std::path::PathBuf;

use crate::args::{Args, Choice, Mode};
use crate::change::Changes;
use crate::data::Data;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Page, Subject};
use crate::modules::http::{get, is_url};
use crate::openpgp::is_armored;
use crate::stop::{Result, Stop};

/// Keeps a repository of apt in a file of its own below `/etc/apt/sources.list.d`, see sources.list(5).
#[derive(Args, Debug)]
#[module(name = "deb822_repository")]
pub(crate) struct Deb822Repository {
    /// What the repository is called; its file is named after it.
    name: String,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Packages, sources of packages, or both.
    #[arg(default = "deb")]
    types: Vec<String>,
    /// Where it is.
    uris: Option<Vec<String>>,
    /// Its releases.
    suites: Option<Vec<String>>,
    /// Its parts.
    components: Option<Vec<String>>,
    /// The machines that packages are taken for.
    architectures: Option<Vec<String>>,
    /// The key that signs it: a URL, a file of the host, or the key itself.
    signed_by: Option<String>,
    /// Whether it is used.
    enabled: Option<bool>,
    /// Whether it may be used without a signature where it had one.
    allow_downgrade_to_insecure: Option<bool>,
    /// Whether it may be used without a signature.
    allow_insecure: Option<bool>,
    /// Whether it may be signed weakly.
    allow_weak: Option<bool>,
    /// Whether files are fetched by their digests.
    by_hash: Option<bool>,
    /// Whether dates in the future are refused.
    check_date: Option<bool>,
    /// Whether lists that are too old are refused.
    check_valid_until: Option<bool>,
    /// How many seconds in the future are no future.
    date_max_future: Option<i64>,
    /// Where its signed list is, below its release.
    inrelease_path: Option<String>,
    /// The languages of descriptions.
    languages: Option<Vec<String>>,
    /// Whether only differences of lists are fetched.
    pdiffs: Option<bool>,
    /// What is fetched of it.
    targets: Option<Vec<String>>,
    /// Whether it is trusted whatever its signature.
    trusted: Option<bool>,
    /// The mode of its file and of the key's.
    #[arg(default = "0644")]
    mode: Mode,
}

/// Whether a repository shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// The folder of repositories.
const PARTS: &str = "/etc/apt/sources.list.d";

/// The folder of their keys.
const KEYRINGS: &str = "/etc/apt/keyrings";

impl Module for Deb822Repository {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let slug = slug(&self.name);
        let dest = PathBuf::from(format!("{PARTS}/{slug}.sources"));
        let attributes = Attributes::default().with_mode(Some(self.mode.clone()));
        changes.set("dest", dest.display().to_string());
        changes.set("repo", Data::Null);
        changes.set("key_filename", Data::Null);
        if self.state == State::Absent {
            for end in ["asc", "gpg"] {
                let path = PathBuf::from(format!("{KEYRINGS}/{slug}.{end}"));
                let page = Page::own(&path, host)?;
                if page.exists() {
                    changes.set("key_filename", path.display().to_string());
                    page.remove(false, changes)?;
                }
            }
            return Page::own(&dest, host)?.remove(false, changes);
        }
        if let Some(wrong) = self.types.iter().find(|t| !matches!(t.as_str(), "deb" | "deb-src")) {
            return Err(Stop::failed(format!("`{wrong}` is neither `deb` nor `deb-src`")));
        }
        let signed_by = match &self.signed_by {
            Some(url) if is_url(url) => {
                let path = self.key(url, &slug, host, changes)?;
                changes.set("key_filename", path.as_str());
                Some(path)
            }
            other => other.clone(),
        };
        let text = self.text(signed_by.as_deref());
        changes.set("repo", text.as_str());
        Page::own(&dest, host)?.write_as(&text, &attributes, false, changes)
    }
}

impl Deb822Repository {
    /// Keeps the key of a URL in a file, and tells which.
    fn key(&self, url: &str, slug: &str, host: &dyn Host, changes: &mut Changes) -> Result<String> {
        let bytes = get(host, url, true)?;
        let end = if is_armored(&bytes) { "asc" } else { "gpg" };
        let path = format!("{KEYRINGS}/{slug}.{end}");
        keep(&path, bytes, &self.mode, host, changes)?;
        Ok(path)
    }

    fn text(&self, signed_by: Option<&str>) -> String {
        let flag = |flag: Option<bool>| flag.map(|flag| if flag { "yes" } else { "no" }.to_owned());
        let list = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(" "));
        let fields = [
            ("Allow-Downgrade-To-Insecure", flag(self.allow_downgrade_to_insecure)),
            ("Allow-Insecure", flag(self.allow_insecure)),
            ("Allow-Weak", flag(self.allow_weak)),
            ("Architectures", list(&self.architectures)),
            ("By-Hash", flag(self.by_hash)),
            ("Check-Date", flag(self.check_date)),
            ("Check-Valid-Until", flag(self.check_valid_until)),
            ("Components", list(&self.components)),
            ("Date-Max-Future", self.date_max_future.map(|seconds| seconds.to_string())),
            ("Enabled", flag(self.enabled)),
            ("Inrelease-Path", self.inrelease_path.clone()),
            ("Languages", list(&self.languages)),
            ("X-Repolib-Name", Some(self.name.clone())),
            ("Pdiffs", flag(self.pdiffs)),
            ("Signed-By", signed_by.map(folded)),
            ("Suites", list(&self.suites)),
            ("Targets", list(&self.targets)),
            ("Trusted", flag(self.trusted)),
            ("Types", Some(self.types.join(" "))),
            ("URIs", list(&self.uris)),
        ];
        let line = |(key, value): (&str, Option<String>)| {
            value.map(|value| match value.strip_prefix('\n') {
                Some(folded) => format!("{key}:\n{folded}\n"),
                None => format!("{key}: {value}\n"),
            })
        };
        fields.into_iter().filter_map(line).collect()
    }
}

/// Keeps bytes in a file.
fn keep(
    path: &str,
    bytes: Vec<u8>,
    mode: &Mode,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    use std::collections::BTreeSet;

    use crate::blob::Blob;
    use crate::change::{Before, Change, FileChange, FileKind};
    use crate::modules::files::make_folders;

    make_folders(KEYRINGS.as_ref(), &Attributes::default(), &mut BTreeSet::new(), host, changes)?;
    let subject = Subject::followed(path.as_ref(), host)?;
    let before = subject.before_with_content()?;
    let mut after = subject.after(FileKind::File(Blob::new(bytes)))?;
    let attributes = Attributes::default().with_mode(Some(mode.clone()));
    attributes.onto(&subject.path, &mut after, host)?;
    if before != Before::Is(after.clone()) {
        changes.push(Change::File(FileChange::new(&subject.path, before, Some(after))));
    }
    Ok(())
}

/// A value of several lines: each begins with spaces, and an empty one is a dot.
fn folded(value: &str) -> String {
    if !value.contains('\n') {
        return value.to_owned();
    }
    let lines = value.trim_end().lines().map(|line| match line.trim() {
        "" => "    .".to_owned(),
        line => format!("    {line}"),
    });
    format!("\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The name as one of a file.
fn slug(name: &str) -> String {
    let letter = |letter: char| match letter {
        '_' | ' ' | '\t' => Some('-'),
        letter if letter.is_ascii_alphanumeric() || letter == '-' => {
            Some(letter.to_ascii_lowercase())
        }
        _ => None,
    };
    name.trim().chars().filter_map(letter).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, words};

    #[test]
    fn a_repository_is_written_as_ansible_writes_it() {
        let mut desk = Desk::new(Memory::new().with_dir("/etc/apt/sources.list.d", 0o755, "root"));
        let args = [
            ("name", "My Repo_X+1".into()),
            ("uris", "http://a.example/d".into()),
            ("suites", "stable".into()),
            ("components", vec!["main", "contrib"].into()),
            ("pdiffs", false.into()),
            ("inrelease_path", "x".into()),
            ("signed_by", "-----BEGIN X-----\n\nabc\n-----END X-----\n".into()),
        ];
        let done = desk.run("deb822_repository", &args);
        let path = "/etc/apt/sources.list.d/my-repo-x1.sources";
        assert_eq!(done.results["dest"], Data::from(path));
        assert_eq!(
            desk.text(path),
            "Components: main contrib\nInrelease-Path: x\nX-Repolib-Name: My Repo_X+1\nPdiffs: no\n\
             Signed-By:\n    -----BEGIN X-----\n    .\n    abc\n    -----END X-----\n\
             Suites: stable\nTypes: deb\nURIs: http://a.example/d\n"
        );
        let gone = [("name", "My Repo_X+1".into()), ("state", "absent".into())];
        assert!(desk.run("deb822_repository", &gone).changed);
    }

    #[test]
    fn a_key_is_fetched_into_a_file_beside() {
        use crate::openpgp::tests::KEY;
        let memory = Memory::new().with_dir("/etc/apt/sources.list.d", 0o755, "root").with_output(
            "curl -q --config -",
            0,
            &crate::modules::http::get::tests::answer("200 OK", KEY),
        );
        let mut desk = Desk::new(memory);
        let args = [
            ("name", "app".into()),
            ("uris", "http://a.example/d".into()),
            ("suites", "./".into()),
            ("signed_by", "https://k.example/k".into()),
        ];
        let done = desk.run("deb822_repository", &args);
        let shown = [
            "/etc/apt/keyrings",
            "/etc/apt/keyrings/app.asc",
            "/etc/apt/sources.list.d/app.sources",
        ];
        assert_eq!(words(&done.changes), shown);
        assert_eq!(desk.text(shown[1]), KEY);
        assert!(desk.text(shown[2]).contains("Signed-By: /etc/apt/keyrings/app.asc\n"));
        let gone = [("name", "app".into()), ("state", "absent".into())];
        assert_eq!(desk.run("deb822_repository", &gone).changes.len(), 2);
    }
}
