//! What instructions do to a memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod rules;
