//! The list of the process's mappings (`VirtualQuery`).
#![allow(unsafe_code, reason = "asks the host about pages")]

use core::ptr;

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEMORY_BASIC_INFORMATION, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READWRITE,
    VirtualQuery,
};

use super::pages::page_rights;
use crate::error::Corruption;
use crate::protection::Protection;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Checks that guards and uncommitted pages are inaccessible, and that committed pages have the
/// usual rights, except for `exceptions`.
pub(crate) fn verify(
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

/// Always `None`: nothing is known.
pub(crate) const fn resident(_: &Reservation, _: HostBytes, _: HostPage) -> Option<u64> {
    None
}

/// Whether all rights in `from..to` satisfy `right`. Uncommitted pages have none.
fn all_pages(from: usize, to: usize, right: impl Fn(PAGE_PROTECTION_FLAGS) -> bool) -> bool {
    let mut at = from;
    while at < to {
        let mut info = MEMORY_BASIC_INFORMATION::default();
        let size = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: the contract of the call: it fills the structure, whose size it is told, and accesses no page.
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
