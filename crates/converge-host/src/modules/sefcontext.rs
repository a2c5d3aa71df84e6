//! `sefcontext`: which SELinux contexts files get.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{ask, value};
use crate::modules::seport::ready;
use crate::stop::{Result, Stop};

/// Keeps a rule for the contexts of files, by semanage-fcontext(8). Files that are there keep theirs until restorecon(8) runs.
#[derive(Args, Debug)]
#[module(name = "sefcontext", collection = "community.general")]
pub(crate) struct Sefcontext {
    /// The paths, as a regular expression.
    #[arg(alias = "path")]
    target: String,
    /// What stands at these paths.
    #[arg(default = "a", kind = crate::args::Kind::Choice(&["a", "b", "c", "d", "f", "l", "p", "s"]))]
    ftype: String,
    /// The type of the context.
    setype: Option<String>,
    /// The user of the context.
    seuser: Option<String>,
    /// The level of the context.
    #[arg(alias = "serange")]
    selevel: Option<String>,
    /// A path whose contexts are taken instead.
    #[arg(alias = "equal")]
    substitute: Option<String>,
    /// Whether the rule shall be there.
    #[arg(default = "present")]
    state: State,
    /// Have the policy loaded after a change.
    #[arg(default = "yes")]
    reload: bool,
    /// Go on where SELinux is off.
    #[arg(default = "no")]
    ignore_selinux_state: bool,
}

/// Whether a rule shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// How the list calls what stands at a path.
const KINDS: &[(&str, &str)] = &[
    ("a", "all files"),
    ("b", "block device"),
    ("c", "character device"),
    ("d", "directory"),
    ("f", "regular file"),
    ("l", "symbolic link"),
    ("p", "named pipe"),
    ("s", "socket"),
];

impl Module for Sefcontext {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        ready(host, self.ignore_selinux_state)?;
        if self.state == State::Present && self.setype.is_none() && self.substitute.is_none() {
            return Err(Stop::failed(
                "`setype` or `substitute` must be given for a rule that shall be there",
            ));
        }
        changes.set("target", self.target.as_str());
        changes.set("ftype", self.ftype.as_str());
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        if let Some(setype) = &self.setype {
            changes.set("setype", setype.as_str());
        }
        let label = format!("sefcontext {} {}", self.target, self.ftype);
        let now = value(host, &label, || self.now(host))?;
        let wanted = self.wanted(now.as_deref());
        let title = format!("SELinux context of files at {}", self.target);
        let act = match (self.state, &now) {
            (State::Present, Some(now)) if *now == wanted => return Ok(()),
            (State::Present, Some(now)) => ActChange::new(Sign::Modify, title)
                .fact(format!("{now} → {wanted}"))
                .does(self.semanage("-m", &wanted)),
            (State::Present, None) => ActChange::new(Sign::Create, title)
                .fact(wanted.clone())
                .does(self.semanage("-a", &wanted))
                .undone_by(self.semanage("-d", &wanted)),
            (State::Absent, Some(_)) => {
                ActChange::new(Sign::Remove, title).does(self.semanage("-d", &wanted))
            }
            (State::Absent, None) => return Ok(()),
        };
        let after = (self.state == State::Present).then_some(wanted);
        changes.push(Change::Act(act.sets(label, now, after)));
        Ok(())
    }
}

impl Sefcontext {
    /// The rule that was set on this host: a context, or a path after `=`.
    fn now(&self, host: &dyn Host) -> Result<Option<String>> {
        let told = ask(host, &Command::new(["semanage", "fcontext", "--list", "-n", "-C"]))?.text();
        let kind =
            KINDS.iter().find(|(letter, _)| *letter == self.ftype).map_or("", |(_, kind)| kind);
        let rule = |line: &str| {
            let rest =
                line.strip_prefix(&self.target).filter(|r| r.starts_with(char::is_whitespace))?;
            let rest = rest.trim();
            if let Some(equal) = rest.strip_prefix("= ") {
                return self.substitute.is_some().then(|| format!("={}", equal.trim()));
            }
            let context = rest.strip_prefix(kind)?.trim();
            self.substitute.is_none().then(|| context.to_owned())
        };
        Ok(told.lines().find_map(rule))
    }

    /// The context that is asked for; what is not stays, or is what rules usually have.
    fn wanted(&self, now: Option<&str>) -> String {
        if let Some(substitute) = &self.substitute {
            return format!("={substitute}");
        }
        let mut parts = now.unwrap_or_default().splitn(4, ':');
        let mut part = |given: &Option<String>, usual: &str| {
            let old = parts.next().filter(|old| !old.is_empty());
            given.clone().unwrap_or_else(|| old.unwrap_or(usual).to_owned())
        };
        let user = part(&self.seuser, "system_u");
        let role = part(&None, "object_r");
        let kind = part(&self.setype, "");
        let level = part(&self.selevel, "s0");
        format!("{user}:{role}:{kind}:{level}")
    }

    fn semanage(&self, verb: &str, wanted: &str) -> Command {
        let mut argv: Vec<String> = ["semanage", "fcontext"].map(Into::into).to_vec();
        argv.extend((!self.reload).then(|| "-N".to_owned()));
        argv.push(verb.to_owned());
        if let Some(path) = wanted.strip_prefix('=') {
            argv.extend(["-e".into(), path.to_owned()]);
        } else {
            argv.extend(["-f".into(), self.ftype.clone()]);
            if verb != "-d" {
                let parts: Vec<_> = wanted.splitn(4, ':').collect();
                argv.extend(["-t".into(), parts.get(2).unwrap_or(&"").to_string()]);
                argv.extend(["-s".into(), parts[0].to_owned()]);
                argv.extend(["-r".into(), parts.get(3).unwrap_or(&"s0").to_string()]);
            }
        }
        argv.push(self.target.clone());
        Command::new(argv)
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_rule_is_kept() {
        let told = "/srv/a(/.*)?      all files          system_u:object_r:httpd_sys_content_t:s0\n/srv/b = /var/www\n";
        let memory = Memory::new()
            .with_file("/sys/fs/selinux/enforce", "1", 0o644, "root")
            .with_output("semanage fcontext --list -n -C", 0, told);
        let mut desk = Desk::new(memory);
        let args =
            |target: &str, setype: &str| [("target", target.into()), ("setype", setype.into())];
        assert!(!desk.run("sefcontext", &args("/srv/a(/.*)?", "httpd_sys_content_t")).changed);
        let done = desk.run("sefcontext", &args("/srv/c", "etc_t"));
        assert_eq!(
            commands(&done.changes[0]),
            ["semanage fcontext -a -f a -t etc_t -s system_u -r s0 /srv/c"]
        );
        let done = desk.run("sefcontext", &args("/srv/a(/.*)?", "etc_t"));
        assert_eq!(
            commands(&done.changes[0]),
            ["semanage fcontext -m -f a -t etc_t -s system_u -r s0 '/srv/a(/.*)?'"]
        );
        assert!(
            !desk
                .run(
                    "sefcontext",
                    &[("target", "/srv/b".into()), ("substitute", "/var/www".into())]
                )
                .changed
        );
        let gone = [("target", "/srv/a(/.*)?".into()), ("state", "absent".into())];
        assert_eq!(
            commands(&desk.run("sefcontext", &gone).changes[0]),
            ["semanage fcontext -d -f a '/srv/a(/.*)?'"]
        );
    }
}
