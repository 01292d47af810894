//! Written pages of a mapping, by the `PAGEMAP_SCAN` request of `/proc/self/pagemap` (Linux 6.7,
//! `Documentation/admin-guide/mm/pagemap.rst`).
#![allow(unsafe_code, reason = "asks the kernel which pages were written")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, opcode};
use rustix::mm::{Advice, MapFlags, ProtFlags};

use crate::units::HostBytes;

/// A run of pages, as the kernel reports it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// The request (`struct pm_scan_arg` of `linux/fs.h`).
#[repr(C)]
#[derive(Default)]
struct ScanRequest {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const IS_FILE: u64 = 1 << 2;
const IS_PRESENT: u64 = 1 << 3;
const IS_SWAPPED: u64 = 1 << 4;
const IS_ZERO_PAGE: u64 = 1 << 5;

/// The most runs that one request can report.
const RUNS: usize = 32;

/// The kernel's record of the pages of this process.
pub(crate) struct Pagemap {
    file: Option<OwnedFd>,
    /// A page that the kernel wipes in a child of `fork`. The file is about the process that opened
    /// it, and this page tells whether that is still this one.
    ours: Option<Canary>,
    refused: AtomicBool,
}

impl Pagemap {
    /// Opens the file. If that fails, every scan returns `None`.
    pub(crate) fn open() -> Self {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(c"/proc/self/pagemap", flags, Mode::empty()).ok();
        Self { file, ours: Canary::new(), refused: AtomicBool::new(false) }
    }

    /// Calls `visit` with every run `(offset, bytes)` of written pages within `len` bytes from
    /// `base`: those written since they were mapped or dropped, even with zeroes. Over an image,
    /// the shared zero page counts as written: a kernel that merges equal pages (KSM) may have put
    /// it in place of a written one. Stops when `visit` requests it. Returns whether all runs were
    /// visited; `None` if the kernel cannot tell.
    pub(crate) fn for_each_written(
        &self,
        base: NonNull<u8>,
        len: HostBytes,
        imaged: bool,
        mut visit: impl FnMut(usize, usize) -> bool,
    ) -> Option<bool> {
        let file = self.file.as_ref().filter(|_| !self.refused.load(Relaxed))?;
        self.ours.as_ref().filter(|canary| canary.lives())?;
        let start = base.as_ptr().addr() as u64;
        let end = start + len.as_u64();
        let mut from = start;
        while from < end {
            let mut found = [PageRegion::default(); RUNS];
            let mut request = ScanRequest::written(from, end, imaged, &mut found);
            let Ok(count) = scan(file, &mut request) else {
                // Kernels before 6.7 have no such request, and a filter may forbid it.
                self.refused.store(true, Relaxed);
                return None;
            };
            for run in found.iter().take(count) {
                if !visit((run.start - start) as usize, (run.end - run.start) as usize) {
                    return Some(false);
                }
            }
            // No run and no progress: the kernel cannot tell.
            from = if request.walk_end > from { request.walk_end } else { return None };
        }
        Some(true)
    }
}

impl ScanRequest {
    /// Requests the pages that exist and are neither a file's nor the shared zero page.
    fn written(start: u64, end: u64, imaged: bool, found: &mut [PageRegion; RUNS]) -> Self {
        let excluded = if imaged { IS_FILE } else { IS_FILE | IS_ZERO_PAGE };
        Self {
            size: size_of::<Self>() as u64,
            start,
            end,
            vec: found.as_mut_ptr().expose_provenance() as u64,
            vec_len: RUNS as u64,
            category_inverted: excluded,
            category_mask: excluded,
            category_anyof_mask: IS_PRESENT | IS_SWAPPED,
            return_mask: IS_PRESENT,
            ..Self::default()
        }
    }
}

/// Makes the request; returns the number of runs that the kernel has written.
fn scan(file: &OwnedFd, request: &mut ScanRequest) -> rustix::io::Result<usize> {
    // SAFETY: the request is the one of its number: it names a vector of `RUNS` runs, which the
    // caller borrows mutably until the answer is read.
    unsafe { rustix::ioctl::ioctl(file.as_fd(), Scan(request)) }
}

struct Scan<'a>(&'a mut ScanRequest);

