//! `synchronize`: a folder made like one elsewhere.
//!
//! There is no rsync on either side. The side that has the tree says what is in it ([`gather`]), by digests; the side that is written
//! compares and asks for what it lacks ([`place`]). So a plan names every path, and shows how texts change.

mod filter;
mod gather;
mod options;
mod place;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::args::{Args, Bound, Choice, Kind};
use crate::blob::{Tree, TreeKind};
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::absolute;
use crate::stop::{Result, Stop};

pub use gather::Gathered;

use options::Options;
use place::Placing;

/// Makes a file or a folder like one of the controller, or one of the controller like one of the host.
///
/// With `delegate_to: "{{ inventory_hostname }}"` both are on the host. What is there is compared by size and time, or by content where
/// these differ, and only contents that are missing are sent. rsync is needed on neither side.
#[derive(Args)]
#[module(name = "synchronize", collection = "ansible.posix")]
pub(crate) struct Synchronize {
    /// What is copied. A folder with a slash at its end means what is in it.
    #[arg(kind = Kind::Synced)]
    src: Data,
    /// Where it goes.
    dest: PathBuf,
    /// `push` to the host or `pull` from it.
    #[arg(default = "push")]
    mode: Direction,
    /// All of `recursive`, `links`, `perms`, `times`, `owner` and `group` that are not given.
    #[arg(default = "yes")]
    archive: bool,
    /// Compare contents, also where size and time are the same.
    #[arg(default = "no")]
    checksum: bool,
    /// Make nothing that is not there.
    #[arg(default = "no")]
    existing_only: bool,
    /// Remove what is not in the source, except what patterns leave out.
    #[arg(default = "no")]
    delete: bool,
    /// Folders without what is in them.
    #[arg(default = "no")]
    dirs: bool,
    /// What is in folders, at any depth.
    recursive: Option<bool>,
    /// Links as links.
    links: Option<bool>,
    /// What links point to in place of them.
    #[arg(default = "no")]
    copy_links: bool,
    /// Permission bits.
    perms: Option<bool>,
    /// The times of files.
    times: Option<bool>,
    /// Owners, where the user may give files away.
    owner: Option<bool>,
    /// Groups.
    group: Option<bool>,
    /// Options of rsync: patterns (`--exclude`, `--include`, `--filter`, `--exclude-from`, `--include-from`), `--chmod`, `--chown`,
    /// `--delete-excluded`, `--numeric-ids`, `--update`, `--ignore-existing`, `--size-only`, `--mkpath`, `--prune-empty-dirs`, those that
    /// the other arguments stand for, and those that make no difference.
    #[arg(default = "", kind = Kind::Checked(&Kind::List(&Kind::Str), "options of rsync", options::known))]
    rsync_opts: Vec<String>,
    /// Hard links to folders. Not done.
    link_dest: Option<Vec<String>>,
    /// The program on the host. There is none; root is `become: true`.
    rsync_path: Option<String>,
    /// The same for this side.
    #[arg(name = "_local_rsync_path")]
    #[expect(dead_code, reason = "there is no rsync")]
    local_rsync_path: Option<String>,
    /// Pack what is sent.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the connection sees to it")]
    compress: bool,
    /// The port of the host.
    #[expect(dead_code, reason = "the connection is there already")]
    dest_port: Option<i64>,
    /// Put files in their places at the end.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "every file is put in its place in one step")]
    delay_updates: bool,
    /// Keep what was transferred of a file.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "there are no parts of files")]
    partial: bool,
    /// A key for the connection.
    #[expect(dead_code, reason = "the connection is there already")]
    private_key: Option<PathBuf>,
    /// Seconds without data after which it fails.
    #[arg(default = "0")]
    #[expect(dead_code, reason = "the connection has its own")]
    rsync_timeout: i64,
    /// Log in as the user of the host.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the connection is there already")]
    set_remote_user: bool,
    /// Share a connection.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the connection is there already")]
    ssh_connection_multiplexing: bool,
    /// Use the options of the connection.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the connection is there already")]
    use_ssh_args: bool,
    /// Check the key of the host.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the connection is there already")]
    verify_host: bool,
    /// What the controller left out of the source, for the user to be told.
    #[arg(name = "_left_out")]
    left_out: Option<Vec<String>>,
    /// Both sides are on the host. The controller says so.
    #[arg(name = "_on_host", default = "no")]
    on_host: bool,
}

/// Which way it goes.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// From the host.
    Pull,
    /// To the host.
    Push,
}

