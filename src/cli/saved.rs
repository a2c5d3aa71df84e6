//! `converge show FILE`: a saved plan, shown again.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::ShowArgs;
use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::terminal::Terminal;
use crate::record::Head;
use crate::report::json::{SCHEMA, Told};
use crate::report::plan::{self, Style};
use crate::report::screen::Screen as _;
use crate::report::theme::Label;
use crate::saved::{self, Bound, Input, Machine, PlanKey, Saved, VERSION};

/// A saved plan for programs; docs/plan.schema.json describes it.
#[derive(Debug, Serialize)]
struct Document {
    schema: u32,
    converge: String,
    #[serde(flatten)]
    head: Head,
    plan: Told,
    saved: About,
}

/// What is to be said of the file itself.
#[derive(Debug, Serialize)]
struct About {
    form: u32,
    id: String,
    made: String,
    verified: bool,
    applied: Option<String>,
    inputs: Vec<Input>,
    machines: Vec<Machine>,
    steps: Vec<Bound>,
}

/// Shows the plan in a file.
pub(crate) fn show(
    path: &Path,
    args: &ShowArgs,
    environment: &Environment,
    terminal: &Terminal,
) -> End {
    let state = environment.state.as_deref();
    let key = PlanKey::existing(state, environment.plan_key.as_deref());
    let plan = match saved::read(path, key.as_ref()) {
        Ok(plan) => plan,
        Err(error) => {
            terminal.error(&error.to_string(), error.help().as_slice());
            return if error.refuses() { End::Refused } else { End::Invalid };
        }
    };
    let applied = state.and_then(|state| saved::spent(state, &plan.id).ok().flatten());
    if !plan.verified {
        terminal.warn(
            "nobody can tell whether the plan is as it was written: it was sealed with another key",
            &[],
        );
    }
    if args.json {
        let document = document(plan, applied);
        // Text, numbers and lists: all of them have a form in JSON.
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        terminal.answer(&format!("{text}\n"));
        return End::Shown;
    }
    let style = Style { theme: terminal.theme, verbose: args.verbose };
    terminal.out(&draw(&plan, applied.as_deref(), style, environment));
    End::Shown
}

fn draw(plan: &Saved, applied: Option<&str>, style: Style, environment: &Environment) -> String {
    let made = Timestamp::from_millisecond(plan.made_ms).unwrap_or_default();
    let made =
        made.to_zoned(environment.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let state = match applied {
        Some(when) => format!("applied {when}"),
        None => "not applied".to_owned(),
    };
    let id: String = plan.id.chars().take(12).collect();
    let title = style.theme.paint(Label::Title, &format!("{:<10}", "Plan"));
    let text = plan::draw(&plan.about.head, &plan.story, style);
    format!("{title} {id} {made}: {state}\n{text}")
}

fn document(plan: Saved, applied: Option<String>) -> Document {
    let made = Timestamp::from_millisecond(plan.made_ms).unwrap_or_default();
    Document {
        schema: SCHEMA,
        converge: plan.about.converge,
        head: plan.about.head,
        plan: Told::new(plan.story),
        saved: About {
            form: VERSION,
            id: plan.id,
            made: made.to_string(),
            verified: plan.verified,
            applied,
            inputs: plan.inputs,
            machines: plan.machines,
            steps: plan.steps,
        },
    }
}
