//! Huge pages (`madvise(2)`), which would allocate memory for neighbours of touched pages.
#![allow(unsafe_code, reason = "gives the kernel advice on pages")]

use core::ptr::NonNull;

use rustix::mm::Advice;

use crate::units::HostBytes;

/// Asks the host for small pages only.
///
/// # Safety
///
/// The pages belong to the caller.
pub(crate) unsafe fn refuse(first: NonNull<u8>, len: HostBytes) {
    let start = first.as_ptr().cast();
    // SAFETY: the caller owns the pages; the advice changes neither rights nor bytes.
    let _ = unsafe { rustix::mm::madvise(start, len.get(), Advice::LinuxNoHugepage) };
}
