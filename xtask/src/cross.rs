//! Every row of the target table, built; with `--run` the rows that have an operating
//! system also run: all tests, and the specification suite on every backend.

use anyhow::{Context, Result};
use xshell::Cmd;

use crate::check;
use crate::compiler::Compiler;
use crate::spec;
use crate::targets::{self, Kind, Target};
use crate::workspace::Workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only this row of the target table
    #[arg(long, value_name = "T")]
    pub(crate) target: Option<String>,
    /// Run the tests and the specification suite too, emulated where needed
    #[arg(long)]
    pub(crate) run: bool,
}

/// Not built for other machines: what drives a build, and what measures.
const HOST_ONLY: [&str; 2] = ["xtask", "wrt-benches"];

/// The groups that run under emulation, where each takes several times as long.
const EMULATED_GROUPS: [&str; 3] = ["core", "bulk", "simd"];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    for target in targets::select(args.target.as_deref())? {
        row(workspace, &target, args.run).with_context(|| format!("cross {}", target.triple))?;
    }
    Ok(())
}

fn row(workspace: &Workspace, target: &Target, run: bool) -> Result<()> {
    check::rows(workspace, target)?;
    let compiler = Compiler::choose(workspace, target)?;
    if matches!(target.kind, Kind::Bare) {
        return bare_example(workspace, target, &compiler);
    }
    tests(compiler.cargo(workspace, target, "test"), run)?;
    if run {
        suite(workspace, target, &compiler)?;
    }
    Ok(())
}

/// The example that composes the crates without std.
fn bare_example(workspace: &Workspace, target: &Target, compiler: &Compiler) -> Result<()> {
    println!("cross: the small example without std, {}", target.triple);
    let command = compiler.cargo(workspace, target, "build");
    let command = command.args(["--quiet", "-p", "wrt-examples", "--lib", "--no-default-features"]);
    command.quiet().run()?;
    Ok(())
}

fn tests(cargo: Cmd<'_>, run: bool) -> Result<()> {
    let mut command = cargo.arg("--workspace");
    for package in HOST_ONLY {
        command = command.args(["--exclude", package]);
    }
    if !run {
        command = command.arg("--no-run");
    }
    command.run()?;
    Ok(())
}

/// The suite, by the programs that the tests have just built: optimizing them would take
/// longer than it saves.
fn suite(workspace: &Workspace, target: &Target, compiler: &Compiler) -> Result<()> {
    for group in EMULATED_GROUPS {
        let args = spec::Args {
            dir: workspace.scripts_beside().into_iter().collect(),
            backend: Some("all".to_owned()),
            group: Some(group.to_owned()),
        };
        spec::execute(compiler.cargo(workspace, target, "run"), workspace, &args)?;
    }
    Ok(())
}
