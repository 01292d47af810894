//! Every row of the target table, built; with `--run` the rows that have an operating
//! system also run: all tests, and the specification suite on every backend.

use anyhow::{Context, Result};
use xshell::Cmd;

use crate::check;
use crate::compiler::Compiler;
use crate::spec;
use crate::targets::{self, Hosted, Kind, Target};
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

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    for target in targets::select(args.target.as_deref())? {
        row(workspace, &target, args.run).with_context(|| format!("cross {}", target.triple))?;
    }
    Ok(())
}

fn row(workspace: &Workspace, target: &Target, run: bool) -> Result<()> {
    check::rows(workspace, target)?;
    let compiler = Compiler::choose(workspace, target)?;
    match target.kind {
        Kind::Bare => bare_example(workspace, target, &compiler),
        Kind::Checked => Ok(()),
        Kind::Hosted(hosted) => {
            for arguments in hosted.tests {
                tests(compiler.cargo(workspace, target, "test").args(*arguments), run)?;
            }
            if run {
                suite(workspace, target, &hosted, &compiler)?;
            }
            Ok(())
        }
    }
}

/// The example that composes the crates without std.
fn bare_example(workspace: &Workspace, target: &Target, compiler: &Compiler) -> Result<()> {
    println!("cross: the small example without std, {}", target.triple);
    let command = compiler.cargo(workspace, target, "build");
    let command = command.args(["--quiet", "-p", "wrt-examples", "--lib", "--no-default-features"]);
    command.quiet().run()?;
    Ok(())
}

fn tests(mut command: Cmd<'_>, run: bool) -> Result<()> {
    if !run {
        command = command.arg("--no-run");
    }
    command.run()?;
    Ok(())
}

/// The suite, by the programs that the tests have just built: optimizing them would take
/// longer than it saves.
fn suite(
    workspace: &Workspace,
    target: &Target,
    hosted: &Hosted,
    compiler: &Compiler,
) -> Result<()> {
    for group in hosted.groups {
        let args = spec::Args {
            dir: workspace.scripts_beside().into_iter().collect(),
            backend: Some("all".to_owned()),
            group: Some((*group).to_owned()),
        };
        spec::execute(compiler.cargo(workspace, target, "run"), workspace, &args)?;
    }
    Ok(())
}
