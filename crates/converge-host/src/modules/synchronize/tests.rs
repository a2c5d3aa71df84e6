//! `synchronize` on real folders.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::answer::Answerer;
use crate::data::Data;
use crate::host::real::Real;
use crate::modules::scenario::Scenario;
use crate::modules::synchronize::gather_for;
use crate::wire::{Ask, Reply};

/// What the controller makes of arguments: the tree in place of the path.
fn args<'a>(
    scenario: &Scenario,
    src: &str,
    dest: &str,
    more: &[(&'a str, Data)],
) -> Vec<(&'a str, Data)> {
    let mut args = vec![("src", src.into()), ("dest", dest.into())];
    args.extend(more.iter().cloned());
    let call = scenario.call("synchronize", &args);
    let path = call.args["src"].as_str().unwrap().to_owned();
    let gathered = gather_for(&call.args, path.as_ref(), &Real::new()).unwrap();
    args[0].1 = Data::Tree(gathered.tree);
    args
}

fn told(done: &crate::wire::Done) -> Vec<&str> {
    done.results["stdout_lines"].as_list().unwrap().iter().filter_map(Data::as_str).collect()
}

/// Files of other times than those that are made by the test.
fn aged(scenario: &Scenario, names: &[&str]) {
    for name in names {
        let file = fs::File::options().append(true).open(scenario.path().join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)).unwrap();
    }
}

const TREE: &[&str] =
    &["s/", "s/a=A!0640", "s/sub/!0750", "s/sub/b=B", "s/l->a", "s/.git/", "s/.git/x=x"];

#[test]
fn a_folder_becomes_like_another() {
    let scenario = Scenario::new(TREE);
    aged(&scenario, &["s/a", "s/sub/b"]);
    let done = scenario.run("synchronize", &args(&scenario, "$T/s", "$T/d", &[]));
    assert_eq!(
        told(&done),
        [
            "cd+++++++++ s/",
            "cd+++++++++ s/.git/",
            "<f+++++++++ s/.git/x",
            "<f+++++++++ s/a",
            "cL+++++++++ s/l -> a",
            "cd+++++++++ s/sub/",
            "<f+++++++++ s/sub/b",
        ]
    );
    let shape = scenario.real_shape();
    assert!(shape["d/s/a"].starts_with("0640 ") && shape["d/s/sub"].starts_with("0750 "));
    let modified =
        |name: &str| fs::metadata(scenario.path().join(name)).unwrap().modified().unwrap();
    assert_eq!(modified("d/s/a"), modified("s/a"));
    assert!(!scenario.run("synchronize", &args(&scenario, "$T/s", "$T/d/", &[])).changed);
}

#[test]
fn what_is_too_much_goes_unless_a_pattern_keeps_it() {
    let mut entries = TREE.to_vec();
    entries.extend([
        "d/",
        "d/old=x",
        "d/keep.log=x",
        "d/gone/",
        "d/gone/y=y",
        "d/part/",
        "d/part/z.log=z",
        "d/part/w=w",
    ]);
    let scenario = Scenario::new(&entries);
    let more = [
        ("delete", true.into()),
        ("rsync_opts", Data::from(vec!["--exclude=.git", "--exclude=*.log"])),
    ];
    let done = scenario.run("synchronize", &args(&scenario, "$T/s/", "$T/d/", &more));
    let deleted: Vec<&str> = told(&done).into_iter().filter(|line| line.starts_with('*')).collect();
    assert_eq!(deleted, ["*deleting   gone/", "*deleting   old", "*deleting   part/w"]);
    let shape = scenario.real_shape();
    let mut left: Vec<&str> = shape.keys().filter_map(|path| path.strip_prefix("d/")).collect();
    left.sort_unstable();
    assert_eq!(left, ["a", "keep.log", "l", "part", "part/z.log", "sub", "sub/b"]);
}

#[test]
fn only_what_differs_is_written() {
    let scenario = Scenario::new(&[
        "s/",
        "s/a=new",
        "s/b=same",
        "s/c=mode!0600",
        "d/",
        "d/a=old",
        "d/b=same",
        "d/c=mode",
    ]);
    aged(&scenario, &["s/a", "s/b", "s/c", "d/b", "d/c"]);
    let done = scenario.run("synchronize", &args(&scenario, "$T/s/", "$T/d", &[]));
    assert_eq!(told(&done), ["<f..t...... a", ".f...p..... c"]);
    assert_eq!(scenario.text("d/a"), "new");
    // The same size and time are taken for the same file, unless it is asked for otherwise.
    fs::write(scenario.path().join("d/b"), "else").unwrap();
    aged(&scenario, &["d/b"]);
    assert!(!scenario.run("synchronize", &args(&scenario, "$T/s/", "$T/d", &[])).changed);
    let exact = args(&scenario, "$T/s/", "$T/d", &[("checksum", true.into())]);
    assert_eq!(told(&scenario.run("synchronize", &exact)), ["<fc.t...... b"]);
}

