//! Scripts of operations, played on a memory and on a `Vec<u8>` side by side.
//!
//! `operation.rs` is the steps of a script, `semantics.rs` the results of loads, `model.rs` the
//! memory as a vector, `rights.rs` the rights on its bytes, `setup.rs` its image and its budget,
//! `player.rs` the comparison.

mod model;
mod operation;
mod player;
mod rights;
pub(crate) mod semantics;
mod setup;

use core::fmt;

pub use operation::{ScriptOperation, Step};
pub use player::{run_pair_script, run_pair_script_with, run_script, run_script_with};
pub use setup::MemorySetup;

/// A difference between a memory and its model.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Mismatch {
    /// The number of the step, from 0.
    pub step: usize,
    /// The step, as `Debug` shows it.
    pub operation: String,
    /// The difference.
    pub detail: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, {}: {}", self.step, self.operation, self.detail)
    }
}

impl core::error::Error for Mismatch {}
