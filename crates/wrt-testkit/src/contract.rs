//! Raw operations of [`PageAllocator`], as safe functions that keep its contract.
#![allow(unsafe_code, reason = "the contract's operations, called as it says")]

use core::ops::Range;
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use wrt_platform::{
    AllocError, AllocErrorKind, Committed, Corruption, Discarded, HostBytes, HostRange, HostRights,
    Operation, PageAllocator, Protection, Reservation, ReserveRequest,
};

/// A reservation with its committed bytes, for checks of a backend without a
/// [`Region`](wrt_platform::Region) in between.
///
/// Misuse is refused here and never reaches the backend, so all methods are safe: a commit neither
/// shrinks nor exceeds the capacity, ranges lie in the committed bytes, pages are writable and
/// executable only if the request allowed it, and bytes without their usual rights cannot be
/// borrowed. Released on drop.
#[derive(Debug)]
pub struct RawMemory<'a, A: PageAllocator + ?Sized> {
    allocator: &'a A,
    /// - **R1** `reservation` came from `allocator`, is not released, and exactly `committed` bytes
    ///   of it are committed; no other value uses it.
    reservation: Reservation,
    committed: HostBytes,
    /// - **R2** The committed bytes are a valid region if `restricted` is empty. Restricted ranges
    ///   lie in the committed bytes, in order of address and not adjacent.
    restricted: Vec<HostRights>,
    /// The request allowed pages that are writable and executable.
    write_execute: bool,
}

/// A byte of a reservation, for an access that may fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The last committed byte, which must not fault.
    LastCommitted,
    /// The byte just before the base.
    BeforeBase,
    /// The first byte that is reserved and not committed.
    PastCommitted,
    /// The first byte past the capacity.
    PastCapacity,
}

