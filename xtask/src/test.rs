//! Every test: the whole workspace, then the library crates with fewer features.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::targets::Features;
use crate::workspace::{LIBRARIES, Workspace};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    cmd!(workspace.sh, "cargo test --workspace").run()?;
    // Only an optimizing compiler lets the interpreter's operations call each other.
    cmd!(workspace.sh, "cargo test --release -p wrt-interpreter --lib --test engine").run()?;
    // Modules in the text format, which the commands do without.
    cmd!(workspace.sh, "cargo test -p wrt-interpreter --features text --test commands text")
        .run()?;
    for features in [Features::None, Features::Alloc] {
        for package in LIBRARIES {
            let arguments = features.args();
            // The examples in the documentation are for users, who have the default features.
            cmd!(workspace.sh, "cargo test -p {package} --lib --tests {arguments...}")
                .run()
                .with_context(|| format!("{package} with {}", features.name()))?;
        }
    }
    Ok(())
}
