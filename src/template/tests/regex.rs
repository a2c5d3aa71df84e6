//! Tests with regular expressions: `match`, `search`, `regex`.

use converge_host::python_re::Flags;

use crate::template::args::Given;
use crate::template::regexes::{compile, failed};
use crate::template::registry::TestFn;
use crate::value::Stop;

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("match", TestFn::new(|_, given| regex(given, "match"))),
    ("search", TestFn::new(|_, given| regex(given, "search"))),
    ("regex", TestFn::new(|_, given| regex(given, "search"))),
];

/// `text is match(pattern, ignorecase, multiline)`: at the start; `search` anywhere.
fn regex(mut given: Given, kind: &str) -> Result<bool, Stop> {
    let text = given.text("value")?;
    let pattern = given.optional_text("pattern")?.unwrap_or_default();
    let ignore_case = given.flag("ignorecase", false)?;
    let multi_line = given.flag("multiline", false)?;
    let kind = given.optional_text("match_type")?.unwrap_or_else(|| kind.to_owned());
    given.finish()?;
    let regex = compile(&pattern, Flags { ignore_case, multi_line, ..Flags::default() })?;
    let found = match kind.as_str() {
        "match" => regex.match_start(&text),
        "search" => regex.search(&text, 0),
        "fullmatch" => {
            let regex = compile(
                &format!(r"(?:{pattern})\Z"),
                Flags { ignore_case, multi_line, ..Flags::default() },
            )?;
            regex.match_start(&text)
        }
        other => {
            return Err(Stop::argument(format!(
                "`match_type` is match, search or fullmatch, not `{other}`"
            )));
        }
    };
    Ok(found.map_err(failed)?.is_some())
}