impl<'a, A: PageAllocator + ?Sized> RawMemory<'a, A> {
    /// Makes the reservation of `request`. No byte is committed.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    pub fn reserve(allocator: &'a A, request: &ReserveRequest<'_>) -> Result<Self, AllocError> {
        let reservation = allocator.reserve(request)?;
        let (committed, restricted) = (HostBytes::ZERO, Vec::new());
        let write_execute = request.allows_write_execute();
        Ok(Self { allocator, reservation, committed, restricted, write_execute })
    }

    /// The backend's reservation.
    #[must_use]
    pub const fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    /// Bytes that are committed.
    #[must_use]
    pub const fn committed(&self) -> HostBytes {
        self.committed
    }

    /// Commits `new` bytes in all.
    ///
    /// # Errors
    ///
    /// Those of the backend, and when `new` is less than the committed bytes or more than the
    /// capacity.
    pub fn commit(&mut self, new: HostBytes) -> Result<Committed, AllocError> {
        if new < self.committed {
            return Err(misuse(Operation::Commit, "a commit never shrinks"));
        }
        if new > self.reservation.capacity() {
            return Err(misuse(Operation::Commit, "a commit never exceeds the capacity"));
        }
        // SAFETY: R1, `committed <= new <= capacity` was just checked, and `&mut self` keeps
        // others away.
        let outcome = unsafe { self.allocator.commit(&self.reservation, self.committed, new) }?;
        if let Committed::Moved(base) = outcome {
            self.reservation = self.reservation.moved_to(base);
        }
        self.committed = new;
        Ok(outcome)
    }

    /// The host's addresses of a range, which need not be accessible or mapped.
    #[must_use]
    pub fn addresses(&self, range: HostRange) -> Range<usize> {
        let base = address_of(self.reservation.base());
        base.saturating_add(range.start.get())..base.saturating_add(range.end().get())
    }

    /// The committed bytes; empty while some of them are restricted.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let len = if self.restricted.is_empty() { self.committed.get() } else { 0 };
        // SAFETY: R2, and the borrow of `self` keeps the bytes as they are.
        unsafe { slice::from_raw_parts(self.reservation.base().as_ptr(), len) }
    }

    /// The committed bytes, for writing; empty while some of them are restricted.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let len = if self.restricted.is_empty() { self.committed.get() } else { 0 };
        // SAFETY: R2, and the exclusive borrow of `self` keeps everyone else away.
        unsafe { slice::from_raw_parts_mut(self.reservation.base().as_ptr(), len) }
    }

    /// Changes the rights on a range, calls `during`, and restores the usual rights.
    ///
    /// # Errors
    ///
    /// Those of the backend, and when the range is not committed. `during` was not called if the
    /// rights could not be changed.
    pub fn with_protection(
        &mut self,
        range: HostRange,
        protection: Protection,
        during: impl FnOnce(&Touch),
    ) -> Result<(), AllocError> {
        self.with_protection_and_commit(range, protection, self.committed, during)
    }

    /// As [`with_protection`](Self::with_protection), but commits `new` bytes in all between the
    /// change of rights and `during`.
    ///
    /// # Errors
    ///
    /// Those of the backend, and when the range is not committed or `new` is less than the
    /// committed bytes. In these cases `during` was not called.
    pub fn with_protection_and_commit(
        &mut self,
        range: HostRange,
        protection: Protection,
        new: HostBytes,
        during: impl FnOnce(&Touch),
    ) -> Result<(), AllocError> {
        self.protect(range, protection)?;
        let outcome = if new == self.committed { Ok(()) } else { self.commit(new).map(|_| ()) };
        if outcome.is_ok() {
            // SAFETY: the range is committed, so it lies within the reservation (R1).
            during(&Touch(unsafe { self.reservation.base().add(range.start.get()) }));
        }
        self.protect(range, Protection::READ_WRITE).and(outcome)
    }

    /// Changes the rights on a range, until they are set to [`Protection::READ_WRITE`].
    ///
    /// # Errors
    ///
    /// Those of the backend, and when the range is not committed, partly overlaps a restricted
    /// range, or would be writable and executable although the request did not
    /// [allow](ReserveRequest::allow_write_execute) it.
    pub fn protect(&mut self, range: HostRange, rights: Protection) -> Result<(), AllocError> {
        self.check_range(Operation::Protect, range)?;
        if rights.contains(Protection::WRITE | Protection::EXECUTE) && !self.write_execute {
            return Err(misuse(
                Operation::Protect,
                "writable and executable pages were not allowed",
            ));
        }
        let overlaps = |other: &HostRights| other.range.overlap(range).len > HostBytes::ZERO;
        if self.restricted.iter().any(|other| overlaps(other) && other.range != range) {
            return Err(misuse(Operation::Protect, "the range overlaps another in part"));
        }
        // SAFETY: R1; the range is committed, the rights are allowed, and R2 keeps everyone from
        // bytes without rights.
        unsafe { self.allocator.protect(&self.reservation, range, rights) }?;
        self.restricted.retain(|other| other.range != range);
        if rights != Protection::READ_WRITE {
            self.restricted.push(HostRights { range, protection: rights });
            self.restricted.sort_by_key(|other| other.range.start);
        }
        Ok(())
    }

    /// Makes a range read zero.
    ///
    /// # Errors
    ///
    /// Those of the backend, and when the range is not committed.
    pub fn discard(&mut self, range: HostRange) -> Result<Discarded, AllocError> {
        self.check_range(Operation::Discard, range)?;
        let overlaps = |other: &HostRights| other.range.overlap(range).len > HostBytes::ZERO;
        if self.restricted.iter().any(overlaps) {
            return Err(misuse(Operation::Discard, "part of the range is protected"));
        }
        // SAFETY: R1, and the range is committed and writable (R2).
        unsafe { self.allocator.discard(&self.reservation, range) }
    }

    /// Makes all committed bytes read zero and keeps at least `keep` of them.
    ///
    /// # Errors
    ///
    /// Those of the backend, and when fewer bytes are committed.
    pub fn reset(&mut self, keep: HostBytes) -> Result<HostBytes, AllocError> {
        if keep > self.committed {
            return Err(misuse(Operation::Reset, "what is kept must be committed"));
        }
        if !self.restricted.is_empty() {
            return Err(misuse(Operation::Reset, "rights must be given back first"));
        }
        // SAFETY: R1 and R2, and `keep <= committed` was just checked.
        let left = unsafe { self.allocator.reset(&self.reservation, self.committed, keep) }?;
        if let Committed::Moved(base) = left.base {
            self.reservation = self.reservation.moved_to(base);
        }
        // A backend that claims to have more than there was is wrong, but not to be believed.
        self.committed = left.kept.min(self.committed);
        Ok(left.kept)
    }

    /// Asks the backend to verify the memory.
    ///
    /// # Errors
    ///
    /// The violation that the backend found.
    pub fn verify(&self) -> Result<(), Corruption> {
        // SAFETY: R1.
        unsafe { self.allocator.verify(&self.reservation, self.committed, &self.restricted) }
    }

    /// Asks the backend for the number of bytes that occupy physical memory.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        // SAFETY: R1.
        unsafe { self.allocator.resident(&self.reservation, self.committed) }
    }

    /// Calls `during` while another thread reads the committed bytes repeatedly. Returns the offset
    /// of the first byte that the thread saw change, for operations that must not write.
    pub fn change_seen_during(&self, during: impl FnOnce()) -> Option<usize> {
        let (bytes, before) = (self.bytes(), self.bytes().to_vec());
        let (began, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                loop {
                    let last_look = ended.load(Acquire);
                    let found = first_difference(bytes, &before);
                    began.store(true, Release);
                    if last_look || found.is_some() {
                        return found;
                    }
                }
            });
            // The reader is stopped also if `during` panics.
            let stop = StopOnDrop(&ended);
            while !began.load(Acquire) {
                thread::yield_now();
            }
            during();
            drop(stop);
            reader.join().unwrap_or_default()
        })
    }

    /// Reads the byte at `place`; `None` if the reservation has no such byte. Where the backend
    /// keeps its guarantees, every place but the last committed byte ends the process with a fault,
    /// so call this in a [`ChildTest`](crate::ChildTest).
    #[must_use]
    pub fn touch(&self, place: Place) -> Option<u8> {
        let Self { reservation, committed, .. } = self;
        let capacity = reservation.capacity();
        let (exists, offset) = match place {
            Place::LastCommitted => (*committed > HostBytes::ZERO, committed.get() as isize - 1),
            Place::BeforeBase => (reservation.guard_before() > HostBytes::ZERO, -1),
            Place::PastCommitted => (*committed < capacity, committed.get() as isize),
            Place::PastCapacity => {
                (reservation.guard_after() > HostBytes::ZERO, capacity.get() as isize)
            }
        };
        // SAFETY: by R1 and contract C1 guards and capacity belong to the reservation.
        let address = exists.then(|| unsafe { reservation.base().offset(offset) })?;
        Some(Touch(address).read())
    }

    fn check_range(&self, operation: Operation, range: HostRange) -> Result<(), AllocError> {
        match range.start.checked_add(range.len) {
            Some(end) if end <= self.committed => Ok(()),
            _ => Err(misuse(operation, "the range is not committed")),
        }
    }
}

