//! Draws reports of drift, in the forms that people and programs use.
//!
//! Each form is a function from a [`Report`](crate::drift::Report) to text; nothing here knows where it goes.

pub mod chat;
pub mod html;
pub mod junit;
pub mod prometheus;
pub mod text;

mod markup;
mod side;
mod time;

use crate::drift::Report;

/// A report as JSON, in the form of `docs/drift.schema.json`.
pub fn json(report: &Report) -> String {
    let counts = report.counts();
    // Text, numbers and lists have a form in JSON.
    let mut value = serde_json::to_value(report).unwrap_or_default();
    if let Some(entries) = value.as_object_mut() {
        entries.insert("counts".into(), serde_json::to_value(counts).unwrap_or_default());
    }
    format!("{value:#}\n")
}

/// What a report is about: the inventories, as they were named.
fn about(report: &Report) -> String {
    report.inventory.join(", ")
}
