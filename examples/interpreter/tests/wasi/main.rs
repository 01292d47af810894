//! WASI functions, called by a program that does nothing but hand its arguments on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;
mod pointers;
mod program;
mod streams;
