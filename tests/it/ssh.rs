//! Connections to a real server.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use converge::redact::Secret;
use converge::target::{Blobs, Connection, Endpoint, Target};
use converge::transport::error::{Error, HostKeyKind};
use converge::transport::session::Session;
use converge::transport::{Options, Transport};
use converge_host::blob::{Blob, Tree, TreeEntry, TreeKind};
use converge_host::data::{Data, Map};
use converge_host::wire::{Ask, BecomeMethod, Call, Open, OpenError, Reply, Request};

use crate::sshd::{Deaf, Sshd, keygen};

fn session(transport: &Transport, endpoint: &Endpoint) -> Result<Session, Error> {
    transport.session(endpoint, Arc::new(Deaf))
}

fn request(id: u64, module: &str) -> Request {
    let call = Call { module: module.to_owned(), args: Map::new(), env: Vec::new() };
    Request { id, helper: 0, after: Vec::new(), ask: Ask::Plan, call }
}

fn check_login(transport: &Transport, endpoint: &Endpoint) {
    let output = transport.exec(endpoint, "echo in", b"").unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "in\n");
}

#[test]
fn a_helper_is_uploaded_once_and_answers() {
    let sshd = Sshd::start();
    let transport = sshd.transport();
    let first = session(&transport, &sshd.endpoint()).unwrap();
    assert_eq!(first.hello().arch, std::env::consts::ARCH);
    let folder = sshd.path("remote/.cache/converge");
    let kept: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let uploaded = fs::metadata(&kept[0]).unwrap().modified().unwrap();
    let tickets: Vec<_> = (1..=100).map(|id| first.submit(request(id, "no_such_module"))).collect();
    for ticket in tickets {
        assert!(
            matches!(&*ticket.wait(), Reply::Failed(failure, _) if failure.msg.contains("no_such_module"))
        );
    }
    let second = session(&transport, &sshd.endpoint()).unwrap();
    assert_ne!(first.hello().pid, second.hello().pid);
    assert_eq!(fs::metadata(&kept[0]).unwrap().modified().unwrap(), uploaded);
}

#[test]
fn an_unknown_host_is_refused_with_its_fingerprint() {
    let sshd = Sshd::start();
    let known = sshd.path("home/.ssh/known_hosts");
    fs::remove_file(&known).unwrap();
    let error = session(&sshd.transport(), &sshd.endpoint()).err().unwrap();
    let Error::HostKey(refused) = &error else { panic!("{error}") };
    assert_eq!(refused.kind, HostKeyKind::Unknown);
    let printed =
        Command::new("ssh-keygen").arg("-lf").arg(sshd.path("host_key")).output().unwrap();
    assert!(String::from_utf8_lossy(&printed.stdout).contains(&refused.fingerprint), "{refused:?}");
    let help = error.help().join("\n");
    assert!(
        help.contains(&format!("ssh-keyscan -p {} 127.0.0.1 >> {}", sshd.port, known.display())),
        "{help}"
    );
    assert!(!known.exists(), "nothing is recorded");

    // The line in the error is what makes it known.
    fs::write(&known, format!("{}\n", refused.line)).unwrap();
    check_login(&sshd.transport(), &sshd.endpoint());
}

#[test]
fn new_keys_are_accepted_on_demand_and_changed_ones_are_not() {
    let mut sshd = Sshd::start();
    let known = sshd.path("home/.ssh/known_hosts");
    fs::remove_file(&known).unwrap();
    let mut endpoint = sshd.endpoint();
    endpoint.ssh_args = vec!["-oStrictHostKeyChecking=accept-new".to_owned()];
    let transport = sshd.transport();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| check_login(&transport, &endpoint));
        }
    });
    assert_eq!(fs::read_to_string(&known).unwrap().lines().count(), 1);

    fs::remove_file(sshd.path("host_key")).unwrap();
    keygen(&sshd.path("host_key"), "ecdsa", "");
    sshd.restart();
    let error = transport.exec(&endpoint, "true", b"").unwrap_err();
    let Error::HostKey(refused) = &error else { panic!("{error}") };
    assert!(
        matches!(&refused.kind, HostKeyKind::Changed(place) if place.file == known && place.line == 1)
    );
    endpoint.ssh_args.clear();
    endpoint.check_host_key = Some(false);
    check_login(&transport, &endpoint);
}

