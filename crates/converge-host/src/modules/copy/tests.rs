use std::os::unix::fs::PermissionsExt;

use crate::blob::{Blob, Tree, TreeEntry, TreeKind};
use crate::change::Change;
use crate::data::Data;
use crate::modules::scenario::Scenario;

fn entry(path: &str, mode: u32, kind: TreeKind) -> TreeEntry {
    TreeEntry { path: path.into(), mode, kind, stamp: None }
}

fn text(text: &str) -> TreeKind {
    TreeKind::File(Blob::new(text.as_bytes()))
}

fn file(name: &str, content: &str) -> Data {
    let entries = vec![entry("", 0o755, text(content))];
    Data::Tree(Tree { name: name.into(), contents_only: false, entries })
}

fn folder(contents_only: bool) -> Data {
    let entries = vec![
        entry("a", 0o755, text("A")),
        entry("sub", 0o700, TreeKind::Dir),
        entry("sub/b", 0o644, text("B")),
        entry("ln", 0o777, TreeKind::Link("a".into())),
        entry("empty", 0o755, TreeKind::Dir),
    ];
    Data::Tree(Tree { name: "tree".into(), contents_only, entries })
}

#[track_caller]
fn check(entries: &[&str], args: &[(&str, Data)], want: &[(&str, &str)]) -> Vec<String> {
    let scenario = Scenario::new(entries);
    let done = scenario.run("copy", args);
    let shape = scenario.real_shape();
    let own = crate::host::real::Real::new().identity;
    let me = format!("{}:{}", own.name, own.group.name);
    for (path, want) in want {
        let got = shape.get(*path).map(String::as_str);
        assert_eq!(got, Some(want.replace("ME", &me).as_str()), "{path}");
    }
    let mut keys: Vec<_> = done.results.keys().cloned().collect();
    keys.retain(|key| key != "secontext");
    keys.sort_unstable();
    keys
}

#[test]
fn a_content_is_written() {
    let args = |text: &str| [("dest", "$T/f".into()), ("content", Data::from(text))];
    check(&[], &args("x\n"), &[("f", "0644 ME \"x\\n\"")]);
    check(&["f=old!0600"], &args("new"), &[("f", "0600 ME \"new\"")]);
    check(&["f=same!0600"], &args("same"), &[("f", "0600 ME \"same\"")]);
    check(&["g=old", "f->g"], &args("new"), &[("f", "0644 ME \"new\""), ("g", "0644 ME \"old\"")]);
    let mut followed = args("new").to_vec();
    followed.push(("follow", true.into()));
    check(&["g=old", "f->g"], &followed, &[("f", "ME -> g"), ("g", "0644 ME \"new\"")]);
    let mut moded = args("x").to_vec();
    moded.push(("mode", "u=rw,go=".into()));
    check(&["f=x"], &moded, &[("f", "0600 ME \"x\"")]);
    let mut kept = args("new").to_vec();
    kept.push(("force", false.into()));
    check(&["f=old"], &kept, &[("f", "0644 ME \"old\"")]);
    check(&[], &kept, &[("f", "0644 ME \"new\"")]);
    let json = Data::Map([("a".to_owned(), Data::Int(1))].into_iter().collect());
    check(
        &[],
        &[("dest", "$T/f".into()), ("content", json)],
        &[("f", "0644 ME \"{\\\"a\\\": 1}\"")],
    );
}

#[test]
fn what_can_not_be_written_is_named() {
    let scenario = Scenario::new(&["d/", "f=old"]);
    let fails = |args: &[(&str, &str)], want: &str| {
        let args: Vec<(&str, Data)> =
            args.iter().map(|(key, text)| (*key, (*text).into())).collect();
        scenario.fails("copy", &args, want);
    };
    let named = "is a directory, and a content without a name needs the path of a file";
    fails(&[("dest", "$T/d"), ("content", "x")], &format!("`$T/d` {named}"));
    fails(&[("dest", "$T/no/"), ("content", "x")], &format!("`$T/no/` {named}"));
    fails(
        &[("dest", "$T/no/f"), ("content", "x")],
        "can't make `$T/no/f`: there is no directory `$T/no`",
    );
    fails(
        &[("dest", "$T/f"), ("content", "x"), ("checksum", "abc")],
        "the content has the checksum `11f6ad8ec52a2984abaafd7c3b516503785c2072`, not `abc`",
    );
    fails(
        &[("dest", "$T/f"), ("content", "x"), ("validate", "true")],
        "`validate` must name the file as `%s`, which `true` does not",
    );
    fails(
        &[("dest", "$T/f"), ("src", "$T/no"), ("remote_src", "yes")],
        "there is no `$T/no` to be copied on the host",
    );
    fails(
        &[("dest", "$T/f"), ("src", "/x"), ("content", "x")],
        "invalid arguments of `copy`: `src`, `content` exclude each other",
    );
}

