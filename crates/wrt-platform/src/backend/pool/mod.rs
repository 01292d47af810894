//! Pools of slots: address space that is reserved once and used by one memory after another.
//!
//! ```text
//! mod.rs          the allocator: what callers and regions see
//!   shared.rs     takes a slot, makes it fit, erases it, puts it back
//!   slot_table.rs  where each slot is, and its state
//!   shape.rs      how the slots lie, and what a request can get of one
//!   slot.rs       what a slot's pages are and may be
//!     mapped.rs   the image under them
//!     erase.rs    the way back to the initial contents
//!       residue.rs   whether pages are worth keeping
//!   free_slots.rs the slots that hold no memory
//!   config.rs     what a pool is to be, and what it has done
//! ```
#![allow(unsafe_code, reason = "slots of the operating system's pages")]

mod config;
mod erase;
mod free_slots;
mod mapped;
mod residue;
mod shape;
mod shared;
mod slot;
mod slot_table;
mod statistics;
#[cfg_attr(all(feature = "std", target_arch = "x86_64"), path = "wide_zeroes.rs")]
mod zeroes;

use alloc::sync::Arc;
use core::fmt;

pub use config::{PoolConfig, PoolLayout, PoolStatistics};
use shared::Shared;
use slot::Trouble;

use super::mapping::{self, refused, refused_commit};
use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::sys::pages::{self, PageKind};
use crate::sys::{cpu, discard, mappings, sealed_file};
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// A fixed number of slots for memories, reserved once. Creating a memory takes a slot; dropping it
/// erases and returns the slot, usually without the host's memory lock.
///
/// A slot keeps its pages, its rights and its image for the next memory, and a memory with the same
/// image gets such a slot. An idle slot does not keep the image alive: when the last handle is
/// dropped, zeroes are mapped in its place. Erasing uses the cheapest safe way: small memories are
/// compared with their initial contents, in larger ones the kernel reports the written pages
/// (`PAGEMAP_SCAN`, Linux 6.7), and when keeping pages does not pay or exceeds the budget, they
/// return to the host. A slot that cannot be erased is never used again.
///
/// A memory whose maximum is larger than a slot gets the slot as its capacity, which
/// [`Reservation::fallback`] reports. Share the pool as `&PoolAllocator` or `Arc<PoolAllocator>`:
///
/// ```
/// use std::sync::Arc;
/// use wrt_platform::{PoolAllocator, PoolConfig, Region, ReserveRequest};
///
/// let pool = Arc::new(PoolAllocator::new(&PoolConfig::new(100, 1 << 20))?);
/// for _ in 0..1000 {
///     let mut region = Region::new(Arc::clone(&pool), &ReserveRequest::new(65536, 1 << 20))?;
///     assert_eq!(region.load(7), Ok([0]));
///     region.store(7, [1]).unwrap();
/// }
/// assert_eq!(pool.statistics().reused, 999);
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
///
/// In the child of a `fork` in a process with several threads, existing memories may be used, but
/// none may be created or dropped: another thread may have held a lock. See [After
/// `fork`](crate#after-fork).
pub struct PoolAllocator {
    shared: Arc<Shared>,
}

impl PoolAllocator {
    /// Reserves the address space of all slots. Nothing is committed.
    ///
    /// # Errors
    ///
    /// When the host cannot address the sizes, or refuses; the error carries the bytes of address
    /// space requested.
    pub fn new(config: &PoolConfig<'_>) -> Result<Self, AllocError> {
        Ok(Self { shared: Arc::new(Shared::new(config)?) })
    }

    /// The pool of a row of [`for_each_backend!`](crate::for_each_backend).
    #[doc(hidden)]
    #[must_use]
    #[expect(clippy::panic, reason = "a test without its backend cannot go on")]
    pub fn of_backend_row(layout: PoolLayout) -> Self {
        // Tests run concurrently, each with separate pools, in 4 GiB where addresses have 32 bits.
        let slot = if usize::BITS < 64 { 16 << 20 } else { 64 << 20 };
        match Self::new(&PoolConfig::new(16, slot).layout(layout)) {
            Ok(pool) => pool,
            Err(error) => panic!("{error}"),
        }
    }

    /// Statistics of the pool. Exact when no other thread is using it.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        self.shared.counters.read(self.shared.slots.len(), self.shared.shape().page)
    }

    /// Number of slots, in use or not.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.shared.slots.len()
    }
}

