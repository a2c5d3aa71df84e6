//! Time passing until something holds.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign, drained};
use crate::data::{Data, Map};
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Failure, Result, Stop, Why};

/// Waits for something; never counts as changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitChange {
    /// For what.
    pub until: WaitFor,
    /// Before the first look.
    pub delay: Duration,
    /// Between two looks.
    pub sleep: Duration,
    /// How long at most.
    pub timeout: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Says what failed when the time is over.
    pub msg: Option<String>,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WaitFor {
    /// Only time.
    Time,
    /// A port that accepts connections, and text that matches this pattern from it.
    Port(String, u16, Option<String>),
    /// A port that accepts none.
    NoPort(String, u16),
    /// A port without open connections.
    Drained {
        /// The host that the port is of.
        host: String,
        /// The port.
        port: u16,
        /// The hosts whose connections don't count.
        except: Vec<String>,
        /// The states of a connection that counts, by their names in proc(5).
        states: Vec<String>,
    },
    /// A path that exists, and text in it that matches this pattern.
    Path(PathBuf, Option<String>),
    /// A path that does not exist.
    NoPath(PathBuf),
}

/// The groups of a match, by number and by name.
#[derive(Default)]
struct Groups {
    numbered: Vec<Data>,
    named: Map,
}

impl Effect for WaitChange {
    fn describe(&self) -> Description {
        let description = Description::new(Sign::Act, format!("wait {}", self.until.wish()));
        let seconds = self.timeout.as_secs();
        match self.until {
            WaitFor::Time => description.fact(format!("{seconds} s")),
            _ => description.fact(format!("at most {seconds} s")),
        }
    }

    fn counts(&self) -> bool {
        false
    }

    fn tells(&self) -> Option<Why> {
        Some(Why(format!("the wait {}", self.until.wish())))
    }

    fn expect(&self, _expected: &mut Expected) {}

    fn perform(&self, _real: &Real) -> Result<Map> {
        let started = Instant::now();
        thread::sleep(self.delay);
        let groups = loop {
            let over = started.elapsed() >= self.timeout;
            if over && self.until == WaitFor::Time {
                break Groups::default();
            }
            if let Some(groups) = self.holds(started)? {
                break groups;
            }
            let left = self.timeout.saturating_sub(started.elapsed());
            if left.is_zero() && self.until != WaitFor::Time {
                return Err(self.gave_up(started));
            }
            thread::sleep(self.sleep.min(left));
        };
        let mut results = Map::new();
        results.insert("elapsed".into(), elapsed(started));
        results.insert("match_groups".into(), Data::List(groups.numbered));
        results.insert("match_groupdict".into(), groups.named.into());
        Ok(results)
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}

impl WaitFor {
    /// What is wished for, after "wait".
    fn wish(&self) -> String {
        match self {
            Self::Time => "a while".into(),
            Self::Port(host, port, None) => format!("for {host}:{port}"),
            Self::Port(host, port, Some(pattern)) => format!("for `{pattern}` from {host}:{port}"),
            Self::NoPort(host, port) => format!("until {host}:{port} is closed"),
            Self::Drained { host, port, .. } => format!("until {host}:{port} has no connections"),
            Self::Path(path, None) => format!("for {}", path.display()),
            Self::Path(path, Some(pattern)) => format!("for `{pattern}` in {}", path.display()),
            Self::NoPath(path) => format!("until {} is absent", path.display()),
        }
    }
}

impl WaitChange {
    /// Whether it holds now.
    fn holds(&self, started: Instant) -> Result<Option<Groups>> {
        let none = || Some(Groups::default());
        Ok(match &self.until {
            WaitFor::Time => None,
            WaitFor::Port(host, port, None) => self.connect(host, *port).and_then(|_| none()),
            WaitFor::Port(host, port, Some(pattern)) => match self.connect(host, *port) {
                Some(stream) => self.hear(stream, pattern, started)?,
                None => None,
            },
            WaitFor::NoPort(host, port) => match self.connect(host, *port) {
                Some(_) => None,
                None => none(),
            },
            WaitFor::Drained { host, port, except, states } => {
                let open = drained::connections(host, *port, except, states)?;
                if open == 0 { none() } else { None }
            }
            WaitFor::Path(path, None) => {
                if path.exists() {
                    none()
                } else {
                    None
                }
            }
            WaitFor::Path(path, Some(pattern)) => in_file(path, pattern)?,
            WaitFor::NoPath(path) => {
                if path.exists() {
                    None
                } else {
                    none()
                }
            }
        })
    }

