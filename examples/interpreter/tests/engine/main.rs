//! The engine: what programs compute, how they trap, what they may import, how deep they may go.
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
