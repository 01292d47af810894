//! Slots of address space that are reserved once and used by one memory after the other.
//!
//! ```text
//! mod.rs          the allocator: takes a slot, makes it fit, erases it, puts it back
//!   slot_table.rs  where each slot is, and its state
//!   shape.rs      how the slots lie, and what a request can get of one
//!   slot.rs       what a slot's pages are and may be
//!     erase.rs    the way back to the initial contents
//!       pagemap.rs   which pages were written
//!       residue.rs   whether pages are worth keeping
//!   free_slots.rs the slots that hold no memory
//!   config.rs     what a pool is to be, and what it has done
//! ```
#![allow(unsafe_code)]

mod config;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "cpu_none.rs")]
mod cpu;
mod erase;
mod free_slots;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "pagemap_none.rs")]
mod pagemap;
mod residue;
mod shape;
mod slot;
mod slot_table;
mod statistics;
#[cfg_attr(all(feature = "std", target_arch = "x86_64"), path = "wide_zeroes.rs")]
mod zeroes;

use core::fmt;
use core::ptr::NonNull;

use rustix::io::Errno;

pub use config::{PoolConfig, PoolLayout, PoolStatistics};
use erase::Erased;
use free_slots::FreeSlots;
use pagemap::Pagemap;
use shape::Shape;
use slot::{Slot, Trouble, key_of};
use slot_table::SlotTable;
use statistics::{Count, Counters};

use super::mmap::pages;
use super::mmap::{image, proc_maps, refused, refused_commit};
use crate::allocator::{Committed, Discarded, PageAllocator, Renewed};
use crate::capabilities::Capabilities;
use crate::commit::CommitPolicy;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation};
use crate::planted::planted;
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// A fixed number of slots for memories, reserved once: making a memory takes a slot, dropping it
/// erases the slot and puts it back, usually without the host's memory lock.
///
/// A slot keeps its pages, its rights and its image for the next memory, and memories that start
/// from the same image find a slot that has it. Erasing takes the cheapest way that is certain: small
/// memories are compared with what they should be, in larger ones the kernel says which pages were
/// written (`PAGEMAP_SCAN`, Linux 6.7), and when keeping pages does not pay or the budget is used
/// up, they go back to the host. A slot that cannot be erased is never used again.
///
/// A memory whose maximum is larger than a slot gets the slot as its capacity;
/// [`Reservation::shortfall`] says so. Share the pool as `&PoolAllocator` or `Arc<PoolAllocator>`:
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
pub struct PoolAllocator {
    slots: SlotTable,
    /// - **P2** A slot, its state and its bytes, is used by its owner alone: whoever took it from
    ///   `free` and has not put it back, or holds the reservation that was made of it.
    free: FreeSlots,
    keep_resident: u64,
    resident_budget: u64,
    pagemap: Pagemap,
    counters: Counters,
}

impl PoolAllocator {
    /// Reserves the address space of all slots. Nothing is committed.
    ///
    /// # Errors
    ///
    /// When the sizes are more than the host can address, or it refuses; the error says how many
    /// bytes of address space were asked for.
    pub fn new(config: &PoolConfig<'_>) -> Result<Self, AllocError> {
        let page = HostPage::new(rustix::param::page_size()).unwrap_or(HostPage::SMALLEST);
        let shape = Shape::new(config, page)?;
        let free = FreeSlots::new(config.slots).ok_or_else(|| {
            let kind = AllocErrorKind::Exhausted;
            AllocError::new(Operation::Reserve, kind, config.slots as u64)
        })?;
        Ok(Self {
            slots: SlotTable::new(shape, config)?,
            free,
            keep_resident: config.keep_resident,
            resident_budget: config.resident_budget,
            pagemap: Pagemap::open(),
            counters: Counters::new(),
        })
    }

    /// The pool of a row of [`for_each_backend!`](crate::for_each_backend).
    #[doc(hidden)]
    #[must_use]
    #[expect(clippy::panic, reason = "a test without its backend cannot go on")]
    pub fn of_backend_row(layout: PoolLayout) -> Self {
        // Tests run beside each other, each with pools of its own, in 4 GiB where addresses have 32
        // bits.
        let slot = if usize::BITS < 64 { 16 << 20 } else { 64 << 20 };
        match Self::new(&PoolConfig::new(16, slot).layout(layout)) {
            Ok(pool) => pool,
            Err(error) => panic!("{error}"),
        }
    }

