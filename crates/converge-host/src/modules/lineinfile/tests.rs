use crate::data::Data;
use crate::modules::scenario::Scenario;

const TEXT: &str = "f=a=1\nb=2\n#c=3\nb=4";

#[track_caller]
fn check(entry: &str, args: &[(&str, &str)], want: &str, msg: &str) {
    let scenario = Scenario::new(&[entry]);
    let mut all: Vec<(&str, Data)> = vec![("path", "$T/f".into())];
    all.extend(args.iter().map(|(key, text)| (*key, Data::from(*text))));
    let done = scenario.run("lineinfile", &all);
    assert_eq!(scenario.text("f"), want);
    assert_eq!(done.results["msg"], Data::from(msg));
    assert_eq!(done.changed, !msg.is_empty());
}

#[track_caller]
fn fails(args: &[(&str, &str)], want: &str) {
    let args: Vec<_> = args.iter().map(|(key, text)| (*key, Data::from(*text))).collect();
    Scenario::new(&[TEXT, "d/"]).fails("lineinfile", &args, want);
}

#[test]
fn a_line_is_added() {
    let add = |args: &[(&str, &str)], want: &str| check(TEXT, args, want, "line added");
    add(&[("line", "z")], "a=1\nb=2\n#c=3\nb=4\nz\n");
    add(&[("value", "z"), ("insertafter", "EOF")], "a=1\nb=2\n#c=3\nb=4\nz\n");
    add(&[("line", "z"), ("insertafter", "^b=")], "a=1\nb=2\n#c=3\nb=4\nz\n");
    add(&[("line", "z"), ("insertafter", "^b="), ("firstmatch", "yes")], "a=1\nb=2\nz\n#c=3\nb=4");
    add(&[("line", "z"), ("insertbefore", "^b=")], "a=1\nb=2\n#c=3\nz\nb=4");
    add(&[("line", "z"), ("insertbefore", "^b="), ("firstmatch", "yes")], "a=1\nz\nb=2\n#c=3\nb=4");
    add(&[("line", "z"), ("insertbefore", "BOF")], "z\na=1\nb=2\n#c=3\nb=4");
    add(&[("line", "z"), ("insertafter", "BOF")], "z\na=1\nb=2\n#c=3\nb=4");
    add(&[("line", "z"), ("insertbefore", "EOF")], "a=1\nb=2\n#c=3\nb=4\nz\n");
    add(&[("line", "z"), ("insertafter", "never")], "a=1\nb=2\n#c=3\nb=4\nz\n");
    add(&[("line", "z"), ("regexp", "^z"), ("insertafter", "^a")], "a=1\nz\nb=2\n#c=3\nb=4");
    check("f=", &[("line", "z")], "z\n", "line added");
    check("f=x\r\ny\r\n", &[("line", "z")], "x\r\ny\r\nz\n", "line added");
}

#[test]
fn a_line_is_replaced() {
    let replace = |args: &[(&str, &str)], want: &str| check(TEXT, args, want, "line replaced");
    replace(&[("line", "b=5"), ("regexp", "^b=")], "a=1\nb=2\n#c=3\nb=5\n");
    replace(&[("line", "b=5"), ("regexp", "^b="), ("firstmatch", "yes")], "a=1\nb=5\n#c=3\nb=4");
    replace(&[("line", "c=9"), ("regex", "^#?c=")], "a=1\nb=2\nc=9\nb=4");
    replace(&[("line", "c=9"), ("search_string", "c=")], "a=1\nb=2\nc=9\nb=4");
    replace(
        &[("line", r"a=x\1\g<v>"), ("regexp", r"^a=(?P<v>\d)$"), ("backrefs", "yes")],
        "a=x11\nb=2\n#c=3\nb=4",
    );
    replace(&[("line", r"a=\1"), ("regexp", "^a=(.*)")], "a=\\1\nb=2\n#c=3\nb=4");
    check("f=a", &[("line", "a")], "a\n", "line replaced");
    check("f=y\r\nz\r\n", &[("line", "y")], "y\nz\r\n", "line replaced");
}

#[test]
fn a_line_that_is_there_is_left_alone() {
    let same = |args: &[(&str, &str)]| check(TEXT, args, "a=1\nb=2\n#c=3\nb=4", "");
    same(&[("line", "a=1")]);
    same(&[("line", "a=1"), ("regexp", "^a=")]);
    same(&[("line", "b=2"), ("regexp", "^never")]);
    same(&[("line", "b=2"), ("insertafter", "^a"), ("firstmatch", "yes")]);
    same(&[("line", r"\1"), ("regexp", "^(never)"), ("backrefs", "yes")]);
}

