//! Everything on one host that only has IPv6, by the playbook that stands for an evening of typed commands.

use xtask::fleet::host::Kind;

use crate::hosts::lend;
use crate::stack::outside::{Asked, Site};

/// The host, and what differs from a real one: where it comes from, and a certificate that is there already.
const GROUPS: &str = "
all:
  children:
    mastodon:
      hosts: {ALONE: {ansible_host: 'ALONE-IP'}}
      vars:
        mastodon_version: v1
        mastodon_domain: social.test
        mastodon_certificate: /etc/ssl/alone.pem
        mastodon_certificate_key: /etc/ssl/alone.key
        mastodon_sidekiq: [{name: all, queues: [default, push], threads: 2}]
        mastodon_settings: {RAILS_SERVE_STATIC_FILES: 'true', SMTP_FROM_ADDRESS: 'The server <a@social.test>'}
        redis_password: 'a \"quoted\" word'
";

#[test]
#[ignore = "needs hosts"]
fn stack_everything_on_one_host() {
    let [alone, outside] = lend([Kind::Centos, Kind::Debian]);
    let groups = GROUPS.replace("ALONE-IP", &alone.ipv6.to_string()).replace("ALONE", &alone.name);
    let site = Site::new(&outside, &groups);
    alone.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/ssl/alone.key -out /etc/ssl/alone.pem -days 30 \
         -subj /CN=social.test -addext subjectAltName=DNS:social.test 2>&1",
    );
    let before = alone.done();
    site.run("mastodon", &["--check"]).exits(2).says("+ package nginx");
    assert_eq!(alone.done(), before, "planning must not write");
    site.run("mastodon", &["--yes"]).exits(0).says("failed=0");
    site.run("mastodon", &["--check"]).exits(0).says("No changes.");

    let certificate = site.project.keep("alone.pem", alone.text("/etc/ssl/alone.pem"));
    let page = Asked::trusting(certificate.clone(), &alone).get("/");
    let served = format!("social version 1 on {}: 0 posts (https)", alone.name);
    assert!(page.contains(&served), "{page}");
    assert_eq!(alone.run("ss -Hltn4 'sport = 443 or sport = 3000 or sport = 4000'"), "");
    let owner =
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mastodon_production'";
    let owner = format!("runuser -u postgres -- psql -XAtc \"{owner}\"");
    assert_eq!(alone.run(&owner), "mastodon\n", "it made its own database");
    let style = alone.run("ls /home/mastodon/live/public/packs").trim().to_owned();
    let style = Asked::trusting(certificate, &alone).get(&format!("/packs/{style}"));
    assert!(style.contains("sans-serif"), "nginx passes to what is public: {style}");

    // What can't be built stops the run, and the next one goes on where it stopped.
    let packs = "/home/mastodon/live/public/packs";
    alone.run(&format!("rm -r /home/mastodon/.deployed/assets {packs}; touch {packs}"));
    site.run("mastodon", &["--yes"]).exits(1).says("File exists");
    assert!(!alone.has("/home/mastodon/.deployed/assets"));
    alone.run(&format!("rm {packs}"));
    site.run("mastodon", &["--yes"]).exits(0).says("failed=0");
    assert!(alone.run(&format!("ls {packs}")).contains("style-"));
    site.run("mastodon", &["--check"]).exits(0).says("No changes.");
}
