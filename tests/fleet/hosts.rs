//! The hosts that tests share: each is lent to one test at a time, and is as new then.
//!
//! `cargo xtask test` boots them and says where they are. Without it they are booted here and taken down when the tests end.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, LazyLock, Mutex};

use xtask::fleet::guard::Guard;
use xtask::fleet::host::{Host, Kind};
use xtask::fleet::upper::{Entry, Noise, contents};
use xtask::fleet::{Fleet, Spec};

/// A host for one test. It is given back when dropped.
pub(crate) struct Lent(Host);

/// Hosts for one test that needs more than are shared. They are taken down when it ends.
pub(crate) struct Own(Fleet);

/// What was done to a host, by path.
pub(crate) type Done = BTreeMap<PathBuf, Entry>;

struct Pool {
    free: Mutex<Vec<(Host, bool)>>,
    given_back: Condvar,
    xtask: PathBuf,
    /// Takes down what was booted here, even if this program is killed.
    _guard: Option<Guard>,
    _fleet: Option<Fleet>,
}

static POOL: LazyLock<Pool> = LazyLock::new(Pool::find);

/// Lends a host of each of these kinds, as new as after its first boot.
pub(crate) fn lend<const N: usize>(kinds: [Kind; N]) -> [Lent; N] {
    let mut free = POOL.free.lock().unwrap();
    let hosts = loop {
        if let Some(hosts) = pick(&mut free, &kinds) {
            break hosts;
        }
        free = POOL.given_back.wait(free).unwrap();
    };
    drop(free);
    hosts.map(|(host, used)| {
        // Before it is made new, so that it is given back when that fails.
        let mut lent = Lent(host);
        if used {
            lent.renew();
        }
        lent
    })
}

/// Lends a Debian host.
pub(crate) fn debian() -> Lent {
    let [host] = lend([Kind::Debian]);
    host
}

/// Lends a CentOS-like host.
pub(crate) fn centos() -> Lent {
    let [host] = lend([Kind::Centos]);
    host
}

impl Own {
    /// Boots them beside those that are shared.
    pub(crate) fn boot(prefix: &str, debian: usize, centos: usize) -> Self {
        /// Lives as long as this program does, since it looks after all hosts that it boots.
        static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::start_program(&xtask()).unwrap());
        LazyLock::force(&GUARD);
        let spec = Spec { prefix: prefix.into(), debian, centos, python: 0 };
        let mut fleet = Fleet::up(&spec).unwrap();
        fleet.renew_found().unwrap();
        Self(fleet)
    }

    /// The hosts, by kind.
    pub(crate) fn hosts(&self) -> &[Host] {
        self.0.hosts()
    }
}

impl Lent {
    /// Runs a command on the host as root by OpenSSH; it must succeed. Gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, command: &str) -> String {
        self.0.ssh_ok(command).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Whether a command succeeds on the host.
    pub(crate) fn succeeds(&self, command: &str) -> bool {
        self.0.ssh(command).unwrap().status.success()
    }

    /// The text of a file on the host, read off its root.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> String {
        let whole = self.path(path);
        std::fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Whether there is something at a path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// `0644 root:root` of a path, as stat(1) on the host says.
    #[track_caller]
    pub(crate) fn access(&self, path: &str) -> String {
        self.run(&format!("stat -c '%04a %U:%G' -- '{path}'")).trim_end().to_owned()
    }

    /// What was done to the host since it was new, but for what converge keeps of itself.
    pub(crate) fn done(&self) -> Done {
        let noise = Noise::default().and("root/.cache").and("home/admin/.cache");
        contents(&self.0, &noise.and("home/deploy/.cache")).unwrap()
    }

    /// The paths of [`done`](Self::done), as they are on the host.
    pub(crate) fn touched(&self) -> Vec<String> {
        self.done().keys().map(|path| format!("/{}", path.display())).collect()
    }

    /// Sets the host up anew, as somebody might while a plan waits.
    pub(crate) fn rebuild(&mut self) {
        self.renew();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.root.join(path.trim_start_matches('/'))
    }

    fn renew(&mut self) {
        let command = || {
            let mut command = Command::new(&POOL.xtask);
            command.args(["fleet", "fresh", &self.0.name]);
            command
        };
        let output = command().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Only its process and its cgroups are other ones now, and nobody here asks for them.
    }
}

impl Deref for Lent {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // A test that failed while it held the lock has done no harm to the list.
        let mut free = POOL.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        free.push((self.0.clone(), true));
        POOL.given_back.notify_all();
    }
}

impl Pool {
    fn find() -> Self {
        let given = std::env::var("CONVERGE_FLEET_HOSTS").ok();
        if let Some(hosts) = given.and_then(|text| serde_json::from_str::<Vec<Host>>(&text).ok()) {
            return Self {
                free: Mutex::new(hosts.into_iter().map(|host| (host, true)).collect()),
                given_back: Condvar::new(),
                xtask: xtask(),
                _guard: None,
                _fleet: None,
            };
        }
        let xtask = xtask();
        let guard = Guard::start_program(&xtask).unwrap();
        let spec = Spec { prefix: "own-".into(), debian: 3, centos: 2, python: 1 };
        let mut fleet = Fleet::up(&spec).unwrap();
        fleet.renew_found().unwrap();
        let free = fleet.hosts().iter().map(|host| (host.clone(), false)).collect();
        Self {
            free: Mutex::new(free),
            given_back: Condvar::new(),
            xtask,
            _guard: Some(guard),
            _fleet: Some(fleet),
        }
    }
}

/// The program that boots hosts and takes them down.
fn xtask() -> PathBuf {
    if let Some(given) = std::env::var_os("CONVERGE_FLEET_XTASK") {
        return given.into();
    }
    let xtask = Path::new(env!("CARGO_BIN_EXE_converge")).with_file_name("xtask");
    assert!(xtask.exists(), "`cargo build -p xtask` has to come first, or use `cargo xtask test`");
    xtask
}

/// All of the wanted hosts or none, so that two tests can't wait for each other.
fn pick<const N: usize>(
    free: &mut Vec<(Host, bool)>,
    kinds: &[Kind; N],
) -> Option<[(Host, bool); N]> {
    let enough = Kind::ALL.iter().all(|kind| {
        let wanted = kinds.iter().filter(|other| *other == kind).count();
        free.iter().filter(|(host, _)| host.kind == *kind).count() >= wanted
    });
    enough.then(|| {
        kinds.map(|kind| {
            let at = free.iter().position(|(host, _)| host.kind == kind);
            free.remove(at.expect("counted before"))
        })
    })
}
