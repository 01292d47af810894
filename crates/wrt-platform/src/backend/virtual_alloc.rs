//! Pages from Windows' virtual memory: reserve without access, commit what is used.
#![allow(unsafe_code, reason = "pages of Windows")]

use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::GetLastError;
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, MEMORY_BASIC_INFORMATION, PAGE_EXECUTE,
    PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY,
    PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualProtect, VirtualQuery,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use super::ladder::{Extent, ExtentRefusal, descend_ladder};
use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation, OsError};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Reserves address space with inaccessible guards on both sides and commits it page by page.
///
/// Growth commits pages and nothing else: the base never moves and no byte is copied. Where the
/// host refuses the address space a memory wants, the reservation steps down the same ladder as
/// that of the mmap backend: full guards, small guards and less and less capacity, no guards.
/// [`Reservation::guard_level`] tells where it stands and [`Reservation::fallback`] why. Access to
/// uncommitted pages raises `EXCEPTION_ACCESS_VIOLATION`. Images are copied.
///
/// Windows counts every committed page against the limit of the whole system, used or not. A page
/// that was given back must be committed anew, which may be refused when others have taken what
/// was free. So `discard` only overwrites, and `reset` gives back what it need not keep.
///
/// Names are not shown: Windows has none for address ranges.
///
/// References: `VirtualAlloc`, `VirtualFree`, `VirtualProtect`, `VirtualQuery` in the Win32 API.
#[derive(Clone, Copy, Default, Debug)]
pub struct VirtualAllocator(());

impl VirtualAllocator {
    /// The allocator; it has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

// SAFETY: C1 a reservation is the caller's alone, starts on a multiple of 64 KiB and is at most
// `isize::MAX` bytes as `HostBytes` is; C2 MEM_COMMIT makes exactly the new pages readable and
// writable, and pages that were not committed read zero; C3 what a failed commit may have given is
// taken back or said not to be, the other calls succeed or change nothing; C4 reservations do not
// depend on this value; C5 pages that must stay are overwritten and never given back, and pages that
// are not committed fault; C6 the page size of a running system is fixed; C7 a constant; C8 the host
// is asked about its pages.
unsafe impl PageAllocator for VirtualAllocator {
    fn page(&self) -> HostPage {
        let mut info = SYSTEM_INFO::default();
        // SAFETY: the call fills the structure that it is given.
        unsafe { GetSystemInfo(&mut info) };
        HostPage::new(info.dwPageSize as usize).unwrap_or(HostPage::SMALLEST)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE | Capabilities::GUARDS | Capabilities::PROTECT
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_tags("the VirtualAlloc backend has no memory tags")?;
        descend_ladder(request, self.page(), reserve_inaccessible)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let added = HostRange { start: old, len: new.saturating_sub(old) };
        if added.len == HostBytes::ZERO {
            return Ok(Committed::InPlace);
        }
        // SAFETY: the added pages lie within the reservation, as the caller keeps `new` there.
        let first = unsafe { address_of(reservation, added.start) };
        // SAFETY: as above; the pages belong to the reservation (C1) and nobody uses them yet.
        let given = unsafe { VirtualAlloc(first, added.len.get(), MEM_COMMIT, PAGE_READWRITE) };
        if given.is_null() {
            let reason = last_error();
            // SAFETY: as above.
            let undone = unsafe { decommit(reservation, added) };
            let kind = match undone {
                Ok(()) => AllocErrorKind::Os(reason),
                Err(_) => AllocErrorKind::Unrestored(reason),
            };
            return Err(AllocError::new(Operation::Commit, kind, new.as_u64()));
        }
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        if range.len == HostBytes::ZERO {
            return Ok(());
        }
        let mut previous = 0;
        // SAFETY: the caller gives a range within the committed bytes.
        let first = unsafe { address_of(reservation, range.start) };
        let rights = page_rights(protection);
        // SAFETY: the pages belong to the reservation (C1), whose owner asked for this.
        let done = unsafe { VirtualProtect(first, range.len.get(), rights, &mut previous) };
        if done == 0 {
            return Err(refused(Operation::Protect, range.len.as_u64(), last_error()));
        }
        Ok(())
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller gives a range within the committed bytes.
        let first = unsafe { address_of(reservation, range.start) };
        // SAFETY: the range lies within the committed bytes, a valid region.
        unsafe { first.cast::<u8>().write_bytes(0, range.len.get()) };
        Ok(Discarded::ZeroedOnly)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // A failed commit may have left pages behind that must fault.
        let exact = reservation.faults_exactly();
        let end = if exact { reservation.capacity() } else { committed };
        let tail = HostRange { start: keep, len: end.saturating_sub(keep) };
        // SAFETY: the tail lies within the reservation, and nobody wants its contents any more.
        let left = match unsafe { decommit(reservation, tail) } {
            Ok(()) => keep,
            Err(reason) if exact => {
                return Err(refused(Operation::Reset, committed.as_u64(), reason));
            }
            Err(_) => committed,
        };
        // SAFETY: these bytes are still committed, a valid region that the caller owns alone.
        unsafe { reservation.base().write_bytes(0, left.get()) };
        Ok(ResetOutcome::in_place(left))
    }

