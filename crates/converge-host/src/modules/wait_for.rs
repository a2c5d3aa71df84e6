//! `wait_for`: a port, a file, or just time.

use std::path::PathBuf;
use std::time::Duration;

use crate::args::{Args, Choice};
use crate::change::{Change, Changes, STATES, WaitChange, WaitFor as Until};
use crate::data::{Data, Map};
use crate::host::{Host, Look};
use crate::modules::Module;
use crate::modules::files::{absolute, file_results};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop};

/// Waits until a port is open or closed, a file is there or gone, or text appears; without any of these, for `timeout`.
#[derive(Args)]
#[module(name = "wait_for")]
pub(crate) struct WaitFor {
    /// The host that the port is of.
    #[arg(default = "127.0.0.1")]
    host: String,
    /// How long to wait, in seconds.
    #[arg(default = "300")]
    timeout: i64,
    /// How long one attempt to connect may take, in seconds.
    #[arg(default = "5")]
    connect_timeout: i64,
    /// How long to wait before the first look, in seconds.
    #[arg(default = "0")]
    delay: i64,
    /// How long to wait between two looks, in seconds.
    #[arg(default = "1")]
    sleep: i64,
    /// The port.
    port: Option<i64>,
    /// The file.
    #[arg(path)]
    path: Option<PathBuf>,
    /// Text in the file, or from the port, by a pattern.
    search_regex: Option<String>,
    /// What is waited for.
    #[arg(default = "started")]
    state: State,
    /// With `drained`, the hosts whose connections don't count.
    exclude_hosts: Option<Vec<String>>,
    /// With `drained`, the states of a connection that count.
    #[arg(default = "ESTABLISHED,FIN_WAIT1,FIN_WAIT2,SYN_RECV,SYN_SENT,TIME_WAIT")]
    active_connection_states: Vec<String>,
    /// What is said when the time is over.
    msg: Option<String>,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Drained,
    Present,
    Started,
    Stopped,
}

impl Module for WaitFor {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let until = self.until(host)?;
        changes.set("port", self.port.map_or(Data::Null, Data::Int));
        changes.set(
            "path",
            self.path.as_ref().map_or(Data::Null, |path| path.display().to_string().into()),
        );
        changes.set("search_regex", self.search_regex.clone());
        changes.set("state", State::WORDS.get(self.state as usize).copied());
        let seconds = |number: i64| Duration::from_secs(u64::try_from(number).unwrap_or(0));
        changes.push(Change::Wait(WaitChange {
            until,
            delay: seconds(self.delay),
            sleep: seconds(self.sleep),
            timeout: seconds(self.timeout),
            connect_timeout: seconds(self.connect_timeout.max(1)),
            msg: self.msg.clone(),
        }));
        Ok(())
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        let Some(path) = &self.path else { return Ok(()) };
        match host.look(&absolute(path, host))? {
            Look::Is(_) if !performed.is_empty() => file_results("path", path, host, results),
            _ => Ok(()),
        }
    }
}

impl WaitFor {
    fn until(&self, host: &dyn Host) -> Result<Until> {
        if self.port.is_some() && self.path.is_some() {
            return Err(Stop::failed("`port` and `path` exclude each other"));
        }
        if self.path.is_some() && self.state == State::Drained {
            return Err(Stop::failed("`state: drained` is about a port, not about a path"));
        }
        if let Some(pattern) = &self.search_regex {
            if self.state == State::Stopped || self.state == State::Drained {
                return Err(Stop::failed(
                    "`search_regex` looks for text in what is there, not in what is gone",
                ));
            }
            Pattern::new(pattern, Flags { multi_line: true, ..Flags::default() })?;
        }
        if let Some(path) = &self.path {
            let path = absolute(path, host);
            return Ok(match self.state {
                State::Absent | State::Stopped => Until::NoPath(path),
                _ => Until::Path(path, self.search_regex.clone()),
            });
        }
        let Some(port) = self.port else { return Ok(Until::Time) };
        let port = u16::try_from(port)
            .map_err(|_| Stop::failed(format!("`{port}` is no port: they go up to 65535")))?;
        let wrong =
            self.active_connection_states.iter().find(|one| !STATES.contains(&one.as_str()));
        if let Some(wrong) = wrong {
            let known = STATES.join(", ");
            return Err(Stop::failed(format!(
                "`{wrong}` is no state of a connection; there are {known}"
            )));
        }
        let name = self.host.clone();
        Ok(match self.state {
            State::Present | State::Started => Until::Port(name, port, self.search_regex.clone()),
            State::Absent | State::Stopped => Until::NoPort(name, port),
            State::Drained => Until::Drained {
                host: name,
                port,
                except: self.exclude_hosts.clone().unwrap_or_default(),
                states: self.active_connection_states.clone(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::Ask;

    #[test]
    fn results_are_those_of_ansible() {
        let scenario = Scenario::new(&["log=ready 42 ok"]);
        let pattern = "ready (\\d+)";
        let args = [("path", "$T/log".into()), ("search_regex", pattern.into())];
        let call = scenario.call("wait_for", &args);
        let mut answerer = Answerer::new(Real::new());
        let planned = done(answerer.answer(&Ask::Plan, &call).unwrap());
        assert!(!planned.changed && planned.open.is_some());
        let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes) };
        let done = done(answerer.answer(&perform, &call).unwrap());
        assert!(!done.changed);
        let mut keys: Vec<_> = done.results.keys().map(String::as_str).collect();
        keys.retain(|key| *key != "secontext");
        keys.sort_unstable();
        assert_eq!(
            keys.join(" "),
            "elapsed gid group match_groupdict match_groups mode owner path port search_regex size state uid"
        );
        assert_eq!(done.results["match_groups"], vec!["42"].into());
        assert_eq!(done.results["state"], Data::from("file"));
    }

    #[test]
    fn mistakes_are_named() {
        let fails =
            |args: &[(&str, Data)], want: &str| Scenario::new(&[]).fails("wait_for", args, want);
        fails(
            &[("port", 1_i64.into()), ("path", "/x".into())],
            "`port` and `path` exclude each other",
        );
        fails(&[("port", 70_000_i64.into())], "`70000` is no port: they go up to 65535");
        fails(
            &[("path", "/x".into()), ("state", "drained".into())],
            "`state: drained` is about a port, not about a path",
        );
        fails(
            &[
                ("port", 1_i64.into()),
                ("state", "drained".into()),
                ("active_connection_states", "OPEN".into()),
            ],
            "`OPEN` is no state of a connection; there are ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, \
             TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING",
        );
    }
}
