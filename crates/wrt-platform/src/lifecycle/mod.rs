//! The lifecycle of one reservation: reserve, commit, discard, protect, reset, verify, release.
//!
//! [`Lifecycle`] owns a reservation and gives no access to its bytes. A [`Region`](crate::Region)
//! is built on it and adds exclusive access. The contract of its unsafe operations leaves one
//! obligation to that owner: exclusion of other users of the bytes during the call.
//!
//! `empty.rs` handles operations that could not be undone, `record.rs` is the entry in the fault
//! registry, `checks.rs` validates requests.
#![allow(unsafe_code, reason = "asks a backend about one reservation")]

mod checks;
mod empty;
mod record;

use core::ptr::NonNull;

use self::checks::{check_growth, check_request, check_rights, round_up};
use self::record::FaultRecord;

use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::commit::CommitPolicy;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation};
use crate::guarantees::AccessGuarantees;
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// One reservation from creation to release, and the length of its memory.
///
/// All sizes are bytes. The reservation is released when the value is dropped.
#[derive(Debug)]
pub(crate) struct Lifecycle<P: PageAllocator> {
    /// - **I5** `reservation` came from `allocator`, is not released, and exactly `committed`
    ///   bytes of it are committed.
    reservation: Reservation,
    /// - **I2** The first `committed` bytes are a [valid region](crate#valid-region), except where
    ///   its owner has taken rights away, and those from `len` on read zero unless `unerased` is
    ///   set.
    committed: HostBytes,
    /// - **I3** `len <= committed <= capacity of the reservation <= isize::MAX`, and
    ///   `len <= limit`.
    len: usize,
    /// The declared maximum, which may be more than the host can ever give.
    limit: u64,
    /// The length after creation and after every reset.
    initial: u64,
    /// The unit of the length in bytes.
    unit: u64,
    /// - **I7** Where `exact` is set, the backend faults on every byte that is not committed
    ///   ([`Reservation::faults_exactly`]), lengths are whole host pages, and `committed == len`
    ///   between any two operations, unless `open` is set.
    exact: bool,
    /// Uncommitted bytes, or bytes past a length of 0, may be accessible: the host refused to close
    /// them.
    open: bool,
    /// An operation has failed and left the memory empty: bytes from `len` on may hold old
    /// contents, so nothing may grow over them before a reset.
    unerased: bool,
    /// The request allowed pages that are writable and executable at once.
    write_execute: bool,
    policy: CommitPolicy,
    page: HostPage,
    record: FaultRecord,
    allocator: P,
}

// SAFETY: a reservation is an address range, of which this value touches no byte (I5); the
// allocator is used from the new thread only if it may be.
unsafe impl<P: PageAllocator + Send> Send for Lifecycle<P> {}

// SAFETY: as above; `&self` calls operations that only read (C7, C8), through `&P`.
unsafe impl<P: PageAllocator + Sync> Sync for Lifecycle<P> {}

impl<P: PageAllocator> Lifecycle<P> {
    /// Reserves address space for `request` and commits its initial bytes. They read zero, or as in
    /// the image where the reservation [has one](Reservation::has_image).
    ///
    /// # Errors
    ///
    /// When the request contradicts itself, is larger than the host can address, or the backend
    /// cannot give the initial bytes. Nothing stays allocated.
    pub(crate) fn new(allocator: P, request: &ReserveRequest<'_>) -> Result<Self, AllocError> {
        let page = allocator.page();
        check_request(request, page)?;
        let reservation = allocator.reserve(request)?;
        let mut life = Self {
            committed: HostBytes::ZERO,
            len: 0,
            limit: request.maximum(),
            initial: request.initial(),
            unit: request.unit_bytes(),
            exact: reservation.faults_exactly() && request.wants_exact_faults(page),
            open: false,
            unerased: false,
            write_execute: request.allows_write_execute(),
            policy: request.commit_policy(),
            page,
            record: FaultRecord::NONE,
            reservation,
            allocator,
        };
        life.record.register(request)?;
        let initial = round_up(page, request.initial(), Operation::Reserve)?;
        // SAFETY: nobody else knows of the reservation (C1).
        unsafe { life.commit(initial) }?;
        life.len = request.initial() as usize;
        Ok(life)
    }

