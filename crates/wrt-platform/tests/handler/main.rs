//! The fault handler: reports, previous handlers, and resumption of code.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod chain;
mod kinds;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod probe;
mod registration;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod resume;
#[cfg(target_os = "linux")]
mod room;
mod stacks;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod tags;

use wrt_testkit::ChildTest;

/// Whether handlers work on this host; prints a note if not.
fn stacks_of_handlers_are_aligned() -> bool {
    // QEMU before 9: the i386 ABI wants 16 bytes.
    let misaligned = cfg!(target_arch = "x86") && ChildTest::is_emulated();
    if misaligned {
        eprintln!("skipped: qemu-i386 aligns the stack of a signal handler to 8 bytes only");
    }
    !misaligned
}
