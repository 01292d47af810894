//! Twin for hosts that do not guarantee that dropped pages read zero, so that callers overwrite
//! them.
#![allow(unsafe_code, reason = "the same contract, nothing dropped")]

use core::ptr::NonNull;

use crate::capabilities::Capabilities;
use crate::error::OsError;
use crate::sys::unsupported::UNSUPPORTED;
use crate::units::HostBytes;

/// No capability: pages are never dropped.
pub(crate) const CAPABILITY: Capabilities = Capabilities::empty();

/// Always refuses.
///
/// # Errors
///
/// Always.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn drop_pages(_: NonNull<u8>, _: HostBytes) -> Result<(), OsError> {
    Err(UNSUPPORTED)
}
