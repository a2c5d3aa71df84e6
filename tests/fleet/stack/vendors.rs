//! Roles that install from repositories of vendors, which are not reached from here: stand-ins, signed as theirs are, for both families.

use std::time::Duration;

use xtask::fleet::host::Kind;
use xtask::fleet::place::Place;
use xtask::reference::Reference;

use crate::hosts::{Lent, lend};
use crate::stack::outside::Site;
use crate::stack::twins::{alike, ansible};

const PLAY: &str = "
- hosts: all
  vars:
    nodejs_packages: []
    nginx_vhosts: [{name: page.test, listen: 8080, root: /srv/www/page, page: A page}]
    postgresql_memory_mb: 256
    postgresql_users: [{name: app, password: word}]
    postgresql_databases: [{name: toots, owner: app, extensions: [pg_trgm]}]
    grafana_password: it's secret
    grafana_dashboards: [\"{{ playbook_dir }}/dashboard.json\"]
  roles: [nginx, postgresql, nodejs, grafana]
";

#[test]
#[ignore = "needs hosts"]
fn stack_packages_of_vendors() {
    let reference = Reference::collections("test").unwrap();
    let [debian, centos, twin, outside] =
        lend([Kind::Debian, Kind::Centos, Kind::Python, Kind::Debian]);
    let line = |host: &Lent| format!("{}: {{ansible_host: '{}'}}", host.name, host.ipv6);
    let site =
        Site::new(&outside, &format!("all: {{hosts: {{{}, {}}}}}", line(&debian), line(&centos)));
    let vendors = site.world.vendors("test", &Place::find().unwrap()).unwrap();
    site.project.write("inventory/stack/group_vars/all/x-vendors.yml", vendors.to_string());
    site.project.write("playbooks/dashboard.json", r#"{"title": "Our own"}"#);
    let playbook = site.project.write("playbooks/site.yml", PLAY).display().to_string();

    // Packages that somebody else signed are refused, and nothing of them is on the hosts.
    // After the file of the demo, which has Node from elsewhere.
    let others = vendors.to_string().replace("vendor.asc", "other.asc");
    site.project.write("inventory/stack/group_vars/all/x-vendors.yml", others);
    let refused = site.run(&playbook, &["--yes", "--limit", &debian.name]);
    refused.exits(1).says("not signed");
    let refused = site.run(&playbook, &["--yes", "--limit", &centos.name]);
    refused.exits(1).says("GPG check FAILED");
    for host in [&debian, &centos] {
        assert!(!host.has("/usr/sbin/nginx"), "{}", host.name);
    }
    assert!(!debian.has("/etc/apt/sources.list.d/nginx.list"), "what can't be read is taken back");

    // The vendor's own key in place of the other one, which is not fetched again while it is there.
    debian.run("rm /etc/apt/keyrings/nginx.asc");
    site.project.write("inventory/stack/group_vars/all/x-vendors.yml", vendors.to_string());
    let before = [debian.done(), centos.done()];
    site.run(&playbook, &["--check"]).exits(2).says("package nginx");
    assert_eq!([debian.done(), centos.done()], before, "planning must not write");
    site.write_twin(&format!("all: {{hosts: {{{}}}}}", line(&twin)));
    let password = site.password();
    let args = ["-i", "inventory/twin", "--vault-id", &password, &playbook];
    std::thread::scope(|scope| {
        let by_ansible = scope.spawn(|| ansible(&reference, &site.project, &args));
        site.run_within(&playbook, &["--yes"], Duration::from_secs(600)).exits(0).says("failed=0");
        by_ansible.join().unwrap();
    });
    site.run(&playbook, &["--check"]).exits(0).says("No changes.");
    assert_eq!(
        debian.run("dpkg-query -Wf '${Version}\\n' nginx postgresql-15 grafana"),
        "1\n1.99.0-1~bookworm\n15.99-1.pgdg12+1\n"
    );
    assert_eq!(
        centos.run("rpm -q --queryformat '%{VERSION}\\n' nginx postgresql15-server grafana"),
        "1.99.0\n15.99\n1\n"
    );
    for host in [&debian, &centos, &twin] {
        answers(host);
    }
    are_alike(&debian, &twin);
    site.project.write("inventory/stack/hosts.yml", format!("all: {{hosts: {{{}}}}}", line(&twin)));
    site.run(&playbook, &["--check"]).exits(0).says("No changes.");
}

/// What converge did to one host is what ansible-playbook did to the other.
fn are_alike(own: &Lent, theirs: &Lent) {
    // Keys and clusters are made by chance, a page names its host, and Ansible needs a driver of Python for PostgreSQL.
    let noise = [
        "etc/ssl",
        "root/.cache",
        "srv/www/page/index.html",
        "usr/lib/python3",
        "var/lib/dpkg/status",
        "var/lib/postgresql",
    ];
    let asked = [
        "systemctl is-active nginx postgresql@15-main grafana-server; systemctl is-enabled nginx postgresql grafana-server",
        "dpkg-query -Wf '${Package} ${Version} ${db:Status-Abbrev}\\n' nginx postgresql-15 nodejs grafana",
        "getent passwd nginx postgres grafana",
        "apt-cache policy | grep -B1 vendors | sed 's/^ *[0-9]* *//'",
        "runuser -u postgres -- psql -XAtc 'SELECT rolname FROM pg_roles WHERE rolcanlogin; SELECT datname, datdba::regrole FROM pg_database' | sort",
    ];
    alike([own, theirs], &noise, &["python3-psycopg2"], &asked);
}

/// What came from each vendor does what the role wants of it.
fn answers(host: &Lent) {
    let get = |port: u16| {
        host.run(&format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET / HTTP/1.0\\r\\nHost: page.test\\r\\n\\r\\n' >&3; cat <&3"
        ))
    };
    assert!(get(8080).contains("<title>A page</title>"));
    assert_eq!(host.run("ps -o user= -C nginx | sort -u"), "nginx\nroot\n");
    let settings = "SELECT current_setting('shared_buffers'), extname FROM pg_extension WHERE extname = 'pg_trgm'";
    let asked = format!("PGPASSWORD=word psql -h ::1 -U app -XAtc \"{settings}\" toots");
    assert_eq!(host.run(&asked), "64MB|pg_trgm\n");
    assert!(host.run("node --version; npm --version").starts_with("v22."));
    assert_eq!(host.run("command -v node"), "/usr/bin/node\n", "it is a package's");
    let told = get(3000);
    for word in
        ["url: \"http://127.0.0.1:9090\"", "/etc/grafana/dashboards", "Hosts and drift", "Our own"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(host.access("/etc/grafana/grafana.ini"), "0640 root:grafana");
}
