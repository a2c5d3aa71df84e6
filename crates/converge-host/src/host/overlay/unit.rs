//! Units as they will be.

use std::path::Path;

use crate::host::expected::UnitExpect;
use crate::host::overlay::Overlay;
use crate::host::{Existence, Host, Look, Scope, Unit};
use crate::stop::Result;

/// Where units are looked for (systemd.unit(5)), the first that has one decides.
const SYSTEM: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// A unit with what is planned of it and of its file.
pub(super) fn planned(overlay: &Overlay<'_>, mut unit: Unit, scope: Scope) -> Result<Unit> {
    if scope == Scope::System {
        of_file(overlay, &mut unit)?;
    }
    let key = (scope, unit.name.clone());
    let Some(UnitExpect { exists, active, enabled, masked, doubt }) =
        overlay.expected.units.get(&key)
    else {
        return Ok(unit);
    };
    if let Some(why) = doubt {
        unit.exists = Existence::Unknown(why.clone());
        return Ok(unit);
    }
    if *exists {
        unit.exists = Existence::Yes;
    }
    if let Some(active) = active {
        unit.active = *active;
        let state = if *active { "active" } else { "inactive" };
        unit.properties.insert("ActiveState".into(), state.into());
    }
    match (masked, enabled) {
        (Some(true), _) => unit.file_state = "masked".into(),
        (_, Some(true)) => unit.file_state = "enabled".into(),
        (_, Some(false)) => unit.file_state = "disabled".into(),
        (Some(false), None) if unit.masked() => unit.file_state = "disabled".into(),
        _ => {}
    }
    unit.properties.insert("UnitFileState".into(), unit.file_state.as_str().into());
    Ok(unit)
}

/// What a planned unit file, or the planned file of its template, makes of a unit.
fn of_file(overlay: &Overlay<'_>, unit: &mut Unit) -> Result<()> {
    let template = unit
        .name
        .split_once('@')
        .and_then(|(stem, rest)| Some(format!("{stem}@.{}", rest.rsplit_once('.')?.1)));
    let names = [Some(unit.name.clone()), template];
    for (name, folder) in names.iter().flatten().flat_map(|n| SYSTEM.iter().map(move |f| (n, f))) {
        let path = Path::new(folder).join(name);
        if !overlay.expected.files.contains_key(&overlay.place(&path)?) {
            continue;
        }
        if let Look::Is(_) = overlay.look(&path)? {
            if unit.exists == Existence::No {
                unit.file_state = of_install(overlay, &path)?.into();
            }
            unit.exists = Existence::Yes;
            unit.needs_reload = true;
            return Ok(());
        }
        if Path::new(unit.property("FragmentPath")) == path {
            unit.exists = Existence::No;
        }
    }
    Ok(())
}

/// Without an `[Install]` section nothing can be enabled.
fn of_install(overlay: &Overlay<'_>, path: &Path) -> Result<&'static str> {
    let blob = overlay.content(path)?;
    let installs = |text: &str| text.lines().any(|line| line.trim() == "[Install]");
    Ok(if blob.text().is_none_or(installs) { "disabled" } else { "static" })
}
