//! Telling about packages.

use crate::change::Changes;
use crate::change::manager::failed;
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::dnf::Dnf;
use crate::modules::dnf::command::{Program, plain};
use crate::stop::Result;

/// What is asked of every package, by rpm and by dnf.
const FIELDS: &[&str] = &["name", "epoch", "version", "release", "arch"];

/// Returns the packages that are asked for.
pub(super) fn plan(
    dnf: &Dnf,
    program: &Program,
    list: &str,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let mut found = Vec::new();
    match list {
        "installed" => installed(None, host, &mut found)?,
        "updates" | "upgrades" => offered(dnf, program, "updates", None, host, &mut found)?,
        "available" => offered(dnf, program, "available", None, host, &mut found)?,
        "repos" | "repositories" => repositories(dnf, program, host, &mut found)?,
        name => {
            installed(Some(name), host, &mut found)?;
            offered(dnf, program, "available", Some(name), host, &mut found)?;
        }
    }
    changes.set("msg", "");
    changes.set("results", Data::List(found));
    Ok(())
}

fn installed(name: Option<&str>, host: &dyn Host, found: &mut Vec<Data>) -> Result<()> {
    let format = "--queryformat=%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n";
    // With a pattern, `--all` lists what matches and is content with nothing.
    let mut argv = vec!["rpm", "--query", "--all", format];
    argv.extend(name);
    let command = Command::new(argv);
    let output = host.observe(&command)?;
    if !output.ok() {
        return Err(failed(&command, &output));
    }
    let mut lines: Vec<_> = output.text().lines().map(ToOwned::to_owned).collect();
    lines.sort();
    found.extend(
        lines.iter().filter_map(|line| {
            entry(&line.split('\t').collect::<Vec<_>>(), "@System", "installed")
        }),
    );
    Ok(())
}

fn offered(
    dnf: &Dnf,
    program: &Program,
    what: &str,
    name: Option<&str>,
    host: &dyn Host,
    found: &mut Vec<Data>,
) -> Result<()> {
    let names: Vec<_> = name.map(ToOwned::to_owned).into_iter().collect();
    let command = if program.old {
        dnf.run(program, &["-q", "list", what], &names)
    } else {
        let which = if what == "updates" { "--upgrades" } else { "--available" };
        let fields: Vec<_> = FIELDS.iter().map(|field| format!("%{{{field}}}")).collect();
        let format = format!("--queryformat={}|%{{repoid}}\\n", fields.join("|"));
        dnf.run(program, &["-q", "repoquery", which, &format], &names)
    };
    let output = host.observe(&command)?;
    // yum takes nothing to list for a failure.
    if !output.ok() && !program.old {
        return Err(failed(&command, &output));
    }
    let text = output.text();
    if program.old {
        found.extend(of_yum(&text));
        return Ok(());
    }
    for line in text.lines() {
        let fields: Vec<_> = line.split('|').collect();
        if let [fields @ .., repo] = fields.as_slice() {
            found.extend(entry(fields, repo, "available"));
        }
    }
    Ok(())
}

fn repositories(
    dnf: &Dnf,
    program: &Program,
    host: &dyn Host,
    found: &mut Vec<Data>,
) -> Result<()> {
    let command = plain(dnf.run(program, &["-q", "repolist"], &[]));
    let output = host.observe(&command)?;
    if !output.ok() {
        return Err(failed(&command, &output));
    }
    let names = output.text();
    let names =
        names.lines().filter(|line| !line.starts_with("repo id") && !line.starts_with("repolist:"));
    for id in names.filter_map(|line| line.split_whitespace().next()) {
        let id = id.split('/').next().unwrap_or(id).trim_start_matches(['!', '*']);
        let entries = [("repoid".to_owned(), id.into()), ("state".to_owned(), "enabled".into())];
        found.push(Data::Map(Map::from_iter(entries)));
    }
    Ok(())
}

/// A package as Ansible tells it.
fn entry(fields: &[&str], repo: &str, state: &str) -> Option<Data> {
    let [name, epoch, version, release, arch] = fields else { return None };
    let full = format!("{epoch}:{name}-{version}-{release}.{arch}");
    let entries = [
        ("arch", *arch),
        ("epoch", *epoch),
        ("name", *name),
        ("nevra", full.as_str()),
        ("envra", full.as_str()),
        ("release", *release),
        ("repo", repo),
        ("version", *version),
        ("yumstate", state),
    ];
    Some(Data::Map(
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
    ))
}

/// `name.arch  1:version-release  repository`, after headings.
fn of_yum(text: &str) -> Vec<Data> {
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let (package, full, repo) = (words.next()?, words.next()?, words.next()?);
        let (name, arch) = package.rsplit_once('.')?;
        let (epoch, full) = full.split_once(':').unwrap_or(("0", full));
        let (version, release) = full.rsplit_once('-')?;
        let state = if repo.starts_with('@') { "installed" } else { "available" };
        entry(&[name, epoch, version, release, arch], repo, state)
    };
    text.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{entry, of_yum};

    #[test]
    fn packages_are_told_as_ansible_tells_them() {
        let told =
            entry(&["nginx", "1", "1.20.1", "14.el7", "x86_64"], "epel", "available").unwrap();
        let told = told.as_map().unwrap();
        assert_eq!(told["envra"].as_str(), Some("1:nginx-1.20.1-14.el7.x86_64"));
        let yum = of_yum("Available Packages\nnginx.x86_64    1:1.20.1-10.el7    epel\nodd line\n");
        assert_eq!(yum.len(), 1);
        assert_eq!(yum[0].as_map().unwrap()["epoch"].as_str(), Some("1"));
    }
}
