//! Plain data: arguments on their way to a module and results on their way back.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::blob::{Blob, Tree};

/// Data by name, in the order it was given.
pub type Map = IndexMap<String, Data>;

/// A value without behaviour: what JSON has, and bytes that need not be text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Data {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(Map),
    /// The content of one file, which the controller holds.
    Blob(Blob),
    /// A file or a whole folder, which the controller holds.
    Tree(Tree),
}

impl Data {
    /// The text, of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, of a whole number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The items, of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, of a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What a message calls its type, in the words that Ansible uses.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Map(_) => "dict",
            Self::Blob(_) | Self::Tree(_) => "file",
        }
    }
}

impl From<bool> for Data {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Data {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Data {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<f64> for Data {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<Map> for Data {
    fn from(entries: Map) -> Self {
        Self::Map(entries)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Data {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Data {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
