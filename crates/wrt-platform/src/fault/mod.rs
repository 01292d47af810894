//! Classification of host faults: memory, address within it, and kind. Signal handlers may ask;
//! `crate::handler` is one.

// Order of modules, each uses only those below its line:
//   report
//   registry
//   extent
//   address kind

mod address;
mod extent;
mod kind;
mod registry;
mod report;

pub use extent::MemoryExtent;
pub use kind::{FaultKind, FaultSignal};
pub use registry::FaultRegistration;
#[cfg(test)]
pub(crate) use registry::SLOTS;
pub use report::FaultReport;
