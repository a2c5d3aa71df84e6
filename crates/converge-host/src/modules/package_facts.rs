//! `package_facts`: what is installed.

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Command, Host, Manager};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Lists the packages that are installed, in facts.
#[derive(Args, Debug)]
#[module(name = "package_facts")]
pub(crate) struct PackageFacts {
    /// Whose packages: `apt`, `rpm`, or `auto` for those of the host.
    #[arg(default = "auto")]
    manager: Vec<String>,
    /// Whether the first manager that the host has is enough, or all are asked.
    #[arg(default = "first")]
    strategy: String,
}

impl Module for PackageFacts {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let mut packages = Map::new();
        let mut asked = false;
        for manager in self.managers()? {
            let program = match manager {
                Manager::Apt => "apt-get",
                Manager::Rpm => "rpm",
            };
            if !matches!(host.program(program), Ok(Some(_))) {
                continue;
            }
            for (name, facts) in listed(manager, host)? {
                let entry = packages.entry(name).or_insert_with(|| Data::List(Vec::new()));
                if let Data::List(all) = entry {
                    all.push(facts);
                }
            }
            asked = true;
            if self.strategy == "first" {
                break;
            }
        }
        if !asked {
            return Err(Stop::failed(format!(
                "none of the package managers `{}` is on this host",
                self.manager.join("`, `")
            )));
        }
        let facts = Map::from_iter([("packages".to_owned(), Data::Map(packages))]);
        changes.set("ansible_facts", Data::Map(facts));
        Ok(())
    }
}

impl PackageFacts {
    fn managers(&self) -> Result<Vec<Manager>> {
        let mut managers = Vec::new();
        for name in &self.manager {
            let named: &[Manager] = match name.to_lowercase().as_str() {
                "auto" => &[Manager::Apt, Manager::Rpm],
                "apt" => &[Manager::Apt],
                "rpm" | "yum" | "dnf" | "dnf5" | "zypper" => &[Manager::Rpm],
                "apk" | "pacman" | "pkg" | "pkg5" | "pkg_info" | "pkgng" | "portage"
                | "openbsd_pkg" => &[],
                _ => return Err(Stop::failed(format!("`{name}` is no package manager"))),
            };
            managers.extend(named);
        }
        Ok(managers)
    }
}

/// Every package with its facts, as the host has it and as it is planned.
fn listed(manager: Manager, host: &dyn Host) -> Result<Vec<(String, Data)>> {
    let installed = host.installed(manager)?;
    let told = host.observe(&command(manager))?.text();
    let mut found: Vec<(String, Data)> = Vec::new();
    for line in told.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let Some((name, mut facts)) = (match manager {
            Manager::Apt => apt(&fields),
            Manager::Rpm => rpm(&fields),
        }) else {
            continue;
        };
        // What something planned changes has another version then, or is gone.
        let Some(version) = installed.get(&name) else {
            if !name.starts_with("gpg-pubkey") {
                continue;
            }
            found.push((name, Data::Map(facts)));
            continue;
        };
        if manager == Manager::Apt {
            facts.insert("version".into(), version.as_str().into());
        }
        found.push((name, Data::Map(facts)));
    }
    for (name, version) in installed.iter() {
        if found.iter().any(|(known, _)| known == name) {
            continue;
        }
        let source = if manager == Manager::Apt { "apt" } else { "rpm" };
        let facts = Map::from_iter([
            ("name".to_owned(), Data::from(name.as_str())),
            ("version".to_owned(), version.as_str().into()),
            ("source".to_owned(), source.into()),
        ]);
        found.push((name.clone(), Data::Map(facts)));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

fn command(manager: Manager) -> Command {
    match manager {
        Manager::Apt => Command::new([
            "dpkg-query",
            "-W",
            "-f",
            "${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${db:Status-Status}\\n",
        ]),
        Manager::Rpm => Command::new([
            "rpm",
            "-qa",
            "--qf",
            "%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n",
        ]),
    }
}

fn apt(fields: &[&str]) -> Option<(String, Map)> {
    let [name, version, arch, section, "installed"] = fields else { return None };
    let facts = [
        ("name", *name),
        ("version", *version),
        ("arch", *arch),
        ("category", *section),
        ("source", "apt"),
    ];
    Some(((*name).to_owned(), of(&facts)))
}

fn rpm(fields: &[&str]) -> Option<(String, Map)> {
    let [name, version, release, epoch, arch] = fields else { return None };
    let known = |text: &str| (text != "(none)").then(|| text.to_owned());
    let mut facts =
        of(&[("name", *name), ("version", *version), ("release", *release), ("source", "rpm")]);
    let epoch = epoch.parse::<i64>().ok();
    facts.insert("epoch".into(), epoch.into());
    facts.insert("arch".into(), known(arch).into());
    Some(((*name).to_owned(), facts))
}

fn of(facts: &[(&str, &str)]) -> Map {
    facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::{Data, Map};
    use crate::host::Manager;
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;

    const ASK: &str = "dpkg-query -W -f '${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${db:Status-Status}\\n'";

    fn packages(desk: &mut Desk) -> Map {
        let done = crate::modules::scenario::done(desk.ask("package_facts", &[]));
        done.results["ansible_facts"].as_map().unwrap()["packages"].as_map().unwrap().clone()
    }

    #[test]
    fn packages_are_listed_as_they_are_planned() {
        let told = "bash\t5.2-2\tamd64\tshells\tinstalled\nold\t1\tall\tmisc\tconfig-files\n";
        let memory = Memory::new()
            .with_package(Manager::Apt, "bash", "5.2-2")
            .with_output("apt-get", 0, "")
            .with_output(ASK, 0, told);
        let mut desk = Desk::new(memory);
        let found = packages(&mut desk);
        assert_eq!(found.len(), 1);
        let bash = found["bash"].as_list().unwrap()[0].as_map().unwrap();
        assert_eq!((&bash["version"], &bash["category"]), (&"5.2-2".into(), &"shells".into()));
        desk.answerer.expected.packages.insert((Manager::Apt, "jq".into()), Some("1.6".into()));
        desk.answerer.expected.packages.insert((Manager::Apt, "bash".into()), None);
        let found = packages(&mut desk);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["jq"]);
        desk.fails(
            "package_facts",
            &[("manager", "rpm".into())],
            "none of the package managers `rpm` is on this host",
        );
        desk.fails("package_facts", &[("manager", Data::from("x"))], "`x` is no package manager");
    }
}
