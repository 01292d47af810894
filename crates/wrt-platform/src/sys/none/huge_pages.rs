//! Twin for hosts without a choice of huge pages.
#![allow(unsafe_code, reason = "the same contract, nothing asked")]

use core::ptr::NonNull;

use crate::units::HostBytes;

/// Does nothing.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn refuse(_first: NonNull<u8>, _len: HostBytes) {}
