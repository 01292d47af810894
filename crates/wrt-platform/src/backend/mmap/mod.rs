//! Pages from the operating system's virtual memory: reserve without access, commit by changing
//! rights.
#![allow(unsafe_code)]

mod name;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc_maps;

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use rustix::io::Errno;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::mm::Advice;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use crate::allocator::{Committed, Discarded, PageAllocator};
use crate::capabilities::Capabilities;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::error::Corruption;
use crate::error::{AllocError, AllocErrorKind, Operation, OsError};
use crate::protection::Protection;
use crate::request::{ReserveRequest, Tagging};
use crate::reservation::{Reservation, Rung};
use crate::units::{HostBytes, HostPage, HostRange};

/// Reserves address space with inaccessible guards on both sides and commits it page by page.
///
/// Growth changes access rights and nothing else: the base never moves and no byte is copied.
/// Where the host refuses the address space a memory wants (`RLIMIT_AS`, a small address space),
/// the reservation is halved until it is granted or the initial size does not fit;
/// [`Reservation::rung`] tells what became of it.
///
/// Access to uncommitted pages raises `SIGSEGV`. Under
/// [`CommitPolicy::Exact`](crate::CommitPolicy::Exact) those are all pages past the length.
///
/// References: `mmap(2)`, `mprotect(2)`, `madvise(2)`.
#[derive(Clone, Copy, Default, Debug)]
pub struct MmapAllocator(());

/// The reservation's cookie: the request allowed pages that are writable and executable.
const ALLOWS_WRITE_EXECUTE: usize = 1;

impl MmapAllocator {
    /// The allocator; it has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Maps guard, capacity and guard, all inaccessible. Halves the capacity while the host
    /// refuses, but never below the initial size.
    fn map_what_fits(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        let page = self.page();
        let wanted = request.wanted_capacity();
        let guard = page.round_up(request.guard_bytes()).ok_or_else(|| too_large(request))?;
        let floor = page.round_up(request.initial()).ok_or_else(|| too_large(request))?;
        let mut capacity = page.round_up(wanted).unwrap_or(page.round_down(u64::MAX));
        let mut refusal = None;
        loop {
            match map_inaccessible(capacity, guard, request.display_name()) {
                Ok(base) => {
                    let reservation = Reservation::new(base, capacity).with_guards(guard, guard);
                    return Ok(match refusal {
                        None => reservation,
                        reason => reservation.with_rung(Rung::Reduced { wanted, reason }),
                    });
                }
                Err(errno) if capacity <= floor => {
                    let kind = AllocErrorKind::Os(OsError(errno.raw_os_error()));
                    let error = AllocError::new(Operation::Reserve, kind, request.initial());
                    return Err(match address_space_limit() {
                        Some(limit) => error.possible(limit),
                        None => error,
                    });
                }
                Err(errno) => {
                    refusal = Some(OsError(errno.raw_os_error()));
                    capacity = page.round_down(capacity.as_u64() / 2).max(floor);
                }
            }
        }
    }
}

