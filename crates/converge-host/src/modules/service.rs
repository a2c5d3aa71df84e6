//! The module `service`.

use crate::args::Args;
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::systemd_service::ScopeWord;
use crate::modules::unit_state::{self, State, Wanted};
use crate::stop::{Result, Stop};

/// Manages services.
///
/// The services are systemd's; what only other init systems know (`pattern`, `runlevel`, `sleep`, `arguments`) is taken and
/// not used.
#[derive(Args, Debug)]
#[module(name = "service")]
pub(crate) struct Service {
    /// The service.
    name: String,
    /// What it shall do.
    state: Option<State>,
    /// Whether it starts at boot.
    enabled: Option<bool>,
    /// Which init system manages it: `auto` or `systemd`.
    #[arg(name = "use", default = "auto")]
    backend: String,
    /// Not used with systemd: arguments for an init script.
    #[arg(alias = "args")]
    arguments: Option<String>,
    /// Not used with systemd: what to look for in the output of `ps`.
    pattern: Option<String>,
    /// Not used with systemd: a runlevel of OpenRC.
    runlevel: Option<String>,
    /// Not used with systemd: seconds between stopping and starting.
    sleep: Option<i64>,
    /// See `systemd_service`.
    masked: Option<bool>,
    /// See `systemd_service`.
    #[arg(alias = "daemon-reload", default = "no")]
    daemon_reload: bool,
    /// See `systemd_service`.
    #[arg(alias = "daemon-reexec", default = "no")]
    daemon_reexec: bool,
    /// See `systemd_service`.
    #[arg(default = "system")]
    scope: ScopeWord,
    /// See `systemd_service`.
    #[arg(default = "no")]
    no_block: bool,
    /// See `systemd_service`.
    force: Option<bool>,
}

impl Module for Service {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if !matches!(
            self.backend.rsplit('.').next(),
            Some("auto" | "service" | "systemd" | "systemd_service")
        ) {
            return Err(Stop::failed(format!(
                "can't manage `{}` by `{}`: only services of systemd are supported",
                self.name, self.backend
            )));
        }
        let unused = [
            ("arguments", self.arguments.is_some()),
            ("pattern", self.pattern.is_some()),
            ("runlevel", self.runlevel.is_some()),
            ("sleep", self.sleep.is_some()),
        ];
        for (name, _) in unused.iter().filter(|(_, given)| *given) {
            changes.warn(format!("`{name}` has no meaning for services of systemd"));
        }
        let wanted = Wanted {
            name: Some(&self.name),
            state: self.state,
            enabled: self.enabled,
            masked: self.masked,
            daemon_reload: self.daemon_reload,
            daemon_reexec: self.daemon_reexec,
            scope: self.scope.into(),
            no_block: self.no_block,
            force: self.force.unwrap_or(false),
        };
        unit_state::plan(&wanted, host, changes)
    }
}
