//! One evaluation context: the variables of one task on one host, each rendered at most once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::diagnostic::Diagnostic;
use crate::template::engine::Engine;
use crate::template::error::{stop_resolved, undefined_resolved};
use crate::template::eval::Machine;
use crate::template::origin::Origin;
use crate::template::scope::{Found, LookupContext, Scope};
use crate::value::{Fault, FaultKind, Key, Lazy, Live, LiveList, LiveMap, Map, Stop, Value};
use crate::yaml::{Kind, Node, Tag};

/// How many variables may be rendered inside one another before it is taken for a loop.
const MAX_NESTING: usize = 48;

thread_local! {
    /// What is being rendered on this thread, to find variables that are made from themselves.
    static RENDERING: RefCell<Vec<(usize, Arc<str>)>> = const { RefCell::new(Vec::new()) };
}

/// What evaluation knows: shared by everything that is rendered in one context.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) scope: Arc<dyn Scope>,
    pub(crate) lookups: Arc<dyn LookupContext>,
    rendered: Mutex<HashMap<Arc<str>, Value>>,
    this: Weak<Self>,
}

/// An item of a list or mapping that is rendered when it is asked for.
struct Item {
    node: Node,
    name: Arc<str>,
    context: Weak<Shared>,
}

impl Shared {
    pub(crate) fn new(
        engine: &Engine,
        scope: Arc<dyn Scope>,
        lookups: Arc<dyn LookupContext>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            engine: engine.clone(),
            scope,
            lookups,
            rendered: Mutex::default(),
            this: Weak::clone(this),
        })
    }

    /// The value of a variable, rendered. Its containers are live: changing them is seen by whoever looks it up later.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<Value>, Stop> {
        if let Some(value) = self.rendered().get(name) {
            return Ok(Some(value.clone()));
        }
        let value = match self.scope.lookup(name) {
            None => return Ok(None),
            Some(Found::Data(value)) => return Ok(Some(value)),
            Some(Found::Template(node)) => {
                let name: Arc<str> = name.into();
                let value =
                    self.guarded(name_key(&name), Arc::clone(&name), || self.node(&node, &name))?;
                self.rendered().entry(name).or_insert(value).clone()
            }
        };
        Ok(Some(value))
    }

    /// Puts another value in the place of a variable, for this context only.
    pub(crate) fn replace(&self, name: &str, value: Value) {
        self.rendered().insert(name.into(), value);
    }

    /// Renders a node of YAML. Items of lists and mappings are left for when they are asked for. What is undefined or
    /// unknown comes back as such a value.
    pub(crate) fn node(&self, node: &Node, name: &str) -> Result<Value, Stop> {
        match (&node.kind, node.tag) {
            (Kind::Str(text, _), Tag::Vault) => match self.lookups.decrypt(text) {
                Ok(text) => Ok(Value::from(text)),
                Err(why) => {
                    let mut fault = Fault::new(
                        FaultKind::Access,
                        format!("this value cannot be decrypted: {why}"),
                    );
                    fault.labels.push((node.span.clone(), String::new()));
                    Err(fault.into())
                }
            },
            (Kind::Str(..), Tag::None) => {
                let value = self.string(node)?;
                if let (true, Value::Str(text)) = (node.span.source().is_secret(), &value) {
                    self.lookups.opened(text);
                }
                Ok(value)
            }
            (Kind::Int(number), _) if node.span.source().is_secret() => {
                self.lookups.opened(&number.to_string());
                Ok(scalar(node))
            }
            (Kind::Seq(items), _) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.item(item, || format!("{name}[{index}]")));
                Ok(Value::Live(Live::List(LiveList::new(items.collect()))))
            }
            (Kind::Map(entries), _) => {
                let entries = entries.iter().map(|(key, value)| {
                    let value =
                        self.item(value, || format!("{name}.{}", key.as_str().unwrap_or("?")));
                    (node_key(key), value)
                });
                Ok(Value::Live(Live::Map(LiveMap::new(entries.collect::<Map>()))))
            }
            _ => Ok(scalar(node)),
        }
    }

    /// Renders a string as a template, if it is one.
    pub(crate) fn string(&self, node: &Node) -> Result<Value, Stop> {
        let Kind::Str(text, _) = &node.kind else { return Ok(scalar(node)) };
        if !self.engine.string_syntax().concerns(text) {
            return Ok(Value::Str(Arc::clone(text)));
        }
        let origin = Origin::Node(node.clone());
        let template =
            self.engine.string(text).map_err(|fault| stop_resolved(fault.into(), &origin))?;
        let mut machine = Machine::new(self.this(), origin.clone());
        match machine.native(&template, text) {
            Ok(Value::Live(Live::Undefined(undefined))) => {
                Ok(Value::Live(Live::Undefined(undefined_resolved(undefined, &origin))))
            }
            Ok(value) => Ok(value),
            Err(Stop::Undefined(undefined)) => {
                Ok(Value::Live(Live::Undefined(undefined_resolved(undefined, &origin))))
            }
            Err(Stop::Unknown(unknown)) => Ok(Value::Unknown(unknown)),
            Err(stop) => Err(stop_resolved(stop, &origin)),
        }
    }

    pub(crate) fn warn(&self, warning: Diagnostic) {
        self.engine.warn(warning);
    }

    /// A handle to itself.
    pub(crate) fn this(&self) -> Arc<Self> {
        self.this.upgrade().unwrap_or_else(|| {
            // Unreachable: whoever calls a method holds it.
            Self::new(&self.engine, Arc::clone(&self.scope), Arc::clone(&self.lookups))
        })
    }

    /// Runs `render` unless the same thing is being rendered already.
    fn guarded<T>(
        &self,
        key: usize,
        name: Arc<str>,
        render: impl FnOnce() -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let key = key ^ std::ptr::from_ref(self) as usize;
        let chain = RENDERING.with_borrow(|rendering| {
            let again = rendering.iter().position(|(other, _)| *other == key);
            let from = again.or((rendering.len() >= MAX_NESTING).then_some(0))?;
            Some(rendering[from..].iter().map(|(_, name)| Arc::clone(name)).collect::<Vec<_>>())
        });
        if let Some(chain) = chain {
            return Err(loop_fault(&chain, &name));
        }
        RENDERING.with_borrow_mut(|rendering| rendering.push((key, name)));
        let result = render();
        RENDERING.with_borrow_mut(std::vec::Vec::pop);
        result
    }

    fn item(&self, node: &Node, name: impl FnOnce() -> String) -> Value {
        let lazy = match &node.kind {
            Kind::Str(text, _) => match node.tag {
                Tag::None => self.engine.string_syntax().concerns(text),
                Tag::Vault => true,
                Tag::Unsafe => false,
            },
            Kind::Seq(_) | Kind::Map(_) => true,
            _ => false,
        };
        if !lazy {
            return scalar(node);
        }
        Value::Live(Live::Lazy(Arc::new(Item {
            node: node.clone(),
            name: name().into(),
            context: Weak::clone(&self.this),
        })))
    }

    fn rendered(&self) -> MutexGuard<'_, HashMap<Arc<str>, Value>> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lazy for Item {
    fn force(&self) -> Result<Value, Stop> {
        let Some(context) = self.context.upgrade() else {
            return Err(Stop::value(format!(
                "`{}` is asked for after its evaluation ended",
                self.name
            )));
        };
        context.guarded(node_address(&self.node), Arc::clone(&self.name), || {
            context.node(&self.node, &self.name)
        })
    }
}

