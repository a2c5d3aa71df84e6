//! `assemble`: a file put together of the files of a folder.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::blob::{Blob, Tree, TreeKind};
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::copy::{Origin, Placing, report_dest};
use crate::modules::files::{Attributes, absolute};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop};

/// Puts a file together of the files in a folder, in the order of their names.
#[derive(Args)]
#[module(name = "assemble")]
pub(crate) struct Assemble {
    /// The folder: of the host, or without `remote_src` of the controller.
    #[arg(upload)]
    src: Data,
    /// `src` is a path of the host.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    remote_src: bool,
    /// The file.
    #[arg(path)]
    dest: PathBuf,
    /// What stands between two of them.
    delimiter: Option<String>,
    /// Take only the files whose names this pattern finds.
    regexp: Option<String>,
    /// Leave out files whose names begin with a dot.
    #[arg(default = "no")]
    ignore_hidden: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// A command that must accept the file before it is put in its place; `%s` is the file.
    validate: Option<String>,
    /// Decrypt files that are encrypted with a vault. The controller sees to it.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    decrypt: bool,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for Assemble {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let pattern =
            self.regexp.as_ref().map(|text| Pattern::new(text, Flags::default())).transpose()?;
        let (shown, parts) = match &self.src {
            Data::Tree(tree) => (tree.name.clone(), self.sent(tree, pattern.as_ref(), host)?),
            Data::Str(path) => (path.clone(), self.there(path, pattern.as_ref(), host)?),
            other => {
                return Err(Stop::failed(format!("`src` takes a path, not {}", other.type_name())));
            }
        };
        let delimiter = self.delimiter.as_deref().map(unescaped);
        let blob = Blob::new(joined(&parts, delimiter.as_deref()));
        let placing = Placing {
            host,
            dest: &self.dest,
            attributes: &self.attributes,
            directory_mode: None,
            backup: self.backup,
            force: true,
            follow: false,
            validate: self.validate.as_deref(),
            checksum: None,
        };
        changes.set("msg", "OK");
        placing.file(&blob, &Origin { name: "assembled", shown: &shown, mode: 0o644 }, changes)?;
        // Ansible returns the checksum of every file, and the MD5 sum too.
        if let Some(bytes) = &blob.bytes {
            changes.set("checksum", crate::checksum::Algorithm::Sha1.of(bytes));
            changes.set("md5sum", crate::checksum::Algorithm::Md5.of(bytes));
        }
        Ok(())
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        report_dest(host, results)
    }
}

impl Assemble {
    fn takes(&self, name: &str, pattern: Option<&Pattern>) -> Result<bool> {
        if self.ignore_hidden && name.starts_with('.') {
            return Ok(false);
        }
        pattern.map_or(Ok(true), |pattern| pattern.is_match(name))
    }

    /// The contents of files of the host.
    fn there(&self, src: &str, pattern: Option<&Pattern>, host: &dyn Host) -> Result<Vec<Vec<u8>>> {
        let folder = absolute(Path::new(src), host);
        match host.resolve(&folder)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {}
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Is(_) => return Err(Stop::failed(format!("`{src}` is no directory"))),
            Look::Absent => return Err(Stop::failed(format!("there is no directory `{src}`"))),
        }
        let mut parts = Vec::new();
        for name in host.list(&folder)? {
            let path = folder.join(&name);
            let is_file =
                matches!(host.resolve(&path)?.1, Look::Is(Node { kind: NodeKind::File, .. }));
            if is_file && self.takes(&name, pattern)? {
                parts.push(host.fetch(&host.content(&path)?)?.to_vec());
            }
        }
        Ok(parts)
    }

    /// The contents of files of the controller.
    fn sent(
        &self,
        tree: &Tree,
        pattern: Option<&Pattern>,
        host: &dyn Host,
    ) -> Result<Vec<Vec<u8>>> {
        let mut files: Vec<(String, &Blob)> = Vec::new();
        for entry in &tree.entries {
            let name = entry.path.display().to_string();
            match &entry.kind {
                TreeKind::File(blob)
                    if !name.contains('/') && !name.is_empty() && self.takes(&name, pattern)? =>
                {
                    files.push((name, blob));
                }
                _ => {}
            }
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        files.into_iter().map(|(_, blob)| Ok(host.fetch(blob)?.to_vec())).collect()
    }
}

/// The delimiter with `\n` and the like for what they stand for.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\\\\", "\\")
}

fn joined(parts: &[Vec<u8>], delimiter: Option<&str>) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        // What goes on after a fragment begins in a line of its own.
        if number > 0 && all.last().is_some_and(|last| *last != b'\n') {
            all.push(b'\n');
        }
        if let Some(delimiter) = delimiter.filter(|_| number > 0) {
            all.extend_from_slice(delimiter.as_bytes());
            if !delimiter.ends_with('\n') {
                all.push(b'\n');
            }
        }
        all.extend_from_slice(part);
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[track_caller]
    fn check(more: &[(&str, Data)], want: &str) {
        let scenario =
            Scenario::new(&["d/", "d/2=b", "d/1=a\n", "d/.h=h\n", "d/sub/", "d/sub/x=no"]);
        let mut args = vec![("src", Data::from("$T/d")), ("dest", "$T/f".into())];
        args.push(("remote_src", true.into()));
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        let told = scenario.run("assemble", &args);
        assert_eq!(scenario.text("f"), want);
        assert_eq!(told.results["msg"], "OK".into());
        assert!(told.changed);
    }

    #[test]
    fn fragments_follow_each_other() {
        check(&[], "h\na\nb");
        check(&[("ignore_hidden", true.into())], "a\nb");
        check(&[("regexp", "^[12]$".into()), ("delimiter", "--".into())], "a\n--\nb");
        check(&[("regexp", "1".into()), ("mode", "0600".into())], "a\n");
        Scenario::new(&[]).fails(
            "assemble",
            &[("src", "$T/no".into()), ("dest", "$T/f".into()), ("remote_src", true.into())],
            "there is no directory `$T/no`",
        );
    }
}
