//! The Python of the host, which content asks for to choose the names of packages. converge itself needs none.

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

/// Where it is looked for, in Ansible's order.
const PROGRAMS: &[&str] = &["python3", "/usr/libexec/platform-python", "python2", "python"];

/// What Ansible tells of it.
const QUESTION: &str = "import sys\ntry:\n import ssl\n tls = hasattr(ssl, 'SSLContext')\nexcept Exception:\n tls = False\n\
    i = sys.version_info\nt = getattr(getattr(sys, 'implementation', None), 'name', 'cpython')\n\
    print('\\n'.join([sys.executable, t, str(tls)] + [str(p) for p in i]))";

/// The Python that distributions come with, by the distribution and its major version.
const OF_DISTRIBUTIONS: &[(&str, &str, [i64; 3])] = &[
    ("Debian", "9", [3, 5, 3]),
    ("Debian", "10", [3, 7, 3]),
    ("Debian", "11", [3, 9, 2]),
    ("Debian", "12", [3, 11, 2]),
    ("Debian", "13", [3, 13, 5]),
    ("Ubuntu", "16", [3, 5, 2]),
    ("Ubuntu", "18", [3, 6, 9]),
    ("Ubuntu", "20", [3, 8, 10]),
    ("Ubuntu", "22", [3, 10, 12]),
    ("Ubuntu", "24", [3, 12, 3]),
    ("RedHat", "6", [2, 6, 6]),
    ("RedHat", "7", [2, 7, 5]),
    ("RedHat", "8", [3, 6, 8]),
    ("RedHat", "9", [3, 9, 18]),
    ("RedHat", "10", [3, 12, 5]),
];

/// Of a distribution that is not in the table.
const OF_OTHERS: [i64; 3] = [3, 9, 2];

/// A Python as it tells about itself.
struct Python {
    executable: String,
    kind: String,
    tls: bool,
    version: [i64; 3],
    level: String,
    serial: i64,
}

/// Tells of the Python that is there; where there is none, of that which the distribution has.
pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let there = PROGRAMS.iter().filter(|name| read.has(name));
    let told = there.filter_map(|name| told(&read.output(&[name, "-I", "-c", QUESTION])?)).next();
    let python = told.unwrap_or_else(|| of_distribution(facts));
    let [major, minor, micro] = python.version;
    let version = Map::from_iter([
        ("major".to_owned(), major.into()),
        ("minor".to_owned(), minor.into()),
        ("micro".to_owned(), micro.into()),
        ("releaselevel".to_owned(), python.level.as_str().into()),
        ("serial".to_owned(), python.serial.into()),
    ]);
    let info: Vec<Data> =
        vec![major.into(), minor.into(), micro.into(), python.level.into(), python.serial.into()];
    let all = Map::from_iter([
        ("version".to_owned(), Data::Map(version)),
        ("version_info".to_owned(), Data::List(info)),
        ("executable".to_owned(), python.executable.into()),
        ("has_sslcontext".to_owned(), python.tls.into()),
        ("type".to_owned(), python.kind.into()),
    ]);
    facts.insert("python".into(), Data::Map(all));
    facts.insert("python_version".into(), format!("{major}.{minor}.{micro}").into());
}

fn told(text: &str) -> Option<Python> {
    let mut lines = text.lines();
    let mut next = || lines.next().map(str::to_owned);
    let (executable, kind, tls) = (next()?, next()?, next()? == "True");
    let mut number = || next()?.parse().ok();
    let version = [number()?, number()?, number()?];
    let level = lines.next()?.to_owned();
    let serial = lines.next()?.parse().ok()?;
    Some(Python { executable, kind, tls, version, level, serial })
}

fn of_distribution(facts: &Map) -> Python {
    let fact = |name: &str| facts.get(name).and_then(Data::as_str).unwrap_or_default();
    let (name, family) = (fact("distribution"), fact("os_family"));
    let major = fact("distribution_major_version");
    let mut known = OF_DISTRIBUTIONS.iter();
    let found = known.find(|(of, version, _)| {
        (*of == name || (*of == "RedHat" && family == *of)) && *version == major
    });
    let version = found.map_or(OF_OTHERS, |(.., version)| *version);
    let executable = if version[0] == 2 { "/usr/bin/python" } else { "/usr/bin/python3" };
    Python {
        executable: executable.into(),
        kind: "cpython".into(),
        tls: true,
        version,
        level: "final".into(),
        serial: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{QUESTION, gather};
    use crate::data::{Data, Map};
    use crate::host::Command;
    use crate::host::memory::Memory;
    use crate::modules::setup::read::Reader;

    #[track_caller]
    fn check(memory: &Memory, distribution: &str, major: &str, version: &str, executable: &str) {
        let mut facts = Map::from_iter([
            ("distribution".to_owned(), Data::from(distribution)),
            ("distribution_major_version".to_owned(), Data::from(major)),
            (
                "os_family".to_owned(),
                Data::from(if distribution == "Rocky" { "RedHat" } else { "" }),
            ),
        ]);
        gather(&Reader::new(memory), &mut facts);
        assert_eq!(facts["python_version"], Data::from(version));
        let Data::Map(python) = &facts["python"] else { panic!("{facts:?}") };
        assert_eq!(python["executable"], Data::from(executable));
    }

    #[test]
    fn the_python_that_is_there_is_told() {
        let shown = Command::new(["python3", "-I", "-c", QUESTION]).shown();
        let told = "/usr/bin/python3\ncpython\nTrue\n3\n11\n7\nfinal\n0\n";
        let memory = Memory::new().with_output(&shown, 0, told);
        check(&memory, "Debian", "12", "3.11.7", "/usr/bin/python3");
    }

    #[test]
    fn where_there_is_none_that_of_the_distribution_is_told() {
        check(&Memory::new(), "Debian", "12", "3.11.2", "/usr/bin/python3");
        check(&Memory::new(), "Rocky", "8", "3.6.8", "/usr/bin/python3");
        check(&Memory::new(), "Arch", "", "3.9.2", "/usr/bin/python3");
    }
}
