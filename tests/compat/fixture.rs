//! The files of `tests/compat`: what goes in, and what ansible-core makes of it.
//!
//! A file begins with comments and with the variables its cases see: `vars` in JSON are text of a project, templates
//! included; `data` are values that no template can come from. Then come cases: some lines of input, and a line with the
//! result. A blank line separates them.
//!
//! ```text
//! {{ 1 + 1 }}
//! => 2
//!
//! ? nowhere == 1
//! => error undefined
//!
//! % {"trim_blocks": false}
//! {% if true %}
//! a template file
//! {% endif %}
//! => "\na template file\n\n"
//! ```
//!
//! `?` marks a condition, `%` a template file with the options of the module `template`; input in double quotes is JSON.
//! A line `~>` behind the result says what converge gives instead, knowingly: each has a paragraph in `docs/compat.md`.

use serde_json::Value;

/// One file.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// Comments and variables as they stand.
    head: String,
    /// Variables that are text of the project.
    pub vars: Value,
    /// Variables that are data.
    pub data: Value,
    /// The cases in order.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    /// Where it begins, from 1.
    pub line: usize,
    /// What goes in, as it stands.
    raw: String,
    /// What sort of text it is.
    pub kind: Kind,
    /// The text.
    pub text: String,
    /// What ansible-core gives.
    pub want: Option<Outcome>,
    /// What converge gives instead.
    pub ours: Option<Outcome>,
}

/// What sort of text a case is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A string in YAML.
    Template,
    /// A condition.
    Condition,
    /// A template file, with options.
    File(Value),
}

/// What comes of a case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A value; what JSON has no form for is marked: `{"$int": "…"}`, `{"$float": "…"}`, `{"$map": [[key, value]]}`.
    Value(Value),
    /// A mistake of a class: `undefined`, `syntax`, `omitted` or `other`.
    Error(String),
}

impl Fixture {
    /// Reads a file; a message says what is wrong with it.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let mut fixture =
            Self { head: String::new(), vars: Value::Null, data: Value::Null, cases: Vec::new() };
        let mut lines = source.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next_if(|(_, line)| is_head(line)) {
            fixture.head.push_str(line);
            fixture.head.push('\n');
            let json = |rest: &str| {
                serde_json::from_str(rest).map_err(|error| format!("line {}: {error}", number + 1))
            };
            if let Some(rest) = line.strip_prefix("vars ") {
                fixture.vars = json(rest)?;
            } else if let Some(rest) = line.strip_prefix("data ") {
                fixture.data = json(rest)?;
            }
        }
        while let Some((number, first)) = lines.next() {
            let mut input = vec![first];
            let result = loop {
                match lines.next() {
                    Some((_, line)) if line == "=>" || line.starts_with("=> ") => break line,
                    Some((_, line)) => input.push(line),
                    None => return Err(format!("line {}: the case has no `=>`", number + 1)),
                }
            };
            let ours = lines.next_if(|(_, line)| line.starts_with("~> ")).map(|(_, line)| line);
            fixture.cases.push(Case::new(number + 1, &input, result, ours)?);
            if let Some((number, line)) = lines.next()
                && !line.is_empty()
            {
                return Err(format!("line {}: a blank line is expected", number + 1));
            }
        }
        Ok(fixture)
    }

    /// The file with the results its cases have.
    pub(crate) fn print(&self) -> String {
        let mut out = self.head.clone();
        for (index, case) in self.cases.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            out.push_str(&case.raw);
            out.push('\n');
            match &case.want {
                None => out.push_str("=>\n"),
                Some(want) => out.push_str(&format!("=> {}\n", want.print())),
            }
            if let Some(ours) = &case.ours {
                out.push_str(&format!("~> {}\n", ours.print()));
            }
        }
        out
    }
}

impl Case {
    fn new(line: usize, input: &[&str], result: &str, ours: Option<&str>) -> Result<Self, String> {
        let raw = input.join("\n");
        let at = |error: serde_json::Error| format!("line {line}: {error}");
        let (kind, text) = if let Some(rest) = raw.strip_prefix("% ") {
            let (options, body) = rest.split_once('\n').unwrap_or((rest, ""));
            (Kind::File(serde_json::from_str(options).map_err(at)?), format!("{body}\n"))
        } else if let Some(rest) = raw.strip_prefix("? ") {
            (Kind::Condition, rest.to_owned())
        } else if raw.starts_with('"') {
            (Kind::Template, serde_json::from_str(&raw).map_err(at)?)
        } else {
            (Kind::Template, raw.clone())
        };
        let want = result.strip_prefix("=> ").map(Outcome::parse).transpose().map_err(at)?;
        let ours = ours
            .and_then(|line| line.strip_prefix("~> "))
            .map(Outcome::parse)
            .transpose()
            .map_err(at)?;
        Ok(Self { line, raw, kind, text, want, ours })
    }
}

impl Outcome {
    fn parse(text: &str) -> Result<Self, serde_json::Error> {
        match text.strip_prefix("error ") {
            Some(class) => Ok(Self::Error(class.to_owned())),
            None => serde_json::from_str(text).map(Self::Value),
        }
    }

    /// As it stands in a file.
    pub(crate) fn print(&self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Error(class) => format!("error {class}"),
        }
    }
}

fn is_head(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("# ")
        || line.starts_with("vars ")
        || line.starts_with("data ")
}
