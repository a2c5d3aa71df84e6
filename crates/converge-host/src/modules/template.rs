//! `template`: a template of the controller, rendered for the host and put in its place.

use std::path::PathBuf;

use crate::args::Args;
use crate::blob::Tree;
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::copy::{Placing, report_dest, upload};
use crate::modules::files::Attributes;
use crate::stop::Result;

/// Renders a template and puts the text in its place.
///
/// The controller renders; the arguments about how are its own.
#[derive(Args)]
#[module(name = "template")]
pub(crate) struct Template {
    /// The template. It comes as a file of its name, with the text that was made of it.
    #[arg(rendered)]
    src: Tree,
    /// The file that it becomes, or the folder that this goes to by the name of the template.
    dest: PathBuf,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Replace what is there. Otherwise only a file that is missing is made.
    #[arg(default = "yes")]
    force: bool,
    /// A command that must accept the file before it is put in its place; `%s` is the file.
    validate: Option<String>,
    /// Where `dest` is a link, write what it points to.
    #[arg(default = "no")]
    follow: bool,
    /// How the template is read.
    #[arg(shared)]
    _reading: Reading,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

/// How the controller reads the template and writes the text. They are declared here to be known as arguments.
#[derive(Args)]
#[expect(dead_code, reason = "the controller reads them")]
struct Reading {
    /// What a line of the text ends in. The controller sees to it.
    newline_sequence: Option<String>,
    /// How a statement begins. The controller sees to it.
    block_start_string: Option<String>,
    /// How a statement ends. The controller sees to it.
    block_end_string: Option<String>,
    /// How an expression begins. The controller sees to it.
    variable_start_string: Option<String>,
    /// How an expression ends. The controller sees to it.
    variable_end_string: Option<String>,
    /// How a comment begins. The controller sees to it.
    comment_start_string: Option<String>,
    /// How a comment ends. The controller sees to it.
    comment_end_string: Option<String>,
    /// Drop the line end after a statement. The controller sees to it.
    trim_blocks: Option<bool>,
    /// Drop white space before a statement. The controller sees to it.
    lstrip_blocks: Option<bool>,
    /// The encoding of the text. The controller sees to it.
    output_encoding: Option<String>,
}

impl Module for Template {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let placing = Placing {
            host,
            dest: &self.dest,
            attributes: &self.attributes,
            directory_mode: None,
            backup: self.backup,
            force: self.force,
            follow: self.follow,
            validate: self.validate.as_deref(),
            checksum: None,
        };
        upload::plan(&placing, &self.src, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        report_dest(host, results)
    }
}