#[test]
fn a_file_goes_where_it_is_meant_to() {
    let args = |dest: &str| [("dest", Data::from(dest)), ("src", file("name", "x"))];
    let keys = check(&[], &args("$T/f"), &[("f", "0644 ME \"x\"")]);
    assert_eq!(keys.join(" "), "checksum dest gid group md5sum mode owner size src state uid");
    check(&["d/"], &args("$T/d"), &[("d/name", "0644 ME \"x\"")]);
    check(&[], &args("$T/n/m/"), &[("n/m/name", "0644 ME \"x\"")]);
    let mut preserved = args("$T/f").to_vec();
    preserved.push(("mode", "preserve".into()));
    check(&["f=x"], &preserved, &[("f", "0755 ME \"x\"")]);
}

#[test]
fn a_folder_goes_with_all_that_is_in_it() {
    let args = |contents, dest: &str| vec![("dest", Data::from(dest)), ("src", folder(contents))];
    let tree = [
        ("o/tree/a", "0644 ME \"A\""),
        ("o/tree/sub", "0755 ME dir"),
        ("o/tree/sub/b", "0644 ME \"B\""),
        ("o/tree/ln", "ME -> a"),
        ("o/tree/empty", "0755 ME dir"),
    ];
    assert_eq!(check(&[], &args(false, "$T/o"), &tree).join(" "), "dest src");
    check(&["o/!0700"], &args(false, "$T/o/"), &tree);
    check(&["o/", "o/tree/", "o/tree/a=old"], &args(false, "$T/o"), &tree);
    check(&[], &args(true, "$T/o"), &[("o/sub/b", "0644 ME \"B\""), ("o/ln", "ME -> a")]);
    let mut moded = args(false, "$T/o");
    moded.extend([("mode", "0640".into()), ("directory_mode", "0711".into())]);
    check(
        &["o/", "o/tree/"],
        &moded,
        &[("o", "0755 ME dir"), ("o/tree", "0711 ME dir"), ("o/tree/sub/b", "0640 ME \"B\"")],
    );
    let evil = vec![entry("../out", 0o644, text("x"))];
    let evil = Data::Tree(Tree { name: "t".into(), contents_only: true, entries: evil });
    Scenario::new(&[]).fails(
        "copy",
        &[("dest", "$T".into()), ("src", evil)],
        "`../out` leads out of the folder that it is in",
    );
}

#[test]
fn the_host_is_a_source_as_well() {
    const HOST: &[&str] = &[
        "s/",
        "s/a=A!0755",
        "s/sub/!0700",
        "s/sub/b=B",
        "s/ln->a",
        "d/",
        "d/s/",
        "d/s/a=old!0600",
    ];
    let args = |src: &str, dest: &str| {
        vec![("src", Data::from(src)), ("dest", dest.into()), ("remote_src", true.into())]
    };
    let keys = check(HOST, &args("$T/s/a", "$T/f"), &[("f", "0644 ME \"A\"")]);
    assert_eq!(keys.join(" "), "checksum dest gid group md5sum mode owner size src state uid");
    check(HOST, &args("$T/s/a", "$T/d/"), &[("d/a", "0644 ME \"A\"")]);
    check(
        HOST,
        &args("$T/s", "$T/new"),
        &[("new/s/a", "0755 ME \"A\""), ("new/s/sub", "0700 ME dir"), ("new/s/ln", "ME -> a")],
    );
    check(
        HOST,
        &args("$T/s", "$T/d"),
        &[("d/s/a", "0755 ME \"A\""), ("d/s/sub/b", "0644 ME \"B\"")],
    );
    let mut moded = args("$T/s/", "$T/new");
    moded.push(("mode", "0750".into()));
    check(HOST, &moded, &[("new", "0750 ME dir"), ("new/sub/b", "0644 ME \"B\"")]);
    Scenario::new(HOST).fails(
        "copy",
        &args("$T/s", "$T/s/sub"),
        "`$T/s` can't be copied into itself",
    );
}

