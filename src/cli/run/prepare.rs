//! From the command line to a session: the project, its inventory and playbooks, read and checked.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::environment::Environment;
use crate::cli::exit::{End, Name};
use crate::cli::options::{Goal, Request};
use crate::cli::project::{Project, refuse_errors};
use crate::cli::run::guard::Guard;
use crate::cli::run::options::{escalation_password, options};
use crate::cli::run::secrets::Prompter;
use crate::cli::run::{extra, prompts, vars_files, wanted};
use crate::cli::terminal::Terminal;
use crate::cli::vault::unlock;
use crate::diagnostic::{Diagnostic, Severity};
use crate::git;
use crate::playbook::{Playbook, Probes, Reader, TagFilter};
use crate::project::Loader;
use crate::record::Head;
use crate::redact::Redactor;
use crate::run::{Catalogue, Given, Session, check};
use crate::source::Source;
use crate::target::Blobs;
use crate::template::{Engine, Options as Strictness};
use crate::transport::{Options as Network, Transport};

/// Everything that is needed to plan and apply.
pub(super) struct Prepared {
    /// Plans and applies.
    pub(super) session: Session,
    /// What it is about.
    pub(super) head: Head,
    /// The playbooks as they are called, and how many plays each has.
    pub(super) files: Vec<(String, usize)>,
    /// Which tasks are taken.
    pub(super) filter: TagFilter,
    /// Reads the project's files, and knows what was read.
    pub(super) loader: Arc<Loader>,
    /// The project's folder in the working tree.
    pub(super) origin: PathBuf,
    /// The declared environments that this is about.
    pub(super) guard: Option<Guard>,
}

