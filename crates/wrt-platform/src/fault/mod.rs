//! What the host's faults mean: which memory, which address in it, and why.
//!
//! ```text
//! handler/     the signal handler that asks, and what its callback may do    Unix with std
//!    |
//! registry/    which memories there are; read without a lock
//!    |
//! report.rs    the answer            extent.rs    where an address lies
//! ```

mod extent;
mod registry;
mod report;

pub use extent::MemoryExtent;
pub use registry::FaultRegistration;
#[cfg(test)]
pub(crate) use registry::SLOTS;
pub use report::{FaultKind, FaultReport, FaultSignal};
