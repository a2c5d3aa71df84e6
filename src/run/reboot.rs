//! Hosts that go away and come back: `reboot` and `wait_for_connection`.
//!
//! Only the controller is there meanwhile, so it does the waiting. Nothing else happens on the host until it is back.

use std::thread;
use std::time::{Duration, Instant};

use converge_host::change::Change;
use converge_host::data::{Data, Map};
use converge_host::wire::Call;

use crate::plan::call::BoundCall;
use crate::plan::outcome::Outcome;
use crate::run::mode::Nature;
use crate::run::prepare::Request;
use crate::run::walk::Walk;
use crate::target::Connection;
use crate::value::Value;

/// How long lies between two tries.
const PAUSE: Duration = Duration::from_secs(1);

impl Walk<'_> {
    /// Has a host start anew and waits until it is back.
    pub(super) fn reboot(
        &mut self,
        host: &str,
        request: &Request,
        reviewed: Option<&Vec<Change>>,
    ) -> Outcome {
        if request.endpoint.connection == Connection::Local {
            return Outcome::failed(
                "this machine itself would be rebooted, and the run with it; `reboot` is for hosts that are reached over SSH",
            );
        }
        let args = &request.bound.call.args;
        let started = Instant::now();
        let boot = text(args, "boot_time_command")
            .unwrap_or_else(|| "cat /proc/sys/kernel/random/boot_id".into());
        let before = match self.printed(host, request, &boot) {
            Ok(before) => before,
            Err(outcome) => return *outcome,
        };
        let mut outcome = self.attempt(host, request, false, reviewed);
        // The host may be gone before its answer is here.
        if outcome.is_failed() && outcome.lost.is_none() {
            return outcome;
        }
        if outcome.lost.is_some() {
            outcome = Outcome::local(
                true,
                [("rebooted".into(), Value::from(true))].into_iter().collect(),
            );
        }
        thread::sleep(seconds(args, "pre_reboot_delay", 0));
        thread::sleep(seconds(args, "post_reboot_delay", 0));
        let until = Instant::now() + seconds(args, "reboot_timeout", 600);
        let test = text(args, "test_command").unwrap_or_else(|| "whoami".into());
        let mut back = false;
        loop {
            thread::sleep(PAUSE);
            self.anew(host, request);
            if !back {
                back = self.printed(host, request, &boot).is_ok_and(|now| now != before);
            }
            if back && self.printed(host, request, &test).is_ok() {
                break;
            }
            if Instant::now() >= until {
                let what = if back { "does not do what it should" } else { "did not come back" };
                let mut failed = Outcome::failed(format!(
                    "the host {what} within {} s after it was rebooted",
                    seconds(args, "reboot_timeout", 600).as_secs()
                ));
                failed.set("rebooted", back.into());
                failed.set("elapsed", elapsed(started));
                return failed;
            }
        }
        outcome.set("elapsed", elapsed(started));
        outcome.set("rebooted", true.into());
        outcome
    }

    /// Tries to reach a host until it answers.
    pub(super) fn await_connection(&mut self, host: &str, request: &Request) -> Outcome {
        let args = &request.bound.call.args;
        let started = Instant::now();
        thread::sleep(seconds(args, "delay", 0));
        let until = started + seconds(args, "timeout", 600);
        loop {
            let mut outcome = self.attempt(host, request, false, None);
            if !outcome.is_failed() && outcome.lost.is_none() {
                outcome.set("elapsed", elapsed(started));
                return outcome;
            }
            if Instant::now() >= until {
                let told = outcome.value.get("msg").and_then(Value::as_str).unwrap_or_default();
                let mut failed = Outcome::failed(format!(
                    "the host did not answer within {} s: {told}",
                    seconds(args, "timeout", 600).as_secs()
                ));
                failed.set("elapsed", elapsed(started));
                return failed;
            }
            thread::sleep(seconds(args, "sleep", 1));
            self.anew(host, request);
        }
    }

    /// Connects anew.
    fn anew(&mut self, host: &str, request: &Request) {
        self.connections.forget(&request.endpoint.name);
        self.connections.prepare(std::slice::from_ref(&request.endpoint));
        if let Some(state) = self.hosts.get_mut(host) {
            // The requests before were another connection's, and all of them are answered.
            state.chain.clear();
        }
    }

    /// What a command prints that changes nothing; the outcome where it fails.
    fn printed(
        &mut self,
        host: &str,
        request: &Request,
        command: &str,
    ) -> Result<String, Box<Outcome>> {
        let args = Map::from_iter([("_raw_params".to_owned(), Data::from(command))]);
        let call = Call { module: "command".into(), args, env: request.bound.call.env.clone() };
        let asked = Request {
            bound: BoundCall { call, partly: None },
            endpoint: request.endpoint.clone(),
            escalation: request.escalation.clone(),
            nature: Nature::ReadOnly,
            doubt: None,
            background: false,
        };
        let outcome = self.attempt(host, &asked, false, None);
        if outcome.is_failed() || outcome.lost.is_some() {
            return Err(Box::new(outcome));
        }
        let printed = outcome.value.get("stdout").and_then(Value::as_str).unwrap_or_default();
        Ok(printed.to_owned())
    }
}

fn text(args: &Map, name: &str) -> Option<String> {
    args.get(name).and_then(Data::as_str).map(ToOwned::to_owned)
}

fn seconds(args: &Map, name: &str, default: u64) -> Duration {
    let given = args.get(name).or_else(|| args.get(&format!("{name}_sec")));
    let number = given.and_then(|data| match data {
        Data::Int(number) => u64::try_from(*number).ok(),
        Data::Str(text) => text.trim().parse().ok(),
        _ => None,
    });
    Duration::from_secs(number.unwrap_or(default))
}

fn elapsed(started: Instant) -> Value {
    i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX).into()
}
