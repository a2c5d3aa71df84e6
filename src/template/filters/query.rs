//! `data | community.general.json_query('a[*].b')`, and filters of the same collection on versions.

use std::cmp::Ordering;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::items;
use crate::template::evaluate::finished;
use crate::template::jmespath;
use crate::template::registry::FilterFn;
use crate::template::versions::{self, Scheme};
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("community.general.json_query", FilterFn::new(json_query)),
    ("community.general.version_sort", FilterFn::new(version_sort)),
];

fn json_query(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let data = given.value("data")?;
    let query = given.text("expr")?;
    given.finish()?;
    let data = finished(&data)?.unwrap_or(data);
    if let Some(why) = data.unknowns().into_iter().next() {
        return Err(Stop::Unknown(crate::value::Unknown::from_reasons([why])));
    }
    jmespath::search(&query, &data)
}

fn version_sort(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut list = items(&given.value("value")?)?;
    let reverse = given.flag("reverse", false)?;
    given.finish()?;
    let mut versions: Vec<(String, Value)> = Vec::with_capacity(list.len());
    for item in list.drain(..) {
        versions.push((text(&item)?, item));
    }
    let mut failed = None;
    versions.sort_by(|(a, _), (b, _)| {
        let order = versions::compare(Scheme::Loose, a, b).unwrap_or_else(|stop| {
            failed.get_or_insert(stop);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    });
    failed.map_or_else(|| Ok(Value::list(versions.into_iter().map(|(_, item)| item))), Err)
}
