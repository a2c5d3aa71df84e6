//! `apt_repository`: lines of the source lists of apt.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice, Mode};
use crate::change::{CacheChange, Change, Changes};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look, Manager};
use crate::modules::Module;
use crate::modules::files::{Attributes, Page};
use crate::modules::ppa::Ppa;
use crate::stop::{Result, Stop};

/// Keeps a line in the source lists of apt, see sources.list(5).
#[derive(Args, Debug)]
#[module(name = "apt_repository")]
pub(crate) struct AptRepository {
    /// The line: `deb http://example.org/debian bookworm main`; or `ppa:owner/name` for an archive of Launchpad.
    repo: String,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// The mode of a file that is written.
    mode: Option<Mode>,
    /// Refresh the package lists after a change.
    #[arg(alias = "update-cache", default = "yes")]
    update_cache: bool,
    /// How often a refresh that failed is tried again.
    #[arg(default = "5")]
    update_cache_retries: i64,
    /// How many seconds lie between two tries at most.
    #[arg(default = "12")]
    update_cache_retry_max_delay: i64,
    /// The file below `sources.list.d`, without `.list`; named after the line's URL where it is not given.
    filename: Option<String>,
    /// The release that `ppa:` is taken for; that of the host where it is not given.
    codename: Option<String>,
    /// Taken and not used: what is asked of Launchpad is always checked.
    #[arg(name = "validate_certs", default = "yes")]
    _validate_certs: bool,
    /// Taken and not used: nothing needs to be installed for this module.
    #[arg(name = "install_python_apt", default = "yes")]
    _install_python_apt: bool,
}

/// Whether a line shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// The list that every Debian has.
const MAIN: &str = "/etc/apt/sources.list";

/// The folder of further lists.
const PARTS: &str = "/etc/apt/sources.list.d";

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// A source: whether it counts, its words, and the comment behind it.
    Source(bool, String, String),
    /// Anything else, as it stands there.
    Other(String),
}

impl Module for AptRepository {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let present = self.state == State::Present;
        changes.set("repo", self.repo.as_str());
        changes.set("state", if present { "present" } else { "absent" });
        let ppa = Ppa::of(&self.repo, self.codename.as_deref(), host)?;
        let repo = ppa.as_ref().map_or_else(|| self.repo.clone(), Ppa::line);
        let Line::Source(true, wanted, comment) = Line::read(&repo) else {
            return Err(Stop::failed(format!(
                "`{}` is no source: one begins with `deb` or `deb-src`, and a URL and a release follow",
                self.repo
            )));
        };
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let mut found = false;
        for path in lists(host)? {
            let page = Page::own(&path, host)?;
            let old: Vec<_> = page.letters().lines().map(Line::read).collect();
            let mut new = old.clone();
            for line in &mut new {
                if let Line::Source(enabled, source, behind) = line
                    && *source == wanted
                    && present
                {
                    found = true;
                    (*enabled, *behind) = (true, comment.clone());
                }
            }
            if !present {
                new.retain(|line| !matches!(line, Line::Source(_, source, _) if *source == wanted));
            }
            if new != old {
                self.write(&page, &new, changes)?;
                if new.is_empty() {
                    removed.push(path.display().to_string());
                }
            }
        }
        if present && !found {
            if let Some(ppa) = &ppa {
                self.trust(ppa, host, changes)?;
            }
            let path = self.place(&wanted, ppa.as_ref());
            let page = Page::own(&path, host)?;
            let mut lines: Vec<_> = page.letters().lines().map(Line::read).collect();
            lines.push(Line::Source(true, wanted, comment));
            if !page.exists() {
                added.push(path.display().to_string());
            }
            self.write(&page, &lines, changes)?;
        }
        for (key, files) in [("sources_added", added), ("sources_removed", removed)] {
            if !files.is_empty() {
                changes.set(key, Data::from(files));
            }
        }
        // Lists that can't be refreshed would be in the way of whoever installs anything.
        changes.whole = true;
        if changes.any() && self.update_cache {
            changes.push(Change::Cache(refresh(
                self.update_cache_retries,
                self.update_cache_retry_max_delay,
            )));
        }
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        // After a refresh this is planned once more, and then no file is missing any more.
        for key in ["sources_added", "sources_removed"] {
            results.entry(key.to_owned()).or_insert_with(|| Data::List(Vec::new()));
        }
        Ok(())
    }
}

