//! The engine: results of programs, traps, imports, and depth of calls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, too")]

mod calls;
mod guest;
mod limits;
mod linking;
mod memories;
mod numbers;
mod operands;
mod refusals;
mod stops;
mod traps;
