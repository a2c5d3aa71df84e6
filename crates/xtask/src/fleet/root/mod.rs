//! The roots that hosts boot from: layers made once, kept by the digest of the recipe that made them.

mod centos;
mod debian;
mod python;
mod workshop;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::fleet::host::Kind;
use crate::fleet::machine::{Machine, RELEASE};
use crate::fleet::place::Place;
use crate::fleet::repository;
use crate::fleet::root::workshop::Workshop;
pub(crate) use crate::fleet::root::workshop::clear_leftovers;
use crate::packages;
use crate::say;

/// The layers of a host of this kind, the highest first. Those that are missing are built.
pub fn layers(place: &Place, kind: Kind, machine: &Machine) -> Result<Vec<PathBuf>> {
    let recipe = [RELEASE, std::env::consts::ARCH, debian::RECIPE, workshop::RECIPE];
    let base = cached(place, "debian", &recipe, "under a minute", |workshop| {
        packages::ensure("fleet", &["mmdebstrap"])?;
        debian::build(workshop, machine)
    })?;
    let above = match kind {
        Kind::Debian => return Ok(vec![base]),
        Kind::Python => cached(
            place,
            "python",
            &[base_name(&base), python::RECIPE],
            "under a minute",
            |workshop| workshop.layer(std::slice::from_ref(&base), machine, python::build),
        )?,
        Kind::Centos => {
            let recipe: Vec<&str> =
                [base_name(&base), centos::RECIPE].into_iter().chain(repository::RECIPE).collect();
            cached(place, "centos", &recipe, "about a minute", |workshop| {
                packages::ensure("fleet", &["rpm", "createrepo-c", "gnupg"])?;
                workshop.layer(std::slice::from_ref(&base), machine, |root| {
                    centos::build(root, &workshop.folder("repository")?)
                })
            })?
        }
    };
    Ok(vec![above, base])
}

/// The layer `name` that this recipe makes: the cached one, or else what `build` makes.
fn cached(
    place: &Place,
    name: &str,
    recipe: &[&str],
    time: &str,
    build: impl FnOnce(&Workshop) -> Result<PathBuf>,
) -> Result<PathBuf> {
    let dir = place.roots().join(format!("{name}-{}", digest(recipe)));
    if dir.exists() {
        return Ok(dir);
    }
    say::progress("fleet", &format!("building the {name} root ({time}, kept for the next time)"));
    let start = Instant::now();
    let workshop = Workshop::new(place)?;
    let built = build(&workshop).with_context(|| format!("cannot build the {name} root"))?;
    fs::rename(&built, &dir)
        .with_context(|| format!("cannot put the {name} root at `{}`", dir.display()))?;
    say::progress(
        "fleet",
        &format!("built the {name} root in {:.0} s", start.elapsed().as_secs_f64()),
    );
    Ok(dir)
}

fn base_name(base: &std::path::Path) -> &str {
    base.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A short name for a recipe: the first 16 hexadecimal digits of its SHA-256.
fn digest(recipe: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in recipe {
        // The length keeps `ab`, `c` apart from `a`, `bc`.
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use crate::fleet::root::digest;

    #[test]
    fn recipes_that_differ_have_other_digests() {
        assert_eq!(digest(&["a", "b"]), digest(&["a", "b"]));
        for other in [&["ab", ""][..], &["a"], &["a", "b", ""], &["b", "a"]] {
            assert_ne!(digest(&["a", "b"]), digest(other), "{other:?}");
        }
    }
}
