use crate::data::Data;
use crate::host::memory::Memory;
use crate::modules::desk::Desk;
use crate::modules::scenario::{Scenario, done};

const TREE: &[&str] =
    &["f=text", "d/", "d/sub/", "d/sub/x=1!0600", "l->f", "ld->d", "dangling->missing", "empty/"];

/// Runs `file` and returns the results that are about the path, and what stands there.
#[track_caller]
fn check(args: &[(&str, &str)], path: &str, want: Option<&str>) {
    check_in(Scenario::new(TREE), args, path, want);
}

#[track_caller]
fn check_in(scenario: Scenario, args: &[(&str, &str)], path: &str, want: Option<&str>) {
    let args: Vec<(&str, Data)> = args.iter().map(|(key, text)| (*key, (*text).into())).collect();
    scenario.run("file", &args);
    let shape = scenario.real_shape();
    let got =
        shape.get(path).map(|words| words.replace(&scenario.path().display().to_string(), "$T"));
    let own = crate::host::real::Real::new().identity;
    let want = want.map(|want| want.replace("ME", &format!("{}:{}", own.name, own.group.name)));
    assert_eq!(got, want);
}

#[track_caller]
fn fails(args: &[(&str, &str)], want: &str) {
    let args: Vec<(&str, Data)> = args.iter().map(|(key, text)| (*key, (*text).into())).collect();
    Scenario::new(TREE).fails("file", &args, want);
}

#[test]
fn attributes_are_set() {
    check(&[("path", "$T/f"), ("mode", "0600")], "f", Some("0600 ME \"text\""));
    check(&[("path", "$T/l"), ("mode", "0600")], "f", Some("0600 ME \"text\""));
    check(&[("path", "$T/d"), ("mode", "u=rwx,go=")], "d", Some("0700 ME dir"));
    check(&[("dest", "$T/f"), ("state", "file"), ("mode", "+x")], "f", Some("0755 ME \"text\""));
    fails(
        &[("path", "$T/f"), ("mode", "u=Q")],
        "`u=Q` is no file mode: neither octal digits nor symbols such as `u=rwX,g-w`",
    );
    fails(
        &[("path", "$T/f"), ("owner", "no-such-user")],
        "there is no user `no-such-user`, who should be the owner",
    );
}

#[test]
fn files_are_not_made_by_state_file() {
    fails(
        &[("path", "$T/new")],
        "can't manage `$T/new`: there is no such file, and `state: file` makes none",
    );
    fails(
        &[("path", "$T/d"), ("state", "file")],
        "can't manage `$T/d`: it is a directory, not a file",
    );
    fails(
        &[("path", "$T/l"), ("state", "file"), ("follow", "no")],
        "can't manage `$T/l`: it is a link, not a file",
    );
    fails(
        &[("path", "$T/dangling"), ("state", "file")],
        "can't manage `$T/missing`: there is no such file, and `state: file` makes none",
    );
}

#[test]
fn directories_are_made_with_those_above() {
    let new = &[("path", "$T/a/b/c"), ("state", "directory"), ("mode", "0750")];
    check(new, "a", Some("0750 ME dir"));
    check(new, "a/b/c", Some("0750 ME dir"));
    check(&[("path", "$T/a/"), ("state", "directory")], "a", Some("0755 ME dir"));
    check(&[("path", "$T/dangling"), ("state", "directory")], "missing", Some("0755 ME dir"));
    check(&[("path", "$T/ld/new"), ("state", "directory")], "d/new", Some("0755 ME dir"));
    check_in(
        Scenario::new(&["g/!2755"]),
        &[("path", "$T/g/a/b"), ("state", "directory")],
        "g/a/b",
        Some("2755 ME dir"),
    );
    fails(
        &[("path", "$T/f"), ("state", "directory")],
        "can't manage `$T/f`: a file is there already, not a directory",
    );
    fails(
        &[("path", "$T/f/x"), ("state", "directory")],
        "can't make the directory `$T/f/x`: `$T/f` is there and is no directory",
    );
}

