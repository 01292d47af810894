//! What a memory guarantees to compiled code: which memories do, that accesses past the length
//! fault then, and that operations which fail leave the guarantee true.

mod failures;
mod given;
#[cfg(target_pointer_width = "64")]
mod host;
mod locked;
#[cfg(all(unix, feature = "alloc"))]
mod slots;
mod stray;
