//! `reboot`: the host starts anew.
//!
//! The host only begins it; the controller waits until the host is back, for only it is still there.

use crate::args::Args;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::stop::{Result, Stop};
use crate::words;

/// Starts the host anew, and waits until it answers again.
#[derive(Args, Debug)]
#[module(name = "reboot")]
pub(crate) struct Reboot {
    /// How many seconds to wait before.
    #[arg(default = "0")]
    pre_reboot_delay: i64,
    /// How many seconds to wait after, before anything is tried.
    #[arg(name = "post_reboot_delay", default = "0")]
    _post_reboot_delay: i64,
    /// How many seconds it may take.
    #[arg(name = "reboot_timeout", alias = "reboot_timeout_sec", default = "600")]
    _reboot_timeout: i64,
    /// How many seconds one try to connect may take.
    #[arg(name = "connect_timeout", alias = "connect_timeout_sec")]
    _connect_timeout: Option<i64>,
    /// A command that must succeed before the host counts as back.
    #[arg(name = "test_command", default = "whoami")]
    _test_command: String,
    /// What those who are logged in are told.
    #[arg(default = "Reboot initiated by converge")]
    msg: String,
    /// Where the programs are.
    #[arg(default = "/sbin,/bin,/usr/sbin,/usr/bin,/usr/local/sbin")]
    search_paths: Vec<String>,
    /// A command whose output is another one after every start.
    #[arg(name = "boot_time_command", default = "cat /proc/sys/kernel/random/boot_id")]
    _boot_time_command: String,
    /// The command that begins it.
    reboot_command: Option<String>,
}

/// How many seconds the answer has to reach the controller.
const GRACE: i64 = 2;

impl Module for Reboot {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let words = match &self.reboot_command {
            Some(command) => words::split(command).map_err(Stop::failed)?,
            None => vec!["shutdown".into(), "-r".into(), "now".into(), self.msg.clone()],
        };
        let name = words.first().map(String::as_str).unwrap_or_default();
        let mut program = None;
        for folder in &self.search_paths {
            program = program.or(host.program(&format!("{folder}/{name}"))?);
        }
        let Some(program) = program.or(host.program(name)?) else {
            return Err(Stop::failed(format!("this host has no `{name}` to start it anew with")));
        };
        let delay = self.pre_reboot_delay.max(0) + GRACE;
        // What is begun must live longer than this helper, whose connection ends with the host.
        let script = "delay=$1; shift; (trap '' HUP; sleep \"$delay\"; exec \"$@\") </dev/null >/dev/null 2>&1 &";
        let mut argv =
            vec!["/bin/sh".to_owned(), "-c".into(), script.into(), "sh".into(), delay.to_string()];
        argv.push(program.display().to_string());
        argv.extend(words.into_iter().skip(1));
        changes.set("rebooted", true);
        changes.push(Change::Act(
            ActChange::new(Sign::Act, "reboot the host").does(Command::new(argv)),
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};
    use crate::modules::scenario::done;

    #[test]
    fn a_host_starts_anew_after_it_has_answered() {
        let mut desk = Desk::new(Memory::new().with_output("shutdown", 0, ""));
        let told = done(desk.ask("reboot", &[("msg", "it's time".into())]));
        assert_eq!(words(&told.changes), ["reboot the host"]);
        let command = &commands(&told.changes[0])[0];
        assert!(command.ends_with("sh 2 /usr/bin/shutdown -r now 'it'\"'\"'s time'"), "{command}");
        desk.fails(
            "reboot",
            &[("reboot_command", "kexec -e".into())],
            "this host has no `kexec` to start it anew with",
        );
    }
}
