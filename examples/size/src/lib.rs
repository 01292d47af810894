//! The least that a runtime on bare metal needs of the crates, as functions that a program links.
//! `cargo xtask size` counts their bytes.
#![cfg_attr(target_os = "none", no_std)]

mod memory;
#[cfg(target_os = "none")]
mod panic;

pub use memory::*;
