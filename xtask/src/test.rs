//! Every test: the whole workspace, then the library crates with fewer features.

use anyhow::{Context, Result};

use crate::cargo;
use crate::targets::Features;
use crate::workspace::{LIBRARIES, Workspace};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    cargo::command(workspace, "test").arg("--workspace").run()?;
    // Only an optimizing compiler lets the interpreter's operations call each other.
    let engine = cargo::command(workspace, "test").args(["--profile", cargo::OPTIMIZED]);
    engine.args(["-p", "wrt-interpreter", "--lib", "--test", "engine"]).run()?;
    // Modules in the text format, which the commands do without.
    let text = cargo::command(workspace, "test").args(["-p", "wrt-interpreter"]);
    text.args(["--features", "text", "--test", "commands", "text"]).run()?;
    for features in [Features::None, Features::Alloc] {
        for package in LIBRARIES {
            // The examples in the documentation are for users, who have the default features.
            let test = cargo::command(workspace, "test").args(["-p", package, "--lib", "--tests"]);
            test.args(features.args())
                .run()
                .with_context(|| format!("{package} with {}", features.name()))?;
        }
    }
    Ok(())
}
