//! The commands from a user's view: output and exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod child;
mod failures;
mod invoke;
mod limits;
mod programs;
mod text;
mod wrt_run;
