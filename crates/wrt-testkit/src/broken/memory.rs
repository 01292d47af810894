//! What the backend below was asked for.
#![allow(unsafe_code, reason = "writes where broken backends must not")]

use core::ptr::NonNull;
use std::fs::File;

use wrt_platform::{
    Committed, GuardPolicy, HostBytes, HostPage, HostRange, HostRights, MemoryImage, Reservation,
    ReserveRequest, ResetOutcome, Tagging,
};

use super::overlay::{self, Leftover};

/// Everything that a broken backend remembers.
#[derive(Debug, Default)]
pub(super) struct State {
    /// All memories that there ever were; a reservation's cookie is the place of its memory.
    pub(super) memories: Vec<Memory>,
    /// Memories that were let go and can be had again.
    pub(super) spare: Vec<usize>,
    pub(super) reserved: usize,
    pub(super) released: usize,
    /// The image of the last memory that had one, for the next that should not.
    pub(super) stale: Option<MemoryImage>,
    /// An image, and what the last memory that had it held in its place.
    pub(super) written: Option<(MemoryImage, Vec<u8>)>,
    /// What rights the last memory that lost some had.
    pub(super) inherited: Vec<HostRights>,
    /// Where the allocator was when it made its last memory.
    pub(super) home: usize,
    /// Whether pages were ever discarded.
    pub(super) discarded: bool,
    /// What released memories have left.
    pub(super) leftovers: Vec<Leftover>,
    pub(super) descriptors: Vec<File>,
}

/// What makes two requests ask for the same.
pub(super) type Shape = (u64, u64, u64, GuardPolicy, Tagging, bool);

pub(super) fn shape_of(request: &ReserveRequest<'_>) -> Shape {
    let (maximum, guard) = (request.maximum(), request.guard_bytes());
    let image = request.initial_image().is_some();
    let (reservation, tagging) = (request.reservation_bytes(), request.tagging_policy());
    (maximum, reservation, guard, request.guard_policy(), tagging, image)
}

/// An image that the broken backend puts into a memory by itself.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    pub(super) range: HostRange,
    pub(super) bytes: Vec<u8>,
}

impl Filling {
    /// The whole pages of `image`, with `written` in place of its bytes, if there is any.
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

    /// The same somewhere else.
    pub(super) fn moved_to(self, start: HostBytes) -> Self {
        Self { range: HostRange { start, ..self.range }, ..self }
    }
}

/// A memory as the inner backend knows it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// - **M1** `inner` came from the inner backend, and unless `gone` is set it is not released and
    ///   exactly `committed` bytes of it are committed.
    pub(super) inner: Reservation,
    pub(super) committed: HostBytes,
    pub(super) gone: bool,
    /// What callers hold of it.
    pub(super) owners: usize,
    pub(super) shape: Shape,
    pub(super) shown: Reservation,
    /// Bytes by which the base that callers see lies behind that of `inner`.
    pub(super) shift: usize,
    /// Pages that are committed beside those that callers ask for.
    pub(super) extra: HostBytes,
    pub(super) image: Option<MemoryImage>,
    pub(super) filling: Option<Filling>,
    pub(super) rights: Vec<HostRights>,
    pub(super) was_protected: bool,
    pub(super) was_refused: bool,
    /// Bytes that are the first [`NEAR_PAGES`] again and again.
    pub(super) covered: usize,
}

// SAFETY: reservations belong to no thread, and the state's lock guards all of them.
unsafe impl Send for Memory {}

/// Pages of a memory that are always its own.
pub(super) const NEAR_PAGES: u64 = 64;

impl Memory {
    /// Whether all committed bytes, of which there are some, can be read and written.
    pub(super) fn is_usual(&self) -> bool {
        self.rights.is_empty() && self.committed > HostBytes::ZERO && !self.gone
    }

    /// Whether it can be had again as if it were new.
    pub(super) fn is_plain(&self) -> bool {
        self.owners == 0 && self.rights.is_empty() && self.image.is_none() && !self.shown.tagged()
    }

    /// Maps the first pages over those that follow, as far as a process may have mappings.
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

    /// Gives the inner backend pages of its own back.
    pub(super) fn uncover(&self) {
        if self.covered > 0 {
            // SAFETY: the bytes were committed when they were covered, and their owner lets go.
            unsafe { overlay::replace(self.inner.base(), self.covered) };
        }
    }

    /// Records what a reset of the inner backend has left; gives the bytes that are committed.
    pub(super) fn follow(&mut self, renewed: ResetOutcome) -> HostBytes {
        if let Committed::Moved(base) = renewed.base {
            self.inner = self.inner.moved_to(base);
        }
        self.committed = renewed.kept;
        self.committed
    }

    /// A range of the callers' in the inner memory.
    pub(super) fn inner_range(&self, range: HostRange) -> HostRange {
        let start = if self.shift > 0 { range.start.checked_add(self.extra) } else { None };
        HostRange { start: start.unwrap_or(range.start), ..range }
    }

    /// Writes `bytes` at an offset from the callers' base, if they lie in committed pages.
    ///
    /// # Safety
    ///
    /// The pages have their usual rights, and nobody else uses them.
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
    /// The pages have their usual rights, and nobody else writes them.
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

    /// Puts the image, or what stands for it, into its pages.
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
