//! `converge drift`: checks, compares with the last check, shows and writes reports.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::cli::args::{DriftArgs, Form, Format};
use crate::cli::environment::Environment;
use crate::cli::exit::End;
use crate::cli::options::Request;
use crate::cli::run::{Checking, Refused};
use crate::cli::sudoers;
use crate::cli::terminal::Terminal;
use crate::drift::{Counts, Report, Verdict};
use crate::history::{History, HistoryError};
use crate::redact::Redactor;
use crate::report::drift::{chat, html, json, junit, prometheus, text};
use crate::report::screen::Screen as _;
use crate::report::theme::Theme;

/// So many checks are in the chart of a page.
const CHARTED: usize = 120;

/// Checks and reports.
pub(crate) fn drift(
    mut args: DriftArgs,
    environment: &Environment,
    redactor: &Arc<Redactor>,
) -> End {
    if args.sudoers {
        return sudoers::print(args.look.reach.connect.user.as_deref(), redactor);
    }
    let (reports, news) = (std::mem::take(&mut args.reports), args.new);
    let applied = args.applied.take();
    let request = Request::look(args.look.into_run());
    let stdout = reports.iter().any(|(_, file)| is_stdout(file));
    let answers = request.output.format == Format::Json || stdout;
    let terminal = Terminal::new(Arc::clone(redactor), request.output.color).answer_only(answers);
    let history = match History::open(&environment.history) {
        Ok(history) => history,
        Err(error) => {
            let help: Vec<String> = error.help().into_iter().collect();
            terminal.error(&format!("it can't be told what was applied: {error}"), &help);
            return End::Invalid;
        }
    };
    let checking = Checking {
        request: &request,
        environment,
        terminal: &terminal,
        redactor,
        history: &history,
        applied: applied.as_deref(),
    };
    let mut report = match checking.check() {
        Ok(report) => report,
        Err(Refused { end, diagnostics }) => {
            terminal.diagnostics(&diagnostics);
            return end;
        }
    };
    let kept = compare(&history, &mut report, news);
    for warning in &report.warnings {
        terminal.warn(warning, &[]);
    }
    if let Err(error) = kept {
        let help: Vec<String> = error.help().into_iter().collect();
        terminal.warn(&format!("this check is not kept: {error}"), &help);
    }
    let shown = if news { report.news() } else { report.clone() };
    let verbose = request.output.verbosity > 0;
    let style = |theme, zone: &TimeZone| text::Style { theme, zone: zone.clone(), verbose, news };
    if request.output.format == Format::Json {
        terminal.answer(&json(&shown));
    } else {
        terminal.out(&text::draw(&shown, &style(terminal.theme, &environment.zone)));
    }
    let mut end = end(shown.verdict());
    for (form, file) in &reports {
        let drawn = match form {
            Form::Text => text::draw(&shown, &style(Theme::default(), &environment.zone)),
            Form::Json => json(&shown),
            Form::Junit => junit::draw(&shown),
            // What is measured is what is, and not what is new.
            Form::Prometheus => prometheus::draw(&report),
            Form::Html => html::draw(&report, &past(&history, &report), &environment.zone),
            Form::Chat => chat::draw(&shown, news),
        };
        let written = match is_stdout(file) {
            true => {
                terminal.answer(&drawn);
                Ok(())
            }
            false => write(&environment.here.join(file), &redactor.redact(&drawn)),
        };
        if let Err(error) = written {
            let message = format!("the report `{}` can't be written: {error}", file.display());
            terminal.error(&message, &["what stood there before is as it was".into()]);
            end = End::Invalid;
        }
    }
    end
}

/// Compares with earlier checks, and keeps this one.
fn compare(history: &History, report: &mut Report, news: bool) -> Result<(), HistoryError> {
    let before = history.last_report(report, false)?;
    let told = if news { history.last_report(report, true)? } else { before.clone() };
    report.follow(before.as_ref(), told.as_ref());
    history.keep_report(report, news)
}

/// What earlier checks and this one amounted to.
fn past(history: &History, report: &Report) -> Vec<(i64, Counts)> {
    let past = history.past_reports(report, CHARTED).unwrap_or_default();
    past.into_iter().map(|one| (one.taken_ms, one.counts)).collect()
}

fn is_stdout(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Writes a file that anybody may read, as a whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// How a check ends.
fn end(verdict: Verdict) -> End {
    match verdict {
        Verdict::Failed => End::Failed,
        Verdict::Unreachable => End::Unreachable,
        Verdict::Drifted => End::Pending,
        Verdict::Unknown => End::Unknown,
        Verdict::Clean => End::Unchanged,
    }
}
