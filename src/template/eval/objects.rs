//! Things that are no data: functions, macros, loops, namespaces.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use crate::template::args::Given;
use crate::template::ast::{self, Expr, ExprKind, For};
use crate::template::context::Shared;
use crate::template::datetime;
use crate::template::eval::{Locals, Machine, Output};
use crate::template::functions;
use crate::template::origin::Origin;
use crate::value::{Live, Map, Object, Stop, Value};

/// A function that belongs to the engine.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Machine, Given) -> Result<Value, Stop>,
}

/// A method of a value of data, not called yet.
pub(crate) struct Method {
    receiver: Value,
    name: Arc<str>,
}

/// A macro with the scope it was defined in.
pub(crate) struct Macro {
    definition: Arc<ast::Macro>,
    scope: Arc<Locals>,
    origin: Origin,
}

/// `loop`
pub(crate) struct Loop {
    items: Vec<Value>,
    depth: usize,
    at: Mutex<usize>,
    changed: Mutex<Option<Value>>,
    body: Arc<For>,
    scope: Arc<Locals>,
}

/// `namespace()`
#[derive(Default)]
pub(crate) struct Namespace(Mutex<Vec<(Arc<str>, Value)>>);

/// `cycler()`
pub(crate) struct Cycler {
    items: Vec<Value>,
    at: Mutex<usize>,
}

/// `joiner()`
pub(crate) struct Joiner {
    separator: Value,
    used: Mutex<bool>,
}

/// What `{% import %}` gives.
pub(crate) struct Module(Vec<(Arc<str>, Value)>);

macro_rules! objects {
    ($($kind:ty => $name:literal),+ $(,)?) => {$(
        impl Object for $kind {
            fn type_name(&self) -> &'static str {
                $name
            }

            fn as_any(&self) -> &dyn Any {
                self
            }
        }
    )+};
}

objects! {
    Function => "function",
    Method => "builtin_function_or_method",
    Macro => "Macro",
    Loop => "LoopContext",
    Namespace => "Namespace",
    Cycler => "Cycler",
    Joiner => "Joiner",
    Module => "TemplateModule",
}

fn object(object: impl Object) -> Value {
    Value::Live(Live::Object(Arc::new(object)))
}

impl Function {
    /// The function, or constant, of a name.
    pub(crate) fn named(name: &str, context: &Arc<Shared>) -> Option<Value> {
        match name {
            "omit" => Some(Value::Omit),
            "vars" => Some(functions::all_variables(context)),
            _ => functions::named(name).map(|(name, run)| object(Self { name, run })),
        }
    }
}

impl Method {
    pub(crate) fn bind(receiver: Value, name: Arc<str>) -> Value {
        object(Self { receiver, name })
    }
}

impl Macro {
    pub(super) fn object(definition: Arc<ast::Macro>, scope: Arc<Locals>, origin: Origin) -> Value {
        object(Self { definition, scope, origin })
    }

    fn run(&self, machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
        let inner = Locals::inside(&self.scope);
        let caller = given.by_name("caller");
        let outer = std::mem::replace(&mut machine.locals, inner);
        let block = machine.block.take();
        let result = machine.elsewhere(&self.origin, |machine| {
            if let Some(caller) = caller {
                machine.set(&"caller".into(), caller);
            }
            for (name, default) in &self.definition.parameters {
                let value = match (given.optional(name)?, default) {
                    (Some(value), _) => value,
                    (None, Some(default)) => machine.eval(default)?,
                    (None, None) => super::call::undefined_hint(&format!(
                        "the parameter `{name}` was not given"
                    )),
                };
                machine.set(name, value);
            }
            if self.definition.takes_rest.0 {
                let rest = given.rest();
                machine.set(&"varargs".into(), Value::tuple(rest));
            }
            if self.definition.takes_rest.1 {
                let rest: Map = given
                    .named_rest()
                    .into_iter()
                    .map(|(name, value)| (name.into(), value))
                    .collect();
                machine.set(&"kwargs".into(), rest.into());
            }
            given.finish().map_err(|stop| {
                Stop::argument(format!("the macro `{}`: {stop}", self.definition.name))
            })?;
            machine.captured(&self.definition.body)
        });
        machine.locals = outer;
        machine.block = block;
        result
    }
}

