//! What the host's `openssl` and `ssh-keygen` say of what is made here, and what ansible's modules made.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::answer::Answerer;
use crate::data::Data;
use crate::host::real::Real;
use crate::modules::scenario::{Scenario, done};
use crate::stop::Failure;
use crate::wire::{Ask, Done, Reply};

/// A folder, and what is done in it.
struct Desk {
    scenario: Scenario,
}

impl Desk {
    fn new() -> Self {
        Self { scenario: Scenario::new(&[]) }
    }

    fn path(&self, name: &str) -> String {
        self.scenario.path().join(name).display().to_string()
    }

    fn ask(&self, ask: &Ask, module: &str, args: &[(&str, Data)]) -> Reply {
        let call = self.scenario.call(module, args);
        Answerer::new(Real::new()).answer(ask, &call).unwrap()
    }

    /// Plans, performs, and plans once more: then there is nothing to do.
    #[track_caller]
    fn run(&self, module: &str, args: &[(&str, Data)]) -> Done {
        let before = self.scenario.real_shape();
        let planned = done(self.ask(&Ask::Plan, module, args));
        assert_eq!(self.scenario.real_shape(), before, "planning changes nothing");
        let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes.clone()) };
        let performed = done(self.ask(&perform, module, args));
        assert_eq!(performed.changed, planned.changed);
        let again = done(self.ask(&Ask::Plan, module, args));
        assert_eq!(again.changes, [], "what is done needs no doing");
        performed
    }

    #[track_caller]
    fn fails(&self, module: &str, args: &[(&str, Data)]) -> String {
        match self.ask(&Ask::Plan, module, args) {
            Reply::Failed(Failure { msg, .. }, _) => msg.replace(&self.path(""), "$T/"),
            other => panic!("it should fail: {other:?}"),
        }
    }

    /// What a program prints.
    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(self.scenario.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        text
    }
}

fn list(words: &[&str]) -> Data {
    words.to_vec().into()
}

/// A key on a curve, which is made in no time.
fn key(desk: &Desk, name: &str) -> Done {
    desk.run(
        "openssl_privatekey",
        &[
            ("path", format!("$T/{name}").into()),
            ("type", "ECC".into()),
            ("curve", "secp256r1".into()),
        ],
    )
}

#[test]
fn keys_of_every_sort_are_made_once() {
    let desk = Desk::new();
    let made = key(&desk, "ec.pem");
    assert!(made.changed && made.results["fingerprint"].as_map().unwrap().len() == 6);
    assert!(
        fs::read_to_string(desk.path("ec.pem"))
            .unwrap()
            .starts_with("-----BEGIN EC PRIVATE KEY-----")
    );
    let shown = made.changes[0].effect().describe();
    assert_eq!(shown.diff, None, "nothing of a key is shown");
    assert!(desk.scenario.real_shape()["ec.pem"].starts_with("0600 "));
    for sort in ["Ed25519", "X25519", "Ed448"] {
        desk.run(
            "openssl_privatekey",
            &[("path", format!("$T/{sort}").into()), ("type", sort.into())],
        );
    }
    let rsa =
        [("path", "$T/rsa.pem".into()), ("size", 1024_i64.into()), ("passphrase", "secret".into())];
    desk.run("openssl_privatekey", &rsa);
    desk.says(&["openssl", "rsa", "-in", "rsa.pem", "-passin", "pass:secret", "-noout", "-check"]);
    // Another size, another passphrase or none: another key.
    for more in [
        vec![("size", Data::from(1536_i64)), ("passphrase", "secret".into())],
        vec![("size", 1536_i64.into())],
    ] {
        let args = [vec![("path", "$T/rsa.pem".into())], more].concat();
        assert!(desk.run("openssl_privatekey", &args).changed);
    }
    let fail =
        [("path", "$T/rsa.pem".into()), ("size", 1024_i64.into()), ("regenerate", "fail".into())];
    assert!(
        desk.fails("openssl_privatekey", &fail).contains("though it is of another sort or size")
    );
    let never = [("path", "$T/rsa.pem".into()), ("regenerate", "never".into())];
    assert!(!desk.run("openssl_privatekey", &never).changed);
    let other = [
        ("path", "$T/rsa.pem".into()),
        ("size", 1536_i64.into()),
        ("format", "pkcs8".into()),
        ("format_mismatch", "convert".into()),
    ];
    let before = desk.says(&["openssl", "pkey", "-in", "rsa.pem", "-pubout"]);
    assert!(desk.run("openssl_privatekey", &other).changed);
    assert_eq!(desk.says(&["openssl", "pkey", "-in", "rsa.pem", "-pubout"]), before);
    assert!(
        desk.run(
            "openssl_privatekey",
            &[("path", "$T/rsa.pem".into()), ("state", "absent".into())]
        )
        .changed
    );
}

