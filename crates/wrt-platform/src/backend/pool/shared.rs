//! State of a pool, shared with the images that its slots map.
#![allow(unsafe_code, reason = "gives slots to one owner after the other")]

use alloc::sync::{Arc, Weak};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::config::PoolConfig;
use super::erase::Erased;
use super::free_slots::{FreeSlots, ImageKey, Match, PLAIN};
use super::shape::Shape;
use super::slot::{Slot, Trouble};
use super::slot_table::SlotTable;
use super::statistics::{Count, Counters};
use crate::commit::CommitPolicy;
use crate::error::{AllocError, AllocErrorKind, Operation, OsError};
use crate::image::keepers::ImageKeeper;
use crate::image::{MemoryImage, mapping};
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::sys::discard::drop_pages;
use crate::sys::pagemap::Pagemap;
use crate::sys::{cpu, errors, pages, threads};
use crate::units::{HostBytes, HostRange};

/// The slots of a pool, and their transitions between two memories.
pub(super) struct Shared {
    pub(super) slots: SlotTable,
    /// - **P2** A slot, with its state and its bytes, is used by its owner alone: the code that
    ///   took it from `free` and has not returned it, or the holder of the reservation made from
    ///   it.
    free: FreeSlots,
    /// Number of sweeps for forgotten images that have begun and ended.
    begun: AtomicUsize,
    ended: AtomicUsize,
    keep_resident: u64,
    resident_budget: u64,
    pagemap: Pagemap,
    pub(super) counters: Counters,
}

/// The most retries of a search while a sweep may hold a slot: about a second.
const PATIENCE: usize = 1_100;

impl Shared {
    /// Reserves the address space of all slots.
    pub(super) fn new(config: &PoolConfig<'_>) -> Result<Self, AllocError> {
        let page = pages::size();
        let shape = Shape::new(config, page)?;
        let free = FreeSlots::new(config.slots).ok_or_else(|| {
            let kind = AllocErrorKind::Exhausted;
            AllocError::new(Operation::Reserve, kind, config.slots as u64)
        })?;
        Ok(Self {
            slots: SlotTable::new(shape, config)?,
            free,
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            keep_resident: config.keep_resident,
            resident_budget: config.resident_budget,
            pagemap: Pagemap::open(),
            counters: Counters::new(),
        })
    }

    pub(super) const fn shape(&self) -> &Shape {
        self.slots.shape()
    }

    /// The slot of a reservation, its base and its state.
    ///
    /// # Safety
    ///
    /// The reservation came from this pool and is not released, and no other code uses it during
    /// the call.
    #[expect(clippy::mut_from_ref, reason = "P2 says who may call this")]
    pub(super) unsafe fn slot_of(
        &self,
        reservation: &Reservation,
        operation: Operation,
    ) -> Result<(NonNull<u8>, &mut Slot), AllocError> {
        let index = reservation.cookie();
        // SAFETY: P2, the caller holds the reservation.
        let slot = unsafe { self.slots.get(index) };
        let foreign = AllocErrorKind::InvalidRequest("the reservation is not one of this pool");
        let ours = slot.filter(|(base, _)| *base == reservation.base());
        ours.ok_or(AllocError::new(operation, foreign, 0))
    }

