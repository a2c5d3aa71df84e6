//! The project that converge was called in: its configuration, inventories and playbooks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::environment::Environment;
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::environment::{self, Settings};
use crate::inventory::{self, Inventory, Origin};
use crate::project::{self, Config, Disk, Loader};
use crate::redact::Redactor;
use crate::vault::Vault;

/// The folder of a project that holds its playbooks.
const FOLDER: &str = "playbooks";

/// The playbook that is run where none is named.
const DEFAULT: &str = "site";

/// Endings that a playbook's name may leave out.
const ENDINGS: [&str; 2] = [".yml", ".yaml"];

/// A project on disk.
pub(crate) struct Project {
    /// Reads its files.
    pub(crate) loader: Arc<Loader>,
    /// What its `ansible.cfg` says.
    pub(crate) config: Config,
    /// What its `converge.toml` says.
    pub(crate) settings: Settings,
    /// Its folder in the working tree, also where it is read from a commit.
    pub(crate) origin: PathBuf,
    /// The folder that converge was called in.
    here: PathBuf,
}

impl Project {
    /// The project that a folder lies in, and what is to be said about its configuration.
    /// `redactor` learns what is decrypted.
    pub(crate) fn open(
        here: &Path,
        redactor: &Arc<Redactor>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let root = project::find(here, &Disk);
        let vault = Arc::new(Vault::new(Arc::clone(redactor)));
        let loader = Arc::new(Loader::new(&root).with_vault(vault));
        let file = root.join("ansible.cfg");
        let mut config = Config::default();
        let mut diagnostics = Vec::new();
        if loader.is_file(&file) {
            let source = loader.text(&file).map_err(|problem| vec![*problem])?;
            (config, diagnostics) = Config::read(&source, &root);
        }
        let (settings, told) = Settings::load(&loader);
        diagnostics.extend(told);
        let diagnostics = refuse_errors(diagnostics)?;
        let (origin, here) = (root, here.to_owned());
        Ok((Self { loader, config, settings, origin, here }, diagnostics))
    }

    /// The project that converge was called in, as of the commit where one was asked for.
    pub(crate) fn of(
        environment: &Environment,
        redactor: &Arc<Redactor>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (mut project, warnings) = Self::open(&environment.here, redactor)?;
        if let Some(at) = &environment.at {
            at.settle(&mut project.config);
            project.origin = at.root().to_owned();
        }
        Ok((project, warnings))
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        self.loader.root()
    }

