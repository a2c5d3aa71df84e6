//! Real packages by real package managers, and a page that the installed server serves.

use std::net::{IpAddr, SocketAddr};

use xtask::process::Run;

use crate::hosts::{Lent, centos, debian};
use crate::plan::changes;
use crate::project::Project;

const SITE: &str = r#"
- hosts: all
  vars: {page: Served by converge}
  tasks:
    - package: {name: nginx, state: present}
    - file: {path: /srv/page, state: directory, mode: "0755"}
    - copy: {dest: /srv/page/index.html, content: "{{ page }}\n", mode: "0644"}
    - template: {src: site.conf.j2, dest: /etc/nginx/conf.d/page.conf, mode: "0644"}
      notify: reload nginx
    - service: {name: nginx, state: started, enabled: true}
  handlers:
    - name: reload nginx
      service: {name: nginx, state: reloaded}
"#;

const CONF: &str = "server {\n  listen 8080;\n  listen [::]:8080;\n  root /srv/page;\n}\n";

fn page(address: IpAddr) -> String {
    let url = format!("http://{}/", SocketAddr::new(address, 8080));
    Run::new("curl")
        .args([
            "-sf",
            "--max-time",
            "20",
            "--retry",
            "20",
            "--retry-all-errors",
            "--retry-delay",
            "1",
            "--",
            &url,
        ])
        .output()
        .unwrap()
}

#[track_caller]
fn nginx_serves(host: &Lent, installed: &str) {
    let project = Project::new(
        &[host],
        &[("playbooks/site.yml", SITE), ("playbooks/templates/site.conf.j2", CONF)],
    );
    let plan = project.plan(2);
    let planned = changes(&plan).join("\n");
    for what in
        ["package nginx", "/srv/page/index.html", "/etc/nginx/conf.d/page.conf", "nginx.service"]
    {
        assert!(planned.contains(what), "{what}: {planned}");
    }
    assert_eq!(plan["plan"]["totals"]["failed"], 0, "{plan:#}");
    assert!(!host.succeeds(installed), "planning installs nothing");
    project.apply(&[]).exits(0);
    assert!(host.succeeds(installed));
    assert_eq!(page(host.ipv4.into()), "Served by converge\n");
    assert_eq!(page(host.ipv6.into()), "Served by converge\n");
    assert_eq!(host.run("systemctl is-enabled nginx"), "enabled\n");
    let done = host.done();
    project.check(&[]).exits(0).says("No changes.");
    project.apply(&[]).exits(0).says("nothing changed");
    assert_eq!(host.done(), done);

    let begun = host.run("systemctl show -p ExecMainPID --value nginx");
    project.write(
        "playbooks/templates/site.conf.j2",
        CONF.replace("root /srv/page", "root /srv/page; index index.html"),
    );
    project
        .check(&[])
        .exits(2)
        .says("handler reload nginx")
        .says("+  root /srv/page; index index.html;");
    project.apply(&[]).exits(0);
    assert_eq!(
        host.run("systemctl show -p ExecMainPID --value nginx"),
        begun,
        "reloaded, not restarted"
    );
}

#[test]
#[ignore = "needs hosts"]
fn nginx_on_debian_by_apt() {
    let host = debian();
    host.run("apt-get -qq update");
    nginx_serves(&host, "dpkg -s nginx");
}

#[test]
#[ignore = "needs hosts"]
fn nginx_on_centos_by_yum() {
    nginx_serves(&centos(), "rpm -q nginx");
}

#[test]
#[ignore = "needs hosts"]
fn apt_installs_pins_upgrades_and_removes() {
    let host = debian();
    let project = Project::tasks(
        &[&host],
        "- apt: {name: [tree, less], update_cache: true, cache_valid_time: 3600}",
    );
    let plan = changes(&project.plan(2)).join("\n");
    assert!(plan.contains("refresh the package lists"), "{plan}");
    assert_eq!(host.run("ls /var/lib/apt/lists"), "lock\npartial\n", "planning refreshes nothing");
    project.apply(&[]).exits(0);
    assert!(host.has("/usr/bin/tree") && host.has("/usr/bin/less"));
    project.check(&[]).exits(0);
    let version = host.run("dpkg-query -Wf '${Version}' tree");
    for (task, code, there) in [
        (format!("apt: name=tree={version}"), 0, true),
        ("apt: name=tree=0.0-none".into(), 1, true),
        ("apt: name=no-such-package-here".into(), 1, true),
        ("apt: name=tree state=latest".into(), 0, true),
        ("package: name=tree state=absent".into(), 2, false),
        ("apt: name=tree state=absent".into(), 0, false),
        ("apt: name=tree state=present install_recommends=false".into(), 2, true),
        ("apt: name=tree state=absent purge=true autoremove=true".into(), 2, false),
    ] {
        project.write("playbooks/site.yml", crate::project::play(&format!("- {task}")));
        let ran = project.check(&[]).exits(code);
        let ran = if code == 1 {
            project.apply(&[]).exits(1)
        } else {
            drop(ran);
            project.apply(&[]).exits(0)
        };
        assert_eq!(host.has("/usr/bin/tree"), there, "{task}: {ran}");
        if code == 1 {
            let name = task.rsplit("name=").next().unwrap().split('=').next().unwrap().to_owned();
            ran.says(&name);
        }
    }
}

