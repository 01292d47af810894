//! What every engine must do: run a WASI command-line program to its end, with all
//! that goes in and comes out held in memory. One file an engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

mod ours;
mod wasmi;

/// A program and what it is given.
pub(crate) struct Job {
    /// The module's bytes.
    pub(crate) wasm: Vec<u8>,
    /// The arguments, the program's name first.
    pub(crate) args: Vec<String>,
    /// All of standard input. Shared, because an engine may want it for itself.
    pub(crate) stdin: Arc<[u8]>,
    /// A directory to preopen: where it is, and what the program calls it.
    pub(crate) dir: Option<(Box<Path>, String)>,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Returned from `main` or called `exit`.
    Exit(i32),
    /// Trapped.
    Trap {
        /// The engine's own words.
        why: String,
        /// FUNCTION:ADDRESS:SIZE of an access out of bounds, from engines that say it.
        access: Option<String>,
    },
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// A WebAssembly engine in its fastest settings.
pub(crate) trait Engine {
    /// The name in tables and on the command line.
    fn name(&self) -> &'static str;

    /// Compiles, instantiates and runs the program: what is timed.
    ///
    /// # Errors
    ///
    /// The module is refused. A trap is an outcome, not an error.
    fn run(&self, job: &Job) -> Result<Outcome>;
}

/// The engine that all others are compared with.
pub(crate) fn baseline() -> Box<dyn Engine> {
    Box::new(wasmi::Wasmi)
}

/// Our own interpreter, once for each backend.
pub(crate) fn ours() -> Vec<Box<dyn Engine>> {
    ours::all()
}

/// The engine with that name.
pub(crate) fn find(name: &str) -> Result<Box<dyn Engine>> {
    let mut all = ours();
    all.push(baseline());
    let names: Vec<_> = all.iter().map(|engine| engine.name()).collect();
    let known = names.join(", ");
    let found = all.into_iter().find(|engine| engine.name() == name);
    found.with_context(|| format!("no engine called {name}: there are {known}"))
}
