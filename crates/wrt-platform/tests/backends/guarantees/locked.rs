//! Locked pages, which the host does not drop.
#![allow(unsafe_code, reason = "locks pages of a memory")]

use wrt_platform::{PageAllocator, Region};

/// Pages that are locked in physical memory until this value is dropped, if the process may lock
/// them.
pub(crate) struct Locked {
    #[cfg(unix)]
    pages: Option<(usize, usize)>,
}

/// Locks the first `len` bytes of a region.
#[cfg(unix)]
pub(crate) fn lock<P: PageAllocator>(region: &mut Region<P>, len: usize) -> Locked {
    let first = region.view().base.as_ptr();
    // SAFETY: locking pages of the region changes neither rights nor bytes.
    let locked = unsafe { libc::mlock(first.cast(), len) } == 0;
    if !locked {
        println!("this process may not lock {len} bytes: they are dropped like others");
    }
    Locked { pages: locked.then_some((first.addr(), len)) }
}

/// Twin for hosts that drop no pages.
#[cfg(not(unix))]
pub(crate) fn lock<P: PageAllocator>(_: &mut Region<P>, _: usize) -> Locked {
    Locked {}
}

impl Drop for Locked {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some((first, len)) = self.pages {
            // SAFETY: unlocking pages changes neither rights nor bytes, and the call takes any
            // address.
            unsafe { libc::munlock(core::ptr::with_exposed_provenance(first), len) };
        }
    }
}
