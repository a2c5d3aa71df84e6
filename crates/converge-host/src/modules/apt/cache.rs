//! The package lists, and how old they are.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::change::{CacheChange, Change, Changes};
use crate::host::{Host, Look, Manager};
use crate::modules::apt::{Apt, State, Upgrade};
use crate::stop::{Result, Stop};

/// Where the lists are kept.
const LISTS: &str = "/var/lib/apt/lists";

/// apt-get touches it at every refresh, even where no list became another.
const PARTIAL: &str = "/var/lib/apt/lists/partial";

/// Some distributions touch it after every refresh that succeeded.
const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";

/// Asks for a refresh where one is wanted and the lists are too old. Says whether it is asked for.
pub(super) fn refresh(apt: &Apt, host: &dyn Host, changes: &mut Changes) -> Result<bool> {
    let wanted = apt.update_cache.unwrap_or(false) || apt.cache_valid_time > 0;
    let due = wanted && is_due(apt, host)?;
    let names = !apt.name.as_deref().unwrap_or_default().is_empty();
    let upgrades = apt.upgrade.is_some_and(|upgrade| upgrade != Upgrade::No);
    if !upgrades && apt.deb.is_none() && !(names && apt.state == State::Absent) {
        changes.set("cache_updated", false);
        changes.set("cache_update_time", update_time(host)?);
    }
    if due {
        let counts = !names && !upgrades && apt.deb.is_none();
        changes.push(Change::Cache(CacheChange { counts, ..change(apt) }));
    }
    Ok(due)
}

/// Asks for a refresh because there are no lists at all.
pub(super) fn push(apt: &Apt, changes: &mut Changes) {
    changes.push(Change::Cache(change(apt)));
}

fn change(apt: &Apt) -> CacheChange {
    CacheChange {
        manager: Manager::Apt,
        command: apt.apt_get(&["update"]),
        counts: false,
        lock_timeout: apt.lock_timeout.max(0).unsigned_abs(),
        retries: apt.update_cache_retries.max(0).unsigned_abs(),
        retry_delay: apt.update_cache_retry_max_delay.max(0).unsigned_abs(),
    }
}

/// When the lists became others last, in seconds since 1970, as Ansible tells it.
pub(super) fn update_time(host: &dyn Host) -> Result<i64> {
    let stamp = changed(host, STAMP)?;
    Ok(seconds(if stamp.is_some() { stamp } else { changed(host, LISTS)? }))
}

fn is_due(apt: &Apt, host: &dyn Host) -> Result<bool> {
    if host.just_refreshed(Manager::Apt) {
        return Ok(false);
    }
    if apt.cache_valid_time <= 0 || !any_lists(host)? {
        return Ok(true);
    }
    let mut newest = None;
    for path in [STAMP, LISTS, PARTIAL] {
        newest = newest.max(changed(host, path)?);
    }
    Ok(seconds(Some(SystemTime::now())) - seconds(newest) > apt.cache_valid_time)
}

/// Whether there are lists: an image of a distribution may come without, however new the folder is.
pub(super) fn any_lists(host: &dyn Host) -> Result<bool> {
    // A planned refresh brings lists whose names nobody knows yet.
    if host.offers(Manager::Apt).is_some() {
        return Ok(true);
    }
    if !host.exists(Path::new(LISTS))? {
        return Ok(false);
    }
    let list = |name: &String| {
        name.contains("_Packages") || name.ends_with("Release") || name.contains("_dists_")
    };
    match host.list(Path::new(LISTS)) {
        Ok(names) => Ok(names.iter().any(list)),
        // A planned package may bring anything, but was found in lists itself.
        Err(Stop::Unknown(_)) => Ok(true),
        Err(stop) => Err(stop),
    }
}

fn changed(host: &dyn Host, path: &str) -> Result<Option<SystemTime>> {
    Ok(match host.look(Path::new(path))? {
        Look::Is(node) => Some(node.modified),
        Look::Absent | Look::Unknown(_) => None,
    })
}

fn seconds(time: Option<SystemTime>) -> i64 {
    let since = time.unwrap_or(UNIX_EPOCH).duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().cast_signed()
}