/// Why nothing is run.
pub(crate) struct Refused {
    /// How it ends.
    pub(crate) end: End,
    /// What is to be said about it.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads and checks everything; asks for passwords last.
pub(super) fn prepare(
    request: &Request,
    environment: &Environment,
    terminal: &Terminal,
    redactor: &Arc<Redactor>,
    prompter: &Arc<Prompter>,
) -> Result<Prepared, Refused> {
    let (project, warnings) = Project::of(environment, redactor).map_err(invalid)?;
    terminal.diagnostics(&warnings);
    unlock(&request.unlock, &project, environment, prompter)
        .map_err(|problem| invalid(vec![problem]))?;
    let files = match &request.written {
        Some(written) => {
            let path = project.root().join(&written.name);
            project.loader.put(&path, Source::new(&written.name, written.text.as_str()));
            vec![path]
        }
        None => project.playbooks(&request.playbooks).map_err(invalid)?,
    };
    let (inventory, names, warnings) = project.inventory(&request.inventory).map_err(invalid)?;
    terminal.diagnostics(&warnings);
    let mut run = options(request, &project.config).map_err(invalid)?;
    let extra =
        extra::vars(&request.extra_vars, &environment.here, &project.loader).map_err(invalid)?;

    run.inventory = project.inventory_files(&request.inventory);
    let reader = Reader::new(
        Arc::clone(&project.loader),
        Arc::new(Catalogue),
        project.config.roles_path.clone(),
    );
    let reader = Arc::new(reader.with_extra(extra.clone()));
    let (playbook, counts, told) = read(&reader, &files);
    terminal.diagnostics(&refuse_errors(told).map_err(syntax)?);
    let strictness = Strictness { strict_conditions: run.strict_conditions };
    let folder = files.first().and_then(|file| file.parent()).unwrap_or(project.root());
    run.foreign = Arc::new(reader.own(folder).filters.clone());
    let engine = Engine::excusing(strictness, Arc::clone(&run.foreign));
    terminal.diagnostics(&refuse_errors(check(&playbook, &engine)).map_err(syntax)?);
    let (declared, told) = Probes::load(&project.loader, &playbook);
    terminal.diagnostics(&refuse_errors(told).map_err(syntax)?);
    run.declared = Arc::new(declared);
    let mut told = wanted::check(&request.selection, &playbook);
    if request.name == Name::AnsiblePlaybook {
        // Ansible runs nothing then and says so; its scripts rely on that.
        told.iter_mut().for_each(|problem| problem.severity = Severity::Warning);
    }
    terminal.diagnostics(&refuse_errors(told).map_err(invalid)?);

    let told = vars_files::check(&playbook, &project.loader);
    terminal.diagnostics(&refuse_errors(told).map_err(invalid)?);

    let head = Head {
        project: project.origin.display().to_string(),
        revision: match &environment.at {
            Some(at) => Some(at.resolved.revision.clone()),
            None => git::revision(project.root()).unwrap_or_else(|error| {
                terminal.warn(&error.to_string(), &[]);
                None
            }),
        },
        inventory: names,
        playbooks: files.iter().map(|file| project.name(file)).collect(),
        options: request.told(),
        environments: Vec::new(),
    };
    let guard = match request.goal {
        Goal::List(_) => None,
        _ => Guard::new(&project, request, environment, &inventory, &head.playbooks)
            .map_err(|problem| invalid(vec![problem]))?,
    };
    if !matches!(request.goal, Goal::List(_)) {
        let given: Vec<&str> = extra.iter().map(|(name, _)| name.value.as_str()).collect();
        run.answers = prompts::answers(&playbook, &given, prompter, redactor).map_err(invalid)?;
        let one = |problem| invalid(vec![problem]);
        run.connection.password =
            prompter.password(&request.connecting.password, "SSH").map_err(one)?;
        let from = escalation_password(request, &project.config);
        run.escalation.password = prompter.password(&from, "become").map_err(one)?;
    }
    let filter = TagFilter::new(&run.tags, &run.skip_tags);
    let files = head.playbooks.iter().cloned().zip(counts).collect();
    let blobs = Arc::new(Blobs::default());
    let given = Given {
        inventory,
        options: run,
        extra,
        loader: Arc::clone(&project.loader),
        reader,
        connector: Arc::new(network(&blobs, prompter)?),
        blobs,
    };
    let session = Session::new(playbook, given).map_err(invalid)?;
    if !matches!(request.goal, Goal::List(_)) {
        let one = |problem| invalid(vec![problem]);
        let told = session.check_variables().map_err(one)?;
        terminal.diagnostics(&refuse_errors(told).map_err(invalid)?);
        if request.name == Name::Converge {
            refuse_errors(session.check_patterns().map_err(one)?).map_err(invalid)?;
        }
    }
    let Project { loader, origin, .. } = project;
    Ok(Prepared { session, head, files, filter, loader, origin, guard })
}

/// The plays of all files in one playbook, and how many each file has.
fn read(reader: &Reader, files: &[PathBuf]) -> (Playbook, Vec<usize>, Vec<Diagnostic>) {
    let mut whole =
        Playbook { path: files.first().cloned().unwrap_or_default(), plays: Vec::new() };
    let mut counts = Vec::new();
    let mut diagnostics = Vec::new();
    for file in files {
        let (playbook, told) = reader.read(file);
        counts.push(playbook.plays.len());
        whole.plays.extend(playbook.plays);
        diagnostics.extend(told);
    }
    (whole, counts, diagnostics)
}

fn network(blobs: &Arc<Blobs>, prompter: &Arc<Prompter>) -> Result<Transport, Refused> {
    let prompter = Arc::clone(prompter);
    let mut network = Network::new(Arc::clone(blobs));
    network.ask_passphrase = Some(Arc::new(move |key, attempt| prompter.passphrase(key, attempt)));
    Transport::new(network).map_err(|error| {
        invalid(vec![Diagnostic::error(format!("the network can't be used: {error}"))])
    })
}

fn invalid(diagnostics: Vec<Diagnostic>) -> Refused {
    Refused { end: End::Invalid, diagnostics }
}

fn syntax(diagnostics: Vec<Diagnostic>) -> Refused {
    Refused { end: End::Syntax, diagnostics }
}
