//! Memory tags: their assignment, changes, and checks.
#![cfg(all(target_os = "linux", target_arch = "aarch64"))]
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

mod copies;
mod growth;
mod mappings;
mod neighbours;
mod probe;
mod retags;
mod threads;
