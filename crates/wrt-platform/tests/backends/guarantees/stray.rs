//! An allocator that imitates a host which grants a part of a commit and refuses to undo it.
#![allow(unsafe_code, reason = "an allocator that cannot undo")]

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wrt_platform::{
    AllocError, AllocErrorKind, Capabilities, Committed, Corruption, Discarded, HostBytes,
    HostPage, HostRange, HostRights, Operation, OsError, PageAllocator, Protection, Reservation,
    ReserveRequest, ResetOutcome,
};

/// `ENOMEM`
const REFUSAL: OsError = OsError(12);

/// Fails chosen commits after opening their first page, and chosen resets after those.
pub(crate) struct Stray<P> {
    inner: P,
    commits: AtomicUsize,
    resets: AtomicUsize,
}

impl<P> Stray<P> {
    pub(crate) const fn new(inner: P) -> Self {
        Self { inner, commits: AtomicUsize::new(0), resets: AtomicUsize::new(0) }
    }

    /// Makes this number of the next commits and resets fail.
    pub(crate) fn fail(&self, commits: usize, resets: usize) {
        self.commits.store(commits, Relaxed);
        self.resets.store(resets, Relaxed);
    }
}

fn is_next(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
}

// SAFETY: C1 to C8 are the inner allocator's; a commit that fails says that it left a page open
// (C3), which reads zero, and a reset that fails changes nothing.
unsafe impl<P: PageAllocator> PageAllocator for Stray<P> {
    fn page(&self) -> HostPage {
        self.inner.page()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn prepare_thread(&self) -> Result<(), AllocError> {
        self.inner.prepare_thread()
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
        if !is_next(&self.commits) {
            // SAFETY: the caller keeps this very contract.
            return unsafe { self.inner.commit(reservation, old, new) };
        }
        let one = self.page().round_down(self.page().bytes() as u64);
        let part = old.checked_add(one).unwrap_or(new).min(new);
        // SAFETY: as above, `part <= new`.
        unsafe { self.inner.commit(reservation, old, part) }?;
        let kind = AllocErrorKind::Unrestored(REFUSAL);
        Err(AllocError::new(Operation::Commit, kind, new.as_u64()))
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.protect(reservation, range, protection) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.discard(reservation, range) }
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        if is_next(&self.resets) {
            let kind = AllocErrorKind::Os(REFUSAL);
            return Err(AllocError::new(Operation::Reset, kind, committed.as_u64()));
        }
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.reset(reservation, committed, keep) }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
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
