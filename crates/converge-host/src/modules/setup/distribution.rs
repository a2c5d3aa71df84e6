//! Which distribution it is.
//!
//! The rules are those that Ansible's answers follow; the recorded ones are in `testdata/distributions`.

use indexmap::IndexMap;

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

const OS_RELEASE: &str = "/etc/os-release";

/// Families and the distributions that belong to them. Any other is a family of its own.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "RedHat",
        &[
            "RedHat",
            "RHEL",
            "Fedora",
            "CentOS",
            "Scientific",
            "SLC",
            "Ascendos",
            "CloudLinux",
            "PSBM",
            "OracleLinux",
            "OVS",
            "OEL",
            "Amazon",
            "Amzn",
            "Virtuozzo",
            "XenServer",
            "Alibaba",
            "EulerOS",
            "openEuler",
            "AlmaLinux",
            "Rocky",
            "TencentOS",
            "EuroLinux",
            "MIRACLE",
            "Kylin Linux Advanced Server",
        ],
    ),
    (
        "Debian",
        &[
            "Debian",
            "Ubuntu",
            "Raspbian",
            "Neon",
            "KDE neon",
            "Linux Mint",
            "SteamOS",
            "Devuan",
            "Kali",
            "Cumulus Linux",
            "Pop!_OS",
            "Parrot",
            "Pardus GNU/Linux",
            "Uos",
            "Deepin",
            "OSMC",
        ],
    ),
    (
        "Suse",
        &[
            "SuSE",
            "SLES",
            "SLED",
            "openSUSE",
            "openSUSE Tumbleweed",
            "openSUSE Leap",
            "SLES_SAP",
            "SUSE_LINUX",
            "ALP-Dolomite",
            "SL-Micro",
            "openSUSE MicroOS",
        ],
    ),
    ("Archlinux", &["Archlinux", "Antergos", "Manjaro"]),
    ("Gentoo", &["Gentoo", "Funtoo"]),
    ("Mandrake", &["Mandrake", "Mandriva"]),
    ("Altlinux", &["Altlinux"]),
    ("Alpine", &["Alpine"]),
    ("ClearLinux", &["Clear Linux OS", "Clear Linux Mix"]),
];

/// Distributions of Debian's kind by what their os-release calls them.
const OF_DEBIAN: &[(&str, &str)] = &[
    ("debian", "Debian"),
    ("raspbian", "Debian"),
    ("ubuntu", "Ubuntu"),
    ("linuxmint", "Linux Mint"),
    ("kali", "Kali"),
    ("parrot", "Parrot"),
    ("devuan", "Devuan"),
    ("steamos", "SteamOS"),
    ("cumulus-linux", "Cumulus Linux"),
    ("uos", "Uos"),
    ("deepin", "Deepin"),
    ("pop", "Pop!_OS"),
    ("neon", "KDE neon"),
];

/// What is found out.
#[derive(Default)]
struct Found {
    name: String,
    version: Option<String>,
    minor: Option<String>,
    release: Option<String>,
    path: &'static str,
    variety: &'static str,
    parsed: bool,
    search: Option<&'static str>,
}

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let set = assignments(&read.text(OS_RELEASE).unwrap_or_default());
    let found = find(read, &set);
    let version = found.version.unwrap_or_else(|| "NA".into());
    let major = version.split('.').next().unwrap_or("NA").to_owned();
    let family = FAMILIES.iter().find(|(_, members)| members.contains(&found.name.as_str()));
    let family = family.map_or(found.name.clone(), |(family, _)| (*family).to_owned());
    let mut add = |name: &str, value: Option<Data>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), value);
        }
    };
    add("distribution", Some(found.name.into()));
    add("distribution_version", Some(version.into()));
    add("distribution_major_version", Some(major.into()));
    add("distribution_minor_version", found.minor.map(Into::into));
    add("distribution_release", Some(found.release.unwrap_or_else(|| "NA".into()).into()));
    add("distribution_file_path", Some(found.path).filter(|path| !path.is_empty()).map(Into::into));
    add("distribution_file_variety", Some(found.variety.into()));
    add("distribution_file_parsed", found.parsed.then(|| true.into()));
    add("distribution_file_search_string", found.search.map(Into::into));
    add("os_family", Some(family.into()));
}

