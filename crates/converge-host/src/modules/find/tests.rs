use crate::data::Data;
use crate::modules::scenario::Scenario;

const TREE: &[&str] = &[
    "a.log=one\ntwo\n",
    "b.txt=bb!0600",
    ".hidden=h",
    "sub/",
    "sub/c.log=ccc",
    "sub/deep/",
    "sub/deep/d.log=d",
    "ln->sub",
];

#[track_caller]
fn check(more: &[(&str, Data)], want: &[&str]) {
    let scenario = Scenario::new(TREE);
    let mut args = vec![("paths", Data::from("$T"))];
    args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
    let told = scenario.run("find", &args);
    let root = format!("{}/", scenario.path().display());
    let got: Vec<String> = told.results["files"]
        .as_list()
        .unwrap()
        .iter()
        .map(|file| file.as_map().unwrap()["path"].as_str().unwrap().replace(&root, ""))
        .collect();
    assert_eq!(got, want);
    assert_eq!(told.results["matched"], Data::Int(want.len() as i64));
}

#[test]
fn conditions_choose() {
    check(&[], &["a.log", "b.txt"]);
    check(&[("patterns", "*.log".into())], &["a.log"]);
    check(&[("patterns", "*.log,*.txt".into()), ("excludes", "b*".into())], &["a.log"]);
    check(&[("patterns", "A|b".into()), ("use_regex", true.into())], &["b.txt"]);
    check(&[("hidden", true.into())], &[".hidden", "a.log", "b.txt"]);
    let recurse = ("recurse", Data::from(true));
    check(
        &[recurse.clone(), ("patterns", "*.log".into())],
        &["a.log", "sub/c.log", "sub/deep/d.log"],
    );
    check(&[recurse.clone(), ("depth", 2_i64.into())], &["a.log", "b.txt", "sub/c.log"]);
    check(&[("file_type", "directory".into()), recurse.clone()], &["sub", "sub/deep"]);
    check(&[("file_type", "link".into())], &["ln"]);
    check(&[("file_type", "any".into())], &["a.log", "b.txt", "ln", "sub"]);
    check(&[("size", "3".into()), recurse.clone()], &["a.log", "sub/c.log"]);
    check(&[("size", "-2".into())], &["b.txt"]);
    check(&[("age", "1h".into())], &[]);
    check(&[("age", "-1h".into())], &["a.log", "b.txt"]);
    check(&[("contains", "tw".into())], &["a.log"]);
    check(&[("contains", "wo".into())], &[]);
    check(&[("contains", "wo".into()), ("read_whole_file", true.into())], &["a.log"]);
    check(&[("mode", "0600".into())], &["b.txt"]);
    check(&[("mode", "0044".into()), ("exact_mode", false.into())], &["a.log"]);
    check(&[("limit", 1_i64.into())], &["a.log"]);
}

#[test]
fn what_is_found_is_described() {
    let scenario = Scenario::new(TREE);
    let args = [
        ("paths", Data::List(vec!["$T".into()])),
        ("patterns", "b.txt".into()),
        ("get_checksum", true.into()),
    ];
    let mut args = args.to_vec();
    args[0].1 = Data::from(format!("{},/no/such", scenario.path().display()));
    let told = scenario.run("find", &args);
    let file = told.results["files"].as_list().unwrap()[0].as_map().unwrap().clone();
    assert_eq!(file["mode"], "0600".into());
    assert_eq!(file["size"], 2_i64.into());
    assert_eq!(file["checksum"], "9a900f538965a426994e1e90600920aff0b4e8d2".into());
    assert_eq!((&file["isreg"], &file["roth"]), (&true.into(), &false.into()));
    assert_eq!(told.results["examined"], 5_i64.into());
    assert_eq!(
        told.results["skipped_paths"].as_map().unwrap()["/no/such"],
        "'/no/such' is not a directory".into()
    );
    assert!(told.warnings.len() == 1);
}
