//! Scripts of operations, played on a memory and on a `Vec<u8>` side by side.
//!
//! `operation.rs` is what a script can say, `semantics.rs` what loads give, `model.rs` the memory
//! as a vector, `rights.rs` what may be done to its bytes, `setup.rs` its image and its budget,
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

/// Where a memory and its model came apart.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Mismatch {
    /// The number of the step, from 0.
    pub step: usize,
    /// The step, as `Debug` shows it.
    pub operation: String,
    /// What differs.
    pub detail: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, {}: {}", self.step, self.operation, self.detail)
    }
}

impl core::error::Error for Mismatch {}
