//! Makes an endpoint of settings and configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::transport::ssh::config::arguments::{self, Arguments};
use crate::transport::ssh::config::file::{Reader, Trouble, Values};
use crate::transport::ssh::config::system::{System, User};
use crate::transport::ssh::config::tokens::Tokens;
use crate::transport::ssh::config::words::Directive;
use crate::transport::ssh::config::{
    Algorithms, ConfigError, Family, HostKeyPolicy, HostKeySettings, Identities, Methods,
    SshEndpoint, SshSettings, Via,
};

/// OpenSSH's default keys that software alone can use, in its order.
const DEFAULT_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// As Ansible's `timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A silent connection is asked for a sign of life, unless the configuration says otherwise: a run must not hang for ever.
const DEFAULT_KEEPALIVE: Duration = Duration::from_secs(15);

/// A chain of jump hosts is not longer.
const LONGEST_CHAIN: usize = 8;

/// Decides everything about a host.
pub(super) fn endpoint(
    settings: &SshSettings,
    user: &User,
    system: &dyn System,
) -> Result<SshEndpoint, ConfigError> {
    resolve(settings, user, system, &mut Vec::new())
        .map_err(|why| ConfigError { host: settings.name.clone(), why })
}

/// `chain` holds the hosts that wait for this one as their jump host.
fn resolve(
    settings: &SshSettings,
    user: &User,
    system: &dyn System,
    chain: &mut Vec<String>,
) -> Result<SshEndpoint, String> {
    let asked = settings.host.as_deref().unwrap_or(&settings.name);
    if asked.is_empty() || asked.starts_with('-') || asked.contains(char::is_whitespace) {
        return Err(format!("`{asked}` is not a host name"));
    }
    let arguments = command_line(settings)?;
    let config_file = arguments.config_file.clone();
    let values = collect(asked, arguments, user, system)?;
    let values = &values;

    let host = match values.word("hostname") {
        Some(name) => name.replace("%%", "\0").replace("%h", asked).replace('\0', "%"),
        None => asked.to_owned(),
    };
    let port = match values.word("port") {
        Some(port) => port
            .parse()
            .ok()
            .filter(|&port| port != 0)
            .ok_or_else(|| format!("`{port}` is not a port"))?,
        None => 22,
    };
    let remote_user = values.word("user").unwrap_or(&user.name).to_owned();
    let alias = values.word("hostkeyalias").map(str::to_owned);
    let tokens = Tokens {
        home: &user.home,
        host: &host,
        asked,
        key_name: alias.as_deref().unwrap_or(asked),
        port,
        remote_user: &remote_user,
        local_user: &user.name,
        uid: user.uid,
        machine: &user.machine,
        variable: &|name| system.variable(name),
    };

    Ok(SshEndpoint {
        name: settings.name.clone(),
        password: settings.password.clone(),
        identities: identities(values, &tokens, user)?,
        methods: methods(values, settings)?,
        host_key: host_key(values, &tokens, alias.clone())?,
        via: via(settings, config_file, values, &tokens, user, system, chain)?,
        family: match values.word("addressfamily").unwrap_or("any") {
            "any" => Family::Any,
            "inet" => Family::Inet,
            "inet6" => Family::Inet6,
            other => {
                return Err(format!("`AddressFamily {other}`: expected `any`, `inet` or `inet6`"));
            }
        },
        bind_address: values
            .word("bindaddress")
            .filter(|address| !is_none(address))
            .map(str::to_owned),
        connect_timeout: seconds(values, "connecttimeout")?.unwrap_or(DEFAULT_TIMEOUT),
        keepalive: match seconds(values, "serveraliveinterval")? {
            None => Some(DEFAULT_KEEPALIVE),
            Some(Duration::ZERO) => None,
            given => given,
        },
        keepalive_max: number(values, "serveralivecountmax")?.unwrap_or(3),
        algorithms: Algorithms {
            ciphers: values.word("ciphers").map(str::to_owned),
            kex: values.word("kexalgorithms").map(str::to_owned),
            macs: values.word("macs").map(str::to_owned),
            host_keys: values.word("hostkeyalgorithms").map(str::to_owned),
        },
        host: host.clone(),
        port,
        user: remote_user.clone(),
    })
}

