//! Expressions.

use std::sync::Arc;

use crate::template::ast::{Expr, ExprKind, Unknown as UnknownName};
use crate::template::eval::access::{passes_through, to_key};
use crate::template::eval::{Machine, Truth, ops};
use crate::value::{
    FaultKind, Live, LiveList, LiveMap, Map, Missing, Stop, Undefined, Unknown, Value, text,
};

impl Machine {
    /// The value of an expression. It may be undefined or unknown.
    pub(crate) fn eval(&mut self, expr: &Expr) -> Result<Value, Stop> {
        match &expr.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Name(name) => self.variable(name, Some(&expr.at)),
            _ => self.compound(expr).map_err(|stop| stop.at(&expr.at)),
        }
    }

    fn compound(&mut self, expr: &Expr) -> Result<Value, Stop> {
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Name(_) => self.eval(expr),
            ExprKind::List(items) => {
                let items: Result<Vec<Value>, Stop> =
                    items.iter().map(|item| self.eval(item)).collect();
                Ok(Value::Live(Live::List(LiveList::new(items?))))
            }
            ExprKind::Tuple(items) => {
                let items: Result<Arc<[Value]>, Stop> =
                    items.iter().map(|item| self.eval(item)).collect();
                Ok(Value::Live(Live::Tuple(items?)))
            }
            ExprKind::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = to_key(&self.eval(key)?).map_err(|stop| stop.at(&key.at))?;
                    map.insert(key, self.eval(value)?);
                }
                Ok(Value::Live(Live::Map(LiveMap::new(map))))
            }
            ExprKind::Attr(owner, name) => {
                let owner = self.eval(owner)?;
                self.attribute(&owner, name, &expr.at)
            }
            ExprKind::Item(owner, key) => {
                let owner = self.eval(owner)?;
                let key = self.eval(key)?;
                self.item(&owner, &key, &expr.at)
            }
            ExprKind::Slice(owner, parts) => self.slice(owner, parts),
            ExprKind::Call(callee, args) => self.call(callee, args, &expr.at),
            ExprKind::Filter(inner, filter, args) => {
                let Some(run) = filter.run else {
                    return Err(self.not_there(UnknownName::Filter, &filter.name));
                };
                let value = self.eval(inner)?;
                let given = self.given(args, Some(value))?;
                self.apply(&filter.name, run, given)
            }
            ExprKind::Test(inner, test, args) => {
                let Some(run) = test.run else {
                    return Err(self.not_there(UnknownName::Test, &test.name));
                };
                let value = self.eval(inner)?;
                let given = self.given(args, Some(value))?;
                self.check(&test.name, run, given)
            }
            ExprKind::Not(inner) => {
                let value = self.eval(inner)?;
                match super::truth_of(&value)? {
                    Truth::Yes => Ok(Value::Bool(false)),
                    Truth::No => Ok(Value::Bool(true)),
                    Truth::Unknown(unknown) => Ok(Value::Unknown(unknown)),
                }
            }
            ExprKind::Negate(inner) => self.unary(inner, ops::negate),
            ExprKind::Plus(inner) => self.unary(inner, ops::plus),
            ExprKind::Binary(operator, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                match missing(&[&left, &right])? {
                    Some(unknown) => Ok(Value::Unknown(unknown)),
                    None => ops::binary(*operator, &left, &right),
                }
            }
            ExprKind::Concat(parts) => self.concat(parts),
            ExprKind::Compare(first, rest) => self.compare(first, rest),
            ExprKind::And(left, right) => {
                let value = self.eval(left)?;
                self.decided(value, right, &Truth::No)
            }
            ExprKind::Or(left, right) => {
                let value = self.eval(left)?;
                self.decided(value, right, &Truth::Yes)
            }
            ExprKind::If(parts, otherwise) => match self.truth(&parts[0])? {
                Truth::Yes => self.eval(&parts[1]),
                Truth::Unknown(unknown) => Ok(Value::Unknown(unknown)),
                Truth::No => match otherwise {
                    Some(otherwise) => self.eval(otherwise),
                    None => {
                        let undefined = Undefined::new(Missing::Else, Some(expr.at.clone()));
                        Ok(Value::Live(Live::Undefined(Arc::new(undefined))))
                    }
                },
            },
            ExprKind::Embedded(template) => {
                let mut output = super::Output::default();
                self.template(template, &mut output)?;
                Ok(output.finish()?.0)
            }
            ExprKind::Captured => Ok(self.captured.clone().unwrap_or_default()),
        }
    }

    /// `and` and `or` as values: the left one where it decides, else the right one.
    fn decided(&mut self, left: Value, right: &Expr, decides: &Truth) -> Result<Value, Stop> {
        match super::truth_of(&left)? {
            Truth::Unknown(unknown) => match self.truth(right) {
                Ok(Truth::Unknown(other)) => Ok(Value::Unknown(unknown.and(&other))),
                Ok(truth) if truth == *decides && truth == Truth::No => Ok(Value::Bool(false)),
                _ => Ok(Value::Unknown(unknown)),
            },
            truth if truth == *decides => Ok(left),
            _ => self.eval(right),
        }
    }

    fn unary(
        &mut self,
        inner: &Expr,
        operation: fn(&Value) -> Result<Value, Stop>,
    ) -> Result<Value, Stop> {
        let value = self.eval(inner)?;
        match missing(&[&value])? {
            Some(unknown) => Ok(Value::Unknown(unknown)),
            None => operation(&value),
        }
    }

    fn concat(&mut self, parts: &[Expr]) -> Result<Value, Stop> {
        let mut joined = String::new();
        let mut unknown: Option<Unknown> = None;
        for part in parts {
            match text(&self.eval(part)?) {
                Ok(text) => joined.push_str(&text),
                Err(Stop::Unknown(why)) => {
                    unknown =
                        Some(unknown.map_or_else(|| why.clone(), |unknown| unknown.and(&why)));
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(unknown.map_or_else(|| joined.into(), Value::Unknown))
    }

    fn compare(
        &mut self,
        first: &Expr,
        rest: &[(crate::template::ast::Compare, Expr)],
    ) -> Result<Value, Stop> {
        let mut left = self.eval(first)?;
        for (operator, right) in rest {
            let right = self.eval(right)?;
            if let Some(unknown) = missing(&[&left, &right])? {
                return Ok(Value::Unknown(unknown));
            }
            match ops::compare(*operator, &left, &right) {
                Ok(true) => left = right,
                Ok(false) => return Ok(Value::Bool(false)),
                Err(Stop::Unknown(unknown)) => return Ok(Value::Unknown(unknown)),
                Err(stop) => return Err(stop),
            }
        }
        Ok(Value::Bool(true))
    }

    fn slice(&mut self, owner: &Expr, parts: &[Option<Expr>; 3]) -> Result<Value, Stop> {
        let owner = self.eval(owner)?;
        if let Some(through) = passes_through(&owner) {
            return Ok(through);
        }
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            let Some(part) = part else { continue };
            match self.eval(part)? {
                Value::Null => {}
                through @ (Value::Unknown(_) | Value::Live(Live::Undefined(_))) => {
                    return Ok(through);
                }
                value => {
                    *bound = Some(
                        crate::template::args::int("slice", &value)
                            .map_err(|stop| stop.at(&part.at))?,
                    );
                }
            }
        }
        ops::slice(&owner, bounds[0], bounds[1], bounds[2])
    }
}

/// Operands of an operator: an undefined one stops it, unknown ones make the result unknown.
fn missing(operands: &[&Value]) -> Result<Option<Unknown>, Stop> {
    let mut unknown: Option<Unknown> = None;
    for operand in operands {
        match operand {
            Value::Live(Live::Undefined(undefined)) => {
                return Err(Stop::Undefined(Arc::clone(undefined)));
            }
            Value::Unknown(why) => {
                unknown = Some(unknown.map_or_else(|| why.clone(), |unknown| unknown.and(why)));
            }
            _ => {}
        }
    }
    Ok(unknown)
}

impl Machine {
    /// A filter or test that does not exist is a mistake of the text itself.
    fn not_there(&self, what: UnknownName, name: &str) -> Stop {
        let mut fault = self.context.engine.unknown_name(what, name);
        fault.kind = FaultKind::Syntax;
        fault.into()
    }
}
