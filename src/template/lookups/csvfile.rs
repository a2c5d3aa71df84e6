//! `lookup('csvfile', 'key file=users.csv delimiter=, col=2')`

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::files::{find, read};
use crate::template::lookups::files::not_found;
use crate::template::lookups::options::{Options, Term};
use crate::template::registry::LookupFn;
use crate::template::scope::FileKind;
use crate::value::{Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("csvfile", LookupFn { run })];

const OPTIONS: &[&str] = &["file", "col", "keycol", "delimiter", "default", "encoding"];

/// A column of the line whose key column holds the term.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let options = Options::take(&mut given, OPTIONS)?;
    let terms: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    let mut found = Vec::new();
    for term in &terms {
        let term = Term::split(term, OPTIONS)?;
        let option = |name: &str| term.option(name, &options);
        let key = term.words.join(" ");
        let name = option("file").unwrap_or_else(|| "ansible.csv".to_owned());
        let delimiter = match option("delimiter").as_deref() {
            None | Some("TAB" | "\\t") => '\t',
            Some(other) => {
                other.chars().next().ok_or_else(|| Stop::argument("the delimiter is empty"))?
            }
        };
        let column = |option: Option<String>, default: usize, name: &str| match option {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| Stop::argument(format!("`{name}` is no column: `{text}`")))
            }
        };
        let (key_column, value_column) =
            (column(option("keycol"), 0, "keycol")?, column(option("col"), 1, "col")?);
        let Some(path) = find(&*machine.context.lookups, FileKind::Files, &name) else {
            return Err(not_found(machine, &name));
        };
        let rows = rows(&read(&*machine.context.lookups, &path)?, delimiter);
        let row = rows.iter().find(|row| row.get(key_column) == Some(&key));
        match row.map(|row| row.get(value_column)) {
            Some(Some(value)) => found.push(Value::from(value.as_str())),
            Some(None) => {
                return Err(Stop::value(format!(
                    "the line of `{key}` has no column {value_column}"
                )));
            }
            None => found.extend(option("default").map(Value::from)),
        }
    }
    Ok(found)
}

/// The fields of all lines; a field in double quotes may hold anything, quotes doubled.
fn rows(source: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other if other == delimiter && !quoted => row.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn fields_may_be_quoted() {
        assert_eq!(
            rows("a,\"b,\"\"c\"\"\nd\",e\r\nf\n", ','),
            [vec!["a", "b,\"c\"\nd", "e"], vec!["f"]]
        );
    }
}
