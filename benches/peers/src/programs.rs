//! The programs of `examples/programs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::engine::Job;

/// The folder of the programs.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/programs")
}

/// A run of `program`, a name in that folder or the path of a `.wasm`, without input.
pub(crate) fn job(program: &str, args: impl Iterator<Item = String>) -> Result<Job> {
    let path = match program.ends_with(".wasm") {
        true => PathBuf::from(program),
        false => folder().join(program).with_extension("wasm"),
    };
    let wasm = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let args = std::iter::once(program.to_owned()).chain(args).collect();
    Ok(Job { wasm, args, stdin: Vec::new().into(), dir: None })
}