#[test]
fn lines_are_removed() {
    let remove = |args: &[(&str, &str)], want: &str, msg: &str| {
        let args: Vec<_> = args.iter().copied().chain([("state", "absent")]).collect();
        check(TEXT, &args, want, msg);
    };
    remove(&[("regexp", "^b=")], "a=1\n#c=3\n", "2 line(s) removed");
    remove(&[("line", "#c=3")], "a=1\nb=2\nb=4", "1 line(s) removed");
    remove(&[("search_string", "=")], "", "4 line(s) removed");
    remove(&[("line", "b")], "a=1\nb=2\n#c=3\nb=4", "");
    let scenario = Scenario::new(&[]);
    let args = [("path", "$T/no".into()), ("line", "x".into()), ("state", "absent".into())];
    assert_eq!(scenario.run("lineinfile", &args).results["msg"], Data::from("file not present"));
}

#[test]
fn the_file_keeps_what_is_not_about_the_line() {
    let scenario = Scenario::new(&["f=a!0600", "l->f"]);
    let done = scenario.run(
        "lineinfile",
        &[("path", "$T/l".into()), ("line", "b".into()), ("backup", true.into())],
    );
    assert!(scenario.real_shape()["f"].starts_with("0600"), "{:?}", scenario.real_shape());
    assert!(scenario.real_shape()["l"].ends_with("-> f"));
    let backup = done.results["backup"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(backup).unwrap(), "a");

    let scenario = Scenario::new(&["f=a\n"]);
    let args = [("path", "$T/f".into()), ("line", "a".into()), ("mode", "0640".into())];
    assert_eq!(scenario.run("lineinfile", &args).results["msg"], Data::from("attributes changed"));
    let scenario = Scenario::new(&[]);
    let create = [("path", "$T/n/f".into()), ("line", "a".into()), ("create", true.into())];
    scenario.run("lineinfile", &create);
    assert_eq!(scenario.text("n/f"), "a\n");
}

#[test]
fn bytes_that_are_no_text_survive() {
    let scenario = Scenario::new(&["f="]);
    std::fs::write(scenario.path().join("f"), b"caf\xe9 1\nx\n").unwrap();
    let args = [("path", "$T/f".into()), ("regexp", "1$".into()), ("line", "né".into())];
    scenario.run("lineinfile", &args);
    assert_eq!(std::fs::read(scenario.path().join("f")).unwrap(), "né\nx\n".as_bytes());
    std::fs::write(scenario.path().join("f"), b"caf\xe9 1\nx\n").unwrap();
    scenario.run("lineinfile", &[("path", "$T/f".into()), ("line", "né".into())]);
    assert_eq!(std::fs::read(scenario.path().join("f")).unwrap(), b"caf\xe9 1\nx\nn\xc3\xa9\n");
}

#[test]
fn mistakes_are_named() {
    fails(
        &[("path", "$T/no"), ("line", "x")],
        "there is no file `$T/no`; `create: true` makes one",
    );
    fails(&[("path", "$T/d"), ("line", "x")], "`$T/d` is a directory");
    fails(&[("path", "$T/f")], "`line` must say which line is to be present");
    fails(
        &[("path", "$T/f"), ("line", "x"), ("backrefs", "yes")],
        "`backrefs` takes groups from `regexp`, which is not given",
    );
    fails(
        &[("path", "$T/f"), ("state", "absent")],
        "`line`, `regexp` or `search_string` must say which lines are to be absent",
    );
    fails(
        &[("path", "$T/f"), ("line", "x"), ("insertafter", "a"), ("insertbefore", "b")],
        "invalid arguments of `lineinfile`: `insertbefore`, `insertafter` exclude each other",
    );
    let scenario = Scenario::new(&[TEXT]);
    let args = [("path", "$T/f".into()), ("line", "x".into()), ("regexp", "zzz(".into())];
    let call = scenario.call("lineinfile", &args);
    let mut answerer = crate::answer::Answerer::new(crate::host::real::Real::new());
    match answerer.answer(&crate::wire::Ask::Plan, &call).unwrap() {
        crate::wire::Reply::Failed(failure, _) => {
            assert!(failure.msg.contains("`zzz(`"), "{}", failure.msg);
        }
        other => panic!("{other:?}"),
    }
}
