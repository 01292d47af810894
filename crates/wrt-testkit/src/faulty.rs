//! An allocator that fails on demand.
#![allow(unsafe_code, reason = "an allocator that fails when told to")]

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wrt_platform::{
    AllocError, AllocErrorKind, Capabilities, Committed, Corruption, Discarded, HostBytes,
    HostPage, HostRange, HostRights, Operation, OsError, PageAllocator, Protection, Reservation,
    ReserveRequest, ResetOutcome,
};

/// Forwards every call to another allocator, except that chosen calls fail without effect.
///
/// It counts the calls that can fail: prepare_thread, reserve, commit, protect, discard and reset.
/// It also counts live reservations, which shows leaks.
///
/// ```
/// use wrt_platform::{HeapAllocator, Region, ReserveRequest};
/// use wrt_testkit::FaultyAllocator;
///
/// let faulty = FaultyAllocator::new(HeapAllocator::new());
/// faulty.fail_once(2);
/// assert!(Region::new(&faulty, &ReserveRequest::new(4096, 8192)).is_err());
/// assert!(faulty.has_failed() && faulty.alive() == 0);
/// ```
#[derive(Debug)]
pub struct FaultyAllocator<P> {
    inner: P,
    calls: AtomicUsize,
    /// The numbers of the first and the last call that fail.
    first: AtomicUsize,
    last: AtomicUsize,
    failed: AtomicUsize,
    alive: AtomicUsize,
}

/// `ENOMEM`, the most common refusal of a host.
const REFUSAL: OsError = OsError(12);

impl<P> FaultyAllocator<P> {
    /// An allocator that forwards all calls to `inner` until it is told otherwise.
    pub const fn new(inner: P) -> Self {
        Self {
            inner,
            calls: AtomicUsize::new(0),
            first: AtomicUsize::new(usize::MAX),
            last: AtomicUsize::new(usize::MAX),
            failed: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
        }
    }

    /// Makes call number `n` from now on fail; the next call is number 1.
    pub fn fail_once(&self, n: usize) {
        self.fail(n, n);
    }

    /// Makes call number `n` from now on and all calls after it fail.
    pub fn fail_from(&self, n: usize) {
        self.fail(n, usize::MAX);
    }

    /// Makes the calls from number `first` to number `last` from now on fail.
    pub fn fail_between(&self, first: usize, last: usize) {
        self.fail(first, last);
    }

    /// Makes no call fail from now on.
    pub fn fail_never(&self) {
        self.fail(usize::MAX, usize::MAX);
    }

    fn fail(&self, first: usize, last: usize) {
        self.first.store(first, Relaxed);
        self.last.store(last, Relaxed);
        self.failed.store(0, Relaxed);
        self.calls.store(0, Relaxed);
    }

    /// Whether a call has failed since the last choice of failures.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Relaxed) > 0
    }

    /// Number of calls since the last choice of failures, failed ones included.
    pub fn calls(&self) -> usize {
        self.calls.load(Relaxed)
    }

    /// Number of these calls that failed.
    pub fn failures(&self) -> usize {
        self.failed.load(Relaxed)
    }

    /// Number of reservations not yet released.
    pub fn alive(&self) -> usize {
        self.alive.load(Relaxed)
    }

    fn count(&self, operation: Operation, bytes: u64) -> Result<(), AllocError> {
        let number = self.calls.fetch_add(1, Relaxed) + 1;
        if number < self.first.load(Relaxed) || number > self.last.load(Relaxed) {
            return Ok(());
        }
        self.failed.fetch_add(1, Relaxed);
        Err(AllocError::new(operation, AllocErrorKind::Os(REFUSAL), bytes))
    }
}

// SAFETY: C1 to C8 are the inner allocator's, to which every call that does not fail is handed on
// unchanged; one that fails does nothing (C3), as the contract allows for each that is counted.
unsafe impl<P: PageAllocator> PageAllocator for FaultyAllocator<P> {
    fn page(&self) -> HostPage {
        self.inner.page()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn prepare_thread(&self) -> Result<(), AllocError> {
        self.count(Operation::PrepareThread, 0)?;
        self.inner.prepare_thread()
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        self.count(Operation::Reserve, request.initial())?;
        let reservation = self.inner.reserve(request)?;
        self.alive.fetch_add(1, Relaxed);
        Ok(reservation)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        self.count(Operation::Commit, new.as_u64())?;
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.commit(reservation, old, new) }
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        self.count(Operation::Protect, range.len.as_u64())?;
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.protect(reservation, range, protection) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        self.count(Operation::Discard, range.len.as_u64())?;
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.discard(reservation, range) }
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        self.count(Operation::Reset, committed.as_u64())?;
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.reset(reservation, committed, keep) }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        self.alive.fetch_sub(1, Relaxed);
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.release(reservation, committed) }
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.verify(reservation, committed, exceptions) }
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.resident(reservation, committed) }
    }
}
