//! Derives of the argument declarations in `converge_host::args`.
//!
//! ```text
//! /// Keeps one line in a text file.
//! #[derive(Args)]
//! #[module(name = "lineinfile", exclusive("insertafter", "insertbefore"))]
//! pub struct LineInFile {
//!     /// The file to edit.
//!     #[arg(alias = "dest", alias = "name")]
//!     path: PathBuf,
//!     /// Create the file if it is missing.
//!     #[arg(default = "no")]
//!     create: bool,
//!     /// Owner, group and mode.
//!     #[arg(shared)]
//!     attributes: Attributes,
//! }
//! ```
//!
//! The generated code names `crate::args`, so the derives work inside `converge-host` only.

mod args;
mod choice;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the declaration and the reader of a module's arguments.
///
/// On the struct, `#[module(…)]`: `name`, `collection` (default `ansible.builtin`), `alias` (repeatable), `free_form`, and
/// the rules `exclusive(…)`, `one_of(…)`, `together(…)`, `required_if("key", "value", "needed", …)`. Without `name` the
/// struct holds arguments that others share.
///
/// On a field, `#[arg(…)]`: `name` (where a keyword of Rust is in the way), `alias` (repeatable), `default` (as it would be
/// written in YAML), `shared` (a struct of shared arguments), `upload`, `rendered`, `path`, `kind = EXPR`. A field is
/// required unless it is an `Option`, or has a default.
#[proc_macro_derive(Args, attributes(module, arg))]
pub fn derive_args(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    args::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes an enum the words that an argument takes.
///
/// A variant is its name in lower case with `_` between words; `#[choice("name")]` names it otherwise and
/// `#[choice(alias = "other")]` adds a word that means the same.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// The text of the doc comments of an item.
fn docs(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(
        |attribute| {
            let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
            let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
                return None;
            };
            Some(text.value().trim().to_owned())
        },
    );
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
