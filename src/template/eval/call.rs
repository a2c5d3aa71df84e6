//! Calls of filters, tests, functions, macros and methods.

use std::ops::Range;
use std::sync::Arc;

use crate::template::args::Given;
use crate::template::ast::{Args, Expr, ExprKind};
use crate::template::eval::access::{entries, items, passes_through};
use crate::template::eval::{Machine, Output, objects};
use crate::template::methods;
use crate::template::registry::{FilterFn, TestFn};
use crate::value::{Key, Live, Stop, Undefined, Unknown, Value};

impl Machine {
    /// Evaluates arguments; `first` goes before those by position.
    pub(super) fn given(&mut self, args: &Args, first: Option<Value>) -> Result<Given, Stop> {
        let mut positional: Vec<Value> = first.into_iter().collect();
        for arg in &args.positional {
            positional.push(self.eval(arg)?);
        }
        if let Some(rest) = &args.rest {
            let value = self.eval(rest)?;
            positional.extend(items(&value).map_err(|stop| stop.at(&rest.at))?);
        }
        let mut named = Vec::with_capacity(args.named.len());
        for (name, arg) in &args.named {
            named.push((Arc::clone(name), self.eval(arg)?));
        }
        if let Some(rest) = &args.named_rest {
            let value = self.eval(rest)?;
            let Some(entries) = entries(&value)? else {
                return Err(Stop::argument("`**` needs a mapping").at(&rest.at));
            };
            for (key, value) in entries {
                match key {
                    Key::Str(name) => named.push((name, value)),
                    other => {
                        return Err(Stop::argument(format!("`{other}` is no name of an argument"))
                            .at(&rest.at));
                    }
                }
            }
        }
        Ok(Given::new(positional, named))
    }

    /// Applies a filter. Undefined and unknown arguments go through filters that do not ask for them.
    pub(crate) fn apply(
        &mut self,
        name: &str,
        filter: FilterFn,
        given: Given,
    ) -> Result<Value, Stop> {
        if !filter.takes_missing
            && let Some(through) = missing_argument(&given)
        {
            return Ok(through);
        }
        through((filter.run)(self, given)).map_err(|stop| named("filter", name, stop))
    }

    /// Performs a test; its result is unknown or undefined if an argument is.
    pub(crate) fn check(&mut self, name: &str, test: TestFn, given: Given) -> Result<Value, Stop> {
        if !test.takes_missing
            && let Some(through) = missing_argument(&given)
        {
            return Ok(through);
        }
        through((test.run)(self, given).map(Value::Bool)).map_err(|stop| named("test", name, stop))
    }

    /// `callee(args)`
    pub(super) fn call(
        &mut self,
        callee: &Expr,
        args: &Args,
        at: &Range<usize>,
    ) -> Result<Value, Stop> {
        if let ExprKind::Attr(owner, name) = &callee.kind {
            if let ExprKind::Name(this) = &owner.kind
                && &**this == "self"
                && self.blocks.contains_key(name)
            {
                let mut output = Output::default();
                self.run_block(name, 0, &mut output)?;
                return Ok(output.finish()?.0);
            }
            let receiver =
                if methods::changes(name) { self.live(owner)? } else { self.eval(owner)? };
            if let Some(through) = passes_through(&receiver) {
                return Ok(through);
            }
            if methods::has(&receiver, name) {
                let given = self.given(args, None)?;
                return self.method(&receiver, name, given);
            }
            let function = self.attribute(&receiver, name, &callee.at)?;
            let given = self.given(args, None)?;
            return self.call_value(&function, given);
        }
        if let ExprKind::Name(name) = &callee.kind
            && &**name == "super"
        {
            return self.super_block().map_err(|stop| stop.at(at));
        }
        let function = self.eval(callee)?;
        let given = self.given(args, None)?;
        self.call_value(&function, given)
    }

    /// Calls a method of a value of data.
    pub(super) fn method(
        &mut self,
        receiver: &Value,
        name: &str,
        given: Given,
    ) -> Result<Value, Stop> {
        if let Some(through) = missing_argument(&given)
            && !methods::changes(name)
        {
            return Ok(through);
        }
        through(methods::call(receiver, name, given)).map_err(|stop| named("method", name, stop))
    }

    /// Calls a value.
    pub(crate) fn call_value(&mut self, function: &Value, given: Given) -> Result<Value, Stop> {
        if let Some(through) = passes_through(function) {
            return Ok(through);
        }
        match function {
            Value::Live(Live::Object(object)) => {
                let object = Arc::clone(object);
                objects::call(self, &object, given)
            }
            other => Err(Stop::value(format!("a {} cannot be called", other.type_name()))),
        }
    }
}

/// The value that stands for a call with missing arguments: undefined if one of them is, else unknown for all reasons.
pub(crate) fn missing_argument(given: &Given) -> Option<Value> {
    let mut unknown: Option<Unknown> = None;
    for value in given.positional().iter().chain(given.named().iter().map(|(_, value)| value)) {
        match value {
            Value::Live(Live::Undefined(_)) => return Some(value.clone()),
            Value::Unknown(why) => {
                unknown = Some(unknown.map_or_else(|| why.clone(), |unknown| unknown.and(why)));
            }
            _ => {}
        }
    }
    unknown.map(Value::Unknown)
}

/// What was missing deep inside an argument makes the result undefined or unknown.
fn through(result: Result<Value, Stop>) -> Result<Value, Stop> {
    match result {
        Err(Stop::Undefined(undefined)) => Ok(Value::Live(Live::Undefined(undefined))),
        Err(Stop::Unknown(unknown)) => Ok(Value::Unknown(unknown)),
        other => other,
    }
}

/// Says whose mistake it is.
fn named(what: &str, name: &str, mut stop: Stop) -> Stop {
    if let Stop::Fault(fault) = &mut stop
        && fault.at.is_none()
        && fault.labels.is_empty()
        && fault.notes.is_empty()
    {
        fault.notes.push(format!("found by the {what} `{name}`"));
    }
    stop
}

/// An undefined value with words of its own.
pub(crate) fn undefined_hint(hint: &str) -> Value {
    let undefined = Undefined::new(crate::value::Missing::Hint(hint.into()), None);
    Value::Live(Live::Undefined(Arc::new(undefined)))
}
