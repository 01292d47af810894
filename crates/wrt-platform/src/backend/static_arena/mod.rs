//! Pages from a `static`: no operating system, no allocator.
#![allow(unsafe_code, reason = "pages of a static")]

#[cfg(all(test, unix, feature = "std"))]
mod after_fork;
mod slots;

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use self::slots::{Refusal, Slot, Slots};
use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation};
use crate::request::ReserveRequest;
use crate::reservation::{Fallback, FallbackReason, Reservation};
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// An arena of `N` bytes for up to `MEMORIES` memories; a memory returns its bytes when it is
/// dropped. `&StaticArena` is the [`PageAllocator`].
///
/// The arena is usually a `static`, in `.bss` or, with `#[unsafe(link_section = "...")]`, in a
/// section that the caller chooses. The section must be initialised at start, since the arena keeps
/// its bookkeeping beside its bytes. The bytes are zeroed when a memory gets them. Sizes are
/// multiples of 4 KiB, and even a memory of no bytes holds 4 KiB.
///
/// # Reservation of a memory
///
/// A memory whose maximum fits into a free run holds that maximum from the start. Any other memory
/// holds its initial size and grows in place into the free bytes that follow it, first come, first
/// served; its [`Fallback`] is `NoRoom`. The base never moves.
///
/// # Canary
///
/// If the bytes right behind a memory are free, they hold a canary that
/// [`Region::verify`](crate::Region::verify) checks: it detects code that bypasses the bounds
/// checks and writes past the end. There are no guards to stop such code.
///
/// # Locking
///
/// A spin lock guards the bookkeeping and the zeroing of new bytes. An interrupt handler must not
/// create, grow, reset, verify or drop a memory of an arena that the code it interrupts may be
/// using. Nor must the child of a `fork` in a process with several threads, in which the lock may
/// stay locked for ever: see [After `fork`](crate#after-fork).
///
/// ```
/// use wrt_platform::{Region, ReserveRequest, StaticArena};
///
/// static ARENA: StaticArena<{ 256 << 10 }> = StaticArena::new();
///
/// let mut region = Region::new(&ARENA, &ReserveRequest::new(65536, 131_072))?;
/// region.grow_to(131_072)?;
/// assert!(region.grow_to(131_073).is_err());
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
#[repr(C, align(4096))]
pub struct StaticArena<const N: usize, const MEMORIES: usize = 16> {
    /// - **A1** The `committed` bytes of a slot are used by the owner of its reservation alone; all
    ///   other bytes are accessed only under the lock. Slots do not overlap.
    bytes: UnsafeCell<[u8; N]>,
    /// Space behind the last byte, so that a memory that ends there has a canary as well.
    end: UnsafeCell<Canary>,
    slots: spin::Mutex<Slots<MEMORIES>>,
}

/// The allocator type of a `static` arena, for memories in fields of structs.
pub type StaticAllocator<const N: usize, const MEMORIES: usize = 16> =
    &'static StaticArena<N, MEMORIES>;

type Canary = [u8; 16];

/// A pattern that is unlikely as data: neither zeroes nor text nor a pointer.
const CANARY: Canary = [
    0xa5, 0x5a, 0xc3, 0x3c, 0x96, 0x69, 0xf0, 0x0f, 0xb4, 0x4b, 0xd2, 0x2d, 0x87, 0x78, 0xe1, 0x1e,
];

const PAGE: HostPage = HostPage::SMALLEST;

// SAFETY: A1 says who may touch which byte, and the lock makes it hold across threads.
unsafe impl<const N: usize, const MEMORIES: usize> Sync for StaticArena<N, MEMORIES> {}

impl<const N: usize, const MEMORIES: usize> StaticArena<N, MEMORIES> {
    /// Usable bytes: `N`, rounded down to pages.
    const SIZE: usize = PAGE.round_down(N as u64).get();

