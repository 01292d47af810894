//! Limits on the process (`getrlimit(2)`).

use rustix::process::{Resource, getrlimit};

use super::errors;
use crate::error::OsError;

/// The limit on the process's address space in bytes, where one is set and `refusal` may come from it.
pub(crate) fn address_space(refusal: OsError) -> Option<u64> {
    if refusal == errors::NO_MEMORY { getrlimit(Resource::As).current } else { None }
}