#[test]
fn everything_below_gets_the_attributes() {
    let args =
        &[("path", "$T/d"), ("state", "directory"), ("recurse", "yes"), ("mode", "u=rwX,g=rX,o=")];
    check(args, "d/sub", Some("0750 ME dir"));
    check(args, "d/sub/x", Some("0640 ME \"1\""));
    check_in(
        Scenario::new(&["d/", "f=1", "e/", "e/g=2", "d/l->../f", "d/e->../e", "d/loop->."]),
        &[("path", "$T/d"), ("recurse", "yes"), ("mode", "0700")],
        "e/g",
        Some("0700 ME \"2\""),
    );
    fails(
        &[("path", "$T/f"), ("recurse", "yes")],
        "can't manage `$T/f`: `recurse` is for `state: directory`",
    );
}

#[test]
fn what_is_absent_goes() {
    for path in ["f", "d", "l", "ld", "dangling", "empty", "never"] {
        check(&[("path", &format!("$T/{path}")), ("state", "absent")], path, None);
    }
    check(&[("path", "$T/ld"), ("state", "absent")], "d/sub/x", Some("0600 ME \"1\""));
}

#[test]
fn what_no_planned_package_brings_needs_not_go() {
    let goes = |package: &str| {
        let mut desk = Desk::new(Memory::default());
        desk.answerer.expected.package_pending(package);
        let args = [("path", "/operators-of-sudo".into()), ("state", "absent".into())];
        done(desk.ask("file", &args)).changes.len()
    };
    assert_eq!((goes("rsync"), goes("sudo")), (0, 1));
}

#[test]
fn links_are_made() {
    let link =
        |src: &'static str, path: &'static str| [("src", src), ("path", path), ("state", "link")];
    check(&link("$T/f", "$T/new"), "new", Some("ME -> $T/f"));
    check(&link("f", "$T/new"), "new", Some("ME -> f"));
    check(&link("d", "$T/l"), "l", Some("ME -> d"));
    check(&link("f", "$T/l"), "l", Some("ME -> f"));
    check(&[("path", "$T/l"), ("state", "link")], "l", Some("ME -> f"));
    let mut forced = link("f", "$T/empty").to_vec();
    forced.push(("force", "yes"));
    // From inside the directory, `f` is another one; forced, that does not matter.
    check(&forced, "empty", Some("ME -> f"));
    check(
        &[("src", "no"), ("path", "$T/new"), ("state", "link"), ("force", "yes"), ("mode", "0600")],
        "new",
        Some("ME -> no"),
    );
    check(
        &[("src", "d"), ("path", "$T/f"), ("state", "link"), ("force", "yes")],
        "f",
        Some("ME -> d"),
    );
    check(
        &[("src", "f"), ("path", "$T/new"), ("state", "link"), ("mode", "0600")],
        "f",
        Some("0600 ME \"text\""),
    );
    fails(
        &link("no", "$T/new"),
        "can't manage `$T/new`: `$T/no` does not exist; `force: true` makes a link to it all the same",
    );
    fails(
        &link("d", "$T/f"),
        "can't manage `$T/f`: a file is there; `force: true` replaces it by the link",
    );
    fails(
        &link("sub", "$T/d"),
        "can't manage `$T/d`: a directory is there; `force: true` replaces it if it is empty",
    );
    fails(
        &[("src", "f"), ("path", "$T/d"), ("state", "link"), ("force", "yes")],
        "can't manage `$T/d`: a directory that is not empty is not replaced by a link",
    );
    fails(
        &[("path", "$T/new"), ("state", "link")],
        "can't manage `$T/new`: `src` must say what the new link points to",
    );
    fails(
        &[("path", "$T/new"), ("src", "f"), ("state", "file")],
        "can't manage `$T/new`: `src` is for `state: link` and `state: hard`",
    );
}

