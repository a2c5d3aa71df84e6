//! Assignments, and changing values in place.

use std::sync::Arc;

use crate::template::ast::{Expr, ExprKind, Target};
use crate::template::eval::access::{items, to_key};
use crate::template::eval::objects::Namespace;
use crate::template::eval::{Machine, access};
use crate::value::{Key, Live, LiveList, LiveMap, Stop, Value};

impl Machine {
    /// Assigns a value.
    pub(super) fn assign(&mut self, target: &Target, value: Value) -> Result<(), Stop> {
        match target {
            Target::Name(name) => self.set(name, value),
            Target::Attr(name, attribute) => {
                let owner = self.variable(name, None)?;
                match &owner {
                    Value::Live(Live::Object(object)) => {
                        match object.as_any().downcast_ref::<Namespace>() {
                            Some(namespace) => namespace.set(attribute, value),
                            None => {
                                return Err(Stop::value(format!(
                                    "`{name}` is no namespace, only these can be assigned to"
                                )));
                            }
                        }
                    }
                    _ => {
                        return Err(Stop::value(format!(
                            "`{name}` is no namespace, only these can be assigned to"
                        )));
                    }
                }
            }
            Target::Tuple(targets) => {
                let values = items(&value)?;
                if values.len() != targets.len() {
                    return Err(Stop::value(format!(
                        "{} values cannot be assigned to {} names",
                        values.len(),
                        targets.len()
                    )));
                }
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value)?;
                }
            }
        }
        Ok(())
    }

    /// The value of an expression in a form that can be changed. Data is copied first, and the copy takes the place of
    /// the variable or item that was named, so that what comes later sees the change and the data itself stays as it is.
    pub(super) fn live(&mut self, expr: &Expr) -> Result<Value, Stop> {
        match &expr.kind {
            ExprKind::Name(name) => {
                let value = self.eval(expr)?;
                let Some(live) = thawed(&value) else { return Ok(value) };
                if !self.locals.replace(name, &live) {
                    self.context.replace(name, live.clone());
                }
                Ok(live)
            }
            ExprKind::Attr(owner, name) => {
                self.live_item(owner, expr, &Value::Str(Arc::clone(name)))
            }
            ExprKind::Item(owner, key) => {
                let key = self.eval(key)?;
                self.live_item(owner, expr, &key)
            }
            _ => {
                let value = self.eval(expr)?;
                Ok(thawed(&value).unwrap_or(value))
            }
        }
    }

    fn live_item(&mut self, owner: &Expr, expr: &Expr, key: &Value) -> Result<Value, Stop> {
        let owner = self.live(owner)?;
        let value = match key {
            Value::Str(name) => match access::get_str(&owner, name) {
                Some(item) => item?,
                None => self.attribute(&owner, name, &expr.at)?,
            },
            _ => self.item(&owner, key, &expr.at)?,
        };
        let Some(live) = thawed(&value) else { return Ok(value) };
        match (&owner, key) {
            (Value::Live(Live::Map(map)), key) => {
                let key: Key = to_key(key)?;
                map.change(|map| map.insert(key, live.clone()));
            }
            (Value::Live(Live::List(list)), Value::Int(index)) => list.change(|items| {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = usize::try_from(if *index < 0 { index + length } else { *index });
                if let Some(slot) = index.ok().and_then(|index| items.get_mut(index)) {
                    *slot = live.clone();
                }
            }),
            (Value::Live(Live::Object(object)), Value::Str(name)) => {
                if let Some(namespace) = object.as_any().downcast_ref::<Namespace>() {
                    namespace.set(name, live.clone());
                }
            }
            _ => {}
        }
        Ok(live)
    }
}

/// A copy of a list or mapping of data that can be changed; nothing for what needs none.
fn thawed(value: &Value) -> Option<Value> {
    match value {
        Value::List(items) => Some(Value::Live(Live::List(LiveList::new(items.to_vec())))),
        Value::Map(map) => Some(Value::Live(Live::Map(LiveMap::new((**map).clone())))),
        _ => None,
    }
}