impl Module for Synchronize {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.left_out.iter().flatten().for_each(|one| changes.warn(one));
        let options = self.options(&|path| read(host, path))?;
        let (tree, sign) = match &self.src {
            Data::Tree(tree) => {
                (tree.clone(), if self.mode == Direction::Push { '<' } else { '>' })
            }
            Data::Str(path) => {
                let Gathered { tree, left_out } =
                    gather::gather(host, &joined(path, host), &options)?;
                if self.mode == Direction::Pull && !self.on_host {
                    changes.set("tree", Data::Tree(tree));
                    changes.set("left_out", left_out);
                    return Ok(());
                }
                left_out.into_iter().for_each(|one| changes.warn(one));
                (with_bytes(tree, &joined(path, host), host)?, '>')
            }
            other => {
                return Err(Stop::failed(format!("`src` takes a path, not {}", other.type_name())));
            }
        };
        let mut placing = Placing::new(host, &options, &self.dest, sign);
        placing.plan(&tree, changes)?;
        let told = placing.told;
        changes.set("msg", told.iter().map(|line| format!("{line}\n")).collect::<String>());
        changes.set("stdout_lines", told.iter().map(String::as_str).collect::<Vec<_>>());
        changes.set("rc", 0_i64);
        Ok(())
    }
}

impl Synchronize {
    /// What is asked for; the options of rsync have the last word.
    fn options(&self, read: &dyn Fn(&Path) -> Result<String, String>) -> Result<Options> {
        if let Some(path) = self.rsync_path.as_ref().filter(|path| path.contains("sudo")) {
            return Err(Stop::failed(format!(
                "`rsync_path: {path}` asks for root on the host, and converge runs no rsync there: write `become: true`"
            )));
        }
        if self.link_dest.as_ref().is_some_and(|folders| !folders.is_empty()) {
            return Err(Stop::failed("`link_dest` is not supported: hard links are not made"));
        }
        let mut options = Options {
            dirs: self.dirs,
            copy_links: self.copy_links,
            checksum: self.checksum,
            existing: self.existing_only,
            delete: self.delete,
            merges: true,
            ..Options::default()
        };
        options.archive(self.archive);
        for (flag, given) in [
            (&mut options.recursive, self.recursive),
            (&mut options.links, self.links),
            (&mut options.perms, self.perms),
            (&mut options.times, self.times),
            (&mut options.owner, self.owner),
            (&mut options.group, self.group),
        ] {
            *flag = given.unwrap_or(*flag);
        }
        options
            .take(&self.rsync_opts, read)
            .map_err(|why| Stop::failed(format!("`rsync_opts`: {why}")))?;
        if options.delete && !options.recursive && !options.dirs {
            return Err(Stop::failed("`delete` needs `recursive` or `dirs`"));
        }
        for url in [self.src.as_str().unwrap_or_default(), &self.dest.display().to_string()] {
            if url.starts_with("rsync:") {
                return Err(Stop::failed(format!(
                    "`{url}` is served by an rsync daemon, whose protocol converge does not speak; use `command: rsync …`"
                )));
            }
        }
        Ok(options)
    }
}

/// What a call that pushes copies, as the machine of whoever runs converge has it. `path` is where its `src` was found.
pub fn gather_for(args: &Map, path: &Path, host: &dyn Host) -> Result<Gathered> {
    let mut bound = Bound::new(Synchronize::SPEC, args.clone())
        .map_err(|_| Stop::failed("the arguments of `synchronize` can't be read"))?;
    let module = Synchronize::read(&mut bound).map_err(|wrong| Stop::failed(wrong.to_string()))?;
    let options = module.options(&|path| read(host, path))?;
    gather::gather(host, path, &options)
}

/// The options of rsync with the patterns in place of the files that they are in.
pub fn inlined(words: &[String], host: &dyn Host) -> Result<Vec<String>> {
    options::inlined(words, &|path| read(host, path))
        .map_err(|why| Stop::failed(format!("`rsync_opts`: {why}")))
}

fn read(host: &dyn Host, path: &Path) -> Result<String, String> {
    let bytes = host.content(path).and_then(|blob| host.fetch(&blob));
    let bytes =
        bytes.map_err(|stop| format!("can't read the patterns in `{}`: {stop}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An absolute path that keeps the slash at its end.
fn joined(path: &str, host: &dyn Host) -> PathBuf {
    absolute(Path::new(path), host)
}

/// The tree with the bytes of long contents: both sides are this host, and nobody else has them.
fn with_bytes(mut tree: Tree, root: &Path, host: &dyn Host) -> Result<Tree> {
    for entry in &mut tree.entries {
        if let TreeKind::File(blob) = &mut entry.kind
            && blob.bytes.is_none()
        {
            let path = if entry.path.as_os_str().is_empty() {
                root.to_path_buf()
            } else {
                root.join(&entry.path)
            };
            *blob = host.content(&path)?;
        }
    }
    Ok(tree)
}