#[test]
fn a_host_known_by_one_kind_of_key_is_asked_for_that_kind() {
    let mut sshd = Sshd::with("HostKey FOLDER/second_key");
    keygen(&sshd.path("second_key"), "ecdsa", "");
    sshd.restart();
    sshd.trust("second_key");
    check_login(&sshd.transport(), &sshd.endpoint());
}

#[test]
fn a_passphrase_is_asked_once_for_many_connections() {
    let sshd = Sshd::start();
    let key = sshd.path("home/.ssh/id_ed25519");
    fs::remove_file(&key).unwrap();
    keygen(&key, "ed25519", "open sesame");
    fs::copy(sshd.path("home/.ssh/id_ed25519.pub"), sshd.path("authorized")).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let transport = sshd.transport_asking(Some(Arc::new(move |_, attempt| {
        count.fetch_add(1, Ordering::SeqCst);
        Some(Secret::new(if attempt == 1 { "wrong" } else { "open sesame" }))
    })));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| check_login(&transport, &sshd.endpoint()));
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once wrong, once right");

    let error = sshd.transport().exec(&sshd.endpoint(), "true", b"").unwrap_err();
    assert!(error.to_string().contains("is encrypted and there is nobody to ask"), "{error}");
}

#[test]
fn keys_of_other_kinds_log_in() {
    let sshd = Sshd::start();
    for kind in ["rsa", "ecdsa"] {
        let key = sshd.path(kind);
        keygen(&key, kind, "");
        fs::copy(sshd.path(&format!("{kind}.pub")), sshd.path("authorized")).unwrap();
        let mut endpoint = sshd.endpoint();
        endpoint.private_key = Some(key);
        check_login(&sshd.transport(), &endpoint);
    }
}

#[test]
fn certificates_of_users_and_hosts_count() {
    let mut sshd = Sshd::with(
        "TrustedUserCAKeys FOLDER/authority.pub\nHostCertificate FOLDER/host_key-cert.pub",
    );
    keygen(&sshd.path("authority"), "ed25519", "");
    let user = converge::transport::ssh::config::User::current().name;
    for arguments in
        [["-n", &user, "home/.ssh/id_ed25519.pub"], ["-hn", "127.0.0.1", "host_key.pub"]]
    {
        let mut sign = Command::new("ssh-keygen");
        sign.arg("-qs").arg(sshd.path("authority")).args(["-I", "test"]);
        match arguments[0] {
            "-hn" => sign.args(["-h", "-n", arguments[1]]),
            _ => sign.args(["-n", arguments[1]]),
        };
        assert!(sign.arg(sshd.path(arguments[2])).status().unwrap().success());
    }
    fs::write(sshd.path("authorized"), "").unwrap();
    let authority = fs::read_to_string(sshd.path("authority.pub")).unwrap();
    let known = sshd.path("home/.ssh/known_hosts");
    fs::write(&known, format!("@cert-authority [127.0.0.1]:* {authority}")).unwrap();
    sshd.restart();
    check_login(&sshd.transport(), &sshd.endpoint());

    fs::write(&known, format!("@cert-authority * {authority}@revoked * {authority}")).unwrap();
    let error = sshd.transport().exec(&sshd.endpoint(), "true", b"").unwrap_err();
    assert!(
        matches!(&error, Error::HostKey(refused) if matches!(refused.kind, HostKeyKind::Revoked(_))),
        "{error}"
    );
}

