//! All tests: the whole workspace, then the library crates with fewer features.

use anyhow::{Context, Result};

use crate::cargo;
use crate::targets::WITHOUT_STD;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    cargo::command(workspace, "test").arg("--workspace").run()?;
    // Only an optimizing compiler lets the interpreter's operations call each other.
    let engine = cargo::command(workspace, "test").args(["--profile", cargo::OPTIMIZED]);
    engine.args(["-p", "wrt-interpreter", "--lib", "--test", "engine"]).run()?;
    // Modules in the text format, which the commands do without.
    let text = cargo::command(workspace, "test").args(["-p", "wrt-interpreter"]);
    text.args(["--features", "text", "--test", "commands", "text"]).run()?;
    // The examples in the documentation are for users, who have the default features.
    let fewer = cargo::command(workspace, "hack").args(["test", "--lib", "--tests"]);
    cargo::each_feature(fewer, WITHOUT_STD).run().context("with fewer features")?;
    Ok(())
}
