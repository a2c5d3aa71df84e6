//! A job as a shell script: what can be had with nothing but ssh, and, apart from that, the check of the result.

use sha2::{Digest, Sha256};

use crate::bench::job::{Kind, Task};

/// A script that does the job on the host that it is sent to, and only what is left to do.
pub(crate) fn script(tasks: &[Task]) -> String {
    let mut text = String::from(
        "set -eu\nput() { new=$(mktemp) && cat > \"$new\"; if ! cmp -s \"$new\" \"$1\"; then cat \"$new\" > \"$1\"; fi; \
         rm -f \"$new\"; chmod 644 \"$1\"; }\n",
    );
    for task in tasks {
        text.push_str(&step(*task));
        text.push('\n');
    }
    text
}

/// A script that prints a line for each thing on the host that is not as the job wants it.
pub(crate) fn check(tasks: &[Task]) -> String {
    let mut text = String::from(
        "is() { [ \"$2\" = \"$3\" ] || echo \"$1: is \\`$2\\`, must be \\`$3\\`\"; }\n",
    );
    for task in tasks {
        for (found, wanted) in facts(*task) {
            text.push_str(&format!("is \"{}\" \"$({found} 2>&1)\" \"{wanted}\"\n", task.name()));
        }
    }
    text
}

fn step(task: Task) -> String {
    let (path, subject) = (task.path(), task.subject());
    match task.kind {
        Kind::Directory => format!("mkdir -p {path}; chmod 755 {path}"),
        Kind::Copy | Kind::Template => format!("put {path} <<'END'\n{}END", task.content()),
        Kind::Line => format!(
            "touch {path}; chmod 644 {path}; grep -qxF '{line}' {path} || echo '{line}' >> {path}",
            line = task.line()
        ),
        Kind::Command => format!("test -d {path}"),
        Kind::Link => format!(
            "[ \"$(readlink {path})\" = {target} ] || ln -sfn {target} {path}",
            target = task.folder()
        ),
        Kind::User => format!(
            "getent passwd {subject} | grep -q ':/bin/bash$' || useradd --create-home --shell /bin/bash {subject}"
        ),
        Kind::Service => format!(
            "systemctl -q is-enabled {subject} || systemctl -q enable {subject}; systemctl -q is-active {subject} || systemctl start {subject}"
        ),
        Kind::Package => format!(
            "dpkg-query -W -f '${{db:Status-Status}}' {subject} 2>/dev/null | grep -qx installed || DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {subject} >/dev/null"
        ),
        Kind::Stat => format!("stat {path} > /dev/null"),
    }
}

/// Commands, and what each must print.
fn facts(task: Task) -> Vec<(String, String)> {
    let (path, subject) = (task.path(), task.subject());
    let mode = |wanted: &str| (format!("stat -c '%F %a %U' {path}"), format!("{wanted} root"));
    match task.kind {
        Kind::Directory => vec![mode("directory 755")],
        Kind::Copy | Kind::Template => {
            let digest = Sha256::digest(task.content());
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            vec![mode("regular file 644"), (format!("sha256sum < {path}"), format!("{digest}  -"))]
        }
        Kind::Line => vec![mode("regular file 644"), (format!("cat {path}"), task.line())],
        Kind::Link => vec![(format!("readlink {path}"), task.folder())],
        Kind::User => vec![
            (
                format!("getent passwd {subject} | cut -d: -f6,7"),
                format!("/home/{subject}:/bin/bash"),
            ),
            (format!("stat -c '%F %U' /home/{subject}"), format!("directory {subject}")),
        ],
        Kind::Service => vec![
            (format!("systemctl is-active {subject}"), "active".to_owned()),
            (format!("systemctl is-enabled {subject}"), "enabled".to_owned()),
        ],
        Kind::Package => {
            vec![(
                format!("dpkg-query -W -f '${{db:Status-Status}}' {subject}"),
                "installed".to_owned(),
            )]
        }
        // They leave nothing behind.
        Kind::Command | Kind::Stat => vec![],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::bench::job::mixed;
    use crate::bench::shell::{check, script};
    use crate::process::Run;

    #[test]
    fn the_scripts_are_shell() {
        for text in [script(&mixed(100)), check(&mixed(100))] {
            Run::new("sh").arg("-n").input(text).run().unwrap();
        }
    }

    #[test]
    fn a_check_finds_what_is_wrong() {
        // Where the job was never done, everything that it is about is wrong but for what leaves nothing behind.
        let found = Run::new("sh").input(check(&mixed(20))).output().unwrap();
        for word in
            ["directory 1", "copy 2", "template 1", "line 2", "link 1", "user 2", "service 1"]
        {
            assert!(
                found.lines().any(|line| line.starts_with(&format!("{word}: "))),
                "{word}: {found}"
            );
        }
    }
}
