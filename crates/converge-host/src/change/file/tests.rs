use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::{Before, FileChange, FileKind, FileState, Maker};
use crate::blob::Blob;
use crate::change::{Change, Effect, Sign, Text};
use crate::checksum::Algorithm;
use crate::host::real::Real;
use crate::host::{Command, Host, Look};
use crate::stop::Why;

fn of(kind: FileKind) -> FileState {
    FileState::of(kind)
}

fn content(text: &str) -> FileKind {
    FileKind::File(Blob::new(text.as_bytes()))
}

fn write(path: &Path, before: Before, text: &str) -> FileChange {
    FileChange::new(path, before, Some(of(content(text))))
}

#[track_caller]
fn refused(change: &FileChange, want: &str) {
    let got = change.perform(&Real::new()).unwrap_err().to_string();
    assert!(got.contains(want), "{got}");
}

fn names(folder: &Path) -> Vec<String> {
    Real::new().list(folder).unwrap()
}

#[test]
fn a_file_takes_the_place_of_another_at_once() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("f");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    write(&path, Before::Is(of(content("old"))), "new").perform(&Real::new()).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_ne!(meta.ino(), inode, "it is another file, not the old one written over");
    assert_eq!((meta.mode() & 0o7777, fs::read_to_string(&path).unwrap()), (0o640, "new".into()));
    assert_eq!(names(root.path()), ["f"]);
}

#[test]
fn attributes_alone_write_nothing() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("f");
    fs::write(&path, "same").unwrap();
    let (inode, before) = (fs::metadata(&path).unwrap().ino(), Before::Is(of(content("same"))));
    let after = FileState { mode: Some(0o600), ..of(content("same")) };
    FileChange::new(&path, before, Some(after)).perform(&Real::new()).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.ino(), meta.mode() & 0o7777), (inode, 0o600));
}

#[test]
fn what_moved_is_left_alone_and_named() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::write(at("f"), "now").unwrap();
    fs::create_dir_all(at("d/more")).unwrap();
    symlink("now", at("l")).unwrap();
    let was = |kind| Before::Is(of(kind));
    refused(
        &write(&at("f"), Before::Absent, "x"),
        "was absent when this was planned and is a file now",
    );
    refused(&write(&at("f"), was(content("then")), "x"), "nothing was done to it");
    refused(
        &write(&at("d"), was(content("then")), "x"),
        "was a file when this was planned and is a directory now",
    );
    refused(
        &write(&at("no"), was(content("then")), "x"),
        "was a file when this was planned and is absent now",
    );
    refused(
        &FileChange::new(at("l"), was(FileKind::Link("then".into())), None),
        "was a link to `then`",
    );
    refused(&FileChange::new(at("d"), was(FileKind::Dir), None), "was a directory with 0 entries");
    assert_eq!(fs::read_to_string(at("f")).unwrap(), "now");
    assert!(at("d/more").exists() && !at("no").exists());
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let root = tempfile::tempdir().unwrap();
    let disk = root.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&disk)
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        // Only root may mount; the tests of the fleet fill real disks.
        return;
    }
    let path = disk.join("f");
    fs::write(&path, "old").unwrap();
    let large = "x".repeat(1 << 20);
    let result = write(&path, Before::Is(of(content("old"))), &large).perform(&Real::new());
    let (text, left) = (fs::read_to_string(&path).unwrap(), names(&disk));
    assert!(std::process::Command::new("umount").arg(&disk).status().unwrap().success());
    let failed = result.unwrap_err().to_string();
    assert!(failed.contains("no space left on device"), "{failed}");
    assert_eq!((text.as_str(), left), ("old", vec!["f".to_owned()]));
}

#[test]
fn what_can_not_be_replaced_is_written_into_only_where_that_is_allowed() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::write(at("source"), "old").unwrap();
    fs::write(at("f"), "").unwrap();
    let mount =
        std::process::Command::new("mount").arg("--bind").arg(at("source")).arg(at("f")).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let mut change = write(&at("f"), Before::Is(of(content("old"))), "new");
    let refused = change.perform(&Real::new());
    change.unsafe_writes = true;
    let written = change.perform(&Real::new());
    assert!(std::process::Command::new("umount").arg(at("f")).status().unwrap().success());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("`unsafe_writes: true` writes into"), "{refused}");
    written.unwrap();
    assert_eq!(fs::read_to_string(at("source")).unwrap(), "new");
    assert_eq!(names(root.path()), ["f", "source"]);
}