    /// The inventories of these names, or the default ones, put together. Also how each is called in a plan.
    pub(crate) fn inventory(
        &self,
        names: &[String],
    ) -> Result<(Inventory, Vec<String>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut origins = Vec::new();
        for name in names {
            match self.find_inventory(name) {
                Ok(found) => origins.extend(found),
                Err(problem) => problems.push(problem),
            }
        }
        if names.is_empty() {
            let found = inventory::default(&self.config.inventory, &self.loader);
            origins = found.map_err(|problem| vec![problem])?;
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let shown = origins.iter().map(|origin| self.name_of(origin)).collect();
        let (inventory, diagnostics) = Inventory::load(&origins, &self.loader);
        Ok((inventory, shown, refuse_errors(diagnostics)?))
    }

    /// What stands behind `--inventory`: an environment's name means its inventories.
    pub(crate) fn find_inventory(&self, name: &str) -> Result<Vec<Origin>, Diagnostic> {
        if let Some(environment) = self.settings.get(name) {
            return self.inventories(environment);
        }
        inventory::find(name, &self.here, &self.loader).map(|origin| vec![origin]).map_err(
            |problem| {
                let near = nearest(name, self.settings.names());
                match near
                    .filter(|_| !problem.help.iter().any(|help| help.contains("did you mean")))
                {
                    Some(near) => problem.help(format!("did you mean the environment `{near}`?")),
                    None => problem,
                }
            },
        )
    }

    /// The inventories of an environment; the names in `converge.toml` are those of the project.
    pub(crate) fn inventories(
        &self,
        environment: &environment::Environment,
    ) -> Result<Vec<Origin>, Diagnostic> {
        let at = environment.inventory.first().unwrap_or(&environment.name);
        let found = environment.inventories().into_iter().map(|name| {
            let found = inventory::find(&name, self.root(), &self.loader);
            found.map_err(|problem| problem.at(&at.span, ""))
        });
        found.collect()
    }

    /// The files and folders of these inventories, or of the default one, as `inventory_file` and its like name them.
    pub(crate) fn inventory_files(&self, names: &[String]) -> Vec<PathBuf> {
        let found = names.iter().filter_map(|name| self.find_inventory(name).ok());
        let mut origins: Vec<Origin> = found.flatten().collect();
        if names.is_empty() {
            origins = inventory::default(&self.config.inventory, &self.loader).unwrap_or_default();
        }
        let path = |origin| match origin {
            Origin::Path(path) => Some(path),
            Origin::List(_) => None,
        };
        origins.into_iter().filter_map(path).collect()
    }

    /// The files of these playbooks, or of the default one. A name is a path from the folder that converge was called in or from
    /// the project's, or the name of a file in its `playbooks` folder, whose ending may be left out.
    pub(crate) fn playbooks(&self, named: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
        if named.is_empty() {
            let file = self.find_playbook(Path::new(DEFAULT));
            return file.map(|file| vec![file]).ok_or_else(|| {
                vec![
                    Diagnostic::error(format!(
                        "there is no playbook `{FOLDER}/{DEFAULT}.yml` in `{}`",
                        self.root().display()
                    ))
                    .help("name the playbook to run, or call converge in a project"),
                ]
            });
        }
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for name in named {
            match self.find_playbook(name) {
                Some(file) => files.push(file),
                None => problems.push(self.missing(name)),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }

    fn find_playbook(&self, name: &Path) -> Option<PathBuf> {
        let folder = self.root().join(FOLDER);
        let bare = name.components().count() == 1 && name.extension().is_none();
        let with_ending = |ending: &str| folder.join(format!("{}{ending}", name.display()));
        [self.here.join(name), self.root().join(name), folder.join(name)]
            .into_iter()
            .chain(ENDINGS.iter().filter(|_| bare).map(|ending| with_ending(ending)))
            .find(|file| self.loader.is_file(file))
    }

    /// The message about a playbook that is not there, with what may have been meant: a command, or another playbook.
    fn missing(&self, name: &Path) -> Diagnostic {
        let shown = name.display().to_string();
        let problem = if self.loader.is_folder(&self.here.join(name)) {
            Diagnostic::error(format!("`{shown}` is a folder, not a playbook"))
        } else {
            Diagnostic::error(format!("there is no playbook `{shown}`"))
        };
        let command = crate::cli::args::command();
        let commands: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        if let Some(command) = nearest(&shown, commands) {
            return problem.help(format!("did you mean the command `converge {command}`?"));
        }
        let known = self.known_playbooks();
        let base =
            name.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = ENDINGS.iter().find_map(|ending| base.strip_suffix(ending)).unwrap_or(&base);
        match nearest(stem, known.iter().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => problem,
            None => problem.help(format!("`{FOLDER}` has {}", known.join(", "))),
        }
    }

    /// The names of the files in the `playbooks` folder without their endings.
    fn known_playbooks(&self) -> Vec<String> {
        let entries = self.loader.list(&self.root().join(FOLDER));
        let stem = |entry: &String| {
            ENDINGS.iter().find_map(|ending| entry.strip_suffix(ending)).map(str::to_owned)
        };
        entries.iter().filter_map(stem).collect()
    }

    /// A file as it is called in a plan: relative to the project where it lies in it.
    pub(crate) fn name(&self, file: &Path) -> String {
        self.loader.name(file).display().to_string()
    }

    fn name_of(&self, origin: &Origin) -> String {
        match origin {
            Origin::List(list) => list.clone(),
            Origin::Path(path) => self.name(path),
        }
    }
}

/// The warnings, unless there is an error among them: then all.
pub(crate) fn refuse_errors(
    diagnostics: Vec<Diagnostic>,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let errors = diagnostics.iter().any(|problem| problem.severity == Severity::Error);
    if errors { Err(diagnostics) } else { Ok(diagnostics) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::Project;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    /// Where `name` leads in the folder `here`, relative to the project, or what is said about it.
    fn found(folder: &Path, here: &str, name: Option<&str>) -> String {
        let (project, _) = Project::open(&folder.join(here), &Arc::default()).ok().unwrap();
        let named: Vec<PathBuf> = name.map(PathBuf::from).into_iter().collect();
        match project.playbooks(&named) {
            Ok(files) => project.name(&files[0]),
            Err(problems) => format!("{} ({})", problems[0].message, problems[0].help.join("; ")),
        }
    }

    #[test]
    fn playbooks_are_found_from_any_folder() {
        let folder = project(&[
            "ansible.cfg",
            "playbooks/site.yml",
            "playbooks/reboot.yaml",
            "roles/a/x",
            "top.yml",
        ]);
        let found = |here: &str, name| found(folder.path(), here, name);
        assert_eq!(found("", None), "playbooks/site.yml");
        assert_eq!(found("roles/a", None), "playbooks/site.yml");
        assert_eq!(found("roles/a", Some("reboot")), "playbooks/reboot.yaml");
        assert_eq!(found("roles/a", Some("top.yml")), "top.yml");
        assert_eq!(found("playbooks", Some("site.yml")), "playbooks/site.yml");
        assert_eq!(found("", Some("playbooks/site.yml")), "playbooks/site.yml");
    }

    #[test]
    fn a_playbook_that_is_not_there() {
        let folder = project(&["ansible.cfg", "playbooks/site.yml", "playbooks/reboot.yml"]);
        let found = |name| found(folder.path(), "", Some(name));
        assert_eq!(found("rebot"), "there is no playbook `rebot` (did you mean `reboot`?)");
        assert_eq!(
            found("playbooks/siet.yml"),
            "there is no playbook `playbooks/siet.yml` (did you mean `site`?)"
        );
        assert_eq!(
            found("histroy"),
            "there is no playbook `histroy` (did you mean the command `converge history`?)"
        );
        assert_eq!(found("xyzzy"), "there is no playbook `xyzzy` (`playbooks` has reboot, site)");
        assert_eq!(
            found("playbooks"),
            "`playbooks` is a folder, not a playbook (`playbooks` has reboot, site)"
        );
    }

    #[test]
    fn a_project_without_the_default_playbook_says_so() {
        let folder = project(&["ansible.cfg"]);
        let said = found(folder.path(), "", None);
        assert!(said.starts_with("there is no playbook `playbooks/site.yml` in `"), "{said}");
    }
}