#[test]
fn keys_of_the_agent_are_offered() {
    let sshd = Sshd::start();
    let socket = sshd.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The socket is there a moment before anybody listens.
    while UnixStream::connect(&socket).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    let key = sshd.path("home/.ssh/id_ed25519");
    let mut add = Command::new("ssh-add");
    assert!(add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
    fs::remove_file(&key).unwrap();
    let mut options: Options = sshd.options();
    options.user.agent = Some(socket);
    check_login(&Transport::new(options).unwrap(), &sshd.endpoint());
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn a_refusal_tells_what_was_tried() {
    let sshd = Sshd::start();
    fs::write(sshd.path("authorized"), "").unwrap();
    let mut endpoint = sshd.endpoint();
    endpoint.private_key = Some(sshd.path("nowhere"));
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err().to_string();
    assert!(
        error.contains("nothing to log in with") && error.contains("nowhere` does not exist"),
        "{error}"
    );
    endpoint.private_key = None;
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err().to_string();
    assert!(error.contains("tried key `") && error.contains("it accepts publickey"), "{error}");
}

/// Copies bytes to a path of the server.
fn copy(id: u64, blob: Blob, dest: &Path) -> Request {
    let entry =
        TreeEntry { path: PathBuf::new(), mode: 0o644, kind: TreeKind::File(blob), stamp: None };
    let tree = Tree { name: "big".to_owned(), contents_only: false, entries: vec![entry] };
    let mut args = Map::new();
    args.insert("src".to_owned(), Data::Tree(tree));
    args.insert("dest".to_owned(), Data::Str(dest.display().to_string()));
    let call = Call { module: "copy".to_owned(), args, env: Vec::new() };
    Request {
        id,
        helper: 0,
        after: Vec::new(),
        ask: Ask::Perform { gate: false, reviewed: None },
        call,
    }
}

/// Bytes that do not shrink to nothing when packed.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect()
}

#[test]
fn contents_are_sent_when_they_are_needed() {
    let sshd = Sshd::start();
    let blobs = Arc::new(Blobs::default());
    let transport =
        Transport::new(Options { blobs: Arc::clone(&blobs), ..sshd.options() }).unwrap();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    let content = bytes(20 << 20);
    let dest = sshd.path("remote/big");
    let blob = blobs.keep(&Blob::new(content.clone()));
    assert!(blob.bytes.is_none(), "it is too large to travel inside the request");
    let first = session.submit(copy(1, blob.clone(), &dest)).wait();
    assert!(matches!(&*first, Reply::Done(done) if done.changed), "{first:?}");
    assert!(fs::read(&dest).unwrap() == content);
    let second = session.submit(copy(2, blob, &dest)).wait();
    assert!(matches!(&*second, Reply::Done(done) if !done.changed), "{second:?}");

    let unknown = Blob { bytes: None, ..Blob::new(bytes(100_000)) };
    let lost = session.submit(copy(3, unknown, &dest)).wait();
    assert!(matches!(&*lost, Reply::Lost(why) if why.contains("is not kept here")), "{lost:?}");
}

#[test]
fn a_cut_in_the_middle_of_a_copy_leaves_the_old_file() {
    let mut sshd = Sshd::start();
    let blobs = Arc::new(Blobs::default());
    let transport =
        Transport::new(Options { blobs: Arc::clone(&blobs), ..sshd.options() }).unwrap();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    let dest = sshd.path("remote/big");
    fs::write(&dest, "old").unwrap();
    let ticket = session.submit(copy(1, blobs.keep(&Blob::new(bytes(60 << 20))), &dest));
    thread::sleep(Duration::from_millis(100));
    sshd.stop();
    match &*ticket.wait() {
        Reply::Lost(_) => {}
        other => panic!("{other:?}"),
    }
    // Old, or new if it was quicker than the cut; never a part of it.
    let length = fs::metadata(&dest).unwrap().len();
    assert!(length == 3 || length == 60 << 20, "{length} bytes");
    sshd.restart();
}

#[test]
fn a_helper_of_another_user_is_not_opened_without_leave() {
    let sshd = Sshd::start();
    let transport = sshd.transport();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    let open = |user: &str| Open {
        helper: 1,
        user: user.to_owned(),
        method: BecomeMethod::Su,
        flags: Vec::new(),
        password: None,
        looks: false,
    };
    assert_eq!(session.open(open("no-such-user-here")), Err(OpenError::NoSuchUser));
    assert_eq!(session.open(open("-x")), Err(OpenError::NoSuchUser));
    let mut as_nobody = request(1, "ping");
    as_nobody.helper = 1;
    assert!(matches!(&*session.submit(as_nobody).wait(), Reply::Failed(..)));
}

#[test]
fn jump_hosts_are_passed_and_shared() {
    let (sshd, jump) = (Sshd::start(), Sshd::start());
    // One home knows both hosts, and one key opens both.
    fs::copy(sshd.path("authorized"), jump.path("authorized")).unwrap();
    let known = |sshd: &Sshd| fs::read_to_string(sshd.path("home/.ssh/known_hosts")).unwrap();
    let both = format!("{}{}", known(&sshd), known(&jump));
    fs::write(sshd.path("home/.ssh/known_hosts"), both).unwrap();
    let mut endpoint = sshd.endpoint();
    endpoint.ssh_args = vec!["-J".to_owned(), format!("127.0.0.1:{}", jump.port)];
    let transport = sshd.transport();
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| check_login(&transport, &endpoint));
        }
    });
    let log = fs::read_to_string(jump.path("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");

    fs::write(sshd.path("home/.ssh/known_hosts"), known(&jump)).unwrap();
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err();
    assert!(matches!(&error, Error::HostKey(refused) if refused.host == "web"), "{error}");
}