    /// An arena with all bytes free.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([0; N]),
            end: UnsafeCell::new([0; 16]),
            slots: spin::Mutex::new(Slots::new()),
        }
    }

    /// Number of free bytes.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        Self::SIZE - self.slots.lock().iter().map(|slot| slot.held).sum::<usize>()
    }

    /// Number of live memories in the arena.
    #[must_use]
    pub fn memories(&self) -> usize {
        self.slots.lock().iter().count()
    }

    /// The address `offset <= SIZE` bytes into the arena.
    fn address(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(offset <= Self::SIZE, "{offset} is outside of the arena");
        // SAFETY: the pointer of an `UnsafeCell` in a live value is not null.
        let start = unsafe { NonNull::new_unchecked(self.bytes.get()) }.cast::<u8>();
        // SAFETY: callers keep `offset` within the arena.
        unsafe { start.add(offset) }
    }

    fn offset_of(&self, reservation: &Reservation) -> usize {
        reservation.base().as_ptr().addr() - self.bytes.get().addr()
    }

    /// Location of the canary of `slot`, if the bytes behind it are free.
    fn canary_place(&self, slots: &Slots<MEMORIES>, slot: &Slot) -> Option<NonNull<Canary>> {
        let end = slot.start + slot.committed;
        if end == Self::SIZE && N == Self::SIZE {
            return NonNull::new(self.end.get());
        }
        let next = slots.iter().map(|other| other.start).find(|start| *start > slot.start);
        if end < next.unwrap_or(Self::SIZE) {
            return Some(self.address(end).cast());
        }
        None
    }

    /// Writes the canary behind the memory at `start`, if there is room for it.
    fn paint_canary(&self, slots: &mut Slots<MEMORIES>, start: usize) {
        let Some(slot) = slots.at(start).copied() else { return };
        let place = self.canary_place(slots, &slot);
        if let Some(place) = place {
            // SAFETY: the bytes are nobody's, and the lock is held (A1).
            unsafe { place.write_unaligned(CANARY) };
        }
        if let Some(slot) = slots.at(start) {
            slot.canary = place.is_some();
        }
    }

    /// Removes canaries that another memory's bytes now cover.
    fn drop_covered_canaries(&self, slots: &mut Slots<MEMORIES>, start: usize) {
        let before = slots.iter().filter(|slot| slot.start < start).last().copied();
        if let Some(slot) = before
            && self.canary_place(slots, &slot).is_none()
            && let Some(slot) = slots.at(slot.start)
        {
            slot.canary = false;
        }
    }
}

impl<const N: usize, const MEMORIES: usize> Default for StaticArena<N, MEMORIES> {
    fn default() -> Self {
        Self::new()
    }
}

fn refused(
    operation: Operation,
    kind: AllocErrorKind,
    requested: u64,
    possible: usize,
) -> AllocError {
    AllocError::new(operation, kind, requested).possible(possible as u64)
}

