//! The error number of unsupported calls.

use windows_sys::Win32::Foundation::ERROR_NOT_SUPPORTED;

use crate::error::OsError;

/// The call does not exist.
pub(crate) const UNSUPPORTED: OsError = OsError(ERROR_NOT_SUPPORTED.cast_signed());
