//! Filters on dates: `strftime`, `to_datetime`; and `attr`.

use crate::template::args::Given;
use crate::template::datetime;
use crate::template::eval::Machine;
use crate::template::eval::access::undefined;
use crate::template::eval::objects::{self, Method};
use crate::template::methods;
use crate::template::registry::FilterFn;
use crate::value::{Live, Number, Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("strftime", FilterFn::new(strftime)),
    ("to_datetime", FilterFn::new(to_datetime)),
    ("attr", FilterFn::new(attr)),
];

/// `format | strftime(second, utc)`
fn strftime(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let format = given.text("string_format")?;
    let second = given.optional("second")?.filter(|second| !second.is_null());
    let utc = given.flag("utc", false)?;
    given.finish()?;
    let second = match second {
        None => None,
        Some(Value::Str(text)) => super::numbers::float_from_text(&text),
        Some(other) => Number::of(&other).map(|number| number.to_f64()),
    };
    datetime::format_second(&format, second, utc).map(Value::from)
}

/// `text | to_datetime(format)`
fn to_datetime(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let source = given.text("string")?;
    let format = given.optional_text("format")?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
    given.finish()?;
    datetime::parse(&source, &format)
}

/// `value | attr('name')`: a method or attribute, never an item.
fn attr(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("obj")?;
    let name = given.text("name")?;
    given.finish()?;
    if methods::has(&value, &name) {
        return Ok(Method::bind(value, name.into()));
    }
    if let Value::Live(Live::Object(object)) = &value
        && let Some(found) = objects::attribute(machine, &**object, &name.as_str().into())?
    {
        return Ok(found);
    }
    Ok(undefined(&value, name.into(), None))
}