#[test]
fn single_files_modes_and_what_is_there_already() {
    let scenario = Scenario::new(&["s/", "s/a=A", "s/sub/", "s/sub/b=B", "d/"]);
    let one = args(&scenario, "$T/s/a", "$T/d", &[]);
    assert_eq!(told(&scenario.run("synchronize", &one)), ["<f+++++++++ a"]);
    let named = args(
        &scenario,
        "$T/s/a",
        "$T/d/other",
        &[("rsync_opts", Data::from(vec!["--chmod=F600"]))],
    );
    scenario.run("synchronize", &named);
    assert!(scenario.real_shape()["d/other"].starts_with("0600 "));
    let existing = args(&scenario, "$T/s/", "$T/d", &[("existing_only", true.into())]);
    scenario.run("synchronize", &existing);
    assert!(!scenario.path().join("d/sub").exists());
    let flat =
        args(&scenario, "$T/s/", "$T/e", &[("archive", false.into()), ("dirs", true.into())]);
    scenario.run("synchronize", &flat);
    assert!(scenario.path().join("e/sub").is_dir() && !scenario.path().join("e/sub/b").exists());
    let nothing = args(&scenario, "$T/s/", "$T/f", &[("archive", false.into())]);
    assert!(!scenario.run("synchronize", &nothing).changed);
}

#[test]
fn both_sides_may_be_on_the_host() {
    let scenario = Scenario::new(TREE);
    let on_host = [("src", "$T/s/".into()), ("dest", "$T/d".into()), ("_on_host", true.into())];
    assert!(told(&scenario.run("synchronize", &on_host)).contains(&">f+++++++++ a"));
    // Nobody else has the bytes of a long content.
    fs::write(scenario.path().join("s/large"), vec![b'x'; 100_000]).unwrap();
    let call = scenario.call("synchronize", &on_host);
    let perform = Ask::Perform { gate: false, reviewed: None };
    let reply = Answerer::new(Real::new()).answer(&perform, &call).unwrap();
    assert!(matches!(reply, Reply::Done(done) if done.changed));
    assert_eq!(fs::read(scenario.path().join("d/large")).unwrap().len(), 100_000);
}

#[test]
fn a_folder_says_what_is_left_out_of_it() {
    let scenario = Scenario::new(&[
        "s/",
        "s/a.o=A",
        "s/sub/",
        "s/sub/.rsync-filter=- *.o\n",
        "s/sub/b.o=B",
        "s/sub/c=C",
    ]);
    scenario.run("synchronize", &args(&scenario, "$T/s/", "$T/d", &[]));
    let shape = scenario.real_shape();
    assert!(
        shape.contains_key("d/a.o")
            && shape.contains_key("d/sub/c")
            && !shape.contains_key("d/sub/b.o")
    );
}

#[test]
fn what_can_not_be_is_a_failure() {
    let scenario = Scenario::new(&["s/", "s/a=A", "d/", "d/a/", "d/a/b=B"]);
    let fails = |args: &[(&str, Data)], want: &str| scenario.fails("synchronize", args, want);
    fails(
        &args(&scenario, "$T/s/", "$T/d", &[]),
        "can't write `$T/d/a`: a directory is there, and it is not empty",
    );
    fails(
        &args(&scenario, "$T/s/", "$T/no/d", &[]),
        "can't write `$T/no/d`: there is no directory `$T/no`; make it first, or give `--mkpath` in `rsync_opts`",
    );
    let with = |name: &'static str, value: Data| {
        vec![
            ("src", "$T/s".into()),
            ("dest", "$T/d".into()),
            ("_on_host", true.into()),
            (name, value),
        ]
    };
    fails(
        &with("rsync_opts", vec!["--backup"].into()),
        "invalid arguments of `synchronize`: argument `rsync_opts` takes options of rsync, not `--backup`, an option of rsync that converge does not know",
    );
    fails(
        &with("rsync_path", "sudo rsync".into()),
        "`rsync_path: sudo rsync` asks for root on the host, and converge runs no rsync there: write `become: true`",
    );
    fails(&with("link_dest", "/x".into()), "`link_dest` is not supported: hard links are not made");
}
