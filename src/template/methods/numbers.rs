//! Methods of numbers and bytes.

use crate::template::args::Given;
use crate::template::codec;
use crate::template::methods::MethodFn;
use crate::value::{Number, Stop, Value};

/// The method of a number.
pub(super) fn find(name: &str) -> Option<MethodFn> {
    Some(match name {
        "bit_length" => bit_length,
        "is_integer" => is_integer,
        _ => return None,
    })
}

/// The method of bytes.
pub(super) fn bytes(name: &str) -> Option<MethodFn> {
    Some(match name {
        "decode" => decode,
        "hex" => hex,
        _ => return None,
    })
}

fn bit_length(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    match Number::of(value) {
        Some(Number::Int(number)) => Ok(Value::from(64 - number.unsigned_abs().leading_zeros())),
        Some(Number::Big(number)) => Ok(Value::from(number.bits())),
        _ => Err(Stop::value("a float has no method `bit_length`")),
    }
}

fn is_integer(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::Bool(match value {
        Value::Float(number) => number.is_finite() && number.fract() == 0.0,
        _ => true,
    }))
}

fn decode(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let encoding = given.optional_text("encoding")?.unwrap_or_else(|| "utf-8".to_owned());
    given.optional_text("errors")?;
    given.finish()?;
    let Value::Bytes(bytes) = value else { return Ok(value.clone()) };
    codec::decode(bytes, &encoding).map(Value::from)
}

fn hex(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    let Value::Bytes(bytes) = value else { return Ok(value.clone()) };
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}