#[test]
fn a_proxy_command_is_the_way_or_says_why_not() {
    let sshd = Sshd::start();
    let mut endpoint = sshd.endpoint();
    endpoint.address = Some("web.invalid".to_owned());
    let known = fs::read_to_string(sshd.path("home/.ssh/known_hosts")).unwrap();
    let renamed = known.replace("[localhost]", "[web.invalid]");
    fs::write(sshd.path("home/.ssh/known_hosts"), renamed).unwrap();
    // bash connects without further programs.
    let relay = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/%p; cat <&3 & cat >&3; kill %%1'";
    endpoint.ssh_args = vec![format!("-oProxyCommand={relay}")];
    check_login(&sshd.transport(), &endpoint);

    endpoint.ssh_args = vec!["-oProxyCommand=sh -c 'echo no way to %h >&2; exit 1'".to_owned()];
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err().to_string();
    assert!(error.contains("says `no way to web.invalid`"), "{error}");
}

#[test]
fn ipv6_and_names_are_reached() {
    let sshd = Sshd::start();
    for address in ["::1", "localhost"] {
        let endpoint = Endpoint { address: Some(address.to_owned()), ..sshd.endpoint() };
        check_login(&sshd.transport(), &endpoint);
    }
}

#[test]
fn large_inputs_and_outputs_survive_new_keys() {
    let sshd = Sshd::with("RekeyLimit 1M");
    let bytes = bytes(20 << 20);
    let output =
        sshd.transport().exec(&sshd.endpoint(), "cat; echo end >&2; exit 7", &bytes).unwrap();
    assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    assert_eq!((output.status, &output.stderr[..]), (Some(7), &b"end\n"[..]));
}

#[test]
fn the_noise_of_a_login_shell_is_passed_over() {
    let sshd =
        Sshd::with("ForceCommand echo Welcome; echo careful >&2; eval \"$SSH_ORIGINAL_COMMAND\"");
    let transport = sshd.transport();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    assert!(matches!(&*session.submit(request(1, "none")).wait(), Reply::Failed(..)));
}

#[test]
fn a_session_that_outlives_its_transport_answers_lost() {
    let sshd = Sshd::start();
    let transport = sshd.transport();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    drop(transport);
    assert!(matches!(&*session.submit(request(1, "none")).wait(), Reply::Lost(_)));
}

#[test]
fn a_shell_that_lets_nobody_in_is_quoted() {
    let sshd = Sshd::with("ForceCommand echo This account is not available.; exit 1");
    let error = session(&sshd.transport(), &sshd.endpoint()).err().unwrap().to_string();
    assert!(
        error.contains("status 1") && error.contains("This account is not available."),
        "{error}"
    );
}

#[test]
fn a_lost_connection_answers_everything() {
    let mut sshd = Sshd::start();
    let transport = sshd.transport();
    let session = session(&transport, &sshd.endpoint()).unwrap();
    assert!(matches!(&*session.submit(request(1, "none")).wait(), Reply::Failed(..)));
    sshd.stop();
    let late = session.submit(request(2, "none"));
    assert!(matches!(&*late.wait(), Reply::Lost(why) if !why.is_empty()), "{late:?}");
    assert!(matches!(&*session.submit(request(3, "none")).wait(), Reply::Lost(_)));
    assert!(session.lost().is_some());
    sshd.restart();
}

#[test]
fn unreachable_hosts_say_why() {
    let mut sshd = Sshd::start();
    sshd.stop();
    let mut endpoint = sshd.endpoint();
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    endpoint.address = Some("no-such-host.invalid".to_owned());
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }), "{error}");

    // A port that takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    endpoint.address = Some("127.0.0.1".to_owned());
    endpoint.port = Some(silent.local_addr().unwrap().port());
    endpoint.timeout = Some(Duration::from_secs(1));
    let start = Instant::now();
    let error = sshd.transport().exec(&endpoint, "true", b"").unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    sshd.restart();
}

#[test]
fn this_machine_is_reached_without_ssh() {
    let sshd = Sshd::start();
    let endpoint =
        Endpoint { name: "here".to_owned(), connection: Connection::Local, ..Endpoint::default() };
    let transport = sshd.transport();
    let session = session(&transport, &endpoint).unwrap();
    assert!(matches!(&*session.submit(request(1, "none")).wait(), Reply::Failed(..)));
    let output = session.exec("cat; exit 3", b"in").unwrap();
    assert_eq!((output.status, &output.stdout[..]), (Some(3), &b"in"[..]));
}
