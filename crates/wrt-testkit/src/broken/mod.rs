//! Backends that break one guarantee each, as tests of the checks.
//!
//! `defect.rs` is the table of defects. `memory.rs` records the memories of the inner backend, so
//! that its contract is kept whatever callers are told. `reserving.rs`, `committing.rs`,
//! `returning.rs` and `querying.rs` implement the defects, and `overlay.rs` makes the host calls
//! that some need.
#![allow(unsafe_code, reason = "allocators that break the contract on purpose")]

mod committing;
mod defect;
mod memory;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "overlay_none.rs")]
mod overlay;
mod querying;
mod reserving;
mod returning;

use std::sync::{Mutex, MutexGuard, PoisonError};

use wrt_platform::{
    AllocError, Capabilities, Committed, Corruption, Discarded, HostBytes, HostPage, HostRange,
    HostRights, PageAllocator, Protection, Reservation, ReserveRequest, ResetOutcome,
};

pub use self::defect::Defect;
use self::memory::{Memory, State};
use crate::checks::{check_backend, check_moving, check_threads};
use crate::guarantee::Broken;

/// A good backend with one [`Defect`].
///
/// ```
/// use wrt_platform::HeapAllocator;
/// use wrt_testkit::{Defect, Guarantee};
///
/// let broken = Defect::DirtyGrowth.seen_by_checks(HeapAllocator::new()).unwrap_err();
/// assert_eq!(broken.violations()[0].guarantee, Guarantee::FreshZero);
/// ```
#[derive(Debug)]
pub struct BrokenAllocator<P: PageAllocator> {
    inner: P,
    defect: Defect,
    state: Mutex<State>,
}

impl Defect {
    /// Wraps `inner` with this defect and [checks](check_backend) it.
    ///
    /// # Errors
    ///
    /// The findings of the checks, which should be the one guarantee that it
    /// [breaks](Self::breaks).
    pub fn seen_by_checks<P: PageAllocator + Sync>(self, inner: P) -> Result<(), Broken> {
        // SAFETY: only the checks use it, in an order that looks before it touches.
        check_backend(&unsafe { BrokenAllocator::new(&inner, self) })?;
        // SAFETY: as above.
        let moving = check_moving(unsafe { BrokenAllocator::new(&inner, self) });
        // SAFETY: as above.
        let sound = moving.and(check_threads(&unsafe { BrokenAllocator::new(&inner, self) }));
        sound.map_err(|violation| Broken { violations: vec![violation], not_judged: Vec::new() })
    }
}

impl<P: PageAllocator> BrokenAllocator<P> {
    /// A backend that behaves like `inner`, except for `defect`.
    ///
    /// # Safety
    ///
    /// The backend violates the contract of [`PageAllocator`], so its caller must not rely on that
    /// contract: only checks that verify memory before they access it may use it.
    pub unsafe fn new(inner: P, defect: Defect) -> Self {
        Self { inner, defect, state: Mutex::new(State::default()) }
    }

    /// The defect of this backend.
    pub fn defect(&self) -> Defect {
        self.defect
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `look` with the memory of this reservation. `look` must not call this function.
    fn with<T>(&self, reservation: &Reservation, look: impl FnOnce(&mut Memory) -> T) -> T {
        let mut state = self.state();
        look(&mut state.memories[reservation.cookie()])
    }
}

// SAFETY: the contract is broken on purpose, which `new` makes known. What is asked of the inner
// backend keeps to it: sizes and reservations are those of M1.
unsafe impl<P: PageAllocator> PageAllocator for BrokenAllocator<P> {
    fn page(&self) -> HostPage {
        let page = self.inner.page();
        let changed = self.is(Defect::PageChanges) && self.state().released > 0;
        if changed { HostPage::new(2 * page.bytes()).unwrap_or(page) } else { page }
    }

    fn capabilities(&self) -> Capabilities {
        let honest = self.inner.capabilities();
        let state = self.state();
        let changed = match self.defect {
            Defect::CapabilitiesChange => state.reserved.is_multiple_of(2),
            Defect::CapabilitiesFade => state.discarded,
            _ => false,
        };
        if changed {
            return honest ^ Capabilities::DISCARD;
        }
        (honest | self.defect.claims()) - self.defect.denies()
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        self.broken_reserve(request)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        self.broken_commit(reservation, old, new)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        self.broken_protect(reservation, range, protection)
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        self.broken_discard(reservation, range)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        self.broken_reset(reservation, committed, keep)
    }

    unsafe fn release(&self, reservation: &Reservation, _: HostBytes) {
        self.broken_release(reservation);
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        _: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        self.broken_verify(reservation, exceptions)
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        self.broken_resident(reservation, committed)
    }
}

impl<P: PageAllocator> Drop for BrokenAllocator<P> {
    /// Releases everything to the inner backend, whatever callers were told.
    fn drop(&mut self) {
        for memory in &self.state().memories {
            if !memory.gone {
                memory.uncover();
                // SAFETY: M1, and nobody uses the memory after its allocator.
                unsafe { self.inner.release(&memory.inner, memory.committed) };
            }
        }
    }
}
