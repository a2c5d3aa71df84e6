//! The settings of `ansible.cfg` that mean something here.
//!
//! Format: <https://docs.ansible.com/ansible/latest/reference_appendices/config.html>, an INI file as Python's configparser reads it:
//! `#` and `;` begin comment lines, ` ;` begins a comment in a line, deeper lines continue a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span, Spanned};
use crate::yaml::{Kind, scalar};

/// What `ansible.cfg` sets; nothing where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Where the file stands, if there is one.
    pub path: Option<PathBuf>,
    /// Inventories, as paths.
    pub inventory: Vec<PathBuf>,
    /// Folders with roles, as paths.
    pub roles_path: Vec<PathBuf>,
    /// The user to log in as.
    pub remote_user: Option<Spanned<String>>,
    /// Whether unknown host keys are refused.
    pub host_key_checking: Option<bool>,
    /// The key to log in with.
    pub private_key_file: Option<PathBuf>,
    /// How many hosts at once.
    pub forks: Option<u32>,
    /// Seconds to wait for a connection.
    pub timeout: Option<u32>,
    /// Where vault passwords come from.
    pub vault: VaultSettings,
    /// The text that `ansible_managed` stands for.
    pub ansible_managed: Option<Spanned<String>>,
    /// Whether facts are gathered: `implicit`, `explicit` or `smart`.
    pub gathering: Option<Spanned<String>>,
    /// The section `[privilege_escalation]`.
    pub privilege_escalation: Become,
    /// Options for every `ssh`: `ssh_args` and `ssh_common_args`.
    pub ssh_args: Vec<Spanned<String>>,
}

/// Where vault passwords come from, beside what the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultSettings {
    /// A file with a password, or a program that prints it.
    pub password_file: Option<PathBuf>,
    /// Labels and sources: `vault_identity_list`.
    pub identities: Vec<String>,
    /// The label of passwords that have none: `vault_identity`.
    pub label: Option<String>,
    /// Whether only the password whose label a text names is tried for it: `vault_id_match`.
    pub strict: Option<bool>,
    /// Whether to ask for a password.
    pub ask: Option<bool>,
    /// The label to encrypt with: `vault_encrypt_identity`.
    pub encrypt_label: Option<String>,
}

/// How to become another user, where neither playbook nor inventory says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Become {
    /// Whether to.
    pub activate: Option<bool>,
    /// Which.
    pub user: Option<Spanned<String>>,
    /// By which program.
    pub method: Option<Spanned<String>>,
    /// Whether to ask for the password.
    pub ask_pass: Option<bool>,
}

impl Config {
    /// Reads the text of an `ansible.cfg`. `folder` is where it stands: its paths are relative to that.
    pub fn read(source: &Arc<Source>, folder: &Path) -> (Self, Vec<Diagnostic>) {
        let mut config = Self { path: Some(folder.join("ansible.cfg")), ..Self::default() };
        let mut diagnostics = Vec::new();
        for setting in settings(source, &mut diagnostics) {
            if let Err(problem) = config.set(&setting, folder) {
                diagnostics.push(problem);
            }
        }
        (config, diagnostics)
    }

    fn set(&mut self, setting: &Setting, folder: &Path) -> Result<(), Diagnostic> {
        let text = || Some(setting.value.clone());
        let path = || absolute(&setting.value.value, folder);
        match (setting.section.as_str(), setting.key.as_str()) {
            ("defaults", "inventory") => self.inventory = setting.list(',', folder),
            ("defaults", "roles_path") => self.roles_path = setting.list(':', folder),
            ("defaults", "remote_user") => self.remote_user = text(),
            ("defaults", "host_key_checking") => self.host_key_checking = Some(setting.boolean()?),
            ("defaults", "private_key_file") => self.private_key_file = Some(path()),
            ("defaults", "forks") => self.forks = Some(setting.number()?),
            ("defaults", "timeout") | ("ssh_connection", "timeout") => {
                self.timeout = Some(setting.number()?);
            }
            ("defaults", "vault_password_file") => self.vault.password_file = Some(path()),
            ("defaults", "vault_identity_list") => {
                let ids = setting.value.value.split(',').map(str::trim);
                let ids = ids.filter(|id| !id.is_empty()).map(|id| located(id, folder));
                self.vault.identities = ids.collect();
            }
            ("defaults", "vault_identity") => self.vault.label = Some(setting.value.value.clone()),
            ("defaults", "vault_id_match") => self.vault.strict = Some(setting.boolean()?),
            ("defaults", "ask_vault_pass") => self.vault.ask = Some(setting.boolean()?),
            ("defaults", "vault_encrypt_identity") => {
                self.vault.encrypt_label = Some(setting.value.value.clone());
            }
            ("defaults", "ansible_managed") => self.ansible_managed = text(),
            ("defaults", "gathering") => self.gathering = text(),
            ("defaults", "hash_behaviour") if setting.value.value == "merge" => {
                return Err(Diagnostic::error("`hash_behaviour = merge` is not supported")
                    .at(&setting.value.span, "")
                    .help("merge where it is wanted, with the filter `combine(recursive=true)`"));
            }
            ("defaults" | "privilege_escalation", "become") => {
                self.privilege_escalation.activate = Some(setting.boolean()?);
            }
            ("defaults" | "privilege_escalation", "become_user") => {
                self.privilege_escalation.user = text();
            }
            ("defaults" | "privilege_escalation", "become_method") => {
                self.privilege_escalation.method = text();
            }
            ("defaults" | "privilege_escalation", "become_ask_pass") => {
                self.privilege_escalation.ask_pass = Some(setting.boolean()?);
            }
            ("ssh_connection", "ssh_args" | "ssh_common_args") => {
                self.ssh_args.push(setting.value.clone());
            }
            // The rest steers Ansible's own machinery (callbacks, caches, pipelining, interpreters).
            _ => {}
        }
        Ok(())
    }
}

