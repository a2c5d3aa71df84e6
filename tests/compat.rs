//! Templates give what ansible-core gives: every file of `tests/compat` is a test.
//!
//! `cargo xtask compat-record` writes what ansible-core gives into them.

#[path = "compat/fixture.rs"]
#[allow(dead_code, reason = "the recorder uses the rest")]
mod fixture;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use converge::source::{Source, Span};
use converge::template::{
    Condition, Context, Engine, Evaluated, FileKind, FileOptions, Found, LookupContext, Options,
    TemplateError,
};
use converge::value::{FaultKind, Key, Value};
use converge::yaml::{Kind as NodeKind, Node, Style, Tag};
use serde_json::{Value as Json, json};

use crate::fixture::{Case, Fixture, Kind, Outcome};

datatest_stable::harness! {
    { test = check, root = "tests/compat", pattern = r"^[^/]+\.txt$" },
}

fn check(path: &Path) -> datatest_stable::Result<()> {
    let fixture = Fixture::parse(&std::fs::read_to_string(path)?)?;
    let mut wrong = Vec::new();
    for case in &fixture.cases {
        let Some(want) = case.ours.as_ref().or(case.want.as_ref()) else {
            return Err(format!(
                "line {}: nothing was recorded; run `cargo xtask compat-record`",
                case.line
            )
            .into());
        };
        let (got, told) = evaluate(&fixture, case);
        if got != *want {
            let told = told.map_or_else(String::new, |told| format!(" ({told})"));
            wrong.push(format!(
                "{}:{}: {:?}\n    want {}\n    got  {}{told}",
                path.display(),
                case.line,
                case.text,
                want.print(),
                got.print(),
            ));
        } else if case.ours.is_some() && case.ours == case.want {
            wrong.push(format!("{}:{}: this is no difference any more", path.display(), case.line));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {} cases differ\n{}", wrong.len(), fixture.cases.len(), wrong.join("\n"))
        .into())
}

/// What comes of a case, and the words of the mistake if it is one.
fn evaluate(fixture: &Fixture, case: &Case) -> (Outcome, Option<String>) {
    let strict = Engine::new(Options { strict_conditions: true });
    let context = strict.context(Arc::new(variables(fixture)), Arc::new(Project));
    match outcome(&context, case) {
        Ok(outcome) => (outcome, None),
        Err(error) => (Outcome::Error(class(&error).to_owned()), Some(error.to_string())),
    }
}

fn outcome(context: &Context, case: &Case) -> Result<Outcome, TemplateError> {
    let evaluated = match &case.kind {
        Kind::Template => context.value(&text(&case.text))?,
        Kind::Condition => {
            let truth = match context.condition(&text(&case.text))? {
                Condition::Yes => json!(true),
                Condition::No => json!(false),
                Condition::Unknown(_) => json!({"$unknown": true}),
            };
            return Ok(Outcome::Value(truth));
        }
        Kind::File(options) => {
            let rendered = context
                .file(&Source::new("case.j2", case.text.as_str()), &file_options(options))?;
            return Ok(Outcome::Value(json!(rendered.text)));
        }
    };
    Ok(match evaluated {
        Evaluated::Known(Value::Omit) => Outcome::Error("omitted".to_owned()),
        Evaluated::Known(value) => Outcome::Value(encoded(&value)),
        Evaluated::Partly(..) | Evaluated::Unknown(_) => Outcome::Value(json!({"$unknown": true})),
    })
}

fn class(error: &TemplateError) -> &'static str {
    match error.kind() {
        FaultKind::Undefined => "undefined",
        FaultKind::Syntax => "syntax",
        FaultKind::Omitted => "omitted",
        _ => "other",
    }
}

fn file_options(options: &Json) -> FileOptions {
    let mut read = FileOptions::default();
    let Json::Object(options) = options else { return read };
    for (name, value) in options {
        let text = value.as_str().unwrap_or_default().to_owned();
        let flag = value.as_bool().unwrap_or_default();
        match name.as_str() {
            "trim_blocks" => read.syntax.trim_blocks = flag,
            "lstrip_blocks" => read.syntax.lstrip_blocks = flag,
            "keep_trailing_newline" => read.syntax.keep_trailing_newline = flag,
            "variable_start_string" => read.syntax.variable_start = text,
            "variable_end_string" => read.syntax.variable_end = text,
            "block_start_string" => read.syntax.block_start = text,
            "block_end_string" => read.syntax.block_end = text,
            "comment_start_string" => read.syntax.comment_start = text,
            "comment_end_string" => read.syntax.comment_end = text,
            "newline_sequence" => read.newline = text.replace("\\r", "\r").replace("\\n", "\n"),
            other => panic!("there is no option `{other}`"),
        }
    }
    read
}

fn variables(fixture: &Fixture) -> BTreeMap<String, Found> {
    let mut variables = BTreeMap::new();
    if let Json::Object(data) = &fixture.data {
        for (name, value) in data {
            variables.insert(name.clone(), Found::Data(value.clone().into()));
        }
    }
    if let Json::Object(vars) = &fixture.vars {
        for (name, value) in vars {
            variables.insert(name.clone(), Found::Template(node(value)));
        }
    }
    variables.insert("ansible_managed".to_owned(), Found::Data("Ansible managed".into()));
    variables
}

fn text(text: &str) -> Node {
    let source = Source::new("case", text);
    Node {
        kind: NodeKind::Str(text.into(), Style::Plain),
        tag: Tag::None,
        span: Span::whole(&source),
    }
}

fn node(json: &Json) -> Node {
    let kind = match json {
        Json::Null => NodeKind::Null,
        Json::Bool(truth) => NodeKind::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => NodeKind::Int(whole),
            None => NodeKind::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(string) => return text(string),
        Json::Array(items) => NodeKind::Seq(items.iter().map(node).collect()),
        Json::Object(entries) => {
            NodeKind::Map(entries.iter().map(|(key, value)| (text(key), node(value))).collect())
        }
    };
    Node { kind, ..text("") }
}

/// A value as the recorder writes it.
fn encoded(value: &Value) -> Json {
    match value {
        Value::BigInt(number) => json!({"$int": number.to_string()}),
        Value::Float(number) if !number.is_finite() => json!({"$float": number.to_string()}),
        Value::List(items) => Json::Array(items.iter().map(encoded).collect()),
        Value::Map(map) if map.keys().all(|key| matches!(key, Key::Str(_))) => {
            Json::Object(map.iter().map(|(key, value)| (key.to_string(), encoded(value))).collect())
        }
        Value::Map(map) => {
            let pairs: Vec<Json> = map
                .iter()
                .map(|(key, value)| json!([encoded(&key.to_value()), encoded(value)]))
                .collect();
            json!({"$map": pairs})
        }
        Value::Bytes(bytes) => {
            json!({"$bytes": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()})
        }
        other => other.to_json().unwrap_or_else(|stop| json!({"$stop": stop.to_string()})),
    }
}

/// The folder that lookups search, and the environment that was recorded with.
struct Project;

impl LookupContext for Project {
    fn folders(&self, kind: FileKind) -> Vec<PathBuf> {
        let folder = match kind {
            FileKind::Files => "files",
            FileKind::Templates => "templates",
            FileKind::Vars => "vars",
        };
        vec![self.base().join(folder)]
    }

    fn base(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/project")
    }

    fn env(&self, name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/recorder".to_owned()),
            "COMPAT" => Some("from the environment".to_owned()),
            _ => None,
        }
    }
}
