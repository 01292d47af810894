//! The example that runs on bare metal; `src/bin/static_memory.rs` runs it on a host.
#![no_std]
#![forbid(unsafe_code)]

pub mod static_memory;

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
