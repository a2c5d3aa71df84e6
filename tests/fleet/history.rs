//! A history that several people share, on a real server of PostgreSQL.

use crate::hosts::{Lent, debian};
use crate::project::{Call, Project};

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
    let host = debian();
    let url = server(&host);
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
