//! The commands of apt-get, which ask nothing.

use crate::host::Command;
use crate::modules::apt::Apt;

impl Apt {
    /// apt-get with its general options and a verb.
    pub(super) fn apt_get(&self, verb: &[&str]) -> Command {
        let mut argv: Vec<String> = ["apt-get", "-y"].map(Into::into).to_vec();
        let mut option = |value: String| argv.extend(["-o".to_owned(), value]);
        for dpkg in self.dpkg_options.split(',').map(str::trim).filter(|dpkg| !dpkg.is_empty()) {
            option(format!("Dpkg::Options::=--{dpkg}"));
        }
        option(format!("DPkg::Lock::Timeout={}", self.lock_timeout));
        argv.extend(verb.iter().map(ToString::to_string));
        quiet(Command::new(argv))
    }

    /// apt-get to install what is named.
    pub(super) fn install(&self, verb: &[&str], names: &[String]) -> Command {
        let mut command = self.apt_get(&[]);
        let mut add = |wanted: bool, flag: &str| {
            if wanted {
                command.argv.push(flag.to_owned());
            }
        };
        add(self.autoremove, "--auto-remove");
        add(self.only_upgrade, "--only-upgrade");
        add(self.fail_on_autoremove, "--no-remove");
        add(self.allow_unauthenticated || self.force, "--allow-unauthenticated");
        add(self.allow_downgrade || self.force, "--allow-downgrades");
        add(self.allow_change_held_packages || self.force, "--allow-change-held-packages");
        add(self.force, "--allow-remove-essential");
        if let Some(release) = &self.default_release {
            command.argv.extend(["-t".into(), release.clone()]);
        }
        if let Some(recommends) = self.install_recommends {
            let recommends = if recommends { "yes" } else { "no" };
            command.argv.extend(["-o".into(), format!("APT::Install-Recommends={recommends}")]);
        }
        command.argv.extend(verb.iter().map(ToString::to_string));
        command.argv.push("--".into());
        command.argv.extend(names.iter().cloned());
        command
    }
}

/// What apt-get would do, without a lock and without writing.
pub(super) fn simulated(command: &Command) -> Command {
    let mut simulated = command.clone();
    simulated.argv.splice(1..1, ["-s", "-o", "Debug::NoLocking=1"].map(str::to_owned));
    simulated
}

/// The same in an environment in which nothing asks and messages can be read.
pub(super) fn quiet(command: Command) -> Command {
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBIAN_PRIORITY", "critical")
        .env("LC_ALL", "C.UTF-8")
        .env("LANGUAGE", "C")
}
