//! What a signal handler meets on other Unixes.
#![allow(unsafe_code, reason = "the same contract, nothing asked")]

use core::ffi::c_int;

/// Nothing: only Linux tells tags.
pub(crate) const EXPOSE_TAG_BITS: c_int = 0;

/// Bytes that a kernel needs on a signal stack, at most: the largest `MINSIGSTKSZ` of these systems
/// that is documented (`sigaltstack(2)` of macOS).
pub(crate) const fn smallest_stack() -> usize {
    32 << 10
}

/// Not known without touching the bytes.
///
/// # Safety
///
/// None.
pub(crate) const unsafe fn is_writable(_: usize) -> bool {
    true
}
