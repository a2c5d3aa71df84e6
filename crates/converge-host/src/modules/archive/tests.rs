//! `archive` with the programs of this machine.

use std::fs;
use std::process::Command;

use crate::answer::Answerer;
use crate::data::Data;
use crate::host::real::Real;
use crate::modules::scenario::{Scenario, done};
use crate::wire::{Ask, Done};

const TREE: &[&str] = &[
    "src/",
    "src/a.txt=one",
    "src/x.log=log",
    "src/sub/",
    "src/sub/b.txt=two",
    "src/l->a.txt",
    "b/",
    "b/c=z",
];

/// Packs, and once more: then there is nothing to do.
#[track_caller]
fn run(scenario: &Scenario, args: &[(&str, Data)]) -> Done {
    let call = scenario.call("archive", args);
    let planned = done(Answerer::new(Real::new()).answer(&Ask::Plan, &call).unwrap());
    let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes.clone()) };
    let performed = done(Answerer::new(Real::new()).answer(&perform, &call).unwrap());
    assert_eq!(performed.changed, planned.changed);
    let again = done(Answerer::new(Real::new()).answer(&Ask::Plan, &call).unwrap());
    assert_eq!(again.changes, [], "what is packed needs no packing");
    performed
}

fn paths(scenario: &Scenario, names: &[&str]) -> Data {
    let root = scenario.path().display().to_string();
    names.iter().map(|name| format!("{root}/{name}")).collect::<Vec<_>>().into()
}

fn names(scenario: &Scenario, archive: &str) -> Vec<String> {
    let output = Command::new("tar").arg("tf").arg(scenario.path().join(archive)).output().unwrap();
    let mut names: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn folders_become_archives() {
    let scenario = Scenario::new(TREE);
    for (format, dest) in
        [("gz", "a.tgz"), ("tar", "a.tar"), ("bz2", "a.tar.bz2"), ("xz", "a.tar.xz")]
    {
        let args = [
            ("path", paths(&scenario, &["src"])),
            ("dest", format!("$T/{dest}").into()),
            ("format", format.into()),
        ];
        let packed = run(&scenario, &args);
        assert!(packed.changed && packed.results["dest_state"].as_str() == Some("archive"));
        assert_eq!(
            names(&scenario, dest),
            ["src/a.txt", "src/l", "src/sub/", "src/sub/b.txt", "src/x.log"]
        );
        assert_eq!(packed.results["archived"].as_list().unwrap().len(), 5);
    }
    // Another content makes it be packed again.
    fs::write(scenario.path().join("src/a.txt"), "new").unwrap();
    let args = [("path", paths(&scenario, &["src"])), ("dest", "$T/a.tgz".into())];
    assert!(run(&scenario, &args).changed);
    fs::remove_file(scenario.path().join("src/x.log")).unwrap();
    assert!(run(&scenario, &args).changed);
    let slash = [("path", paths(&scenario, &["src/"])), ("dest", "$T/s.tgz".into())];
    run(&scenario, &slash);
    assert_eq!(names(&scenario, "s.tgz"), ["a.txt", "l", "sub/", "sub/b.txt"]);
}

#[test]
fn a_single_file_is_compressed() {
    let scenario = Scenario::new(TREE);
    let args = [("path", paths(&scenario, &["src/a.txt"]))];
    let packed = run(&scenario, &args);
    assert_eq!(packed.results["dest_state"].as_str(), Some("compress"));
    let told =
        Command::new("gzip").arg("-dc").arg(scenario.path().join("src/a.txt.gz")).output().unwrap();
    assert_eq!(told.stdout, b"one");
    let forced = [
        ("path", paths(&scenario, &["src/a.txt"])),
        ("dest", "$T/f.tgz".into()),
        ("force_archive", true.into()),
    ];
    run(&scenario, &forced);
    assert_eq!(names(&scenario, "f.tgz"), ["a.txt"]);
    let removed = [
        ("path", paths(&scenario, &["src/x.log"])),
        ("format", "bz2".into()),
        ("remove", true.into()),
    ];
    assert!(run(&scenario, &removed).changed);
    assert!(
        !scenario.path().join("src/x.log").exists()
            && scenario.path().join("src/x.log.bz2").exists()
    );
}

#[test]
fn patterns_choose_and_leave_out() {
    let scenario = Scenario::new(TREE);
    let args = [
        ("path", paths(&scenario, &["src/*", "b", "none"])),
        ("dest", "$T/many.tgz".into()),
        ("exclude_path", paths(&scenario, &["src/sub"])),
        ("exclusion_patterns", vec!["*.log"].into()),
    ];
    let packed = run(&scenario, &args);
    assert_eq!(names(&scenario, "many.tgz"), ["b/c", "src/a.txt", "src/l"]);
    assert_eq!(packed.results["dest_state"].as_str(), Some("incomplete"));
    assert_eq!(packed.results["missing"], paths(&scenario, &["none"]));
    let nothing = [("path", paths(&scenario, &["none"])), ("dest", "$T/n.tgz".into())];
    assert!(!run(&scenario, &nothing).changed);
    let several = [("path", paths(&scenario, &["src/a.txt", "b"]))];
    scenario.fails(
        "archive",
        &several,
        "`dest` must be given where several files or a folder are packed",
    );
}

#[test]
fn zip_is_compared_by_sizes_and_times() {
    let scenario = Scenario::new(TREE);
    let args = [
        ("path", paths(&scenario, &["src"])),
        ("dest", "$T/a.zip".into()),
        ("format", "zip".into()),
    ];
    assert!(run(&scenario, &args).changed);
    fs::write(scenario.path().join("src/a.txt"), "longer").unwrap();
    assert!(run(&scenario, &args).changed);
}
