//! This host is not asked about huge pages.
#![allow(unsafe_code, reason = "the same contract, nothing asked")]

use core::ptr::NonNull;

use crate::units::HostBytes;

/// Asks nobody.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn refuse(_first: NonNull<u8>, _len: HostBytes) {}
