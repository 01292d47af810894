//! State of broken backends: the memories of the inner backend.
#![allow(unsafe_code, reason = "writes where broken backends must not")]

use core::ptr::NonNull;
use std::fs::File;

use wrt_platform::{
    Committed, GuardPolicy, HostBytes, HostPage, HostRange, HostRights, MemoryImage, Reservation,
    ReserveRequest, ResetOutcome, Tagging,
};

use super::overlay::{self, Leftover};

/// State of a broken backend.
#[derive(Debug, Default)]
pub(super) struct State {
    /// All memories so far; a reservation's cookie is the index of its memory.
    pub(super) memories: Vec<Memory>,
    /// Released memories that are free for reuse.
    pub(super) spare: Vec<usize>,
    pub(super) reserved: usize,
    pub(super) released: usize,
    /// The image of the last memory that had one, for the next memory without an image.
    pub(super) stale: Option<MemoryImage>,
    /// An image, and the contents of the last memory that had it.
    pub(super) written: Option<(MemoryImage, Vec<u8>)>,
    /// Restricted ranges of the last memory that had some.
    pub(super) inherited: Vec<HostRights>,
    /// Address of the allocator at its last reservation.
    pub(super) home: usize,
    /// Whether any pages were discarded.
    pub(super) discarded: bool,
    /// Mappings left by released memories.
    pub(super) leftovers: Vec<Leftover>,
    pub(super) descriptors: Vec<File>,
}

/// Properties in which two equivalent requests agree.
pub(super) type Shape = (u64, u64, u64, GuardPolicy, Tagging, bool);

pub(super) fn shape_of(request: &ReserveRequest<'_>) -> Shape {
    let (maximum, guard) = (request.maximum(), request.guard_bytes());
    let image = request.initial_image().is_some();
    let (reservation, tagging) = (request.reservation_bytes(), request.tagging_policy());
    (maximum, reservation, guard, request.guard_policy(), tagging, image)
}

/// An image with which the broken backend itself fills a memory.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    pub(super) range: HostRange,
    pub(super) bytes: Vec<u8>,
}

impl Filling {
    /// The whole pages of `image`, with `written` in place of its bytes, if given.
    pub(super) fn new(image: &MemoryImage, written: Option<&[u8]>, page: HostPage) -> Option<Self> {
        let first = image.extents().next().map_or(0, |(address, _)| address);
        let (start, end) = (page.round_down(first), page.round_up(image.end())?);
        let mut bytes = vec![0; (image.end() - start.as_u64()) as usize];
        for (address, extent) in image.extents() {
            let offset = (address - start.as_u64()) as usize;
            bytes[offset..offset + extent.len()].copy_from_slice(extent);
        }
        let bytes = written.map_or(bytes, <[u8]>::to_vec);
        Some(Self { range: HostRange { start, len: end.saturating_sub(start) }, bytes })
    }

    /// The filling at another offset.
    pub(super) fn moved_to(self, start: HostBytes) -> Self {
        Self { range: HostRange { start, ..self.range }, ..self }
    }
}

/// A memory of the inner backend.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// - **M1** `inner` came from the inner backend, and unless `gone` is set it is not released and
    ///   exactly `committed` bytes of it are committed.
    pub(super) inner: Reservation,
    pub(super) committed: HostBytes,
    pub(super) gone: bool,
    /// Number of reservations that callers hold of it.
    pub(super) owners: usize,
    pub(super) shape: Shape,
    pub(super) shown: Reservation,
    /// Offset of the base that callers see from that of `inner`, in bytes.
    pub(super) shift: usize,
    /// Bytes that are committed beyond those that callers request.
    pub(super) extra: HostBytes,
    pub(super) image: Option<MemoryImage>,
    pub(super) filling: Option<Filling>,
    pub(super) rights: Vec<HostRights>,
    pub(super) was_protected: bool,
    pub(super) was_refused: bool,
    /// Bytes that alias the first [`NEAR_PAGES`].
    pub(super) covered: usize,
}

