//! Error numbers (`errno(3)`).

use rustix::io::Errno;

use crate::error::OsError;

/// No memory, or no address space.
pub(crate) const NO_MEMORY: OsError = of(Errno::NOMEM);

/// The number of a refusal.
pub(super) const fn of(errno: Errno) -> OsError {
    OsError(errno.raw_os_error())
}
