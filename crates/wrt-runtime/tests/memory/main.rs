//! Linear memories on every backend: contents and rights, growth, seals, observers and errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

#[cfg(feature = "alloc")]
mod budgets;
#[cfg(feature = "alloc")]
mod composing;
#[cfg(feature = "alloc")]
mod errors;
mod events;
mod failures;
#[cfg(feature = "alloc")]
mod guest;
#[cfg(feature = "alloc")]
mod observers;
#[cfg(feature = "alloc")]
mod ranges;
mod seals;
mod values;
