//! What a call may touch that can't be planned, by what its arguments say.

use std::path::Path;

use crate::args::{Kind, Spec};
use crate::data::Data;
use crate::expand::expand;
use crate::host::expected::{Expected, Pending, Reach};
use crate::host::overlay::Overlay;
use crate::host::{Host, Look, NodeKind, Scope};
use crate::modules::find;
use crate::modules::full_unit_name;
use crate::stop::Why;
use crate::wire::Call;

/// Modules that only look.
const LOOKS: &[&str] = &[
    "assert",
    "debug",
    "find",
    "getent",
    "package_facts",
    "ping",
    "service_facts",
    "setup",
    "slurp",
    "stat",
    "uri",
    "wait_for",
    "wait_for_connection",
];

/// Modules that work on a unit, and those that work on an account or a group.
const UNITS: &[&str] = &["service", "systemd", "systemd_service"];
const ACCOUNTS: &[&str] = &["group", "user"];

/// Modules that bring packages.
const PACKAGES: &[&str] = &["apt", "dnf", "package", "pip", "yum"];

/// Modules that put a file into a folder that they are given.
const PUT: &[&str] = &["copy", "get_url", "template"];

/// Arguments that name what a module makes or changes. A source is read only.
const TARGETS: &[&str] = &["dest", "path"];

/// Notes what a call may touch, as far as its arguments tell. Some of them may be missing.
pub(crate) fn of_arguments(host: &dyn Host, expected: &mut Expected, call: &Call, why: &Why) {
    let Some(spec) = find(&call.module).map(|entry| entry.spec) else {
        return expected.anything_pending(why.clone());
    };
    if LOOKS.contains(&spec.name) {
        return;
    }
    let args = expand(spec, call.args.clone(), host).unwrap_or_else(|_| call.args.clone());
    let named = |wanted: &str| {
        let own = |name: &str| spec.find(name).is_some_and(|arg| arg.name == wanted);
        args.iter().find(|(name, _)| own(name)).map(|(_, data)| texts(data)).unwrap_or_default()
    };
    let names = named("name");
    if UNITS.contains(&spec.name) && !names.is_empty() {
        for name in names {
            expected.doubt_unit(Scope::System, full_unit_name(&name), why.clone());
        }
        return;
    }
    if ACCOUNTS.contains(&spec.name) && !names.is_empty() {
        names.into_iter().for_each(|name| expected.doubt_account(name, why.clone()));
        return;
    }
    if PACKAGES.contains(&spec.name) {
        let whys = names.iter().map(|name| Why(format!("package {name}")));
        let whys: Vec<Why> = if names.is_empty() { vec![why.clone()] } else { whys.collect() };
        expected.pending.extend(whys.into_iter().map(|why| Pending { why, reach: Reach::Package }));
        return;
    }
    let paths: Vec<String> =
        TARGETS.iter().filter(|name| is_path(spec, name)).flat_map(|name| named(name)).collect();
    if paths.is_empty() {
        return expected.anything_pending(why.clone());
    }
    let source = ["src", "url", "_original_basename"].iter().flat_map(|name| named(name)).next();
    for path in paths {
        if spec.name == "unarchive" {
            // The folder itself stays.
            let reach = Reach::Below(Path::new(&path).to_path_buf());
            expected.pending.push(Pending { why: why.clone(), reach });
            continue;
        }
        let path = into(host, expected, spec, &path, source.as_deref());
        let place = Overlay { base: host, expected }.place(Path::new(&path));
        expected.doubt(place.unwrap_or_else(|_| path.into()), why.clone(), false);
    }
}

/// The path that a module makes: of what is put into a folder only that, and not the folder.
fn into(
    host: &dyn Host,
    expected: &Expected,
    spec: &Spec,
    path: &str,
    source: Option<&str>,
) -> String {
    let overlay = Overlay { base: host, expected };
    let folder = path.ends_with('/')
        || matches!(overlay.resolve(Path::new(path)), Ok((_, Look::Is(node))) if node.kind == NodeKind::Dir);
    if !folder || !PUT.contains(&spec.name) {
        return path.to_owned();
    }
    let name = source.and_then(|source| source.trim_end_matches('/').rsplit('/').next());
    format!("{}/{}", path.trim_end_matches('/'), name.unwrap_or("*"))
}

fn is_path(spec: &Spec, name: &str) -> bool {
    spec.find(name).is_some_and(|arg| matches!(arg.kind, Kind::Path | Kind::List(Kind::Path)))
}

fn texts(data: &Data) -> Vec<String> {
    match data {
        Data::Str(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        Data::List(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
