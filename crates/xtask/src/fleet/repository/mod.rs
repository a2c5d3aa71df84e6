//! The package repository of the CentOS-like root, made on this machine with rpmbuild and createrepo_c.

mod base;
mod hello;
mod payload;
mod products;
mod rpm;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::fleet::repository::payload::Payload;
use crate::fleet::repository::products::PRODUCTS;
use crate::fleet::repository::rpm::Builder;
use crate::process::{self, Run};

/// The files of this part, as the recipe of what it makes.
pub const RECIPE: [&str; 6] = [
    include_str!("mod.rs"),
    include_str!("base.rs"),
    include_str!("hello.rs"),
    include_str!("payload.rs"),
    include_str!("products.rs"),
    include_str!("rpm.rs"),
];

/// Where the repository lies inside of the root.
const INSIDE: &str = "srv/repository";

/// Makes the repository inside of `root`, which still has apt and dpkg. `work` is for what is only needed on the way.
pub fn build(root: &Path, work: &Path) -> Result<()> {
    let inside = root.join(INSIDE);
    for dir in [inside.join("base"), inside.join("packages")] {
        fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    }
    let base = Builder::new(&work.join("base"), &inside.join("base"))?;
    base.build("base", &base::spec(root)?)?;
    let packages = Builder::new(&work.join("packages"), &inside.join("packages"))?;
    for version in hello::VERSIONS {
        packages.build(&format!("hello-converge-{version}"), &hello::spec(version))?;
    }
    for product in PRODUCTS {
        let payload = Payload::fetch(root, &work.join(product.name), product)
            .with_context(|| format!("cannot repackage `{}`", product.name))?;
        packages.build(product.name, &product.spec(&payload))?;
    }
    Run::new("createrepo_c").args(["--quiet", "--general-compress-type=gz"]).arg(&inside).run()?;
    // Readable for any user of the host, whatever umask made it.
    process::chroot(root, &format!("chmod -R u=rwX,go=rX /{INSIDE}")).map(drop)
}
