//! The keywords of plays, blocks, tasks, handlers and roles: each declared once.
//!
//! Reference: <https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html>.

use crate::playbook::scope::Directives;
use crate::yaml::{Kind, Node, Tag};

/// Where a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Play = 1,
    Block = 2,
    Task = 4,
    Handler = 8,
    Role = 16,
    Import = 32,
}

/// A keyword.
pub(super) struct Keyword {
    pub(super) name: &'static str,
    levels: u8,
    shape: Shape,
    /// Where its value goes, if tasks inherit it and its nearest value counts.
    pub(super) slot: Option<fn(&mut Directives) -> &mut Option<Node>>,
}

/// What a value may be. A template is always allowed where it could give the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bool,
    Number,
    Text,
    List,
    Map,
    /// A mapping or a list of mappings.
    Maps,
    /// Read where it is used.
    Any,
}

const PLAY: u8 = Level::Play as u8;
const BLOCK: u8 = Level::Block as u8;
const TASK: u8 = Level::Task as u8 | HANDLER;
const HANDLER: u8 = Level::Handler as u8;
const ROLE: u8 = Level::Role as u8;
const IMPORT: u8 = Level::Import as u8;
const ALL: u8 = PLAY | BLOCK | TASK | ROLE | IMPORT;

const fn inherited(
    name: &'static str,
    levels: u8,
    shape: Shape,
    slot: fn(&mut Directives) -> &mut Option<Node>,
) -> Keyword {
    Keyword { name, levels, shape, slot: Some(slot) }
}

const fn own(name: &'static str, levels: u8, shape: Shape) -> Keyword {
    Keyword { name, levels, shape, slot: None }
}

/// Every keyword.
static KEYWORDS: [Keyword; 73] = [
    own("name", ALL, Shape::Text),
    own("vars", ALL, Shape::Map),
    own("tags", ALL, Shape::Any),
    own("when", BLOCK | TASK | ROLE | IMPORT, Shape::Any),
    inherited("become", ALL, Shape::Bool, |own| &mut own.r#become),
    inherited("become_user", ALL, Shape::Text, |own| &mut own.become_user),
    inherited("become_method", ALL, Shape::Text, |own| &mut own.become_method),
    inherited("become_flags", ALL, Shape::Text, |own| &mut own.become_flags),
    inherited("become_exe", ALL, Shape::Text, |own| &mut own.become_exe),
    inherited("connection", ALL, Shape::Text, |own| &mut own.connection),
    inherited("port", ALL, Shape::Number, |own| &mut own.port),
    inherited("remote_user", ALL, Shape::Text, |own| &mut own.remote_user),
    inherited("environment", ALL, Shape::Maps, |own| &mut own.environment),
    inherited("module_defaults", ALL, Shape::Maps, |own| &mut own.module_defaults),
    inherited("check_mode", ALL, Shape::Bool, |own| &mut own.check_mode),
    inherited("diff", ALL, Shape::Bool, |own| &mut own.diff),
    inherited("no_log", ALL, Shape::Bool, |own| &mut own.no_log),
    inherited("ignore_errors", ALL, Shape::Bool, |own| &mut own.ignore_errors),
    inherited("ignore_unreachable", ALL, Shape::Bool, |own| &mut own.ignore_unreachable),
    inherited("any_errors_fatal", ALL, Shape::Bool, |own| &mut own.any_errors_fatal),
    inherited("run_once", ALL, Shape::Bool, |own| &mut own.run_once),
    inherited("throttle", ALL, Shape::Number, |own| &mut own.throttle),
    inherited("timeout", ALL, Shape::Number, |own| &mut own.timeout),
    inherited("debugger", ALL, Shape::Text, |own| &mut own.debugger),
    inherited("collections", PLAY | BLOCK | TASK | ROLE, Shape::List, |own| &mut own.collections),
    inherited("delegate_to", BLOCK | TASK | ROLE, Shape::Text, |own| &mut own.delegate_to),
    inherited("delegate_facts", BLOCK | TASK | ROLE, Shape::Bool, |own| &mut own.delegate_facts),
    own("notify", BLOCK | TASK, Shape::Any),
    own("hosts", PLAY, Shape::Any),
    own("gather_facts", PLAY, Shape::Bool),
    own("gather_subset", PLAY, Shape::List),
    own("gather_timeout", PLAY, Shape::Number),
    own("fact_path", PLAY, Shape::Text),
    own("vars_files", PLAY, Shape::Any),
    own("vars_prompt", PLAY, Shape::Any),
    own("roles", PLAY, Shape::Any),
    own("pre_tasks", PLAY, Shape::Any),
    own("tasks", PLAY, Shape::Any),
    own("post_tasks", PLAY, Shape::Any),
    own("handlers", PLAY, Shape::Any),
    own("force_handlers", PLAY, Shape::Bool),
    own("max_fail_percentage", PLAY, Shape::Any),
    own("serial", PLAY, Shape::Any),
    own("strategy", PLAY, Shape::Text),
    own("order", PLAY, Shape::Text),
    own("validate_argspec", PLAY, Shape::Any),
    own("user", PLAY, Shape::Text),
    own("block", BLOCK, Shape::Any),
    own("rescue", BLOCK, Shape::Any),
    own("always", BLOCK, Shape::Any),
    own("action", TASK, Shape::Any),
    own("local_action", TASK, Shape::Any),
    own("args", TASK, Shape::Any),
    own("register", TASK, Shape::Text),
    own("loop", TASK, Shape::List),
    own("loop_control", TASK, Shape::Map),
    own("changed_when", TASK, Shape::Any),
    own("failed_when", TASK, Shape::Any),
    own("until", TASK, Shape::Any),
    own("retries", TASK, Shape::Number),
    own("delay", TASK, Shape::Number),
    own("async", TASK, Shape::Number),
    own("poll", TASK, Shape::Number),
    own("listen", HANDLER, Shape::Any),
    own("role", ROLE, Shape::Text),
    own("src", ROLE, Shape::Text),
    own("version", ROLE, Shape::Any),
    own("scm", ROLE, Shape::Text),
    own("import_playbook", IMPORT, Shape::Text),
    own("ansible.builtin.import_playbook", IMPORT, Shape::Text),
    own("sudo", ALL, Shape::Bool),
    own("sudo_user", ALL, Shape::Text),
    own("include", IMPORT, Shape::Text),
];

/// What Ansible reads as a truth value, in small letters.
const BOOLEANS: [&str; 15] =
    ["y", "yes", "on", "1", "true", "t", "1.0", "n", "no", "off", "0", "false", "f", "0.0", ""];

/// Keywords that Ansible gave up, and what they are called now.
const RENAMED: [(&str, &str); 3] =
    [("sudo", "become"), ("sudo_user", "become_user"), ("user", "remote_user")];

/// The keyword called `name`, at whatever level.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// The names that may stand at `level`.
pub(super) fn names(level: Level) -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().filter(move |keyword| keyword.is_at(level)).map(|keyword| keyword.name)
}

