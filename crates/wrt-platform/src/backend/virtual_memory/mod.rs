//! Pages from the host's virtual memory: address space is reserved without access and committed
//! page by page. `crate::sys` has the calls on the host; `mmap.rs` and `virtual_alloc.rs` are the
//! backend's public names.
#![allow(unsafe_code, reason = "pages of the host's virtual memory")]

#[cfg_attr(not(feature = "alloc"), path = "image_none.rs")]
mod image;
#[cfg_attr(unix, path = "mmap.rs")]
#[cfg_attr(windows, path = "virtual_alloc.rs")]
mod public;
#[cfg(all(test, target_os = "linux", feature = "alloc"))]
mod tests;
#[cfg(all(test, windows))]
mod tests_windows;

use core::ptr::NonNull;
use core::slice;

pub use self::public::*;

use self::public::{NO_TAGS, VirtualMemory};
use super::ladder::{Extent, ExtentRefusal, descend_ladder};
use super::mapping::{self, address_of, refused, refused_commit};
use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, Corruption, Operation, OsError};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::sys::discard::{self, drop_pages};
use crate::sys::pages::{self, PageKind};
use crate::sys::{limits, mappings};
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

// SAFETY: C1 a reservation is the caller's alone, page-aligned and not null, and at most `isize::MAX`
// bytes as `HostBytes` is; C2 a commit makes exactly the new pages readable and writable, and pages
// read zero until written, or after they were erased; C3 what a failed call has changed is taken
// back, or said not to be; C4 reservations do not depend on this value; C5 dropping and overwriting
// keep the rights, and pages that are not committed have none; C6 the page size of a running system
// is fixed; C7 a constant; C8 the host is asked about its pages.
unsafe impl PageAllocator for VirtualMemory {
    fn page(&self) -> HostPage {
        pages::size()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE
            | Capabilities::GUARDS
            | Capabilities::PROTECT
            | discard::CAPABILITY
            | image::CAPABILITY
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_tags(NO_TAGS)?;
        let name = request.display_name();
        let reservation =
            descend(request, |extent| mapping::reserve(extent, name, PageKind::PLAIN))?;
        match request.initial_image() {
            Some(image) => image::map(&reservation, image, self.page())
                .map_err(|error| refused(Operation::Reserve, request.initial(), error)),
            None => Ok(reservation),
        }
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { commit(reservation, old, new, PageKind::PLAIN) }?;
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { protect(reservation, range, protection, PageKind::PLAIN) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the reservation is in use.
        let image = unsafe { image::kept(reservation) };
        // SAFETY: the caller's range is committed, writable and its own.
        Ok(unsafe { mapping::zero(reservation, range, image.as_deref()) })
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // Where closing erases, the closed bytes need no erasure before.
        let first = if pages::DECOMMIT_ERASES { keep } else { committed };
        let erased = HostRange { start: HostBytes::ZERO, len: first };
        // SAFETY: the committed bytes are a valid region, which the caller owns alone.
        unsafe { erase(reservation, erased) };
        // SAFETY: what lies past `keep` is not used any more.
        let closed = unsafe { close_tail(reservation, committed, keep, PageKind::PLAIN) }
            .map_err(|error| refused(Operation::Reset, committed.as_u64(), error))?;
        if closed {
            return Ok(ResetOutcome::in_place(keep));
        }
        // A tail that is still accessible is erased and counts as committed.
        let rest = HostRange { start: first, len: committed.saturating_sub(first) };
        // SAFETY: as above; the tail has its rights.
        unsafe { erase(reservation, rest) };
        Ok(ResetOutcome::in_place(committed))
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the reservation is not used again.
        unsafe { image::let_go(reservation) };
        // SAFETY: the caller keeps this very contract.
        unsafe { release(reservation, committed) };
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        mappings::verify(reservation, committed, exceptions)
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        mappings::resident(reservation, committed, self.page())
    }
}

/// Descends the ladder from the level of `request` until `reserve` succeeds.
pub(super) fn descend(
    request: &ReserveRequest<'_>,
    mut reserve: impl FnMut(Extent) -> Result<NonNull<u8>, OsError>,
) -> Result<Reservation, AllocError> {
    descend_ladder(request, pages::size(), |extent| {
        reserve(extent)
            .map_err(|error| ExtentRefusal { error, limit: limits::address_space(error) })
    })
}

/// Makes the bytes from `old` to `new` accessible.
///
/// # Errors
///
/// Those of the host; the error tells whether a partial change was undone.
///
/// # Safety
///
/// As for [`PageAllocator::commit`].
pub(super) unsafe fn commit(
    reservation: &Reservation,
    old: HostBytes,
    new: HostBytes,
    kind: PageKind,
) -> Result<(), AllocError> {
    let added = HostRange { start: old, len: new.saturating_sub(old) };
    if added.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the added pages lie within the reservation, as the caller keeps `new` there.
    if let Err(error) = unsafe { pages::commit(reservation.base(), added, kind) } {
        // The host may have succeeded in part.
        // SAFETY: nobody uses the added pages yet.
        let undone = unsafe { pages::decommit(reservation.base(), added, kind) };
        return Err(refused_commit(new, error, undone.is_ok()));
    }
    Ok(())
}

/// Sets the rights on committed pages.
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// As for [`PageAllocator::protect`].
pub(super) unsafe fn protect(
    reservation: &Reservation,
    range: HostRange,
    protection: Protection,
    kind: PageKind,
) -> Result<(), AllocError> {
    // SAFETY: the caller gives a range within the committed bytes.
    unsafe { pages::set_rights(reservation.base(), range, protection, kind) }
        .map_err(|error| refused(Operation::Protect, range.len.as_u64(), error))
}

/// Closes the bytes past `keep` of `committed` bytes. Returns whether that was done; if not, all
/// committed bytes are still accessible, and none needs to fault.
///
/// # Errors
///
/// Those of the host, when it refuses to close bytes that must fault, or closes some of them and
/// refuses to undo that.
///
/// # Safety
///
/// The committed bytes are readable and writable, and no other code uses those past `keep`.
pub(super) unsafe fn close_tail(
    reservation: &Reservation,
    committed: HostBytes,
    keep: HostBytes,
    kind: PageKind,
) -> Result<bool, OsError> {
    // A failed commit may have left uncommitted pages accessible.
    let exact = reservation.faults_exactly();
    let end = if exact { reservation.capacity() } else { committed };
    let tail = HostRange { start: keep, len: end.saturating_sub(keep) };
    if tail.len == HostBytes::ZERO {
        return Ok(true);
    }
    // SAFETY: the tail lies within the reservation, and nobody uses it.
    let Err(error) = (unsafe { pages::decommit(reservation.base(), tail, kind) }) else {
        return Ok(true);
    };
    // The host may have succeeded in part.
    let part = HostRange { start: keep, len: committed.saturating_sub(keep) };
    // SAFETY: the part was committed, and this takes no right away.
    match unsafe { pages::commit(reservation.base(), part, kind) } {
        // An accessible zero tail is harmless while it counts as committed, unless code relies on
        // faults there.
        Ok(()) if !exact => Ok(false),
        _ => Err(error),
    }
}

/// Releases everything of a reservation.
///
/// # Safety
///
/// As for [`PageAllocator::release`].
pub(super) unsafe fn release(reservation: &Reservation, committed: HostBytes) {
    let base = reservation.base();
    // SAFETY: this is the whole mapping that `reserve` made, which nobody uses any more.
    if unsafe { mapping::release(base, Extent::of(reservation)) }.is_err() {
        // The address space is leaked, but not the pages.
        // SAFETY: the committed pages are the reservation's (C1).
        let _ = unsafe { drop_pages(base, committed) };
    }
}

/// Size of the chunks to overwrite where the host does not drop pages.
const CHUNK: HostBytes = HostPage::SMALLEST.round_down(2 << 20);

/// Makes committed bytes zero, or as in the image. Pages return to the host, except locked ones,
/// which it does not drop, and some around them.
///
/// # Safety
///
/// The bytes are a [valid region](crate#valid-region), and no other code uses them.
unsafe fn erase(reservation: &Reservation, range: HostRange) {
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    // Dropped pages of an image read as the image again.
    // SAFETY: the committed pages are the caller's (C1).
    if unsafe { drop_pages(first, range.len) }.is_ok() {
        return;
    }
    // SAFETY: the reservation is in use.
    let image = unsafe { image::kept(reservation) };
    let mut start = range.start;
    while start < range.end() {
        let len = range.end().saturating_sub(start).min(CHUNK);
        // SAFETY: the chunk lies within the committed bytes.
        let first = unsafe { address_of(reservation, start) };
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
