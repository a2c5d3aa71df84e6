//! `loop` and `with_*`.

use crate::plan::eval::{Eval, Truth, unknown};
use crate::plan::halt::Halt;
use crate::playbook::{Loop, LoopKind, Task};
use crate::run::prepare::{PreparedItem, What};
use crate::run::walk::Walk;
use crate::value::{Map, Value};
use crate::vars::Vars;
use crate::yaml::Node;

/// How often a task runs on a host.
pub(super) enum Repetition {
    /// It has no loop.
    Once,
    /// Once for each item.
    Items(Box<Items>),
    /// Not at all: the items can't be had, and a condition that needs none of them does not hold.
    Skipped(String),
}

/// The items of a loop.
pub(super) struct Items {
    pub(super) values: Vec<Value>,
    variable: String,
    index: Option<String>,
    extended: bool,
    written: Loop,
}

/// What an item adds.
pub(super) struct BoundItem {
    pub(super) vars: Vars,
    /// What the registered result of the item holds beside the task's own.
    pub(super) extra: Vec<(String, Value)>,
}

impl Walk<'_> {
    /// Evaluates the loop of a task.
    pub(super) fn repeat(&self, task: &Task, host: &str, vars: &Vars) -> Result<Repetition, Halt> {
        let Some(written) = &task.r#loop else { return Ok(Repetition::Once) };
        let eval = &self.env.eval;
        let values = match &written.kind {
            LoopKind::Loop => eval.value(&written.items, vars).and_then(|value| as_list(&value)),
            LoopKind::With(lookup) => eval.with_lookup(lookup, &written.items, vars),
        };
        let values = match values {
            Ok(values) => values,
            // A condition that does not hold without any item explains why the items are not there.
            Err(stop @ Halt::Mistake { .. }) => match self.condition(task, host, vars) {
                Ok(Some(_)) => {
                    let condition = task.scope.when().into_iter().next();
                    let shown = condition.and_then(Node::as_str).unwrap_or_default().to_owned();
                    return Ok(Repetition::Skipped(shown));
                }
                _ => return Err(stop),
            },
            Err(stop) => return Err(stop),
        };
        let name =
            |node: &Option<Node>| node.as_ref().map(|node| eval.text(node, vars)).transpose();
        let extended = self.flag(written.control.extended.as_ref(), vars, false)?;
        Ok(Repetition::Items(Box::new(Items {
            values,
            variable: name(&written.control.loop_var)?.unwrap_or_else(|| "item".to_owned()),
            index: name(&written.control.index_var)?,
            extended,
            written: written.clone(),
        })))
    }
}

impl Items {
    /// The variables of an item.
    pub(super) fn bind(&self, index: usize, base: &Vars) -> BoundItem {
        let item = self.values[index].clone();
        let mut extra = vec![
            (self.variable.clone(), item.clone()),
            ("ansible_loop_var".to_owned(), self.variable.as_str().into()),
        ];
        if let Some(name) = &self.index {
            extra.push((name.clone(), index.into()));
            extra.push(("ansible_index_var".to_owned(), name.as_str().into()));
        }
        if self.extended {
            extra.push(("ansible_loop".to_owned(), self.about(index)));
        }
        BoundItem { vars: base.with_values(extra.clone()), extra }
    }

    /// What is shown of an item.
    pub(super) fn label(&self, eval: &Eval, vars: &Vars, index: usize) -> String {
        let label = self.written.control.label.as_ref().and_then(|node| eval.text(node, vars).ok());
        label.unwrap_or_else(|| eval.shown(&self.values[index]).unwrap_or_default())
    }

    /// Whether the loop ends with this item (`break_when`). An answer that is on its way can't say so before it is here, so
    /// only what is decided here counts.
    pub(super) fn breaks(&self, eval: &Eval, item: &PreparedItem) -> bool {
        let conditions = &self.written.control.break_when;
        if conditions.is_empty() {
            return false;
        }
        let What::Here(_) = item.what else { return false };
        matches!(eval.all(conditions, &item.vars), Ok(Truth::Yes))
    }

    fn about(&self, index: usize) -> Value {
        let length = self.values.len();
        let mut map = Map::new();
        let mut set = |name: &str, value: Value| {
            map.insert(name.into(), value);
        };
        set("allitems", Value::list(self.values.clone()));
        set("index", (index + 1).into());
        set("index0", index.into());
        set("first", (index == 0).into());
        set("last", (index + 1 == length).into());
        set("length", length.into());
        set("revindex", (length - index).into());
        set("revindex0", (length - index - 1).into());
        if index > 0 {
            set("previtem", self.values[index - 1].clone());
        }
        if let Some(next) = self.values.get(index + 1) {
            set("nextitem", next.clone());
        }
        map.into()
    }
}

/// The items of a `loop`, which takes lists only.
fn as_list(value: &Value) -> Result<Vec<Value>, Halt> {
    if let (Value::Unknown(_), Some(why)) = (value, unknown(value)) {
        return Err(Halt::Unknown(why));
    }
    value.as_list().map(<[Value]>::to_vec).ok_or_else(|| {
        Halt::new(format!("`loop` takes a list, not {}", value.type_name()))
            .help("a mapping becomes a list with `| dict2items`, text with `| split`")
    })
}
