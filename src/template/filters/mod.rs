//! Filters: one file a family, each with a table of its names.

mod addresses;
mod attribute;
mod convert;
mod escape;
mod files;
mod hash;
mod json;
mod layout;
mod lists;
mod logic;
mod maps;
mod numbers;
mod order;
mod paths;
mod pick;
mod products;
mod query;
mod random;
mod regex;
mod sets;
mod sizes;
mod subnets;
mod text;
mod urls;
mod yaml;

use crate::template::registry::FilterFn;

pub(crate) use json::parse as parse_json;
pub(crate) use maps::subelements;
pub(crate) use numbers::float_from_text;
pub(crate) use paths::with_home;
pub(crate) use products::product;

/// All filters by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, FilterFn)> {
    [
        addresses::ALL,
        convert::ALL,
        escape::ALL,
        files::ALL,
        hash::ALL,
        json::ALL,
        layout::ALL,
        lists::ALL,
        logic::ALL,
        maps::ALL,
        numbers::ALL,
        order::ALL,
        paths::ALL,
        pick::ALL,
        products::ALL,
        query::ALL,
        random::ALL,
        regex::ALL,
        sets::ALL,
        sizes::ALL,
        subnets::ALL,
        text::ALL,
        urls::ALL,
        yaml::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
