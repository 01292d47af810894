//! Host calls of defects: aliased pages, and guards that stay (`mmap(2)`, `memfd_create(2)`).
#![allow(unsafe_code, reason = "maps pages twice, and guards that stay")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

/// Maps the first `unit` of `len` bytes at `base` repeatedly over all of them.
///
/// # Safety
///
/// The bytes belong to the caller, fill whole pages, and are readable and writable.
pub(super) unsafe fn repeat(base: NonNull<u8>, unit: usize, len: usize) -> Result<(), Errno> {
    let file = rustix::fs::memfd_create(c"aliases", MemfdFlags::CLOEXEC)?;
    rustix::fs::ftruncate(&file, unit as u64)?;
    // SAFETY: the caller's bytes can be read.
    let bytes = unsafe { core::slice::from_raw_parts(base.as_ptr(), unit) };
    rustix::io::pwrite(&file, bytes, 0)?;
    let flags = MapFlags::SHARED | MapFlags::FIXED;
    for start in (0..len).step_by(unit) {
        let part = unit.min(len - start);
        // SAFETY: the offset lies within the caller's bytes.
        let place = unsafe { base.add(start) }.as_ptr().cast::<c_void>();
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the caller's pages are replaced by others with the same rights.
        unsafe { rustix::mm::mmap(place, part, rights, flags, &file, 0) }?;
    }
    Ok(())
}

/// Maps distinct pages over the `len` bytes at `base`.
///
/// # Safety
///
/// The bytes belong to the caller and fill whole pages, and no code relies on their contents.
pub(super) unsafe fn replace(base: NonNull<u8>, len: usize) {
    let rights = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the caller's pages are replaced by others with the same rights.
    let _ = unsafe { rustix::mm::mmap_anonymous(base.as_ptr().cast(), len, rights, flags) };
}

/// An inaccessible mapping at free addresses, until it is dropped.
#[derive(Debug)]
pub(super) struct Leftover {
    start: usize,
    len: usize,
}

impl Leftover {
    /// Maps `len` bytes from address `start`, unless the addresses are in use.
    pub(super) fn at(start: usize, len: usize) -> Option<Self> {
        if len == 0 {
            return None;
        }
        let wanted = ptr::without_provenance_mut(start);
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
        // SAFETY: the host replaces nothing by it.
        let given = unsafe { rustix::mm::mmap_anonymous(wanted, len, ProtFlags::empty(), flags) };
        // A host that does not know the flag chooses another address.
        let left = Self { start: given.ok()?.addr(), len };
        (left.start == start).then_some(left)
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let start = ptr::without_provenance_mut(self.start);
        // SAFETY: the mapping was made by `at` and nobody accesses it.
        let _ = unsafe { rustix::mm::munmap(start, self.len) };
    }
}