/// All options in the order in which Ansible gives them to `ssh`: of two, the first wins.
fn command_line(settings: &SshSettings) -> Result<Arguments, String> {
    let Arguments { config_file, directives: options } = arguments::parse(&settings.options)?;
    let policy = settings.host_keys.map(|policy| match policy {
        HostKeyPolicy::Strict => "yes".to_owned(),
        HostKeyPolicy::AcceptNew => "accept-new".to_owned(),
        HostKeyPolicy::Off => "no".to_owned(),
    });
    let key = settings.private_key.as_ref();
    let variables = [
        ("stricthostkeychecking", policy),
        ("port", settings.port.map(|port| port.to_string())),
        ("identityfile", key.map(|path| path.to_string_lossy().replace('%', "%%"))),
        ("user", settings.user.clone()),
        ("connecttimeout", settings.timeout.map(|timeout| timeout.as_secs().to_string())),
    ];
    let mut directives = Vec::new();
    for (keyword, value) in variables {
        if let Some(rest) = value {
            directives.push(Directive { keyword: keyword.into(), words: vec![rest.clone()], rest });
        }
    }
    directives.extend(options);
    Ok(Arguments { config_file, directives })
}

/// The values of the command line, then of the files.
fn collect(
    asked: &str,
    arguments: Arguments,
    user: &User,
    system: &dyn System,
) -> Result<Values, String> {
    let files: Vec<PathBuf> = match arguments.config_file.as_deref() {
        Some(file) if is_none(file) => Vec::new(),
        Some(file) => {
            let path = file
                .strip_prefix("~/")
                .map_or_else(|| PathBuf::from(file), |below| user.home.join(below));
            system
                .read(&path)
                .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            vec![path]
        }
        None => vec![user.home.join(".ssh/config"), PathBuf::from("/etc/ssh/ssh_config")],
    };
    let mut values = Values::default();
    for directive in &arguments.directives {
        values.take(directive.clone());
    }
    let mut last_pass = false;
    loop {
        let reader = Reader { files: system, home: &user.home, host: asked, last_pass };
        let mut again = false;
        for file in &files {
            match reader.file(file, &mut values) {
                Ok(met) => again |= met.second_pass,
                Err(Trouble::NeedsOpenSsh { path, line, what }) => {
                    return exactly(asked, &arguments, system)?.ok_or_else(|| {
                        let place = format!("{}:{line}", path.display());
                        format!("{place}: `{what}` can only be understood by OpenSSH, and there is no `ssh` command here; install OpenSSH's client or use `Host` instead")
                    });
                }
                Err(Trouble::Line { path, line, why }) => {
                    return Err(format!("{}:{line}: {why}", path.display()));
                }
                Err(Trouble::Unreadable { path, why }) => {
                    return Err(format!("cannot read `{}`: {why}", path.display()));
                }
            }
        }
        if !again || last_pass {
            break;
        }
        last_pass = true;
    }
    if values.word("canonicalizehostname").is_some_and(|value| !matches!(value, "no" | "none")) {
        return exactly(asked, &arguments, system)?.ok_or_else(|| {
            "`CanonicalizeHostname` needs OpenSSH, and there is no `ssh` command here".to_owned()
        });
    }
    Ok(values)
}

/// The values as OpenSSH itself finds them; `None` without an `ssh` command.
fn exactly(
    asked: &str,
    arguments: &Arguments,
    system: &dyn System,
) -> Result<Option<Values>, String> {
    let mut command = Vec::new();
    if let Some(file) = &arguments.config_file {
        command.extend(["-F".to_owned(), file.clone()]);
    }
    for directive in &arguments.directives {
        command.extend(["-o".to_owned(), format!("{}={}", directive.keyword, directive.rest)]);
    }
    command.extend(["--".to_owned(), asked.to_owned()]);
    let Some(output) = system.ssh(&command).map_err(|why| format!("`ssh -G` fails: {why}"))? else {
        return Ok(None);
    };
    let mut values = Values::default();
    for line in output.lines() {
        let Some((keyword, rest)) = line.split_once(' ') else { continue };
        let words: Vec<String> = match keyword {
            "identityfile" | "certificatefile" | "identityagent" | "user" | "hostname" => {
                vec![rest.to_owned()]
            }
            _ => rest.split_whitespace().map(str::to_owned).collect(),
        };
        // Without a setting, `ssh -G` prints its defaults: those are ours to choose.
        match keyword {
            "identityfile" if rest.starts_with("~/.ssh/id_") => continue,
            "ciphers" | "macs" | "kexalgorithms" | "hostkeyalgorithms" => continue,
            "connecttimeout" if is_none(rest) => continue,
            "serveraliveinterval" if rest == "0" => continue,
            _ => {}
        }
        values.take(Directive { keyword: keyword.to_owned(), words, rest: rest.to_owned() });
    }
    // What was asked for on the command line among those is kept as written.
    for directive in &arguments.directives {
        values.take(directive.clone());
    }
    Ok(Some(values))
}

