//! JMESPath, the query language of the filter `json_query`: <https://jmespath.org/specification.html>.

mod eval;
mod functions;
mod lexer;
mod parser;

use crate::value::{Stop, Value};

/// What a query finds in a value of data.
pub(crate) fn search(query: &str, value: &Value) -> Result<Value, Stop> {
    eval::eval(&parser::parse(query)?, value)
}

/// An expression.
#[derive(Debug)]
enum Expr {
    Current,
    Literal(Value),
    Field(String),
    Index(i64),
    Slice([Option<i64>; 3]),
    /// The second in what the first gives.
    Sub(Box<Self>, Box<Self>),
    Flatten(Box<Self>),
    /// The second in every item of a list.
    Project(Box<Self>, Box<Self>),
    /// The third in every item of a list for which the second holds.
    Filter(Box<Self>, Box<Self>, Box<Self>),
    /// The second in every value of a mapping.
    ProjectValues(Box<Self>, Box<Self>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(&'static str, Box<Self>, Box<Self>),
    Call(String, Vec<Self>),
    /// An expression as an argument: `&age`.
    Reference(Box<Self>),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::search;
    use crate::value::{Value, repr};

    fn check(query: &str, want: &str) {
        let json = r#"{"people": [{"name": "b", "age": 30, "state": {"name": "up"}}, {"name": "a", "age": 50},
            {"name": "c", "age": 40, "tags": ["x", "y"]}], "nested": [[1, 2], [3, [4]]],
            "map": {"k1": {"v": 1}, "k2": {"v": 2}}, "empty": [], "a-b": 5, "n": null}"#;
        let data = Value::from(serde_json::from_str::<serde_json::Value>(json).unwrap());
        assert_eq!(repr(&search(query, &data).unwrap()).unwrap(), want, "{query}");
    }

    #[test]
    fn queries() {
        check("people[0].name", "'b'");
        check("people[-1].name", "'c'");
        check("people[9].name", "None");
        check("people[*].name", "['b', 'a', 'c']");
        check("people[?age > `35`].name", "['a', 'c']");
        check("people[?age > `35`] | [0].name", "'a'");
        check("people[?name=='a' || name=='c'].age", "[50, 40]");
        check("people[?state.name=='up' && age==`30`].name | [0]", "'b'");
        check("people[?!state].name", "['a', 'c']");
        check("people[].state.name", "['up']");
        check("people[*].tags[]", "['x', 'y']");
        check("people[:2].age", "[30, 50]");
        check("people[::-1].name", "['c', 'a', 'b']");
        check("people[*].{n: name, a: age} | [0]", "{'n': 'b', 'a': 30}");
        check("people[*].[name, age] | [1]", "['a', 50]");
        check("nested[]", "[1, 2, 3, [4]]");
        check("nested[][]", "[1, 2, 3, 4]");
        check("map.*.v", "[1, 2]");
        check("map.k1.v", "1");
        check("*.k1", "[{'v': 1}]");
        check("\"a-b\"", "5");
        check("n || 'default'", "'default'");
        check("@.map.k2", "{'v': 2}");
        check("`[1, \"x\"]`", "[1, 'x']");
        check("'raw \\' text'", "\"raw ' text\"");
    }

    #[test]
    fn functions() {
        check("length(people)", "3");
        check("sort_by(people, &age)[*].name", "['b', 'c', 'a']");
        check("max_by(people, &age).name", "'a'");
        check("sort(people[*].name)", "['a', 'b', 'c']");
        check("join(', ', people[*].name)", "'b, a, c'");
        check("sum(people[*].age)", "120");
        check("avg(people[*].age)", "40.0");
        check("keys(map)", "['k1', 'k2']");
        check("values(map)[*].v", "[1, 2]");
        check("contains(people[2].tags, 'x')", "True");
        check("people[?contains(name, 'a')].age", "[50]");
        check("people[?starts_with(name, 'b')].age", "[30]");
        check("map(&age, people)", "[30, 50, 40]");
        check("not_null(n, `1`)", "1");
        check("to_number('12')", "12");
        check("to_string(nested)", "'[[1,2],[3,[4]]]'");
        check("type(n)", "'null'");
        check("reverse(people[*].age)", "[40, 50, 30]");
        check("merge(map.k1, {w: `2`})", "{'v': 1, 'w': 2}");
        check("to_array(`1`)", "[1]");
        check("max(people[*].age)", "50");
        check("ceil(`1.2`)", "2");
    }

    #[test]
    fn mistakes_are_told() {
        for query in [
            "people[",
            "people[?]",
            "nosuch(people)",
            "length()",
            "a b",
            "people[*",
            "'open",
            "length(`5`)",
            "{a}",
        ] {
            assert!(search(query, &Value::map([("a", Value::Null)])).is_err(), "{query}");
        }
    }
}
