//! The error number of unsupported calls.

use rustix::io::Errno;

use crate::error::OsError;
use crate::sys::port::errors;

/// The call does not exist.
pub(crate) const UNSUPPORTED: OsError = errors::of(Errno::NOSYS);
