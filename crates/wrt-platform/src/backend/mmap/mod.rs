//! Pages from the operating system's virtual memory: reserve without access, commit by changing
//! rights.
#![allow(unsafe_code, reason = "pages of the operating system")]

#[cfg_attr(
    not(all(feature = "alloc", any(target_os = "linux", target_os = "android"))),
    path = "image_none.rs"
)]
#[cfg_attr(not(feature = "alloc"), allow(dead_code, reason = "only pools call all of it"))]
pub(super) mod image;
pub(super) mod ladder;
mod name;
#[cfg_attr(not(feature = "alloc"), allow(dead_code, reason = "only pools call all of it"))]
pub(super) mod pages;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "no_maps.rs")]
pub(super) mod proc_maps;

use core::slice;

use rustix::io::Errno;
use rustix::mm::MprotectFlags;

use self::pages::{Extent, PageKind, drop_pages, set_rights};

use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation, OsError};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Reserves address space with inaccessible guards on both sides and commits it page by page.
///
/// Growth changes access rights and nothing else: the base never moves and no byte is copied.
/// Where the host refuses the address space a memory wants (`RLIMIT_AS`, a small address space),
/// the reservation steps down a ladder: full guards, small guards and less and less capacity, no
/// guards. [`Reservation::guard_level`] tells where it stands and [`Reservation::fallback`] why;
/// [`GuardPolicy`](crate::GuardPolicy) chooses a level or demands one.
///
/// An image is mapped copy-on-write from its file, on Linux with the `alloc` feature; elsewhere the
/// region copies it. A reset drops all pages; where some are locked (`mlock(2)`), those and up to
/// 2 MiB around them are overwritten.
///
/// Access to uncommitted pages raises `SIGSEGV`. Under
/// [`CommitPolicy::Exact`](crate::CommitPolicy::Exact) those are all pages past the length.
///
/// References: `mmap(2)`, `mprotect(2)`, `madvise(2)`.
#[derive(Clone, Copy, Default, Debug)]
pub struct MmapAllocator(());

