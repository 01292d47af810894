//! WASI functions, called by a program that only forwards its arguments.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;
mod pointers;
mod program;
mod streams;
