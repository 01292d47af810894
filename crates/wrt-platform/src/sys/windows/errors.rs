//! Error numbers (`GetLastError`).
#![allow(unsafe_code, reason = "reads the thread's last error")]

use windows_sys::Win32::Foundation::{ERROR_NOT_ENOUGH_MEMORY, GetLastError};

use crate::error::OsError;

/// For sizes beyond the address space.
pub(crate) const NO_MEMORY: OsError = OsError(ERROR_NOT_ENOUGH_MEMORY.cast_signed());

/// The error of the last call.
pub(super) fn last() -> OsError {
    // SAFETY: the contract of the call: it reads a number of the calling thread.
    OsError(unsafe { GetLastError() }.cast_signed())
}
