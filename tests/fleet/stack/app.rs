//! An application on two hosts behind a load balancer: deployed at a tag, upgraded to the next while pages are fetched, one host lost.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use xtask::fleet::host::{Host, Kind};

use crate::hosts::{Lent, lend};
use crate::stack::outside::{Asked, Site};

/// The groups of `inventory/demo`, with two app servers, and fewer of the others.
const GROUPS: &str = "
all:
  children:
    loadbalancer: {hosts: {EDGE: {ansible_host: 'EDGE-IP'}}}
    app: {hosts: {ONE: {ansible_host: 'ONE-IP'}, TWO: {ansible_host: 'TWO-IP'}}}
    postgresql:
      children:
        postgresql_primary: {hosts: {EDGE: }}
        postgresql_replica: {}
    redis: {hosts: {EDGE: }}
    monitoring: {}
";

#[test]
#[ignore = "needs hosts"]
fn stack_application_is_upgraded_and_survives() {
    let hosts = lend([Kind::Debian, Kind::Debian, Kind::Centos, Kind::Debian]);
    let [edge, one, two, outside] = &hosts;
    let named = [("EDGE", edge), ("ONE", one), ("TWO", two)];
    let groups = named.iter().fold(GROUPS.to_owned(), |text, (word, host)| {
        text.replace(&format!("{word}-IP"), &host.ipv6.to_string()).replace(word, &host.name)
    });
    let site = Site::new(outside, &groups);
    site.certifies(edge);
    let run = |playbook: &str, option: &str| site.run(playbook, &[option]);
    let before: Vec<_> = [edge, one, two].map(Lent::done).into();
    run("chillout", "--check").exits(2).says("+ package git");
    assert_eq!([edge, one, two].map(Lent::done).to_vec(), before, "planning must not write");
    run("chillout", "--yes").exits(0).says("failed=0");
    run("chillout", "--check").exits(0).says("No changes.");

    let asked = site.asked(edge);
    let page = asked.get("/");
    assert!(page.contains("social version 1 on ") && page.contains("0 posts (https)"), "{page}");
    works(&asked, "first", r#""delivered":"t""#);
    streams(&asked);
    is_set_up(one, two);

    site.project.write("inventory/stack/group_vars/app/upgrade.yml", "mastodon_version: v2\n");
    run("upgrade", "--check").exits(2).says("→ v2 (");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| asked.until(&over));
        let upgraded = run("upgrade", "--yes");
        over.store(true, Ordering::Relaxed);
        let failed = asking.join().unwrap();
        let upgraded = upgraded.exits(0).says("failed=0");
        assert_eq!(failed, [""; 0], "somebody always answers");
        for _ in 0..4 {
            let page = asked.get("/");
            assert!(page.contains("social version 2 on "), "{page}{upgraded}");
        }
    });
    works(&asked, "third", r#""delivered_by":""#);
    for playbook in ["upgrade", "chillout"] {
        run(playbook, "--check").exits(0).says("No changes.");
    }

    // Its cable is pulled: nobody says that it is gone.
    pull_the_cable(two);
    for _ in 0..5 {
        let page = asked.get("/");
        assert!(page.contains(&format!("version 2 on {}", one.name)), "{page}");
    }
    works(&asked, "fourth", &format!(r#""delivered_by":"{}""#, one.name));
}

/// Takes a host off the network, from outside.
fn pull_the_cable(host: &Host) {
    let [_, network, ..] = host.ipv4.octets();
    let namespace = format!("cvg{}-{}", network - 77, host.name);
    let down = ["-n", &namespace, "link", "set", "host0", "down"];
    assert!(Command::new("ip").args(down).status().unwrap().success());
}

/// What is written is delivered by a worker: the row says so.
fn works(asked: &Asked, text: &str, delivered: &str) {
    let written = asked.curl("/posts", &["--data", &format!("text={text}")]);
    assert!(written.contains(r#"{"id":"#), "{written}");
    let begin = Instant::now();
    loop {
        let posts = asked.get("/posts");
        let post = posts.split('{').find(|post| post.contains(&format!(r#""text":"{text}""#)));
        if post.is_some_and(|post| post.contains(delivered)) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody delivers {text}: {posts}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Who listens to the stream hears of it, through the load balancer.
fn streams(asked: &Asked) {
    let socket = [
        "--no-buffer",
        "--dump-header",
        "-",
        "-HConnection: Upgrade",
        "-HUpgrade: websocket",
        "-HSec-WebSocket-Version: 13",
        "-HSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let mut listening = asked.command("/api/v1/streaming", &socket);
    let mut listening = listening.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let heard = hear(&mut listening, String::new(), "101 Switching Protocols");
    asked.curl("/posts", &["--data", "text=second"]);
    hear(&mut listening, heard, r#"{"event":"update","payload":"second"}"#);
    listening.kill().unwrap();
    listening.wait().unwrap();
}

fn hear(from: &mut Child, mut heard: String, wanted: &str) -> String {
    let mut bytes = [0; 4096];
    while !heard.contains(wanted) {
        let length = from.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
        assert!(length > 0, "`{wanted}` does not come: {heard}");
        heard.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    heard
}

/// The units with what they were told, and the secrets, which only the user reads.
fn is_set_up(one: &Lent, two: &Lent) {
    let units = "mastodon-web mastodon-streaming mastodon-sidekiq-default";
    let secret = "grep -c '^VAPID_PUBLIC_KEY=B.\\{86\\}=$' /home/mastodon/live/.env.production; \
                  grep -E '^(SECRET|OTP|VAPID|ACTIVE)' /home/mastodon/live/.env.production | sha256sum";
    for host in [one, two] {
        assert_eq!(host.run(&format!("systemctl is-active {units}")), "active\n".repeat(3));
        assert_eq!(host.run(&format!("systemctl is-enabled {units}")), "enabled\n".repeat(3));
        assert!(
            host.run("systemctl show -P Environment mastodon-sidekiq-default")
                .contains("DB_POOL=3 ")
        );
        assert_eq!(host.access("/home/mastodon/live/.env.production"), "0600 mastodon:mastodon");
        assert_eq!(
            host.run(
                "cd / && runuser -u mastodon -- /home/mastodon/.rbenv/shims/ruby -e 'print RUBY_VERSION'"
            ),
            "3.1.2"
        );
        assert_eq!(host.run("node --version; cd / && yarn --version"), "v22.20.0\n1.22.22\n");
    }
    assert!(one.run(secret).starts_with("1\n"));
    assert_eq!(one.run(secret), two.run(secret));
    assert_eq!(one.access("/etc/mastodon/secrets"), "0600 root:root");
    // What only one may do is done by the first.
    assert!(!two.has("/etc/systemd/system/mastodon-sidekiq-scheduler.service"));
    assert!(!two.has("/etc/systemd/system/mastodon-media.timer"));
    one.run("systemctl start mastodon-media.service && systemctl is-active mastodon-media.timer mastodon-sidekiq-scheduler");
    assert!(one.run("journalctl -u mastodon-media.service").contains("Removed 0 of 2"));
}
