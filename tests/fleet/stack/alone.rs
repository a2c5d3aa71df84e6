//! Everything on one CentOS-like host that only has IPv6, by the playbook that stands for an evening of typed commands.

use xtask::fleet::host::{Host, Kind};
use xtask::fleet::place::Place;

use crate::hosts::lend;
use crate::stack::outside::Site;

const GROUPS: &str = "
all:
  children:
    mastodon:
      hosts: {ALONE: {ansible_host: 'ALONE-IP'}}
";

/// What differs from a real one: where things come from, and a way out for who knows the world by IPv4 only.
const VARIABLES: &str = "
base_repositories: [{name: epel, baseurl: 'file:///srv/epel', gpgkey: 'file:///srv/epel/RPM-GPG-KEY-EPEL'}]
base_hosts: {'OUTSIDE-IP': way-out}
nodejs_environment: {NODE_EXTRA_CA_CERTS: '{{ authorities }}', HTTPS_PROXY: 'http://way-out:8888'}
mastodon_environment: '{{ nodejs_environment }}'
mastodon_packages: '{{ mastodon_distribution_packages }}'
mastodon_node: /usr/bin/node
mastodon_version: v1
mastodon_domain: social.test
mastodon_db_host: /run/postgresql
mastodon_db_name: mastodon_production
mastodon_db_user: mastodon
mastodon_db_password: ''
mastodon_sidekiq: [{name: all, queues: [default, push], threads: 2}]
mastodon_settings: {RAILS_SERVE_STATIC_FILES: 'true', SMTP_FROM_ADDRESS: 'The server <a@social.test>'}
certbot_server: '{{ world.acme }}'
certbot_ca_bundle: /etc/ssl/authority.pem
certbot_email: a@social.test
redis_password: 'a \"quoted\" word'
";

/// A proxy, by which a host without IPv4 reaches a registry that has nothing else.
const WAY_OUT: &str = "
apt-get -qq update && apt-get -qq install --yes --no-install-recommends tinyproxy-bin >/dev/null
printf 'Port 8888\\nConnectPort 443\\n' > /srv/proxy.conf
systemd-run --quiet --unit=way-out tinyproxy -d -c /srv/proxy.conf
";

#[test]
#[ignore = "needs hosts"]
fn stack_everything_on_one_host() {
    let [alone, outside] = lend([Kind::Centos, Kind::Debian]);
    let groups = GROUPS.replace("ALONE-IP", &alone.ipv6.to_string()).replace("ALONE", &alone.name);
    let site = Site::new(&outside, &groups);
    let mut vendors = site.world.vendors("test", &Place::find().unwrap()).unwrap();
    let variables = VARIABLES.replace("OUTSIDE-IP", &outside.ipv6.to_string());
    site.project.write("inventory/stack/group_vars/mastodon/main.yml", variables);
    // Of what is installed from elsewhere, redis and PostgreSQL are the distribution's.
    vendors.as_object_mut().unwrap().retain(|name, _| name.starts_with("n"));
    site.project.write("inventory/stack/group_vars/mastodon/vendors.yml", vendors.to_string());
    outside.run(WAY_OUT);
    site.certifies(&alone);

    let by_ipv6 = Host { name: format!("{}-v6", alone.name), ..Host::clone(&alone) };
    let run = |command: &str| by_ipv6.ssh_ok(command).unwrap();
    run("ip -4 address flush dev host0");
    assert_eq!(run("ip -4 -brief address show scope global; ip -4 route"), "");
    let before = alone.done();
    site.run("mastodon", &["--check"]).exits(2).says("+ package nginx");
    assert_eq!(alone.done(), before, "planning must not write");
    site.run("mastodon", &["--yes"]).exits(0).says("failed=0");
    site.run("mastodon", &["--check"]).exits(0).says("No changes.");

    let asked = site.asked(&alone);
    let page = asked.get("/");
    let served = format!("social version 1 on {}: 0 posts (https)", alone.name);
    assert!(page.contains(&served), "{page}");
    assert_eq!(run("ss -Hltn4 'sport = 443 or sport = 3000 or sport = 4000'"), "");
    // Where things come from: a vendor, EPEL, and the registry of packages of Node.
    let installed = "rpm -q --queryformat '%{NAME} %{RELEASE}\\n' nginx nodejs; rpm -q --queryformat '%{NAME}\\n' certbot ffmpeg gcc-c++";
    assert_eq!(run(installed), "nginx 1.vendor\nnodejs 1.vendor\ncertbot\nffmpeg\ngcc-c++\n");
    assert_eq!(run("yarn --version"), "1.22.22\n");
    let units = "systemctl is-active nginx redis postgresql mastodon-web mastodon-streaming mastodon-sidekiq-all certbot-managed.timer";
    assert_eq!(run(units), "active\n".repeat(7));
    let roles = "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'mastodon'; SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mastodon_production'";
    let roles = format!("runuser -u postgres -- psql -XAtc \"{roles}\"");
    assert_eq!(run(&roles), "t\nmastodon\n", "it made its own database");
    let style = run("ls /home/mastodon/live/public/packs").trim().to_owned();
    let style = asked.get(&format!("/packs/{style}"));
    assert!(style.contains("sans-serif"), "nginx passes to what is public: {style}");

    // What can't be built stops the run, and the next one goes on where it stopped.
    let packs = "/home/mastodon/live/public/packs";
    run(&format!("rm -r /home/mastodon/.deployed/assets {packs}; touch {packs}"));
    site.run("mastodon", &["--yes"]).exits(1).says("File exists");
    assert!(!alone.has("/home/mastodon/.deployed/assets"));
    run(&format!("rm {packs}"));
    site.run("mastodon", &["--yes"]).exits(0).says("failed=0");
    assert!(run(&format!("ls {packs}")).contains("style-"));
    site.run("mastodon", &["--check"]).exits(0).says("No changes.");
}
