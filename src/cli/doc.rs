//! `converge doc`: what the modules' own declarations say.

use converge_host::args::{Arg, Kind, Rule, Spec};
use converge_host::modules;

use crate::cli::exit::End;
use crate::cli::terminal::Terminal;
use crate::diagnostic::nearest;
use crate::report::screen::Screen as _;
use crate::report::theme::{Label, Theme};

/// Columns that an explanation takes at most.
const WIDEST: usize = 88;

/// Prints what a module does and which arguments it takes; without a name, all modules.
pub(crate) fn doc(name: Option<&str>, terminal: &Terminal) -> End {
    let Some(name) = name else {
        terminal.out(&list(terminal.theme));
        return End::Shown;
    };
    let Some(entry) = modules::find(name) else {
        let names = modules::ALL.iter().map(|entry| entry.spec.name);
        let help = match nearest(name.rsplit('.').next().unwrap_or(name), names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`converge doc` lists all modules".into(),
        };
        terminal.error(&format!("there is no module `{name}`"), &[help]);
        return End::Invalid;
    };
    terminal.out(&page(entry.spec, terminal.theme));
    End::Shown
}

/// Every module in one line.
fn list(theme: Theme) -> String {
    let mut specs: Vec<&Spec> = modules::ALL.iter().map(|entry| entry.spec).collect();
    specs.sort_by_key(|spec| spec.name);
    let width = specs.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
    let line = |spec: &Spec| {
        let name = theme.paint(Label::Title, &format!("{:width$}", spec.name));
        format!("{name}  {}\n", spec.doc.lines().next().unwrap_or_default())
    };
    specs.into_iter().map(line).collect()
}

fn page(spec: &Spec, theme: Theme) -> String {
    let mut text = format!("{}\n\n", theme.paint(Label::Title, &spec.full_name()));
    spec.doc.lines().for_each(|line| text.push_str(&paragraph(line, 2)));
    if !spec.aliases.is_empty() {
        text.push_str(&format!("\n  Also called {}.\n", spec.aliases.join(", ")));
    }
    let mut args: Vec<&Arg> = spec.all().collect();
    args.sort_by_key(|arg| (!arg.required, arg.name));
    if !args.is_empty() {
        text.push_str(&format!("\n{}\n", theme.paint(Label::Title, "Arguments")));
    }
    for arg in args {
        text.push_str(&format!("\n  {}  {}\n", theme.paint(Label::Host, arg.name), facts(arg)));
        arg.doc.lines().for_each(|line| text.push_str(&paragraph(line, 6)));
    }
    let rules: Vec<String> = spec.rules.iter().map(rule).collect();
    if !rules.is_empty() {
        text.push_str(&format!("\n{}\n\n", theme.paint(Label::Title, "Rules")));
        rules.iter().for_each(|rule| text.push_str(&paragraph(rule, 2)));
    }
    if let Some(name) = spec.free_form {
        text.push_str(&format!("\n  Text given without a name is `{name}`.\n"));
    }
    text
}

/// What there is to know of an argument beside what it means.
fn facts(arg: &Arg) -> String {
    let mut facts = vec![kind(&arg.kind)];
    if arg.required {
        facts.push("required".into());
    }
    facts.extend(arg.default.map(|default| format!("default {default}")));
    if !arg.aliases.is_empty() {
        facts.push(format!("also {}", arg.aliases.join(", ")));
    }
    format!("({})", facts.join("; "))
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::List(of) => match of {
            Kind::Raw => "a list".into(),
            of => format!("a list, each {}", of.describe()),
        },
        Kind::Upload => "a path on the controller".into(),
        Kind::Checked(of, what, _) => format!("{}, {what}", of.describe()),
        Kind::Script => "a script on the controller and its arguments".into(),
        Kind::Rendered => "a template on the controller".into(),
        other => other.describe(),
    }
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Exclusive(names) => format!("At most one of {}.", names.join(", ")),
        Rule::OneOf(names) => format!("At least one of {}.", names.join(", ")),
        Rule::Together(names) => format!("All or none of {}.", names.join(", ")),
        Rule::RequiredIf(name, value, needed) => {
            format!("Where {name} is {value}: {}.", needed.join(", "))
        }
    }
}

/// A line of text broken into lines that are not too wide.
fn paragraph(line: &str, depth: usize) -> String {
    let mut text = String::new();
    let mut current = String::new();
    for word in line.split_whitespace() {
        if !current.is_empty()
            && depth + current.chars().count() + 1 + word.chars().count() > WIDEST
        {
            text.push_str(&format!("{:depth$}{current}\n", ""));
            current.clear();
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    if current.is_empty() && text.is_empty() {
        return "\n".into();
    }
    text.push_str(&format!("{:depth$}{current}\n", ""));
    text
}

#[cfg(test)]
mod tests {
    use converge_host::args::{Arg, Kind, Rule, Spec};

    use super::page;
    use crate::report::theme::Theme;

    static SPEC: Spec = Spec {
        name: "greet",
        collection: "ansible.builtin",
        aliases: &["hello"],
        doc: "Greets a person.\n\nPoliteness is a matter of long sentences that go on until the line is over and even then they go on a bit.",
        free_form: Some("name"),
        args: &[
            Arg {
                name: "tone",
                aliases: &["mood"],
                kind: Kind::Choice(&["kind", "cold"]),
                required: false,
                default: Some("kind"),
                doc: "How.",
            },
            Arg {
                name: "name",
                aliases: &[],
                kind: Kind::List(&Kind::Str),
                required: true,
                default: None,
                doc: "Whom.",
            },
        ],
        shared: &[],
        rules: &[Rule::Exclusive(&["tone", "name"])],
    };

    #[test]
    fn a_page_from_a_declaration() {
        insta::assert_snapshot!(page(&SPEC, Theme::default()), @r"
        ansible.builtin.greet

          Greets a person.

          Politeness is a matter of long sentences that go on until the line is over and even
          then they go on a bit.

          Also called hello.

        Arguments

          name  (a list, each a string; required)
              Whom.

          tone  (one of kind, cold; default kind; also mood)
              How.

        Rules

          At most one of tone, name.

          Text given without a name is `name`.
        ");
    }
}