/// Tells a thread to stop.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Release);
    }
}

/// The offset of the first word of `bytes` that differs from `before`. Every read is volatile,
/// since the compiler assumes that borrowed bytes do not change.
fn first_difference(bytes: &[u8], before: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    let (expected, _) = before.as_chunks::<8>();
    let differs = |(word, expected): (&[u8; 8], &[u8; 8])| {
        // SAFETY: the reference is valid to read.
        let found = unsafe { ptr::from_ref(word).read_volatile() };
        found != *expected
    };
    words.iter().zip(expected).position(differs).map(|index| 8 * index)
}

/// The address without its hardware tag, which is in the highest byte, where 64-bit user addresses
/// have no bits.
pub(crate) fn address_of(pointer: NonNull<u8>) -> usize {
    let bits = if usize::BITS >= 64 { usize::MAX >> 8 } else { usize::MAX };
    pointer.as_ptr().addr() & bits
}

fn misuse(operation: Operation, rule: &'static str) -> AllocError {
    AllocError::new(operation, AllocErrorKind::InvalidRequest(rule), 0)
}

impl<A: PageAllocator + ?Sized> Drop for RawMemory<'_, A> {
    fn drop(&mut self) {
        // SAFETY: R1, and a dropped memory uses its reservation no more.
        unsafe { self.allocator.release(&self.reservation, self.committed) }
    }
}

/// One byte of a reservation that may be inaccessible: touching it may end the process.
#[derive(Debug)]
pub struct Touch(NonNull<u8>);

impl Touch {
    /// Loads the byte.
    #[must_use]
    pub fn read(&self) -> u8 {
        // SAFETY: the byte belongs to a live reservation that the maker borrows (R1), so at worst
        // the host stops the access, which is what callers are after.
        unsafe { self.0.as_ptr().read_volatile() }
    }

    /// Stores into the byte.
    pub fn write(&self, byte: u8) {
        // SAFETY: as for `read`; the maker lends no reference to the bytes meanwhile.
        unsafe { self.0.as_ptr().write_volatile(byte) }
    }
}