// SAFETY: C1 slots do not overlap (A1) and no commit goes beyond one, bases are multiples of the
// page from an aligned start, capacities whole pages inside the arena; C2 commit zeroes new bytes of a slot under the lock; C3 the
// bookkeeping refuses before it changes; C4 the trait is implemented for a reference, and the
// arena stays where it is while that lives; C5 zeroing keeps bytes accessible; C6 the page is a
// constant; C7 so are the capabilities; C8 a canary is read, which is nobody's byte.
unsafe impl<const N: usize, const MEMORIES: usize> PageAllocator for &StaticArena<N, MEMORIES> {
    fn page(&self) -> HostPage {
        PAGE
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_guards("the static arena has no guards")?;
        request.refuse_tags("the static arena has no memory tags")?;
        let size = StaticArena::<N, MEMORIES>::SIZE;
        let wanted = PAGE.round_up(request.maximum()).map_or(usize::MAX, HostBytes::get);
        let initial = PAGE.round_up(request.initial()).map_or(usize::MAX, HostBytes::get);
        let mut slots = self.slots.lock();
        let slot = slots.take(size, PAGE.bytes(), initial, wanted).map_err(|refusal| {
            let refuse = |kind| AllocError::new(Operation::Reserve, kind, request.initial());
            match refusal {
                Refusal::TableFull => refuse(AllocErrorKind::Slots { most: MEMORIES }),
                Refusal::LargestRun(bytes) => {
                    refuse(AllocErrorKind::Exhausted).possible(bytes as u64)
                }
            }
        })?;
        self.drop_covered_canaries(&mut slots, slot.start);
        let capacity = PAGE.round_down(slot.capacity as u64);
        let reservation = Reservation::new(self.address(slot.start), capacity);
        Ok(reservation.with_fallback(if slot.held < wanted {
            let reason = FallbackReason::NoRoom;
            Some(Fallback { wanted: request.maximum(), reason })
        } else {
            request.without_guards()
        }))
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let start = self.offset_of(reservation);
        let mut slots = self.slots.lock();
        slots.hold(StaticArena::<N, MEMORIES>::SIZE, start, new.get()).map_err(|possible| {
            refused(Operation::Commit, AllocErrorKind::Exhausted, new.as_u64(), possible)
        })?;
        // SAFETY: the slot holds `new` bytes, of which those past `old` are not yet anyone's and
        // the lock is held (A1).
        unsafe { self.address(start + old.get()).write_bytes(0, new.get() - old.get()) };
        if let Some(slot) = slots.at(start) {
            slot.committed = new.get();
        }
        self.paint_canary(&mut slots, start);
        Ok(Committed::InPlace)
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        let first = self.address(self.offset_of(reservation) + range.start.get());
        // SAFETY: the caller's range lies within its committed bytes, which it owns (A1).
        unsafe { first.write_bytes(0, range.len.get()) };
        Ok(Discarded::ZeroedOnly)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        let start = self.offset_of(reservation);
        // SAFETY: the committed bytes are the caller's (A1), lock or no lock.
        unsafe { reservation.base().write_bytes(0, committed.get()) };
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.at(start) {
            slot.committed = keep.get();
        }
        self.paint_canary(&mut slots, start);
        Ok(ResetOutcome::in_place(keep))
    }

    unsafe fn release(&self, reservation: &Reservation, _committed: HostBytes) {
        self.slots.lock().give_back(self.offset_of(reservation));
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        _: HostBytes,
        _: &[HostRights],
    ) -> Result<(), Corruption> {
        let start = self.offset_of(reservation);
        let mut slots = self.slots.lock();
        let Some(slot) = slots.at(start).copied() else { return Err(Corruption::Accounting) };
        let Some(place) = self.canary_place(&slots, &slot).filter(|_| slot.canary) else {
            return Ok(());
        };
        // SAFETY: the bytes are nobody's, and the lock is held (A1).
        if unsafe { place.read_unaligned() } == CANARY { Ok(()) } else { Err(Corruption::Canary) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    /// Writes past the end, like code that bypasses the bounds checks.
    fn write_past<const N: usize>(arena: &StaticArena<N>, region: &Region<&StaticArena<N>>) {
        let end = arena.offset_of(region.reservation()) + region.committed().get();
        let address = core::ptr::from_ref(arena).cast_mut().cast::<u8>().wrapping_add(end);
        // SAFETY: the byte past the memory is nobody's, and no other thread knows the arena (A1).
        unsafe { address.write(0) };
    }

    #[test]
    fn the_canary_tells_of_writes_past_the_end() {
        static ARENA: StaticArena<{ 64 << 10 }> = StaticArena::new();
        let arena = &ARENA;
        let mut region = Region::new(arena, &ReserveRequest::new(4096, 16384)).unwrap();
        assert_eq!(region.verify(), Ok(()));
        write_past(arena, &region);
        assert_eq!(region.verify(), Err(Corruption::Canary));
        region.grow_to(8192).unwrap();
        assert_eq!(region.verify(), Ok(()), "the byte is the memory's own now");
        write_past(arena, &region);
        assert_eq!(region.verify(), Err(Corruption::Canary));
        region.reset().unwrap();
        assert_eq!(region.verify(), Ok(()));
    }

    #[test]
    fn a_memory_that_fills_the_arena_has_a_canary_too() {
        static ARENA: StaticArena<{ 16 << 10 }> = StaticArena::new();
        let arena = &ARENA;
        let region = Region::new(arena, &ReserveRequest::new(16384, 16384)).unwrap();
        assert_eq!(region.verify(), Ok(()));
        write_past(arena, &region);
        assert_eq!(region.verify(), Err(Corruption::Canary));
    }
}