    unsafe fn release(&self, reservation: &Reservation, _committed: HostBytes) {
        let extent = Extent::of(reservation);
        if extent.total().unwrap_or_default() == HostBytes::ZERO {
            return;
        }
        // SAFETY: the reservation starts with the front guard.
        let start = unsafe { reservation.base().sub(extent.before.get()) };
        // SAFETY: this is what `reserve_inaccessible` got, as a whole, and nobody uses it any more.
        let _ = unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        let base = reservation.base().as_ptr().addr();
        let low = base - reservation.guard_before().get();
        let high = base + reservation.capacity().get() + reservation.guard_after().get();
        let mut from = base;
        let end = base + committed.get();
        let last = HostRange { start: committed, len: HostBytes::ZERO };
        let last = HostRights { range: last, protection: Protection::READ_WRITE };
        for exception in exceptions.iter().copied().chain([last]) {
            let start = base + exception.range.start.get();
            let stop = base + exception.range.end().get();
            if !all_pages(from, start, |rights| rights == PAGE_READWRITE)
                || !all_pages(start, stop, |rights| rights == page_rights(exception.protection))
            {
                return Err(Corruption::Protection);
            }
            from = stop;
        }
        let closed = |rights| rights == PAGE_NOACCESS;
        let guarded = all_pages(low, base, closed) && all_pages(end, high, closed);
        if guarded { Ok(()) } else { Err(Corruption::Guard) }
    }
}

/// Whether the rights in `from..to` are `right`. Pages that are not committed have none.
fn all_pages(from: usize, to: usize, right: impl Fn(PAGE_PROTECTION_FLAGS) -> bool) -> bool {
    let mut at = from;
    while at < to {
        let mut info = MEMORY_BASIC_INFORMATION::default();
        let size = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: the call fills the structure, whose size it is told, and accesses no page.
        let filled = unsafe { VirtualQuery(ptr::without_provenance(at), &mut info, size) };
        let rights = if info.State == MEM_COMMIT { info.Protect } else { PAGE_NOACCESS };
        let end = info.BaseAddress.addr() + info.RegionSize;
        if filled == 0 || end <= at || !right(rights) {
            return false;
        }
        at = end;
    }
    true
}

/// Reserves an extent without access and returns the address past the first guard. An extent of
/// nothing is a dangling, aligned base.
fn reserve_inaccessible(extent: Extent) -> Result<NonNull<u8>, ExtentRefusal> {
    let refusal = |error| ExtentRefusal { error, limit: None };
    let total = extent.total().ok_or(refusal(NOT_ENOUGH_MEMORY))?.get();
    if total == 0 {
        return Ok(NonNull::without_provenance(HOST_ALIGNED));
    }
    // SAFETY: new address space of the host's choosing disturbs nobody.
    let start = unsafe { VirtualAlloc(ptr::null(), total, MEM_RESERVE, PAGE_NOACCESS) };
    if start.is_null() {
        return Err(refusal(last_error()));
    }
    // SAFETY: the front guard is a part of the reservation.
    let base = unsafe { start.cast::<u8>().add(extent.before.get()) };
    NonNull::new(base).ok_or(refusal(NOT_ENOUGH_MEMORY))
}

/// `ERROR_NOT_ENOUGH_MEMORY`: more than an address can tell apart.
const NOT_ENOUGH_MEMORY: OsError = OsError(8);

/// An address aligned to the host's 64 KiB, for a reservation of no bytes.
const HOST_ALIGNED: NonZeroUsize = match NonZeroUsize::new(1 << 16) {
    Some(address) => address,
    None => NonZeroUsize::MIN,
};

/// The address `offset` bytes into the reservation.
///
/// # Safety
///
/// `offset` is at most the reservation's capacity.
unsafe fn address_of(reservation: &Reservation, offset: HostBytes) -> *mut c_void {
    // SAFETY: the caller keeps `offset` within the reservation (C1).
    unsafe { reservation.base().add(offset.get()) }.as_ptr().cast()
}

/// Gives pages back to the host; they can no longer be accessed.
///
/// # Safety
///
/// The range lies within the reservation, and nobody relies on its bytes.
unsafe fn decommit(reservation: &Reservation, range: HostRange) -> Result<(), OsError> {
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    // SAFETY: the pages belong to the reservation (C1), whose owner gives them up.
    match unsafe { VirtualFree(first, range.len.get(), MEM_DECOMMIT) } {
        0 => Err(last_error()),
        _ => Ok(()),
    }
}

/// The host's constant for a set of rights. It has none for pages that can only be written: they
/// are readable too.
fn page_rights(protection: Protection) -> PAGE_PROTECTION_FLAGS {
    let has = |right| protection.contains(right);
    match (has(Protection::READ), has(Protection::WRITE), has(Protection::EXECUTE)) {
        (false, false, false) => PAGE_NOACCESS,
        (true, false, false) => PAGE_READONLY,
        (_, true, false) => PAGE_READWRITE,
        (false, false, true) => PAGE_EXECUTE,
        (true, false, true) => PAGE_EXECUTE_READ,
        (_, true, true) => PAGE_EXECUTE_READWRITE,
    }
}

/// Why the last call was refused.
fn last_error() -> OsError {
    // SAFETY: it reads a number of the calling thread.
    OsError(unsafe { GetLastError() }.cast_signed())
}

fn refused(operation: Operation, requested: u64, reason: OsError) -> AllocError {
    AllocError::new(operation, AllocErrorKind::Os(reason), requested)
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Memory::MEM_FREE;

    use super::*;
    use crate::region::Region;

    #[test]
    fn verification_finds_rights_that_others_changed() {
        let page = VirtualAllocator::new().page();
        let pages = |count: u64| page.round_down(count * page.bytes() as u64);
        let request = ReserveRequest::new(pages(2).as_u64(), pages(8).as_u64());
        let region = Region::new(VirtualAllocator::new(), &request).unwrap();
        let base = region.reservation().base().as_ptr();
        let address = |number: u64| base.wrapping_add(pages(number).get());
        let protect = |number, rights| {
            let mut previous = 0;
            // SAFETY: the page lies within the reservation, and nobody uses its bytes.
            let done = unsafe { VirtualProtect(address(number).cast(), 1, rights, &mut previous) };
            assert_ne!(done, 0);
        };
        assert_eq!(region.verify(), Ok(()));
        for (number, wrong) in [(0, PAGE_READONLY), (1, PAGE_NOACCESS)] {
            protect(number, wrong);
            assert_eq!(region.verify(), Err(Corruption::Protection), "page {number}");
            protect(number, PAGE_READWRITE);
            assert_eq!(region.verify(), Ok(()));
        }
        for number in [2, 7, 8] {
            let at = address(number).cast::<c_void>();
            // SAFETY: the page belongs to the reservation and nobody uses it.
            assert!(!unsafe { VirtualAlloc(at, 1, MEM_COMMIT, PAGE_READONLY) }.is_null());
            assert_eq!(region.verify(), Err(Corruption::Guard), "page {number}");
            // SAFETY: as above.
            assert_ne!(unsafe { VirtualFree(at, 1, MEM_DECOMMIT) }, 0);
            assert_eq!(region.verify(), Ok(()));
        }
    }

    /// The pages past what is kept go back to the host, and read zero when they return.
    #[test]
    fn a_reset_gives_back_what_it_need_not_keep() {
        const LEN: u64 = 1 << 16;
        let mut region =
            Region::new(VirtualAllocator::new(), &ReserveRequest::new(8192, 1 << 20)).unwrap();
        region.grow_to(LEN).unwrap();
        region.data_mut().unwrap().fill(0xB6);
        region.reset().unwrap();
        assert_eq!(region.committed().get(), 8192);
        assert_eq!(region.verify(), Ok(()));
        region.grow_to(LEN).unwrap();
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "old contents are back");
    }

    /// Other tests may take an address as soon as it is free, but not every time.
    #[test]
    fn address_space_comes_back() {
        let came_back = (0..100).any(|_| {
            let region = Region::new(VirtualAllocator::new(), &ReserveRequest::new(4096, 1 << 20));
            let base = region.unwrap().reservation().base();
            let mut info = MEMORY_BASIC_INFORMATION::default();
            let size = size_of::<MEMORY_BASIC_INFORMATION>();
            // SAFETY: the call fills the structure, whose size it is told, and accesses no page.
            let filled = unsafe { VirtualQuery(base.as_ptr().cast(), &mut info, size) };
            filled > 0 && info.State == MEM_FREE
        });
        assert!(came_back, "every reservation is still there");
    }
}
