//! Values from and to the plain data that travels to hosts.

use std::sync::Arc;

use converge_host::data::{self, Data};

use crate::value::{Live, Map, Stop, Value};

impl From<Data> for Value {
    fn from(data: Data) -> Self {
        match data {
            Data::Null => Self::Null,
            Data::Bool(truth) => Self::Bool(truth),
            Data::Int(number) => Self::Int(number),
            Data::Float(number) => Self::Float(number),
            Data::Str(text) => Self::from(text),
            Data::List(items) => items.into_iter().map(Self::from).collect(),
            Data::Map(entries) => {
                let map: Map =
                    entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
                map.into()
            }
            // The content stays with the controller; a result that names it names nothing a template could read.
            Data::Blob(_) | Data::Tree(_) => Self::Null,
        }
    }
}

impl Value {
    /// The value as data for a host. Keys become text, a number too large for 64 bits becomes text, bytes become text as
    /// far as they are UTF-8. What is undefined, unknown or omitted has no such form.
    pub fn to_data(&self) -> Result<Data, Stop> {
        Ok(match self {
            Self::Null => Data::Null,
            Self::Bool(truth) => Data::Bool(*truth),
            Self::Int(number) => Data::Int(*number),
            Self::BigInt(number) => Data::Str(number.to_string()),
            Self::Float(number) => Data::Float(*number),
            Self::Str(text) => Data::Str(text.to_string()),
            Self::Bytes(bytes) => Data::Str(String::from_utf8_lossy(bytes).into_owned()),
            Self::List(items) => list(items)?,
            Self::Map(map) => {
                let entries: Result<data::Map, Stop> = map
                    .iter()
                    .map(|(key, value)| Ok((key.to_string(), value.to_data()?)))
                    .collect();
                Data::Map(entries?)
            }
            Self::Omit => return Err(Stop::value("`omit` is no data")),
            Self::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
            Self::Live(Live::Undefined(undefined)) => {
                return Err(Stop::Undefined(Arc::clone(undefined)));
            }
            Self::Live(Live::List(items)) => list(&items.items()?)?,
            Self::Live(Live::Tuple(items)) => list(items)?,
            Self::Live(Live::Map(map)) => {
                let map: Map = map.entries()?.into_iter().collect();
                Self::from(map).to_data()?
            }
            Self::Live(Live::Mapping(mapping)) => {
                let map: Map = mapping.entries()?.into_iter().collect();
                Self::from(map).to_data()?
            }
            Self::Live(Live::Lazy(lazy)) => lazy.force()?.to_data()?,
            Self::Live(Live::Object(object)) => {
                return Err(Stop::value(format!("a {} is no data", object.type_name())));
            }
        })
    }
}

fn list(items: &[Value]) -> Result<Data, Stop> {
    let items: Result<Vec<Data>, Stop> = items.iter().map(Value::to_data).collect();
    Ok(Data::List(items?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use converge_host::data::Data;

    use crate::value::{Key, Value};

    #[test]
    fn data_survives_the_way_there_and_back() {
        let value = Value::map([
            (
                Key::from("a"),
                Value::list([Value::Int(1), Value::Float(0.5), Value::Null, Value::Bool(true)]),
            ),
            (Key::from("b"), Value::from("text")),
        ]);
        assert_eq!(Value::from(value.to_data().unwrap()), value);
    }

    #[test]
    fn what_is_not_known_is_not_sent() {
        assert!(Value::list([Value::unknown("x")]).to_data().is_err());
        assert!(Value::Omit.to_data().is_err());
        assert_eq!(
            Value::map([(Key::Int(1), Value::Null)]).to_data().unwrap().as_map().unwrap()["1"],
            Data::Null
        );
    }
}
