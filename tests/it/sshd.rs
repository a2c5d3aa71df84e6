//! A server of OpenSSH's on a port of its own, with keys and files of its own. It needs `sshd` and `ssh-keygen` and no rights:
//! whoever runs the tests logs in to it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use converge::target::{Blobs, Endpoint, Watcher};
use converge::transport::ssh::config::User;
use converge::transport::ssh::keys::AskPassphrase;
use converge::transport::{Options, Transport};
use converge_host::change::Change;
use converge_host::wire::Reply;
use tempfile::TempDir;

/// A running server, and the user's home on this side.
pub(crate) struct Sshd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    child: Child,
}

/// Hears nothing.
pub(crate) struct Deaf;

impl Watcher for Deaf {
    fn held(&self, _: &str, _: u64, _: Vec<Change>) {}

    fn resolved(&self, _: &str, _: u64, _: &Reply) {}
}

impl Sshd {
    /// A server on `127.0.0.1`, known to its user, who has a key for it.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// The same with further lines of configuration.
    pub(crate) fn with(lines: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["home/.ssh", "remote"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        keygen(&at("host_key"), "ed25519", "");
        keygen(&at("home/.ssh/id_ed25519"), "ed25519", "");
        fs::copy(at("home/.ssh/id_ed25519.pub"), at("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nListenAddress ::1\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/authorized\n\
             PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 100\nMaxSessions 100\n\
             SetEnv HOME={0}/remote\n{lines}\n",
            folder.path().display()
        );
        fs::write(
            at("sshd_config"),
            config.replace("FOLDER", &folder.path().display().to_string()),
        )
        .unwrap();
        let child = run(folder.path(), port);
        let sshd = Self { folder, port, child };
        sshd.trust("host_key");
        sshd
    }

    /// A path below the server's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a host key known.
    pub(crate) fn trust(&self, key: &str) {
        let public = fs::read_to_string(self.path(&format!("{key}.pub"))).unwrap();
        let names = format!("[127.0.0.1]:{0},[::1]:{0},[localhost]:{0}", self.port);
        fs::write(self.path("home/.ssh/known_hosts"), format!("{names} {public}")).unwrap();
    }

    /// Ends the server and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.child = run(self.folder.path(), self.port);
    }

    /// Ends the server and the connections that it serves.
    pub(crate) fn stop(&mut self) {
        let served =
            Command::new("pgrep").args(["-P", &self.child.id().to_string()]).output().unwrap();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for process in String::from_utf8_lossy(&served.stdout).split_whitespace() {
            let _gone = Command::new("kill").args(["-9", process]).stderr(Stdio::null()).status();
        }
    }

    /// The endpoint of this server.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            name: "web".to_owned(),
            address: Some("127.0.0.1".to_owned()),
            port: Some(self.port),
            timeout: Some(Duration::from_secs(10)),
            ..Endpoint::default()
        }
    }

    /// A transport of a user whose home is the server's `home`.
    pub(crate) fn transport(&self) -> Transport {
        self.transport_asking(None)
    }

    /// The same, with somebody to ask for passphrases.
    pub(crate) fn transport_asking(&self, ask_passphrase: Option<Arc<AskPassphrase>>) -> Transport {
        Transport::new(Options { ask_passphrase, ..self.options() }).unwrap()
    }

    /// What a transport of this user needs to know.
    pub(crate) fn options(&self) -> Options {
        let user = User { home: self.path("home"), agent: None, ..User::current() };
        Options { user, ask_passphrase: None, blobs: Arc::new(Blobs::default()) }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes a pair of keys.
pub(crate) fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f"]).arg(path);
    assert!(command.status().unwrap().success());
}

fn run(folder: &Path, port: u16) -> Child {
    // A server that starts as root insists on this folder.
    let separation = Path::new("/run/sshd");
    if !separation.exists() && fs::create_dir(separation).is_ok() {
        fs::set_permissions(separation, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    // It starts itself anew for every connection, and so wants its full path.
    let program =
        ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
    let child = Command::new(program.expect("openssh-server is not installed"))
        .args(["-D", "-e", "-f"])
        .arg(folder.join("sshd_config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < deadline, "sshd does not listen:\n{}", log());
        sleep(Duration::from_millis(20));
    }
    child
}
