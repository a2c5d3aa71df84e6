//! `converge drift --sudoers`: the least that a check needs of sudo on a host.

use std::fmt::Write as _;
use std::sync::Arc;

use converge_host::look;

use crate::cli::args::ColorArg;
use crate::cli::exit::End;
use crate::cli::terminal::Terminal;
use crate::redact::Redactor;
use crate::transport::helpers;
use crate::transport::ssh::config::User;

/// What stands above the lines. `@…@` are filled in.
const ABOVE: &str = "\
# What `converge drift` needs of sudo on a host, for converge @VERSION@ and the user @USER@.
#
# It lets this user start one program as root, by these words alone. Before the program is asked anything it gives root up: it
# becomes the user who started it, with one right more, which is to read every file (CAP_DAC_READ_SEARCH). It has no way
# to write, run, stop or send anything that this user could not; what it asks other programs, they do without that right.
#
# Reading every file is reading every key and password, too: give it to whom you would give a backup of the host.
#
# First the program, as root on each host. It is there already, by this name, where this converge has worked as root:
@INSTALL@
# Then these lines, in a file of their own:
#   visudo -f /etc/sudoers.d/converge-drift
# Another version of converge has another program; both steps are to be repeated then.

";

/// Prints what lets a user look at hosts and do nothing else; without a name, whoever this is.
pub(super) fn print(user: Option<&str>, redactor: &Arc<Redactor>) -> End {
    let terminal = Terminal::new(Arc::clone(redactor), ColorArg::Never);
    let own = User::current().name;
    let user = user.unwrap_or(&own);
    match refused(user) {
        None => {
            terminal.answer(&text(user));
            End::Shown
        }
        Some(why) => {
            let help = "`--user NAME` says who logs in to look".to_owned();
            terminal.error(&format!("no lines for `{user}`: {why}"), &[help]);
            End::Invalid
        }
    }
}

/// Why a user gets no lines.
fn refused(user: &str) -> Option<&'static str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let name = user.strip_suffix('$').unwrap_or(user);
    match user {
        "root" => Some("root needs none"),
        // It would be everybody, and other names in capitals may be aliases.
        _ if !name.chars().any(|letter| letter.is_ascii_lowercase()) => {
            Some("sudoers takes a name without small letters for something else")
        }
        _ if name.chars().all(plain) && !name.starts_with('-') => None,
        _ => Some("it has signs that mean something in sudoers"),
    }
}

fn text(user: &str) -> String {
    let mut install = String::new();
    let mut commands = Vec::new();
    for helper in helpers::ALL {
        let (digest, arch) = (helper.digest.hex(), helper.arch);
        let place = look::place(helper.digest).display().to_string();
        // Writing to a string cannot fail.
        let _ = writeln!(
            install,
            "#   install -D -o root -g root -m 0755 -- /root/.cache/converge/{digest} {place}   # {arch}"
        );
        commands.push(format!("sha256:{digest} {place} {}", look::FLAG));
    }
    let above = ABOVE
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@USER@", user)
        .replace("@INSTALL@\n", &install);
    let commands = commands.join(", \\\n    ");
    format!(
        "{above}Cmnd_Alias CONVERGE_LOOK = \\\n    {commands}\n\
         Defaults!CONVERGE_LOOK env_reset, !requiretty\n\
         {user} ALL = (root) NOPASSWD: NOSETENV: CONVERGE_LOOK\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{refused, text};

    #[test]
    fn a_user_is_a_name_and_nothing_else() {
        for name in ["drift", "drift-watch", "a.b_c", "machine$", "Ann"] {
            assert_eq!(refused(name), None, "{name}");
        }
        for name in
            ["root", "", "ALL", "OPS", "%wheel", "a b", "a,b", "a=b", "#0", "-a", "a\nb", "$"]
        {
            assert!(refused(name).is_some(), "{name}");
        }
    }

    #[test]
    fn one_line_with_one_argument_is_allowed() {
        let text = text("drift");
        assert!(text.ends_with("drift ALL = (root) NOPASSWD: NOSETENV: CONVERGE_LOOK\n"), "{text}");
        let allowed = text.lines().filter(|line| line.contains("sha256:"));
        assert!(allowed.clone().count() > 0);
        assert!(allowed.clone().all(|line| line.trim_end_matches(", \\").ends_with(" --look")));
    }
}
