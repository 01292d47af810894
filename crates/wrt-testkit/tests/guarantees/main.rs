//! What a memory guarantees to compiled code: which memories do, that accesses past the length
//! fault then, and that operations which fail leave the guarantee true.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

mod failures;
mod given;
#[cfg(target_pointer_width = "64")]
mod host;
mod locked;
#[cfg(unix)]
mod slots;
mod stray;