// SAFETY: C1 slots are given out one owner at a time (P2) and lie apart (P1), on whole pages; C2
// what a commit makes accessible was never written, or erased since (L1); C3 what a failed call has
// changed is taken back or said not to be, or the slot retired; C4 the mapping does not depend on
// where this value is; C5 erasing keeps rights, and a slot whose memory faults exactly is closed
// past its committed bytes; C6 the page size of a running system is fixed; C7 the layout of a pool
// never changes; C8 files about the process are read.
unsafe impl PageAllocator for PoolAllocator {
    fn page(&self) -> HostPage {
        self.shared.shape().page
    }

    fn capabilities(&self) -> Capabilities {
        let always = Capabilities::STABLE_BASE | discard::CAPABILITY;
        if self.shared.shape().is_dense() {
            return always;
        }
        always | Capabilities::GUARDS | Capabilities::PROTECT | sealed_file::CAPABILITY
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        let shape = self.shared.shape();
        shape.check(request)?;
        let (index, image) = self.shared.take(request).map_err(|refusal| match refusal {
            Some(error) => refused(Operation::Reserve, request.initial(), error),
            None => {
                let kind = AllocErrorKind::Slots { most: self.shared.slots.len() };
                AllocError::new(Operation::Reserve, kind, request.initial())
            }
        })?;
        Ok(Reservation::new(self.shared.slots.base(index), shape.slot.capacity)
            .with_guards(shape.slot.before, shape.slot.after)
            .with_guard_level(shape.guard_level())
            .with_fallback(shape.fallback(request))
            .with_exact_faults(shape.faults_exactly(request))
            .with_image(image)
            .with_cookie(index))
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        _old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        // SAFETY: the caller holds the reservation.
        let (base, slot) = unsafe { self.shared.slot_of(reservation, Operation::Commit) }?;
        // SAFETY: P2; `new` bytes lie within the slot.
        unsafe { slot.open(base, new) }
            .map_err(|error| refused_commit(new, error, !slot.has_stray()))?;
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        if self.shared.shape().is_dense() {
            return Err(AllocError::unsupported(Operation::Protect));
        }
        // SAFETY: the caller holds the reservation.
        let (base, slot) = unsafe { self.shared.slot_of(reservation, Operation::Protect) }?;
        slot.restricted = true;
        // SAFETY: the caller gives a range within the committed bytes.
        unsafe { pages::set_rights(base, range, protection, PageKind::PLAIN) }
            .map_err(|error| refused(Operation::Protect, range.len.as_u64(), error))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller holds the reservation.
        let (_, slot) = unsafe { self.shared.slot_of(reservation, Operation::Discard) }?;
        // SAFETY: the caller's range is committed, writable and its own.
        Ok(unsafe { mapping::zero(reservation, range, slot.held_image()) })
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the caller holds the reservation.
        let (base, slot) = unsafe { self.shared.slot_of(reservation, Operation::Reset) }?;
        // SAFETY: P2.
        unsafe { self.shared.erase(cpu::current(), base, slot, committed) }
            .map_err(|error| refused(Operation::Reset, committed.as_u64(), error))?;
        // SAFETY: P2.
        match slot.exact.then(|| unsafe { slot.close(base, keep) }) {
            // The tail is still accessible, and erased: harmless while it counts as committed and
            // no code relies on faults there.
            Some(Err(Trouble { lost: false, .. })) if !reservation.faults_exactly() => {
                Ok(ResetOutcome::in_place(committed))
            }
            Some(Err(Trouble { error, .. })) => {
                Err(refused(Operation::Reset, committed.as_u64(), error))
            }
            Some(Ok(())) | None => Ok(ResetOutcome::in_place(keep)),
        }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the caller holds the reservation, for the last time.
        unsafe { self.shared.release(reservation, committed) }
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        // SAFETY: the caller holds the reservation; nobody changes the state meanwhile.
        let accessible = unsafe { self.shared.slots.accessible(reservation.cookie(), committed) };
        mappings::verify(reservation, accessible, exceptions)
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        mappings::resident(reservation, committed, self.shared.shape().page)
    }
}

impl fmt::Debug for PoolAllocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolAllocator")
            .field("slots", &self.shared.slots.len())
            .field("slot_bytes", &self.shared.shape().slot.capacity.get())
            .field("layout", &self.shared.shape().layout)
            .finish_non_exhaustive()
    }
}
