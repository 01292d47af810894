//! Twin for hosts that map no image over pages.
#![allow(unsafe_code, reason = "the same contract, never called")]

use core::ptr::NonNull;

use crate::protection::Protection;
use crate::sys::NotReplaced;
use crate::sys::sealed_file::SealedFile;
use crate::sys::unsupported::UNSUPPORTED;
use crate::units::HostRange;

/// Never called, since there is no file.
///
/// # Errors
///
/// Always.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn map_file_over(
    _: NonNull<u8>,
    _: HostRange,
    _: &SealedFile,
    _: u64,
    _: Protection,
) -> Result<(), NotReplaced> {
    Err(NotReplaced::Kept(UNSUPPORTED))
}

/// Never called, since no image is mapped.
///
/// # Errors
///
/// Always.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn map_zeroes_over(
    _: NonNull<u8>,
    _: HostRange,
    _: Protection,
) -> Result<(), NotReplaced> {
    Err(NotReplaced::Kept(UNSUPPORTED))
}