    fn connect(&self, host: &str, port: u16) -> Option<TcpStream> {
        let addresses = (host, port).to_socket_addrs().ok()?;
        addresses
            .into_iter()
            .find_map(|address| TcpStream::connect_timeout(&address, self.connect_timeout).ok())
    }

    /// Reads until the pattern is there, the other end closes, or the time is over.
    fn hear(
        &self,
        mut stream: TcpStream,
        pattern: &str,
        started: Instant,
    ) -> Result<Option<Groups>> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        loop {
            let left = self.timeout.saturating_sub(started.elapsed());
            if left.is_zero()
                || stream.set_read_timeout(Some(left.min(self.connect_timeout))).is_err()
            {
                return Ok(None);
            }
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => heard.extend_from_slice(&buffer[..length]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Ok(None),
            }
            if found(pattern, &heard)?.is_some() {
                // Ansible returns the groups of a match in a file only.
                return Ok(Some(Groups::default()));
            }
        }
    }

    fn gave_up(&self, started: Instant) -> Stop {
        let told = || format!("timeout when waiting {}", self.until.wish());
        let msg = self.msg.clone().unwrap_or_else(told);
        let mut results = Map::new();
        results.insert("elapsed".into(), elapsed(started));
        Stop::Failed(Failure { msg, results })
    }
}

fn elapsed(started: Instant) -> Data {
    i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX).into()
}

fn in_file(path: &Path, pattern: &str) -> Result<Option<Groups>> {
    match fs::read(path) {
        Ok(bytes) => found(pattern, &bytes),
        // It may come, and it may become readable.
        Err(_) => Ok(None),
    }
}

fn found(pattern: &str, bytes: &[u8]) -> Result<Option<Groups>> {
    let text = String::from_utf8_lossy(bytes);
    let pattern = Pattern::new(pattern, Flags { multi_line: true, ..Flags::default() })?;
    let Some(found) = pattern.search(&text)? else { return Ok(None) };
    let regex = pattern.regex();
    let group = |number: usize| found.text(&text, number).map_or(Data::Null, Data::from);
    Ok(Some(Groups {
        numbered: (1..=regex.group_count()).map(group).collect(),
        named: regex
            .names()
            .filter_map(|name| Some((name.to_owned(), group(regex.group(name)?))))
            .collect(),
    }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{WaitChange, WaitFor};
    use crate::change::Effect;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::stop::Stop;

    fn wait(until: WaitFor) -> WaitChange {
        WaitChange {
            until,
            delay: Duration::ZERO,
            sleep: Duration::from_millis(20),
            timeout: Duration::from_millis(200),
            connect_timeout: Duration::from_secs(1),
            msg: None,
        }
    }

    #[track_caller]
    fn holds(until: WaitFor) {
        wait(until).perform(&Real::new()).unwrap();
    }

    #[track_caller]
    fn times_out(until: WaitFor, want: &str) {
        match wait(until).perform(&Real::new()) {
            Err(Stop::Failed(failure)) => assert_eq!(failure.msg, want),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ports_are_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = || "127.0.0.1".to_owned();
        holds(WaitFor::Port(host(), port, None));
        times_out(
            WaitFor::NoPort(host(), port),
            &format!("timeout when waiting until 127.0.0.1:{port} is closed"),
        );
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                // Connections of the waits before are closed already.
                let _ = connection.unwrap().write_all(b"SSH-2.0-x\r\n");
            }
        });
        holds(WaitFor::Port(host(), port, Some("^SSH-(\\d)".into())));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        holds(WaitFor::NoPort(host(), port));
        times_out(
            WaitFor::Port(host(), port, None),
            &format!("timeout when waiting for 127.0.0.1:{port}"),
        );
    }

    #[test]
    fn paths_are_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("log");
        times_out(
            WaitFor::Path(file.clone(), None),
            &format!("timeout when waiting for {}", file.display()),
        );
        holds(WaitFor::NoPath(file.clone()));
        std::fs::write(&file, "one\nready 42 ok\n").unwrap();
        let pattern = "^ready (?P<number>\\d+)(x)?";
        let results =
            wait(WaitFor::Path(file.clone(), Some(pattern.into()))).perform(&Real::new()).unwrap();
        assert_eq!(results["match_groups"], Data::List(vec!["42".into(), Data::Null]));
        assert_eq!(results["match_groupdict"].as_map().unwrap()["number"], Data::from("42"));
        times_out(
            WaitFor::Path(file, Some("never".into())),
            &format!("timeout when waiting for `never` in {}/log", root.path().display()),
        );
        holds(WaitFor::Time);
        assert!(!wait(WaitFor::Path(PathBuf::from("/"), None)).counts());
    }
}
