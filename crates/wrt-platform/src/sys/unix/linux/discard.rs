//! Return of pages to the host (`madvise(2)`).
#![allow(unsafe_code, reason = "gives pages back to the kernel")]

use core::ptr::NonNull;

use rustix::mm::Advice;

use crate::capabilities::Capabilities;
use crate::error::OsError;
use crate::sys::errors;
use crate::units::HostBytes;

/// Capabilities that dropping pages provides on this host.
pub(crate) const CAPABILITY: Capabilities = Capabilities::DISCARD;

/// Returns pages to the host; they read zero, or as the file under them, when touched again.
///
/// # Errors
///
/// Those of the host, for locked pages. It may have dropped some.
///
/// # Safety
///
/// The pages belong to the caller, and no code relies on their contents.
pub(crate) unsafe fn drop_pages(first: NonNull<u8>, len: HostBytes) -> Result<(), OsError> {
    let start = first.as_ptr().cast();
    // SAFETY: the caller owns the pages; private anonymous pages read zero afterwards.
    unsafe { rustix::mm::madvise(start, len.get(), Advice::LinuxDontNeed) }.map_err(errors::of)
}
