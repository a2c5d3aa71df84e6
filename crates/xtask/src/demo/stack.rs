//! `cargo xtask demo --stack`: the hosts of `inventory/demo`, from bare roots to one page over TLS through the load balancer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, json};

use crate::demo::{Stage, heading, page};
use crate::fleet::Fleet;
use crate::fleet::place::workspace;
use crate::say;
use crate::stack::world::World;

/// What is booted: the five hosts of `inventory/demo`, and one more.
pub(super) const BOOTING: &str =
    "Booting five bare hosts, and one that stands for the world outside";

/// How many of Debian, and how many that look like CentOS.
pub(super) const HOSTS: (usize, usize) = (5, 1);

/// The load balancer, the app server, and the world outside.
const LOAD_BALANCER: &str = "demo-debian1";
const APP: &str = "demo-centos1";
const WORLD: &str = "demo-debian5";

/// What opens the vaults of `inventory/demo`, which hold nothing that anybody else has.
const PASSWORD: &str = "example-demo";

/// Shows it.
pub(super) fn show(fleet: &Fleet) -> Result<()> {
    heading(
        "Making the world outside: a mirror, repositories of git, an authority for certificates",
    );
    let web = fleet.host(LOAD_BALANCER)?;
    let world = World::start("demo", fleet.place(), fleet.host(WORLD)?)?;
    let authority = world.authority(web.ipv6)?;
    web.ssh_ok(&format!("cat > /etc/ssl/authority.pem <<'END'\n{authority}END"))
        .context("the load balancer can't be told who the authority is")?;

    let folder = tempfile::Builder::new().prefix("demo-").tempdir_in(fleet.place().dir())?;
    let written = |name: &str, text: String| -> Result<String> {
        let path = folder.path().join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let path = path.strip_prefix(workspace()).unwrap_or(&path);
        Ok(path.to_string_lossy().into_owned())
    };
    let variables = json!({"world": world.variables()});
    let stage = Stage::new(&[
        "playbooks/chillout.yml",
        "-i",
        "inventory/demo",
        "-i",
        &written("hosts.yml", addresses(fleet))?,
        "-e",
        &format!("@{}", written("world.yml", variables.to_string())?),
        "--vault-id",
        &format!("demo@{}", written("password", PASSWORD.to_owned())?),
    ]);
    let root = folder.path().join("root.pem");
    fs::write(&root, world.root()?)?;
    stage.show(|| served(web.ipv6.to_string().as_str(), &root))
}

/// Where the hosts are, as a second inventory that adds to `inventory/demo`. It is JSON, which YAML reads alike.
fn addresses(fleet: &Fleet) -> String {
    let place = fleet.place();
    let of = |host: &crate::fleet::host::Host| {
        (host.name.clone(), json!({"ansible_host": host.ipv6.to_string()}))
    };
    let hosts: Map<_, _> = fleet.hosts().iter().filter(|host| host.name != WORLD).map(of).collect();
    let options = format!(
        "-o UserKnownHostsFile=\"{}\" -o StrictHostKeyChecking=yes",
        place.known_hosts().display()
    );
    let variables = json!({
        "ansible_ssh_private_key_file": place.ssh_key(),
        "ansible_ssh_common_args": options,
    });
    json!({"all": {"vars": variables, "hosts": hosts}}).to_string()
}

/// The page that all of them serve, at the load balancer's address and by its certificate.
fn served(web: &str, root: &Path) -> Result<()> {
    heading("What the load balancer serves");
    let (url, to) = ("https://social.test/", format!("::[{web}]:443"));
    let root = root.to_string_lossy();
    say::line(&format!("$ curl --connect-to {to} --cacert root.pem {url}"));
    let page = page(url, &["--cacert", &root, "--connect-to", &to], APP)?;
    say::line(page.trim_end());
    Ok(())
}
