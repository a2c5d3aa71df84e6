//! A history that several people share, on a real server of PostgreSQL.

use std::time::Duration;

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::project::{Call, Project, play};
use crate::trouble::{the_helper_leaves, wait_until};

const TASKS: &str = "- copy: {dest: /etc/motd, content: \"one\\n\", mode: '0644'}";

/// A server that lets `converge` in from the network of the hosts, and its URL.
fn server(host: &Lent) -> String {
    host.run("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends postgresql > /dev/null");
    let conf = "conf=$(echo /etc/postgresql/*/main); echo \"listen_addresses = '*'\" >> $conf/postgresql.conf; \
                echo 'host converge converge 10.0.0.0/8 scram-sha-256' >> $conf/pg_hba.conf; systemctl restart postgresql@*";
    host.run(conf);
    let sql = |sql: &str| host.run(&format!("runuser -u postgres -- psql -XqAtc \"{sql}\""));
    sql("CREATE ROLE converge LOGIN PASSWORD 's3cret'");
    sql("CREATE DATABASE converge OWNER converge");
    format!("postgresql://converge:s3cret@{}/converge", host.ipv4)
}

#[test]
#[ignore = "needs hosts"]
fn a_team_shares_its_history() {
    let [host, other] = lend([Kind::Debian, Kind::Debian]);
    let url = server(&host);
    a_rollout_is_gone_on_with_at_another_machine(&host, &other, &url);
    let ann = Project::tasks(&[&host], TASKS);
    let shared = |call: Call| call.env("CONVERGE_HISTORY", url.as_str());
    let apply = |project: &Project| shared(project.converge(&["-i", "test", "--yes"])).run();
    apply(&ann).exits(0).never_says("not kept");

    // Bob has a checkout and a home of his own.
    let bob = Project::tasks(&[&host], TASKS);
    let from = ann.folder().display().to_string();
    bob.git(&["fetch", "--quiet", "--", &from, "main"]);
    bob.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    shared(bob.converge(&["history"])).run().exits(0).says("apply  applied");
    shared(bob.converge(&["show", "last"])).run().exits(0).says("/etc/motd");
    bob.converge(&["drift", "-i", "test"]).run().exits(3).says("nothing is known");
    shared(bob.converge(&["drift", "-i", "test"])).run().exits(0).says("No drift");
    shared(bob.converge(&["revert", "last", "--check"])).run().exits(2).says("/etc/motd");
    host.run("echo by hand >> /etc/motd");
    shared(bob.converge(&["drift", "-i", "test"])).run().exits(2).says("-by hand");

    what_travels_is_encrypted_and_the_server_is_known(&host, &bob, &url);

    // Nobody waits for a server that is not there, and nobody is told its password.
    host.run("systemctl stop postgresql@*");
    let alone = apply(&bob).exits(0).says("this run is not kept").never_says("s3cret");
    assert!(alone.out.contains("changed=1"), "{alone}");
    let refused = shared(bob.converge(&["drift", "-i", "test"])).run().exits(1);
    refused.says("it can't be told what was applied").never_says("s3cret");

    // What a newer converge wrote is left alone.
    host.run("systemctl start postgresql@15-main || systemctl start postgresql");
    host.run(
        "runuser -u postgres -- psql -XqAtc 'UPDATE converge_history SET version = 99' converge",
    );
    shared(bob.converge(&["history"])).run().exits(1).says("written by a newer converge");
}

/// Each host is at it until it may go on.
const SLOW: &str = "
- copy: {dest: /etc/begun, content: x}
- shell: while [ ! -e /tmp/go-on ]; do sleep 0.1; done; touch /etc/through
  args: {creates: /etc/through}
";