#[test]
fn requests_say_what_is_asked_for() {
    let desk = Desk::new();
    key(&desk, "k.pem");
    let args = |name: &str| {
        vec![
            ("path", Data::from("$T/r.csr")),
            ("privatekey_path", "$T/k.pem".into()),
            ("common_name", name.into()),
            ("country_name", "FR".into()),
            (
                "subject_alt_name",
                list(&["DNS:a.example", "IP:10.0.0.1", "email:a@b.c", "dirName:CN = x, O = y"]),
            ),
            ("key_usage", list(&["digitalSignature", "Key Agreement"])),
            ("key_usage_critical", true.into()),
            ("extended_key_usage", list(&["serverAuth", "1.2.3.4"])),
            ("basic_constraints", list(&["CA:TRUE", "pathlen:0"])),
            ("ocsp_must_staple", true.into()),
            ("name_constraints_permitted", list(&["DNS:.example", "IP:10.0.0.0/8"])),
            ("create_subject_key_identifier", true.into()),
        ]
    };
    let made = desk.run("openssl_csr", &args("a.example"));
    assert_eq!(
        made.results["subject"],
        Data::List(vec![list(&["C", "FR"]), list(&["CN", "a.example"])])
    );
    let text = desk.says(&["openssl", "req", "-in", "r.csr", "-noout", "-text", "-verify"]);
    for part in [
        "Subject: C = FR, CN = a.example",
        "DNS:a.example, IP Address:10.0.0.1, email:a@b.c, DirName:/O=y/CN=x",
        "X509v3 Key Usage: critical",
        "Digital Signature, Key Agreement",
        "TLS Web Server Authentication, 1.2.3.4",
        "CA:TRUE, pathlen:0",
        "status_request",
        "DNS:.example",
        "IP:10.0.0.0/255.0.0.0",
        "X509v3 Subject Key Identifier",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(desk.run("openssl_csr", &args("b.example")).changed);
    assert!(!desk.run("openssl_csr", &args("b.example")).changed);
    let wrong = [
        ("path", "$T/x.csr".into()),
        ("privatekey_path", "$T/k.pem".into()),
        ("key_usage", list(&["sign"])),
    ];
    assert!(desk.fails("openssl_csr", &wrong).starts_with("`sign` is no use of a key"));
    let none = [("path", "$T/x.csr".into()), ("privatekey_path", "$T/none".into())];
    assert_eq!(desk.fails("openssl_csr", &none), "there is no private key `$T/none`");
}

#[test]
fn certificates_are_signed_by_themselves_or_an_authority() {
    let desk = Desk::new();
    for name in ["ca.key", "k.pem"] {
        key(&desk, name);
    }
    let request = |name: &str, key: &str, more: &[(&'static str, Data)]| {
        let mut args = vec![
            ("path", Data::from(format!("$T/{name}"))),
            ("privatekey_path", format!("$T/{key}").into()),
            ("common_name", name.into()),
        ];
        args.extend(more.iter().cloned());
        desk.run("openssl_csr", &args);
    };
    request(
        "ca.csr",
        "ca.key",
        &[("basic_constraints", list(&["CA:TRUE"])), ("basic_constraints_critical", true.into())],
    );
    request("a.csr", "k.pem", &[]);
    let authority = [
        ("path", "$T/ca.pem".into()),
        ("csr_path", "$T/ca.csr".into()),
        ("privatekey_path", "$T/ca.key".into()),
        ("provider", "selfsigned".into()),
    ];
    let made = desk.run("x509_certificate", &authority);
    assert!(made.results["serial_number"].as_str().unwrap().len() > 40);
    let own = [
        ("path", "$T/a.pem".into()),
        ("csr_path", "$T/a.csr".into()),
        ("provider", "ownca".into()),
        ("ownca_path", "$T/ca.pem".into()),
        ("ownca_privatekey_path", "$T/ca.key".into()),
        ("ownca_not_after", "+30d".into()),
        ("return_content", true.into()),
    ];
    let made = desk.run("x509_certificate", &own);
    assert!(
        made.results["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----")
    );
    assert!(desk.says(&["openssl", "verify", "-CAfile", "ca.pem", "a.pem"]).contains("a.pem: OK"));
    desk.says(&["openssl", "x509", "-in", "a.pem", "-noout", "-checkend", "2500000"]);
    assert!(
        !Command::new("openssl")
            .args(["x509", "-in", &desk.path("a.pem"), "-noout", "-checkend", "2600000"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let text = desk.says(&["openssl", "x509", "-in", "a.pem", "-noout", "-text"]);
    assert!(text.contains("DNS:a.csr") && text.contains("Authority Key Identifier"), "{text}");
    let bare = [
        ("path", "$T/b.pem".into()),
        ("privatekey_path", "$T/k.pem".into()),
        ("provider", "selfsigned".into()),
        ("selfsigned_not_after", "20350102030405Z".into()),
        ("ignore_timestamps", false.into()),
    ];
    desk.run("x509_certificate", &bare);
    assert!(
        desk.says(&["openssl", "x509", "-in", "b.pem", "-noout", "-enddate"])
            .contains("Jan  2 03:04:05 2035 GMT")
    );
    let acme = [("path", "$T/c.pem".into()), ("provider", "acme".into())];
    assert!(desk.fails("x509_certificate", &acme).contains("`provider: acme` is not supported"));
    let other = [
        ("path", "$T/c.pem".into()),
        ("provider", "selfsigned".into()),
        ("csr_path", "$T/a.csr".into()),
        ("privatekey_path", "$T/ca.key".into()),
    ];
    assert!(desk.fails("x509_certificate", &other).contains("not signed by the private key"));
}

#[test]
fn what_is_only_planned_makes_the_rest_unknown() {
    let desk = Desk::new();
    let mut planner = Answerer::new(Real::new());
    let mut plan = |module: &str, args: &[(&str, Data)]| {
        done(planner.answer(&Ask::Plan, &desk.scenario.call(module, args)).unwrap())
    };
    plan("openssl_privatekey", &[("path", "$T/k.pem".into()), ("type", "Ed25519".into())]);
    let request =
        plan("openssl_csr", &[("path", "$T/r.csr".into()), ("privatekey_path", "$T/k.pem".into())]);
    let shown = request.changes[0].effect().describe();
    assert!(shown.what.ends_with("/r.csr"), "{shown:?}");
    let certificate = plan(
        "x509_certificate",
        &[
            ("path", "$T/c.pem".into()),
            ("csr_path", "$T/r.csr".into()),
            ("privatekey_path", "$T/k.pem".into()),
            ("provider", "selfsigned".into()),
        ],
    );
    assert!(certificate.changed && certificate.open.is_some());
    assert!(!Path::new(&desk.path("k.pem")).exists());
}

#[test]
fn public_keys_are_shown_as_they_will_be() {
    let desk = Desk::new();
    key(&desk, "k.pem");
    let args = [
        ("path", "$T/k.pub".into()),
        ("privatekey_path", "$T/k.pem".into()),
        ("return_content", true.into()),
    ];
    let made = desk.run("openssl_publickey", &args);
    assert_eq!(
        made.results["publickey"].as_str().unwrap(),
        desk.says(&["openssl", "pkey", "-in", "k.pem", "-pubout"])
    );
    assert!(made.changes[0].effect().describe().diff.is_some());
    let ssh = [
        ("path", "$T/k.ssh".into()),
        ("privatekey_path", "$T/k.pem".into()),
        ("format", "OpenSSH".into()),
    ];
    desk.run("openssl_publickey", &ssh);
    let told = desk.says(&["ssh-keygen", "-y", "-f", "k.pem"]);
    assert_eq!(fs::read_to_string(desk.path("k.ssh")).unwrap().trim(), told.trim());
    let content = fs::read_to_string(desk.path("k.pem")).unwrap();
    let given = [("path", "$T/k2.pub".into()), ("privatekey_content", content.into())];
    desk.run("openssl_publickey", &given);
}

#[test]
fn keys_given_as_content_sign_as_well() {
    let desk = Desk::new();
    key(&desk, "k.pem");
    let content = fs::read_to_string(desk.path("k.pem")).unwrap();
    desk.run(
        "openssl_csr",
        &[
            ("path", "$T/r.csr".into()),
            ("privatekey_content", content.into()),
            ("common_name", "x".into()),
        ],
    );
    desk.says(&["openssl", "req", "-in", "r.csr", "-noout", "-verify"]);
    desk.run("openssl_privatekey", &[("path", "$T/ed.pem".into()), ("type", "Ed25519".into())]);
    desk.run(
        "openssl_csr",
        &[
            ("path", "$T/ed.csr".into()),
            ("privatekey_path", "$T/ed.pem".into()),
            ("common_name", "x".into()),
        ],
    );
    desk.says(&["openssl", "req", "-in", "ed.csr", "-noout", "-verify"]);
}

#[test]
fn pairs_for_openssh_are_made_once() {
    let desk = Desk::new();
    let args = |more: &[(&'static str, Data)]| {
        [vec![("path", Data::from("$T/id")), ("type", "ed25519".into())], more.to_vec()].concat()
    };
    let made = desk.run("openssh_keypair", &args(&[("comment", "me".into())]));
    assert!(made.results["public_key"].as_str().unwrap().starts_with("ssh-ed25519 "));
    assert!(
        desk.says(&["ssh-keygen", "-l", "-f", "id"])
            .contains(made.results["fingerprint"].as_str().unwrap())
    );
    let changed = desk.run("openssh_keypair", &args(&[("comment", "you".into())]));
    assert!(changed.changed && changed.changes.len() == 1);
    assert!(fs::read_to_string(desk.path("id.pub")).unwrap().ends_with(" you\n"));
    fs::remove_file(desk.path("id.pub")).unwrap();
    assert!(desk.run("openssh_keypair", &args(&[])).changed);
    let other = [("path", "$T/id".into()), ("type", "ecdsa".into()), ("regenerate", "fail".into())];
    assert!(desk.fails("openssh_keypair", &other).contains("is of another sort or size"));
    assert!(desk.run("openssh_keypair", &args(&[("state", "absent".into())])).changed);
    let secret = args(&[("passphrase", "x".into())]);
    assert!(desk.fails("openssh_keypair", &secret).contains("`passphrase` is not supported"));
}

#[test]
fn parameters_are_found_once() {
    let desk = Desk::new();
    let args = [("path", "$T/dh.pem".into()), ("size", 512_i64.into())];
    assert!(desk.run("openssl_dhparam", &args).changed);
    assert!(!desk.run("openssl_dhparam", &args).changed);
}

#[test]
fn a_server_is_asked_for_what_it_shows() {
    let desk = Desk::new();
    key(&desk, "k.pem");
    desk.run(
        "openssl_csr",
        &[
            ("path", "$T/r.csr".into()),
            ("privatekey_path", "$T/k.pem".into()),
            ("common_name", "server".into()),
        ],
    );
    desk.run(
        "x509_certificate",
        &[
            ("path", "$T/c.pem".into()),
            ("csr_path", "$T/r.csr".into()),
            ("privatekey_path", "$T/k.pem".into()),
            ("provider", "selfsigned".into()),
        ],
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-accept",
            &format!("127.0.0.1:{port}"),
            "-cert",
            &desk.path("c.pem"),
            "-key",
            &desk.path("k.pem"),
        ])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let args = [("host", "127.0.0.1".into()), ("port", Data::Int(port.into()))];
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
        && std::time::Instant::now() < until
    {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let told = done(desk.ask(&Ask::Plan, "get_certificate", &args));
    let trusted = [args.to_vec(), vec![("ca_cert", "$T/c.pem".into())]].concat();
    let refused = {
        key(&desk, "other.pem");
        desk.run(
            "x509_certificate",
            &[
                ("path", "$T/other.crt".into()),
                ("privatekey_path", "$T/other.pem".into()),
                ("provider", "selfsigned".into()),
            ],
        );
        desk.fails(
            "get_certificate",
            &[args.to_vec(), vec![("ca_cert", "$T/other.crt".into())]].concat(),
        )
    };
    let accepted = desk.ask(&Ask::Plan, "get_certificate", &trusted);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(told.results["cert"].as_str().unwrap(), desk.scenario.text("c.pem"));
    assert_eq!(told.results["subject"].as_map().unwrap()["CN"].as_str(), Some("server"));
    assert_eq!(told.results["expired"], Data::Bool(false));
    assert!(refused.contains("certificate verify failed"), "{refused}");
    assert!(matches!(accepted, Reply::Done(_)), "{accepted:?}");
    let nobody = desk.fails("get_certificate", &args);
    assert!(nobody.starts_with("Failed to get cert from 127.0.0.1:"), "{nobody}");
}

#[test]
fn what_ansible_made_is_right() {
    let desk = Desk::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/modules/crypto/testdata");
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), desk.path(&entry.file_name().to_string_lossy())).unwrap();
    }
    let unchanged = |module: &str, args: &[(&str, Data)]| {
        let planned = done(desk.ask(&Ask::Plan, module, args));
        let touched: Vec<_> =
            planned.changes.iter().map(|change| change.effect().describe()).collect();
        assert!(
            touched.iter().all(|shown| shown.facts.iter().all(|fact| fact.starts_with("mode"))),
            "{module}: {touched:?}"
        );
    };
    unchanged(
        "openssl_privatekey",
        &[
            ("path", "$T/ansible.key".into()),
            ("type", "ECC".into()),
            ("curve", "secp384r1".into()),
            ("mode", "0644".into()),
        ],
    );
    unchanged(
        "openssl_csr",
        &[
            ("path", "$T/ansible.csr".into()),
            ("privatekey_path", "$T/ansible.key".into()),
            ("common_name", "www.ansible.com".into()),
            (
                "subject",
                Data::Map(
                    [("OU".to_owned(), "x".into()), ("2.5.4.42".to_owned(), "given".into())]
                        .into_iter()
                        .collect(),
                ),
            ),
            (
                "subject_alt_name",
                list(&[
                    "DNS:www.ansible.com",
                    "RID:1.2.3.4",
                    "dirName:CN = x,O = y",
                    "otherName:1.2.3.4;UTF8:hi",
                ]),
            ),
            ("key_usage", list(&["Digital Signature", "keyCertSign"])),
            ("extended_key_usage", list(&["clientAuth", "1.2.3.4"])),
            ("name_constraints_permitted", list(&["DNS:.example.com", "IP:10.0.0.0/8"])),
            (
                "crl_distribution_points",
                Data::List(vec![Data::Map(
                    [
                        ("full_name".to_owned(), list(&["URI:http://c/x.crl"])),
                        ("crl_issuer".to_owned(), list(&["URI:http://c/"])),
                        ("reasons".to_owned(), list(&["key_compromise", "ca_compromise"])),
                    ]
                    .into_iter()
                    .collect(),
                )]),
            ),
            ("authority_key_identifier", "00:11:22".into()),
            ("authority_cert_issuer", list(&["DNS:ca"])),
            ("authority_cert_serial_number", 12345_i64.into()),
        ],
    );
    unchanged(
        "x509_certificate",
        &[
            ("path", "$T/self.pem".into()),
            ("csr_path", "$T/ansible.csr".into()),
            ("privatekey_path", "$T/ansible.key".into()),
            ("provider", "selfsigned".into()),
        ],
    );
}