#[test]
fn a_backup_is_kept_and_a_bad_file_is_not_written() {
    let scenario = Scenario::new(&["f=old!0640"]);
    let args = |validate: &str| {
        vec![
            ("dest", "$T/f".into()),
            ("content", Data::from("new")),
            ("backup", true.into()),
            ("validate", validate.into()),
        ]
    };
    let backup = {
        let done = scenario.run("copy", &args("grep -q new %s"));
        done.results["backup_file"].as_str().unwrap().to_owned()
    };
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "old");
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o7777, 0o640);
    let name = backup.strip_prefix(&format!("{}/f.", scenario.path().display())).unwrap();
    let (pid, time) = name.split_once('.').unwrap();
    assert_eq!(pid, std::process::id().to_string());
    assert_eq!((time.len(), &time[10..11], &time[19..]), (20, "@", "~"));

    let scenario = Scenario::new(&["f=old"]);
    let call = scenario.call("copy", &args("grep -c never %s"));
    let perform = crate::wire::Ask::Perform { gate: false, reviewed: None };
    let mut answerer = crate::answer::Answerer::new(crate::host::real::Real::new());
    match answerer.answer(&perform, &call).unwrap() {
        crate::wire::Reply::Failed(failure, done) => {
            assert!(failure.msg.starts_with("failed to validate: rc:1 error:0"), "{}", failure.msg);
            assert_eq!(failure.results["exit_status"], Data::Int(1));
            assert!(done.is_empty());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scenario.text("f"), "old");
    let names: Vec<_> =
        scenario.real_shape().into_keys().filter(|name| !name.ends_with('~')).collect();
    assert_eq!(names, ["f"], "no temporary file is left");
}

#[test]
fn a_large_content_is_asked_for_only_when_it_is_written() {
    let bytes = vec![b'x'; 100_000];
    let large = Blob::new(bytes.clone()).for_the_wire();
    assert!(large.bytes.is_none());
    let entries = vec![entry("", 0o644, TreeKind::File(large))];
    let tree = Data::Tree(Tree { name: "large".into(), contents_only: false, entries });
    let scenario = Scenario::new(&[]);
    let args = [("dest", "$T/f".into()), ("src", tree.clone())];
    let planned = crate::answer::Answerer::new(crate::host::real::Real::new())
        .answer(&crate::wire::Ask::Plan, &scenario.call("copy", &args));
    match planned {
        Ok(crate::wire::Reply::Done(done)) => {
            assert!(done.open.is_some() && !done.results.contains_key("checksum"));
        }
        other => panic!("{other:?}"),
    }
    let written = Scenario::new(&["f=old"]).sends(&bytes).run("copy", &args);
    assert!(written.changed && written.results.contains_key("checksum"));
    std::fs::write(scenario.path().join("f"), &bytes).unwrap();
    let done = scenario.run("copy", &args);
    assert!(!done.changed && done.results.contains_key("checksum"));
}

#[test]
fn a_file_that_moved_since_the_plan_is_left_alone() {
    let scenario = Scenario::new(&["f=old"]);
    let call = scenario.call("copy", &[("dest", "$T/f".into()), ("content", "new".into())]);
    let mut answerer = crate::answer::Answerer::new(crate::host::real::Real::new());
    let planned =
        crate::modules::scenario::done(answerer.answer(&crate::wire::Ask::Plan, &call).unwrap());
    std::fs::write(scenario.path().join("f"), "mine").unwrap();
    let reviewed =
        crate::wire::Ask::Perform { gate: false, reviewed: Some(planned.changes.clone()) };
    match answerer.answer(&reviewed, &call).unwrap() {
        crate::wire::Reply::Moved { now } => assert_eq!(now.len(), 1),
        other => panic!("{other:?}"),
    }
    let Change::File(change) = &planned.changes[0] else { panic!() };
    let refused =
        crate::change::Effect::perform(change, &answerer.machine).unwrap_err().to_string();
    assert!(refused.contains("nothing was done to it"), "{refused}");
    assert_eq!(scenario.text("f"), "mine");
}

#[test]
fn a_template_is_written_like_a_copy() {
    let scenario = Scenario::new(&[]);
    let src = file("f.j2", "rendered\n");
    let args = [("dest", "$T/f".into()), ("src", src.clone()), ("mode", "0640".into())];
    let done = scenario.run("template", &args);
    assert_eq!(scenario.text("f"), "rendered\n");
    assert_eq!(done.results["mode"], Data::from("0640"));
    assert_eq!(done.results["size"], Data::Int(9));
    let scenario = Scenario::new(&["d/"]);
    scenario.run("template", &[("dest", "$T/d".into()), ("src", src)]);
    assert_eq!(scenario.text("d/f.j2"), "rendered\n");
}
