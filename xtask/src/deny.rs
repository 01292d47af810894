//! Checks of dependencies: licences, second versions of a crate, and origins. `deny.toml` lists
//! what is allowed.

use anyhow::Result;

use crate::cargo;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let command = cargo::command(workspace, "deny").args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "-D",
        "warnings",
    ]);
    command.args(["bans", "licenses", "sources"]).run()?;
    Ok(())
}
