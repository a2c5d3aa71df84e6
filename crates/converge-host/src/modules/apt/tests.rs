//! The module as a whole, on a host in memory.

use crate::answer::Answerer;
use crate::blob::Blob;
use crate::change::{Before, Change, FileChange, FileKind, FileState};
use crate::host::Manager;
use crate::host::memory::Memory;
use crate::modules::tasks::{call, check, planned};
use crate::stop::Why;

const GET: &str = "apt-get -s -o Debug::NoLocking=1 -y -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=60";

const JQ: &str = "Inst libjq1 (1.6-2 Debian:12/stable [amd64])\nInst jq (1.6-2 Debian:12/stable [amd64])\n\
    Conf libjq1 (1.6-2 Debian:12/stable [amd64])\n";

/// A host with lists of packages, on which simulations come out like this.
fn host(simulations: &[(&str, i32, &str)]) -> Memory {
    let mut memory = Memory::new()
        .with_package(Manager::Apt, "nano", "7.2-1")
        .with_file("/var/lib/apt/lists/deb.debian.org_dists_bookworm_InRelease", "", 0o644, "root")
        .with_file("/usr/bin/apt-get", "", 0o755, "root");
    for (words, rc, text) in simulations {
        memory = memory.with_output(&format!("{GET} {words}"), *rc, text);
    }
    memory
}

#[test]
fn what_comes_along_is_named() {
    check(
        host(&[("install -- jq", 0, JQ)]),
        &[
            ("apt name=nano", ""),
            ("apt name=nano,jq", "package jq 1.6-2, + libjq1 1.6-2"),
            ("apt name=jq,libjq1", ""),
        ],
    );
}

#[test]
fn what_may_be_installed_by_then_may_change() {
    let mut answerer = Answerer::new(host(&[("install -- jq", 0, JQ)]));
    answerer.doubt(&call("apt name=jq"), &Why("a condition".into()));
    assert_eq!(
        planned(answerer, &["apt name=jq", "apt name=nano,jq", "apt name=nano"]),
        ["Unknown(Why(\"a condition\"))", "Unknown(Why(\"a condition\"))", ""]
    );
}

#[test]
fn what_is_installed_in_another_version_is_told() {
    check(
        host(&[
            ("install -- nano", 0, "Inst nano [7.2-1] (7.2-2 Debian:12/stable [amd64])\n"),
            ("install -- nano=7.2-2", 0, "Inst nano [7.2-1] (7.2-2 Debian:12/stable [amd64])\n"),
            ("remove -- nano", 0, "Remv nano [7.2-1]\n"),
        ]),
        &[
            ("apt name=nano=7.2-2", "package nano 7.2-1 → 7.2-2"),
            ("apt name=nano state=latest", ""),
            ("apt name=nano state=absent", "package nano 7.2-2"),
            ("apt name=nano state=absent", ""),
        ],
    );
}

#[test]
fn a_name_that_nobody_knows_is_an_error_unless_something_planned_may_change_that() {
    let host = || {
        let shown = format!("{GET} install -- nosuch");
        host(&[]).with_error(&shown, 100, "E: Unable to locate package nosuch\n")
    };
    check(
        host(),
        &[
            ("apt name=nosuch", "No package matching 'nosuch' is available"),
            (
                "apt name=nosuch update_cache=yes",
                "refresh the package lists of apt; package nosuch (unknown)",
            ),
        ],
    );
    let mut answerer = Answerer::new(host());
    let list = FileState::of(FileKind::File(Blob::new(&b"deb https://x.org ./\n"[..])));
    let change = FileChange::new("/etc/apt/sources.list.d/x.list", Before::Absent, Some(list));
    answerer.assume(&[Change::File(change)]).unwrap();
    assert_eq!(planned(answerer, &["apt name=nosuch"]), ["package nosuch (unknown)"]);
}

#[test]
fn lists_are_refreshed_where_they_are_old() {
    check(
        host(&[]),
        &[
            ("apt cache_valid_time=3600", "refresh the package lists of apt"),
            ("apt cache_valid_time=3600", ""),
            ("apt update_cache=yes", "refresh the package lists of apt"),
            ("apt name=nano update_cache=yes cache_valid_time=3600", ""),
        ],
    );
}

#[test]
fn a_host_without_lists_fetches_them_before_it_installs() {
    let missing = |name: &str| {
        (format!("{GET} install -- {name}"), format!("E: Unable to locate package {name}\n"))
    };
    let mut bare = Memory::new()
        .with_package(Manager::Apt, "nano", "7.2-1")
        .with_dir("/var/lib/apt/lists", 0o755, "root")
        .with_output("apt-cache pkgnames", 0, "nano\n")
        .with_file("/usr/bin/apt-get", "", 0o755, "root");
    for name in ["jq", "tree", "php*"] {
        let (shown, told) = missing(name);
        bare = bare.with_error(&shown, 100, &told);
    }
    let bare = bare.with_error(&format!("{GET} install -- 'php*'"), 100, &missing("php*").1);
    assert_eq!(
        planned(
            Answerer::new(bare),
            &[
                "apt name=nano",
                "apt name=jq",
                "apt name=tree",
                "apt name=php* state=absent",
                "apt name=php*",
                "apt name=tree update_cache=yes cache_valid_time=600",
            ]
        ),
        [
            "",
            "refresh the package lists of apt; package jq (unknown)",
            "package tree (unknown)",
            "",
            "package php* (unknown)",
            "",
        ]
    );
}
