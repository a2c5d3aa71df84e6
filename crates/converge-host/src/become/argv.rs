//! The command lines that change the user.

use crate::look;
use crate::wire::{BecomeMethod, Open};

/// The program and its arguments. `script` is for a POSIX shell; `prompt` marks sudo's question for the password.
pub(super) fn command(open: &Open, script: &str, prompt: &str) -> Vec<String> {
    let mut argv: Vec<&str> = Vec::new();
    let asks = open.password.is_some();
    let flags = flags(open);
    match open.method {
        BecomeMethod::Sudo => {
            argv.push("sudo");
            // Without a password it must fail rather than ask.
            if asks {
                argv.extend(["-S", "-p", prompt]);
            } else {
                argv.push("-n");
            }
            argv.extend(flags.iter().map(String::as_str));
            argv.extend(["-u", &open.user, "--", "/bin/sh", "-c", script]);
        }
        BecomeMethod::Su => {
            argv.push("su");
            argv.extend(flags.iter().map(String::as_str));
            // The user's own shell may be one that lets nobody in, as those of services do.
            argv.extend(["-s", "/bin/sh", "-c", script, "--", &open.user]);
        }
        BecomeMethod::Doas => {
            argv.push("doas");
            if !asks {
                argv.push("-n");
            }
            argv.extend(flags.iter().map(String::as_str));
            argv.extend(["-u", &open.user, "--", "/bin/sh", "-c", script]);
        }
    }
    argv.into_iter().map(str::to_owned).collect()
}

/// The command line of a helper that only looks: this one and no other can be allowed.
pub(super) fn looking(place: &str) -> Vec<String> {
    ["sudo", "-n", "-u", "root", "--", place, look::FLAG].map(str::to_owned).to_vec()
}

/// The flags asked for, without those that say how the password is asked: that is decided here.
fn flags(open: &Open) -> Vec<String> {
    if open.method != BecomeMethod::Sudo {
        return open.flags.iter().filter(|flag| *flag != "-n").cloned().collect();
    }
    if open.flags.is_empty() {
        return vec!["-H".to_owned()];
    }
    let mut kept = Vec::new();
    let mut flags = open.flags.iter();
    while let Some(flag) = flags.next() {
        match flag.as_str() {
            "-S" | "--stdin" | "-n" | "--non-interactive" => {}
            "-p" | "--prompt" => {
                flags.next();
            }
            other if other.starts_with("-p") || other.starts_with("--prompt=") => {}
            _ => kept.push(flag.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::wire::{BecomeMethod, Open};

    fn check(method: BecomeMethod, flags: &[&str], password: Option<&str>, expected: &str) {
        let open = Open {
            helper: 1,
            user: "ann".to_owned(),
            method,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            password: password.map(str::to_owned),
            looks: false,
        };
        assert_eq!(command(&open, "SCRIPT", "PROMPT").join(" "), expected);
    }

    #[test]
    fn sudo() {
        let tail = "-u ann -- /bin/sh -c SCRIPT";
        check(BecomeMethod::Sudo, &[], None, &format!("sudo -n -H {tail}"));
        check(BecomeMethod::Sudo, &[], Some("pw"), &format!("sudo -S -p PROMPT -H {tail}"));
        check(BecomeMethod::Sudo, &["-H", "-S", "-n"], None, &format!("sudo -n -H {tail}"));
        check(
            BecomeMethod::Sudo,
            &["-E", "-p", "x:", "-i"],
            None,
            &format!("sudo -n -E -i {tail}"),
        );
    }

    #[test]
    fn su_and_doas() {
        check(BecomeMethod::Su, &[], Some("pw"), "su -s /bin/sh -c SCRIPT -- ann");
        check(BecomeMethod::Su, &["-m"], None, "su -m -s /bin/sh -c SCRIPT -- ann");
        check(BecomeMethod::Doas, &[], None, "doas -n -u ann -- /bin/sh -c SCRIPT");
        check(BecomeMethod::Doas, &["-n"], Some("pw"), "doas -u ann -- /bin/sh -c SCRIPT");
    }
}
