//! Signal frames on other Unixes.
#![allow(unsafe_code, reason = "the same contract, nothing asked")]

use core::ffi::c_int;

/// No flag: only Linux reports tags.
pub(crate) const EXPOSE_TAG_BITS: c_int = 0;

/// The most bytes that a kernel needs on a signal stack: the largest documented `MINSIGSTKSZ` of
/// these systems (`sigaltstack(2)` of macOS).
pub(crate) const fn smallest_stack() -> usize {
    32 << 10
}

/// Always `true`: not known without an access to the bytes.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn is_writable(_: usize) -> bool {
    true
}
