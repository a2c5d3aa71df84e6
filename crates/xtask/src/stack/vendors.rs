//! What vendors have in repositories of their own, for roles that install from there: served by the world outside.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fleet::host::Host;
use crate::fleet::place::Place;
use crate::say;
use crate::stack::node;
use crate::stack::world::{copy, ssh};

/// What makes the packages, on a Debian host.
const MAKE: &str = include_str!("vendors.sh");

/// What unpacks them where the rest is served from.
const UNPACK: &str = "mkdir -p /srv/supplies/vendors\n\
                      tar --extract --file=/srv/vendors.tar --directory=/srv/supplies/vendors\n";

/// Has the host serve them. Gives the variables of the roles that say where they are.
pub(super) fn serve(chore: &str, place: &Place, host: &Host, url: &str) -> Result<Value> {
    let digest = Sha256::new_with_prefix(MAKE).chain_update(node::VERSION).finalize();
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let path = place.dir().join(format!("vendors-{digest}.tar"));
    if path.exists() {
        copy(&[&path], &format!("{}:/srv/vendors.tar", host.name), host)?;
    } else {
        say::progress(chore, "making what vendors have (kept for the next time)");
        ssh(host, "bash -eu -s").input(MAKE).run()?;
        let made = tempfile::Builder::new().prefix("vendors-").tempdir_in(place.dir())?;
        let made = made.path().join("tar");
        let from = format!("{}:/srv/vendors.tar", host.name);
        copy(&[Path::new(&from)], &made.to_string_lossy(), host)?;
        fs::rename(&made, &path)?;
    }
    ssh(host, "bash -eu -s").input(UNPACK).run()?;
    let url = format!("{url}/vendors");
    let (apt, key) = (format!("{url}/apt"), format!("{url}/vendor.asc"));
    Ok(json!({
        "nginx_source": "nginx.org",
        "nginx_org_apt": format!("{apt}/"),
        "nginx_org_yum": format!("{url}/nginx/$releasever/$basearch/"),
        "nginx_org_key": key,
        "postgresql_source": "pgdg",
        "postgresql_version": "15",
        "postgresql_pgdg_apt": apt,
        "postgresql_pgdg_apt_key": key,
        "postgresql_pgdg_yum": format!("{url}/pgdg"),
        "postgresql_pgdg_yum_key": key,
        "nodejs_source": "nodesource",
        "nodejs_version": node::VERSION.split('.').next(),
        "nodejs_nodesource_apt": apt,
        "nodejs_nodesource_apt_key": key,
        "nodejs_nodesource_yum": format!("{url}/nodesource/$basearch"),
        "nodejs_nodesource_yum_key": key,
        "grafana_apt": apt,
        "grafana_apt_key": key,
        "grafana_yum": format!("{url}/grafana"),
        "grafana_yum_key": key,
    }))
}
