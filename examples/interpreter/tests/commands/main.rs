//! The commands as a user meets them: what they print, and how they end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod child;
mod failures;
mod invoke;
mod limits;
mod programs;
mod text;
mod wrt_run;
