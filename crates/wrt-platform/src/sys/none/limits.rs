//! Twin for hosts without a limit on a process's address space.

use crate::error::OsError;

/// No limit.
pub(crate) const fn address_space(_refusal: OsError) -> Option<u64> {
    None
}
