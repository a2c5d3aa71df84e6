//! `fetch`: a file of the host, brought to the controller.
//!
//! Two hosts take part. This module reads the file where it is; [`Put`] lays it down on the controller, as a change like any
//! other, so that it is planned, shown and performed in the same way. The controller asks one after the other.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::args::Args;
use crate::base64;
use crate::change::Changes;
use crate::data::Data;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::copy::Placing;
use crate::modules::files::{Attributes, absolute, make_folders};
use crate::stop::{Result, Stop};

/// Brings a file of the host to the controller.
#[derive(Args)]
#[module(name = "fetch")]
pub(crate) struct Fetch {
    /// The file on the host.
    src: PathBuf,
    /// Where it goes on the controller: a folder, in which it lies below the host's name and its own path. Relative to the
    /// playbook.
    #[expect(dead_code, reason = "the controller reads it")]
    dest: PathBuf,
    /// `dest` is the file itself, or with a slash at its end the folder right above it.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the controller reads it")]
    flat: bool,
    /// Whether it is a failure where there is no such file.
    #[arg(default = "yes")]
    fail_on_missing: bool,
    /// Check that what arrives is what was sent. It always is.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the connection sees to it")]
    validate_checksum: bool,
}

impl Module for Fetch {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = absolute(&self.src, host);
        let shown = self.src.display();
        let missing = match host.resolve(&path)?.1 {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Absent => format!("there is no file `{shown}`"),
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                format!("`{shown}` is a directory, and only files can be fetched")
            }
            Look::Is(_) => {
                let bytes = host.fetch(&host.content(&path)?)?;
                changes.set("content", base64::encode(&bytes));
                return Ok(());
            }
        };
        if self.fail_on_missing {
            return Err(Stop::failed(missing));
        }
        changes.set("file", shown.to_string());
        changes.set("msg", format!("{missing}; nothing was fetched"));
        Ok(())
    }
}

/// Lays down a content, and makes the folders that lead to it.
///
/// `fetch` writes its arguments.
#[derive(Args)]
#[module(name = "put", collection = "converge.core")]
pub(crate) struct Put {
    /// Where it goes.
    dest: PathBuf,
    /// What it is.
    content: Data,
}

impl Module for Put {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let Data::Blob(blob) = &self.content else {
            return Err(Stop::failed("`content` is no content of a file"));
        };
        let attributes = Attributes::default();
        let dest = absolute(&self.dest, host);
        if let Look::Is(Node { kind: NodeKind::Dir, .. }) = host.resolve(&dest)?.1 {
            return Err(Stop::failed(format!(
                "`{}` is a directory; with a slash at its end the file goes into it",
                dest.display()
            )));
        }
        if let Some(folder) = dest.parent() {
            let mut made = BTreeSet::new();
            make_folders(folder, &attributes, &mut made, host, changes)?;
        }
        self.placing(host, &attributes).one(&dest, blob, attributes.clone(), changes)?;
        Ok(())
    }
}

impl Put {
    fn placing<'p>(&'p self, host: &'p dyn Host, attributes: &'p Attributes) -> Placing<'p> {
        Placing {
            host,
            dest: &self.dest,
            attributes,
            directory_mode: None,
            backup: false,
            force: true,
            follow: true,
            validate: None,
            checksum: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::blob::Blob;
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[test]
    fn a_file_is_read_and_a_missing_one_is_a_failure_or_not() {
        let scenario = Scenario::new(&["f=y\n", "d/"]);
        let done = scenario.run("fetch", &[("src", "$T/f".into()), ("dest", "x".into())]);
        assert_eq!(done.results["content"], Data::from("eQo="));
        for (src, why) in [
            ("$T/no", "there is no file `$T/no`"),
            ("$T/d", "`$T/d` is a directory, and only files can be fetched"),
        ] {
            let args = [("src", src.into()), ("dest", "x".into())];
            scenario.fails("fetch", &args, why);
            let [src, dest] = args;
            let done = scenario.run("fetch", &[src, dest, ("fail_on_missing", false.into())]);
            assert!(!done.changed && done.results.contains_key("file"), "{done:?}");
        }
    }

    #[test]
    fn a_content_is_laid_down_with_the_folders_that_lead_to_it() {
        let scenario = Scenario::new(&["old=a"]);
        let content = Data::Blob(Blob::new(b"b".as_slice()));
        for dest in ["$T/far/away/new", "$T/old"] {
            let args = [("dest", dest.into()), ("content", content.clone())];
            assert!(scenario.run("converge.core.put", &args).changed);
        }
        assert_eq!(scenario.text("far/away/new"), "b");
        assert_eq!(scenario.text("old"), "b");
    }
}
