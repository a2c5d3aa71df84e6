//! Dates and times as Python's `datetime` has them: what `now()` and `to_datetime` give.

use std::any::Any;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::template::args::Given;
use crate::template::ast::Binary;
use crate::value::{Live, Number, Object, Stop, Value};

/// A date and time; the offset from UTC where the text it was read from had one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    civil: DateTime,
    offset: Option<Offset>,
}

/// The time between two moments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delta {
    microseconds: i128,
}

const DAY: i128 = 86_400_000_000;

impl Object for Moment {
    fn type_name(&self) -> &'static str {
        "datetime"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn text(&self) -> Option<String> {
        Some(self.iso(' '))
    }
}

impl Object for Delta {
    fn type_name(&self) -> &'static str {
        "timedelta"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn text(&self) -> Option<String> {
        let (days, rest) = (self.microseconds.div_euclid(DAY), self.microseconds.rem_euclid(DAY));
        let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
        let plural = if days.abs() == 1 { "" } else { "s" };
        let days = if days == 0 { String::new() } else { format!("{days} day{plural}, ") };
        let micros = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        Some(format!(
            "{days}{}:{:02}:{:02}{micros}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ))
    }
}

fn object(object: impl Object) -> Value {
    Value::Live(Live::Object(Arc::new(object)))
}

/// `now(utc)`
pub(crate) fn now(utc: bool) -> Value {
    let now = if utc { Zoned::now().with_time_zone(TimeZone::UTC) } else { Zoned::now() };
    object(Moment { civil: now.datetime(), offset: None })
}

/// The moment that a value is.
pub(crate) fn moment(value: &Value) -> Option<Moment> {
    match value {
        Value::Live(Live::Object(object)) => object.as_any().downcast_ref::<Moment>().copied(),
        _ => None,
    }
}

fn delta(value: &Value) -> Option<Delta> {
    match value {
        Value::Live(Live::Object(object)) => object.as_any().downcast_ref::<Delta>().copied(),
        _ => None,
    }
}

/// A number of seconds since 1970, or now, by a format.
pub(crate) fn format_second(format: &str, second: Option<f64>, utc: bool) -> Result<String, Stop> {
    let timestamp = match second {
        None => Timestamp::now(),
        Some(second) => Timestamp::from_microsecond((second * 1e6).round() as i64)
            .map_err(|_| Stop::value(format!("{second} is no second that a calendar knows")))?,
    };
    let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
    print(&timestamp.to_zoned(zone), format)
}

/// A text by a format as a moment.
pub(crate) fn parse(text: &str, format: &str) -> Result<Value, Stop> {
    let bad = || Stop::value(format!("`{text}` is no date of the form `{format}`"));
    let broken = BrokenDownTime::parse(format, text).map_err(|_| bad())?;
    let date =
        broken.to_date().or_else(|_| jiff::civil::Date::new(1900, 1, 1)).map_err(|_| bad())?;
    let time = broken.to_time().unwrap_or(jiff::civil::Time::midnight());
    Ok(object(Moment { civil: date.to_datetime(time), offset: broken.offset() }))
}

fn print(zoned: &Zoned, format: &str) -> Result<String, Stop> {
    // Python's `%f` always has six digits.
    let format = format.replace("%f", "%6f");
    jiff::fmt::strtime::format(&format, zoned)
        .map_err(|error| Stop::value(format!("`{format}` is no form of a date: {error}")))
}

impl Moment {
    fn zoned(&self) -> Result<Zoned, Stop> {
        let zone = self.offset.map_or(TimeZone::system(), TimeZone::fixed);
        self.civil.to_zoned(zone).map_err(|error| Stop::value(error.to_string()))
    }

    fn iso(&self, between: char) -> String {
        let date = self.civil.date();
        let time = self.civil.time();
        let micros = time.subsec_nanosecond() / 1000;
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let offset = self.offset.map_or_else(String::new, |offset| {
            let seconds = offset.seconds();
            let sign = if seconds < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60)
        });
        format!(
            "{date}{between}{:02}:{:02}:{:02}{fraction}{offset}",
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    fn microseconds(&self) -> i128 {
        let zone = self.offset.map_or(TimeZone::UTC, TimeZone::fixed);
        self.civil.to_zoned(zone).map_or(0, |zoned| i128::from(zoned.timestamp().as_microsecond()))
    }

    fn shifted(&self, microseconds: i128) -> Result<Value, Stop> {
        let span = jiff::SignedDuration::from_micros(
            i64::try_from(microseconds).map_err(|_| Stop::value("the time span is too long"))?,
        );
        let civil =
            self.civil.checked_add(span).map_err(|_| Stop::value("the date is out of range"))?;
        Ok(object(Self { civil, offset: self.offset }))
    }
}

/// An attribute.
pub(crate) fn attribute(object: &dyn Object, name: &str) -> Option<Value> {
    let any = object.as_any();
    if let Some(delta) = any.downcast_ref::<Delta>() {
        let rest = delta.microseconds.rem_euclid(DAY);
        let number = match name {
            "days" => delta.microseconds.div_euclid(DAY),
            "seconds" => rest / 1_000_000,
            "microseconds" => rest % 1_000_000,
            _ => return None,
        };
        return i64::try_from(number).ok().map(Value::Int);
    }
    let moment = any.downcast_ref::<Moment>()?;
    let civil = moment.civil;
    Some(Value::Int(match name {
        "year" => civil.year().into(),
        "month" => civil.month().into(),
        "day" => civil.day().into(),
        "hour" => civil.hour().into(),
        "minute" => civil.minute().into(),
        "second" => civil.second().into(),
        "microsecond" => (civil.subsec_nanosecond() / 1000).into(),
        _ => return None,
    }))
}

/// Whether there is a method of a name.
pub(crate) fn has_method(object: &dyn Object, name: &str) -> bool {
    let any = object.as_any();
    (any.is::<Moment>()
        && matches!(
            name,
            "strftime" | "isoformat" | "timestamp" | "weekday" | "isoweekday" | "date" | "time"
        ))
        || (any.is::<Delta>() && name == "total_seconds")
}

/// Calls a method.
pub(crate) fn call_method(
    object: &dyn Object,
    name: &str,
    mut given: Given,
) -> Result<Value, Stop> {
    let any = object.as_any();
    if let Some(delta) = any.downcast_ref::<Delta>() {
        given.finish()?;
        return Ok(Value::Float(delta.microseconds as f64 / 1e6));
    }
    let Some(moment) = any.downcast_ref::<Moment>() else {
        return Err(Stop::value(format!("a {} has no method `{name}`", object.type_name())));
    };
    let text = if matches!(name, "strftime" | "isoformat") {
        given.optional_text("format")?
    } else {
        None
    };
    given.finish()?;
    Ok(match name {
        "strftime" => print(&moment.zoned()?, &text.unwrap_or_default())?.into(),
        "isoformat" => moment.iso(text.and_then(|text| text.chars().next()).unwrap_or('T')).into(),
        "timestamp" => Value::Float(moment.zoned()?.timestamp().as_microsecond() as f64 / 1e6),
        "weekday" => Value::Int(moment.civil.weekday().to_monday_zero_offset().into()),
        "isoweekday" => Value::Int(moment.civil.weekday().to_monday_one_offset().into()),
        "date" => moment.civil.date().to_string().into(),
        _ => moment.iso(' ').split_once(' ').map_or("", |(_, time)| time).into(),
    })
}

/// Arithmetic on moments and spans; nothing if there are none.
pub(crate) fn binary(operator: Binary, left: &Value, right: &Value) -> Option<Result<Value, Stop>> {
    let result = match (operator, moment(left), moment(right), delta(left), delta(right)) {
        (Binary::Subtract, Some(a), Some(b), ..) => {
            Ok(object(Delta { microseconds: a.microseconds() - b.microseconds() }))
        }
        (Binary::Add, Some(a), _, _, Some(b)) | (Binary::Add, _, Some(a), Some(b), _) => {
            a.shifted(b.microseconds)
        }
        (Binary::Subtract, Some(a), _, _, Some(b)) => a.shifted(-b.microseconds),
        (Binary::Add, _, _, Some(a), Some(b)) => {
            Ok(object(Delta { microseconds: a.microseconds + b.microseconds }))
        }
        (Binary::Subtract, _, _, Some(a), Some(b)) => {
            Ok(object(Delta { microseconds: a.microseconds - b.microseconds }))
        }
        (Binary::Multiply, _, _, Some(a), None) => match Number::of(right) {
            Some(Number::Int(factor)) => {
                Ok(object(Delta { microseconds: a.microseconds * i128::from(factor) }))
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(result)
}

/// The order of two moments, or of two spans.
pub(crate) fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (moment(left), moment(right), delta(left), delta(right)) {
        (Some(a), Some(b), ..) => Some(a.microseconds().cmp(&b.microseconds())),
        (_, _, Some(a), Some(b)) => Some(a.microseconds.cmp(&b.microseconds)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{attribute, binary, format_second, parse};
    use crate::template::ast::Binary;
    use crate::value::{Live, Value, text};

    #[test]
    fn seconds_print_as_python_prints_them() {
        assert_eq!(format_second("%Y-%m-%d", Some(0.0), true).unwrap(), "1970-01-01");
        let format = "%H:%M:%S %j %U %a %b %p %y %% %f";
        assert_eq!(
            format_second(format, Some(1_700_000_000.5), true).unwrap(),
            "22:13:20 318 46 Tue Nov PM 23 % 500000"
        );
    }

    #[test]
    fn moments_can_be_subtracted() {
        let format = "%Y-%m-%d %H:%M:%S";
        let (a, b) = (
            parse("2024-01-03 01:00:00", format).unwrap(),
            parse("2024-01-01 00:00:00", format).unwrap(),
        );
        assert_eq!(text(&a).unwrap(), "2024-01-03 01:00:00");
        let delta = binary(Binary::Subtract, &a, &b).unwrap().unwrap();
        assert_eq!(text(&delta).unwrap(), "2 days, 1:00:00");
        let Value::Live(Live::Object(object)) = &delta else { panic!() };
        assert_eq!(attribute(&**object, "days"), Some(Value::Int(2)));
        assert!(parse("nonsense", format).is_err());
        assert_eq!(text(&parse("2024-02-29", "%Y-%m-%d").unwrap()).unwrap(), "2024-02-29 00:00:00");
    }
}
