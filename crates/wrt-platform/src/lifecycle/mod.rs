//! The life of one reservation: reserve, commit, discard, protect, reset, verify, release.
//!
//! [`Lifecycle`] owns a reservation and gives no access to its bytes. A [`Region`](crate::Region)
//! stands on it and adds exclusive access. Its unsafe operations leave one question to that
//! owner: who else uses the bytes meanwhile.
//!
//! `empty.rs` is what remains after an operation that could not be undone, `record.rs` is the
//! entry in the registry of faults, `checks.rs` refuses what no backend could fulfil.
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

/// A reservation from its creation to its release, and the length of the memory in it.
///
/// All sizes are bytes. The reservation is released when the value is dropped.
#[derive(Debug)]
pub(crate) struct Lifecycle<P: PageAllocator> {
    /// - **I5** `reservation` came from `allocator`, is not released, and exactly `committed`
    ///   bytes of it are committed.
    reservation: Reservation,
    /// - **I2** The first `committed` bytes are a [valid region](crate#valid-region), but for
    ///   rights that its owner has taken, and those from `len` on read zero unless `unerased` is
    ///   set.
    committed: HostBytes,
    /// - **I3** `len <= committed <= capacity of the reservation <= isize::MAX`, and
    ///   `len <= limit`.
    len: usize,
    /// The declared maximum, which may be more than the host can ever give.
    limit: u64,
    /// The length after creation and after every reset.
    initial: u64,
    /// Every length is a multiple of this.
    unit: u64,
    /// - **I7** Where `exact` is set, the backend faults on every byte that is not committed
    ///   ([`Reservation::faults_exactly`]), lengths are whole host pages, and `committed == len`
    ///   between any two operations, unless `open` is set.
    exact: bool,
    /// Bytes that are not committed, or past the length 0, may be accessible: the host refused to
    /// close them.
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
    /// Reserves what `request` asks for and commits its initial bytes. They read zero, or what
    /// the image says where the reservation [has one](Reservation::has_image).
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

    /// What compiled code may rely on.
    pub(crate) fn guarantees(&self) -> AccessGuarantees {
        // Without guards the rest of the capacity may come to be a neighbour's.
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

    /// The entry in the registry of faults.
    pub(crate) const fn record(&mut self) -> &mut FaultRecord {
        &mut self.record
    }

    /// Records base and length in the registry of faults.
    #[inline]
    pub(crate) fn publish(&mut self) {
        if self.record.is_registered() {
            self.record.show(&self.reservation, self.len);
        }
    }

    /// Makes the length `new_len` bytes, which are committed as the policy says. New bytes read
    /// zero. Returns the length before.
    ///
    /// # Errors
    ///
    /// When the length would shrink, or is more than the maximum, the reservation or the host
    /// allows. Nothing has changed then, unless the kind of the error is
    /// [`Unrestored`](AllocErrorKind::Unrestored) and [`guarantees`](Self::guarantees) guaranteed
    /// exact faults: the memory is empty then.
    ///
    /// # Safety
    ///
    /// Nobody uses the bytes during the call. Where the backend has
    /// [`Capabilities::SHARED`], others may use those below the length.
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

    /// Commits what the policy wants for `needed` bytes, or just those if that is refused.
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

    /// Commits `target` bytes, which are not fewer than are committed. The one place where a
    /// commit is asked for, so that none exceeds the reservation.
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
        // The addresses of a memory that moves may be another's before the call returns.
        let moves = self.record.is_registered() && !self.has(Capabilities::STABLE_BASE);
        let hidden = moves.then(|| self.record.hide(&self.reservation, self.len));
        // SAFETY: I5; `committed <= target <= capacity`, and the caller says who uses the bytes.
        let outcome = unsafe { self.allocator.commit(&self.reservation, self.committed, target) };
        // By C2 the bytes now committed are a valid region and the new ones zero: I1 and I2 hold
        // at the base the backend names, which C1 aligns; by C3 a failure left them as they were.
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

    /// Follows the bytes to where the backend has left them (C2, C5).
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
    /// When the backend could not erase the old contents, or not commit the initial bytes again
    /// after an earlier operation has emptied the memory. It stays hidden then.
    ///
    /// # Safety
    ///
    /// Nobody uses the bytes during the call, and none of them has fewer rights than usual.
    pub(crate) unsafe fn reset(&mut self) -> Result<(), AllocError> {
        self.hide();
        // Until the backend has answered: one that unwinds has closed nothing.
        self.open |= self.exact;
        let keep = self.page.round_up(self.initial).unwrap_or_default().min(self.committed);
        // SAFETY: I5, `keep <= committed`, and the caller's contract.
        let outcome = unsafe { self.allocator.reset(&self.reservation, self.committed, keep) };
        // SAFETY: the caller's contract.
        unsafe { self.renew(outcome) }
    }

    /// Takes over what a reset has left.
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
    /// When the backend refuses; nothing has changed then.
    ///
    /// # Safety
    ///
    /// Nobody else uses the range, which lies within the committed bytes and is writable.
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
    /// The backend's. Some pages may have the new rights then and others the old.
    ///
    /// # Safety
    ///
    /// The range lies within the committed bytes, nobody accesses it in a way that the rights
    /// forbid, and [`check_rights`](Self::check_rights) has allowed them.
    pub(crate) unsafe fn protect(
        &self,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        // SAFETY: I5, and the caller's contract.
        unsafe { self.allocator.protect(&self.reservation, range, protection) }
    }

    /// Checks the sizes, and with the backend's help guards, rights and canaries.
    ///
    /// # Errors
    ///
    /// The first thing found wrong.
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
            // A host that said no has corrupted nothing.
            Err(Corruption::Guard) if self.open => Ok(()),
            found => found,
        }
    }

    /// Bytes that occupy physical memory, where the host can say.
    pub(crate) fn resident(&self) -> Option<u64> {
        // SAFETY: I5.
        unsafe { self.allocator.resident(&self.reservation, self.committed) }
    }
}

impl<P: PageAllocator> Drop for Lifecycle<P> {
    fn drop(&mut self) {
        // The addresses may be another's as soon as they are released.
        self.record.forget();
        // SAFETY: I5, and a dropped value uses its reservation no more.
        unsafe { self.allocator.release(&self.reservation, self.committed) }
    }
}
