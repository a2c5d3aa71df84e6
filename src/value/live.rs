//! The forms a value has only while a template is evaluated.
//!
//! Lists and mappings can be changed by a template (`x.append(1)`), their items may be templates that are rendered when
//! somebody asks for them, and some things (macros, loops, namespaces) are no data at all. None of these leaves the
//! template engine.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::value::{Key, Map, Stop, Undefined, Value};

/// A form of value that exists only while a template is evaluated.
#[derive(Clone)]
pub enum Live {
    /// Something that is not there.
    Undefined(Arc<Undefined>),
    /// A list that can be changed.
    List(Arc<LiveList>),
    /// A mapping that can be changed.
    Map(Arc<LiveMap>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// An item that is not rendered yet; found in lists and mappings only.
    Lazy(Arc<dyn Lazy>),
    /// A mapping whose values are made when they are asked for.
    Mapping(Arc<dyn Mapping>),
    /// Something that is no data: a function, a macro, a loop, a namespace.
    Object(Arc<dyn Object>),
}

/// A mapping whose values are made when they are asked for, such as `hostvars`.
pub trait Mapping: Send + Sync {
    /// The value of a key, if it is there.
    fn get(&self, key: &str) -> Option<Result<Value, Stop>>;

    /// The keys in order.
    fn keys(&self) -> Vec<Arc<str>>;

    /// All entries.
    fn entries(&self) -> Result<Vec<(Key, Value)>, Stop> {
        self.keys()
            .into_iter()
            .filter_map(|key| {
                let value = self.get(&key)?;
                Some(value.map(|value| (key.into(), value)))
            })
            .collect()
    }
}

/// A value that is made when it is first asked for.
pub trait Lazy: Send + Sync {
    /// The value. What is undefined or unknown is given as such a value; an error is a mistake.
    fn force(&self) -> Result<Value, Stop>;
}

/// Something that is no data, known to the template engine by its type.
pub trait Object: Any + Send + Sync {
    /// The name of its type as Python has it.
    fn type_name(&self) -> &'static str;

    /// Itself, to be cast to what it is.
    fn as_any(&self) -> &dyn Any;

    /// What `str()` prints for it, if that is worth printing: such a thing counts as this text where data is needed.
    fn text(&self) -> Option<String> {
        None
    }
}

/// A list that can be changed.
#[derive(Default)]
pub struct LiveList(Mutex<Vec<Value>>);

/// A mapping that can be changed.
#[derive(Default)]
pub struct LiveMap(Mutex<Map>);

impl Live {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Undefined(_) | Self::Lazy(_) => false,
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Mapping(mapping) => !mapping.keys().is_empty(),
            Self::Object(_) => true,
        }
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined(_) => "AnsibleUndefined",
            Self::List(_) => "list",
            Self::Map(_) | Self::Mapping(_) => "dict",
            Self::Tuple(_) => "tuple",
            Self::Lazy(_) => "lazy",
            Self::Object(object) => object.type_name(),
        }
    }
}

impl LiveList {
    /// A list of these items.
    pub fn new(items: Vec<Value>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(items)))
    }

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at an index, rendered.
    pub fn get(&self, index: usize) -> Option<Result<Value, Stop>> {
        let item = self.lock().get(index)?.clone();
        Some(forced(item, |value| {
            if let Some(slot) = self.lock().get_mut(index) {
                *slot = value;
            }
        }))
    }

    /// All items, rendered.
    pub fn items(&self) -> Result<Vec<Value>, Stop> {
        let mut items = self.lock().clone();
        for (index, item) in items.iter_mut().enumerate() {
            if matches!(item, Value::Live(Live::Lazy(_))) {
                *item = forced(item.clone(), |value| {
                    if let Some(slot) = self.lock().get_mut(index) {
                        *slot = value;
                    }
                })?;
            }
        }
        Ok(items)
    }

    /// Changes the list. Nothing may be rendered inside.
    pub fn change<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveMap {
    /// A mapping of these entries.
    pub fn new(map: Map) -> Arc<Self> {
        Arc::new(Self(Mutex::new(map)))
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys in order.
    pub fn keys(&self) -> Vec<Key> {
        self.lock().keys().cloned().collect()
    }

    /// Whether it has a key.
    pub fn contains(&self, key: &Key) -> bool {
        self.lock().get_key(key).is_some()
    }

    /// The value of a text key, rendered.
    pub fn get(&self, key: &str) -> Option<Result<Value, Stop>> {
        let value = self.lock().get(key)?.clone();
        Some(forced(value, |value| self.store(&key.into(), value)))
    }

    /// The value of a key, rendered.
    pub fn get_key(&self, key: &Key) -> Option<Result<Value, Stop>> {
        let value = self.lock().get_key(key)?.clone();
        Some(forced(value, |value| self.store(key, value)))
    }

    /// All entries, rendered.
    pub fn entries(&self) -> Result<Vec<(Key, Value)>, Stop> {
        let entries: Vec<(Key, Value)> =
            self.lock().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        entries
            .into_iter()
            .map(|(key, value)| {
                let value = forced(value, |value| self.store(&key, value))?;
                Ok((key, value))
            })
            .collect()
    }

    /// Changes the mapping. Nothing may be rendered inside.
    pub fn change<T>(&self, change: impl FnOnce(&mut Map) -> T) -> T {
        change(&mut self.lock())
    }

    fn store(&self, key: &Key, value: Value) {
        self.lock().insert(key.clone(), value);
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renders an item that is not rendered yet and hands it to `store`, so that it is rendered once.
fn forced(item: Value, store: impl FnOnce(Value)) -> Result<Value, Stop> {
    let Value::Live(Live::Lazy(lazy)) = item else { return Ok(item) };
    let value = lazy.force()?;
    store(value.clone());
    Ok(value)
}

impl fmt::Debug for LiveList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.lock().iter()).finish()
    }
}

impl fmt::Debug for LiveMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.lock().iter()).finish()
    }
}
