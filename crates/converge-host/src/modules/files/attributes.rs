//! Owner, group, mode and SELinux context as arguments.

use std::path::Path;

use crate::args::{Args, Mode};
use crate::change::{FileKind, FileState};
use crate::host::flags::wanted;
use crate::host::{Host, Look, Principal};
use crate::modules::files::mode::{bits, is_octal};
use crate::stop::{Result, Stop};

/// The arguments that every module about files takes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Attributes {
    /// Permission bits: octal digits in quotes, or symbolic as in `u=rwX,g-w`.
    pub(crate) mode: Option<Mode>,
    /// The owner, by name or number.
    pub(crate) owner: Option<String>,
    /// The group, by name or number.
    pub(crate) group: Option<String>,
    /// The user part of the SELinux context; `_default` leaves it to the policy.
    pub(crate) seuser: Option<String>,
    /// The role part of the SELinux context.
    pub(crate) serole: Option<String>,
    /// The type part of the SELinux context.
    pub(crate) setype: Option<String>,
    /// The level part of the SELinux context.
    pub(crate) selevel: Option<String>,
    /// Flags of chattr(1): `+i`, `-a`, `=A`.
    #[arg(alias = "attr")]
    pub(crate) attributes: Option<String>,
    /// Write into the file where it can't be replaced, as below a bind mount. Whoever reads it meanwhile sees half of it.
    #[arg(default = "no")]
    pub(crate) unsafe_writes: bool,
}

impl Attributes {
    /// The same without the permission bits.
    pub(crate) fn without_mode(&self) -> Self {
        Self { mode: None, ..self.clone() }
    }

    /// The same with these permission bits.
    pub(crate) fn with_mode(&self, mode: Option<Mode>) -> Self {
        Self { mode, ..self.clone() }
    }

    /// Says in a state what these arguments ask for. What they don't ask for stays.
    pub(crate) fn onto(&self, path: &Path, state: &mut FileState, host: &dyn Host) -> Result<()> {
        let is_dir = state.kind == FileKind::Dir;
        if let Some(mode) = self.mode.as_ref().filter(|mode| !mode.0.is_empty())
            && !matches!(state.kind, FileKind::Link(_))
        {
            let default = if is_dir { 0o777 } else { 0o666 } & !host.umask();
            // Symbols change what is there; where that can't be told, they are not told either.
            if state.mode.is_some() || is_octal(mode) {
                state.mode = Some(bits(mode, state.mode.unwrap_or(default), is_dir, host.umask())?);
            } else {
                bits(mode, default, is_dir, host.umask())?;
            }
        }
        if let Some(name) = self.owner.as_ref().filter(|name| !name.is_empty()) {
            state.owner = Some(owner(name, host)?);
        }
        if let Some(name) = self.group.as_ref().filter(|name| !name.is_empty()) {
            state.group = Some(group(name, host)?);
        }
        state.selinux = self.context(state.selinux.take(), host)?;
        if let Some(written) = self.attributes.as_ref().filter(|written| !written.is_empty())
            && !matches!(state.kind, FileKind::Link(_))
        {
            let now = host.flags(path)?;
            let wanted = wanted(written, now.unwrap_or(0)).ok_or_else(|| {
                Stop::failed(format!("`{written}` are no attributes such as `+i` or `-a`"))
            })?;
            // What is as it is wanted is no change, but on something new the flags have to be set.
            state.flags = Some(wanted).filter(|wanted| now != Some(*wanted));
        }
        Ok(())
    }

    /// A host without SELinux has no contexts, and then there are none to change. What is new has none yet: the parts that
    /// nobody asks for stay empty.
    fn context(&self, now: Option<String>, host: &dyn Host) -> Result<Option<String>> {
        let wanted = [&self.seuser, &self.serole, &self.setype, &self.selevel]
            .map(|part| part.as_deref().filter(|part| !["", "_default"].contains(part)));
        if wanted.iter().all(Option::is_none) {
            return Ok(now);
        }
        let now = match now {
            Some(now) => now,
            None if has_contexts(host)? => ":::".to_owned(),
            None => return Ok(None),
        };
        let mut parts = now.splitn(4, ':');
        let joined: Vec<&str> = wanted
            .into_iter()
            .filter_map(|wanted| {
                let old = parts.next();
                wanted.or(old)
            })
            .collect();
        Ok(Some(joined.join(":")))
    }
}

/// Whether things on the host have SELinux contexts: then the root directory has one.
fn has_contexts(host: &dyn Host) -> Result<bool> {
    Ok(matches!(host.look(Path::new("/"))?, Look::Is(root) if root.selinux.is_some()))
}

/// The owner of a name, or of a number in digits. An account that something planned may bring is taken by its name.
fn owner(name: &str, host: &dyn Host) -> Result<Principal> {
    if let Ok(id) = name.parse() {
        let known = host.user_by_id(id)?.map(|user| user.name);
        return Ok(Principal { name: known.unwrap_or_else(|| name.to_owned()), id: Some(id) });
    }
    match host.user(name) {
        Ok(Some(user)) => Ok(user.principal()),
        Ok(None) => {
            Err(Stop::failed(format!("there is no user `{name}`, who should be the owner")))
        }
        Err(Stop::Unknown(_)) => Ok(Principal { name: name.to_owned(), id: None }),
        Err(stop) => Err(stop),
    }
}

fn group(name: &str, host: &dyn Host) -> Result<Principal> {
    if let Ok(id) = name.parse() {
        let known = host.group_by_id(id)?.map(|group| group.name);
        return Ok(Principal { name: known.unwrap_or_else(|| name.to_owned()), id: Some(id) });
    }
    match host.group(name) {
        Ok(Some(group)) => Ok(group.principal()),
        Ok(None) => {
            Err(Stop::failed(format!("there is no group `{name}`, which should be the group")))
        }
        Err(Stop::Unknown(_)) => Ok(Principal { name: name.to_owned(), id: None }),
        Err(stop) => Err(stop),
    }
}