impl Shape {
    /// Whether a text that is no template is read as a value of this shape when it is used.
    fn reads(self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        match self {
            Self::Bool => BOOLEANS.contains(&text.as_str()),
            Self::Number => text.parse::<f64>().is_ok(),
            _ => true,
        }
    }
}

impl Keyword {
    /// Whether it may stand at `level`.
    pub(super) fn is_at(&self, level: Level) -> bool {
        self.levels & level as u8 != 0
    }

    /// What it is called now, if that is another name.
    pub(super) fn renamed(&self) -> Option<&'static Self> {
        RENAMED.iter().find(|(old, _)| *old == self.name).and_then(|(_, new)| find(new))
    }

    /// The levels it may stand at, for a message.
    pub(super) fn places(&self) -> String {
        let places = [
            (PLAY, "plays"),
            (BLOCK, "blocks"),
            (Level::Task as u8, "tasks"),
            (HANDLER, "handlers"),
            (ROLE, "roles"),
            (IMPORT, "imports of playbooks"),
        ];
        let named: Vec<&str> = places
            .iter()
            .filter(|(level, _)| self.levels & level != 0)
            .map(|(_, name)| *name)
            .collect();
        named.join(", ")
    }

    /// What its value must be, if `value` is not that.
    pub(super) fn refuses(&self, value: &Node) -> Option<&'static str> {
        let fits = match (self.shape, &value.kind) {
            (Shape::Any, _) | (_, Kind::Null) => true,
            (Shape::Text, kind) => !matches!(kind, Kind::Seq(_) | Kind::Map(_)),
            (Shape::Bool | Shape::Number, Kind::Str(text, _)) if value.tag == Tag::None => {
                text.contains('{') || self.shape.reads(text)
            }
            (_, Kind::Str(..)) => self.shape != Shape::Map,
            (Shape::Bool, kind) => matches!(kind, Kind::Bool(_) | Kind::Int(0 | 1)),
            (Shape::Number, kind) => matches!(kind, Kind::Int(_) | Kind::Float(_)),
            (Shape::List, kind) => matches!(kind, Kind::Seq(_)),
            (Shape::Map, kind) => matches!(kind, Kind::Map(_)),
            (Shape::Maps, kind) => matches!(kind, Kind::Map(_) | Kind::Seq(_)),
        };
        (!fits).then_some(match self.shape {
            Shape::Bool => "a boolean",
            Shape::Number => "a number",
            Shape::Text => "a string",
            Shape::List => "a list",
            Shape::Map | Shape::Maps | Shape::Any => "a mapping",
        })
    }
}