// SAFETY: C1 a mapping is the caller's alone, page-aligned and not null, and at most `isize::MAX`
// bytes as `HostBytes` is; C2 mprotect makes exactly the new pages readable and writable, and
// anonymous pages read zero until written; C3 what a failed mprotect has
// changed is taken back; C4 mappings do not depend on this value; C5 MADV_DONTNEED and memset keep
// the rights; C6 the page size of a running system is fixed.
unsafe impl PageAllocator for MmapAllocator {
    fn page(&self) -> HostPage {
        HostPage::new(rustix::param::page_size()).unwrap_or(HostPage::SMALLEST)
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
        let cookie = if request.allows_write_execute() { ALLOWS_WRITE_EXECUTE } else { 0 };
        Ok(self.map_what_fits(request)?.with_cookie(cookie))
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        if new > reservation.capacity() {
            let error = AllocError::new(Operation::Commit, AllocErrorKind::Capacity, new.as_u64());
            return Err(error.possible(reservation.capacity().as_u64()));
        }
        let added = HostRange { start: old, len: new.saturating_sub(old) };
        if added.len > HostBytes::ZERO {
            // SAFETY: the added pages lie within the reservation, as `new` was just checked.
            let granted = unsafe {
                set_rights(reservation, added, MprotectFlags::READ | MprotectFlags::WRITE)
            };
            if let Err(errno) = granted {
                // The host works mapping by mapping, and may have got part of the way.
                // SAFETY: nobody uses the added pages yet.
                let _ = unsafe { set_rights(reservation, added, MprotectFlags::empty()) };
                return Err(refused(Operation::Commit, new.as_u64(), errno));
            }
        }
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let write_execute = Protection::WRITE | Protection::EXECUTE;
        let allowed = reservation.cookie() & ALLOWS_WRITE_EXECUTE != 0;
        if protection.contains(write_execute) && !allowed {
            let rule = "pages both writable and executable were not asked for";
            let kind = AllocErrorKind::InvalidRequest(rule);
            return Err(AllocError::new(Operation::Protect, kind, range.len.as_u64()));
        }
        let flags = mprotect_flags(protection);
        // SAFETY: the caller gives a range within the committed bytes.
        unsafe { set_rights(reservation, range, flags) }
            .map_err(|errno| refused(Operation::Protect, range.len.as_u64(), errno))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller gives a range within the committed bytes.
        let first = unsafe { address_of(reservation, range.start) };
        // SAFETY: the pages are the caller's (C1) and stay mapped with their rights.
        if unsafe { drop_pages(first, range.len) }.is_ok() {
            return Ok(Discarded::Released);
        }
        // The host may have got part of the way; the result is the same for all bytes.
        // SAFETY: the range lies within the committed bytes, a valid region.
        unsafe { first.write_bytes(0, range.len.get()) };
        Ok(Discarded::ZeroedOnly)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<HostBytes, AllocError> {
        // SAFETY: the committed pages are the caller's (C1).
        if unsafe { drop_pages(reservation.base(), committed) }.is_err() {
            // SAFETY: the committed bytes are a valid region, which the caller owns alone.
            unsafe { reservation.base().write_bytes(0, committed.get()) };
        }
        let tail = HostRange { start: keep, len: committed.saturating_sub(keep) };
        if tail.len == HostBytes::ZERO {
            return Ok(committed);
        }
        // SAFETY: the tail lies within the committed bytes.
        match unsafe { set_rights(reservation, tail, MprotectFlags::empty()) } {
            Ok(()) => Ok(keep),
            // The tail is still accessible, and zero: harmless, as long as it is counted.
            Err(_) => Ok(committed),
        }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        let before = reservation.guard_before().get();
        let after = reservation.guard_after().get();
        let len = before + reservation.capacity().get() + after;
        if len == 0 {
            return;
        }
        // SAFETY: the mapping starts with the front guard.
        let start = unsafe { reservation.base().sub(before) };
        // SAFETY: this is the whole mapping of `map_inaccessible`, which nobody uses any more.
        if unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) }.is_err() {
            // At the limit of mappings a process may have, the host cannot cut this one out of its
            // neighbours. The address space is lost, but not the pages.
            // SAFETY: the committed pages are the reservation's (C1).
            let _ = unsafe { drop_pages(reservation.base(), committed) };
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
    ) -> Result<(), Corruption> {
        proc_maps::verify(reservation, committed)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        proc_maps::resident(reservation, committed, self.page())
    }
}

/// Address space is not counted as memory. Some hosts never do and have no flag for it.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
const UNACCOUNTED: MapFlags = MapFlags::NORESERVE;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
const UNACCOUNTED: MapFlags = MapFlags::empty();

/// Maps `guard + capacity + guard` bytes without access and returns the address past the first
/// guard. A zero total maps one page's worth of nothing: a dangling, aligned base.
fn map_inaccessible(
    capacity: HostBytes,
    guard: HostBytes,
    name: Option<&str>,
) -> Result<NonNull<u8>, Errno> {
    let guards = guard.checked_add(guard).ok_or(Errno::NOMEM)?;
    let total = guards.checked_add(capacity).ok_or(Errno::NOMEM)?.get();
    if total == 0 {
        return Ok(NonNull::without_provenance(HOST_ALIGNED));
    }
    let flags = MapFlags::PRIVATE.union(UNACCOUNTED);
    // A name can be given only to bytes that a reference may cover, so a named mapping starts
    // readable.
    let rights = if name.is_some() { ProtFlags::READ } else { ProtFlags::empty() };
    // SAFETY: a new mapping at an address of the host's choosing disturbs nobody.
    let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), total, rights, flags) }?;
    if let Some(name) = name {
        // SAFETY: the mapping was just made, is readable and of `total` bytes, and nobody else
        // knows of it.
        name::set(unsafe { core::slice::from_raw_parts(start.cast(), total) }, name);
        // SAFETY: as above.
        if let Err(errno) = unsafe { rustix::mm::mprotect(start, total, MprotectFlags::empty()) } {
            // SAFETY: the mapping was just made and nobody uses it.
            let _ = unsafe { rustix::mm::munmap(start, total) };
            return Err(errno);
        }
    }
    // SAFETY: the front guard is a part of the mapping.
    let base = unsafe { start.cast::<u8>().add(guard.get()) };
    NonNull::new(base).ok_or(Errno::NOMEM)
}

/// An address aligned to pages of up to 64 KiB, for a mapping of no bytes.
const HOST_ALIGNED: core::num::NonZeroUsize = match core::num::NonZeroUsize::new(1 << 16) {
    Some(address) => address,
    None => core::num::NonZeroUsize::MIN,
};

/// The address `offset` bytes into the reservation.
///
/// # Safety
///
/// `offset` is at most the reservation's capacity.
unsafe fn address_of(reservation: &Reservation, offset: HostBytes) -> NonNull<u8> {
    // SAFETY: the caller keeps `offset` within the mapping (C1).
    unsafe { reservation.base().add(offset.get()) }
}

