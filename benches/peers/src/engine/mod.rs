//! The interface of engines: run a WASI command-line program to its end, with input and output in
//! memory. One file for each engine.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

mod ours;
mod wasmi;

/// A program and its input.
pub(crate) struct Job {
    /// The module's bytes.
    pub(crate) wasm: Vec<u8>,
    /// The arguments, the program's name first.
    pub(crate) args: Vec<String>,
    /// All of standard input. Shared, because an engine may want it for itself.
    pub(crate) stdin: Arc<[u8]>,
    /// A directory to preopen: its path, and its name for the program.
    pub(crate) dir: Option<(Box<Path>, String)>,
}

/// Outcome of a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Returned from `main` or called `exit`.
    Exit(i32),
    /// Trapped.
    Trap {
        /// The engine's message.
        why: String,
        /// FUNCTION:ADDRESS:SIZE of an access out of bounds, from engines that report it.
        access: Option<String>,
    },
}

/// Results of a program.
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

    /// Compiles, instantiates and runs the program, which is the timed part.
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
