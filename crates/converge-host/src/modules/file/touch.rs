//! `state: touch`.

use std::time::SystemTime;

use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind};
use crate::host::{Host, Look};
use crate::modules::file::File;
use crate::modules::file::times::parse;
use crate::modules::files::Subject;
use crate::stop::{Result, Stop};

impl File {
    pub(super) fn touch(
        &self,
        now: Subject<'_>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let now = self.followed(now, host)?;
        let access = time(self.access_time.as_deref(), &self.access_time_format, host)?;
        let modification =
            time(self.modification_time.as_deref(), &self.modification_time_format, host)?;
        let moment = SystemTime::now();
        let (before, mut after) = match &now.look {
            Look::Unknown(why) => return Err(Stop::Unknown(why.clone())),
            Look::Absent => {
                now.need_folder()?;
                let mut after = now.fresh(FileKind::File(Blob::new(&b""[..])))?;
                if let (Wish::At(_), _) | (_, Wish::At(_)) = (&access, &modification) {
                    after.times =
                        Some((access.or(moment, moment), modification.or(moment, moment)));
                }
                (Before::Absent, after)
            }
            Look::Is(node) => {
                let before = now.before();
                let Before::Is(state) = &before else { return Ok(()) };
                let mut after = state.clone();
                let old = (node.accessed, node.modified);
                let new = (access.or(moment, old.0), modification.or(moment, old.1));
                after.times = (new != old).then_some(new);
                (before, after)
            }
        };
        self.attributes.onto(&now.path, &mut after, host)?;
        if before != Before::Is(after.clone()) {
            changes.push(Change::File(FileChange::new(&now.path, before, Some(after))));
        }
        Ok(())
    }
}

enum Wish {
    Now,
    Preserve,
    At(SystemTime),
}

impl Wish {
    fn or(&self, now: SystemTime, old: SystemTime) -> SystemTime {
        match self {
            Self::Now => now,
            Self::Preserve => old,
            Self::At(time) => *time,
        }
    }
}

fn time(text: Option<&str>, format: &str, host: &dyn Host) -> Result<Wish> {
    match text {
        None | Some("" | "now") => Ok(Wish::Now),
        Some("preserve") => Ok(Wish::Preserve),
        Some(text) => match parse(text, format, host.clock()) {
            Ok(time) => Ok(Wish::At(time)),
            Err(why) => {
                Err(Stop::failed(format!("`{text}` is no time written as `{format}`: {why}")))
            }
        },
    }
}