// SAFETY: `opcode` is that of a request which reads and writes one `ScanRequest`, `as_ptr` gives
// one that is borrowed mutably, and the output is the result alone; no contract is left open.
unsafe impl Ioctl for Scan<'_> {
    type Output = usize;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<ScanRequest>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        ptr::from_mut(self.0).cast()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<usize> {
        Ok(usize::try_from(out).unwrap_or(0).min(RUNS))
    }
}

/// A page with a byte that is 1 in the process that created it and 0 in its forked children.
struct Canary {
    /// - **F1** A mapping of `len` bytes that belongs to this value alone; its bytes are
    ///   initialised.
    page: NonNull<AtomicU8>,
    len: usize,
}

// SAFETY: F1, and the byte is atomic.
unsafe impl Send for Canary {}

// SAFETY: F1, and the byte is atomic.
unsafe impl Sync for Canary {}

impl Canary {
    fn new() -> Option<Self> {
        let len = rustix::param::page_size();
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the host's choosing disturbs nobody, which is all
        // that the contract asks for.
        let page =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, rights, MapFlags::PRIVATE) };
        let canary = Self { page: NonNull::new(page.ok()?)?.cast(), len };
        // SAFETY: F1; the advice speaks of children and changes nothing here.
        unsafe { rustix::mm::madvise(canary.page.as_ptr().cast(), len, Advice::LinuxWipeOnFork) }
            .ok()?;
        canary.byte().store(1, Relaxed);
        Some(canary)
    }

    fn byte(&self) -> &AtomicU8 {
        // SAFETY: F1.
        unsafe { self.page.as_ref() }
    }

    fn lives(&self) -> bool {
        self.byte().load(Relaxed) == 1
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        // SAFETY: F1, and the mapping is not used again.
        let _ = unsafe { rustix::mm::munmap(self.page.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::backend::MmapAllocator;
    use crate::image::MemoryImage;
    use crate::region::Region;
    use crate::request::ReserveRequest;

    fn written(pagemap: &Pagemap, region: &mut Region<MmapAllocator>) -> Option<Vec<usize>> {
        let (base, len) = (region.view().base, region.committed());
        let page = rustix::param::page_size();
        let mut pages = Vec::new();
        let complete = pagemap.for_each_written(base, len, false, |offset, bytes| {
            pages.extend((offset / page)..(offset + bytes) / page);
            true
        })?;
        assert!(complete);
        Some(pages)
    }

    #[test]
    fn written_pages_are_found_and_no_others() {
        let pagemap = Pagemap::open();
        let page = rustix::param::page_size() as u64;
        let size = 128 * page.max(65536);
        let image = MemoryImage::new(&[(8 * 65536, &[7; 3 * 65536])]).unwrap();
        let request = ReserveRequest::new(size, size).image(&image);
        let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
        let Some(none) = written(&pagemap, &mut region) else {
            std::eprintln!("this kernel has no PAGEMAP_SCAN (Linux 6.7): nothing to test");
            return;
        };
        assert!(none.is_empty(), "{none:?}");
        let sum: u64 = region.data().unwrap().iter().map(|byte| u64::from(*byte)).sum();
        assert_eq!(sum, 7 * 3 * 65536);
        assert_eq!(written(&pagemap, &mut region), Some(Vec::new()), "reading is not writing");
        let image_page = 9 * 65536 / page;
        let mut expected: Vec<u64> =
            (0..100).map(|index| index * 128 * 65536 / page / 100).collect();
        expected.extend([image_page, image_page + 1, size / page - 1]);
        for index in &expected {
            region.store(index * page, [0]).unwrap();
        }
        expected.sort_unstable();
        expected.dedup();
        let found = written(&pagemap, &mut region).unwrap();
        assert!(found.iter().map(|index| *index as u64).eq(expected), "{found:?}");
    }
}
