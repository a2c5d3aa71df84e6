//! Short ways to make reports in tests.

use crate::drift::{Applied, Class, Host, Ignored, Item, Report};

/// A host that was reached.
pub(crate) fn host(name: &str) -> Host {
    Host { name: name.into(), ..Host::default() }
}

/// Something that is not as it should be.
pub(crate) fn item(class: Class, host: &str, resource: &str, attribute: &str) -> Item {
    Item {
        class,
        host: host.into(),
        resource: resource.into(),
        attribute: attribute.into(),
        fact: None,
        diff: None,
        line: None,
        task: "nginx : Configure".into(),
        place: "roles/nginx/tasks/main.yml:1:3".into(),
        since_ms: 0,
        ignored: None,
    }
}

/// A report with something of everything: three hosts, one of them out of reach.
pub(crate) fn report() -> Report {
    let minute = 60_000;
    let applied = Applied {
        run: "1abc".into(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        dirty: false,
        at_ms: 10 * minute,
    };
    let reached = |name| Host { applied: Some(applied.clone()), ..host(name) };
    let diff = "--- on the host: /etc/motd\n+++ as applied: /etc/motd\n@@ -1,2 +1,2 @@\n same\n-by <hand>\n+managed\n";
    let motd = Item {
        diff: Some(diff.into()),
        line: Some(2),
        since_ms: 20 * minute,
        ..item(Class::Drift, "web1", "/etc/motd", "content")
    };
    let mode = Item {
        fact: Some("mode 0666 → 0644".into()),
        since_ms: 60 * minute,
        ..item(Class::Drift, "web1", "/etc/motd", "mode")
    };
    let ignored = Ignored { reason: "on the list".into(), until: "2027-01-31".into() };
    let alone = Item {
        ignored: Some(ignored),
        ..item(Class::Ignored, "web2", "package telnet", "existence")
    };
    let unknown = Item {
        fact: Some("command `make`".into()),
        ..item(Class::Unknown, "web2", "task app : Build", "state")
    };
    let gone = "no route to host".to_owned();
    Report {
        schema: crate::drift::SCHEMA,
        taken_ms: 60 * minute,
        took_ms: 1500,
        previous_ms: Some(20 * minute),
        success_ms: Some(20 * minute),
        project: "/srv/infra".into(),
        inventory: vec!["prod".into()],
        playbooks: vec!["playbooks/site.yml".into()],
        hosts: vec![
            reached("web1"),
            reached("web2"),
            Host { unreachable: Some(gone), ..host("db1") },
        ],
        items: vec![
            motd,
            mode,
            alone,
            unknown,
            item(Class::Pending, "web2", "/etc/app.conf", "content"),
        ],
        recovered: vec![item(Class::Drift, "web2", "redis.service", "active")],
        ..Report::default()
    }
}