/// `KEY=value` lines as a shell reads them: os-release(5).
pub(super) fn assignments(text: &str) -> IndexMap<String, String> {
    let pairs = text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        let words = crate::words::split(value).ok()?;
        let plain = !key.starts_with('#');
        plain.then(|| (key.to_owned(), words.concat_or(value)))
    });
    pairs.collect()
}

trait ConcatOr {
    fn concat_or(self, written: &str) -> String;
}

impl ConcatOr for Vec<String> {
    /// A value without quotation marks may hold spaces in practice.
    fn concat_or(self, written: &str) -> String {
        match self.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            _ => written.to_owned(),
        }
    }
}

fn find(read: &Reader<'_>, set: &IndexMap<String, String>) -> Found {
    let of = |key: &str| set.get(key).cloned();
    let id = of("ID").unwrap_or_default();
    let base = Found {
        name: of("NAME").unwrap_or_else(|| "Linux".into()),
        version: of("VERSION_ID").filter(|version| !version.is_empty()),
        release: codename(read, set),
        path: OS_RELEASE,
        variety: "NA",
        parsed: true,
        ..Found::default()
    };
    if let Some(found) = of_red_hat(read, &id, &base) {
        return found;
    }
    if id == "amzn" {
        let minor = Some(
            base.version
                .as_deref()
                .and_then(|version| version.split_once('.'))
                .map_or("NA", |(_, minor)| minor)
                .to_owned(),
        );
        return Found { name: "Amazon".into(), variety: "Amazon", release: None, minor, ..base };
    }
    if read.exists("/etc/arch-release") {
        return Found {
            name: "Archlinux".into(),
            version: None,
            path: "/etc/arch-release",
            variety: "Archlinux",
            parsed: false,
            ..base
        };
    }
    if let Some(version) = read.some_word("/etc/alpine-release") {
        return Found {
            name: "Alpine".into(),
            version: Some(version),
            path: "/etc/alpine-release",
            variety: "Alpine",
            ..base
        };
    }
    let like = of("ID_LIKE").unwrap_or_default();
    if id.starts_with("sle") || like.contains("suse") || id.starts_with("opensuse") {
        let version = base.version.clone().unwrap_or_default();
        let release = version.split_once('.').map_or("", |(_, release)| release).to_owned();
        return Found { variety: "SUSE", release: Some(release), ..base };
    }
    if let Some((_, name)) = OF_DEBIAN.iter().find(|(known, _)| *known == id) {
        return of_debian(read, name, &id, base);
    }
    if id == "flatcar" || id == "coreos" {
        let name = if id == "flatcar" { "Flatcar" } else { "Coreos" };
        return Found { name: name.into(), variety: name, ..base };
    }
    base
}

/// Distributions with a file that says what they are, in the words "NAME release VERSION (CODENAME)".
fn of_red_hat(read: &Reader<'_>, id: &str, base: &Found) -> Option<Found> {
    if let Some(text) =
        read.text("/etc/oracle-release").filter(|text| text.contains("Oracle Linux"))
    {
        return Some(Found {
            name: "OracleLinux".into(),
            version: number(&text),
            release: None,
            path: "/etc/oracle-release",
            variety: "OracleLinux",
            parsed: true,
            search: Some("Oracle Linux"),
            ..Found::default()
        });
    }
    let text = read.text("/etc/redhat-release")?;
    let word = text.split_whitespace().next()?;
    if text.contains("CentOS Stream") {
        return Some(Found {
            name: "CentOS".into(),
            version: base.version.clone(),
            release: Some("Stream".into()),
            path: "/etc/centos-release",
            variety: "CentOS",
            parsed: true,
            ..Found::default()
        });
    }
    let red_hat = text.starts_with("Red Hat");
    let version = match id {
        // CentOS itself names the major version only.
        "centos" => number(&text).map(|full| full.split('.').take(2).collect::<Vec<_>>().join(".")),
        _ => None,
    };
    Some(Found {
        name: if red_hat { "RedHat".into() } else { word.to_owned() },
        version: version.or_else(|| base.version.clone()).or_else(|| number(&text)),
        release: base.release.clone().or_else(|| in_parentheses(&text)),
        path: "/etc/redhat-release",
        variety: "RedHat",
        parsed: true,
        search: red_hat.then_some("Red Hat"),
        ..Found::default()
    })
}

