//! The menu of `cargo xtask`, with one file for each subcommand.
#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod check;
mod ci;
mod compiler;
mod coverage;
mod cross;
mod deny;
mod faults;
mod injected;
mod loom;
mod mutants;
mod programs;
mod setup;
mod side_by_side;
mod size;
mod spec;
mod targets;
mod test;
mod tidy;
mod wine;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's own commands")]
struct Menu {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Install the needs of the other commands (Debian packages), or list them
    Setup(setup::Args),
    /// Check formatting, clippy, docs, and every row of targets x features
    Check(check::Args),
    /// Run all tests; the library crates also with fewer features
    Test,
    /// Run the official specification scripts on the example interpreter
    Spec(spec::Args),
    /// Build for every target of the table; with --run also run the tests
    Cross(cross::Args),
    /// Inject known bugs one by one, and check that a test catches each
    Faults(faults::Args),
    /// Run models of concurrency, and check that they find known bugs
    Loom(loom::Args),
    /// List the lines of the library crates that no test runs, by file
    Coverage,
    /// Mutate the code at one place after the other, and check that a test fails each time
    Mutants(mutants::Args),
    /// Check licences, second versions and origins of the dependencies
    Deny,
    /// Run the benches and print one table: ours, baseline, ratio, spread
    Bench(bench::Args),
    /// Measure the code size of a memory with load, store and grow on bare metal
    Size,
    /// Check the house rules
    Tidy,
    /// Rebuild examples/programs from their C sources
    Programs(programs::Args),
    /// Run all checks, in order
    Ci(ci::Args),
}

fn main() -> ExitCode {
    match run(Menu::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(menu: Menu) -> anyhow::Result<()> {
    let Some(command) = menu.command else {
        Menu::command().print_help()?;
        return Ok(());
    };
    let workspace = Workspace::open()?;
    match command {
        Command::Setup(args) => setup::run(&workspace, &args),
        Command::Check(args) => check::run(&workspace, &args),
        Command::Test => test::run(&workspace),
        Command::Spec(args) => spec::run(&workspace, &args),
        Command::Cross(args) => cross::run(&workspace, &args),
        Command::Faults(args) => faults::run(&workspace, &args),
        Command::Loom(args) => loom::run(&workspace, &args),
        Command::Coverage => coverage::run(&workspace),
        Command::Mutants(args) => mutants::run(&workspace, &args),
        Command::Deny => deny::run(&workspace),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Size => size::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Programs(args) => programs::run(&workspace, &args),
        Command::Ci(args) => ci::run(&workspace, &args),
    }
}