// SAFETY: reservations belong to no thread, and the state's lock guards all of them.
unsafe impl Send for Memory {}

/// Pages of a memory that are never aliased.
pub(super) const NEAR_PAGES: u64 = 64;

impl Memory {
    /// Whether there are committed bytes and all are readable and writable.
    pub(super) fn is_usual(&self) -> bool {
        self.rights.is_empty() && self.committed > HostBytes::ZERO && !self.gone
    }

    /// Whether it can be reused as if it were new.
    pub(super) fn is_plain(&self) -> bool {
        self.owners == 0 && self.rights.is_empty() && self.image.is_none() && !self.shown.tagged()
    }

    /// Maps the first pages over the following ones, up to the process's limit of mappings.
    pub(super) fn cover(&mut self, page: HostPage) {
        const MOST: usize = 1024;
        let unit = NEAR_PAGES as usize * page.bytes();
        let len = self.committed.get().min(MOST * unit);
        if self.is_usual() && len > unit {
            // SAFETY: the first `len` bytes are committed (M1) and have their usual rights.
            let done = unsafe { overlay::repeat(self.inner.base(), unit, len) };
            self.covered = if done.is_ok() { len } else { 0 };
        }
    }

    /// Restores distinct pages for the inner backend.
    pub(super) fn uncover(&self) {
        if self.covered > 0 {
            // SAFETY: the bytes were committed when they were covered, and their owner lets go.
            unsafe { overlay::replace(self.inner.base(), self.covered) };
        }
    }

    /// Records the outcome of a reset of the inner backend; returns the committed bytes.
    pub(super) fn follow(&mut self, renewed: ResetOutcome) -> HostBytes {
        if let Committed::Moved(base) = renewed.base {
            self.inner = self.inner.moved_to(base);
        }
        self.committed = renewed.kept;
        self.committed
    }

    /// The range in the inner memory for a range of a caller.
    pub(super) fn inner_range(&self, range: HostRange) -> HostRange {
        let start = if self.shift > 0 { range.start.checked_add(self.extra) } else { None };
        HostRange { start: start.unwrap_or(range.start), ..range }
    }

    /// Writes `bytes` at an offset from the callers' base, if they lie in committed pages.
    ///
    /// # Safety
    ///
    /// The pages have their usual rights, and no other code uses them.
    pub(super) unsafe fn write(&self, offset: usize, bytes: &[u8]) {
        let start = offset + self.shift;
        if start + bytes.len() > self.committed.get() {
            return;
        }
        // SAFETY: the offset lies within the committed bytes, as was just checked (M1).
        let place = unsafe { self.inner.base().add(start) };
        let source: NonNull<[u8]> = NonNull::from(bytes);
        // SAFETY: so do all bytes; they are the caller's to write.
        unsafe { place.copy_from(source.cast(), bytes.len()) };
    }

    /// Reads `len` bytes at an offset from the callers' base, if they lie in committed pages.
    ///
    /// # Safety
    ///
    /// The pages have their usual rights, and no other code writes them.
    pub(super) unsafe fn read(&self, offset: usize, len: usize) -> Vec<u8> {
        let start = offset + self.shift;
        if start + len > self.committed.get() {
            return Vec::new();
        }
        // SAFETY: the offset lies within the committed bytes, as was just checked (M1).
        let place = unsafe { self.inner.base().add(start) };
        // SAFETY: so do all bytes, which are the caller's to read.
        unsafe { core::slice::from_raw_parts(place.as_ptr(), len) }.to_vec()
    }

    /// Fills its pages from the image, or from the bytes in its place.
    ///
    /// # Safety
    ///
    /// As [`write`](Self::write).
    pub(super) unsafe fn fill(&self) {
        if let Some(Filling { range, bytes }) = &self.filling {
            // SAFETY: the caller keeps this very contract.
            unsafe { self.write(range.start.get(), bytes) };
        }
    }
}
