use std::process::Command;

use crate::answer::Answerer;
use crate::change::Change;
use crate::data::Data;
use crate::host::real::Real;
use crate::modules::scenario::{Scenario, done};
use crate::wire::{Ask, Done};

/// A repository with two revisions on `main`, the tag `v1` on the first, and a branch `side` with a third.
struct Repository {
    scenario: Scenario,
}

impl Repository {
    fn new() -> Self {
        let own = Self { scenario: Scenario::new(&["r/"]).never_done() };
        own.git(&["init", "--quiet", "--initial-branch=main"]);
        own.commit("one");
        own.git(&["tag", "-a", "-m", "tagged", "v1"]);
        own.commit("two");
        own.git(&["checkout", "--quiet", "-b", "side", "v1"]);
        own.commit("three");
        own.git(&["checkout", "--quiet", "main"]);
        own
    }

    fn git(&self, words: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.scenario.path().join("r"))
            .args(["-c", "user.name=n", "-c", "user.email=e@x"])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, text: &str) {
        std::fs::write(self.scenario.path().join("r/f"), text).unwrap();
        self.git(&["add", "f"]);
        self.git(&["commit", "--quiet", "-m", text]);
    }

    fn at(&self, name: &str) -> Data {
        self.git(&["rev-parse", &format!("{name}^{{commit}}")]).into()
    }

    #[track_caller]
    fn run(&self, version: &str, more: &[(&str, Data)]) -> Done {
        let mut args = vec![("repo", Data::from("file://$T/r")), ("dest", "$T/sub/w".into())];
        args.push(("version", version.into()));
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        self.scenario.run("git", &args)
    }

    fn text(&self) -> String {
        self.scenario.text("sub/w/f")
    }
}

#[test]
fn a_working_copy_is_made_and_moves() {
    let repository = Repository::new();
    let told = repository.run("HEAD", &[]);
    assert_eq!(told.results["before"], Data::Null);
    assert_eq!(told.results["after"], repository.at("main"));
    assert_eq!(repository.text(), "two");
    let Change::Tool(tool) = told.changes.last().unwrap() else { panic!() };
    assert!(tool.facts[0].starts_with("HEAD ("), "{:?}", tool.facts);
    assert!(!repository.run("HEAD", &[]).changed);
    repository.commit("four");
    let told = repository.run("HEAD", &[]);
    assert_eq!(
        (&told.results["after"], repository.text().as_str()),
        (&repository.at("main"), "four")
    );
    for (version, text) in [("v1", "one"), ("side", "three"), ("main", "four")] {
        let told = repository.run(version, &[]);
        assert!(told.changed);
        assert_eq!(told.results["after"], repository.at(version), "{version}");
        assert_eq!(repository.text(), text);
        assert!(!repository.run(version, &[]).changed);
    }
    let revision = repository.git(&["rev-parse", "side"]);
    assert_eq!(repository.run(&revision, &[]).results["after"], revision.as_str().into());
    assert!(!repository.run(&revision[..10], &[]).changed);
    assert!(!repository.run("main", &[("update", false.into())]).changed);
}

#[test]
fn what_somebody_changed_is_kept_or_thrown_away() {
    let repository = Repository::new();
    repository.run("main", &[]);
    std::fs::write(repository.scenario.path().join("sub/w/f"), "mine").unwrap();
    let args = [("repo", "file://$T/r".into()), ("dest", "$T/sub/w".into())];
    repository.scenario.fails(
        "git",
        &args,
        "Local modifications exist in the destination: $T/sub/w (force=no)",
    );
    let told = repository.run("main", &[("force", true.into())]);
    assert!(told.changed);
    assert_eq!(repository.text(), "two");
}

#[test]
fn a_copy_may_be_shallow_or_bare() {
    let repository = Repository::new();
    repository.run("side", &[("depth", 1_i64.into()), ("single_branch", true.into())]);
    assert_eq!(repository.text(), "three");
    let shallow = repository.scenario.path().join("sub/w/.git/shallow");
    assert!(shallow.exists());
    repository.git(&["checkout", "--quiet", "side"]);
    repository.commit("five");
    repository.run("side", &[("depth", 1_i64.into())]);
    assert_eq!(repository.text(), "five");
    let bare = Repository::new();
    bare.run("HEAD", &[("bare", true.into())]);
    assert!(bare.scenario.path().join("sub/w/HEAD").exists());
    assert!(!bare.run("HEAD", &[("bare", true.into())]).changed);
    bare.commit("six");
    let told = bare.run("HEAD", &[("bare", true.into())]);
    assert_eq!(told.results["after"], bare.at("main"));
}

#[test]
fn what_can_not_be_had_is_named() {
    let repository = Repository::new();
    let scenario = &repository.scenario;
    let url = "file://$T/r";
    scenario.fails(
        "git",
        &[("repo", url.into()), ("dest", "$T/w".into()), ("version", "nope".into())],
        "`file://$T/r` has no branch and no tag `nope`",
    );
    std::fs::create_dir(scenario.path().join("full")).unwrap();
    std::fs::write(scenario.path().join("full/x"), "").unwrap();
    scenario.fails(
        "git",
        &[("repo", url.into()), ("dest", "$T/full".into())],
        "can't clone into `$T/full`: the directory is not empty and no working copy",
    );
    let call = scenario
        .call("git", &[("repo", url.into()), ("dest", "$T/w".into()), ("clone", false.into())]);
    let planned = done(Answerer::new(Real::new()).answer(&Ask::Plan, &call).unwrap());
    assert_eq!(planned.changes, []);
}
