//! Mappings over other pages (`mmap(2)`, `MAP_FIXED`).
#![allow(unsafe_code, reason = "maps over pages that are there")]

use core::ptr::NonNull;

use rustix::io::Errno;
use rustix::mm::{MapFlags, MsyncFlags, ProtFlags};

use crate::protection::Protection;
use crate::sys::NotReplaced;
use crate::sys::errors;
use crate::sys::port::accounting::UNACCOUNTED;
use crate::sys::sealed_file::SealedFile;
use crate::units::HostRange;

/// Flags of a mapping over other pages: private, and outside of memory accounting.
const OVER: MapFlags = MapFlags::PRIVATE.union(MapFlags::FIXED).union(UNACCOUNTED);

/// Maps the bytes of `file` from `offset` over `range` of the memory at `base`, copy-on-write.
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// The range lies within the memory, and no other code uses its bytes. The file has as many bytes
/// from the offset on, in whole pages.
pub(crate) unsafe fn map_file_over(
    base: NonNull<u8>,
    range: HostRange,
    file: &SealedFile,
    offset: u64,
    protection: Protection,
) -> Result<(), NotReplaced> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    let (rights, file) = (prot_flags(protection), file.descriptor());
    // SAFETY: the pages are the caller's (C1), nobody uses them, and the file has the bytes.
    let mapped = unsafe { rustix::mm::mmap(start, len, rights, OVER, file, offset) };
    // SAFETY: these are the caller's addresses, those of the mapping that failed.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}

/// Maps zero pages over `range` of the memory at `base`, where a file was.
///
/// # Errors
///
/// The host's error; lost pages have no rights and read zero.
///
/// # Safety
///
/// The range lies within the memory, and no other code uses its bytes.
pub(crate) unsafe fn map_zeroes_over(
    base: NonNull<u8>,
    range: HostRange,
    protection: Protection,
) -> Result<(), NotReplaced> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    // SAFETY: the pages are the caller's (C1), and nobody uses them.
    let mapped = unsafe { rustix::mm::mmap_anonymous(start, len, prot_flags(protection), OVER) };
    // SAFETY: these are the caller's addresses, those of the mapping that failed.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}

fn prot_flags(protection: Protection) -> ProtFlags {
    let rows = [
        (Protection::READ, ProtFlags::READ),
        (Protection::WRITE, ProtFlags::WRITE),
        (Protection::EXECUTE, ProtFlags::EXEC),
    ];
    let granted = rows.into_iter().filter(|(ours, _)| protection.contains(*ours));
    granted.fold(ProtFlags::empty(), |flags, (_, theirs)| flags | theirs)
}

/// Determines the state of `len` bytes from `first` after a failed mapping over them, and closes
/// the gap if there is one.
///
/// Most failures occur before the kernel unmaps anything: the limits on mappings and address space,
/// and the allocation to split mappings. Kernels before 6.13 unmap next, and only then account for
/// the new mapping and allocate it (`mmap_region` in the kernel's `mm/mmap.c`); if that fails, the
/// addresses are free. Mapping the pages elsewhere first would not help, since `mremap` also unmaps
/// its target before it accounts and allocates.
///
/// A race remains. If another thread maps all of the gap before `msync` probes it, the new mapping
/// cannot be told from the old one and is taken for it. This requires such a kernel, out of memory,
/// and a thread that maps as many bytes within a few instructions.
///
/// # Safety
///
/// The addresses are those of the failed mapping, and belonged to the caller before.
unsafe fn close_gap(first: NonNull<u8>, len: usize, errno: Errno) -> NotReplaced {
    let (start, error) = (first.as_ptr().cast(), errors::of(errno));
    // SAFETY: by the contract of `msync`, with this flag the call changes nothing: it fails where a page is not mapped.
    if unsafe { rustix::mm::msync(start, len, MsyncFlags::ASYNC) }.is_ok() {
        return NotReplaced::Kept(error);
    }
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE | UNACCOUNTED;
    // SAFETY: the contract of `mmap`: a mapping that replaces none disturbs nobody.
    match unsafe { rustix::mm::mmap_anonymous(start, len, ProtFlags::empty(), flags) } {
        Ok(mapped) if mapped == start => NotReplaced::Lost(error),
        Ok(elsewhere) => {
            // Kernels before 4.17 ignore the flag and choose a free address.
            // SAFETY: the contract of `munmap`: the mapping was just made, and nobody knows of it.
            let _ = unsafe { rustix::mm::munmap(elsewhere, len) };
            NotReplaced::Gone(error)
        }
        Err(_) => NotReplaced::Gone(error),
    }
}

/// Tests of the gap. An emulator keeps all addresses of a 32-bit program mapped, so it shows no gap
/// there.
#[cfg(all(test, target_pointer_width = "64"))]
#[expect(clippy::unwrap_used, reason = "a test says no by panicking")]
mod tests {
    use core::ptr;

    use super::*;

    const PAGE: usize = 1 << 16;
    const RIGHTS: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

    /// Maps pages for a test, anywhere or at a free address.
    fn mapped(address: *mut u8, pages: usize) -> NonNull<u8> {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        let flags = if address.is_null() { MapFlags::PRIVATE } else { flags };
        // SAFETY: this replaces no mapping.
        let start =
            unsafe { rustix::mm::mmap_anonymous(address.cast(), pages * PAGE, RIGHTS, flags) };
        NonNull::new(start.unwrap().cast()).unwrap()
    }

    fn unmap(first: NonNull<u8>, pages: usize) {
        // SAFETY: the pages are the test's.
        unsafe { rustix::mm::munmap(first.as_ptr().cast(), pages * PAGE) }.unwrap();
    }

    fn close(first: NonNull<u8>, pages: usize) -> NotReplaced {
        // SAFETY: the addresses are the test's.
        unsafe { close_gap(first, pages * PAGE, Errno::NOMEM) }
    }

    /// The test maps a large range and frees a part in its middle, which no mapping of another
    /// thread is likely to take.
    #[test]
    fn what_a_failed_mapping_has_left_is_told() {
        let all = mapped(ptr::null_mut(), 12);
        // SAFETY: the page lies within the mapping.
        let [range, inside] = [4, 5].map(|page| unsafe { all.add(page * PAGE) });
        // SAFETY: the page is the test's.
        unsafe { range.write(7) };
        assert_eq!(close(range, 4), NotReplaced::Kept(errors::NO_MEMORY));
        // SAFETY: as above.
        assert_eq!(unsafe { range.read() }, 7);
        unmap(range, 4);
        assert_eq!(close(range, 4), NotReplaced::Lost(errors::NO_MEMORY));
        assert_eq!(close(range, 4), NotReplaced::Kept(errors::NO_MEMORY), "the gap is closed");
        unmap(range, 4);
        let foreign = mapped(inside.as_ptr(), 1);
        assert_eq!(close(range, 4), NotReplaced::Gone(errors::NO_MEMORY));
        // SAFETY: the page was mapped above.
        unsafe { foreign.write(9) };
        unmap(all, 12);
    }
}
