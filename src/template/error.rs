//! Mistakes in templates as they are told to a person.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::template::origin::Origin;
use crate::template::suggest::nearest;
use crate::value::{Fault, FaultKind, Missing, Stop, Undefined};

/// Why a template has no value: a message with its places.
#[derive(Clone, Debug)]
pub struct TemplateError {
    kind: FaultKind,
    diagnostic: Box<Diagnostic>,
}

impl TemplateError {
    /// What sort of mistake it is.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The message with its places.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// The message with its places.
    pub fn into_diagnostic(self) -> Diagnostic {
        *self.diagnostic
    }

    pub(crate) fn new(fault: Fault, origin: &Origin) -> Self {
        let fault = resolved(fault, origin);
        let mut diagnostic = Diagnostic::error(fault.message);
        for (span, text) in &fault.labels {
            diagnostic = diagnostic.at(span, text.as_str());
        }
        diagnostic.notes = fault.notes;
        diagnostic.help = fault.help;
        Self { kind: fault.kind, diagnostic: Box::new(diagnostic) }
    }
}

/// Turns the bytes of a template's text into a place in its file, because the text is about to be left.
pub(crate) fn resolved(mut fault: Fault, origin: &Origin) -> Fault {
    if let Some(range) = fault.at.take() {
        fault.labels.push((origin.span(Some(&range)), String::new()));
    } else if fault.labels.is_empty() {
        fault.labels.push((origin.span(None), String::new()));
    }
    fault
}

/// The same for whatever stops an evaluation.
pub(crate) fn stop_resolved(stop: Stop, origin: &Origin) -> Stop {
    match stop {
        Stop::Fault(fault) => Stop::Fault(Box::new(resolved(*fault, origin))),
        Stop::Undefined(undefined) => Stop::Undefined(undefined_resolved(undefined, origin)),
        Stop::Unknown(unknown) => Stop::Unknown(unknown),
    }
}

/// The same for an undefined value that leaves the template it was asked for in.
pub(crate) fn undefined_resolved(undefined: Arc<Undefined>, origin: &Origin) -> Arc<Undefined> {
    let Some(range) = &undefined.at else { return undefined };
    let mut resolved = (*undefined).clone();
    resolved.labels.push((origin.span(Some(range)), String::new()));
    resolved.at = None;
    Arc::new(resolved)
}

/// The mistake that using an undefined value is. `known` gives the names that exist, to find the one that was meant.
pub(crate) fn undefined_fault(undefined: &Undefined, known: &dyn Fn() -> Vec<Arc<str>>) -> Fault {
    let mut fault = Fault::new(FaultKind::Undefined, undefined.to_string());
    fault.at.clone_from(&undefined.at);
    fault.labels.clone_from(&undefined.labels);
    let (wanted, names) = match &undefined.missing {
        Missing::Variable(name) => (Arc::clone(name), known()),
        Missing::Attribute { name, present, .. } => (name.to_string().into(), present.clone()),
        Missing::Else => {
            fault.kind = FaultKind::Value;
            return fault;
        }
        Missing::Hint(_) => return fault,
    };
    let near = nearest(&wanted, names.iter().map(|name| &**name));
    if near.is_empty() {
        if let Missing::Attribute { .. } = undefined.missing
            && !names.is_empty()
        {
            fault.notes.push(format!("it has {}", listed(names.iter().map(|name| &**name))));
        }
    } else {
        fault.help.push(format!("did you mean {}?", listed(near.into_iter())));
    }
    fault
}

/// Names in backticks; of many the first few.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.collect();
    let mut text =
        names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(formatter)
    }
}

impl std::error::Error for TemplateError {}
