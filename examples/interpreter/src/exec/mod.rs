//! Execution.
//!
//! ```text
//! call.rs       the outer loop: enters instances, calls host functions, reports traps
//!    |      \
//! machine.rs  outside.rs    the inner loop; what is too rare for it
//!    |
//! numeric.rs  control.rs  memory.rs     one function an operation
//!    |
//! link.rs       from a module's operations to these functions
//! ```

mod call;
#[cfg(test)]
mod chain;
mod control;
mod link;
mod machine;
mod memory;
mod numeric;
mod outside;
mod report;

pub(crate) use link::handler;
pub(crate) use machine::{Frame, Instr, Regs, WINDOW, get, set};
