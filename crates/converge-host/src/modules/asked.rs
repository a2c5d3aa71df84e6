//! What a module that is planned beside the controller needs of the helper: an answer, and its changes taken up.
//!
//! See [`crate::host::asked`]. The controller writes the arguments of both.

use std::path::PathBuf;

use crate::args::Args;
use crate::blob::Blob;
use crate::change::{Change, Changes};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::host::asked::{Question, answer};
use crate::modules::Module;
use crate::stop::{Result, Stop, Why};

/// Answers one question about the host.
#[derive(Args)]
#[module(name = "look", collection = "converge.core")]
pub(crate) struct LookAt {
    /// The question, in postcard.
    question: Data,
}

/// Takes up changes that were named elsewhere.
#[derive(Args)]
#[module(name = "take_up", collection = "converge.core")]
pub(crate) struct TakeUp {
    /// The changes, in postcard.
    changes: Data,
    /// What the module returns.
    results: Map,
    /// What the user should be told.
    warnings: Vec<String>,
    /// Why further results can't be known.
    open: Option<String>,
    /// Where files may become others, for a module that can't say what it changes.
    #[expect(dead_code, reason = "it is read where a call is doubted")]
    path: Option<Vec<PathBuf>>,
}

impl Module for LookAt {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let question: Question = read(&self.question)?;
        let answer = answer(host, &question)?;
        changes.set("answer", written(&answer)?);
        Ok(())
    }
}

impl Module for TakeUp {
    fn plan(&self, _host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.list = read::<Vec<Change>>(&self.changes)?;
        changes.results = self.results.clone();
        changes.warnings.clone_from(&self.warnings);
        changes.open = self.open.clone().map(Why);
        Ok(())
    }
}

/// A value as an argument or a result.
pub fn written<T: serde::Serialize>(value: &T) -> Result<Data> {
    let bytes = postcard::to_allocvec(value).map_err(|error| Stop::failed(error.to_string()))?;
    Ok(Data::Blob(Blob::new(bytes)))
}

/// The value of an argument or a result that [`written`] made.
pub fn read<T: serde::de::DeserializeOwned>(data: &Data) -> Result<T> {
    let Data::Blob(Blob { bytes: Some(bytes), .. }) = data else {
        return Err(Stop::failed(format!("bytes are needed, not {}", data.type_name())));
    };
    postcard::from_bytes(bytes).map_err(|error| Stop::failed(error.to_string()))
}