impl MmapAllocator {
    /// The allocator; it has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

// SAFETY: C1 a mapping is the caller's alone, page-aligned and not null, and at most `isize::MAX`
// bytes as `HostBytes` is; C2 mprotect makes exactly the new pages readable and writable, and
// anonymous pages read zero until written; C3 what a failed mprotect has changed is taken back, or
// said not to be; C4 mappings do not depend on this value; C5 MADV_DONTNEED and memset keep the
// rights, and pages that are not committed have none; C6 the page size of a running system is
// fixed; C7 a constant; C8 files about the process are read.
unsafe impl PageAllocator for MmapAllocator {
    fn page(&self) -> HostPage {
        HostPage::new(rustix::param::page_size()).unwrap_or(HostPage::SMALLEST)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE
            | Capabilities::GUARDS
            | Capabilities::PROTECT
            | pages::GIVES_BACK
            | image::CAPABILITY
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_tags("the mmap backend has no memory tags")?;
        let page = self.page();
        let map = |extent| pages::map_inaccessible(extent, request.display_name(), PageKind::PLAIN);
        let reservation = ladder::reserve(request, page, map)?;
        match request.initial_image() {
            Some(image) => image::map(&reservation, image, page)
                .map_err(|errno| refused(Operation::Reserve, request.initial(), errno)),
            None => Ok(reservation),
        }
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let added = HostRange { start: old, len: new.saturating_sub(old) };
        if added.len > HostBytes::ZERO {
            let usual = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: the added pages lie within the reservation, as the caller keeps `new` there.
            if let Err(errno) = unsafe { set_rights(reservation, added, usual) } {
                // The host works mapping by mapping, and may have got part of the way.
                // SAFETY: nobody uses the added pages yet.
                let undone = unsafe { set_rights(reservation, added, MprotectFlags::empty()) };
                return Err(refused_commit(new, errno, undone.is_ok()));
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
        let flags = pages::mprotect_flags(protection);
        // SAFETY: the caller gives a range within the committed bytes.
        unsafe { set_rights(reservation, range, flags) }
            .map_err(|errno| refused(Operation::Protect, range.len.as_u64(), errno))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the reservation is in use.
        let image = unsafe { image::kept(reservation) };
        // SAFETY: the caller's range is committed, writable and its own.
        Ok(unsafe { pages::zero(reservation, range, image.as_deref()) })
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the committed bytes are a valid region, which the caller owns alone.
        unsafe { erase(reservation, committed) };
        // SAFETY: what lies past `keep` is not used any more.
        unsafe { close_tail(reservation, committed, keep) }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the reservation is not used again.
        unsafe { image::let_go(reservation) };
        // SAFETY: this is the whole mapping that `reserve` made, which nobody uses any more.
        if unsafe { pages::unmap(reservation.base(), Extent::of(reservation)) }.is_err() {
            // At the limit of mappings a process may have, the host cannot cut this one out of its
            // neighbours. The address space is lost, but not the pages.
            // SAFETY: the committed pages are the reservation's (C1).
            let _ = unsafe { drop_pages(reservation.base(), committed) };
        }
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        proc_maps::verify(reservation, committed, exceptions)
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        proc_maps::resident(reservation, committed, self.page())
    }
}

/// What is overwritten at once where the host does not drop pages.
const CHUNK: HostBytes = HostPage::SMALLEST.round_down(2 << 20);

/// Makes committed bytes zero, or what the image says. Pages go back to the host, but for those that
/// it will not drop, as they are locked, and some around them.
///
/// # Safety
///
/// The bytes are a [valid region](crate#valid-region), and nobody else uses them.
unsafe fn erase(reservation: &Reservation, committed: HostBytes) {
    // Dropped pages of an image show the image again.
    // SAFETY: the committed pages are the caller's (C1).
    if unsafe { drop_pages(reservation.base(), committed) }.is_ok() {
        return;
    }
    // SAFETY: the reservation is in use.
    let image = unsafe { image::kept(reservation) };
    let mut start = HostBytes::ZERO;
    while start < committed {
        let len = committed.saturating_sub(start).min(CHUNK);
        // SAFETY: the chunk lies within the committed bytes.
        let first = unsafe { pages::address_of(reservation, start) };
        // SAFETY: its pages are the caller's (C1).
        if unsafe { drop_pages(first, len) }.is_err() {
            // SAFETY: its bytes are a part of the caller's valid region.
            let bytes = unsafe { slice::from_raw_parts_mut(first.as_ptr(), len.get()) };
            match &image {
                Some(image) => image.write_over(start.as_u64(), bytes),
                None => bytes.fill(0),
            }
        }
        start = HostRange { start, len }.end();
    }
}

/// Takes the rights on what lies past `keep`, of `committed` bytes that were erased.
///
/// # Safety
///
/// As for [`PageAllocator::reset`].
unsafe fn close_tail(
    reservation: &Reservation,
    committed: HostBytes,
    keep: HostBytes,
) -> Result<ResetOutcome, AllocError> {
    // A failed commit may have left pages behind that are not committed and accessible.
    let exact = reservation.faults_exactly();
    let end = if exact { reservation.capacity() } else { committed };
    let tail = HostRange { start: keep, len: end.saturating_sub(keep) };
    if tail.len == HostBytes::ZERO {
        return Ok(ResetOutcome::in_place(committed));
    }
    // SAFETY: the tail lies within the reservation, and nobody uses it.
    let Err(errno) = (unsafe { set_rights(reservation, tail, MprotectFlags::empty()) }) else {
        return Ok(ResetOutcome::in_place(keep));
    };
    // The host works mapping by mapping, and may have got part of the way.
    let part = HostRange { start: keep, len: committed.saturating_sub(keep) };
    // SAFETY: the part is committed, and this takes no right away.
    let open = unsafe { set_rights(reservation, part, MprotectFlags::READ | MprotectFlags::WRITE) };
    // A tail that is accessible, and zero, is harmless as long as it is counted, unless code relies
    // on faults there.
    match open {
        Ok(()) if !exact => Ok(ResetOutcome::in_place(committed)),
        _ => Err(refused(Operation::Reset, committed.as_u64(), errno)),
    }
}

/// The refusal of a commit of `requested` bytes, which was `undone` or could not be.
pub(super) fn refused_commit(requested: HostBytes, errno: Errno, undone: bool) -> AllocError {
    let error = OsError(errno.raw_os_error());
    let kind = if undone { AllocErrorKind::Os(error) } else { AllocErrorKind::Unrestored(error) };
    AllocError::new(Operation::Commit, kind, requested.as_u64())
}

pub(super) fn refused(operation: Operation, requested: u64, errno: Errno) -> AllocError {
    AllocError::new(operation, AllocErrorKind::Os(OsError(errno.raw_os_error())), requested)
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

#[cfg(all(test, target_os = "linux", feature = "alloc"))]
mod tests {
    use core::ffi::c_void;
    use std::vec;

    use super::*;
    use crate::image::MemoryImage;
    use crate::region::Region;

    /// The host does not drop pages that are locked: `madvise` fails, and the bytes stay.
    #[test]
    fn a_reset_erases_what_the_host_will_not_drop() {
        const LEN: usize = 1 << 16;
        let request = ReserveRequest::new(8192, 1 << 20);
        let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
        region.grow_to(LEN as u64).unwrap();
        region.data_mut().unwrap().fill(0xB6);
        let upper_half = region.view().base.as_ptr().wrapping_add(LEN / 2).cast::<c_void>();
        // Only the upper half is locked: the host drops the lower one before it fails.
        // SAFETY: locking committed pages changes neither rights nor bytes.
        if unsafe { rustix::mm::mlock(upper_half, LEN / 2) }.is_err() {
            std::eprintln!("skipped: this process may not lock {} bytes", LEN / 2);
            return;
        }
        assert_eq!(region.discard(0, LEN as u64), Ok(Discarded::ZeroedOnly));
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "half a discard");
        region.data_mut().unwrap().fill(0xB6);
        region.reset().unwrap();
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
        region.grow_to(LEN as u64).unwrap();
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "old contents are back");
    }

    /// One locked page keeps the host from dropping any beside it. The image comes back all the same,
    /// and what is far from that page goes back to the host.
    #[test]
    fn an_image_comes_back_where_the_host_will_not_drop_it() {
        const LEN: usize = 16 << 20;
        const LOCKED: usize = 5 << 20;
        let piece = vec![0x2D; 300_000];
        let segments: [(u64, &[u8]); 3] =
            [(100, b"first"), (LOCKED as u64 - 1000, &piece), (9 << 20, b"far from it")];
        let image = MemoryImage::new(&segments).unwrap();
        let mut expected = vec![0; LEN];
        for (start, bytes) in segments {
            expected[start as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        let request = ReserveRequest::new(LEN as u64, LEN as u64).image(&image);
        let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
        drop(image);
        assert!(region.reservation().has_image());
        let page = region.view().base.as_ptr().wrapping_add(LOCKED).cast::<c_void>();
        // SAFETY: locking a committed page changes neither rights nor bytes.
        if unsafe { rustix::mm::mlock(page, 1) }.is_err() {
            std::eprintln!("skipped: this process may not lock a page");
            return;
        }
        for _ in 0..2 {
            region.data_mut().unwrap().fill(0xB6);
            region.reset().unwrap();
            let resident = region.resident();
            assert!(resident.is_none_or(|bytes| bytes <= CHUNK.as_u64()), "{resident:?}");
            assert!(region.data().unwrap() == expected, "not the image");
        }
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
