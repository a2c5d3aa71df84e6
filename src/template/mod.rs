//! Templates as Ansible has them: Jinja2's language with native values, evaluated lazily.
//!
//! An [`Engine`] is shared by the whole run. A [`Context`] is one evaluation: the variables of one task on one host. Only
//! text of the project becomes a template: the entrances are [`Context::value`], [`Context::condition`] and
//! [`Context::expression`] for nodes of YAML, and [`Context::file`] for template files; there is none for a value.
//!
//! The language is read by `lexer` and `parser` into `ast`, which `eval` runs on values that behave as Python's. Filters,
//! tests, lookups and methods are tables of functions, one file a family.

mod addresses;
mod args;
mod ast;
mod codec;
mod context;
mod datetime;
mod engine;
mod error;
mod eval;
mod evaluate;
mod files;
mod filters;
mod functions;
mod glob;
mod jmespath;
mod jsontext;
mod lexer;
mod lookups;
mod mersenne;
mod methods;
mod numfmt;
mod origin;
mod parser;
mod passwords;
mod printf;
mod regexes;
mod registry;
mod scope;
mod strformat;
mod suggest;
mod syntax;
mod tests;
mod versions;
mod yamltext;

pub use engine::{Engine, Options};
pub use error::TemplateError;
pub use evaluate::{Condition, Context, Evaluated, Rendered};
pub use files::FileOptions;
pub use passwords::password_hash;
pub use scope::{FileKind, Found, LookupContext, NoLookups, NoVars, Scope};
pub use syntax::Syntax;