    /// The image for a slot to map, and its pages.
    fn mappable<'a>(&self, request: &ReserveRequest<'a>) -> Option<(&'a MemoryImage, HostRange)> {
        let image = request.initial_image().filter(|_| !self.shape().is_dense())?;
        let page = self.shape().page;
        let range = mapping::range_of(image, page)?;
        (range.end() <= page.round_up(request.initial())?).then_some((image, range))
    }

    /// Takes a slot for the request and prepares it. Returns its number and the pages where it has
    /// the image.
    ///
    /// # Errors
    ///
    /// Those of the host; `None` when there is no free slot.
    pub(super) fn take(
        self: &Arc<Self>,
        request: &ReserveRequest<'_>,
    ) -> Result<(usize, HostRange), Option<OsError>> {
        let cpu = cpu::current();
        let wanted = self.mappable(request);
        let key = wanted.and_then(|(image, _)| image.key()).unwrap_or(PLAIN);
        let (index, found) =
            self.free.take(cpu, key).or_else(|| self.wait(cpu, key)).ok_or(None)?;
        // SAFETY: the slot was just taken.
        match unsafe { self.prepare(index, request, wanted) } {
            Ok((image, changed)) => {
                self.counters.taken(cpu, found, changed);
                Ok((index, image))
            }
            Err(Trouble { error, lost }) => {
                if lost {
                    self.retire(index);
                } else {
                    // SAFETY: P2, the slot is put back below.
                    if let Some((base, slot)) = unsafe { self.slots.get(index) } {
                        // Pages that stay open are recorded, for the next memory to close.
                        // SAFETY: P2.
                        let _ = unsafe { slot.close_stray(base) };
                    }
                    self.put_back(cpu, index);
                }
                Err(Some(error))
            }
        }
    }

    /// Repeats the search for a slot while a sweep may hold one, which it returns shortly.
    #[cold]
    fn wait(&self, cpu: usize, key: ImageKey) -> Option<(usize, Match)> {
        for round in 0..PATIENCE {
            let ended = self.ended.load(Ordering::Acquire);
            let found = self.free.take(cpu, key);
            // A sweep that held a slot during the search has begun by now, and had not ended
            // before.
            if found.is_some() || self.begun.load(Ordering::Acquire) == ended {
                return found;
            }
            threads::let_others_run(round);
        }
        None
    }

    /// Prepares a taken slot for the request and its image.
    ///
    /// # Errors
    ///
    /// Those of the host.
    ///
    /// # Safety
    ///
    /// The caller has taken the slot.
    unsafe fn prepare(
        self: &Arc<Self>,
        index: usize,
        request: &ReserveRequest<'_>,
        wanted: Option<(&MemoryImage, HostRange)>,
    ) -> Result<(HostRange, bool), Trouble> {
        // SAFETY: P2, the caller has taken the slot.
        let Some((base, slot)) = (unsafe { self.slots.get(index) }) else {
            return Err(Trouble::lost(errors::NO_MEMORY));
        };
        let page = self.shape().page;
        slot.exact = !self.shape().is_dense() && request.commit_policy() == CommitPolicy::Exact;
        if let Some((_, range)) = wanted {
            // SAFETY: P1 and P2; the range lies within the slot.
            unsafe { slot.open(base, range.end()) }
                .map_err(|error| Trouble { error, lost: false })?;
        }
        let pinned = slot.pinned;
        let keeper = || {
            let keeper: Weak<Self> = Arc::downgrade(self);
            keeper as Weak<dyn ImageKeeper>
        };
        // SAFETY: P2.
        let changed = unsafe { slot.take_image(base, wanted, page, keeper) };
        self.counters.keep(pinned, slot.pinned);
        let changed = changed?;
        if slot.exact {
            let initial = page.round_up(request.initial()).unwrap_or_default();
            // SAFETY: P2.
            unsafe { slot.close(base, initial) }?;
        }
        Ok((slot.image_range(), changed))
    }

    /// Returns a slot that the caller owns to the free lists.
    fn put_back(&self, cpu: usize, index: usize) {
        // SAFETY: P2, the caller still owns the slot.
        let Some((_, slot)) = (unsafe { self.slots.get(index) }) else { return };
        let (held, key) = (slot.let_go(), slot.key());
        let left = if held.is_none() { slot.idle_image().cloned() } else { None };
        self.free.put(cpu, index, key);
        // The handle is dropped after the slot can be found, so that the thread that drops the last
        // handle finds it.
        drop(held);
        // The last handle may have been dropped while the slot could not be found.
        if left.is_some_and(|image| image.is_forgotten()) {
            self.forget(key);
        }
    }

    /// Retires a slot whose contents could not be removed.
    fn retire(&self, index: usize) {
        // SAFETY: P2, the caller owns the slot and gives it to nobody.
        if let Some((base, slot)) = unsafe { self.slots.get(index) } {
            self.counters.keep(slot.residue.kept, 0);
            self.counters.keep(slot.pinned, 0);
            // Its pages return to the host, if possible.
            if slot.gone.is_none() {
                // SAFETY: P2.
                let _ = unsafe { slot.drop_image(base) };
            }
            for range in slot.own_pages() {
                // SAFETY: the range lies within the slot.
                let first = unsafe { base.add(range.start.get()) };
                // SAFETY: the pages are the slot's (P1).
                let _ = unsafe { drop_pages(first, range.len) };
            }
            drop(slot.let_go());
        }
        self.counters.retire();
    }

    /// Erases all bytes that a memory may have written, after restoring the rights on its pages.
    ///
    /// # Errors
    ///
    /// When the rights on its pages cannot be restored: nothing was erased.
    ///
    /// # Safety
    ///
    /// The caller owns the slot of the index, of which the memory has `committed` bytes.
    pub(super) unsafe fn erase(
        &self,
        cpu: usize,
        base: NonNull<u8>,
        slot: &mut Slot,
        committed: HostBytes,
    ) -> Result<(), OsError> {
        // SAFETY: P2.
        unsafe { slot.unrestrict(base) }?;
        // The one rule for bytes that may have been written, for any guards: all accessible ones.
        // In a dense pool the host protects nothing, and the bounds checks stop accesses past the
        // committed bytes.
        let written = if self.shape().is_dense() { committed } else { slot.accessible };
        let kept = slot.residue.kept;
        let others = self.counters.kept_pages().saturating_sub(kept as usize) as u64;
        let left = self.resident_budget.saturating_sub(others * self.shape().page.bytes() as u64);
        let keep = self.keep_resident.min(left);
        // SAFETY: P2; what is written is accessible, and nothing is restricted any more.
        let erased = unsafe { slot.erase(base, written, keep, &self.pagemap, self.shape().page) };
        self.counters.keep(kept, slot.residue.kept);
        let count = match erased {
            Erased::Untouched => Count::Untouched,
            Erased::InPlace => Count::InPlace,
            Erased::Dropped => Count::Dropped,
        };
        self.counters.count(cpu, count);
        Ok(())
    }

    /// Erases and returns the slot of a dropped memory.
    ///
    /// # Safety
    ///
    /// As for [`slot_of`](Self::slot_of), and this is the last use of the reservation; the memory
    /// has `committed` bytes.
    pub(super) unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the caller holds the reservation.
        let Ok((base, slot)) = (unsafe { self.slot_of(reservation, Operation::Reset) }) else {
            return;
        };
        let cpu = cpu::current();
        // SAFETY: P2.
        let erased = unsafe { self.erase(cpu, base, slot, committed) };
        // SAFETY: P2.
        let erased = erased.and_then(|()| unsafe { slot.close_stray(base) });
        self.counters.count(cpu, Count::Released);
        match erased {
            Ok(()) => self.put_back(cpu, reservation.cookie()),
            Err(_) => self.retire(reservation.cookie()),
        }
    }
}

impl ImageKeeper for Shared {
    /// Maps zeroes over the image in every idle slot that has it. No slot in use has it, since
    /// memories hold their image; a slot that is about to be returned is found afterwards.
    fn forget(&self, key: ImageKey) {
        let cpu = cpu::current();
        self.begun.fetch_add(1, Ordering::AcqRel);
        while let Some(index) = self.free.take_key(cpu, key) {
            // SAFETY: P2, the slot was just taken.
            let Some((base, slot)) = (unsafe { self.slots.get(index) }) else { continue };
            let pinned = slot.pinned;
            // SAFETY: P2.
            let outcome = unsafe { slot.drop_image(base) };
            if outcome.is_err() {
                slot.pinned = slot.image_pages(self.shape().page);
            }
            self.counters.keep(pinned, slot.pinned);
            match outcome {
                Err(Trouble { lost: true, .. }) => self.retire(index),
                // No memory will look for the slot by this image, whether or not it still has it.
                Ok(()) | Err(_) => self.free.put(cpu, index, PLAIN),
            }
        }
        self.ended.fetch_add(1, Ordering::Release);
    }
}

#[cfg(all(test, feature = "std"))]
#[path = "after_fork.rs"]
mod after_fork;
