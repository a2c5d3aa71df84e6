//! Plays a scenario: reads its project, plans, performs and plans again, and draws what happened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use converge::diagnostic::{Diagnostic, Severity, render};
use converge::inventory::{Inventory, Origin};
use converge::plan::options::Options;
use converge::playbook::{Playbook, Probes, Reader};
use converge::project::Loader;
use converge::record::{Collector, Recorder, Story};
use converge::redact::{Redactor, Secret};
use converge::report::json::Told;
use converge::report::plan::{Style, changes, only};
use converge::report::screen::Screen;
use converge::report::summary;
use converge::report::tell::{Manner, Teller};
use converge::run::{Catalogue, Given, Mode, Reviewed, Session, check};
use converge::source::{Source, Span, Spanned};
use converge::target::Blobs;
use converge::template::{Engine, Options as Strictness};
use converge::yaml::{Node, parse};
use converge_host::change::Change;
use tempfile::TempDir;

use crate::described::Described;
use crate::literate::Scenario;
use crate::machine::Memory;
use crate::target::Machines;
use crate::undo::{self, Tap};

/// What came of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Each kind of block and its text, those that hold nothing included.
    pub(crate) texts: Vec<(&'static str, String)>,
    /// What must hold for every scenario and does not.
    pub(crate) faults: Vec<String>,
}

/// A scenario set up.
struct Stage {
    session: Session,
    redactor: Arc<Redactor>,
    folder: TempDir,
    /// What reading the project had to say.
    warnings: Vec<Diagnostic>,
}

/// A walk and what was told of it.
struct Walk {
    story: Story,
    told: String,
    reviewed: Reviewed,
    /// The changes that were made, with their hosts.
    made: Vec<(String, Change)>,
    broken: Option<Diagnostic>,
}

/// Keeps what is written.
#[derive(Default)]
struct Kept(Mutex<String>);

impl Screen for Kept {
    fn out(&self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }

    fn err(&self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }
}

/// Plays a scenario from its beginning to its end.
pub(crate) fn play(scenario: &Scenario) -> Result<Played, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let blobs = Arc::new(Blobs::default());
    let machines = Arc::new(machines(scenario, &blobs)?);
    let stage = match Stage::set(scenario, folder, &machines, &blobs, false)? {
        Ok(stage) => stage,
        Err(error) => {
            let texts = vec![("plan", String::new()), ("apply", String::new()), ("error", error)];
            return Ok(Played { texts, faults: Vec::new() });
        }
    };
    let mut faults = Vec::new();
    let warnings = stage.clean(&render(&stage.warnings, false));

    let plan = stage.walk(Mode::Plan);
    let touched = |machines: &Machines| -> Vec<String> {
        let names = scenario.of("host").map(|block| block.name.as_str());
        let states = names.filter_map(|name| machines.machine(name));
        states.map(|machine| format!("{:?}", machine.done)).collect()
    };
    let clean = touched(&machines);
    let again = stage.walk(Mode::Plan);
    if again.drawn() != plan.drawn() {
        faults.push(format!("planned twice, it is another plan:\n{}", again.drawn()));
    }
    // What programs read of it as well, to the byte.
    if again.document() != plan.document() {
        faults.push(format!("planned twice, it is another document:\n{}", again.document()));
    }
    if clean.iter().any(|state| *state != format!("{:?}", Memory::new(Described::default()).done)) {
        faults.push("planning did something".to_owned());
    }

    faults.extend(turned(scenario, &machines, &blobs, &plan.story)?);

    let mut apply = None;
    let mut rest = None;
    if plan.broken.is_none() && scenario.option("--check").is_none() {
        let reviewed = Some(plan.reviewed.clone());
        let names: Vec<&str> = scenario.of("host").map(|block| block.name.as_str()).collect();
        let before: Vec<_> = names.iter().map(|name| machines.machine(name)).collect();
        let walk = stage.walk(Mode::Apply { reviewed });
        for (name, before) in names.iter().zip(before) {
            let made = walk.made.iter().filter(|(host, _)| host == name);
            let made: Vec<_> = made.map(|(_, change)| change.clone()).collect();
            if let (Some(before), Some(after)) = (before, machines.machine(name)) {
                faults.extend(undo::faults(name, &before, after, &made));
            }
        }
        faults.extend(crate::agree::faults(&plan.story, &walk.story));
        rest = Some(stage.walk(Mode::Plan));
        apply = Some(walk);
    }
    let text = |walk: &Option<Walk>, draw: fn(&Walk) -> String| {
        walk.as_ref().map(draw).unwrap_or_default()
    };
    let rest = match &rest {
        Some(walk) if walk.story.totals().pending() || walk.broken.is_some() => walk.drawn(),
        _ => String::new(),
    };
    let broken = [&plan.broken, &apply.as_ref().and_then(|walk| walk.broken.clone())];
    let broken: Vec<Diagnostic> = broken.into_iter().flatten().cloned().collect();
    let texts = vec![
        ("plan", plan.drawn()),
        ("apply", text(&apply, |walk| walk.told.clone())),
        ("again", rest),
        ("error", warnings + &render(&broken, false)),
    ];
    let texts = texts.into_iter().map(|(kind, text)| (kind, stage.clean(&text))).collect();
    Ok(Played { texts, faults })
}

