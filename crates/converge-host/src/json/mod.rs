//! Plain data as JSON text: RFC 8259.

mod read;
mod write;

pub(crate) use read::parse;
pub(crate) use write::dump;
