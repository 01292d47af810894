//! What instructions do to a memory, and what operations say of themselves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod operations;
mod rules;
