//! Limits on the process (`getrlimit(2)`).

use rustix::process::{Resource, getrlimit};

use super::errors;
use crate::error::OsError;

/// The limit on the process's address space in bytes, if one is set and may be the cause of
/// `refusal`.
pub(crate) fn address_space(refusal: OsError) -> Option<u64> {
    if refusal == errors::NO_MEMORY { getrlimit(Resource::As).current } else { None }
}
