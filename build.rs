//! Builds the helpers that travel to hosts and packs them for embedding (see `src/transport/helpers.rs`).
//!
//! A nested cargo builds them with a profile and a target folder of their own. `CONVERGE_HELPER_DIR` names a folder of finished
//! ones instead, called `converge-helper-x86_64` and `converge-helper-aarch64`; those that are missing there are left out.
//! A debug build carries only the helper for its own kind of machine, which halves the time that a change costs.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// The profile of helpers that are shipped.
const SHIPPED: &str = "helper";

/// How helpers are built that are shipped: the linker knows every target, no tables for unwinding are kept as a panic ends the
/// helper, and relocations are packed, which musl understands. `cargo xtask size` measures what is built so.
const FLAGS: &str = "-Clinker=rust-lld -Cforce-unwind-tables=no -Clink-arg=--pack-dyn-relocs=relr";

/// What the helper is made of.
const SOURCES: [&str; 6] = [
    "crates/converge-host/src",
    "crates/converge-host/Cargo.toml",
    "crates/converge-macros/src",
    "crates/converge-macros/Cargo.toml",
    "Cargo.toml",
    "Cargo.lock",
];

/// Settings of the outer build that must not reach the inner one: flags and wrappers meant for this machine, and what cargo
/// tells about the package being built.
const FOREIGN: [&str; 18] = [
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC",
    "RUSTC_",
    "RUSTDOC",
    "CARGO_ENCODED_",
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "CARGO_PROFILE_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_BIN_",
    "CLIPPY_",
    "__CARGO_",
    "DEP_",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() {
    if let Err(error) = embed() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn embed() -> Result<()> {
    println!("cargo::rerun-if-env-changed=CONVERGE_HELPER_DIR");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let helpers: Vec<(&str, PathBuf)> =
        match env::var_os("CONVERGE_HELPER_DIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => finished(&root.join(folder))?,
            None => {
                for source in SOURCES {
                    println!("cargo::rerun-if-changed={source}");
                }
                let target = out.ancestors().nth(4).unwrap_or(&out).join("helper");
                architectures()
                    .map(|arch| Ok((arch, build(&root, &target, arch)?)))
                    .collect::<Result<_>>()?
            }
        };
    let mut table = String::from("[\n");
    for (arch, file) in helpers {
        let bytes = fs::read(&file).map_err(|error| format!("`{}`: {error}", file.display()))?;
        let packed = out.join(format!("converge-helper-{arch}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::best());
        encoder.write_all(&bytes)?;
        encoder.finish()?;
        writeln!(
            table,
            "    Helper {{ arch: {arch:?}, digest: Digest({:?}), size: {}, packed: include_bytes!({packed:?}) }},",
            Sha256::digest(&bytes).to_vec(),
            bytes.len(),
        )?;
    }
    table.push_str("]\n");
    fs::write(out.join("helpers.rs"), table)?;
    Ok(())
}

/// The architectures whose helpers this build carries.
fn architectures() -> impl Iterator<Item = &'static str> {
    let own = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let all = profile() == SHIPPED || !ARCHITECTURES.contains(&own.as_str());
    ARCHITECTURES.into_iter().filter(move |arch| all || *arch == own)
}

/// The helpers in a folder.
fn finished(folder: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for arch in ARCHITECTURES {
        let file = folder.join(format!("converge-helper-{arch}"));
        if file.exists() {
            println!("cargo::rerun-if-changed={}", file.display());
            found.push((arch, file));
        }
    }
    match found.is_empty() {
        true => Err(format!(
            "CONVERGE_HELPER_DIR: there is no `converge-helper-x86_64` in `{}`",
            folder.display()
        )
        .into()),
        false => Ok(found),
    }
}

/// Builds the helper for one architecture.
fn build(root: &Path, target_dir: &Path, arch: &str) -> Result<PathBuf> {
    let musl = format!("{arch}-unknown-linux-musl");
    let gnu = format!("{arch}-unknown-linux-gnu");
    let (target, flags) = if is_installed(&musl)? {
        (musl, if profile() == SHIPPED { FLAGS } else { "-Clinker=rust-lld" })
    } else if arch == "x86_64" && is_installed(&gnu)? {
        // As good, but larger; glibc's name service is not used by the helper.
        (gnu, "-Ctarget-feature=+crt-static -Crelocation-model=static")
    } else {
        return Err(format!(
            "the helper for {arch} cannot be built: run `rustup target add {musl}`, or name a folder of finished helpers by \
             CONVERGE_HELPER_DIR"
        )
        .into());
    };
    let mut cargo = clean(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())));
    cargo
        .args(["build", "--quiet", "--locked", "--profile", profile()])
        .args(["--package", "converge-host", "--bin", "converge-helper"])
        .args(["--target", &target, "--target-dir"])
        .arg(target_dir)
        .current_dir(root)
        .env("RUSTFLAGS", flags);
    let output = cargo.output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(
            format!("building the helper for {arch} fails ({}):\n{words}", output.status).into()
        );
    }
    Ok(target_dir.join(target).join(profile()).join("converge-helper"))
}

/// Whether the standard library of a target is there.
fn is_installed(target: &str) -> Result<bool> {
    let rustc: OsString = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = clean(Command::new(rustc))
        .args(["--print", "target-libdir", "--target", target])
        .output()?;
    Ok(output.status.success()
        && Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
}

/// Small for what is shipped, quickly built for what is being worked on.
fn profile() -> &'static str {
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        SHIPPED
    } else {
        "helper-dev"
    }
}

fn clean(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_foreign = FOREIGN.iter().any(|one| match one.strip_suffix('_') {
            Some(_) => text.starts_with(one),
            None => text == *one,
        });
        if is_foreign {
            command.env_remove(&name);
        }
    }
    command
}