impl AptRepository {
    fn write(&self, page: &Page<'_>, lines: &[Line], changes: &mut Changes) -> Result<()> {
        if lines.is_empty() {
            return page.remove(false, changes);
        }
        let text: String = lines.iter().map(Line::text).collect();
        let mode = self.mode.clone().unwrap_or_else(|| Mode("0644".into()));
        page.write_as(&text, &Attributes::default().with_mode(Some(mode)), false, changes)
    }

    /// Takes up the key that signs an archive, unless its file is there.
    fn trust(&self, ppa: &Ppa, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = ppa.keyring();
        let page = Page::own(&path, host)?;
        if page.exists() {
            return Ok(());
        }
        let key = String::from_utf8_lossy(&ppa.key(host)?).into_owned();
        let mode = Attributes::default().with_mode(Some(Mode("0644".into())));
        page.write_as(&key, &mode, false, changes)
    }

    /// The file of a new line.
    fn place(&self, source: &str, ppa: Option<&Ppa>) -> PathBuf {
        let name = match &self.filename {
            Some(name) if name.starts_with('/') => {
                let list = Path::new(name).extension().is_some_and(|end| end == "list");
                return PathBuf::from(if list { name.clone() } else { format!("{name}.list") });
            }
            Some(name) => name.strip_suffix(".list").unwrap_or(name).to_owned(),
            None => ppa.map_or_else(|| named_after(source), Ppa::list),
        };
        Path::new(PARTS).join(format!("{name}.list"))
    }
}

/// A refresh of the package lists.
pub(crate) fn refresh(retries: i64, retry_delay: i64) -> CacheChange {
    CacheChange {
        manager: Manager::Apt,
        command: Command::new(["apt-get", "-y", "-o", "DPkg::Lock::Timeout=60", "update"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8"),
        counts: false,
        lock_timeout: 60,
        retries: retries.max(0).unsigned_abs(),
        retry_delay: retry_delay.max(0).unsigned_abs(),
    }
}

/// Every list, the main one first.
fn lists(host: &dyn Host) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    if let Look::Is(_) = host.resolve(Path::new(MAIN))?.1 {
        paths.push(PathBuf::from(MAIN));
    }
    if let Look::Is(_) = host.resolve(Path::new(PARTS))?.1 {
        let names = host.list(Path::new(PARTS))?;
        let lists = names.into_iter().filter(|name| name.ends_with(".list"));
        paths.extend(lists.map(|name| Path::new(PARTS).join(name)));
    }
    Ok(paths)
}

/// The letters and digits of the URL of a source, without its scheme and account.
fn named_after(source: &str) -> String {
    let mut bare = String::new();
    let mut depth = 0_usize;
    for letter in source.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(letter),
            _ => {}
        }
    }
    let mut words = bare.split_whitespace().filter(|word| !matches!(*word, "deb" | "deb-src"));
    let url = words.next().unwrap_or_default();
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.split_once('@').map_or(url, |(_, rest)| rest);
    let letters = url.split(|letter: char| !letter.is_ascii_alphanumeric());
    letters.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

impl Line {
    fn read(line: &str) -> Self {
        let bare = line.trim();
        let (enabled, rest) = match bare.strip_prefix('#') {
            Some(rest) => (false, rest.trim_start_matches('#').trim()),
            None => (true, bare),
        };
        let (source, comment) = rest.split_once('#').unwrap_or((rest, ""));
        let words: Vec<_> = source.split_whitespace().collect();
        if words.len() < 3 || !matches!(words[0], "deb" | "deb-src") {
            return Self::Other(line.to_owned());
        }
        Self::Source(enabled, words.join(" "), comment.trim().to_owned())
    }

