//! A web server with a certificate from an authority that speaks ACME, renewed once.

use std::process::Command;
use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

/// An authority that speaks ACME, and a name server for it that knows one host by its IPv6 address.
const AUTHORITY: &str = r#"
set -e
apt-get -qq update && apt-get -qq install --yes --no-install-recommends curl pebble >/dev/null
mkdir -p /srv/pebble && cd /srv/pebble
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=test 2>&1
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -subj /CN=acme.test 2>&1
printf "subjectAltName=IP:$OWN" > ext
openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out cert.pem 2>&1
cat > config.json <<'END'
{"pebble": {"listenAddress": "[::]:14000", "managementListenAddress": "[::]:15000", "certificate": "/srv/pebble/cert.pem",
  "privateKey": "/srv/pebble/key.pem", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": ""}}
END
systemd-run --unit=names pebble-challtestsrv -http01 '' -https01 '' -tlsalpn01 '' -defaultIPv4 '' -defaultIPv6 "$WEB" \
  -dns01 127.0.0.1:8053 -management 127.0.0.1:8055
systemd-run --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
  pebble -config /srv/pebble/config.json -dnsserver 127.0.0.1:8053
"#;

/// A web server on IPv6 alone with a certificate, before two hosts that answer.
const WEB: &str = r#"
- hosts: app
  vars:
    nginx_vhosts: [{name: "{{ inventory_hostname }}", listen: 8001, root: /srv/www/app, page: "{{ inventory_hostname }}"}]
  roles: [nginx]
- hosts: web
  vars:
    certbot_server: https://[AUTHORITY]:14000/dir
    certbot_ca_bundle: /etc/ssl/authority.pem
    certbot_certificates: [{name: social.test, domains: [social.test, www.social.test]}]
    nginx_listen: [ipv6]
    nginx_acme_root: /var/www/acme
    nginx_vhosts:
      - name: [social.test, www.social.test]
        mastodon:
          root: /srv/public
          web: ["[AUTHORITY]:8001", "[APP]:8001"]
          streaming: ["[::1]:4000"]
        tls: {certificate: /etc/letsencrypt/live/social.test/fullchain.pem, key: /etc/letsencrypt/live/social.test/privkey.pem}
      - {name: streaming, listen: 4000, root: /srv/www/streaming, extra: 'location /api { return 200 "$http_upgrade $http_connection"; }'}
  roles: [certbot, nginx]
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_web_server_with_a_certificate() {
    let hosts = lend([Kind::Debian, Kind::Debian, Kind::Centos]);
    let [web, authority, app] = &hosts;
    let play =
        WEB.replace("AUTHORITY", &authority.ipv6.to_string()).replace("APP", &app.ipv6.to_string());
    let project = project(&[web, authority, app], &play);
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv6);
    let groups = format!("[web]\n{}[app]\n{}{}", line(web), line(authority), line(app));
    project.write("inventory/test", groups);
    let (own, theirs) = (authority.ipv6, web.ipv6);
    authority.run(&format!("OWN={own} WEB={theirs}\n{AUTHORITY}"));
    let ca = authority.text("/srv/pebble/ca.pem");
    web.run(&format!("mkdir -p /srv/public/packs; echo pack > /srv/public/packs/a.js; echo '{ca}' > /etc/ssl/authority.pem"));
    converges(&hosts, &project);
    let root = authority.run("curl -sSk https://[::1]:15000/roots/0");
    let root = project.keep("root.pem", root);
    let get = |path: &str, more: &[&str]| {
        let connect = [80, 443].map(|port| format!("::[{theirs}]:{port}"));
        let output = Command::new("curl")
            .args(["-sS", "--http1.1", "--max-time", "20", "--cacert"])
            .arg(&root)
            .args([
                "--dump-header",
                "-",
                "--connect-to",
                &connect[usize::from(path.starts_with("https"))],
            ])
            .args(more)
            .arg(path)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let plain = get("http://www.social.test/about", &[]);
    assert!(plain.contains("Location: https://www.social.test/about"), "{plain}");
    let page = get("https://social.test/", &[]);
    assert!(
        page.contains("200 OK") && page.contains("max-age=31536000; includeSubDomains"),
        "{page}"
    );
    let pack = get("https://social.test/packs/a.js", &["--compressed"]);
    assert!(pack.contains("immutable") && pack.contains("nosniff"), "{pack}");
    let socket = ["-HUpgrade: websocket", "-HConnection: Upgrade"];
    assert!(get("https://social.test/api/v1/streaming", &socket).contains("websocket upgrade"));
    assert_eq!(web.run("ss -Hltn4 'sport = 443'"), "");
    app.run("systemctl stop nginx");
    for _ in 0..10 {
        let page = get("https://social.test/", &[]);
        assert!(page.contains("200 OK") && page.contains(&authority.name), "{page}");
    }
    is_renewed(web);
    // A mistake does not reach the server that runs.
    project.write("playbooks/site.yml", play.replace("location /api {", "locution /api {"));
    project.apply(&["--limit", "web"]).exits(1).says("locution");
    assert!(get("https://social.test/", &[]).contains("200 OK"));
}

/// The timer's command fetches another certificate by the web server, which then shows it.
fn is_renewed(web: &Lent) {
    let shown = || {
        web.run("openssl s_client -connect [::1]:443 -servername social.test </dev/null 2>/dev/null | openssl x509 -noout -serial")
    };
    let before = shown();
    assert_eq!(web.run("systemctl is-active certbot-managed.timer"), "active\n");
    web.run("sed -i '1s/.*/renew_before_expiry = 3000 days/' /etc/letsencrypt/renewal/social.test.conf && systemctl start certbot-managed");
    let begin = Instant::now();
    while shown() == before {
        assert!(begin.elapsed() < Duration::from_secs(30), "the web server shows {before}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