fn identities(values: &Values, tokens: &Tokens, user: &User) -> Result<Identities, String> {
    let given: Vec<&str> = values.all("identityfile").collect();
    let files = match given[..] {
        [] => DEFAULT_KEYS.iter().map(|name| user.home.join(".ssh").join(name)).collect(),
        _ => given
            .iter()
            .filter(|path| !is_none(path))
            .map(|path| tokens.path(path))
            .collect::<Result<_, _>>()?,
    };
    let certificates = values.all("certificatefile").filter(|path| !is_none(path));
    let agent = match values.word("identityagent") {
        None | Some("SSH_AUTH_SOCK") => user.agent.clone(),
        Some(none) if is_none(none) => None,
        Some(variable) if variable.starts_with('$') && !variable.starts_with("${") => {
            (tokens.variable)(&variable[1..]).map(PathBuf::from)
        }
        Some(path) => Some(tokens.path(path)?),
    };
    Ok(Identities {
        files,
        named: !given.is_empty(),
        certificates: certificates.map(|path| tokens.path(path)).collect::<Result<_, _>>()?,
        only: flag(values, "identitiesonly")?.unwrap_or(false),
        agent,
    })
}

fn methods(values: &Values, settings: &SshSettings) -> Result<Methods, String> {
    let preferred = values.word("preferredauthentications");
    let wanted =
        |method: &str| preferred.is_none_or(|list| list.split(',').any(|one| one == method));
    let allowed = |keyword: &str| flag(values, keyword).map(|given| given.unwrap_or(true));
    let keyboard = match flag(values, "kbdinteractiveauthentication")? {
        Some(given) => given,
        None => allowed("challengeresponseauthentication")?,
    };
    let password = settings.password.is_some();
    Ok(Methods {
        public_key: values
            .word("pubkeyauthentication")
            .is_none_or(|value| value != "no" && value != "false")
            && wanted("publickey"),
        password: password && allowed("passwordauthentication")? && wanted("password"),
        keyboard_interactive: password && keyboard && wanted("keyboard-interactive"),
    })
}

fn host_key(
    values: &Values,
    tokens: &Tokens,
    alias: Option<String>,
) -> Result<HostKeySettings, String> {
    let files = |keyword: &str, defaults: [PathBuf; 2]| match values.words(keyword) {
        Some([none]) if is_none(none) => Ok(Vec::new()),
        Some(paths) => paths.iter().map(|path| tokens.path(path)).collect::<Result<Vec<_>, _>>(),
        None => Ok(defaults.to_vec()),
    };
    let policy = match values.word("stricthostkeychecking").unwrap_or("ask") {
        "ask" | "yes" | "true" => HostKeyPolicy::Strict,
        "accept-new" => HostKeyPolicy::AcceptNew,
        "no" | "off" | "false" => HostKeyPolicy::Off,
        other => {
            return Err(format!(
                "`StrictHostKeyChecking {other}`: expected `yes`, `accept-new`, `no` or `ask`"
            ));
        }
    };
    let user = |name: &str| tokens.home.join(".ssh").join(name);
    let global = |name: &str| Path::new("/etc/ssh").join(name);
    Ok(HostKeySettings {
        policy,
        alias,
        user_files: files("userknownhostsfile", [user("known_hosts"), user("known_hosts2")])?,
        global_files: files(
            "globalknownhostsfile",
            [global("ssh_known_hosts"), global("ssh_known_hosts2")],
        )?,
        hash: flag(values, "hashknownhosts")?.unwrap_or(false),
    })
}

