//! The package repository of the CentOS-like root, made on this machine with rpmbuild and createrepo_c.

mod base;
mod extra;
mod hello;
mod named;
mod payload;
mod products;
mod rpm;
mod sign;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::fleet::repository::payload::Payload;
use crate::fleet::repository::products::{PRODUCTS, Product};
use crate::fleet::repository::rpm::Builder;
use crate::process::{self, Run};

/// The files of this part, as the recipe of what it makes.
pub const RECIPE: [&str; 9] = [
    include_str!("mod.rs"),
    include_str!("base.rs"),
    include_str!("extra.rs"),
    include_str!("hello.rs"),
    include_str!("named.rs"),
    include_str!("payload.rs"),
    include_str!("products.rs"),
    include_str!("rpm.rs"),
    include_str!("sign.rs"),
];

/// Where the repository lies inside of the root.
const INSIDE: &str = "srv/repository";

/// Where that one lies which stands for EPEL: nobody told dnf of it, and its packages are signed.
const EXTRA: &str = "srv/epel";

/// Makes the repositories inside of `root`, which still has apt and dpkg. `work` is for what is only needed on the way.
pub fn build(root: &Path, work: &Path) -> Result<()> {
    let inside = root.join(INSIDE);
    let extra = root.join(EXTRA);
    for dir in [inside.join("base"), inside.join("packages"), extra.clone()] {
        fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    }
    let base = Builder::new(&work.join("base"), &inside.join("base"))?;
    base.build("base", &base::spec(root)?)?;
    let packages = Builder::new(&work.join("packages"), &inside.join("packages"))?;
    for version in hello::VERSIONS {
        packages.build(&format!("hello-converge-{version}"), &hello::spec(version))?;
    }
    for (name, spec) in extra::SPECS {
        packages.build(name, spec)?;
    }
    packages.build("named", &named::spec("build-tools", &named::BUILD))?;
    repackage(root, work, &packages, PRODUCTS)?;
    let epel = Builder::new(&work.join("epel"), &extra)?;
    repackage(root, work, &epel, extra::EPEL)?;
    epel.build("named", &named::spec("more-tools", &named::EPEL))?;
    sign::all(&extra)?;
    for repository in [&inside, &extra] {
        let gzip = ["--quiet", "--general-compress-type=gz"];
        Run::new("createrepo_c").args(gzip).arg(repository).run()?;
    }
    // Readable for any user of the host, whatever umask made it.
    process::chroot(root, &format!("chmod -R u=rwX,go=rX /{INSIDE} /{EXTRA}")).map(drop)
}

fn repackage(root: &Path, work: &Path, builder: &Builder, products: &[Product]) -> Result<()> {
    for product in products {
        let payload = Payload::fetch(root, &work.join(product.name), product)
            .with_context(|| format!("cannot repackage `{}`", product.name))?;
        builder.build(product.name, &product.spec(&payload))?;
    }
    Ok(())
}