/// What is planned differently where the hosts come in another order. Some keywords are about the order.
fn turned(
    scenario: &Scenario,
    machines: &Arc<Machines>,
    blobs: &Arc<Blobs>,
    plan: &Story,
) -> Result<Vec<String>, String> {
    let about_order = ["run_once", "serial", "add_host", "group_by", "any_errors_fatal", "order:"];
    let texts: Vec<&str> = scenario.files().map(|file| file.text.as_str()).collect();
    let mut words = about_order.iter().chain(&[
        "hostvars",
        "max_fail",
        "clear_host_errors",
        "end_play",
        "end_batch",
    ]);
    let ordered = words.any(|word| texts.iter().any(|text| text.contains(word)));
    let listed = scenario.files().any(|file| file.name == "hosts");
    if ordered || listed || scenario.of("host").count() < 2 {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let Ok(stage) = Stage::set(scenario, folder, machines, blobs, true)? else {
        return Ok(vec!["with the hosts in another order it can't be read".to_owned()]);
    };
    machines.forget();
    let other = stage.walk(Mode::Plan).story;
    let drawn = |story: &Story, host: &str| changes(&only(story, host), Style::default());
    let names = scenario.of("host").map(|block| block.name.as_str());
    let differs = names.filter(|name| drawn(&other, name) != drawn(plan, name));
    Ok(differs
        .map(|name| {
            let (is, was) = (drawn(&other, name), drawn(plan, name));
            format!("with the hosts in another order the plan of {name} is\n{is}and not\n{was}")
        })
        .collect())
}

impl Stage {
    /// Reads the project; the inner error is what would be told to its author.
    fn set(
        scenario: &Scenario,
        folder: TempDir,
        machines: &Arc<Machines>,
        blobs: &Arc<Blobs>,
        turned: bool,
    ) -> Result<Result<Self, String>, String> {
        let root = folder.path().join("project");
        for file in scenario.files() {
            let path = root.join(&file.name);
            fs::create_dir_all(path.parent().unwrap_or(&root))
                .map_err(|error| error.to_string())?;
            fs::write(path, &file.text).map_err(|error| error.to_string())?;
        }
        let refuse = |diagnostics: &[Diagnostic]| {
            Ok(Err(cleaned(&render(diagnostics, false), folder.path())))
        };
        let loader = Arc::new(Loader::new(&root));
        let origin = match root.join("hosts").exists() {
            true => Origin::Path(root.join("hosts")),
            false => {
                let names = scenario.of("host").map(|block| format!("{},", block.name));
                let mut names: Vec<String> = names.collect();
                if turned {
                    names.reverse();
                }
                Origin::List(names.concat())
            }
        };
        let (inventory, mut warnings) = Inventory::load(&[origin], &loader);
        let reader = Arc::new(Reader::new(Arc::clone(&loader), Arc::new(Catalogue), Vec::new()));
        let (playbook, more) = reader.read(&root.join("site.yml"));
        warnings.extend(more);
        if worst(&warnings) {
            return refuse(&warnings);
        }
        let foreign = Arc::new(reader.own(folder.path()).filters.clone());
        let engine = Engine::excusing(Strictness::default(), Arc::clone(&foreign));
        warnings.extend(check(&playbook, &engine));
        if worst(&warnings) {
            return refuse(&warnings);
        }
        let (declared, told) = Probes::load(&loader, &playbook);
        warnings.extend(told);
        if worst(&warnings) {
            return refuse(&warnings);
        }
        let redactor = Arc::new(Redactor::new());
        let options = match options(scenario, &redactor, &playbook) {
            Ok(options) => Options { declared: Arc::new(declared), foreign, ..options },
            Err(problem) => return refuse(&[problem]),
        };
        let given = Given {
            inventory,
            options,
            extra: extra(scenario),
            loader,
            reader,
            connector: Arc::clone(machines) as Arc<dyn converge::target::Connector>,
            blobs: Arc::clone(blobs),
        };
        match Session::new(playbook, given) {
            Ok(session) => Ok(Ok(Self { session, redactor, folder, warnings })),
            Err(problems) => refuse(&problems),
        }
    }

    fn walk(&self, mode: Mode) -> Walk {
        let screen = Arc::new(Kept::default());
        let manner = Manner { width: 40, ..Manner::default() };
        let teller = Arc::new(Teller::new(Arc::clone(&screen) as Arc<dyn Screen>, manner));
        let collector = Arc::new(Collector::new());
        let recorder = Recorder::new(Arc::clone(&self.redactor))
            .to(Arc::clone(&collector) as Arc<dyn converge::record::Reader>)
            .to(Arc::clone(&teller) as Arc<dyn converge::record::Reader>);
        let tap = Tap::new(&recorder);
        let walked = self.session.walk(mode, &tap);
        let made = tap.made();
        teller.recap(&recorder.recap());
        let mut story = collector.story();
        story.hosts = recorder.recap();
        let told = screen.0.lock().unwrap().trim_start_matches('\n').to_owned();
        match walked {
            Ok(ended) => Walk { story, told, reviewed: ended.planned, made, broken: None },
            Err(problem) => {
                Walk { story, told, reviewed: Reviewed::default(), made, broken: Some(problem) }
            }
        }
    }

    fn clean(&self, text: &str) -> String {
        cleaned(text, self.folder.path())
    }
}

impl Walk {
    /// The plan as a program reads it.
    fn document(&self) -> String {
        let text = serde_json::to_string_pretty(&Told::new(self.story.clone())).unwrap_or_default();
        // How long it took is never the same.
        text.lines().filter(|line| !line.contains("\"took_ms\"")).collect::<Vec<_>>().join("\n")
    }

    /// The plan as a person reads it.
    fn drawn(&self) -> String {
        let mut text = changes(&self.story, Style::default());
        for warning in &self.story.warnings {
            text.push_str(&format!("warning: {warning}\n\n"));
        }
        text + &summary::plan(&self.story.totals()) + "\n"
    }
}

/// A text that is the same wherever the project lies.
fn cleaned(text: &str, folder: &Path) -> String {
    let text = text.replace(&folder.display().to_string(), "");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn worst(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|problem| problem.severity == Severity::Error)
}

fn machines(scenario: &Scenario, blobs: &Arc<Blobs>) -> Result<Machines, String> {
    let mut machines = Vec::new();
    for block in scenario.of("host") {
        machines.push((block.name.clone(), Memory::new(Described::read(&block.text)?)));
    }
    Ok(Machines::new(machines, Arc::clone(blobs)))
}

/// The few options of the command line that a scenario may use.
fn options(
    scenario: &Scenario,
    redactor: &Redactor,
    playbook: &Playbook,
) -> Result<Options, Diagnostic> {
    let list = |name| {
        let text = scenario.option(name).unwrap_or_default();
        text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    if let Some(secret) = scenario.option("--secret") {
        redactor.add(&Secret::new(&secret));
    }
    let start_at = scenario.option("--start-at-task");
    if let Some(name) = &start_at {
        converge::playbook::find_start(playbook, name)?;
    }
    Ok(Options {
        limit: scenario.option("--limit"),
        tags: list("--tags"),
        skip_tags: list("--skip-tags"),
        start_at,
        force_handlers: scenario.option("--force-handlers").is_some(),
        check: scenario.option("--check").is_some(),
        inventory: vec![PathBuf::from("hosts")],
        gather_facts: false,
        probes: scenario.option("--no-probes").is_none(),
        ..Options::default()
    })
}

/// `--extra-vars`, as YAML.
fn extra(scenario: &Scenario) -> Vec<(Spanned<String>, Node)> {
    let Some(text) = scenario.option("--extra-vars") else { return Vec::new() };
    let source = Source::new("--extra-vars", text.as_str());
    let node = parse(&source).0;
    let entries = node.as_ref().and_then(Node::as_map).into_iter().flatten();
    entries
        .map(|(key, value)| {
            let name = key.as_str().unwrap_or_default().to_owned();
            (Spanned::new(name, Span::whole(&source)), value.clone())
        })
        .collect()
}
