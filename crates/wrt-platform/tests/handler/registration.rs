//! Registration of a memory while its addresses may belong to another.
#![allow(unsafe_code, reason = "an allocator that looks on")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wrt_platform::{
    AllocError, Capabilities, Committed, Discarded, FaultReport, FaultSignal, HeapAllocator,
    HostBytes, HostPage, HostRange, MmapAllocator, PageAllocator, Region, Reservation,
    ReserveRequest, ResetOutcome,
};

/// Checks the registry whenever the memory loses its addresses.
struct Watching<P> {
    inner: P,
    looks: AtomicUsize,
    /// Whether commits unwind.
    panics: AtomicBool,
}

impl<P> Watching<P> {
    fn new(inner: P) -> Self {
        Self { inner, looks: AtomicUsize::new(0), panics: AtomicBool::new(false) }
    }

    fn must_be_unknown(&self, reservation: &Reservation) {
        let base = reservation.base().as_ptr().addr();
        assert_eq!(FaultReport::classify(base, FaultSignal::Segmentation(1)), None);
        self.looks.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every guarantee (C1 to C8) is the inner allocator's.
unsafe impl<P: PageAllocator> PageAllocator for Watching<P> {
    fn page(&self) -> HostPage {
        self.inner.page()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        self.inner.reserve(request)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        if !self.capabilities().contains(Capabilities::STABLE_BASE) {
            self.must_be_unknown(reservation);
        }
        assert!(!self.panics.load(Ordering::Relaxed), "a commit that unwinds");
        // SAFETY: the caller's contract.
        unsafe { self.inner.commit(reservation, old, new) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller's contract.
        unsafe { self.inner.discard(reservation, range) }
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the caller's contract.
        unsafe { self.inner.reset(reservation, committed, keep) }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        self.must_be_unknown(reservation);
        // SAFETY: the caller's contract.
        unsafe { self.inner.release(reservation, committed) };
    }
}

fn looks(inner: impl PageAllocator) -> usize {
    let watching = Watching::new(inner);
    let request = ReserveRequest::new(64 << 10, 256 << 10).classify_faults();
    let mut region = Region::new(&watching, &request).unwrap();
    region.grow_to(128 << 10).unwrap();
    let base = region.view().base.as_ptr().addr();
    assert!(FaultReport::classify(base, FaultSignal::Segmentation(1)).is_some());
    drop(region);
    watching.looks.load(Ordering::Relaxed)
}

#[test]
fn a_memory_is_unknown_before_its_addresses_are_anothers() {
    assert_eq!(looks(MmapAllocator::new()), 1, "on release");
    assert_eq!(looks(HeapAllocator::new()), 3, "at each commit, which may move it, and on release");
}

/// A commit that unwinds has changed nothing, so the memory has not moved.
fn known_after_a_panic(inner: impl PageAllocator) {
    let watching = Watching::new(inner);
    let request = ReserveRequest::new(64 << 10, 256 << 10).classify_faults();
    let mut region = Region::new(&watching, &request).unwrap();
    watching.panics.store(true, Ordering::Relaxed);
    let grown = catch_unwind(AssertUnwindSafe(|| region.grow_to(128 << 10)));
    grown.unwrap_err();
    let base = region.view().base.as_ptr().addr();
    let report = FaultReport::classify(base + 5, FaultSignal::Segmentation(1)).unwrap();
    assert_eq!((report.len, report.wasm_address), (64 << 10, 5));
    region.verify().unwrap();
    watching.panics.store(false, Ordering::Relaxed);
    region.grow_to(128 << 10).unwrap();
}

#[test]
fn a_memory_whose_commit_unwinds_is_known_where_it_was() {
    known_after_a_panic(MmapAllocator::new());
    known_after_a_panic(HeapAllocator::new());
}
