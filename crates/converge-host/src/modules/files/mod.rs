//! What the modules about files share.

mod attributes;
mod mode;
mod page;
mod results;
mod subject;
mod text;
mod tree;

pub(crate) use attributes::Attributes;
pub(crate) use mode::bits;
pub(crate) use page::Page;
pub(crate) use results::{context, file_results};
pub(crate) use subject::{Subject, absolute};
pub(crate) use text::{Edit, Text, with_attributes};
pub(crate) use tree::make_folders;