impl Loop {
    pub(super) fn object(
        items: Vec<Value>,
        depth: usize,
        body: Arc<For>,
        scope: Arc<Locals>,
    ) -> (Arc<Self>, Value) {
        let state = Arc::new(Self {
            items,
            depth,
            at: Mutex::new(0),
            changed: Mutex::new(None),
            body,
            scope,
        });
        (Arc::clone(&state), Value::Live(Live::Object(state)))
    }

    pub(super) fn advance(&self, index: usize) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = index;
    }

    fn attribute(&self, name: &str) -> Option<Value> {
        let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let length = self.items.len();
        Some(match name {
            "index" => Value::from(at + 1),
            "index0" => Value::from(at),
            "revindex" => Value::from(length - at),
            "revindex0" => Value::from(length - at - 1),
            "first" => Value::Bool(at == 0),
            "last" => Value::Bool(at + 1 == length),
            "length" => Value::from(length),
            "depth" => Value::from(self.depth + 1),
            "depth0" => Value::from(self.depth),
            "previtem" => return at.checked_sub(1).and_then(|at| self.items.get(at)).cloned(),
            "nextitem" => return self.items.get(at + 1).cloned(),
            _ => return None,
        })
    }

    fn method(&self, name: &str, mut given: Given) -> Result<Value, Stop> {
        let values = given.rest();
        given.finish()?;
        match name {
            "cycle" if values.is_empty() => Err(Stop::argument("`loop.cycle` needs values")),
            "cycle" => {
                let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(values[at % values.len()].clone())
            }
            _ => {
                let value = Value::tuple(values);
                let mut last = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
                let changed = last.as_ref() != Some(&value);
                *last = Some(value);
                Ok(Value::Bool(changed))
            }
        }
    }

    /// `loop(items)` in a recursive loop.
    fn again(&self, machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
        if !self.body.recursive {
            return Err(Stop::value("only a loop that is declared `recursive` can be called"));
        }
        let items = given.value("iterable")?;
        given.finish()?;
        if self.depth >= super::MAX_CALLS {
            return Err(Stop::value("the loop calls itself without end"));
        }
        let mut output = Output::default();
        let outer = std::mem::replace(&mut machine.locals, Arc::clone(&self.scope));
        let result = machine.for_loop(&self.body, &items, self.depth + 1, &mut output);
        machine.locals = outer;
        result?;
        Ok(output.finish()?.0)
    }
}

impl Namespace {
    /// A namespace with these attributes.
    pub(crate) fn object(attributes: Vec<(Arc<str>, Value)>) -> Value {
        object(Self(Mutex::new(attributes)))
    }

    pub(super) fn set(&self, name: &Arc<str>, value: Value) {
        let mut attributes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match attributes.iter_mut().find(|(other, _)| other == name) {
            Some((_, slot)) => *slot = value,
            None => attributes.push((Arc::clone(name), value)),
        }
    }

    fn get(&self, name: &str) -> Option<Value> {
        let attributes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attributes.iter().find(|(other, _)| &**other == name).map(|(_, value)| value.clone())
    }
}

impl Cycler {
    /// A cycler over these values.
    pub(crate) fn object(items: Vec<Value>) -> Value {
        object(Self { items, at: Mutex::new(0) })
    }
}

impl Joiner {
    /// A joiner.
    pub(crate) fn object(separator: Value) -> Value {
        object(Self { separator, used: Mutex::new(false) })
    }
}

impl Module {
    /// What a template defined; names that begin with `_` are its own.
    pub(super) fn object(defined: Vec<(Arc<str>, Value)>) -> Value {
        object(Self(defined.into_iter().filter(|(name, _)| !name.starts_with('_')).collect()))
    }
}

