//! Arguments as given, checked against a declaration.

use indexmap::IndexMap;

use crate::args::coerce::coerce;
use crate::args::value::ArgValue;
use crate::args::{Arg, Invalid, Rule, Spec};
use crate::data::{Data, Map};

/// Arguments under their own names, coerced to what the declaration says.
#[derive(Debug)]
pub struct Bound {
    values: IndexMap<&'static str, Data>,
}

impl Bound {
    /// Checks `given` against `spec` and gathers every mistake. A null counts as not given, as in Ansible.
    pub fn new(spec: &Spec, given: Map) -> Result<Self, Vec<Invalid>> {
        let mut values: IndexMap<&'static str, Data> = IndexMap::new();
        let mut written: IndexMap<&'static str, String> = IndexMap::new();
        let mut wrong = Vec::new();
        for (key, data) in given {
            let Some(arg) = spec.find(&key) else {
                wrong.push(Invalid::Unknown {
                    key,
                    known: spec.all().map(|arg| arg.name).collect(),
                });
                continue;
            };
            if data == Data::Null {
                continue;
            }
            if let Some(first) = written.get(arg.name) {
                wrong.push(Invalid::Twice { first: first.clone(), second: key });
                continue;
            }
            match coerce(&arg.kind, data) {
                Ok(data) => {
                    values.insert(arg.name, data);
                }
                Err(got) => {
                    wrong.push(Invalid::Type { key: key.clone(), want: arg.kind.describe(), got });
                }
            }
            written.insert(arg.name, key);
        }
        wrong.extend(
            spec.all()
                .filter(|arg| arg.required && !written.contains_key(arg.name))
                .map(|arg| Invalid::Missing { key: arg.name }),
        );
        wrong.extend(spec.rules.iter().filter_map(|rule| broken(rule, &values, spec)));
        if wrong.is_empty() { Ok(Self { values: with_defaults(values, spec) }) } else { Err(wrong) }
    }

    /// Takes the value of an argument out.
    pub fn take<T: ArgValue>(&mut self, name: &'static str) -> Result<T, Invalid> {
        match self.values.shift_remove(name) {
            Some(data) => T::from_data(data).map_err(|got| Invalid::Type {
                key: name.into(),
                want: T::KIND.describe(),
                got,
            }),
            None => T::absent().ok_or(Invalid::Missing { key: name }),
        }
    }
}

fn with_defaults(
    mut values: IndexMap<&'static str, Data>,
    spec: &Spec,
) -> IndexMap<&'static str, Data> {
    for arg in spec.all() {
        if let (Some(default), false) = (arg.default, values.contains_key(arg.name))
            && let Ok(data) = coerce(&arg.kind, Data::Str(default.to_owned()))
        {
            values.insert(arg.name, data);
        }
    }
    values
}

fn broken(rule: &Rule, values: &IndexMap<&'static str, Data>, spec: &Spec) -> Option<Invalid> {
    let given = |keys: &[&'static str]| {
        keys.iter().copied().filter(|key| values.contains_key(key)).collect::<Vec<_>>()
    };
    match rule {
        Rule::Exclusive(keys) => {
            let keys = given(keys);
            (keys.len() > 1).then_some(Invalid::Exclusive { keys })
        }
        Rule::OneOf(keys) => {
            given(keys).is_empty().then(|| Invalid::NoneOf { keys: keys.to_vec() })
        }
        Rule::Together(keys) => {
            let count = given(keys).len();
            (count > 0 && count < keys.len()).then(|| Invalid::NotTogether { keys: keys.to_vec() })
        }
        Rule::RequiredIf(key, value, needs) => {
            let default = spec.find(key).and_then(|arg: &Arg| arg.default);
            let applies = match values.get(key) {
                Some(Data::Bool(truth)) => *value == if *truth { "true" } else { "false" },
                Some(data) => data.as_str() == Some(*value),
                None => default == Some(*value),
            };
            if !applies {
                return None;
            }
            let missing: Vec<_> =
                needs.iter().copied().filter(|need| !values.contains_key(need)).collect();
            (!missing.is_empty()).then_some(Invalid::RequiredBy { key, value, missing })
        }
    }
}
