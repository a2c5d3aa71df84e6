//! Where a host is, from its variables.

use std::time::Duration;

use crate::plan::escalation::variable;
use crate::plan::eval::Eval;
use crate::plan::files::expand_home;
use crate::plan::halt::Halt;
use crate::plan::options::ConnectionDefaults;
use crate::playbook::Scope;
use crate::redact::Secret;
use crate::target::{Connection, Endpoint};
use crate::vars::{Origin, Vars};

/// Where the host `name` is and how it is reached: variables win over keywords of the play, and these over the command line.
pub(crate) fn endpoint(
    name: &str,
    scope: &Scope,
    vars: &Vars,
    eval: &Eval,
    defaults: &ConnectionDefaults,
) -> Result<Endpoint, Halt> {
    let read = |names: &[&str]| variable(vars, eval, names);
    let keyword =
        |node: Option<&crate::yaml::Node>| node.map(|node| eval.text(node, vars)).transpose();
    // Where nothing else says so, it is the name of the host.
    let address = read(&["ansible_host", "ansible_ssh_host"])?.filter(|address| address != name);
    let said = |name: &str| vars.find(name).is_some_and(|(_, origin)| *origin != Origin::Magic);
    let told = read(&["ansible_connection"])?;
    let usual = told.clone().filter(|_| !said("ansible_connection"));
    let connection = match told.filter(|_| said("ansible_connection")) {
        Some(word) => Some(means(&word)?),
        None => match keyword(scope.nearest(|own| &own.connection))? {
            Some(word) => Some(means(&word)?),
            None => defaults.connection,
        },
    };
    let user = match read(&["ansible_user", "ansible_ssh_user"])? {
        Some(user) => Some(user),
        None => keyword(scope.nearest(|own| &own.remote_user))?.or_else(|| defaults.user.clone()),
    };
    let port = match read(&["ansible_port", "ansible_ssh_port"])? {
        Some(port) => Some(port),
        None => keyword(scope.nearest(|own| &own.port))?,
    };
    let port = port.map(|port| {
        port.parse().map_err(|_| Halt::new(format!("`{port}` is no port of host `{name}`")))
    });
    let password =
        read(&["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"])?.map(Secret::from);
    let key = read(&["ansible_ssh_private_key_file", "ansible_private_key_file"])?;
    let mut ssh_args = defaults.ssh_args.clone();
    for names in [["ansible_ssh_common_args"], ["ansible_ssh_extra_args"]] {
        let text = read(&names)?.unwrap_or_default();
        let words = shlex::split(&text)
            .ok_or_else(|| Halt::new(format!("unclosed quotes in {} of `{name}`", names[0])))?;
        ssh_args.extend(words);
    }
    let check = read(&["ansible_host_key_checking", "ansible_ssh_host_key_checking"])?;
    let check = check.map(|text| eval.boolean(&text.into())).transpose()?;
    let timeout = read(&["ansible_ssh_timeout", "ansible_timeout"])?
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let here = name == "localhost" || usual.as_deref() == Some("local");
    let local = here && connection.is_none() && address.is_none();
    Ok(Endpoint {
        name: name.to_owned(),
        connection: if local { Connection::Local } else { connection.unwrap_or_default() },
        address,
        port: port.transpose()?,
        user,
        password: password.or_else(|| defaults.password.clone()),
        private_key: key
            .map(|key| expand_home(key.as_ref()))
            .or_else(|| defaults.private_key.clone()),
        ssh_args,
        check_host_key: check.or(defaults.check_host_key),
        timeout: timeout.or(defaults.timeout),
    })
}

fn means(word: &str) -> Result<Connection, Halt> {
    match word.strip_prefix("ansible.builtin.").unwrap_or(word) {
        "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "ansible.netcommon.libssh" => {
            Ok(Connection::Ssh)
        }
        "local" => Ok(Connection::Local),
        other => {
            Err(Halt::new(format!("there is no connection `{other}`"))
                .help("there are ssh and local"))
        }
    }
}