/// Ann's machine dies in the middle; Bob sees how far it got, is kept out as long as it lives, and goes on.
fn a_rollout_is_gone_on_with_at_another_machine(one: &Lent, two: &Lent, url: &str) {
    let (ann, bob) = (Project::new(&[], &[]), Project::new(&[], &[]));
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv4);
    ann.write("inventory/prod", line(one) + &line(two));
    ann.write("converge.toml", "[environments.prod.rollout]\ncanary = 1\nbatches = 1\n");
    ann.write("playbooks/site.yml", play(SLOW));
    ann.commit();
    let from = ann.folder().display().to_string();
    bob.git(&["fetch", "--quiet", "--", &from, "main"]);
    bob.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    for project in [&ann, &bob] {
        project.ssh_config(one, "");
    }
    let converge = |project: &Project, who: &str, words: &[&str]| {
        let call = project.converge(words).env("CONVERGE_HISTORY", url).env("USER", who);
        call.within(Duration::from_secs(200))
    };
    one.run("touch /tmp/go-on");
    let mut running = converge(&ann, "ann", &["-i", "prod", "--yes"]).start();
    wait_until("the second batch", || two.has("/etc/begun"));
    let status = converge(&bob, "bob", &["rollout", "status"]).run().exits(0);
    let status = status.says(": under way").says("by ann@");
    assert!(status.out.contains(&format!("  done       {}\n", one.name)), "{status}");
    converge(&bob, "bob", &["rollout", "resume", "--yes"]).run().exits(1).says("it is under way");
    let second = converge(&bob, "bob", &["-i", "prod", "--yes"]).run().exits(1);
    second.says("is under way, begun by ann@");
    running.kill().unwrap();
    running.wait().unwrap();
    the_helper_leaves(two);
    let gone = || converge(&bob, "bob", &["rollout", "status"]).run().exits(0);
    wait_until("the server to notice", || gone().out.contains("interrupted"));
    two.run("touch /tmp/go-on");
    converge(&bob, "bob", &["rollout", "resume", "--yes"]).run().exits(0);
    assert!(two.has("/etc/through"));
    let status = converge(&ann, "ann", &["rollout", "status"]).run().exits(0);
    status.says("No rollout is stopped or under way.");
    for host in [one, two] {
        host.run("rm -f /etc/begun /etc/through /tmp/go-on");
    }
}

/// An authority, a certificate that it signed for another name, one for the server, and one that signed for itself.
const CERTIFICATES: &str = "\
set -e
mkdir -p /etc/tls && cd /etc/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=ca -keyout ca.key -out ca.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=other -keyout other.key -out other.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=own -addext subjectAltName=IP:ADDRESS -keyout own.key -out own.pem 2>/dev/null
for name in ADDRESS 10.0.0.99; do
  openssl req -newkey rsa:2048 -nodes -subj /CN=db -keyout $name.key -out $name.csr 2>/dev/null
  printf 'subjectAltName=IP:%s\\n' $name > $name.ext
  openssl x509 -req -days 9 -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $name.ext -out $name.pem 2>/dev/null
done
chown postgres: *.key && chmod 0600 *.key
";

/// As libpq has it: who is asked to look at the certificate does.
fn what_travels_is_encrypted_and_the_server_is_known(host: &Lent, bob: &Project, url: &str) {
    host.run(&CERTIFICATES.replace("ADDRESS", &host.ipv4.to_string()));
    host.run("sed -i s/^host\\ converge/hostssl\\ converge/ /etc/postgresql/*/main/pg_hba.conf");
    let serve = |name: &str| {
        let set =
            |key: &str, file: &str| format!("ALTER SYSTEM SET {key} = '/etc/tls/{name}.{file}'");
        for sql in [set("ssl_cert_file", "pem"), set("ssl_key_file", "key")] {
            host.run(&format!("runuser -u postgres -- psql -XqAtc \"{sql}\""));
        }
        host.run("systemctl restart postgresql@*");
    };
    let file = |name: &str| host.root.join(format!("etc/tls/{name}.pem")).display().to_string();
    let by = |options: &str, code: i32| {
        let url = format!("{url}?{options}");
        bob.converge(&["history"]).env("CONVERGE_HISTORY", url).run().exits(code)
    };
    let address = host.ipv4.to_string();
    serve(&address);
    by("sslmode=disable", 1).says("no encryption");
    for options in ["", "sslmode=prefer", "sslmode=require"] {
        by(options, 0).says("apply  applied");
    }
    by(&format!("sslmode=verify-full&sslrootcert={}", file("ca")), 0);
    let refused = by(&format!("sslmode=verify-full&sslrootcert={}", file("other")), 1);
    refused.says("invalid peer certificate: UnknownIssuer").never_says("s3cret");
    by("sslmode=verify-full", 1).says("add `sslrootcert=FILE`");
    by("sslmode=verify-full&sslrootcert=system", 1);

    // A certificate of the same authority for somebody else.
    serve("10.0.0.99");
    by(&format!("sslmode=verify-full&sslrootcert={}", file("ca")), 1).says("not valid for name");
    by(&format!("sslmode=verify-ca&sslrootcert={}", file("ca")), 0);
    by(&format!("sslmode=require&sslrootcert={}", file("other")), 1).says("UnknownIssuer");

    // One that the server signed for itself, as its manual says how to make.
    serve("own");
    by(&format!("sslmode=verify-full&sslrootcert={}", file("own")), 0);
    by(&format!("sslmode=verify-full&sslrootcert={}", file("ca")), 1);
}
