//! Options and what holds between them.

use crate::actions::validate::kinds::{KINDS, coerce};
use crate::diagnostic::nearest;
use crate::plan::eval::{Eval, unknown};
use crate::value::{Key, Map, Value};

/// Collects what is wrong.
pub(super) struct Checker<'a> {
    eval: &'a Eval,
    /// The option, and what is wrong with it.
    pub(super) errors: Vec<(String, String)>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(eval: &'a Eval) -> Self {
        Self { eval, errors: Vec::new() }
    }

    /// Checks the options of one level; `path` is where in the variables it is.
    pub(super) fn options(&mut self, path: &str, specs: &Map, given: &Map) {
        for (key, spec) in specs.iter() {
            let name = key.to_string();
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match aliased(&name, spec, given) {
                Some(value) if value.is_null() || value.is_omit() => {}
                Some(value) => self.option(&path, spec, value),
                None if spec.get("required").is_some_and(|word| self.holds(word)) => {
                    self.refuse(&path, format!("missing required argument `{path}`"));
                }
                None => {}
            }
        }
    }

    fn option(&mut self, path: &str, spec: &Value, value: &Value) {
        // What only applying can tell is checked then.
        if unknown(value).is_some() {
            return;
        }
        let elements = spec.get("elements").and_then(Value::as_str);
        let default = if elements.is_some() { "list" } else { "str" };
        let kind = spec.get("type").and_then(Value::as_str).unwrap_or(default);
        if !KINDS.contains(&kind) {
            return self
                .refuse(path, format!("the specification of `{path}` has no type `{kind}`"));
        }
        let Some(value) = coerce(self.eval, value, kind) else {
            let shown = self.shown(value);
            return self.refuse(
                path,
                format!(
                    "`{path}` must be of type {kind}, and `{shown}` ({}) is not",
                    value.type_name()
                ),
            );
        };
        let items = match (kind, value.as_list()) {
            ("list", Some(items)) => items.to_vec(),
            _ => vec![value.clone()],
        };
        for (index, item) in items.iter().enumerate() {
            let path = if kind == "list" { format!("{path}[{index}]") } else { path.to_owned() };
            self.item(&path, spec, item, elements.filter(|_| kind == "list"));
        }
    }

    fn item(&mut self, path: &str, spec: &Value, item: &Value, elements: Option<&str>) {
        let item = match elements {
            None => item.clone(),
            Some(kind) => match coerce(self.eval, item, kind) {
                Some(item) => item,
                None => {
                    let shown = self.shown(item);
                    let problem = format!(
                        "`{path}` must be of type {kind}, and `{shown}` ({}) is not",
                        item.type_name()
                    );
                    return self.refuse(path, problem);
                }
            },
        };
        if let Some(choices) = spec.get("choices").and_then(Value::as_list) {
            let shown = self.shown(&item);
            let choices: Vec<String> = choices.iter().map(|choice| self.shown(choice)).collect();
            if !choices.contains(&shown) {
                let near = nearest(&shown, choices.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                self.refuse(
                    path,
                    format!("`{path}` must be one of {}, not `{shown}`{near}", choices.join(", ")),
                );
            }
        }
        if let (Some(specs), Some(map)) =
            (spec.get("options").and_then(Value::as_map), item.as_map())
        {
            self.unsupported(path, specs, map);
            self.options(path, specs, map);
            self.between(path, spec, map);
        }
    }

    /// Keys that no option takes.
    fn unsupported(&mut self, path: &str, specs: &Map, given: &Map) {
        let known = |key: &str| {
            specs.iter().any(|(name, spec)| {
                name.as_str() == Some(key) || aliases(spec).any(|alias| alias == key)
            })
        };
        for key in given.keys().map(ToString::to_string).filter(|key| !known(key)) {
            let names: Vec<&str> = specs.keys().filter_map(Key::as_str).collect();
            let near = nearest(&key, names.iter().copied());
            let hint = near.map_or_else(
                || format!("it has {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.refuse(path, format!("`{path}` has no option `{key}`; {hint}"));
        }
    }

    /// What must or must not be given together.
    fn between(&mut self, path: &str, spec: &Value, given: &Map) {
        let present =
            |name: &String| given.get(name.as_str()).is_some_and(|value| !value.is_null());
        for names in self.groups(spec, "mutually_exclusive") {
            let found: Vec<String> = names.into_iter().filter(&present).collect();
            if found.len() > 1 {
                self.refuse(path, format!("`{path}` can't have {} together", found.join(" and ")));
            }
        }
        for names in self.groups(spec, "required_together") {
            if names.iter().any(&present) && !names.iter().all(&present) {
                self.refuse(path, format!("`{path}` needs {} together", names.join(" and ")));
            }
        }
        for names in self.groups(spec, "required_one_of") {
            if !names.iter().any(&present) {
                self.refuse(path, format!("`{path}` needs one of {}", names.join(", ")));
            }
        }
        for rule in spec.get("required_if").and_then(Value::as_list).unwrap_or_default() {
            let Some([key, wanted, names, rest @ ..]) = rule.as_list() else { continue };
            let value = given.get(&self.shown(key)).map(|value| self.shown(value));
            if value != Some(self.shown(wanted)) {
                continue;
            }
            let names: Vec<String> =
                names.as_list().unwrap_or_default().iter().map(|name| self.shown(name)).collect();
            let any = rest.first().is_some_and(Value::is_true);
            let fits = if any { names.iter().any(&present) } else { names.iter().all(&present) };
            if !fits {
                let needs = names.join(if any { " or " } else { ", " });
                let problem = format!(
                    "`{path}` needs {needs} where {} is {}",
                    self.shown(key),
                    self.shown(wanted)
                );
                self.refuse(path, problem);
            }
        }
    }

    fn groups(&self, spec: &Value, name: &str) -> Vec<Vec<String>> {
        let groups = spec.get(name).and_then(Value::as_list).unwrap_or_default();
        let names = |group: &Value| {
            let names = group.as_list().map_or_else(|| vec![group.clone()], <[Value]>::to_vec);
            names.iter().map(|name| self.shown(name)).collect()
        };
        groups.iter().map(names).collect()
    }

    fn holds(&self, value: &Value) -> bool {
        self.eval.boolean(value).unwrap_or(false)
    }

    fn shown(&self, value: &Value) -> String {
        self.eval.shown(value).unwrap_or_default()
    }

    fn refuse(&mut self, path: &str, problem: String) {
        self.errors.push((path.to_owned(), problem));
    }
}

fn aliases(spec: &Value) -> impl Iterator<Item = &str> {
    spec.get("aliases")
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
}

fn aliased<'v>(name: &str, spec: &Value, given: &'v Map) -> Option<&'v Value> {
    given.get(name).or_else(|| aliases(spec).find_map(|alias| given.get(alias)))
}
