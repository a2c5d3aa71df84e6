//! Return values as JSON, without secrets.

use converge_host::data::{Data, Map};
use serde_json::Value;

use crate::redact::Redactor;

/// Return values as JSON. Contents of files become their digest and size; numbers that JSON lacks become text.
pub(crate) fn json_map(map: &Map, redactor: &Redactor) -> serde_json::Map<String, Value> {
    map.iter()
        .map(|(name, data)| (redactor.redact(name).into_owned(), json(data, redactor)))
        .collect()
}

fn json(data: &Data, redactor: &Redactor) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(truth) => Value::Bool(*truth),
        Data::Int(number) => Value::from(*number),
        Data::Float(number) => serde_json::Number::from_f64(*number)
            .map_or_else(|| Value::from(number.to_string()), Value::Number),
        Data::Str(text) => Value::from(redactor.redact(text)),
        Data::List(items) => items.iter().map(|item| json(item, redactor)).collect(),
        Data::Map(entries) => Value::Object(json_map(entries, redactor)),
        Data::Blob(blob) => {
            serde_json::json!({ "sha256": blob.digest.hex(), "size": blob.size })
        }
        Data::Tree(tree) => Value::from(redactor.redact(&tree.name)),
    }
}

#[cfg(test)]
mod tests {
    use converge_host::blob::Blob;
    use converge_host::data::{Data, Map};

    use super::json_map;
    use crate::redact::{Redactor, Secret};

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let redactor = Redactor::new();
        redactor.add(&Secret::new("say \"aloha\""));
        let inner = Map::from([("deep".to_owned(), Data::from(vec!["x say \"aloha\" y"]))]);
        let map = Map::from([
            ("inner".to_owned(), Data::Map(inner)),
            ("nan".to_owned(), Data::Float(f64::NAN)),
            ("file".to_owned(), Data::Blob(Blob::new(*b"abc"))),
        ]);
        let text = serde_json::Value::Object(json_map(&map, &redactor)).to_string();
        insta::assert_snapshot!(text, @r#"{"inner":{"deep":["x ••• y"]},"nan":"NaN","file":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3}}"#);
    }
}
