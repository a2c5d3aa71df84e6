//! Where the archive comes from and of which sort it is.

use std::path::{Path, PathBuf};

use crate::blob::{Blob, TreeKind};
use crate::data::Data;
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::files::absolute;
use crate::modules::http::{Body, Request};
use crate::modules::unarchive::Unarchive;
use crate::stop::{Result, Stop};

/// An archive.
pub(super) struct Archive {
    /// Its path or name as it was written.
    pub(super) shown: String,
    /// Where its bytes are.
    pub(super) place: Place,
    /// Its sort.
    pub(super) sort: Sort,
}

/// Where the bytes of an archive are.
pub(super) enum Place {
    /// In a file of the host.
    Host(PathBuf),
    /// With us.
    Here(Blob),
}

/// The sorts of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// tar, with the argument that names its compression.
    Tar(&'static str),
    /// zip.
    Zip,
}

impl Unarchive {
    /// The archive that `src` names.
    pub(super) fn archive(&self, host: &dyn Host) -> Result<Archive> {
        match &self.src {
            Data::Tree(tree) => match tree.entries.as_slice() {
                [entry] => match &entry.kind {
                    TreeKind::File(blob) => {
                        let bytes = host.fetch(blob)?;
                        let sort = sort(&bytes);
                        let blob = Blob { bytes: Some(bytes), ..blob.clone() };
                        Ok(Archive { shown: tree.name.clone(), place: Place::Here(blob), sort })
                    }
                    _ => Err(Stop::failed(format!("`{}` is no file", tree.name))),
                },
                _ => Err(Stop::failed(format!("`{}` is a directory and no archive", tree.name))),
            },
            Data::Str(src) if src.contains("://") => self.downloaded(src, host),
            Data::Str(src) => there(src, host),
            other => Err(Stop::failed(format!("`src` takes a path, not {}", other.type_name()))),
        }
    }

    fn downloaded(&self, url: &str, host: &dyn Host) -> Result<Archive> {
        let request = Request {
            url,
            method: "GET",
            how: &self.requesting,
            headers: Vec::new(),
            body: Body::None,
            follow: true,
            timeout: 60,
            unix_socket: None,
        };
        let answer = match (request.ask(None, host), host.unsettled()) {
            (Err(Stop::Failed(_)), Some(why)) => return Err(Stop::Unknown(why)),
            (answer, _) => answer?,
        };
        if answer.status != 200 {
            let told = answer.error();
            return Err(Stop::failed(format!("can't download `{url}`: the server answers {told}")));
        }
        let blob = Blob::new(answer.body.unwrap_or_default());
        let sort = sort(blob.bytes.as_deref().unwrap_or_default());
        Ok(Archive { shown: url.to_owned(), place: Place::Here(blob), sort })
    }
}

fn there(src: &str, host: &dyn Host) -> Result<Archive> {
    let (path, look) = host.resolve(&absolute(Path::new(src), host))?;
    match look {
        Look::Is(Node { kind: NodeKind::File, .. }) => {}
        Look::Unknown(why) => return Err(Stop::Unknown(why)),
        Look::Absent => {
            return Err(Stop::failed(format!("there is no archive `{src}` on the host")));
        }
        Look::Is(_) => return Err(Stop::failed(format!("`{src}` is no file"))),
    }
    // What is planned to be there has its bytes with us; what is there needs not to be read.
    let head =
        match host.probe(&Command::new(["head", "-c", "8", "--", &path.display().to_string()])) {
            Ok(output) if output.ok() => output.stdout,
            Ok(_) | Err(Stop::Unknown(_)) => {
                let blob = host.content(&path)?;
                let bytes = host.fetch(&blob)?;
                let sort = sort(&bytes);
                let blob = Blob { bytes: Some(bytes), ..blob };
                return Ok(Archive { shown: src.to_owned(), place: Place::Here(blob), sort });
            }
            Err(stop) => return Err(stop),
        };
    Ok(Archive { shown: src.to_owned(), sort: sort(&head), place: Place::Host(path) })
}

/// By its first bytes.
fn sort(bytes: &[u8]) -> Sort {
    match bytes {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Sort::Zip,
        [0x1f, 0x8b, ..] => Sort::Tar("--gzip"),
        [b'B', b'Z', b'h', ..] => Sort::Tar("--bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Sort::Tar("--xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Sort::Tar("--zstd"),
        _ => Sort::Tar(""),
    }
}

impl Archive {
    /// A command that reads the archive, from its file or from its standard input. `%a` is its path.
    pub(super) fn reading(&self, words: Vec<String>) -> Command {
        let path = match &self.place {
            Place::Host(path) => path.display().to_string(),
            Place::Here(_) => "-".into(),
        };
        let words = words.into_iter().map(|word| if word == "%a" { path.clone() } else { word });
        let mut command = Command::new(words);
        if let Place::Here(Blob { bytes: Some(bytes), .. }) = &self.place {
            command.stdin = Some(bytes.to_vec());
        }
        command
    }

    /// The same for when it is applied: what is not in a file of the host lies in `%s` then.
    pub(super) fn applying(&self, words: Vec<String>) -> Command {
        let path = match &self.place {
            Place::Host(path) => path.display().to_string(),
            Place::Here(_) => "%s".into(),
        };
        Command::new(words.into_iter().map(|word| if word == "%a" { path.clone() } else { word }))
    }

    /// What has to lie there.
    pub(super) fn input(&self) -> Option<(String, Blob)> {
        match &self.place {
            Place::Host(_) => None,
            Place::Here(blob) => Some(("archive".into(), blob.clone())),
        }
    }
}
