//! `loop`, `with_…` and `loop_control`.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::fields::Fields;
use crate::playbook::model::{Loop, LoopControl, LoopKind};
use crate::playbook::modules::short;
use crate::playbook::reading::Reading;
use crate::yaml::{Kind, Node};

/// The keys of `loop_control`.
const KEYS: [&str; 7] =
    ["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];

impl Reading<'_> {
    /// The loop of a task, if it has one.
    pub(super) fn task_loop(&mut self, fields: &Fields<'_>) -> Option<Loop> {
        let mut loops: Vec<(LoopKind, &Node, &Node)> = Vec::new();
        if let Some((key, items)) = fields.entry("loop") {
            loops.push((LoopKind::Loop, key, items));
        }
        for (key, items) in &fields.rest {
            if let Some(name) = key.as_str().and_then(|name| name.strip_prefix("with_")) {
                let lookup = short(name);
                if !self.reader.modules().is_lookup(lookup) {
                    self.tell(self.unknown_lookup(name, key));
                    continue;
                }
                loops.push((LoopKind::With(Arc::from(lookup)), key, items));
            }
        }
        if let [(_, first, _), (_, second, _), ..] = &loops[..] {
            let problem = Diagnostic::error("a task has one loop").at(&second.span, "");
            self.tell(problem.at(&first.span, "the first one"));
        }
        let (kind, key, items) = loops.into_iter().next()?;
        let control = fields
            .get("loop_control")
            .map(|control| self.loop_control(control))
            .unwrap_or_default();
        Some(Loop { kind, items: items.clone(), control, at: key.span.clone() })
    }

    fn loop_control(&mut self, node: &Node) -> LoopControl {
        let mut control = LoopControl::default();
        for (key, value) in node.as_map().unwrap_or(&[]) {
            let slot = match key.as_str() {
                Some("loop_var") => &mut control.loop_var,
                Some("index_var") => &mut control.index_var,
                Some("label") => &mut control.label,
                Some("pause") => &mut control.pause,
                Some("extended") => &mut control.extended,
                Some("extended_allitems") => &mut control.extended_allitems,
                Some("break_when") => {
                    control.break_when = self.conditions("break_when", value);
                    continue;
                }
                other => {
                    let name = other.unwrap_or("?");
                    let problem =
                        Diagnostic::error(format!("unknown key `{name}` in `loop_control`"))
                            .at(&key.span, "");
                    self.tell(match nearest(name, KEYS) {
                        Some(known) => problem.help(format!("did you mean `{known}`?")),
                        None => problem.note(format!("keys are {}", KEYS.join(", "))),
                    });
                    continue;
                }
            };
            *slot = Some(value.clone()).filter(|value| value.kind != Kind::Null);
        }
        control
    }

    fn unknown_lookup(&self, name: &str, key: &Node) -> Diagnostic {
        let problem = Diagnostic::error(format!("unknown lookup `{name}` in `with_{name}`"))
            .at(&key.span, "");
        match nearest(name, self.reader.modules().lookups()) {
            Some(known) => problem.help(format!("did you mean `with_{known}`?")),
            None => problem,
        }
    }
}
