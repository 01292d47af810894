//! Behaviour of single backends beyond the contract, and requests that regions refuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod ahead;
mod guarantees;
#[cfg(all(target_os = "linux", target_pointer_width = "64", feature = "pool"))]
mod images;
#[cfg(all(target_os = "linux", feature = "pool"))]
mod modules;
#[cfg(all(unix, feature = "pool"))]
mod pool;
mod preconditions;
#[cfg(target_os = "linux")]
mod settling;