fn via(
    settings: &SshSettings,
    config_file: Option<String>,
    values: &Values,
    tokens: &Tokens,
    user: &User,
    system: &dyn System,
    chain: &mut Vec<String>,
) -> Result<Via, String> {
    if let Some(command) = values.word("proxycommand").filter(|command| !is_none(command)) {
        return Ok(Via::Command(tokens.expand(command)?));
    }
    let Some(jumps) = values.word("proxyjump").filter(|jumps| !is_none(jumps)) else {
        return Ok(Via::Direct);
    };
    let here = format!("{}@{}:{}", tokens.remote_user, tokens.host, tokens.port);
    if chain.contains(&here) || chain.len() >= LONGEST_CHAIN {
        return Err(format!("`ProxyJump {jumps}` goes round in a circle via `{}`", tokens.asked));
    }
    chain.push(here);
    let mut hops: Vec<SshEndpoint> = Vec::new();
    for jump in jumps.split(',') {
        let hop = jump_settings(jump, settings, config_file.as_deref())?;
        let mut hop = resolve(&hop, user, system, chain)?;
        // Only the nearest host may have a road of its own; the others are reached through the one before.
        let own = std::mem::replace(&mut hop.via, Via::Direct);
        if hops.is_empty() {
            match own {
                Via::Jumps(before) => hops = before,
                other => hop.via = other,
            }
        }
        hops.push(hop);
    }
    chain.pop();
    Ok(Via::Jumps(hops))
}

/// `[user@]host[:port]` or `ssh://[user@]host[:port]`.
fn jump_settings(
    jump: &str,
    target: &SshSettings,
    config_file: Option<&str>,
) -> Result<SshSettings, String> {
    let text = jump.trim().strip_prefix("ssh://").unwrap_or(jump.trim());
    let (user, address) = match text.rsplit_once('@') {
        Some((user, address)) => (Some(user.to_owned()), address),
        None => (None, text),
    };
    let (host, port) = match address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':')),
        None => match address.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (address, None),
        },
    };
    let port = port.map(|port| {
        port.parse().map_err(|_| format!("`ProxyJump {jump}`: `{port}` is not a port"))
    });
    Ok(SshSettings {
        name: host.to_owned(),
        port: port.transpose()?,
        user,
        options: config_file.map(|file| vec!["-F".to_owned(), file.to_owned()]).unwrap_or_default(),
        timeout: target.timeout,
        host_keys: target.host_keys,
        ..SshSettings::default()
    })
}

fn is_none(value: &str) -> bool {
    value.eq_ignore_ascii_case("none")
}

fn flag(values: &Values, keyword: &str) -> Result<Option<bool>, String> {
    match values.word(keyword) {
        None => Ok(None),
        Some("yes" | "true") => Ok(Some(true)),
        Some("no" | "false") => Ok(Some(false)),
        Some(other) => Err(format!("`{keyword} {other}`: expected `yes` or `no`")),
    }
}

fn number(values: &Values, keyword: &str) -> Result<Option<usize>, String> {
    let value = values.word(keyword);
    value
        .map(|text| text.parse().map_err(|_| format!("`{keyword} {text}`: expected a number")))
        .transpose()
}

/// A time as in sshd_config(5), TIME FORMATS: `10`, `90s`, `1m30s`, `none`.
fn seconds(values: &Values, keyword: &str) -> Result<Option<Duration>, String> {
    let Some(text) = values.word(keyword).filter(|text| !is_none(text)) else { return Ok(None) };
    let wrong = || format!("`{keyword} {text}`: expected a time such as `10` or `1m30s`");
    let mut total: u64 = 0;
    let mut digits = String::new();
    for c in text.chars().chain(std::iter::once('s')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        if digits.is_empty() {
            // The last unit, added above, has nothing to count when the text brought its own.
            continue;
        }
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        total = total.saturating_add(count.saturating_mul(unit));
        digits.clear();
    }
    Ok(Some(Duration::from_secs(total)))
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
