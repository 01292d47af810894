//! What other Unixes have.

use core::ffi::c_int;

/// Nothing: only Linux tells tags.
pub(super) const EXPOSE_TAG_BITS: c_int = 0;

/// Bytes that the kernel needs on a signal stack.
pub(super) fn smallest_stack() -> usize {
    libc::MINSIGSTKSZ
}