fn of_debian(read: &Reader<'_>, name: &str, id: &str, base: Found) -> Found {
    let exact = read.some_word("/etc/debian_version");
    let minor = exact.as_deref().and_then(|text| {
        let (major, minor) = text.split_once('.')?;
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits(major) && digits(minor)).then(|| minor.to_owned())
    });
    // Debian itself names the major version only.
    let version = if id == "debian" { exact } else { None };
    Found {
        name: name.to_owned(),
        version: version.or(base.version.clone()),
        minor: minor.filter(|_| name == "Debian"),
        variety: "Debian",
        ..base
    }
}

/// The name of the release.
fn codename(read: &Reader<'_>, set: &IndexMap<String, String>) -> Option<String> {
    let of = |key: &str| set.get(key).cloned();
    of("VERSION_CODENAME")
        .or_else(|| of("UBUNTU_CODENAME"))
        .or_else(|| in_parentheses(&of("VERSION")?))
        .or_else(|| in_parentheses(&read.text("/etc/redhat-release")?))
}

/// The first number with dots in a text.
fn number(text: &str) -> Option<String> {
    let word =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(word.to_owned())
}

fn in_parentheses(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('(')?;
    Some(rest.split_once(')')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{assignments, gather, in_parentheses, number};
    use crate::data::{Data, Map};
    use crate::host::memory::Memory;
    use crate::json;
    use crate::modules::setup::lsb;
    use crate::modules::setup::read::Reader;

    /// Files of distributions, and what Ansible says of hosts that have them.
    const RECORDED: &str = include_str!("testdata/distributions");

    #[test]
    fn every_distribution_is_called_what_ansible_calls_it() {
        let mut count = 0;
        for section in RECORDED.split("## ").skip(1) {
            let (name, rest) = section.split_once('\n').unwrap();
            let (files, want) = rest.split_once("\n= ").unwrap();
            let mut host = Memory::new();
            for file in format!("\n{files}").split("\n# /").skip(1) {
                let (head, text) = file.split_once('\n').unwrap_or((file, ""));
                let head = format!("/{head}");
                host = match head.split_once(" -> ") {
                    Some((path, target)) => host.with_link(path, target),
                    None => host.with_file(&head, &format!("{text}\n"), 0o644, "root"),
                };
            }
            let (read, mut facts) = (Reader::new(&host), Map::new());
            gather(&read, &mut facts);
            lsb::gather(&read, &mut facts);
            facts.sort_keys();
            assert_eq!(Some(Data::Map(facts)), json::parse(want), "{name}");
            count += 1;
        }
        assert_eq!(count, 24);
    }

    #[test]
    fn the_words_of_release_files_are_found() {
        let text = "CentOS Linux release 7.9.2009 (Core)\n";
        assert_eq!(number(text).as_deref(), Some("7.9.2009"));
        assert_eq!(in_parentheses(text).as_deref(), Some("Core"));
        let set =
            assignments("# A=1\nNAME=\"Debian GNU/Linux\"\nID=debian\nEMPTY=\"\"\nODD=two words\n");
        assert_eq!(set["NAME"], "Debian GNU/Linux");
        assert_eq!((set["EMPTY"].as_str(), set["ODD"].as_str()), ("", "two words"));
        assert_eq!(set.len(), 4);
    }
}
