//! Rust types as arguments.

use std::path::PathBuf;

use crate::args::{Arg, Bound, Invalid, Kind, Spec};
use crate::blob::{Blob, Tree};
use crate::data::{Data, Map};

/// A struct whose fields are a module's arguments, or some that several modules share.
pub trait Args: Sized {
    /// The declaration.
    const SPEC: &'static Spec;
    /// The fields that are arguments themselves.
    const ARGS: &'static [Arg];

    /// Reads the fields out of checked arguments.
    fn read(bound: &mut Bound) -> Result<Self, Invalid>;
}

/// An enum whose variants are the words that an argument takes.
pub trait Choice: Sized {
    /// The words, aliases included.
    const WORDS: &'static [&'static str];

    /// The variant of a word.
    fn from_word(word: &str) -> Option<Self>;
}

/// A type that an argument can have.
pub trait ArgValue: Sized {
    /// What it takes.
    const KIND: Kind;

    /// From a value that was coerced to [`Self::KIND`], or what was given instead.
    fn from_data(data: Data) -> Result<Self, String>;

    /// What stands for an argument that was not given; none for one that must be.
    fn absent() -> Option<Self> {
        None
    }
}

/// File permissions as written: octal digits or symbolic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode(pub String);

impl ArgValue for String {
    const KIND: Kind = Kind::Str;

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::Str(text) => Ok(text),
            other => Err(other.type_name().into()),
        }
    }
}

impl ArgValue for bool {
    const KIND: Kind = Kind::Bool;

    fn from_data(data: Data) -> Result<Self, String> {
        data.as_bool().ok_or_else(|| data.type_name().into())
    }
}

impl ArgValue for i64 {
    const KIND: Kind = Kind::Int;

    fn from_data(data: Data) -> Result<Self, String> {
        data.as_int().ok_or_else(|| data.type_name().into())
    }
}

impl ArgValue for f64 {
    const KIND: Kind = Kind::Float;

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::Float(number) => Ok(number),
            other => Err(other.type_name().into()),
        }
    }
}

impl ArgValue for PathBuf {
    const KIND: Kind = Kind::Path;

    fn from_data(data: Data) -> Result<Self, String> {
        String::from_data(data).map(Self::from)
    }
}

impl ArgValue for Mode {
    const KIND: Kind = Kind::Mode;

    fn from_data(data: Data) -> Result<Self, String> {
        String::from_data(data).map(Self)
    }
}

impl ArgValue for Data {
    const KIND: Kind = Kind::Raw;

    fn from_data(data: Data) -> Result<Self, String> {
        Ok(data)
    }
}

impl ArgValue for Map {
    const KIND: Kind = Kind::Dict;

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::Map(entries) => Ok(entries),
            other => Err(other.type_name().into()),
        }
    }
}

/// What an [`Kind::Upload`] argument holds: a tree of the controller, or (with `remote_src`) a path of the host.
impl ArgValue for Tree {
    const KIND: Kind = Kind::Upload;

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::Tree(tree) => Ok(tree),
            other => Err(other.type_name().into()),
        }
    }
}

impl ArgValue for Blob {
    const KIND: Kind = Kind::Rendered;

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::Blob(blob) => Ok(blob),
            other => Err(other.type_name().into()),
        }
    }
}

impl<T: ArgValue> ArgValue for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn from_data(data: Data) -> Result<Self, String> {
        match data {
            Data::List(items) => items.into_iter().map(T::from_data).collect(),
            other => Err(other.type_name().into()),
        }
    }
}

impl<T: ArgValue> ArgValue for Option<T> {
    const KIND: Kind = T::KIND;

    fn from_data(data: Data) -> Result<Self, String> {
        T::from_data(data).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
