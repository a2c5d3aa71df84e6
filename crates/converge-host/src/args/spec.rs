//! The declaration of a module's arguments as data.

use crate::data::Data;

/// A module's arguments.
#[derive(Debug)]
pub struct Spec {
    /// The short name: `lineinfile`.
    pub name: &'static str,
    /// The collection it belongs to upstream: `ansible.builtin`.
    pub collection: &'static str,
    /// Other names it answers to, short or full.
    pub aliases: &'static [&'static str],
    /// What it does: one sentence, then paragraphs.
    pub doc: &'static str,
    /// The argument that takes text given without a name, as in `command: ls /`.
    pub free_form: Option<&'static str>,
    /// Its own arguments.
    pub args: &'static [Arg],
    /// Arguments it shares with other modules.
    pub shared: &'static [&'static [Arg]],
    /// What must hold between arguments.
    pub rules: &'static [Rule],
}

/// One argument.
#[derive(Debug)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// Further names.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What stands for it where it is not given, as it would be written.
    pub default: Option<&'static str>,
    /// What it means.
    pub doc: &'static str,
}

/// What an argument takes; coercions are Ansible's.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text; numbers and booleans become text.
    Str,
    /// A truth value: `yes`, `no`, `on`, `1`, …
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A path; `~` and `$VAR` are expanded on the host.
    Path,
    /// File permissions: octal digits, a number, or symbolic as in `u=rwX,g-w`.
    Mode,
    /// A list; text is split at commas, a single value becomes a list of one.
    List(&'static Self),
    /// A mapping; JSON text or `k=v` pairs are parsed.
    Dict,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Whatever is given.
    Raw,
    /// A file or folder of the controller, found in the role's or playbook's `files`.
    Upload,
    /// A path of the machine that a tree is copied from, with all that is below it: of the controller as for an upload.
    Synced,
    /// A script of the controller, found in `files`, and its arguments.
    Script,
    /// A template of the controller, found in `templates` and rendered for the host.
    Rendered,
    /// What the first takes and the function finds nothing wrong with; the text says what that is.
    Checked(&'static Self, &'static str, fn(&Data) -> Result<(), String>),
}

/// What must hold between arguments.
#[derive(Debug)]
pub enum Rule {
    /// At most one of these.
    Exclusive(&'static [&'static str]),
    /// At least one of these.
    OneOf(&'static [&'static str]),
    /// All of these or none.
    Together(&'static [&'static str]),
    /// If the first has the value of the second, the rest must be given.
    RequiredIf(&'static str, &'static str, &'static [&'static str]),
}

impl Spec {
    /// All arguments, its own first.
    pub fn all(&self) -> impl Iterator<Item = &'static Arg> {
        self.args.iter().chain(self.shared.iter().copied().flatten())
    }

    /// The argument of a name or alias.
    pub fn find(&self, name: &str) -> Option<&'static Arg> {
        self.all().find(|arg| arg.name == name || arg.aliases.contains(&name))
    }

    /// The full name: `ansible.builtin.lineinfile`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.collection, self.name)
    }

    /// Whether a name, short or full, means this module.
    pub fn answers_to(&self, name: &str) -> bool {
        let short = name
            .strip_prefix("ansible.builtin.")
            .or_else(|| name.strip_prefix("ansible.legacy."))
            .unwrap_or(name);
        let own = name
            .strip_prefix(self.collection)
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(short);
        own == self.name || self.aliases.contains(&own) || self.aliases.contains(&name)
    }
}

impl Kind {
    /// What a message calls it.
    pub fn describe(&self) -> String {
        match self {
            Self::Str => "a string".into(),
            Self::Bool => "a boolean".into(),
            Self::Int => "a whole number".into(),
            Self::Float => "a number".into(),
            Self::Path | Self::Upload | Self::Synced | Self::Rendered => "a path".into(),
            Self::Checked(_, what, _) => (*what).into(),
            Self::Mode => "a file mode".into(),
            Self::List(_) => "a list".into(),
            Self::Dict => "a mapping".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Script => "a script".into(),
            Self::Raw => "any value".into(),
        }
    }
}
