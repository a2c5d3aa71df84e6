//! The answers to `vars_prompt`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::cli::run::secrets::Prompter;
use crate::diagnostic::Diagnostic;
use crate::playbook::{Playbook, Prompt};
use crate::redact::{Redactor, Secret};
use crate::template::password_hash;
use crate::value::Value;
use crate::yaml::{Kind, Node};

/// Asks for every variable that a play asks for and `given` does not have. Without a terminal the default stands.
pub(super) fn answers(
    playbook: &Playbook,
    given: &[&str],
    prompter: &Prompter,
    redactor: &Redactor,
) -> Result<Vec<(String, Value)>, Vec<Diagnostic>> {
    let mut answers: Vec<(String, Value)> = Vec::new();
    let mut problems = Vec::new();
    for prompt in playbook.plays.iter().flat_map(|play| &play.vars_prompt) {
        let name = &*prompt.name.value;
        if given.contains(&name) || answers.iter().any(|(known, _)| known == name) {
            continue;
        }
        match answer(prompt, prompter).and_then(|text| {
            if is_private(prompt) {
                redactor.add(&text);
            }
            hashed(prompt, text)
        }) {
            Ok(text) => {
                if is_private(prompt) {
                    redactor.add(&text);
                }
                answers.push((name.to_owned(), Value::text(text.expose())));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(answers) } else { Err(problems) }
}

fn answer(prompt: &Prompt, prompter: &Prompter) -> Result<Secret, Diagnostic> {
    let name = &*prompt.name.value;
    let at = &prompt.name.span;
    let default = prompt.default.as_ref().and_then(text);
    if !io::stdin().is_terminal() {
        return default.map(Secret::from).ok_or_else(|| {
            Diagnostic::error(format!("`{name}` must be asked for, and there is no terminal"))
                .at(at, "")
                .help(format!("give it with `--extra-vars {name}=…`"))
        });
    }
    let private = is_private(prompt);
    let hint = match &default {
        Some(default) if !private => format!(" [{default}]"),
        _ => String::new(),
    };
    let question = prompt.prompt.as_ref().and_then(text).unwrap_or_else(|| name.to_owned());
    let question = format!("{question}{hint}: ");
    let ask = |question: &str| {
        let typed = if private { prompter.ask(question) } else { open(question) };
        typed.map_err(|error| {
            Diagnostic::error(format!("`{name}` can't be asked for: {error}")).at(at, "")
        })
    };
    loop {
        let typed = ask(&question)?;
        if truth(prompt.confirm.as_ref(), false) && ask(&format!("again, {question}"))? != typed {
            continue;
        }
        return Ok(match default {
            Some(default) if typed.is_empty() => Secret::from(default),
            _ => typed,
        });
    }
}

/// The answer as `encrypt` wants it: a hash as `/etc/shadow` keeps them.
fn hashed(prompt: &Prompt, answer: Secret) -> Result<Secret, Diagnostic> {
    let Some(scheme) = &prompt.encrypt else { return Ok(answer) };
    let salt = prompt.salt.as_ref().and_then(text);
    let size = match prompt.salt_size.as_ref().map(|node| &node.kind) {
        Some(Kind::Int(size)) => Some(*size),
        _ => None,
    };
    let kind = text(scheme).unwrap_or_default();
    password_hash(answer.expose(), &kind, salt.as_deref(), size)
        .map(Secret::from)
        .map_err(|problem| Diagnostic::error(problem).at(&scheme.span, ""))
}

/// What is typed is not shown unless the play says that it may be.
fn is_private(prompt: &Prompt) -> bool {
    truth(prompt.private.as_ref(), true)
}

fn truth(node: Option<&Node>, default: bool) -> bool {
    match node.map(|node| &node.kind) {
        Some(Kind::Bool(truth)) => *truth,
        Some(Kind::Str(word, _)) => {
            matches!(word.to_lowercase().as_str(), "yes" | "true" | "on" | "1" | "y" | "t")
        }
        Some(Kind::Int(number)) => *number != 0,
        _ => default,
    }
}

/// Asks and shows what is typed.
fn open(question: &str) -> io::Result<Secret> {
    let mut output = io::stdout().lock();
    output.write_all(question.as_bytes())?;
    output.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(Secret::from(line.trim_end_matches(['\n', '\r'])))
}

fn text(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Str(text, _) => Some(text.to_string()),
        Kind::Int(number) => Some(number.to_string()),
        Kind::Bool(truth) => Some(truth.to_string()),
        Kind::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
