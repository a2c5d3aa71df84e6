//! What somebody did by hand on real hosts is found, named and forgotten again, and looking writes nothing.

use std::path::Path;

use serde_json::Value;
use xtask::fleet::host::Kind;

use crate::browser::Browser;
use crate::hosts::{Lent, lend};
use crate::project::{Project, play};

const TASKS: &str = "
- copy: {dest: /etc/motd, content: \"one\\ntwo\\nthree\\n\", owner: root, group: root, mode: '0644'}
- file: {path: /srv/app, state: directory, owner: root, mode: '0750'}
- group: {name: ops}
- user: {name: app, groups: [ops], shell: /bin/sh}
- copy:
    dest: /etc/systemd/system/app.service
    content: |
      [Service]
      ExecStart=/bin/sleep 1000000
      [Install]
      WantedBy=multi-user.target
- systemd: {name: app, state: started, enabled: true, daemon_reload: true}
";

/// `host class resource attribute` of each item.
fn items(report: &Value) -> Vec<String> {
    let item = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        [text("host"), text("class"), text("resource"), text("attribute")].join(" ")
    };
    report["items"].as_array().unwrap().iter().map(item).collect()
}

#[track_caller]
fn report(project: &Project, options: &[&str], code: i32) -> Value {
    let call = project.converge(&["drift", "-i", "test", "--format", "json"]);
    call.args(options).run().exits(code).json()
}

#[test]
#[ignore = "needs hosts"]
fn what_was_done_by_hand_is_found_on_both_kinds_of_host() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let [one, other] = &hosts;
    let project = Project::tasks(&[one, other], TASKS);
    project.apply(&[]).exits(0);
    assert!(items(&report(&project, &[], 0)).is_empty());

    one.run("sed -i s/two/zwei/ /etc/motd; chmod 0777 /srv/app; systemctl stop app");
    other.run("rm /etc/motd; usermod -s /bin/bash app; systemctl disable app");
    let done = |host: &Lent| host.done();
    let before = hosts.each_ref().map(done);
    let found = report(&project, &[], 2);
    assert_eq!(hosts.each_ref().map(done), before, "looking writes nothing");
    let expect = |host: &Lent, what: &str| format!("{} drift {what}", host.name);
    let mut expected = vec![
        expect(one, "/etc/motd content"),
        expect(one, "/srv/app mode"),
        expect(one, "app.service active"),
        expect(other, "/etc/motd existence"),
        expect(other, "user app shell"),
        expect(other, "app.service enabled"),
    ];
    let mut seen = items(&found);
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected, "{found:#}");
    let motd = found["items"].as_array().unwrap().iter();
    let motd = motd.clone().find(|item| item["attribute"] == "content").unwrap();
    assert_eq!(motd["line"], 2);

    let call = project.converge(&["drift", "-i", "test", "--report", "html=page.html"]);
    call.run().exits(2);
    the_page_can_be_used(&project.folder().join("page.html"), &one.name);

    // The code moves, is committed, and is not applied yet: that is another thing.
    project.write("playbooks/site.yml", play(&TASKS.replace("three", "drei")));
    project.commit();
    let pending = report(&project, &[], 2);
    let of = |class: &str| items(&pending).iter().filter(|item| item.contains(class)).count();
    assert_eq!((of(" drift "), of(" pending ")), (6, 2), "{pending:#}");

    // What is mended recovers.
    one.run("sed -i s/zwei/two/ /etc/motd; chmod 0750 /srv/app; systemctl start app");
    let mended = report(&project, &["--limit", &one.name], 0);
    assert_eq!(mended["recovered"].as_array().unwrap().len(), 3, "{mended:#}");
    project.apply(&[]).exits(0);
    assert!(items(&report(&project, &[], 0)).is_empty());
}

/// The page of six things that drifted on two hosts, as somebody with a browser uses it.
fn the_page_can_be_used(page: &Path, host: &str) {
    let browser = Browser::start(1200, 900);
    browser.open(page);
    let shown = || browser.value("document.querySelectorAll('.item:not([hidden])').length");
    assert_eq!(browser.value("document.getElementById('verdict').textContent"), "drifted");
    assert_eq!(shown(), 6);
    browser.click(&format!("button.host[data-host='{host}']"));
    assert_eq!(shown(), 3, "only those of the host");
    browser.write("#search", "motd");
    assert_eq!(shown(), 1);
    let gone = browser.value("document.querySelector('.item:not([hidden]) td.gone').textContent");
    let come = browser.value("document.querySelector('.item:not([hidden]) td.come').textContent");
    assert_eq!((gone, come), (Value::from("zwei"), Value::from("two")), "side by side");
    browser.click("#all");
    assert_eq!(shown(), 2, "the line of each host");
    browser.click("button.class.drift");
    assert_eq!(shown(), 0);
    browser.click("button.class.drift");
    assert!(browser.value("document.querySelectorAll('#chart g').length").as_i64() > Some(1));
    let paper = || browser.value("getComputedStyle(document.body).backgroundColor");
    let light = paper();
    browser.darken();
    assert_ne!(paper(), light);
    browser.narrow(390);
    let wide = browser.value("document.documentElement.scrollWidth <= window.innerWidth");
    assert_eq!(wide, true, "nothing has to be pushed sideways on a phone");
    assert_eq!(browser.complaints(), Value::Array(Vec::new()));
}

#[test]
#[ignore = "needs hosts"]
fn with_half_the_hosts_down_nothing_is_said_to_be_well() {
    let hosts = lend([Kind::Debian]);
    let host = &hosts[0];
    let project = Project::tasks(&[host], TASKS);
    project.apply(&[]).exits(0);
    // Nobody answers at this address of the host's own network of one.
    let inventory = format!(
        "{} ansible_host={}\ngone ansible_host=127.0.0.1 ansible_port=1\n",
        host.name, host.ipv4
    );
    project.write("inventory/test", inventory);
    project.commit();
    host.run("echo by hand >> /etc/motd");
    let found = report(&project, &[], 3);
    assert_eq!(found["counts"]["unreachable"], 1);
    assert_eq!(found["counts"]["drifted"], 1, "{found:#}");
    let call = project.converge(&["drift", "-i", "test", "--report", "junit=-"]);
    let junit = call.run().exits(3);
    assert!(
        junit.out.contains("<testsuite name=\"gone\" tests=\"1\" failures=\"0\" errors=\"1\""),
        "{junit}"
    );
}
