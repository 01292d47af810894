//! A backend outside of the crate: the host's mappings with the public ladder. It keeps every
//! guarantee.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "a backend of somebody else's, on the public ladder")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use std::io;
use std::ptr::{self, NonNull};

use wrt_platform::{
    AllocError, AllocErrorKind, Capabilities, Committed, Discarded, Extent, ExtentRefusal,
    GuardLevel, GuardPolicy, HostBytes, HostPage, HostRange, Operation, OsError, PageAllocator,
    Protection, Region, Reservation, ReserveRequest, ResetOutcome, Tagging, descend_ladder,
};
use wrt_testkit::{check_backend, check_moving, check_threads};

const CLOSED: i32 = libc::PROT_NONE;
const OPEN: i32 = libc::PROT_READ | libc::PROT_WRITE;

struct Mapped;

fn last_error() -> OsError {
    OsError(io::Error::last_os_error().raw_os_error().unwrap_or_default())
}

/// Maps all of an extent without access, and returns the address past the first guard.
fn map_closed(extent: Extent) -> Result<NonNull<u8>, ExtentRefusal> {
    let refusal = |error| ExtentRefusal { error, limit: None };
    let total = extent.total().ok_or(refusal(OsError(libc::ENOMEM)))?.get();
    // The host maps at least a page.
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a mapping where the host likes disturbs nobody.
    let start = unsafe { libc::mmap(ptr::null_mut(), total.max(1), CLOSED, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(refusal(last_error()));
    }
    NonNull::new(start.cast::<u8>().wrapping_add(extent.before.get()))
        .ok_or(refusal(OsError(libc::ENOMEM)))
}

/// Changes the rights on a range.
///
/// # Safety
///
/// The range belongs to the reservation, and no code relies on rights that it loses.
unsafe fn set(reservation: &Reservation, range: HostRange, rights: i32) -> Result<(), OsError> {
    let first = reservation.base().as_ptr().wrapping_add(range.start.get());
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the caller keeps the range in the reservation.
    match unsafe { libc::mprotect(first.cast(), range.len.get(), rights) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

/// Drops the pages of a range, which read zero afterwards.
///
/// # Safety
///
/// The range belongs to the reservation, and no code relies on its bytes.
unsafe fn drop_pages(reservation: &Reservation, range: HostRange) -> Result<(), OsError> {
    let first = reservation.base().as_ptr().wrapping_add(range.start.get());
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the caller keeps the range in the reservation.
    match unsafe { libc::madvise(first.cast(), range.len.get(), libc::MADV_DONTNEED) } {
        0 => Ok(()),
        _ => Err(last_error()),
    }
}

fn refused(operation: Operation, bytes: HostBytes) -> impl Fn(OsError) -> AllocError {
    move |error| AllocError::new(operation, AllocErrorKind::Os(error), bytes.as_u64())
}

// SAFETY: a mapping is the caller's alone and on a page, new pages of it read zero, a failed
// commit is taken back, no reservation depends on the value, dropped pages keep their rights, and
// page and capabilities are constants of the running system.
unsafe impl PageAllocator for Mapped {
    fn page(&self) -> HostPage {
        // SAFETY: the call reads a number.
        HostPage::new(unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize).unwrap()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE
            | Capabilities::GUARDS
            | Capabilities::PROTECT
            | Capabilities::DISCARD
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        if request.tagging_policy() == Tagging::Required {
            return Err(AllocError::unsupported(Operation::Reserve));
        }
        descend_ladder(request, self.page(), map_closed)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let added = HostRange { start: old, len: new.saturating_sub(old) };
        // SAFETY: the added pages end within the capacity, and nobody uses them yet.
        unsafe { set(reservation, added, OPEN) }
            .map_err(|error| {
                // SAFETY: as above.
                let _ = unsafe { set(reservation, added, CLOSED) };
                refused(Operation::Commit, new)(error)
            })
            .map(|()| Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let bits = [
            (Protection::READ, libc::PROT_READ),
            (Protection::WRITE, libc::PROT_WRITE),
            (Protection::EXECUTE, libc::PROT_EXEC),
        ];
        let given = bits.into_iter().filter(|(right, _)| protection.contains(*right));
        let rights = given.fold(CLOSED, |all, (_, bit)| all | bit);
        // SAFETY: the range is committed, and its owner keeps to the rights.
        unsafe { set(reservation, range, rights) }.map_err(refused(Operation::Protect, range.len))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the range is committed, and its owner wants zeroes there.
        unsafe { drop_pages(reservation, range) }
            .map_err(refused(Operation::Discard, range.len))
            .map(|()| Discarded::Released)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        let all = HostRange { start: HostBytes::ZERO, len: committed };
        // SAFETY: the bytes are committed, and their owner wants zeroes there.
        unsafe { drop_pages(reservation, all) }.map_err(refused(Operation::Reset, committed))?;
        let rest = HostRange { start: keep, len: committed.saturating_sub(keep) };
        // SAFETY: the rest is committed, and nobody needs it.
        unsafe { set(reservation, rest, CLOSED) }.map_err(refused(Operation::Reset, committed))?;
        Ok(ResetOutcome::in_place(keep))
    }

    unsafe fn release(&self, reservation: &Reservation, _: HostBytes) {
        let extent = Extent::of(reservation);
        let total = extent.total().unwrap_or_default().get();
        let start = reservation.base().as_ptr().wrapping_sub(extent.before.get());
        // SAFETY: this is all that `map_closed` mapped, and nobody uses it any more.
        unsafe { libc::munmap(start.cast(), total.max(1)) };
    }
}

#[test]
fn a_backend_on_the_public_ladder_keeps_every_guarantee() {
    check_backend(&Mapped).unwrap_or_else(|broken| panic!("{broken}"));
    check_moving(Mapped).unwrap();
    check_threads(&Mapped).unwrap();
}

#[test]
fn it_gives_the_level_that_is_demanded() {
    let small = ReserveRequest::new(65536, 1 << 20).guards(GuardPolicy::SmallGuard);
    let region = Region::new(Mapped, &small).unwrap();
    assert_eq!(region.reservation().guard_level(), GuardLevel::SmallGuard);
    let bare = ReserveRequest::new(65536, 1 << 20).guards(GuardPolicy::ChecksOnly);
    let region = Region::new(Mapped, &bare).unwrap();
    assert_eq!(region.reservation().guard_level(), GuardLevel::ChecksOnly);
    assert_eq!(region.reservation().fallback(), None);
}