    /// The address of the first byte.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.reservation.base()
    }

    /// Accessible bytes.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Committed bytes.
    pub(crate) const fn committed(&self) -> HostBytes {
        self.committed
    }

    /// The declared maximum.
    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// The most bytes that the memory can ever have.
    pub(crate) fn capacity(&self) -> u64 {
        self.limit.min(self.reservation.capacity().as_u64())
    }

    pub(crate) const fn page(&self) -> HostPage {
        self.page
    }

    pub(crate) const fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    pub(crate) const fn allocator(&self) -> &P {
        &self.allocator
    }

    /// Whether the backend has `capability`.
    pub(crate) fn has(&self, capability: Capabilities) -> bool {
        self.allocator.capabilities().contains(capability)
    }

    /// The guarantees to compiled code.
    pub(crate) fn guarantees(&self) -> AccessGuarantees {
        // Without guards a neighbour may get the rest of the capacity.
        let reach = match self.has(Capabilities::GUARDS) {
            true => self.reservation.capacity().checked_add(self.reservation.guard_after()),
            false => Some(self.committed),
        };
        AccessGuarantees {
            stable_base: self.has(Capabilities::STABLE_BASE) && !self.reservation.tagged(),
            faults_exactly: self.exact && !self.open,
            reach: reach.unwrap_or_default().as_u64(),
            guard_before: self.reservation.guard_before().as_u64(),
        }
    }

    /// The entry in the fault registry.
    pub(crate) const fn record(&mut self) -> &mut FaultRecord {
        &mut self.record
    }

    /// Records base and length in the fault registry.
    #[inline]
    pub(crate) fn publish(&mut self) {
        if self.record.is_registered() {
            self.record.show(&self.reservation, self.len);
        }
    }

    /// Grows the length to `new_len` bytes and commits them by the policy. New bytes read zero.
    /// Returns the previous length.
    ///
    /// # Errors
    ///
    /// When `new_len` is smaller than the length, or exceeds the maximum, the reservation or what
    /// the host gives. In that case nothing has changed, with one exception: after an error of kind
    /// [`Unrestored`](AllocErrorKind::Unrestored), a memory whose [`guarantees`](Self::guarantees)
    /// include exact faults is empty.
    ///
    /// # Safety
    ///
    /// No other code uses the bytes during the call. Where the backend has
    /// [`Capabilities::SHARED`], other threads may use those below the length.
    pub(crate) unsafe fn grow(&mut self, new_len: u64) -> Result<usize, AllocError> {
        let needed = check_growth(self, new_len)?;
        if needed > self.committed {
            // SAFETY: the caller's contract; a capacity is checked by `commit`.
            unsafe { self.commit_for_growth(needed) }?;
        }
        // I2 made these bytes accessible and zero, I3 bounds them by what was just checked.
        let old_len = self.len;
        self.len = new_len as usize;
        Ok(old_len)
    }

    /// Commits the policy's target for `needed` bytes, or `needed` bytes alone if that is refused.
    ///
    /// # Safety
    ///
    /// As for [`grow`](Self::grow).
    unsafe fn commit_for_growth(&mut self, needed: HostBytes) -> Result<(), AllocError> {
        let target = self.policy.target(needed, self.reservation.capacity(), self.page);
        // SAFETY: the caller's contract.
        match unsafe { self.commit(target) } {
            // SAFETY: the caller's contract.
            Err(_) if target > needed => unsafe { self.commit(needed) },
            outcome => outcome,
        }
    }

    /// Commits `target` bytes, at least as many as are committed. Every commit goes through this
    /// function, so that none exceeds the reservation.
    ///
    /// # Safety
    ///
    /// As for [`grow`](Self::grow).
    unsafe fn commit(&mut self, target: HostBytes) -> Result<(), AllocError> {
        if target > self.reservation.capacity() {
            let kind = AllocErrorKind::Capacity;
            let error = AllocError::new(Operation::Commit, kind, target.as_u64());
            return Err(error.possible(self.capacity()));
        }
        // The old addresses of a memory that moves may belong to another memory before the call
        // returns.
        let moves = self.record.is_registered() && !self.has(Capabilities::STABLE_BASE);
        let hidden = moves.then(|| self.record.hide(&self.reservation, self.len));
        // SAFETY: I5; `committed <= target <= capacity`, and the caller says who uses the bytes.
        let outcome = unsafe { self.allocator.commit(&self.reservation, self.committed, target) };
        // By C2 the committed bytes are a valid region and the new ones zero: I1 and I2 hold at the
        // base that the backend reports, which C1 aligns; by C3 a failure left them unchanged.
        match outcome {
            Ok(place) => {
                if let (Some(hidden), Committed::Moved(base)) = (hidden, place) {
                    hidden.moved_to(base);
                }
                self.follow(place);
                self.committed = target;
                Ok(())
            }
            Err(error) => {
                drop(hidden);
                if matches!(error.kind, AllocErrorKind::Unrestored(_)) {
                    self.open = true;
                    if self.exact {
                        // SAFETY: the caller's contract.
                        unsafe { self.empty() };
                    }
                }
                Err(error)
            }
        }
    }

    /// Adopts the base that the backend reports (C2, C5).
    fn follow(&mut self, place: Committed) {
        if let Committed::Moved(base) = place {
            self.reservation = self.reservation.moved_to(base);
        }
    }

    /// Hides all bytes from growth and access, until a reset has erased them.
    pub(crate) const fn hide(&mut self) {
        self.len = 0;
        self.unerased = true;
    }

    /// Returns to the initial length with the initial contents, zeroes or the backend's image.
    ///
    /// # Errors
    ///
    /// When the backend could not erase the old contents, or could not commit the initial bytes
    /// again after an earlier operation emptied the memory. In that case the memory stays hidden.
    ///
    /// # Safety
    ///
    /// No other code uses the bytes during the call, and all of them are readable and writable.
    pub(crate) unsafe fn reset(&mut self) -> Result<(), AllocError> {
        self.hide();
        // Set until the backend returns: one that unwinds has closed nothing.
        self.open |= self.exact;
        let keep = self.page.round_up(self.initial).unwrap_or_default().min(self.committed);
        // SAFETY: I5, `keep <= committed`, and the caller's contract.
        let outcome = unsafe { self.allocator.reset(&self.reservation, self.committed, keep) };
        // SAFETY: the caller's contract.
        unsafe { self.renew(outcome) }
    }

    /// Adopts the outcome of a reset.
    ///
    /// # Safety
    ///
    /// As for [`reset`](Self::reset).
    unsafe fn renew(&mut self, left: Result<ResetOutcome, AllocError>) -> Result<(), AllocError> {
        let left = match left {
            Ok(left) => left,
            Err(error) => {
                // SAFETY: the caller's contract.
                unsafe { self.empty() };
                return Err(error);
            }
        };
        self.follow(left.base);
        self.committed = left.kept;
        // By C5 nothing past these bytes is accessible where faults are exact.
        self.open &= !self.exact;
        let initial = round_up(self.page, self.initial, Operation::Reset)?;
        // An earlier operation may have emptied the memory.
        if initial > self.committed {
            // SAFETY: the caller's contract.
            unsafe { self.commit(initial) }?;
        }
        self.len = self.initial as usize;
        self.unerased = false;
        Ok(())
    }

    /// Makes a range of committed bytes read zero.
    ///
    /// # Errors
    ///
    /// When the backend refuses; in that case nothing has changed.
    ///
    /// # Safety
    ///
    /// No other code uses the range, which lies within the committed bytes and is writable.
    pub(crate) unsafe fn discard(&mut self, range: HostRange) -> Result<Discarded, AllocError> {
        // SAFETY: I5, and the caller's contract.
        unsafe { self.allocator.discard(&self.reservation, range) }
    }

    /// Refuses rights that the request did not allow. `len` is the size of the range in bytes.
    pub(crate) fn check_rights(&self, protection: Protection, len: u64) -> Result<(), AllocError> {
        check_rights(self.write_execute, protection, len)
    }

    /// Changes the host's rights on a range of committed pages.
    ///
    /// # Errors
    ///
    /// Those of the backend. In that case some pages may have the new rights and others the old.
    ///
    /// # Safety
    ///
    /// The range lies within the committed bytes, no access to it violates the rights, and
    /// [`check_rights`](Self::check_rights) has allowed them.
    pub(crate) unsafe fn protect(
        &self,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        // SAFETY: I5, and the caller's contract.
        unsafe { self.allocator.protect(&self.reservation, range, protection) }
    }

    /// Checks the sizes and, through the backend, guards, rights and canaries.
    ///
    /// # Errors
    ///
    /// The first violation found.
    pub(crate) fn verify(&self, exceptions: &[HostRights]) -> Result<(), Corruption> {
        let sizes_agree = self.len <= self.committed.get()
            && self.committed <= self.reservation.capacity()
            && self.len as u64 <= self.limit
            && (!self.exact || self.open || self.committed.get() == self.len)
            && self.base().as_ptr().addr().is_multiple_of(self.page.bytes());
        if !sizes_agree {
            return Err(Corruption::Accounting);
        }
        // SAFETY: I5.
        match unsafe { self.allocator.verify(&self.reservation, self.committed, exceptions) } {
            // A refusal by the host is not corruption.
            Err(Corruption::Guard) if self.open => Ok(()),
            found => found,
        }
    }

    /// Bytes that occupy physical memory, where the host reports it.
    pub(crate) fn resident(&self) -> Option<u64> {
        // SAFETY: I5.
        unsafe { self.allocator.resident(&self.reservation, self.committed) }
    }
}

impl<P: PageAllocator> Drop for Lifecycle<P> {
    fn drop(&mut self) {
        // The addresses may belong to another memory as soon as they are released.
        self.record.forget();
        // SAFETY: I5, and a dropped value uses its reservation no more.
        unsafe { self.allocator.release(&self.reservation, self.committed) }
    }
}
