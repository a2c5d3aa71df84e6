//! `cargo xtask`: the table of the project's chores.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, compat_record, demo, fleet, record, say, size, test};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Records what ansible-core makes of the templates in tests/compat
    CompatRecord(compat_record::CompatRecord),
    /// Measures converge and others doing the same jobs on the same hosts
    Bench(bench::Bench),
    /// Boots a Debian and a CentOS-like host and configures both with converge
    Demo(demo::Demo),
    /// Boots real hosts on this machine for work by hand
    #[command(subcommand)]
    Fleet(fleet::command::Command),
    /// Records what ansible-playbook makes of the playbooks in tests/playbooks
    RecordPlaybooks(record::Record),
    /// Measures the helpers against their budget
    Size(size::Size),
    /// Runs every check: format, lints, unit tests, and the tests on real hosts
    Test(test::Test),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::CompatRecord(record) => record.run(),
        Command::Bench(bench) => bench.run(),
        Command::Demo(demo) => demo.run(),
        Command::Fleet(command) => command.run(),
        Command::RecordPlaybooks(record) => record.run(),
        Command::Size(size) => size.run(),
        Command::Test(test) => test.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::progress("error", &format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