#[test]
fn hard_links_are_made() {
    let hard = |path: &'static str| [("src", "$T/f"), ("path", path), ("state", "hard")];
    check(&hard("$T/new"), "new", Some("0644 ME \"text\""));
    check(&hard("$T/d"), "d/f", Some("0644 ME \"text\""));
    let scenario = Scenario::new(&["f=text", "g=other"]);
    let args = [("src", "$T/f".into()), ("path", "$T/g".into()), ("state", "hard".into())];
    scenario.fails(
        "file",
        &args,
        "can't manage `$T/g`: another file is there; `force: true` replaces it",
    );
    let forced: Vec<_> = args.into_iter().chain([("force", true.into())]).collect();
    let done = scenario.run("file", &forced);
    assert_eq!(done.results["state"], Data::from("hard"));
    fails(
        &[("src", "$T/no"), ("path", "$T/new"), ("state", "hard")],
        "can't manage `$T/new`: `$T/no` does not exist",
    );
}

#[test]
fn files_are_touched() {
    let touch = [("path", "$T/new"), ("state", "touch"), ("mode", "0600")];
    check_in(Scenario::new(TREE).never_done(), &touch, "new", Some("0600 ME \"\""));
    check_in(
        Scenario::new(TREE).never_done(),
        &[("path", "$T/l"), ("state", "touch")],
        "f",
        Some("0644 ME \"text\""),
    );
    let kept = [("state", "touch"), ("access_time", "preserve"), ("modification_time", "preserve")];
    for path in ["$T/f", "$T/new", "$T/d"] {
        let args: Vec<_> = kept.into_iter().chain([("path", path)]).collect();
        check(&args, "f", Some("0644 ME \"text\""));
    }
    let fixed = [
        ("path", "$T/f"),
        ("state", "touch"),
        ("access_time", "202001020304.05"),
        ("modification_time", "2001-02-03"),
        ("modification_time_format", "%Y-%m-%d"),
    ];
    // Looking at the content, as the scenario does, is a reading.
    check_in(Scenario::new(TREE).never_done(), &fixed, "f", Some("0644 ME \"text\""));
    let modified =
        [("path", "$T/f"), ("access_time", "preserve"), ("modification_time", "202001020304.05")];
    let modified: Vec<_> = modified.into_iter().chain([("state", "touch")]).collect();
    check(&modified, "f", Some("0644 ME \"text\""));
    fails(
        &[("path", "$T/no/new"), ("state", "touch")],
        "can't make `$T/no/new`: there is no directory `$T/no`",
    );
    fails(
        &[("path", "$T/f"), ("state", "touch"), ("access_time", "bad")],
        "`bad` is no time written as `%Y%m%d%H%M.%S`: a number is missing",
    );
}

#[test]
fn results_are_those_of_ansible() {
    let keys = |args: &[(&str, Data)]| {
        let done = Scenario::new(TREE).run("file", args);
        let mut keys: Vec<_> = done.results.keys().map(String::clone).collect();
        keys.retain(|key| key != "secontext");
        keys.sort_unstable();
        keys.join(" ")
    };
    let plain = "gid group mode owner path size state uid";
    assert_eq!(keys(&[("path", "$T/f".into()), ("mode", "0600".into())]), plain);
    assert_eq!(keys(&[("path", "$T/d".into()), ("state", "directory".into())]), plain);
    assert_eq!(keys(&[("path", "$T/d".into()), ("state", "absent".into())]), "path state");
    let linked = "dest gid group mode owner size src state uid";
    let link = [("path", "$T/new".into()), ("src", "f".into()), ("state", "link".into())];
    assert_eq!(keys(&link), linked);
}

#[test]
fn flags_are_set_where_the_file_system_has_them() {
    use crate::host::Host;
    let scenario = Scenario::new(&["f=text"]);
    let path = scenario.path().join("f");
    let real = crate::host::real::Real::new();
    let Some(flags) = real.flags(&path).unwrap() else { return };
    let done = scenario.run("file", &[("path", "$T/f".into()), ("attributes", "+d".into())]);
    assert!(done.changed);
    assert_eq!(real.flags(&path).unwrap(), Some(flags | 0x40));
    fails(&[("path", "$T/f"), ("attributes", "+?")], "`+?` are no attributes such as `+i` or `-a`");
}
