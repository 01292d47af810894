//! A forked child of this process, without its other threads, for tests of the guarantees after
//! `fork`.
#![allow(unsafe_code, reason = "forks, for tests of what a child may do")]

use core::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Outcome of a child.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Forked {
    /// It ended normally.
    Done,
    /// It did not end in time.
    Hung,
    /// An assertion failed, or a signal ended it.
    Failed(c_int),
}

const FAILED: c_int = 101;

/// Runs `body` in a child with a time limit. The child ends without dropping anything.
pub(crate) fn in_child(seconds: u32, body: impl FnOnce()) -> Forked {
    // SAFETY: fork(2)'s contract: what the child does is to take no lock, which is what is tested.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: by the contract of alarm(2) its signal ends the process.
            unsafe { libc::alarm(seconds) };
            let outcome = catch_unwind(AssertUnwindSafe(body));
            // SAFETY: by its contract this ends the process at once.
            unsafe { libc::_exit(if outcome.is_ok() { 0 } else { FAILED }) };
        }
        child => {
            let mut status = 0;
            // SAFETY: by the contract of waitpid(2) this waits for the child just made.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            match status {
                0 => Forked::Done,
                _ if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGALRM => {
                    Forked::Hung
                }
                _ => Forked::Failed(status),
            }
        }
    }
}
