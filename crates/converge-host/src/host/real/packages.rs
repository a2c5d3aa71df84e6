//! Which packages are installed.

use std::sync::Arc;

use crate::host::real::Real;
use crate::host::{Command, Host, Installed, Manager};
use crate::stop::Result;

/// The installed packages of a manager; none where the manager is not there.
pub(crate) fn installed(real: &Real, manager: Manager) -> Result<Arc<Installed>> {
    let command = match manager {
        Manager::Apt => Command::new([
            "dpkg-query",
            "--show",
            "--showformat=${db:Status-Status}\\t${Package}\\t${Version}\\n",
        ]),
        Manager::Rpm => Command::new([
            "rpm",
            "--query",
            "--all",
            "--queryformat=installed\\t%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n",
        ]),
    };
    if real.program(&command.argv[0])?.is_none() {
        return Ok(Arc::default());
    }
    let output = real.probe(&command)?;
    Ok(Arc::new(output.text().lines().filter_map(row).collect()))
}

fn row(line: &str) -> Option<(String, String)> {
    let mut fields = line.split('\t');
    let (state, name, version) = (fields.next()?, fields.next()?, fields.next()?);
    (state == "installed").then(|| (name.to_owned(), version.to_owned()))
}
