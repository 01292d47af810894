//! Standard error, for signal handlers.
#![allow(unsafe_code, reason = "standard error by its number")]

use rustix::fd::BorrowedFd;

/// Writes to standard error, by one system call.
pub(crate) fn write(text: &[u8]) {
    // SAFETY: by the contract of a descriptor nobody closes this one meanwhile; if somebody has,
    // the call fails and nothing is seen.
    let stderr = unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) };
    // On Linux the call does not touch `errno`, whether it fails or not.
    let _ = rustix::io::write(stderr, text);
}
