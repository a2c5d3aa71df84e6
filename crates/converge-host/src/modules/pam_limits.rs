//! `pam_limits`: what users may use of the host.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::Page;
use crate::stop::{Result, Stop};

/// Keeps a line of limits.conf(5).
#[derive(Args, Debug)]
#[module(name = "pam_limits", collection = "community.general", exclusive("use_max", "use_min"))]
pub(crate) struct PamLimits {
    /// Whose limit: a user, `@group`, `*`, …
    domain: String,
    /// Whether the limit can be raised by whom it is of.
    limit_type: Type,
    /// What is limited.
    limit_item: Item,
    /// The limit: a number, `unlimited` or `infinity`.
    value: String,
    /// Leave a greater number that is there.
    #[arg(default = "no")]
    use_max: bool,
    /// Leave a smaller number that is there.
    #[arg(default = "no")]
    use_min: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// The file.
    #[arg(default = "/etc/security/limits.conf", path)]
    dest: String,
    /// A comment behind the line.
    #[arg(default = "")]
    comment: String,
}

/// Whether a limit can be raised.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// It can't.
    Hard,
    /// It can, up to the hard one.
    Soft,
    /// Both.
    #[choice("-")]
    Both,
}

/// What can be limited.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// The size of core files.
    Core,
    /// The size of data.
    Data,
    /// The size of files.
    Fsize,
    /// Locked memory.
    Memlock,
    /// Open files.
    Nofile,
    /// Resident memory.
    Rss,
    /// The size of the stack.
    Stack,
    /// Time of the processor.
    Cpu,
    /// Processes.
    Nproc,
    /// Address space.
    As,
    /// Logins of the user.
    Maxlogins,
    /// Logins of everybody.
    Maxsyslogins,
    /// The priority of processes.
    Priority,
    /// Locks of files.
    Locks,
    /// Signals that wait.
    Sigpending,
    /// Memory of message queues.
    Msgqueue,
    /// How nice one need not be.
    Nice,
    /// The priority in real time.
    Rtprio,
    /// The root folder.
    Chroot,
}

impl Module for PamLimits {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let wanted = self.value.trim();
        if !fits(wanted) {
            return Err(Stop::failed(format!(
                "`{wanted}` is no limit: one is a number, `unlimited`, `infinity` or `-1`"
            )));
        }
        let page = Page::open(&PathBuf::from(&self.dest), host)?;
        let mut lines: Vec<String> = page.letters().lines().map(ToOwned::to_owned).collect();
        let kind = match self.limit_type {
            Type::Hard => "hard",
            Type::Soft => "soft",
            Type::Both => "-",
        };
        let item = format!("{:?}", self.limit_item).to_lowercase();
        let at = lines.iter().position(|line| {
            let bare = line.split('#').next().unwrap_or_default();
            let words: Vec<_> = bare.split_whitespace().collect();
            words.len() == 4 && words[..3] == [self.domain.as_str(), kind, &item]
        });
        let old = at.map(|at| {
            let bare = lines[at].split('#').next().unwrap_or_default();
            bare.split_whitespace().nth(3).unwrap_or_default().to_owned()
        });
        let value = match &old {
            Some(old) if self.use_max => chosen(old, wanted, true),
            Some(old) if self.use_min => chosen(old, wanted, false),
            _ => wanted,
        };
        let comment = match self.comment.as_str() {
            "" => String::new(),
            comment => format!("\t#{comment}"),
        };
        let line = format!("{}\t{kind}\t{item}\t{value}{comment}", self.domain);
        changes.set("msg", line.as_str());
        match at {
            Some(_) if old.as_deref() == Some(value) => return Ok(()),
            Some(at) => lines[at] = line,
            // The end of the file is said to be its end.
            None => match lines.iter().position(|line| line.starts_with("# End of file")) {
                Some(end) => lines.insert(end, line),
                None => lines.push(line),
            },
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        page.write(&text, None, self.backup, changes)
    }
}

fn fits(value: &str) -> bool {
    matches!(value, "unlimited" | "infinity" | "-1") || value.parse::<i64>().is_ok()
}

/// The greater or the smaller of two limits; what has no end is greater than any number.
fn chosen<'v>(old: &'v str, new: &'v str, greater: bool) -> &'v str {
    let number = |value: &str| match value {
        "unlimited" | "infinity" | "-1" => i64::MAX,
        value => value.parse().unwrap_or(0),
    };
    if (number(old) > number(new)) == greater { old } else { new }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;

    #[test]
    fn a_limit_is_kept() {
        let file = "/etc/security/limits.conf";
        let text = "# own\n*  soft  nofile  1024 # few\n\n# End of file\n";
        let mut desk = Desk::new(Memory::new().with_file(file, text, 0o644, "root"));
        let args = |value: &str, kind: &str| {
            [
                ("domain", "*".into()),
                ("limit_type", kind.into()),
                ("limit_item", "nofile".into()),
                ("value", value.into()),
            ]
        };
        desk.run("pam_limits", &args("65535", "soft"));
        desk.run("pam_limits", &args("unlimited", "-"));
        assert_eq!(
            desk.text(file),
            "# own\n*\tsoft\tnofile\t65535\n\n*\t-\tnofile\tunlimited\n# End of file\n"
        );
        let max: Vec<_> =
            args("10", "soft").into_iter().chain([("use_max", true.into())]).collect();
        assert!(!desk.run("pam_limits", &max).changed);
        desk.fails(
            "pam_limits",
            &args("many", "soft"),
            "`many` is no limit: one is a number, `unlimited`, `infinity` or `-1`",
        );
    }
}
