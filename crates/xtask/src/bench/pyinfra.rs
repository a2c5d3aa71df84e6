//! A job as a deploy of pyinfra, which does the same work.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::bench::job::{Kind, PEERS, Task};

/// Writes `deploy.py` into the folder `dir`, beside what [`crate::bench::ansible::write`] puts there.
pub(crate) fn write(dir: &Path, tasks: &[Task]) -> Result<()> {
    let mut text = String::from(
        "from pyinfra import host\nfrom pyinfra.facts.files import File\n\
         from pyinfra.operations import apt, files, server, systemd\n\n",
    );
    text.push_str(&format!("PEERS = [{}]\n\n", PEERS.map(|peer| format!("\"{peer}\"")).join(", ")));
    for task in tasks {
        text.push_str(&operation(*task));
        text.push('\n');
    }
    fs::write(dir.join("deploy.py"), text)?;
    Ok(())
}

fn operation(task: Task) -> String {
    let (name, path, number) = (task.name(), task.path(), task.number);
    let subject = task.subject();
    match task.kind {
        Kind::Directory => {
            format!("files.directory(name=\"{name}\", path=\"{path}\", mode=\"755\")")
        }
        Kind::Copy => format!(
            "files.put(name=\"{name}\", src=\"files/{}\", dest=\"{path}\", mode=\"644\")",
            task.source()
        ),
        // Ansible's rules for line ends, so that the same text comes of it.
        Kind::Template => format!(
            "files.template(name=\"{name}\", src=\"templates/service.conf.j2\", dest=\"{path}\", mode=\"644\", \
             jinja_env_kwargs={{\"trim_blocks\": True}}, number={number}, peers=PEERS)"
        ),
        Kind::Line => {
            format!("files.line(name=\"{name}\", path=\"{path}\", line=\"{}\")", task.line())
        }
        Kind::Command => format!("server.shell(name=\"{name}\", commands=[\"test -d {path}\"])"),
        Kind::Link => {
            format!("files.link(name=\"{name}\", path=\"{path}\", target=\"{}\")", task.folder())
        }
        Kind::User => format!(
            "server.user(name=\"{name}\", user=\"{subject}\", shell=\"/bin/bash\", home=\"/home/{subject}\")"
        ),
        Kind::Service => format!(
            "systemd.service(name=\"{name}\", service=\"{subject}.service\", running=True, enabled=True)"
        ),
        Kind::Package => format!("apt.packages(name=\"{name}\", packages=[\"{subject}\"])"),
        Kind::Stat => format!("host.get_fact(File, path=\"{path}\")"),
    }
}
