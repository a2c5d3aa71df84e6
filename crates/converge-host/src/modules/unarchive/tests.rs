use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::blob::{Blob, Tree, TreeEntry, TreeKind};
use crate::change::Change;
use crate::data::Data;
use crate::modules::scenario::Scenario;
use crate::modules::served::Server;

/// A folder with files, packed by these words.
fn packed(words: &[&str], name: &str) -> Scenario {
    let scenario = Scenario::new(&[
        "in/",
        "in/top/",
        "in/top/a=one!0640",
        "in/top/sub/!0700",
        "in/top/sub/b c=two",
        "in/top/ln->a",
        "out/",
    ]);
    let status = Command::new(words[0])
        .args(&words[1..])
        .arg(scenario.path().join(name))
        .arg("top")
        .current_dir(scenario.path().join("in"))
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{words:?}");
    scenario
}

fn args(src: &str, more: &[(&'static str, Data)]) -> Vec<(&'static str, Data)> {
    let mut args = vec![("src", Data::from(src)), ("dest", "$T/out".into())];
    args.push(("remote_src", true.into()));
    args.extend(more.iter().cloned());
    args
}

#[test]
fn archives_of_every_sort_are_unpacked_once() {
    for (words, name, handler) in [
        (&["tar", "-cf"][..], "x.tar", "TarArchive"),
        (&["tar", "-czf"][..], "x.tgz", "TgzArchive"),
        (&["tar", "-cjf"][..], "x.tar.bz2", "TarBzipArchive"),
        (&["tar", "-cJf"][..], "x.tar.xz", "TarXzArchive"),
        (&["zip", "-qry"][..], "x.zip", "ZipArchive"),
    ] {
        let scenario = packed(words, name);
        let call = args(&format!("$T/{name}"), &[("list_files", true.into())]);
        let told = scenario.run("unarchive", &call);
        assert!(told.changed, "{name}");
        assert_eq!(told.results["handler"], handler.into());
        assert_eq!(scenario.text("out/top/sub/b c"), "two");
        let mode =
            std::fs::metadata(scenario.path().join("out/top/a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640, "{name}");
        assert!(told.results["files"].as_list().unwrap().contains(&"top/sub/b c".into()));
        assert_eq!(told.results["state"], "directory".into());
        assert!(!scenario.run("unarchive", &call).changed, "{name} again");
        std::fs::write(scenario.path().join("out/top/a"), "1ne").unwrap();
        let told = scenario.run("unarchive", &call);
        assert!(told.changed, "{name} after a file became another");
        assert_eq!(scenario.text("out/top/a"), "one");
    }
}

#[test]
fn parts_are_chosen_and_owned() {
    let scenario = packed(&["tar", "-czf"], "x.tgz");
    let strip = Data::List(vec!["--strip-components=1".into()]);
    let call = args(
        "$T/x.tgz",
        &[("extra_opts", strip), ("exclude", "*/sub".into()), ("mode", "u=rwX,go=".into())],
    );
    let told = scenario.run("unarchive", &call);
    let names: Vec<_> =
        scenario.real_shape().into_keys().filter(|name| name.starts_with("out/")).collect();
    assert_eq!(names, ["out/a", "out/ln"]);
    assert!(scenario.real_shape()["out/a"].starts_with("0600"));
    let Change::Tool(tool) = &told.changes[0] else { panic!() };
    let mut facts = tool.facts.clone();
    facts.sort_unstable();
    assert_eq!(facts, ["a", "ln"]);
    assert!(!scenario.run("unarchive", &call).changed);
    let only = args("$T/x.tgz", &[("include", Data::List(vec!["top/sub/*".into()]))]);
    scenario.run("unarchive", &only);
    assert_eq!(scenario.text("out/top/sub/b c"), "two");
    assert!(!scenario.path().join("out/top/a").exists());
    let skipped = scenario.run("unarchive", &args("/no/such", &[("creates", "$T/out/a".into())]));
    assert!(!skipped.changed);
}

#[test]
fn an_archive_may_come_from_elsewhere() {
    let scenario = packed(&["tar", "-czf"], "x.tgz");
    let bytes = std::fs::read(scenario.path().join("x.tgz")).unwrap();
    let blob = Blob::new(bytes.clone());
    let entries =
        vec![TreeEntry { path: "".into(), mode: 0o644, kind: TreeKind::File(blob), stamp: None }];
    let tree = Tree { name: "x.tgz".into(), contents_only: false, entries };
    let call = [("src", Data::Tree(tree)), ("dest", "$T/out".into())];
    assert!(scenario.run("unarchive", &call).changed);
    assert!(!scenario.run("unarchive", &call).changed);
    let server = Server::new(move |_| ("200 OK", vec![], bytes.clone()));
    let call = args(&server.url("/x.tgz"), &[]);
    assert!(!scenario.run("unarchive", &call).changed);
}

#[test]
fn what_can_not_be_unpacked_is_named() {
    let scenario = Scenario::new(&["f=no archive, but text", "out/"]);
    scenario.fails(
        "unarchive",
        &[("src", "$T/f".into()), ("dest", "$T/no".into()), ("remote_src", true.into())],
        "dest '$T/no' must be an existing dir",
    );
    scenario.fails(
        "unarchive",
        &args("$T/no.tar", &[]),
        "there is no archive `$T/no.tar` on the host",
    );
    scenario.fails(
        "unarchive",
        &args("$T/f", &[]),
        "can't read `$T/f`: tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors",
    );
}