    /// What the pool has done and how it stands. Exact when no other thread is using the pool.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        self.counters.read(self.slots.len(), self.slots.shape().page)
    }

    /// Slots, in use or not.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The slot of a reservation, its base and its state.
    ///
    /// # Safety
    ///
    /// The reservation came from this pool and is not released, and the caller uses it alone.
    #[expect(clippy::mut_from_ref, reason = "P2 says who may call this")]
    unsafe fn slot_of(
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

    /// The image that a slot can start from, and its pages.
    fn mappable<'a>(
        &self,
        request: &ReserveRequest<'a>,
    ) -> Option<(&'a crate::image::MemoryImage, HostRange)> {
        let image = request.initial_image().filter(|_| !self.slots.shape().is_dense())?;
        let page = self.slots.shape().page;
        let range = image::range_of(image, page)?;
        (range.end() <= page.round_up(request.initial())?).then_some((image, range))
    }

    /// Makes a slot that was taken fit the request.
    ///
    /// # Errors
    ///
    /// The host's.
    ///
    /// # Safety
    ///
    /// The caller has taken the slot.
    unsafe fn prepare(
        &self,
        index: usize,
        request: &ReserveRequest<'_>,
    ) -> Result<(HostRange, bool), Trouble> {
        // SAFETY: P2, the caller has taken the slot.
        let Some((base, slot)) = (unsafe { self.slots.get(index) }) else {
            return Err(Trouble::lost(Errno::INVAL));
        };
        slot.exact =
            !self.slots.shape().is_dense() && request.commit_policy() == CommitPolicy::Exact;
        let wanted = self.mappable(request);
        if let Some((_, range)) = wanted {
            // SAFETY: P1 and P2; the range lies within the slot.
            unsafe { slot.open(base, range.end()) }
                .map_err(|errno| Trouble { errno, lost: false })?;
        }
        // SAFETY: P2.
        let changed = unsafe { slot.take_image(base, wanted, self.slots.shape().page) }?;
        if slot.exact {
            let initial = self.slots.shape().page.round_up(request.initial()).unwrap_or_default();
            // SAFETY: P2.
            unsafe { slot.close(base, initial) }?;
        }
        Ok((slot.image.as_ref().map_or(HostRange::EMPTY, |(_, range)| *range), changed))
    }

    fn put_back(&self, cpu: usize, index: usize) {
        // SAFETY: P2, the caller still owns the slot.
        let key =
            unsafe { self.slots.get(index) }.map_or(free_slots::PLAIN, |(_, slot)| slot.key());
        self.free.put(cpu, index, key);
    }

    /// Gives a slot up for good: what it holds could not be taken away.
    fn retire(&self, index: usize) {
        // SAFETY: P2, the caller owns the slot and gives it to nobody.
        if let Some((base, slot)) = unsafe { self.slots.get(index) } {
            self.counters.keep(slot.residue.kept, 0);
            // Its pages go back to the host, if it takes them.
            for range in slot.own_pages() {
                // SAFETY: the range lies within the slot.
                let first = unsafe { base.add(range.start.get()) };
                // SAFETY: the pages are the slot's (P1).
                let _ = unsafe { pages::drop_pages(first, range.len) };
            }
        }
        self.counters.retire();
    }

    /// Erases what a memory may have written, and makes all its pages accessible before that.
    ///
    /// # Errors
    ///
    /// When pages whose rights were taken do not get them back: nothing was erased.
    ///
    /// # Safety
    ///
    /// The caller owns the slot of the index, of which the memory has `committed` bytes.
    unsafe fn erase(
        &self,
        cpu: usize,
        base: NonNull<u8>,
        slot: &mut Slot,
        committed: HostBytes,
    ) -> Result<(), Errno> {
        // SAFETY: P2.
        unsafe { slot.unrestrict(base) }?;
        // The one rule of what may have been written, whatever the guards are: all that could be.
        // In a dense pool the host stops nobody, and the bounds checks let nobody past this.
        let written = if self.slots.shape().is_dense() { committed } else { slot.accessible };
        let unguarded = self.slots.shape().slot.before == HostBytes::ZERO;
        let written = if unguarded && planted("F06-pool") { HostBytes::ZERO } else { written };
        let kept = slot.residue.kept;
        let others = self.counters.kept_pages().saturating_sub(kept as usize) as u64;
        let left =
            self.resident_budget.saturating_sub(others * self.slots.shape().page.bytes() as u64);
        let keep = self.keep_resident.min(left);
        // SAFETY: P2; what is written is accessible, and nothing is restricted any more.
        let erased =
            unsafe { slot.erase(base, written, keep, &self.pagemap, self.slots.shape().page) };
        self.counters.keep(kept, slot.residue.kept);
        let count = match erased {
            Erased::Untouched => Count::Untouched,
            Erased::InPlace => Count::InPlace,
            Erased::Dropped => Count::Dropped,
        };
        self.counters.count(cpu, count);
        Ok(())
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
        self.slots.shape().page
    }

    fn capabilities(&self) -> Capabilities {
        let always = Capabilities::STABLE_BASE | pages::GIVES_BACK;
        if self.slots.shape().is_dense() {
            return always;
        }
        always | Capabilities::GUARDS | Capabilities::PROTECT | image::CAPABILITY
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        self.slots.shape().check(request)?;
        let key = key_of(self.mappable(request).map(|(image, _)| image));
        let cpu = cpu::current();
        let Some((index, found)) = self.free.take(cpu, key) else {
            let kind = AllocErrorKind::Slots { most: self.slots.len() };
            return Err(AllocError::new(Operation::Reserve, kind, request.initial()));
        };
        // SAFETY: the slot was just taken.
        let (image, changed) = match unsafe { self.prepare(index, request) } {
            Ok(prepared) => prepared,
            Err(Trouble { errno, lost }) => {
                if lost {
                    self.retire(index);
                } else {
                    self.put_back(cpu, index);
                }
                return Err(refused(Operation::Reserve, request.initial(), errno));
            }
        };
        self.counters.taken(cpu, found, changed);
        let slot = self.slots.shape().slot;
        Ok(Reservation::new(self.slots.base(index), slot.capacity)
            .with_guards(slot.before, slot.after)
            .with_rung(self.slots.shape().rung())
            .with_shortfall(self.slots.shape().shortfall(request))
            .with_exact_faults(self.slots.shape().faults_exactly(request))
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
        let (base, slot) = unsafe { self.slot_of(reservation, Operation::Commit) }?;
        // SAFETY: P2; `new` bytes lie within the slot.
        unsafe { slot.open(base, new) }
            .map_err(|errno| refused_commit(new, errno, !slot.has_stray()))?;
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        if self.slots.shape().is_dense() {
            return Err(AllocError::unsupported(Operation::Protect));
        }
        // SAFETY: the caller holds the reservation.
        let (base, slot) = unsafe { self.slot_of(reservation, Operation::Protect) }?;
        slot.restricted = true;
        // SAFETY: the caller gives a range within the committed bytes.
        unsafe { pages::set_rights_at(base, range, pages::mprotect_flags(protection)) }
            .map_err(|errno| refused(Operation::Protect, range.len.as_u64(), errno))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller's range is committed, writable and its own.
        Ok(unsafe { pages::zero(reservation, range) })
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<Renewed, AllocError> {
        // SAFETY: the caller holds the reservation.
        let (base, slot) = unsafe { self.slot_of(reservation, Operation::Reset) }?;
        // SAFETY: P2.
        unsafe { self.erase(cpu::current(), base, slot, committed) }
            .map_err(|errno| refused(Operation::Reset, committed.as_u64(), errno))?;
        // SAFETY: P2.
        match slot.exact.then(|| unsafe { slot.close(base, keep) }) {
            // The tail is accessible still, and erased: harmless, as long as it is counted and no
            // code relies on faults there.
            Some(Err(Trouble { lost: false, .. })) if !reservation.faults_exactly() => {
                Ok(Renewed::in_place(committed))
            }
            Some(Err(Trouble { errno, .. })) => {
                Err(refused(Operation::Reset, committed.as_u64(), errno))
            }
            Some(Ok(())) | None => Ok(Renewed::in_place(keep)),
        }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the caller holds the reservation, for the last time.
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
            Ok(()) => {
                if slot.has_forgotten_image() {
                    // SAFETY: P2. If the host refuses, the slot keeps the image, or is lost.
                    if unsafe { slot.take_image(base, None, self.page()) }
                        .is_err_and(|trouble| trouble.lost)
                    {
                        return self.retire(reservation.cookie());
                    }
                }
                self.put_back(cpu, reservation.cookie());
            }
            Err(_) => self.retire(reservation.cookie()),
        }
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        // SAFETY: the caller holds the reservation; nobody changes the state meanwhile.
        let accessible = unsafe { self.slots.accessible(reservation.cookie(), committed) };
        proc_maps::verify(reservation, accessible, exceptions)
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        proc_maps::resident(reservation, committed, self.slots.shape().page)
    }
}

impl fmt::Debug for PoolAllocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolAllocator")
            .field("slots", &self.slots.len())
            .field("slot_bytes", &self.slots.shape().slot.capacity.get())
            .field("layout", &self.slots.shape().layout)
            .finish_non_exhaustive()
    }
}
