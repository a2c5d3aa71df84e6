//! HTTP on a host that has neither `curl` nor `wget`: the controller asks in its place, through the host's sshd.

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::project::Project;

/// Pages in clear text and through TLS, of an authority that nobody knows.
const SERVER: &str = r#"set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null
apt-get -qq install --yes --no-install-recommends nginx >/dev/null
mkdir -p /etc/tls /srv/web && cd /etc/tls
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=test 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout web.key -out web.req -subj /CN=web.test 2>/dev/null
printf subjectAltName=DNS:web.test >web.ext
openssl x509 -req -in web.req -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile web.ext -out web.pem 2>/dev/null
head -c 5000000 /dev/urandom >/srv/web/large
printf '{"a": 1}' >/srv/web/data.json
printf 'me:%s\n' "$(openssl passwd -6 secret)" >/etc/nginx/users
cat >/etc/nginx/conf.d/web.conf <<'CONF'
server {
    listen 443 ssl; listen 80; server_name web.test;
    ssl_certificate /etc/tls/web.pem; ssl_certificate_key /etc/tls/web.key;
    root /srv/web; if_modified_since before;
    location = /data.json { default_type application/json; }
    location = /moved { return 302 /data.json; }
    location = /away { return 302 http://web.test/echo; }
    location = /echo { return 200 "$request_method|$content_type|$http_authorization|$http_x_one"; }
    location = /private { auth_basic "x"; auth_basic_user_file /etc/nginx/users; try_files /data.json =404; }
}
CONF
systemctl restart nginx
"#;

/// Asks, and looks at what came.
const TASKS: &str = r#"
- uri: {url: "https://web.test/moved", return_content: true}
  register: moved
- uri: {url: "https://web.test/echo", method: POST, body: {a: 1}, body_format: json, return_content: true, headers: {X-One: one}}
  register: posted
- uri: {url: "https://web.test/private", user: me, password: secret}
- uri: {url: "https://web.test/away", user: me, password: secret, return_content: true}
  register: away
- uri: {url: "http://web.test/none", status_code: 404}
- uri: {url: "https://web.test/data.json", return_content: true}
  become: true
  become_user: nobody
  register: become
- get_url: {url: "https://web.test/large", dest: /srv/large, headers: {X-One: one}}
- get_url: {url: "https://web.test/data.json", dest: /srv/data.json}
- copy:
    dest: /srv/told
    content: "{{ moved.json.a }} {{ moved.url }} {{ posted.content }} {{ away.content }} {{ become.json.a }}\n"
"#;

/// A bare host that knows the server by a name that nobody else knows.
fn bare() -> [Lent; 2] {
    let [host, server] = lend([Kind::Debian, Kind::Debian]);
    assert!(!host.succeeds("command -v curl || command -v wget"));
    server.run(SERVER);
    host.run(&format!("echo '{} web.test' >>/etc/hosts", server.ipv4));
    [host, server]
}

#[test]
#[ignore = "needs hosts"]
fn the_controller_asks_for_a_host_that_has_no_program_for_it() {
    let [host, server] = bare();
    let project = Project::tasks(&[&host], "- uri: {url: \"https://web.test/data.json\"}\n");
    project
        .check(&[])
        .exits(1)
        .says("UnknownIssuer (authorities that are trusted: those in /etc/ssl/certs/ca-certificates.crt of the host)");
    let authority = server.text("/etc/tls/ca.pem");
    host.run(&format!(
        "cat >/usr/local/share/ca-certificates/test.crt <<'PEM'\n{authority}PEM\nupdate-ca-certificates"
    ));
    project.write("playbooks/site.yml", crate::project::play(TASKS));
    project.check(&[]).exits(2);
    project.apply(&[]).exits(0);
    assert_eq!(
        host.text("/srv/told"),
        "1 https://web.test/data.json POST|application/json||one GET||| 1\n"
    );
    assert_eq!(host.text("/srv/data.json"), "{\"a\": 1}");
    let again = project.apply(&[]).exits(0);
    assert!(again.recap(&host.name).contains("changed=0"), "{again}");
    let sum = |host: &Lent, path: &str| host.run(&format!("sha256sum <{path}"));
    assert_eq!(sum(&host, "/srv/large"), sum(&server, "/srv/web/large"));
    project.write(
        "playbooks/site.yml",
        crate::project::play("- uri: {url: \"http://web.test:81/\"}\n"),
    );
    project.check(&[]).exits(1).says(
        "Failed to connect to web.test port 81: the host does not know the name, or can't reach it",
    );
}

#[test]
#[ignore = "needs hosts"]
fn where_nothing_may_go_out_through_sshd_it_is_said_what_to_do() {
    let [host, _server] = bare();
    host.run("echo 'AllowTcpForwarding no' >>/etc/ssh/sshd_config; systemctl reload ssh");
    let project = Project::tasks(&[&host], "- uri: {url: \"http://web.test/data.json\"}\n");
    project.check(&[]).exits(1).says("install `curl`, or set `AllowTcpForwarding local`");
    let get = "- get_url: {url: \"http://web.test/data.json\", dest: /srv/data.json}\n";
    project.write("playbooks/site.yml", crate::project::play(get));
    project.apply(&[]).exits(0);
    project.apply(&[]).exits(0).says("a newer file on the server goes unnoticed");
}
