//! Filters that read the controller's disk: `fileglob`, `unvault`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::filters::paths::with_home;
use crate::template::glob;
use crate::template::registry::FilterFn;
use crate::value::{FaultKind, Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] =
    &[("fileglob", FilterFn::new(fileglob)), ("unvault", FilterFn::new(unvault))];

/// `'/etc/*.conf' | fileglob`: the files that a pattern names.
fn fileglob(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let pattern = given.text("pathname")?;
    given.finish()?;
    let found = glob::glob(std::path::Path::new(&with_home(machine, &pattern)));
    Ok(found
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| Value::from(path.display().to_string()))
        .collect())
}

/// `text | unvault(secret)`: with the passwords of the run; a password of its own is not taken.
fn unvault(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("vault")?;
    given.optional("secret")?;
    given.optional("vault_id")?;
    given.finish()?;
    if !text.starts_with("$ANSIBLE_VAULT;") {
        return Ok(text.into());
    }
    match machine.context.lookups.decrypt(&text) {
        Ok(text) => Ok(text.into()),
        Err(why) => {
            Err(Stop::fault(FaultKind::Access, format!("the vault cannot be decrypted: {why}")))
        }
    }
}
