//! Known bugs of other runtimes, with tests named after their numbers: F01 35-bit addresses, F02
//! checked is not accessed, F03 before the base, F04 a maximum of zero, F05 a stale image, F06
//! reuse without guards, F07 a failed reset, F08 rights that return, F10 use after free on growth,
//! F11 a stale base, F12 half an operation, F13 beyond the address space, F14 -1 as an address, F15
//! lengths truncated to 32 bits, F16 memories of zero pages, F17 the signal stack, F18 past the
//! reservation. `cargo xtask faults` injects each and requires its test to fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod addresses;
mod bases;
mod contents;
mod guards;
mod host;
mod large;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "../../../wrt-platform/tests/handler/probe.rs"]
mod probe;
mod reuse;
mod rights;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod signals;
mod sizes;
