//! `slurp`: the content of a file of the host.

use std::path::PathBuf;

use crate::args::Args;
use crate::base64;
use crate::change::Changes;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::absolute;
use crate::stop::{Result, Stop};

/// Returns the content of a file of the host, in base64.
#[derive(Args)]
#[module(name = "slurp")]
pub(crate) struct Slurp {
    /// The file.
    #[arg(alias = "path")]
    src: PathBuf,
}

impl Module for Slurp {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = absolute(&self.src, host);
        let shown = self.src.display();
        match host.resolve(&path)?.1 {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Absent => return Err(Stop::failed(format!("there is no file `{shown}`"))),
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                return Err(Stop::failed(format!("`{shown}` is a directory, not a file")));
            }
            Look::Is(_) => {}
        }
        let bytes = host.fetch(&host.content(&path)?)?;
        changes.set("content", base64::encode(&bytes));
        changes.set("source", shown.to_string());
        changes.set("encoding", "base64");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[test]
    fn a_content_is_returned() {
        let scenario = Scenario::new(&["f=y\n", "d/"]);
        let done = scenario.run("slurp", &[("path", "$T/f".into())]);
        assert_eq!(done.results["content"], Data::from("eQo="));
        assert_eq!(done.results["encoding"], Data::from("base64"));
        scenario.fails("slurp", &[("src", "$T/no".into())], "there is no file `$T/no`");
        scenario.fails("slurp", &[("src", "$T/d".into())], "`$T/d` is a directory, not a file");
    }
}
