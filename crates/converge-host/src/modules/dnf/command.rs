//! The commands of dnf and yum, which ask nothing.

use std::path::Path;

use crate::host::{Command, Host, Look, NodeKind};
use crate::modules::dnf::Dnf;

/// dnf or yum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    name: String,
    /// Whether it is yum of before there was dnf, which has fewer options.
    pub(super) old: bool,
}

impl Program {
    /// `yum` is mostly dnf under its old name.
    pub(super) fn of(name: &str, path: &Path, host: &dyn Host) -> Self {
        let link = |path: &Path| match host.look(path) {
            Ok(Look::Is(node)) => match node.kind {
                NodeKind::Link(target) => target.display().to_string().contains("dnf"),
                _ => false,
            },
            _ => false,
        };
        Self { name: name.to_owned(), old: name == "yum" && !link(path) }
    }
}

impl Dnf {
    /// The program with its general options and a verb. `--` is known to none of them, so names must not begin with a dash.
    pub(super) fn run(&self, program: &Program, verb: &[&str], names: &[String]) -> Command {
        let mut argv = vec![program.name.clone(), "-y".into(), "--setopt=exit_on_lock=1".into()];
        let mut add = |wanted: bool, option: &str| {
            if wanted {
                argv.push(option.to_owned());
            }
        };
        let new = !program.old;
        add(self.disable_gpg_check, "--nogpgcheck");
        add(self.skip_broken, "--skip-broken");
        add(self.cacheonly, "-C");
        add(self.security, "--security");
        add(self.bugfix, "--bugfix");
        add(self.download_only, "--downloadonly");
        add(new && self.allowerasing, "--allowerasing");
        add(new && (self.nobest == Some(true) || self.best == Some(false)), "--nobest");
        add(new && (self.best == Some(true) || self.nobest == Some(false)), "--best");
        add(new && !self.install_weak_deps, "--setopt=install_weak_deps=False");
        add(!(self.sslverify && self.validate_certs), "--setopt=sslverify=0");
        let mut option = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                argv.push(format!("--{name}={value}"));
            }
        };
        let joined = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(","));
        // What is named to be used is used even where everything is named not to be.
        option("disablerepo", joined(&self.disablerepo));
        option("enablerepo", joined(&self.enablerepo));
        option("exclude", joined(&self.exclude));
        option("disableexcludes", self.disable_excludes.clone());
        option("disableplugin", joined(&self.disable_plugin));
        option("enableplugin", joined(&self.enable_plugin));
        option("config", self.conf_file.clone());
        option("releasever", self.releasever.clone());
        option("downloaddir", self.download_dir.clone().filter(|_| self.download_only));
        option("installroot", Some(self.installroot.clone()).filter(|root| root != "/"));
        argv.extend(verb.iter().map(ToString::to_string));
        argv.extend(names.iter().cloned());
        plain(Command::new(argv))
    }

    /// The command that refreshes what is known of the repositories.
    pub(super) fn refresh(&self, program: &Program) -> Command {
        let verb: &[&str] =
            if program.old { &["makecache", "fast"] } else { &["makecache", "--refresh"] };
        self.run(program, verb, &[])
    }
}

/// The same with messages that can be read here.
pub(super) fn plain(command: Command) -> Command {
    command.env("LC_ALL", "C").env("LANGUAGE", "C")
}