/// A scalar that is no template.
pub(crate) fn scalar(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(truth) => Value::Bool(*truth),
        Kind::Int(number) => Value::Int(*number),
        Kind::BigInt(digits) => crate::value::int_from_text(digits, 10)
            .unwrap_or_else(|| Value::Str(Arc::clone(digits))),
        Kind::Float(number) => Value::Float(*number),
        Kind::Str(text, _) => Value::Str(Arc::clone(text)),
        Kind::Seq(items) => Value::list(items.iter().map(scalar)),
        Kind::Map(entries) => {
            Value::map(entries.iter().map(|(key, value)| (node_key(key), scalar(value))))
        }
    }
}

/// The key that a node of YAML is.
fn node_key(node: &Node) -> Key {
    match &node.kind {
        Kind::Null => Key::Null,
        Kind::Bool(truth) => Key::Bool(*truth),
        Kind::Int(number) => Key::Int(*number),
        Kind::Float(number) => Key::Float(*number),
        Kind::Str(text, _) | Kind::BigInt(text) => Key::Str(Arc::clone(text)),
        Kind::Seq(items) => Key::Tuple(items.iter().map(node_key).collect()),
        Kind::Map(_) => Key::Str(node.span.text().into()),
    }
}

fn name_key(name: &str) -> usize {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(name) as usize
}

/// What tells a node from all others while it lives.
fn node_address(node: &Node) -> usize {
    match &node.kind {
        Kind::Str(text, _) => text.as_ptr() as usize,
        Kind::Seq(items) => items.as_ptr() as usize,
        Kind::Map(entries) => entries.as_ptr() as usize,
        _ => node.span.start(),
    }
}

fn loop_fault(chain: &[Arc<str>], name: &str) -> Stop {
    let mut links: Vec<String> = chain.iter().map(|name| format!("`{name}`")).collect();
    links.push(format!("`{name}`"));
    let first = chain.first().map_or(name, |name| &**name);
    let mut fault = Fault::new(FaultKind::Loop, format!("`{first}` is made from itself"));
    fault.notes.push(links.join(" needs "));
    fault.into()
}