/// Gives a range of the reservation new access rights.
///
/// # Safety
///
/// The range lies within the reservation, and nobody relies on rights it loses.
unsafe fn set_rights(
    reservation: &Reservation,
    range: HostRange,
    flags: MprotectFlags,
) -> Result<(), Errno> {
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    // SAFETY: the pages belong to the reservation (C1), whose owner asked for this.
    unsafe { rustix::mm::mprotect(first.as_ptr().cast::<c_void>(), range.len.get(), flags) }
}

/// Gives pages back to the host; they read zero when touched again.
///
/// # Safety
///
/// The pages belong to the caller's reservation, and nobody relies on their contents.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn drop_pages(first: NonNull<u8>, len: HostBytes) -> Result<(), Errno> {
    let start = first.as_ptr().cast::<c_void>();
    // SAFETY: the caller owns the pages; private anonymous pages read zero afterwards.
    unsafe { rustix::mm::madvise(start, len.get(), Advice::LinuxDontNeed) }
}

/// Only Linux promises that dropped anonymous pages read zero; elsewhere the caller overwrites
/// them.
///
/// # Safety
///
/// The pages belong to the caller's reservation, and nobody relies on their contents.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn drop_pages(_first: NonNull<u8>, _len: HostBytes) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

fn mprotect_flags(protection: Protection) -> MprotectFlags {
    let rows = [
        (Protection::READ, MprotectFlags::READ),
        (Protection::WRITE, MprotectFlags::WRITE),
        (Protection::EXECUTE, MprotectFlags::EXEC),
    ];
    let granted = rows.into_iter().filter(|(ours, _)| protection.contains(*ours));
    granted.fold(MprotectFlags::empty(), |flags, (_, theirs)| flags | theirs)
}

fn refused(operation: Operation, requested: u64, errno: Errno) -> AllocError {
    AllocError::new(operation, AllocErrorKind::Os(OsError(errno.raw_os_error())), requested)
}

fn too_large(request: &ReserveRequest<'_>) -> AllocError {
    AllocError::new(Operation::Reserve, AllocErrorKind::AddressSpace, request.initial())
}

/// The limit on the process's address space, where one is set.
#[cfg(not(target_os = "openbsd"))]
fn address_space_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

/// This host has no such limit.
#[cfg(target_os = "openbsd")]
fn address_space_limit() -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::region::Region;

    /// The host does not drop pages that are locked: `madvise` fails, and the bytes stay.
    #[test]
    fn a_reset_erases_what_the_host_will_not_drop() {
        const LEN: usize = 1 << 16;
        let request = ReserveRequest::new(8192, 1 << 20);
        let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
        region.grow_to(LEN as u64).unwrap();
        region.data_mut().fill(0xB6);
        let upper_half = region.view().base.as_ptr().wrapping_add(LEN / 2).cast::<c_void>();
        // Only the upper half is locked: the host drops the lower one before it fails.
        // SAFETY: locking committed pages changes neither rights nor bytes.
        if unsafe { rustix::mm::mlock(upper_half, LEN / 2) }.is_err() {
            std::eprintln!("skipped: this process may not lock {} bytes", LEN / 2);
            return;
        }
        assert_eq!(region.discard(0, LEN as u64), Ok(Discarded::ZeroedOnly));
        assert!(region.data().iter().all(|byte| *byte == 0), "half a discard");
        region.data_mut().fill(0xB6);
        region.reset().unwrap();
        assert!(region.data().iter().all(|byte| *byte == 0));
        region.grow_to(LEN as u64).unwrap();
        assert!(region.data().iter().all(|byte| *byte == 0), "old contents are back");
    }

    #[test]
    fn verification_finds_rights_that_others_changed() {
        let page = MmapAllocator::new().page();
        let pages = |count: u64| page.round_down(count * page.bytes() as u64);
        let request = ReserveRequest::new(pages(2).as_u64(), pages(8).as_u64());
        let region = Region::new(MmapAllocator::new(), &request).unwrap();
        let at = |start| HostRange { start: pages(start), len: pages(1) };
        let change = |range, flags| {
            // SAFETY: the range lies within the reservation, and nobody uses its bytes.
            unsafe { set_rights(region.reservation(), range, flags) }.unwrap();
        };
        let usual = MprotectFlags::READ | MprotectFlags::WRITE;
        assert_eq!(region.verify(), Ok(()));
        for (range, wrong, right, fault) in [
            (at(2), usual, MprotectFlags::empty(), Corruption::Guard),
            (at(8), MprotectFlags::READ, MprotectFlags::empty(), Corruption::Guard),
            (at(0), MprotectFlags::READ, usual, Corruption::Protection),
            (at(1), MprotectFlags::empty(), usual, Corruption::Protection),
        ] {
            change(range, wrong);
            assert_eq!(region.verify(), Err(fault), "{range:?} {wrong:?}");
            change(range, right);
            assert_eq!(region.verify(), Ok(()));
        }
    }
}
