//! Files of environments, good and bad.

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::render;
use crate::environment::{Canary, OnStop, Probe, Records, Settings, Size};
use crate::source::Source;

fn read(text: &str) -> (Settings, String) {
    let (settings, problems) =
        Settings::read(&Source::new("converge.toml", text), Path::new("/p/converge.toml"));
    (settings, problems.iter().map(|problem| format!("{problem}\n")).collect())
}

#[test]
fn everything_is_optional() {
    let (settings, problems) = read("[environments.staging]\n");
    assert_eq!(problems, "");
    let staging = settings.get("staging").unwrap();
    assert_eq!((staging.protected, staging.inventories()), (false, vec!["staging".to_owned()]));
    assert!(staging.lets_override("ann@desk") && staging.rollout.is_none());
    assert_eq!(staging.records, Records::Sealed);
    assert_eq!(
        read(""),
        (Settings { path: Some("/p/converge.toml".into()), ..Settings::default() }, String::new())
    );
}

#[test]
fn a_whole_file() {
    let (settings, problems) = read(
        r#"
[environments.staging]
inventory = "inventory/stage"

[environments.prod]
inventory = ["production", "extra,"]
after = "staging"
valid = "7d"
override = ["ann", "root@ops"]
records = "anyone"

[environments.prod.rollout]
canary = ["web1", "db1"]
batches = [1, "25%"]
soak = "5m"
max_failures = 3
on_stop = "revert"

[[environments.prod.rollout.checks]]
http = "http://{host}:8080/health"
contains = "ok"

[[environments.prod.rollout.checks]]
tcp = 22
within = "5s"

[[environments.prod.rollout.checks]]
unit = "nginx.service"

[[environments.prod.rollout.checks]]
command = "test -e '/etc/a b'"

[[environments.prod.rollout.checks]]
promql = 'up{instance="{host}"} == 1'
server = "http://prometheus:9090"
"#,
    );
    assert_eq!(problems, "");
    assert_eq!(settings.names().collect::<Vec<_>>(), ["staging", "prod"], "as in the file");
    let prod = settings.get("prod").unwrap();
    assert!(prod.protected, "what comes after another is protected");
    assert_eq!(prod.inventories(), ["production", "extra,"]);
    assert_eq!(prod.valid, Some(Duration::from_secs(604_800)));
    assert_eq!(prod.records, Records::Anyone);
    assert!(prod.lets_override("ann@desk") && prod.lets_override("root@ops"));
    assert!(!prod.lets_override("root@desk") && !prod.lets_override("bob@desk"));
    let rollout = prod.rollout.as_ref().unwrap();
    assert!(matches!(&rollout.canary, Some(Canary::Hosts(hosts)) if hosts.value == "web1,db1"));
    assert_eq!(rollout.batches, [Size::Count(1), Size::Percent(25)]);
    assert_eq!((rollout.max_failures, rollout.max_failures_per_batch), (3, 3));
    assert_eq!(rollout.on_stop, OnStop::Revert);
    assert_eq!(rollout.checks[1].within, Duration::from_secs(5));
    let Probe::Command { argv } = &rollout.checks[3].probe else { panic!() };
    assert_eq!(argv, &["test", "-e", "/etc/a b"]);
    assert!(matches!(&rollout.checks[0].probe, Probe::Http { status: 200, .. }));
    assert_eq!(rollout.sizes(10), [1, 3, 3, 3]);
    assert_eq!(rollout.sizes(1), [1]);
    assert_eq!(rollout.sizes(0), [0; 0]);
}

#[test]
fn mistakes_have_places_and_the_nearest_name() {
    let text = r#"[environment.x]
[environments.prod]
inventroy = "prod"
protected = "yes"
after = ["stagign", "prod"]
valid = "a week"
override = 7
records = "anybody"
rollout = { batches = [0, "110%"], canary = 0, on_stop = "stop", max_failures = -1, checks = [{ htp = "x" }, { http = "x", tcp = 1 }, { promql = "up" }, { unit = "x", status = 200 }] }
[environments.staging]
protected = false
after = "prod"
"#;
    let source = Source::new("converge.toml", text);
    let (_, problems) = Settings::read(&source, Path::new("/p/converge.toml"));
    insta::assert_snapshot!(render(&problems, false));
}

#[test]
fn names_can_stand_on_the_command_line_and_in_files() {
    for name in ["../x", "a/b", "a,b", "-x", ".x", "", "a b"] {
        let (_, problems) = read(&format!("[environments.\"{name}\"]\n"));
        assert!(problems.contains("is no name of an environment"), "{name}: {problems}");
    }
    assert_eq!(read("[environments.\"eu-1.prod_2\"]\n").1, "");
}

#[test]
fn what_is_no_toml_is_shown_where_it_is() {
    let (_, problems) = read("[environments.staging\ninventory = staging\n");
    insta::assert_snapshot!(problems);
}
