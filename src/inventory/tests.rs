//! Whole inventories, against what ansible-core was seen to make of the same files.

use std::path::{Path, PathBuf};

use crate::inventory::{Host, Inventory, Origin, default, find, names};
use crate::project::{Loader, Memory};
use crate::yaml::{Kind, Node};

const FILES: [(&str, &str); 35] = [
    (
        "/p/inv/01.ini",
        "[web]\nh1 v=inihost\nh2\n[web:vars]\nv=iniweb\ne=iniweb\n[prod:children]\nweb\n[prod:vars]\ne=iniprod\np=iniprod\n[all:vars]\nv=iniall\n",
    ),
    ("/p/inv/02.yml", "db: {hosts: {h3: {}, h2: {}}, vars: {e: ydb}}\n"),
    ("/p/inv/hosts", "h9\n"),
    ("/p/inv/x.cfg", "h10\n"),
    ("/p/inv/y.md", "h11\n"),
    ("/p/inv/z.txt", "h12\n"),
    ("/p/inv/z.bak", "h13\n"),
    ("/p/inv/.h", "h14\n"),
    ("/p/inv/z.json~", "h15\n"),
    ("/p/inv/q.orig", "h16\n"),
    ("/p/inv/q.retry", "h17\n"),
    ("/p/inv/r.json", "{\"all\": {\"hosts\": {\"h18\": {}}}}"),
    ("/p/inv/sub/s", "h19\n"),
    ("/p/inv/sub/group_vars/all.yml", "sub: {x: 1}\n"),
    ("/p/inv/vars_plugins/x", "h21\n"),
    ("/p/inv/w.ini", "h22\n"),
    ("/p/inv/group_vars/web/b.yml", "a: webdir\n"),
    ("/p/inv/group_vars/web/a.yml", "a: webdira\n"),
    ("/p/inv/group_vars/web/.c.yml", "a2: hidden\n"),
    ("/p/inv/group_vars/web/zz", "a3: noext\n"),
    ("/p/inv/group_vars/web/zz.txt", "a4: txt\n"),
    ("/p/inv/group_vars/web/zz.yml~", "a5: tilde\n"),
    ("/p/inv/group_vars/web.yml", "c: webyml\n"),
    ("/p/inv/group_vars/prod/sub/x.yaml", "p1: sub\n"),
    ("/p/inv/group_vars/prod/x.json", "{\"p2\": \"json\"}"),
    ("/p/inv/group_vars/all", "o: allinv\n"),
    ("/p/inv/group_vars/all.yml", "o2: allyml\n"),
    ("/p/inv/group_vars/db.yaml", "ya: yaml\n"),
    ("/p/inv/group_vars/db.yml", "yb: yml\n"),
    ("/p/inv/group_vars/ungrouped.yml", "un: 1\n"),
    ("/p/inv/host_vars/h1.yml", "hv: host\n"),
    ("/p/inv/host_vars/h9", "c: h\n"),
    ("/p/pb/host_vars/h1.yml", "hv: pbhost\n"),
    ("/p/pb/group_vars/all.yml", "o: allpb\n"),
    ("/p/pb/group_vars/web.yml", "a: webpb\n"),
];

fn load(loader: &Loader, path: &str) -> Inventory {
    let (inventory, diagnostics) = Inventory::load(&[Origin::Path(path.into())], loader);
    assert_eq!(diagnostics, []);
    inventory
}

