//! A project of the shipped playbooks for hosts of the fleet, and the world outside that it fetches from.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use xtask::fleet::host::Host;
use xtask::fleet::place::{Place, workspace};
use xtask::stack::world::World;

use crate::hosts::Lent;
use crate::project::{Project, Ran};
use crate::stack::LONG;

/// The data of `inventory/demo` for other hosts.
pub(super) struct Site<'a> {
    pub(super) project: Project,
    pub(super) world: World<'a>,
}

/// A web server that is asked for pages of `social.test`.
pub(super) struct Asked {
    root: PathBuf,
    /// Where every name leads to.
    to: String,
}

impl<'a> Site<'a> {
    /// Makes `outside` the world of these groups.
    pub(super) fn new(outside: &'a Host, groups: &str) -> Self {
        let world = World::start("test", &Place::find().unwrap(), outside).unwrap();
        let config = format!("[defaults]\nroles_path = {}\n", workspace().join("roles").display());
        let project = Project::new(&[outside], &[("ansible.cfg", &config)]);
        project.write("inventory/stack/hosts.yml", groups);
        copy(
            &workspace().join("inventory/demo/group_vars"),
            &project.folder().join("inventory/stack"),
        );
        let variables = serde_json::json!({"world": world.variables()});
        project.write("inventory/stack/group_vars/all/fleet.yml", variables.to_string());
        project.keep("password", "example-demo");
        Self { project, world }
    }

    /// An inventory `twin` with the same data for other hosts.
    pub(super) fn write_twin(&self, groups: &str) {
        self.project.write("inventory/twin/hosts.yml", groups);
        let inventory = self.project.folder().join("inventory");
        copy(&inventory.join("stack/group_vars"), &inventory.join("twin"));
    }

    /// Has an authority that gives certificates to this host, which is told who that is.
    pub(super) fn certifies(&self, web: &Lent) {
        let authority = self.world.authority(web.ipv6).unwrap();
        web.run(&format!("cat > /etc/ssl/authority.pem <<'END'\n{authority}END"));
    }

    /// Runs a playbook: its path, or the name of a shipped one.
    pub(super) fn run(&self, playbook: &str, options: &[&str]) -> Ran {
        self.run_within(playbook, options, LONG)
    }

    /// As [`run`](Self::run), which may take this long.
    pub(super) fn run_within(&self, playbook: &str, options: &[&str], patience: Duration) -> Ran {
        let shipped = workspace().join(format!("playbooks/{playbook}.yml"));
        let playbook = if playbook.contains('/') { playbook.into() } else { shipped };
        let (playbook, password) = (playbook.display().to_string(), self.password());
        let args = [playbook.as_str(), "-i", "stack", "--vault-id", &password];
        self.project.converge(&args).args(options).within(patience).run()
    }

    /// What opens the vaults of `inventory/demo`.
    pub(super) fn password(&self) -> String {
        format!("demo@{}", self.project.home().join("password").display())
    }

    /// Who asks this host, and trusts the authority alone.
    pub(super) fn asked(&self, web: &Host) -> Asked {
        let root = self.project.keep("root.pem", self.world.root().unwrap());
        Asked { root, to: format!("::[{}]:443", web.ipv6) }
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-r", "--"]).args([from, to]).status();
    assert!(copied.unwrap().success());
}

impl Asked {
    pub(super) fn get(&self, path: &str) -> String {
        self.curl(path, &[])
    }

    /// What is answered, or why nothing is.
    pub(super) fn curl(&self, path: &str, options: &[&str]) -> String {
        let output = self.command(path, options).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    }

    pub(super) fn command(&self, path: &str, options: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command.args(["-sS", "--fail", "--http1.1", "--max-time", "20", "--cacert"]);
        command.arg(&self.root).args(["--connect-to", &self.to]).args(options);
        command.arg(format!("https://social.test{path}"));
        command
    }

    /// Fetches the first page again and again, and gives what was no such page.
    pub(super) fn until(&self, over: &AtomicBool) -> Vec<String> {
        let mut failed = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let page = self.get("/");
            if !page.contains("social version ") {
                failed.push(page);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        failed
    }
}
