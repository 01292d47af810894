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
#[cfg(all(unix, feature = "std"))]
mod handler;
mod registry;
mod report;

pub use extent::MemoryExtent;
#[cfg(all(unix, feature = "std"))]
pub use handler::{
    AltStack, FaultHandler, HandlerError, Registers, ResumePoint, TrapAction, TrapCallback,
    TrapContext, UnknownRegisters,
};
pub use registry::FaultRegistration;
#[cfg(test)]
pub(crate) use registry::SLOTS;
pub use report::{FaultKind, FaultReport, FaultSignal};
