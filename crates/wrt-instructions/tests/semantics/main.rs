//! Effects of instructions on a memory, and properties of operations.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod operations;
mod rules;
