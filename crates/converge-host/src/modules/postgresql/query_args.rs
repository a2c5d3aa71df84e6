//! Values in the places of a statement that are kept for them.

use crate::data::{Data, Map};
use crate::modules::postgresql::sql;

/// The statement with its values: `%s` by their order, `%(name)s` by their names. `%%` is a percent sign, if there are values.
pub(super) fn bind(
    query: &str,
    by_order: Option<&[Data]>,
    by_name: Option<&Map>,
) -> Result<String, String> {
    if by_order.is_none() && by_name.is_none() {
        return Ok(query.to_owned());
    }
    let mut out = String::new();
    let mut values = by_order.unwrap_or_default().iter();
    let mut rest = query;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('s').filter(|_| by_order.is_some()) {
            let value = values.next().ok_or("there are fewer `positional_args` than `%s`")?;
            out.push_str(&literal(value));
            rest = after;
        } else if let Some((name, after)) =
            rest.strip_prefix('(').and_then(|rest| rest.split_once(")s"))
        {
            let value = by_name.and_then(|values| values.get(name));
            out.push_str(&literal(value.ok_or(format!("`named_args` lacks `{name}`"))?));
            rest = after;
        } else {
            return Err(
                "a percent sign that stands for itself is written `%%` where values are given"
                    .into(),
            );
        }
    }
    out.push_str(rest);
    match values.next() {
        Some(_) => Err("there are more `positional_args` than `%s`".into()),
        None => Ok(out),
    }
}

fn literal(value: &Data) -> String {
    match value {
        Data::Null => "NULL".to_owned(),
        Data::Bool(truth) => truth.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Str(text) => sql::text(text).trim_start().to_owned(),
        Data::List(items) => {
            let items: Vec<_> = items.iter().map(literal).collect();
            format!("ARRAY[{}]", items.join(", "))
        }
        other => sql::text(&crate::json::dump(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::bind;
    use crate::data::{Data, Map};

    #[test]
    fn values_stand_in_their_places() {
        let some: Vec<Data> = vec![1_i64.into(), "it's".into()];
        assert_eq!(
            bind("a = %s and b = %s or c like '%%x'", Some(&some), None).unwrap(),
            "a = 1 and b = 'it''s' or c like '%x'"
        );
        let named = Map::from_iter([("x".to_owned(), Data::from(vec![1_i64, 2]))]);
        assert_eq!(bind("a = ANY(%(x)s)", None, Some(&named)).unwrap(), "a = ANY(ARRAY[1, 2])");
        assert_eq!(bind("a like '%'", None, None).unwrap(), "a like '%'");
        for (query, want) in [
            ("%s", "there are more `positional_args` than `%s`"),
            ("%s %s %s", "there are fewer `positional_args` than `%s`"),
            ("%d", "a percent sign that stands for itself is written `%%` where values are given"),
            ("%(y)s", "`named_args` lacks `y`"),
        ] {
            assert_eq!(bind(query, Some(&some), None), Err(want.to_owned()));
        }
    }
}