/// An attribute of something that is no data.
pub(crate) fn attribute(
    machine: &mut Machine,
    object: &dyn Object,
    name: &Arc<str>,
) -> Result<Option<Value>, Stop> {
    let any = object.as_any();
    if let Some(state) = any.downcast_ref::<Loop>() {
        return Ok(state.attribute(name));
    }
    if let Some(namespace) = any.downcast_ref::<Namespace>() {
        return Ok(namespace.get(name));
    }
    if let Some(module) = any.downcast_ref::<Module>() {
        return Ok(module
            .0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone()));
    }
    if let Some(cycler) = any.downcast_ref::<Cycler>()
        && &**name == "current"
    {
        let at = *cycler.at.lock().unwrap_or_else(PoisonError::into_inner);
        return Ok(cycler.items.get(at).cloned());
    }
    if let Some(definition) = any.downcast_ref::<Macro>()
        && &**name == "name"
    {
        return Ok(Some(Value::Str(Arc::clone(&definition.definition.name))));
    }
    let _ = machine;
    Ok(datetime::attribute(object, name))
}

/// Whether something that is no data has a method of a name.
pub(crate) fn has_method(object: &dyn Object, name: &str) -> bool {
    let any = object.as_any();
    (any.is::<Loop>() && matches!(name, "cycle" | "changed"))
        || (any.is::<Cycler>() && matches!(name, "next" | "reset"))
        || datetime::has_method(object, name)
}

/// Calls a method of something that is no data.
pub(crate) fn call_method(object: &dyn Object, name: &str, given: Given) -> Result<Value, Stop> {
    let any = object.as_any();
    if let Some(state) = any.downcast_ref::<Loop>() {
        return state.method(name, given);
    }
    if let Some(cycler) = any.downcast_ref::<Cycler>() {
        given.finish()?;
        let mut at = cycler.at.lock().unwrap_or_else(PoisonError::into_inner);
        if name == "reset" {
            *at = 0;
            return Ok(Value::Null);
        }
        let value = cycler.items.get(*at).cloned().unwrap_or_default();
        *at = (*at + 1) % cycler.items.len().max(1);
        return Ok(value);
    }
    datetime::call_method(object, name, given)
}

/// Calls something that is no data.
pub(super) fn call(
    machine: &mut Machine,
    object: &Arc<dyn Object>,
    given: Given,
) -> Result<Value, Stop> {
    let any = object.as_any();
    if let Some(function) = any.downcast_ref::<Function>() {
        return (function.run)(machine, given).map_err(|stop| match stop {
            Stop::Fault(mut fault)
                if fault.at.is_none() && fault.labels.is_empty() && fault.notes.is_empty() =>
            {
                fault.notes.push(format!("found by `{}`", function.name));
                Stop::Fault(fault)
            }
            stop => stop,
        });
    }
    if let Some(method) = any.downcast_ref::<Method>() {
        return machine.method(&method.receiver, &method.name, given);
    }
    if let Some(definition) = any.downcast_ref::<Macro>() {
        return definition.run(machine, given);
    }
    if let Some(state) = any.downcast_ref::<Loop>() {
        return state.again(machine, given);
    }
    if let Some(joiner) = any.downcast_ref::<Joiner>() {
        given.finish()?;
        let mut used = joiner.used.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !std::mem::replace(&mut *used, true);
        return Ok(if first { Value::from("") } else { joiner.separator.clone() });
    }
    Err(Stop::value(format!("a {} cannot be called", object.type_name())))
}

impl Machine {
    /// `{% call f(…) %}`: calls with `caller` among the arguments.
    pub(super) fn call_with_caller(&mut self, call: &Expr, caller: Value) -> Result<Value, Stop> {
        let ExprKind::Call(callee, args) = &call.kind else {
            return Err(Stop::value("`call` needs a call"));
        };
        let function = self.eval(callee)?;
        let mut given = self.given(args, None)?;
        let positional = given.rest();
        let mut named = given.named_rest();
        named.push(("caller".into(), caller));
        self.call_value(&function, Given::new(positional, named))
    }
}
