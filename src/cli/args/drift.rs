//! `converge drift`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::LookArgs;

/// Looking for what moved.
#[derive(Args, Debug)]
pub(crate) struct DriftArgs {
    /// Take it that this commit, branch or tag was applied last, to every host
    ///
    /// Without it, the history of this machine says what was applied to each host.
    #[arg(long, value_name = "REV", help_heading = "What to look at")]
    pub(crate) applied: Option<String>,

    /// Only report what is new since the last check with --new, and what recovered
    #[arg(long, help_heading = "What is shown")]
    pub(crate) new: bool,

    /// Write a report, too: FORM=FILE, where FORM is text, json, junit, prometheus, html or chat
    ///
    /// May be given several times. A file is replaced as a whole or not at all; `-` is standard output.
    #[arg(
        long = "report",
        value_name = "FORM=FILE",
        help_heading = "What is shown",
        value_parser = report
    )]
    pub(crate) reports: Vec<(Form, PathBuf)>,

    /// Print the sudoers(5) lines that a check needs which logs in as --user, and do nothing else
    ///
    /// They let that user start one program of root's that reads and can't do anything else. What is to be installed first is said
    /// above them.
    #[arg(long, help_heading = "What is shown", conflicts_with_all = ["applied", "new", "reports"])]
    pub(crate) sudoers: bool,

    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As on the terminal, without colours.
    Text,
    /// `docs/drift.schema.json`.
    Json,
    /// JUnit's XML.
    Junit,
    /// For node_exporter's textfile collector.
    Prometheus,
    /// A page.
    Html,
    /// The body of a webhook.
    Chat,
}

fn report(text: &str) -> Result<(Form, PathBuf), String> {
    let (form, file) =
        text.split_once('=').ok_or("it is written FORM=FILE, as `html=drift.html`")?;
    let form = match form {
        "text" => Form::Text,
        "json" => Form::Json,
        "junit" => Form::Junit,
        "prometheus" => Form::Prometheus,
        "html" => Form::Html,
        "chat" => Form::Chat,
        other => {
            return Err(format!(
                "there is no form `{other}`; there are text, json, junit, prometheus, html and chat"
            ));
        }
    };
    if file.is_empty() {
        return Err("the file is missing".into());
    }
    Ok((form, PathBuf::from(file)))
}

#[cfg(test)]
mod tests {
    use super::{Form, report};

    #[test]
    fn forms_and_files() {
        assert_eq!(report("html=a=b.html"), Ok((Form::Html, "a=b.html".into())));
        for (text, wrong) in [
            ("html", "it is written FORM=FILE, as `html=drift.html`"),
            ("html=", "the file is missing"),
            (
                "pdf=x",
                "there is no form `pdf`; there are text, json, junit, prometheus, html and chat",
            ),
        ] {
            assert_eq!(report(text), Err(wrong.to_owned()));
        }
    }
}