fn show(node: &Node) -> String {
    match &node.kind {
        Kind::Str(text, _) => text.to_string(),
        Kind::Int(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// The winning variables, by name.
fn vars(inventory: &Inventory, host: &Host, loader: &Loader) -> String {
    let (variables, diagnostics) = inventory.vars_for(host, Some(Path::new("/p/pb")), loader);
    assert_eq!(diagnostics, []);
    let mut winners = std::collections::BTreeMap::new();
    for variable in variables {
        winners.insert(variable.name, variable.value);
    }
    winners
        .iter()
        .map(|(name, value)| format!("{name}={}", show(value)))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_folder_of_inventories() {
    let loader = Loader::over("/p", Memory::new(FILES));
    let inventory = load(&loader, "/p/inv");
    let hosts: Vec<_> = inventory.hosts_in("all").iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["h18", "h9", "h19", "h22", "h3", "h2", "h1"]);
    let host = |name: &str| vars(&inventory, inventory.host(name).unwrap(), &loader);
    assert_eq!(host("h18"), "o=allpb un=1 v=iniall");
    assert_eq!(host("h9"), "c=h o=allpb un=1 v=iniall");
    assert_eq!(host("h3"), "e=ydb o=allpb v=iniall yb=yml");
    assert_eq!(
        host("h2"),
        "a=webpb a3=noext e=iniweb o=allpb p=iniprod p1=sub p2=json v=iniweb yb=yml"
    );
    assert_eq!(
        host("h1"),
        "a=webpb a3=noext e=iniweb hv=pbhost o=allpb p=iniprod p1=sub p2=json v=inihost"
    );
    assert_eq!(vars(&inventory, &Host::implicit("localhost"), &loader), "o=allpb v=iniall");
}

#[test]
fn every_variable_knows_where_it_comes_from() {
    let loader = Loader::over("/p", Memory::new(FILES));
    let inventory = load(&loader, "/p/inv");
    let (variables, _) =
        inventory.vars_for(inventory.host("h1").unwrap(), Some(Path::new("/p/pb")), &loader);
    let story = |name: &str| {
        let found = variables.iter().filter(|variable| &*variable.name == name);
        found.map(|variable| format!("{} {}", variable.at, variable.layer)).collect::<Vec<_>>()
    };
    assert_eq!(
        story("v"),
        [
            "inv/01.ini:13:1 group `all` of the inventory",
            "inv/01.ini:5:1 group `web` of the inventory",
            "inv/01.ini:2:4 the host in the inventory",
        ]
    );
    assert_eq!(
        story("hv"),
        [
            "inv/host_vars/h1.yml:1:1 host_vars beside the inventory",
            "pb/host_vars/h1.yml:1:1 host_vars beside the playbook",
        ]
    );
    assert_eq!(
        story("a").last().unwrap(),
        "pb/group_vars/web.yml:1:1 group_vars of `web` beside the playbook"
    );
}

#[test]
fn wrong_files_of_variables_are_told() {
    let files = [
        ("/p/h", "[web]\nh1\n"),
        ("/p/group_vars/all.yml", "- a\n"),
        ("/p/group_vars/web.yml", "a: [\n"),
    ];
    let loader = Loader::over("/p", Memory::new(files));
    let inventory = load(&loader, "/p/h");
    let (_, diagnostics) = inventory.vars_for(inventory.host("h1").unwrap(), None, &loader);
    let told: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "group_vars/all.yml:1:1: a file of variables must hold a mapping, not a list",
            "group_vars/web.yml:2:1: did not find expected node content",
        ]
    );
}

#[test]
fn lists_on_the_command_line() {
    let loader = Loader::over("/p", Memory::default());
    let (inventory, diagnostics) =
        Inventory::load(&[Origin::List("h1, h2:2222,w[1:2],".into())], &loader);
    assert_eq!(diagnostics, []);
    assert_eq!(
        inventory.hosts().map(|host| host.name.to_string()).collect::<Vec<_>>(),
        ["h1", "h2", "w1", "w2"]
    );
    let host = inventory.host("h2").unwrap();
    assert_eq!(host.at.as_ref().unwrap().to_string(), "--inventory:1:5");
    assert_eq!(show(&host.vars["ansible_port"].1), "2222");
}

#[test]
fn files_without_ending_are_what_they_look_like() {
    let files = [
        ("/p/a", "[web]\nh1\n"),
        ("/p/b", "web:\n  hosts:\n    h1:\n"),
        ("/p/c", "---\nweb: [\n"),
        ("/p/d", "h1\n"),
        ("/p/e.toml", "x"),
        ("/p/f", "web\n"),
    ];
    let loader = Loader::over("/p", Memory::new(files));
    for name in ["/p/a", "/p/b", "/p/d"] {
        assert!(load(&loader, name).host("h1").is_some(), "{name}");
    }
    for (path, message) in [
        ("/p/c", "c:3:1: did not find expected node content"),
        ("/p/e.toml", "`e.toml`: inventories in TOML are not supported"),
    ] {
        let (_, diagnostics) = Inventory::load(&[Origin::Path(path.into())], &loader);
        assert_eq!(diagnostics[0].to_string(), message);
    }
    let origins = ["/p/a", "/p/f"].map(|path| Origin::Path(path.into()));
    let (_, diagnostics) = Inventory::load(&origins, &loader);
    assert_eq!(diagnostics[0].to_string(), "f:1:1: `web` is the name of a host and of a group");
}

#[test]
fn names_lead_to_inventories() {
    let loader = Loader::over(
        "/p",
        Memory::new([
            ("/p/inventory/prod/hosts", ""),
            ("/p/inventory/staging.yml", ""),
            ("/p/inventory/group_vars/all.yml", ""),
            ("/p/other/hosts", ""),
        ]),
    );
    let found = |name: &str| find(name, Path::new("/p/other"), &loader);
    let path = |path: &str| Ok(Origin::Path(PathBuf::from(path)));
    assert_eq!(found("prod"), path("/p/inventory/prod"));
    assert_eq!(found("staging"), path("/p/inventory/staging.yml"));
    assert_eq!(found("hosts"), path("/p/other/hosts"));
    assert_eq!(found("inventory/prod"), path("/p/inventory/prod"));
    assert_eq!(found("h1,"), Ok(Origin::List("h1,".to_owned())));
    assert_eq!(found("stagin").unwrap_err().help, ["did you mean `staging`?"]);
    assert_eq!(found("xyz").unwrap_err().help, ["there are `prod`, `staging`"]);
    assert_eq!(names(&loader), ["prod", "staging"]);
    assert_eq!(
        default(&[], &loader).unwrap_err().help,
        ["name one with `--inventory`: `prod`, `staging`"]
    );
    let single = Loader::over("/p", Memory::new([("/p/inventory/hosts.yml", "")]));
    assert_eq!(default(&[], &single), Ok(vec![Origin::Path("/p/inventory".into())]));
    assert_eq!(default(&[], &Loader::over("/p", Memory::default())), Ok(Vec::new()));
}