#[test]
#[ignore = "needs hosts"]
fn yum_installs_upgrades_downgrades_and_removes() {
    let host = centos();
    let project = Project::tasks(&[&host], "");
    let out = |host: &Lent| {
        host.ssh("hello-converge").map(|output| String::from_utf8(output.stdout).unwrap()).unwrap()
    };
    for (task, code, says) in [
        ("yum: name=hello-converge-1.0 state=present", 2, "hello from 1.0\n"),
        ("yum: name=hello-converge state=present", 0, "hello from 1.0\n"),
        ("dnf: name=hello-converge state=latest", 2, "hello from 2.0\n"),
        ("yum: name=hello-converge state=latest", 0, "hello from 2.0\n"),
        ("dnf: name=hello-converge-1.0 allow_downgrade=true", 2, "hello from 1.0\n"),
        ("package: name=hello-converge state=absent", 2, ""),
        ("yum: name=hello-converge state=absent", 0, ""),
        ("yum: name=no-such-package-here", 1, ""),
    ] {
        project.write("playbooks/site.yml", crate::project::play(&format!("- {task}")));
        project.check(&[]).exits(code);
        project.apply(&[]).exits(if code == 1 { 1 } else { 0 });
        assert_eq!(out(&host), says, "{task}");
    }
}

#[test]
#[ignore = "needs hosts"]
fn a_repository_is_configured_and_used_in_one_run() {
    let host = centos();
    let base = host.run("grep -h ^baseurl= /etc/yum.repos.d/*.repo | head -n 1 | cut -d= -f2-");
    host.run("mkdir /root/repos; mv /etc/yum.repos.d/*.repo /root/repos/");
    let project = Project::tasks(
        &[&host],
        &format!(
            "
            - yum_repository:
                name: own
                description: Our own packages
                baseurl: {}
                gpgcheck: false
                enabled: true
            - yum: {{name: hello-converge, state: present}}
            ",
            base.trim()
        ),
    );
    project.check(&[]).exits(2).says("/etc/yum.repos.d/own.repo").says("hello-converge");
    assert!(!host.has("/etc/yum.repos.d/own.repo"));
    project.converges();
    let text = host.text("/etc/yum.repos.d/own.repo");
    for line in ["[own]", "name = Our own packages", "gpgcheck = 0", "enabled = 1"] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    assert!(host.succeeds("hello-converge"));
    project.write(
        "playbooks/site.yml",
        crate::project::play("- yum_repository: {name: own, state: absent}"),
    );
    project.converges();
    assert!(!host.has("/etc/yum.repos.d/own.repo"));
}

#[test]
#[ignore = "needs hosts"]
fn accounts_and_databases_of_mariadb() {
    const SITE: &str = r#"
- package: {name: mariadb-server, state: present}
- service: {name: mariadb, state: started}
- community.mysql.mysql_db: {name: [shop, "a b"], encoding: utf8, collation: utf8_bin}
- community.mysql.mysql_user: {name: app, password: "s3'cr\\et", priv: "shop.*:SELECT,INSERT/a b.*:ALL,GRANT"}
- community.mysql.mysql_user: {name: far, host: "10.%", password: "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", encrypted: true, priv: {"*.*": "PROCESS"}}
- community.mysql.mysql_user: {name: "", host_all: true, state: absent}
- community.mysql.mysql_db: {name: test, state: absent}
"#;
    const LATER: &str = r#"
- community.mysql.mysql_user: {name: app, password: other, priv: "shop.*:SELECT,UPDATE", append_privs: APPEND}
- community.mysql.mysql_user: {name: far, host: "10.%", state: absent}
- community.mysql.mysql_db: {name: "a b", state: absent}
"#;
    let host = debian();
    let project = Project::tasks(&[&host], SITE);
    let plan = project.plan(2);
    assert_eq!(plan["plan"]["totals"]["failed"], 0, "{plan:#}");
    project.converges();
    let told = |query: &str| host.run(&format!("mysql -N -B -e \"{query}\""));
    let grants = || told("SHOW GRANTS FOR app@localhost");
    assert!(grants().contains("GRANT SELECT, INSERT ON `shop`.*"), "{}", grants());
    assert!(grants().contains("GRANT ALL PRIVILEGES ON `a b`.* TO"), "{}", grants());
    assert!(host.succeeds("MYSQL_PWD=\"s3'cr\\\\et\" mysql -u app -e 'SELECT 1' shop"));
    assert!(told("SHOW GRANTS FOR far@'10.%'").contains("GRANT PROCESS ON *.*"));
    assert_eq!(told("SELECT COUNT(*) FROM mysql.user WHERE User = ''"), "0\n");
    let made =
        "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'shop'";
    assert!(told(made).ends_with("_bin\n"), "{}", told(made));
    for (append, left) in [("true", 2), ("false", 1)] {
        project.write("playbooks/site.yml", crate::project::play(&LATER.replace("APPEND", append)));
        project.check(&[]).exits(2);
        project.converges();
        assert_eq!(grants().matches("ON `").count(), left, "{}", grants());
        assert!(host.succeeds("MYSQL_PWD=other mysql -u app -e 'SELECT 1' shop"));
    }
    assert_eq!(told("SELECT COUNT(*) FROM mysql.user WHERE User = 'far'"), "0\n");
}