    fn text(&self) -> String {
        match self {
            Self::Other(text) => format!("{text}\n"),
            Self::Source(enabled, source, comment) => {
                let off = if *enabled { "" } else { "# " };
                let behind = match comment.as_str() {
                    "" => String::new(),
                    comment => format!(" # {comment}"),
                };
                format!("{off}{source}{behind}\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::named_after;
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::host::{Host, Manager};
    use crate::modules::desk::{Desk, words};
    use crate::wire::Reply;

    const LIST: &str = "/etc/apt/sources.list";

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_file(LIST, "# own\n#deb  http://a/debian bookworm main # old\n", 0o644, "root")
            .with_dir("/etc/apt/sources.list.d", 0o755, "root");
        Desk::new(memory)
    }

    #[test]
    fn a_line_is_kept_in_a_file_of_its_own() {
        let mut desk = desk();
        let repo =
            "deb [arch=amd64 signed-by=/k.gpg]  https://u:p@repo.example.org/x-y/ stable main";
        let args = [("repo", repo.into())];
        let done = desk.run("apt_repository", &args);
        let path = "/etc/apt/sources.list.d/repo_example_org_x_y.list";
        assert_eq!(desk.text(path), format!("{}\n", repo.replace("]  ", "] ")));
        assert_eq!(words(&done.changes)[1], "refresh the package lists of apt");
        assert_eq!(done.results["sources_added"], Data::from(vec![path]));
        let gone = [("repo", repo.into()), ("state", "absent".into())];
        let done = desk.run("apt_repository", &gone);
        assert_eq!(done.results["sources_removed"], Data::from(vec![path]));
        assert!(!desk.run("apt_repository", &gone).changed);
    }

    #[test]
    fn a_line_that_was_disabled_is_enabled_where_it_stands() {
        let mut desk = desk();
        let args =
            [("repo", "deb http://a/debian bookworm main".into()), ("update_cache", false.into())];
        assert_eq!(desk.run("apt_repository", &args).changes.len(), 1);
        assert_eq!(desk.text(LIST), "# own\ndeb http://a/debian bookworm main\n");
    }

    #[test]
    fn lists_that_cannot_be_refreshed_leave_the_lines_as_they_were() {
        let memory = Memory::new()
            .with_file(LIST, "deb http://a/ x main\n#deb http://b/ x main\n", 0o600, "root")
            .with_dir("/etc/apt/sources.list.d", 0o755, "root")
            .with_error("apt-get -y -o DPkg::Lock::Timeout=60 update", 100, "");
        let mut desk = Desk::new(memory);
        for (letter, state) in [("c", "present"), ("b", "present"), ("a", "absent")] {
            let repo = format!("deb http://{letter}/ x main");
            let args = [("repo", repo.as_str().into()), ("state", state.into())];
            let reply = desk.perform("apt_repository", &args);
            assert!(matches!(&reply, Reply::Failed(_, done) if done.is_empty()), "{reply:?}");
            let text = desk.text(LIST);
            assert_eq!(text, "deb http://a/ x main\n#deb http://b/ x main\n", "{repo}");
            let parts = desk.answerer.machine.list("/etc/apt/sources.list.d".as_ref());
            assert_eq!(parts.unwrap(), [""; 0], "{repo}");
        }
    }

    #[test]
    fn what_packages_may_bring_does_not_hide_a_new_line() {
        let mut desk = desk();
        desk.answerer.expected.package_pending("gnupg");
        let args = [("repo", "deb http://b/ x main".into()), ("filename", "b".into())];
        let done = desk.run("apt_repository", &args);
        assert_eq!(desk.text("/etc/apt/sources.list.d/b.list"), "deb http://b/ x main\n");
        assert!(done.changed && Manager::Apt.sources().contains(&"/etc/apt"));
    }

    #[test]
    fn what_is_no_source_is_named() {
        let mut desk = desk();
        desk.fails(
            "apt_repository",
            &[("repo", "http://b/ x main".into())],
            "`http://b/ x main` is no source: one begins with `deb` or `deb-src`, and a URL and a release follow",
        );
        desk.fails(
            "apt_repository",
            &[("repo", "ppa:owner/name".into())],
            "`ppa:owner/name` is for Ubuntu, and this host is another; `codename` says for which release it is taken",
        );
    }

    #[test]
    fn archives_of_launchpad_have_a_list_and_a_key() {
        let key = "/etc/apt/trusted.gpg.d/own-pkg.asc";
        let memory = Memory::new()
            .with_dir("/etc/apt/sources.list.d", 0o755, "root")
            .with_file(key, "a key\n", 0o644, "root");
        let mut desk = Desk::new(memory);
        let args = [("repo", "ppa:own/pkg".into()), ("codename", "jammy".into())];
        assert!(desk.run("apt_repository", &args).changed);
        assert_eq!(
            desk.text("/etc/apt/sources.list.d/ppa_own_pkg_jammy.list"),
            "deb https://ppa.launchpadcontent.net/own/pkg/ubuntu jammy main\n"
        );
        let gone = [args.to_vec(), vec![("state", "absent".into())]].concat();
        assert!(desk.run("apt_repository", &gone).changed);
        assert!(!desk.run("apt_repository", &gone).changed);
    }

    #[test]
    fn files_are_named_as_ansible_names_them() {
        let check = |source: &str, want: &str| assert_eq!(named_after(source), want);
        check(
            "deb http://archive.canonical.com/ubuntu hardy partner",
            "archive_canonical_com_ubuntu",
        );
        check("deb-src [a=b c=d] file:/srv/x ./", "file_srv_x");
    }
}
