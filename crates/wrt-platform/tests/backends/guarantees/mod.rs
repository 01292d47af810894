//! Guarantees to compiled code: which memories have them, that accesses past the length fault, and
//! that failed operations keep them.

mod failures;
mod given;
#[cfg(target_pointer_width = "64")]
mod host;
mod locked;
#[cfg(all(unix, feature = "pool"))]
mod slots;
mod stray;