#[test]
fn a_link_that_appears_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::write(at("secret"), "s").unwrap();
    fs::set_permissions(at("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("secret", at("f")).unwrap();
    let after = FileState { mode: Some(0o666), ..of(FileKind::Untouched) };
    let before = Before::Unknown(crate::stop::Why("a package".into()));
    let change = FileChange::new(at("f"), before, Some(after));
    // The bits of a link mean nothing, and those of the file behind it stay.
    change.perform(&Real::new()).unwrap();
    assert_eq!(fs::metadata(at("secret")).unwrap().mode() & 0o7777, 0o600);
    let replace = FileChange::new(
        at("f"),
        Before::Is(of(FileKind::Link("secret".into()))),
        Some(of(content("x"))),
    );
    replace.perform(&Real::new()).unwrap();
    assert_eq!(fs::read_to_string(at("secret")).unwrap(), "s");
    assert!(matches!(Real::new().look(&at("f")).unwrap(), Look::Is(node) if node.mode != 0o600));
}

#[test]
fn a_change_says_what_it_does() {
    let state = |kind, mode| FileState { mode: Some(mode), ..FileState::of(kind) };
    let was = |kind, mode| Before::Is(state(kind, mode));
    let check = |before, after, sign: Sign, facts: &[&str]| {
        let description = FileChange::new("/f", before, after).describe();
        assert_eq!(description.sign, sign);
        assert_eq!(description.facts, facts);
        description.diff.map(|diff| (diff.before, diff.after))
    };
    let known = |text: &str| Text::Known(text.into());
    assert_eq!(
        check(
            was(content("a"), 0o644),
            Some(state(content("b"), 0o600)),
            Sign::Modify,
            &["mode 0644 → 0600"]
        ),
        Some((known("a"), known("b")))
    );
    assert_eq!(
        check(Before::Absent, Some(state(content("b"), 0o600)), Sign::Create, &["mode 0600"]),
        Some((Text::Absent, known("b")))
    );
    assert_eq!(
        check(was(content("a"), 0o600), None, Sign::Remove, &[]),
        Some((known("a"), Text::Absent))
    );
    let binary = FileKind::File(Blob::new(&b"\0\x01"[..]));
    let diff = check(was(binary, 0o600), Some(state(content("b"), 0o600)), Sign::Modify, &[]);
    assert!(matches!(diff, Some((Text::Binary(digest, 2), _)) if digest.len() == 12));
    let link = |target: &str| FileState::of(FileKind::Link(target.into()));
    assert_eq!(
        check(Before::Is(link("a")), Some(link("b")), Sign::Modify, &["link to a → link to b"]),
        None
    );
    assert_eq!(
        check(
            was(FileKind::Untouched, 0o600),
            Some(link("b")),
            Sign::Modify,
            &["file → link to b"]
        ),
        None
    );
    assert_eq!(
        check(
            Before::Absent,
            Some(state(FileKind::Dir, 0o755)),
            Sign::Create,
            &["directory", "mode 0755"]
        ),
        None
    );
    let removed =
        FileChange { contents: 3, ..FileChange::new("/d", was(FileKind::Dir, 0o755), None) };
    assert_eq!(removed.describe().facts, ["directory with 3 entries"]);
    assert_eq!(removed.invert(), None, "what was in it is gone");
}

#[test]
fn what_is_taken_back_needs_its_bytes() {
    let large = Blob { bytes: None, ..Blob::new(&b"large"[..]) };
    let was = |kind| Before::Is(of(kind));
    let lost = FileChange::new("/f", was(FileKind::File(large)), Some(of(content("b"))));
    assert_eq!(lost.invert(), None);
    let made = FileChange::new("/d", Before::Absent, Some(of(FileKind::Dir)));
    let Some(Change::File(inverse)) = made.invert() else { panic!("a directory can go again") };
    assert_eq!((inverse.after.is_none(), inverse.contents), (true, 0));
    let kept = FileChange::new("/f", was(content("a")), Some(of(content("b"))));
    let Some(Change::File(inverse)) = kept.invert() else { panic!("the bytes are known") };
    assert_eq!(inverse.after, Some(of(content("a"))));
}

fn made(path: &Path, before: Before, argv: &[&str]) -> FileChange {
    let maker = Maker {
        command: Command::new(argv.iter().copied()),
        shown: "make it".into(),
        ..Maker::default()
    };
    let after = FileState::of(FileKind::Open(Why("it is made".into())));
    FileChange { maker: Some(Box::new(maker)), ..FileChange::new(path, before, Some(after)) }
}

#[test]
fn a_program_makes_a_content() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("f");
    let real = Real::new();
    for argv in [&["printf", "made"][..], &["sh", "-c", "printf made >\"$1\"", "sh", "%s"]] {
        let told = made(&path, Before::Absent, argv).perform(&real).unwrap();
        assert!(!told.contains_key("unchanged"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "made");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::write(&path, "made").unwrap();
    let there = || Before::Is(FileState::of(FileKind::Untouched));
    let told = made(&path, there(), &["printf", "made"]).perform(&real).unwrap();
    assert!(told.contains_key("unchanged"), "the content was there already");
    let failed = made(&path, there(), &["sh", "-c", "echo no >&2; exit 1"]).perform(&real);
    assert_eq!(failed.unwrap_err().to_string(), "can't make it: no");
    let mut checked = made(&path, there(), &["printf", "other"]);
    let wanted = (Algorithm::Md5, Algorithm::Md5.of(b"made"));
    checked.maker.as_mut().unwrap().checksum = Some(wanted);
    let failed = checked.perform(&real).unwrap_err().to_string();
    assert!(failed.contains("its checksum is"), "{failed}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "made", "nothing was put there");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1, "nothing is left");
}
