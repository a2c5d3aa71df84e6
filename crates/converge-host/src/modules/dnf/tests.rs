//! The module as a whole, on a host in memory.

use crate::host::Manager;
use crate::host::memory::Memory;
use crate::modules::tasks::check;

const DNF: &str = "dnf --assumeno --setopt=exit_on_lock=1";

const NGINX: &str = "Installing:\n nginx x86_64 1:1.20.1-14.el9 appstream 36 k\nUpgrading:\n \
    hello noarch 2.0-1 base 6 k\nInstalling dependencies:\n nginx-core x86_64 1:1.20.1-14.el9 appstream 5 k\n\n\
    Transaction Summary\nOperation aborted.\n";

fn host(said: &[(&str, &str)]) -> Memory {
    let mut memory = Memory::new().with_package(Manager::Rpm, "hello", "1.0-1").with_file(
        "/usr/bin/dnf",
        "",
        0o755,
        "root",
    );
    for (words, text) in said {
        memory = memory.with_output(&format!("{DNF} {words}"), 1, text);
    }
    memory
}

#[test]
fn what_comes_along_is_named() {
    check(
        host(&[("install nginx", NGINX)]),
        &[
            ("dnf name=hello", ""),
            ("yum name=hello-1.0", ""),
            ("dnf name=hello-0.9", ""),
            (
                "dnf name=nginx",
                "package nginx 1:1.20.1-14.el9, ~ hello 1.0-1 → 2.0-1, + nginx-core 1:1.20.1-14.el9",
            ),
            ("dnf name=nginx,nginx-core", ""),
            ("dnf name=nginx-1.20.1", ""),
        ],
    );
}

#[test]
fn versions_become_older_only_where_that_is_allowed() {
    let older =
        "Downgrading:\n hello noarch 0.9-1 base 6 k\n\nTransaction Summary\nOperation aborted.\n";
    check(
        host(&[("install hello-0.9", older)]),
        &[
            ("dnf name=hello-0.9", ""),
            ("dnf name=hello-0.9 allow_downgrade=yes", "package hello 1.0-1 → 0.9-1"),
        ],
    );
}

#[test]
fn packages_go_with_those_that_need_them() {
    let text = "Removing:\n hello noarch 1.0-1 @base 6\nRemoving dependent packages:\n \
        hello-more noarch 1.0-1 @base 6\n\nTransaction Summary\nOperation aborted.\n";
    let host = host(&[("--noautoremove remove hello", text)]);
    check(
        host.with_package(Manager::Rpm, "hello-more", "1.0-1"),
        &[
            ("dnf name=hello,nosuch state=absent", "package hello 1.0-1, - hello-more 1.0-1"),
            ("dnf name=hello state=absent", ""),
        ],
    );
}

#[test]
fn what_nobody_knows_is_an_error_unless_something_planned_may_change_that() {
    let text = "No match for argument: nosuch\nError: Unable to find a match: nosuch\n";
    check(
        host(&[("install nosuch", text)]),
        &[
            (
                "dnf name=nosuch",
                "Failed to install some of the specified packages: No package nosuch available.",
            ),
            ("dnf name=hello update_cache=yes", ""),
            (
                "dnf name=nosuch update_cache=yes",
                "refresh the package lists of dnf; package nosuch (unknown)",
            ),
        ],
    );
}

#[test]
fn a_url_tells_what_it_brings() {
    let url = "https://x.org/el7/hello-1.0-1.noarch.rpm";
    let newer = "https://x.org/el7/hello-1.1-1.noarch.rpm";
    check(
        host(&[]),
        &[
            (&format!("dnf name={url}"), ""),
            (&format!("dnf name={newer}"), "package hello 1.0-1 → 1.1-1 (unknown)"),
        ],
    );
}