struct Setting {
    section: String,
    key: String,
    value: Spanned<String>,
}

impl Setting {
    fn boolean(&self) -> Result<bool, Diagnostic> {
        match scalar(&self.value.value.to_lowercase()) {
            Kind::Bool(value) => Ok(value),
            Kind::Int(1) => Ok(true),
            Kind::Int(0) => Ok(false),
            _ => match self.value.value.to_lowercase().as_str() {
                "t" | "y" => Ok(true),
                "f" | "n" => Ok(false),
                _ => Err(self.wrong("a boolean")),
            },
        }
    }

    fn number(&self) -> Result<u32, Diagnostic> {
        self.value.value.parse().map_err(|_| self.wrong("a whole number"))
    }

    fn list(&self, separator: char, folder: &Path) -> Vec<PathBuf> {
        let items =
            self.value.value.split(separator).map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| absolute(item, folder)).collect()
    }

    fn wrong(&self, wanted: &str) -> Diagnostic {
        Diagnostic::error(format!("`{}` must be {wanted}, not `{}`", self.key, self.value.value))
            .at(&self.value.span, "")
    }
}

/// A vault id whose file is relative to the configuration.
fn located(id: &str, folder: &Path) -> String {
    match id.split_once('@') {
        Some((_, "prompt" | "prompt_ask_vault_pass")) => id.to_owned(),
        Some((label, file)) => format!("{label}@{}", absolute(file, folder).display()),
        None if id == "prompt" => id.to_owned(),
        None => absolute(id, folder).display().to_string(),
    }
}

fn absolute(text: &str, folder: &Path) -> PathBuf {
    match text.strip_prefix("~/").zip(std::env::home_dir()) {
        Some((rest, home)) => home.join(rest),
        None => folder.join(text),
    }
}

/// The settings in the order of the file.
fn settings(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut section = String::new();
    let mut offset = 0;
    for line in source.text().split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let span = |text: &str| {
            let at = start + line.find(text).unwrap_or(0);
            Span::new(source, at, at + text.len())
        };
        if let (true, Some(last)) = (line.starts_with([' ', '\t']), settings.last_mut()) {
            last.value.value.push('\n');
            last.value.value.push_str(content);
        } else if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            name.0.clone_into(&mut section);
        } else if let Some((key, value)) = content.split_once(['=', ':']) {
            let value = value.split(" ;").next().unwrap_or("").trim();
            settings.push(Setting {
                section: section.clone(),
                key: key.trim().to_lowercase(),
                value: Spanned::new(value.to_owned(), span(value)),
            });
        } else {
            diagnostics.push(
                Diagnostic::error("neither a `[section]` nor `key = value`").at(&span(content), ""),
            );
        }
    }
    settings
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Config;
    use crate::source::Source;

    fn read(text: &str) -> (Config, String) {
        let (config, diagnostics) =
            Config::read(&Source::new("ansible.cfg", text), Path::new("/p"));
        (config, diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect())
    }

    #[test]
    fn settings_are_read() {
        let (config, problems) = read(
            "# c\n[defaults]\ninventory = a, b/c\nroles_path=roles:/etc/roles\nremote_user: deploy ; who\n\
             host_key_checking = False\nforks=20\nstdout_callback = yaml\n\n[privilege_escalation]\nbecome = yes\n\
             become_user=root\n[ssh_connection]\nssh_args = -o A=b\n  -o C=d\n",
        );
        assert_eq!(problems, "");
        assert_eq!(config.inventory, [PathBuf::from("/p/a"), PathBuf::from("/p/b/c")]);
        assert_eq!(config.roles_path, [PathBuf::from("/p/roles"), PathBuf::from("/etc/roles")]);
        assert_eq!(config.remote_user.unwrap().value, "deploy");
        assert_eq!((config.host_key_checking, config.forks), (Some(false), Some(20)));
        assert_eq!(config.privilege_escalation.activate, Some(true));
        assert_eq!(config.ssh_args[0].value, "-o A=b\n-o C=d");
    }

    #[test]
    fn mistakes_have_places() {
        let (_, problems) = read("[defaults]\nforks = many\nhash_behaviour = merge\nnonsense\n");
        assert_eq!(
            problems,
            "ansible.cfg:4:1: neither a `[section]` nor `key = value`\n\
             ansible.cfg:2:9: `forks` must be a whole number, not `many`\n\
             ansible.cfg:3:18: `hash_behaviour = merge` is not supported\n"
        );
    }
}
